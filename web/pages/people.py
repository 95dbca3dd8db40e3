"""The people page: who may sign in, and what was done."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency

from web.ports import Ports
from web.rendering import page
from web.security.guards import operator


class PeoplePage(Controller):
    """Who may sign in."""

    path = "/people"
    guards = [operator]

    @get("/", sync_to_thread=True)
    def show(self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]) -> Response[str]:
        """Everybody, and the last deeds."""
        return page(
            request, "people/people.html", people=ports.people.all(), deeds=ports.deeds.last()
        )
