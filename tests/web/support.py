"""Signing in, as the tests do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httpx import Client, Response

OPERATOR, VIEWER = "olga", "vito"
PASSWORD = "correct-horse-battery"


def token_in(page: str) -> str:
    """The token of a page."""
    found = re.search(r'name="csrf-token" content="([0-9a-f]{64})"', page)
    assert found, page[:500]
    return found[1]


def sign_in(client: Client, name: str, password: str = PASSWORD) -> Response:
    """Sign somebody in; every later change of the client carries the token of its pages."""
    client.headers.pop("x-csrftoken", None)
    page = client.get("/login")
    if page.status_code == 303:  # somebody sits there already
        page = client.get("/about")
    form = {"name": name, "password": password, "_csrf_token": token_in(page.text)}
    answer = client.post("/login", data=form)
    if answer.status_code == 303:
        client.headers["x-csrftoken"] = token_in(client.get("/about").text)
    return answer
