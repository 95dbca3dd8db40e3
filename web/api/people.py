"""People over the API: for operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from adapters.workshop.deeds import Deed
from adapters.workshop.errors import NotFound
from adapters.workshop.people import Person, Role
from adapters.workshop.sittings import Key
from web.pages.account import change_own
from web.ports import Ports
from web.security.guards import VIEWERS, operator


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody new."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    password: Annotated[str, Meta(min_length=10, max_length=200)]
    role: Role = Role.VIEWER


@dataclass(frozen=True, slots=True)
class Changes:
    """What shall be different about a person; what is left out stays."""

    role: Role | None = None
    password: Annotated[str, Meta(min_length=10, max_length=200)] | None = None
    may_sign_in: bool | None = None


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """One's own new password."""

    old: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(min_length=10, max_length=200)]


@dataclass(frozen=True, slots=True)
class Label:
    """What a token is for."""

    label: Annotated[str, Meta(min_length=1, max_length=60)]


@dataclass(frozen=True, slots=True)
class Token:
    """A new token; it is not told again."""

    token: str


class PeopleApi(Controller):
    """Who may sign in."""

    path = "/people"
    tags = ["people"]
    guards = [operator]

    @get("/", sync_to_thread=True, summary="Everybody, by name")
    def all(self, ports: NamedDependency[Ports]) -> list[Person]:
        """Everybody who may sign in, or could once."""
        return ports.people.all()

    @post("/", sync_to_thread=True, summary="Add somebody")
    def add(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: JSONBody[Newcomer],
    ) -> Person:
        """Somebody new: 409 where the name is taken, 422 where it cannot be one."""
        return ports.people.add(_who(request).name, data.name, data.role, data.password)

    @patch("/{name:str}", sync_to_thread=True, summary="Change somebody")
    def change(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: JSONBody[Changes],
    ) -> Person:
        """Another role, another password, or whether this person may sign in.

        409 where nobody would be left who could change anything.
        """
        by = _who(request).name
        if data.may_sign_in is not None:
            (ports.people.enable if data.may_sign_in else ports.people.disable)(by, name)
        if data.role is not None:
            ports.people.set_role(by, name, data.role)
        if data.password is not None:
            ports.people.set_password(by, name, data.password)
        found = [person for person in ports.people.all() if person.name == name]
        if not found:
            raise NotFound(f"there is nobody called {name[:40]}")
        return found[0]


class DeedsApi(Controller):
    """What people did."""

    path = "/deeds"
    tags = ["people"]
    guards = [operator]

    @get("/", sync_to_thread=True, summary="What people did, newest first")
    def last(
        self,
        ports: NamedDependency[Ports],
        most: FromQuery[Annotated[int, Meta(ge=1, le=1000)]] = 100,
        before: FromQuery[Annotated[int, Meta(ge=1, le=2**53)] | None] = None,
    ) -> list[Deed]:
        """The newest, or those before the one with this id."""
        return ports.deeds.last(most, before)


class OwnApi(Controller):
    """Oneself."""

    path = "/me"
    tags = ["me"]
    opt = VIEWERS

    @get("/", sync_to_thread=False, summary="Who one is")
    def me(self, request: Request[Any, Any, Any]) -> Person:
        """The person that the cookie or the token stands for."""
        return _who(request)

    @post("/password", sync_to_thread=True, status_code=204, summary="Change one's own password")
    def set_password(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: JSONBody[OwnPassword],
    ) -> None:
        """Every browser of this person is signed out; tokens stay."""
        change_own(request, ports, data.old, data.password)

    @get("/tokens", sync_to_thread=True, summary="One's tokens, newest first")
    def tokens(self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]) -> list[Key]:
        """Without the tokens themselves: nobody has them but who was told."""
        return ports.sittings.tokens(_who(request))

    @post("/tokens", sync_to_thread=True, summary="Make a token")
    def make_token(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: JSONBody[Label],
    ) -> Token:
        """To be sent as `Authorization: Bearer TOKEN`; told this once."""
        return Token(ports.sittings.make_token(_who(request), data.label))

    @delete("/tokens/{number:int}", sync_to_thread=True, summary="End a token")
    def end_token(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], number: FromPath[int]
    ) -> None:
        """It opens nothing any more."""
        ports.sittings.end_token(_who(request), number)


def _who(request: Request[Any, Any, Any]) -> Person:
    person: Person = request.scope["user"]
    return person
