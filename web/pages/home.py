"""The first page: a setup that died, and why, or the one click that leads there."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from web.pages.runs import FIRST
from web.ports import Ports
from web.rendering import page
from web.views import runs as views


@get("/", sync_to_thread=True)
def home(request: Request[Any, Any, Any], ports: NamedDependency[Ports]) -> Response[str]:
    """Where a person begins: what runs there were, and the deaths that teach most."""
    newest = ports.runs.newest(most=8)
    done = [run for run in newest if run.state.value == "done"]
    names = ports.runnable.names()
    first = FIRST if FIRST in names else "".join(names[:1])
    if first and not newest:
        ports.runnable.warm(first)
    return page(
        request,
        "home/home.html",
        lines=views.lines_of(newest),
        last=done[0] if done else None,
        first=first,
    )
