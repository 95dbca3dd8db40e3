"""Who may ask for what. A handler is open to nobody but who is signed in, unless it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

PUBLIC: Final = {"public": True}
"""`opt=PUBLIC` lets anybody in."""


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard of the whole application."""
    if connection.scope.get("user") is None and not handler.opt.get("public"):
        raise NotAuthorizedException("Sign in first.")


def operator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard of what changes something: `guards=[operator]`."""
    person = connection.scope.get("user")
    if person is None or not person.is_operator:
        raise PermissionDeniedException("A viewer may look; ask an operator to do this.")
