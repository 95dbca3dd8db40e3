"""A request that changes something must come from a page of ours.

The token of a page is a keyed digest of the browser's cookie: nothing to keep, nothing that
another site could set or read. Before somebody is signed in, a cookie of its own stands in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import PermissionDeniedException

from web.security.door import cookie_in
from web.security.guards import SAFE

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from web.ports import Ports

FIELD: Final = "_csrf_token"
HEADER: Final = "x-csrftoken"
_FORMS: Final = frozenset({RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART})


def before(ports: Ports) -> str:
    """The name of the cookie of a browser where nobody is signed in."""
    return f"{ports.settings.cookie}_before"


def token_of(ports: Ports, cookie: str) -> str:
    """The token that goes with a cookie."""
    return hmac.new(ports.secret, b"csrf " + cookie.encode(), hashlib.sha256).hexdigest()


def cookies_of(connection: ASGIConnection[Any, Any, Any, Any], ports: Ports) -> tuple[str, str]:
    """The cookie of who is signed in, and that of who is not yet."""
    header = connection.headers.get("cookie", "")
    return cookie_in(header, ports.settings.cookie), cookie_in(header, before(ports))


def token_for(connection: ASGIConnection[Any, Any, Any, Any], ports: Ports) -> str:
    """The token to write into a page; empty where there is no cookie to go with."""
    sat, waiting = cookies_of(connection, ports)
    cookie = sat if connection.scope.get("user") else waiting
    return token_of(ports, cookie) if cookie else ""


def fresh() -> str:
    """A cookie for a browser where nobody is signed in."""
    return secrets.token_urlsafe(24)


async def from_our_page(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """A guard: a change needs the token of its page, in a header or a field of the form.

    Programs that sign with a token of theirs need none: no browser sends that by itself.
    """
    if connection.scope.get("method", "GET") in SAFE or connection.scope.get("auth") == "token":
        return
    ports: Ports = connection.app.state.ports
    assert isinstance(connection, Request)
    expected = token_for(connection, ports)
    given = connection.headers.get(HEADER, "")
    if not given and connection.content_type[0] in _FORMS:
        given = str((await connection.form()).get(FIELD, ""))
    site = connection.headers.get("sec-fetch-site", "same-origin")
    comes_from_us = site in {"same-origin", "none"}
    if not (expected and comes_from_us and hmac.compare_digest(expected.encode(), given.encode())):
        raise PermissionDeniedException("This did not come from a page of ours: load it again.")
