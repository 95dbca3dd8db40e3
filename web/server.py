"""Serving the page: uvicorn, ended by a signal in well under a second, streams or not."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from web.settings import Settings

PATIENCE: Final = 1
"""Seconds that open requests have to end after the signal."""


class Server(uvicorn.Server):
    """A server that tells its streams when it is asked to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT: streams watch `app.state.closing` and end."""
        closing: asyncio.Event | None = getattr(self.application.state, "closing", None)
        if closing is not None:
            self.loop.call_soon_threadsafe(closing.set)
        super().handle_exit(sig, frame)

    def __init__(self, application: Any, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.application = application

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Until a signal."""
        self.loop = asyncio.get_running_loop()
        await super().serve(sockets)


def serve(settings: Settings, listening: Callable[[str], None]) -> None:
    """Serve until a signal; `listening` is told the address once it answers there.

    Raises `OSError` where the port is taken or the host is not of this machine.
    """
    application = create_app(settings)
    bound = _bound(settings.host, settings.port)
    host, port = bound.getsockname()[:2]
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=PATIENCE,
        timeout_keep_alive=30,
        limit_concurrency=1000,
    )
    listening(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    Server(application, config).run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(1024)
    except OSError:
        made.close()
        raise
    return made
