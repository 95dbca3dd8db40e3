"""What went wrong, as a page, as a fragment, or as problem+json (RFC 9457) under /api."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from litestar import Response
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    ValidationException,
)

from adapters.database.errors import DatabaseError
from adapters.workshop.errors import (
    BadInput,
    Conflict,
    NoRoom,
    NotAllowed,
    NotFound,
    TooBusy,
    WorkshopError,
)
from web.rendering import is_fragment, page
from web.security.local import login_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar import Request

LOG: Final = logging.getLogger("engine.web")

STATUS: Final[tuple[tuple[type[Exception], int], ...]] = (
    (NotFound, 404),
    (BadInput, 422),
    (Conflict, 409),
    (NotAllowed, 403),
    (NoRoom, 507),
    (TooBusy, 503),
    (WorkshopError, 400),
    (DatabaseError, 503),
)
"""What the workshop refuses, as HTTP says it."""

_DETAILS: Final[Mapping[int, str]] = {
    404: "There is nothing at this address.",
    405: "That cannot be done at this address.",
    413: "This is larger than what is taken here (256 kB).",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong, in words; `fields` names what was at fault in the input."""

    status: int
    detail: str
    remedy: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    reference: str = ""

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def document(self, path: str) -> dict[str, Any]:
        """As problem+json."""
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
        }
        if self.remedy:
            told["remedy"] = self.remedy
        if self.fields:
            told["fields"] = [{"field": name, "message": text} for name, text in self.fields]
        if self.reference:
            told["reference"] = self.reference
        return told


def problem_of(error: Exception, reference: str) -> Problem:
    """An error in words. What nobody foresaw says its reference, and is told in the log."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            field, remedy = getattr(error, "field", ""), getattr(error, "remedy", "")
            fields = [(field, str(error))] if field else []
            return Problem(status, _sentence(str(error)), remedy, tuple(fields))
    if isinstance(error, ValidationException):
        fields = _fields(error.extra)
        return Problem(400, "The request is not as it must be.", fields=tuple(fields))
    if isinstance(error, HTTPException) and error.status_code < 500:
        detail = _DETAILS.get(error.status_code) or _sentence(error.detail)
        return Problem(error.status_code, detail)
    if isinstance(error, RecursionError) and "deserializing" in str(error):
        return Problem(400, "The request is nested too deeply.")
    LOG.error("unforeseen %s: %s", reference, error, exc_info=error)
    return Problem(
        500,
        "This is a mistake of the page, not yours. Nothing was changed.",
        f"it is in the log under {reference}",
        reference=reference,
    )


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The one handler of exceptions."""
    if isinstance(error, NotAuthorizedException) and not _is_api(request):
        return _to_login(request)
    problem = problem_of(error, str(request.scope.get("state", {}).get("reference", "")))
    more = dict(getattr(error, "headers", None) or {})
    if _is_api(request):
        return Response(
            problem.document(request.url.path),
            media_type="application/problem+json",
            status_code=problem.status,
            headers=more,
        )
    if is_fragment(request):
        place = {"hx-retarget": "#notices", "hx-reswap": "innerHTML"}
        return page(
            request,
            "partials/problem.html",
            status=problem.status,
            headers={**more, **place},
            problem=problem,
        )
    return page(
        request, "errors/problem.html", status=problem.status, headers=more, problem=problem
    )


def _is_api(request: Request[Any, Any, Any]) -> bool:
    return request.url.path.startswith("/api/")


def _to_login(request: Request[Any, Any, Any]) -> Response[Any]:
    """To the login page and back; a fragment sends its whole page there."""
    if is_fragment(request):
        shown = request.headers.get("hx-current-url", "/")
        path = "/" + shown.split("//", 1)[-1].partition("/")[2]
        return Response(None, status_code=200, headers={"hx-redirect": login_for(path)})
    path = request.url.path if request.method == "GET" else "/"
    query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
    return Response(None, status_code=303, headers={"location": login_for(path + query)})


def _fields(extra: Any) -> list[tuple[str, str]]:
    """What is at fault, by field."""
    if not isinstance(extra, list):
        return []
    return [
        (str(one.get("key", "")), str(one.get("message", ""))[:300])
        for one in extra
        if isinstance(one, dict)
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
