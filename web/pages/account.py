"""One's own account: the password, and tokens for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody

from adapters.workshop.errors import BadInput
from web.pages.login import peer_of, seated
from web.ports import Ports
from web.rendering import page
from web.security.guards import VIEWERS
from web.security.limits import TooMany, Tries

if TYPE_CHECKING:
    from adapters.workshop.people import Person

DONE: Final = {
    "password": "Your password was changed; other browsers are signed out.",
    "token": "The token opens nothing any more.",
}
"""What is said after a change, by the word in the address."""


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """The form of one's own new password."""

    old: str
    password: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """The form of a token."""

    label: str


class AccountPage(Controller):
    """What a person may change about themselves."""

    path = "/account"
    opt = VIEWERS

    @get("/", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        done: FromQuery[str] = "",
    ) -> Response[str]:
        """The forms, and one's tokens."""
        return _shown(request, ports, said=DONE.get(done, ""))

    @post("/password", sync_to_thread=True)
    def set_password(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: URLEncodedBody[OwnPassword],
    ) -> Response[str]:
        """Another password: every other browser is signed out, this one goes on."""
        person: Person = request.scope["user"]
        change_own(request, ports, data.old, data.password)
        return seated(_again("password"), request, ports, person)

    @post("/tokens", sync_to_thread=True)
    def make_token(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: URLEncodedBody[NewToken],
    ) -> Response[str]:
        """A token, shown this once."""
        token = ports.sittings.make_token(request.scope["user"], data.label)
        return _shown(request, ports, token=token)

    @post("/tokens/{number:int}/end", sync_to_thread=True)
    def end_token(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], number: FromPath[int]
    ) -> Response[str]:
        """A token that opens nothing any more."""
        ports.sittings.end_token(request.scope["user"], number)
        return _again("token")


def change_own(request: Request[Any, Any, Any], ports: Ports, old: str, new: str) -> None:
    """Set one's own password, for who knows the old one. Raises `BadInput`, `TooMany`."""
    person: Person = request.scope["user"]
    tries: Tries = request.app.state.tries
    peer = peer_of(request)
    wait = tries.take(peer)
    if wait:
        raise TooMany(wait)
    if ports.people.checked(person.name, old) is None:
        raise BadInput("that is not your password", field="old")
    tries.right(peer)
    ports.people.set_password(person.name, person.name, new)


def _again(done: str) -> Response[str]:
    """The page anew, so that loading it again asks for nothing twice."""
    return Response("", status_code=303, headers={"location": f"/account?done={done}"})


def _shown(
    request: Request[Any, Any, Any], ports: Ports, *, said: str = "", token: str = ""
) -> Response[str]:
    keys = ports.sittings.tokens(request.scope["user"])
    return page(request, "people/account.html", keys=keys, said=said, token=token)
