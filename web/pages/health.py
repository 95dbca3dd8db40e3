"""Health, for people and for machines."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get

from web.rendering import page
from web.security.guards import PUBLIC


class HealthPage(Controller):
    """How everything is."""

    path = "/health"

    @get("/", sync_to_thread=True)
    def show(self, request: Request[Any, Any, Any]) -> Response[str]:
        """The page for people."""
        return page(request, "health/health.html")

    @get("/live", opt=PUBLIC, sync_to_thread=False)
    def live(self) -> dict[str, str]:
        """This process answers."""
        return {"status": "ok"}
