"""The application, made of its settings: routes, guards, errors, and what lies around them."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.static_files import create_static_files_router

from web import api, pages
from web.broadcast import Broadcast
from web.errors import answer
from web.metrics import Metrics
from web.ports import Ports  # noqa: TC001 - Litestar reads what `_ports` returns
from web.rendering import HERE
from web.security.csrf import from_our_page
from web.security.door import Door
from web.security.guards import PUBLIC, may_enter
from web.security.limits import Tries
from web.wiring import opened

if TYPE_CHECKING:
    from litestar.routes import BaseRoute
    from litestar.types import ControllerRouterHandler

    from web.settings import Settings

LARGEST: Final = 256_000
"""Bytes a request may bring, but where a handler says otherwise."""

SWIFT: Final = 4
"""Of the levels of gzip: half the time of the usual 9, for a twentieth more bytes."""

FOREVER: Final = CacheControlHeader(max_age=31_536_000, public=True, immutable=True)
"""Built files carry a hash of their content in their names."""


class Site(Litestar):
    """The application behind its door.

    `state` holds `ports`, `tries`, `metrics` and, once it runs, `broadcast` and `closing`: an
    event that is set when the server is asked to end, for streams to watch.
    """

    door: Door | None = None

    def join(self, ports: Ports) -> None:
        """Serve these ports. A page that runs is joined to no others."""
        metrics = Metrics(ports.live)
        self.state.update({"ports": ports, "tries": Tries(), "metrics": metrics})
        self.door = Door(ports, metrics.traffic)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As the server calls it."""
        if scope["type"] == "http" and self.door is not None:
            await self.door(super().__call__, scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003, "reason": "there are none"})
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings) -> Site:
    """The page of a workshop, which is let go of when the page ends.

    Raises what `web.wiring.opened` raises.
    """
    with ExitStack() as stack:
        site = assembled()
        site.join(stack.enter_context(opened(settings)))
        site.on_shutdown.append(stack.pop_all().close)
        return site


def assembled() -> Site:
    """The page, which is still to be joined to ports: every route, which takes a while to make."""
    return Site(
        route_handlers=[
            Router("/", route_handlers=pages.CONTROLLERS, include_in_schema=False),
            Router("/api", route_handlers=api.CONTROLLERS),
            create_static_files_router(
                "/static",
                [HERE / "static"],
                cache_control=FOREVER,
                opt=PUBLIC,
                include_in_schema=False,
            ),
        ],
        guards=[may_enter, from_our_page],
        dependencies={"ports": Provide(_ports, sync_to_thread=False)},
        exception_handlers={Exception: answer},
        request_max_body_size=LARGEST,
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=SWIFT),
        on_startup=[_begin],
        on_shutdown=[_end],
        logging_config=None,
        openapi_config=_openapi(),
    )


def _ports(state: State) -> Ports:
    found: Ports = state.ports
    return found


async def _begin(site: Litestar) -> None:
    site.state.closing = asyncio.Event()
    site.state.broadcast = Broadcast(site.state.ports.live)


async def _end(site: Litestar) -> None:
    await site.state.broadcast.close()


class _Nowhere(Router):
    """A router that takes nothing.

    Litestar's own pages of the schema answer HTML under /api and fetch their scripts from
    elsewhere; `web.api.schema` serves the document.
    """

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
