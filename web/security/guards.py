"""Who may ask for what.

A handler is open to nobody but who is signed in, and one that changes something to operators
alone, unless its `opt` says otherwise: what is forgotten is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

PUBLIC: Final = {"public": True}
"""`opt=PUBLIC` lets anybody in."""

VIEWERS: Final = {"viewers": True}
"""`opt=VIEWERS` lets viewers send something that changes nothing but what is their own."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def may_enter(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard of the whole application."""
    if handler.opt.get("public"):
        return
    if connection.scope.get("user") is None:
        raise NotAuthorizedException("Sign in first.")
    if connection.scope.get("method") not in SAFE and not handler.opt.get("viewers"):
        operator(connection, handler)


def operator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard of what viewers may not even look at: `guards=[operator]`."""
    person = connection.scope.get("user")
    if person is None or not person.is_operator:
        raise PermissionDeniedException("A viewer may look; ask an operator to do this.")
