"""The live engine over the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import ServerSentEvent
from msgspec import Meta

from adapters.live.status import Status, as_bytes
from adapters.live.window import Absent
from web.pages.live import Wish, carried_out
from web.ports import Ports
from web.streams import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from web.ports import Standing


@dataclass(frozen=True, slots=True)
class Left:
    """What an engine that does not run left in its journal."""

    at: int | None
    events: int
    contracts: int
    latch: str
    halt: str


@dataclass(frozen=True, slots=True)
class Stands:
    """`status` where an engine runs, else `left` where there is a journal."""

    runs: bool
    status: Status | None = None
    left: Left | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why; a latch is cleared with one only."""

    why: Annotated[str, Meta(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words."""

    said: str


class LiveApi(Controller):
    """The live engine."""

    path = "/live"
    tags = ["live"]

    @get("/", sync_to_thread=True, summary="How the live engine stands")
    def show(self, ports: NamedDependency[Ports]) -> Stands:
        """The running engine, or what the last one left."""
        standing = ports.live.now()
        if not isinstance(standing, Absent):
            return Stands(runs=True, status=standing)
        left = standing.left
        if left is None:
            return Stands(runs=False)
        return Stands(False, left=Left(left.at, left.events, left.held, left.latch, left.halt))

    @get(
        "/stream", sync_to_thread=False, summary="How it stands, streamed", include_in_schema=False
    )
    def stream(self, request: Request[Any, Any, Any]) -> ServerSentEvent:
        """A status a change as server-sent events; `{"runs": false}` where no engine runs."""
        state = request.app.state
        return ServerSentEvent(_events(until(state.closing, state.broadcast.stream(_line))))

    @post(
        "/{wish:str}",
        sync_to_thread=True,
        status_code=200,
        summary="Halt, resume, flatten or unlatch",
    )
    def tell(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        wish: FromPath[Wish],
        data: JSONBody[Reason],
    ) -> Done:
        """Have the engine do it: 409 where it refuses, or where nobody could send the orders."""
        return Done(carried_out(ports, wish, request.scope["user"].name, data.why))


def _line(standing: Standing) -> str:
    if isinstance(standing, Absent):
        return '{"runs":false}'
    return as_bytes(standing).decode()


async def _events(texts: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    async for text in texts:
        yield {"data": text} if text else {"event": "alive", "data": "alive"}
