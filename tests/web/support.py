"""Signing in, as the tests do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx import Response
    from litestar.testing import TestClient

OPERATOR, VIEWER = "olga", "vito"
PASSWORD = "correct-horse-battery"


def token_in(page: str) -> str:
    """The token of a page."""
    found = re.search(r'name="csrf-token" content="([0-9a-f]{64})"', page)
    assert found, page[:500]
    return found[1]


def sign_in(client: TestClient[Any], name: str, password: str = PASSWORD) -> Response:
    """Sign somebody in; every later change of the client carries the token of its pages."""
    token = token_in(client.get("/login").text)
    form = {"name": name, "password": password, "_csrf_token": token}
    answer = client.post("/login", data=form)
    if answer.status_code == 303:
        client.headers["x-csrftoken"] = token_in(client.get("/about").text)
    return answer
