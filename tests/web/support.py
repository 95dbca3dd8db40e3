"""Signing in, as the tests do it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httpx import Client, Response
    from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "support" / "axe.min.js"

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


def settled(page: Page) -> None:
    """Wait until the page's scripts have run and nothing is on its way."""
    page.locator("html[data-ready]").wait_for(state="attached")
    page.locator(".htmx-request").first.wait_for(state="detached")


def complaints(page: Page) -> list[str]:
    """What axe finds wrong with a page for people who see, hear or move differently.

    The page must have been opened with `bypass_csp=True` and `reduced_motion="reduce"`: what is on
    its way in or out has colours of its own.
    """
    settled(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['impact']} {rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
