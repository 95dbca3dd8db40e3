"""People over the API."""

from __future__ import annotations

from litestar import Controller, get
from litestar.di import NamedDependency

from adapters.workshop.people import Person
from web.ports import Ports
from web.security.guards import operator


class PeopleApi(Controller):
    """Who may sign in."""

    path = "/people"
    tags = ["people"]
    guards = [operator]

    @get("/", sync_to_thread=True, summary="Everybody who may or might sign in")
    def all(self, ports: NamedDependency[Ports]) -> list[Person]:
        """By name."""
        return ports.people.all()
