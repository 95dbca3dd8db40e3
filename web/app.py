"""The application, made of its settings: routes, guards, errors, and what lies around them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.static_files import create_static_files_router

from web import api, pages
from web.errors import answer
from web.rendering import HERE
from web.security.csrf import from_our_page
from web.security.door import Door
from web.security.guards import PUBLIC, signed_in
from web.security.limits import Tries
from web.wiring import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from litestar.routes import BaseRoute
    from litestar.types import ControllerRouterHandler

    from web.ports import Ports
    from web.settings import Settings

LARGEST: Final = 256_000
"""Bytes a request may bring, but where a handler says otherwise."""


class Site(Litestar):
    """The application behind its door."""

    door: Door | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As the server calls it."""
        if scope["type"] == "lifespan" or self.door is None:
            await super().__call__(scope, receive, send)
        elif scope["type"] == "http":
            await self.door(super().__call__, scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003, "reason": "there are none"})


def create_app(settings: Settings) -> Site:
    """The page of a workshop. Raises what `web.wiring.opened` raises."""
    kept = opened(settings)
    return assembled(kept.__enter__(), kept)


def assembled(ports: Ports, kept: Any = None) -> Site:
    """The page over these ports. `kept` is left when the page ends."""

    @asynccontextmanager
    async def life(application: Litestar) -> AsyncIterator[None]:
        application.state.closing = asyncio.Event()
        try:
            yield
        finally:
            if kept is not None:
                kept.__exit__(None, None, None)

    site = Site(
        route_handlers=[
            Router("/", route_handlers=pages.CONTROLLERS, include_in_schema=False),
            Router("/api", route_handlers=api.CONTROLLERS),
            create_static_files_router(
                "/static",
                [HERE / "static"],
                cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
                opt=PUBLIC,
                include_in_schema=False,
            ),
        ],
        guards=[signed_in, from_our_page],
        dependencies={"ports": Provide(lambda: ports, sync_to_thread=False)},
        exception_handlers={Exception: answer},
        request_max_body_size=LARGEST,
        compression_config=CompressionConfig(backend="gzip", exclude=["^/live/", "^/api/live/"]),
        state=State({"ports": ports, "tries": Tries()}),
        lifespan=[life],
        logging_config=None,
        openapi_config=_openapi(),
    )
    site.door = Door(ports)
    return site


class _Nowhere(Router):
    """A router that takes nothing: Litestar's own pages of the schema speak HTML under /api, and
    fetch their scripts from elsewhere. `web.api.schema` serves the document."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:  # noqa: ARG002 - theirs
        """Take nothing."""
        return []


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="engine",
        version="1",
        description="Everything the page does. Errors are application/problem+json.",
        openapi_router=_Nowhere("/api", route_handlers=[]),
        use_handler_docstrings=True,
    )
