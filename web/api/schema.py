"""The description of the API itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from litestar import Request, Response, get

from web.security.guards import PUBLIC

if TYPE_CHECKING:
    from litestar import Litestar

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What went wrong."},
        "instance": {"type": "string", "description": "The path that was asked."},
        "remedy": {"type": "string", "description": "What to do about it."},
        "fields": {
            "type": "array",
            "description": "What was at fault in the input.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "reference": {"type": "string", "description": "Where it is found in the log."},
    },
}
_REFUSED: Final[dict[str, Any]] = {
    "description": "Refused, and why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_WAYS_IN: Final[dict[str, Any]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "Made at /account."},
}


@get("/openapi.json", opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def schema(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The OpenAPI document; it tells nobody anything that the sources do not."""
    return Response(described(request.app))


@cache
def described(application: Litestar) -> dict[str, Any]:
    """The document, with what every operation has: how it refuses, and who may ask."""
    document = application.openapi_schema.to_schema()
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts["securitySchemes"] = _WAYS_IN
    document["security"] = [{"token": []}]
    for path in document["paths"].values():
        for operation in path.values():
            answers = {code: told for code, told in operation["responses"].items() if code < "4"}
            operation["responses"] = {**answers, "default": _REFUSED}
    return document
