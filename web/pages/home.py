"""The first page: to the strategies."""

from __future__ import annotations

from litestar import get
from litestar.response import Redirect


@get("/", sync_to_thread=False)
def home() -> Redirect:
    """Where a person begins."""
    return Redirect("/strategies", status_code=303)
