"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, URLEncodedBody

from web.ports import Ports
from web.rendering import kept, page
from web.security import csrf
from web.security.guards import PUBLIC
from web.security.local import local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.workshop.people import Person
    from web.security.limits import Tries


@dataclass(frozen=True, slots=True)
class Login:
    """The form."""

    name: str = ""
    password: str = ""
    next: str = "/"


class LoginPage(Controller):
    """The login page."""

    opt = PUBLIC

    @get("/login", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        next: FromQuery[str] = "/",  # noqa: A002 - the address
    ) -> Response[str]:
        """The form; who is signed in already goes on."""
        if request.scope.get("user"):
            return _on(local(next))
        return _form(request, Login(next=next))

    @post("/login", sync_to_thread=True)
    def sign_in(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: URLEncodedBody[Login],
    ) -> Response[str]:
        """A new sitting under a new cookie, or the form again."""
        tries: Tries = request.app.state.tries
        peer = peer_of(request)
        wait = tries.take(peer)
        if wait:
            wrong = f"Too many tries. Wait {wait} seconds."
            return _form(request, data, wrong, 429, {"retry-after": str(wait)})
        person = ports.people.checked(data.name, data.password)
        if person is None:
            return _form(request, data, "That name and password do not go together.", 401)
        tries.right(peer)
        return seated(_on(local(data.next)), request, ports, person)

    @post("/logout", sync_to_thread=True)
    def sign_out(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]
    ) -> Response[str]:
        """End the sitting, here and at the server."""
        sat, _ = csrf.cookies_of(request, ports)
        ports.sittings.end(sat)
        answer = _on("/login")
        answer.cookies = [kept(ports, ports.settings.cookie, "", 0)]
        return answer


def seated(
    answer: Response[str], request: Request[Any, Any, Any], ports: Ports, person: Person
) -> Response[str]:
    """An answer that begins a new sitting, under a new cookie; the old one is ended."""
    sat, _ = csrf.cookies_of(request, ports)
    secret = ports.sittings.begin(person, peer_of(request), instead_of=sat)
    seconds = int(3600 * ports.settings.session_hours)
    answer.cookies = [
        kept(ports, ports.settings.cookie, secret, seconds),
        kept(ports, csrf.before(ports), "", 0),
    ]
    return answer


def peer_of(request: Request[Any, Any, Any]) -> str:
    """The address a request came from."""
    return request.client.host if request.client else "unknown"


def _form(
    request: Request[Any, Any, Any],
    given: Login,
    wrong: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """The form, with what was given but the password."""
    return page(
        request,
        "login/login.html",
        status=status,
        headers=headers,
        next=local(given.next),
        name=given.name[:40],
        wrong=wrong,
    )


def _on(path: str) -> Response[str]:
    return Response("", status_code=303, headers={"location": path})
