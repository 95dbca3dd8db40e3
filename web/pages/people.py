"""The people page: who may sign in, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody

from adapters.workshop.people import Role
from web.ports import Ports
from web.rendering import is_fragment, page
from web.security.guards import operator

DEEDS = 50
"""Shown at once."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """The form of somebody new."""

    name: str
    password: str
    role: Role = Role.VIEWER


@dataclass(frozen=True, slots=True)
class NewPassword:
    """The form of another password."""

    password: str


class PeoplePage(Controller):
    """Who may sign in. Operators only."""

    path = "/people"
    guards = [operator]

    @get("/", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        before: FromQuery[int | None] = None,
    ) -> Response[str]:
        """Everybody, and the last deeds."""
        deeds = ports.deeds.last(DEEDS, before)
        older = deeds[-1].id if len(deeds) == DEEDS else None
        people = ports.people.all()
        words = "people/people.html"
        return page(request, words, said="", people=people, deeds=deeds, older=older)

    @post("/", sync_to_thread=True)
    def add(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: URLEncodedBody[NewPerson],
    ) -> Response[str]:
        """Somebody new."""
        name = data.name.strip()
        ports.people.add(_who(request), name, data.role, data.password)
        return _shown(request, ports, f"{name} may sign in, as {data.role}.")

    @post("/{name:str}/password", sync_to_thread=True)
    def set_password(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[NewPassword],
    ) -> Response[str]:
        """Another password; this person must sign in again."""
        ports.people.set_password(_who(request), name, data.password)
        return _shown(request, ports, f"{name} has a new password and is signed out.")

    @post("/{name:str}/role/{role:str}", sync_to_thread=True)
    def set_role(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        role: FromPath[Role],
    ) -> Response[str]:
        """What this person may do."""
        ports.people.set_role(_who(request), name, role)
        return _shown(request, ports, f"{name} is {role} now.")

    @post("/{name:str}/disable", sync_to_thread=True)
    def disable(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], name: FromPath[str]
    ) -> Response[str]:
        """Nobody signs in as this person any more."""
        ports.people.disable(_who(request), name)
        return _shown(request, ports, f"{name} may not sign in any more and is signed out.")

    @post("/{name:str}/enable", sync_to_thread=True)
    def enable(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], name: FromPath[str]
    ) -> Response[str]:
        """This person may sign in again."""
        ports.people.enable(_who(request), name)
        return _shown(request, ports, f"{name} may sign in again.")


def _who(request: Request[Any, Any, Any]) -> str:
    return str(request.scope["user"].name)


def _shown(request: Request[Any, Any, Any], ports: Ports, said: str) -> Response[str]:
    """The list again, with what was done; without htmx the whole page."""
    if not is_fragment(request):
        return Response("", status_code=303, headers={"location": "/people"})
    return page(request, "people/list.html", people=ports.people.all(), said=said)
