"""The first and the last to see a request: host, headers, who it is, the access log.

It lies around the whole application, so that an error page is guarded as any other.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final

from web.security.headers import HEADERS, SECURE
from web.security.hosts import is_ours, own_hosts
from web.security.peers import peer_behind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.workshop.people import Person
    from web.metrics import Traffic
    from web.ports import Ports

LOG: Final = logging.getLogger("engine.web.access")


class Door:
    """Stands before the application of these ports."""

    def __init__(self, ports: Ports, traffic: Traffic) -> None:
        self._ports = ports
        self._traffic = traffic
        self._hosts = own_hosts(ports.settings)
        self._proxies = ports.settings.proxies
        self._headers = (*HEADERS, SECURE) if ports.settings.secure_cookie else HEADERS

    async def __call__(
        self, application: Callable[..., Awaitable[None]], scope: Any, receive: Any, send: Any
    ) -> None:
        """Let a request pass, with its person in `scope["user"]`, or turn it away.

        `scope["state"]["reference"]` names the request in the log and in answers;
        `scope["client"]` is whoever is behind the proxies that are trusted.
        """
        if self._proxies and scope.get("client"):
            connected, port = scope["client"]
            scope["client"] = (peer_behind(connected, scope["headers"], self._proxies), port)
        began, status = time.perf_counter(), 0
        reference = scope.setdefault("state", {})["reference"] = secrets.token_hex(4)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        own = (*self._headers, (b"x-request-id", reference.encode()))

        async def dressed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name.lower() for name, _ in message["headers"]}
                more = [pair for pair in own if pair[0] not in there]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        try:
            if is_ours(headers.get(b"host", ""), self._hosts):
                scope["user"], scope["auth"] = await self._who(headers)
                await application(scope, receive, dressed)
            else:
                await _turn_away(dressed)
        finally:
            spent, person = time.perf_counter() - began, scope.get("user")
            told = (scope["method"], _plain(scope["path"]), status, 1000 * spent, reference)
            LOG.info("%s %s %d %.0fms %s %s", *told, person.name if person else "-")
            self._traffic.passed(scope.get("path_template") or "none", status, spent)

    async def _who(self, headers: dict[bytes, str]) -> tuple[Person | None, str]:
        """Who asks, and by what: `token`, `cookie`, or nothing."""
        kind, _, given = headers.get(b"authorization", "").partition(" ")
        sittings = self._ports.sittings
        if kind.lower() == "bearer":
            return await _asked(sittings.known, sittings.of_token, given.strip()), "token"
        sat = cookie_in(headers.get(b"cookie", ""), self._ports.settings.cookie)
        if not sat:
            return None, ""
        return await _asked(sittings.known, sittings.of_cookie, sat), "cookie"


async def _asked(
    known: Callable[[str], Person | None], ask: Callable[[str], Person | None], secret: str
) -> Person | None:
    """Who has the secret: known at once, or asked of the disk beside the loop."""
    return known(secret) or await asyncio.to_thread(ask, secret)


def cookie_in(header: str, name: str) -> str:
    """The value of a cookie, empty where there is none."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _plain(path: str) -> str:
    """A path as one printable word of the log; what follows `?` is not part of it."""
    return "".join(letter if letter.isprintable() else "?" for letter in path[:200])


async def _turn_away(send: Callable[[Any], Awaitable[None]]) -> None:
    body = b"This page does not answer to that host name: start it with --allow-host NAME."
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
