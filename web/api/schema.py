"""The description of the API itself."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from web.security.guards import PUBLIC


@get("/openapi.json", opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def schema(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The OpenAPI document; it tells nobody anything that the sources do not."""
    return Response(request.app.openapi_schema.to_schema())
