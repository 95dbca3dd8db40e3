"""What this is made of, and under which licences."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get

from web.rendering import ASSETS, page


class AboutPage(Controller):
    """Versions and licences."""

    path = "/about"

    @get("/", sync_to_thread=True)
    def show(self, request: Request[Any, Any, Any]) -> Response[str]:
        """The licence texts of everything the page brings along."""
        licences = (ASSETS / "THIRD_PARTY_LICENSES.txt").read_text(encoding="utf-8")
        return page(request, "about/about.html", licences=licences)
