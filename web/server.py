"""Serving the page: uvicorn, ended by a signal in well under a second, streams or not."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING, Final

import uvicorn

from web.app import create_app
from web.logs import to_standard_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from web.app import Site
    from web.settings import Settings

PATIENCE: Final = 1
"""Seconds that open requests have to end after the signal."""

CROWD: Final = 1_000
"""Connections at once; those beyond are answered 503."""


class Server(uvicorn.Server):
    """A server that tells the application's streams when it is asked to end."""

    def __init__(self, site: Site) -> None:
        super().__init__(
            uvicorn.Config(
                site,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=PATIENCE,
                timeout_keep_alive=30,
                limit_concurrency=CROWD,
                h11_max_incomplete_event_size=64_000,
            )
        )
        self._site = site
        self._loop: asyncio.AbstractEventLoop | None = None
        self.was_interrupted = False

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """On SIGTERM and SIGINT what watches `site.state.closing` ends.

        The second signal waits for nothing. uvicorn would raise the signal once more in the end,
        and the process would be gone before it has ended the processes that it started.
        """
        closing: asyncio.Event | None = self._site.state.get("closing")
        if closing is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(closing.set)
        self.force_exit = self.should_exit
        self.should_exit = True
        self.was_interrupted = sig == signal.SIGINT


def serve(settings: Settings, listening: Callable[[str], None]) -> None:
    """Serve until SIGTERM; `listening` is told the address once it is bound.

    Raises `KeyboardInterrupt` after SIGINT, `OSError` where the port is taken or the host is not of
    this machine, and what `create_app` raises.
    """
    bound = bind(settings.host, settings.port)
    site = create_app(settings)
    host, port = bound.getsockname()[:2]
    to_standard_error()
    listening(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    server = Server(site)
    server.run(sockets=[bound])
    if server.was_interrupted:
        raise KeyboardInterrupt


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is a free one. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(1024)
    except OSError:
        made.close()
        raise
    return made
