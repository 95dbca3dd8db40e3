"""The first and the last to see a request: host, headers, who it is, the access log.

It lies around the whole application, so that an error page is guarded as any other.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from adapters.workshop.people import Person
    from web.ports import Ports
    from web.settings import Settings

    type_scope = MutableMapping[str, Any]

Scope = Any
Receive = Any
Send = Any

LOG: Final = logging.getLogger("engine.web.access")

POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
"""What a page of ours may load: only what this server sends, and nothing written inline."""

HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
)
SECURE: Final = (b"strict-transport-security", b"max-age=31536000")


def own_hosts(settings: Settings) -> frozenset[str]:
    """The names this page answers to; addresses need not be named (see `is_ours`)."""
    return frozenset(
        name.lower() for name in ("localhost", socket.gethostname(), *settings.allowed_hosts)
    )


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names us.

    An address is always taken: another site can bend a name of its own to our address (DNS
    rebinding), but not an address.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower().rstrip(".") in names:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class Door:
    """The application as the server calls it."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._hosts = own_hosts(ports.settings)
        self._headers = (*HEADERS, SECURE) if ports.settings.secure_cookie else HEADERS

    async def __call__(
        self,
        application: Callable[[Scope, Receive, Send], Awaitable[None]],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Let a request pass, with `scope["user"]`, or turn it away."""
        reference, began, status = secrets.token_hex(4), time.perf_counter(), 0
        state = scope.setdefault("state", {})
        state["reference"] = reference
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}

        async def dressed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name.lower() for name, _ in message["headers"]}
                own = (*self._headers, (b"x-request-id", reference.encode()))
                more = [pair for pair in own if pair[0] not in there]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        try:
            if not is_ours(headers.get(b"host", ""), self._hosts):
                await _turn_away(dressed)
                return
            scope["user"], scope["auth"] = await self._who(headers)
            await application(scope, receive, dressed)
        finally:
            spent = 1000 * (time.perf_counter() - began)
            person = scope.get("user")
            LOG.info(
                "%s %s %d %.0f ms %s %s",
                scope["method"],
                _plain(scope["path"]),
                status,
                spent,
                person.name if person else "-",
                reference,
            )

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
    """A path as one printable word of the log."""
    return "".join(letter if letter.isprintable() else "?" for letter in path[:200])


async def _turn_away(send: Callable[[Any], Awaitable[None]]) -> None:
    body = b"This page does not answer to that host name. Start it with --allow-host NAME."
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
