"""What carries the bytes: a socket, or memory between two objects of one event loop."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any

from adapters.gateway.session import Line, Session

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway


class PortTaken(OSError):
    """Somebody else listens there; `port` says where."""

    def __init__(self, host: str, port: int) -> None:
        """Where it was tried."""
        super().__init__(errno.EADDRINUSE, f"port {port} of {host} is in use")
        self.port = port


class _Socket(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._session: Session | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if not self._gateway.is_up:
            transport.abort()
            return
        self._session = Session(self._gateway, Line(transport.write, transport.close))
        self._gateway.connect(self._session)

    def data_received(self, data: bytes) -> None:
        if self._session is not None:
            self._session.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._session is not None and self._session.open:
            self._session.lost()


async def serve(gateway: Gateway, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """Take connections; port 0 finds a free one. Raises `PortTaken`."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(lambda: _Socket(gateway), host, port)
    except OSError as refused:
        if refused.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        raise


def port_of(server: asyncio.Server) -> int:
    """The port a server listens on."""
    found: int = server.sockets[0].getsockname()[1]
    return found


class MemoryTransport(asyncio.Transport):
    """A connection inside one event loop: each write arrives with a later turn of the loop."""

    def __init__(self, gateway: Gateway, client: asyncio.Protocol) -> None:
        """Connect a client's protocol; it gets no `connection_made`."""
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._open = True
        self._session = Session(gateway, Line(self._to_client, self._hang_up))
        gateway.connect(self._session)

    def _to_client(self, data: bytes) -> None:
        self._loop.call_soon(self._arrive, data)

    def _arrive(self, data: bytes) -> None:
        if self._open:
            self._client.data_received(data)

    def _hang_up(self) -> None:
        """The gateway closes: what was written before still arrives."""
        self._loop.call_soon(self.close)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send to the gateway."""
        self._loop.call_soon(self._session.feed, bytes(data))

    def write_eof(self) -> None:
        """Nothing more will be sent."""

    def can_write_eof(self) -> bool:
        """A client may say that it is done."""
        return True

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return not self._open

    def close(self) -> None:
        """End the connection; what was written before still reaches the gateway."""
        if self._open:
            self._open = False
            self._loop.call_soon(self._lose)

    def abort(self) -> None:
        """The process has died: nothing that was not delivered yet arrives."""
        self._open = False
        if self._session.open:
            self._session.lost()

    def _lose(self) -> None:
        if self._session.open:
            self._session.lost()
        self._client.connection_lost(None)


def attach(ib: Any, gateway: Gateway) -> None:
    """Let an `IB` object of ib_insync or ib_async connect to a gateway in memory.

    Its `connectAsync` works as ever, host and port are not looked at. Its throttle is off, since
    the gateway has its own clock.
    """
    ib.client.MaxRequests = 0
    connection = ib.client.conn

    async def connect(_host: str, _port: int) -> None:
        if not gateway.is_up:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the gateway is restarting")
        connection.reset()
        connection.transport = MemoryTransport(gateway, connection)

    connection.connectAsync = connect
