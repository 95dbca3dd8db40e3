"""An `IbBroker` on a simulated gateway, for tests: over a socket or in memory, step by step."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.gateway.carriers import port_of, serve
from adapters.ib.connection import IbBroker
from adapters.ib.feed import Feed, Manner
from adapters.ib.pacing import UNLIMITED
from adapters.ib.settings import Settings
from engine.domain.order import Action, Order, OrderKind
from engine.live.commands import Send
from engine.live.identity import Leg, Role, Signal
from tests.support.patience import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from adapters.gateway.gateway import Gateway
    from adapters.ib.port import BrokerWord, ContractInfo

CARRIERS = ("tcp", "memory")
FAST = Settings(
    timeout=5, messages=0, limits=UNLIMITED, manner=Manner(grace=None, verify=0), client=17
)
"""Settings for a gateway that is stepped by hand."""

_Word = TypeVar("_Word")


class Wired:
    """A broker, its gateway, and every word it said."""

    def __init__(self, gateway: Gateway, broker: IbBroker) -> None:
        """Not connected."""
        self.gateway = gateway
        self.broker = broker
        self.words: list[BrokerWord] = []

    @property
    def feeds(self) -> list[Feed]:
        """What is followed."""
        return [] if self.broker._market is None else self.broker._market.feeds

    def heard(self, kind: type[_Word]) -> list[_Word]:
        """Every word of a kind so far."""
        self.drain()
        return [word for word in self.words if isinstance(word, kind)]

    def drain(self) -> None:
        """Take what was said."""
        while not self.broker._words.empty():
            self.words.append(self.broker._words.get_nowait())

    def is_idle(self) -> bool:
        """Whether every word was taken and nothing is waited for."""
        self.drain()
        return self.broker.is_idle

    async def until(self, true: Callable[[], Any], seconds: float = 10.0) -> None:
        """Let messages arrive until something is so."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not true():
            assert loop.time() < end, "it never became so"
            await asyncio.sleep(0.001)

    async def settle(self) -> None:
        """Let everything that is under way arrive."""
        await self.until(lambda: not any(feed.is_busy for feed in self.feeds))
        await self.broker.server_time()
        await self.until(lambda: not any(feed.is_busy for feed in self.feeds))
        self.drain()

    async def play(self, steps: int = 1) -> None:
        """Let the market go on by so many stops, each word having arrived."""
        for _ in range(steps):
            assert self.gateway.advance(), "the market is over"
            await self.settle()


@asynccontextmanager
async def wired(
    gateway: Gateway, carrier: str, library: str = "", **changes: Any
) -> AsyncIterator[Wired]:
    """A broker that is not connected yet; it is closed at the end."""
    settings = replace(FAST, library=library, **changes)
    server = None
    if carrier == "tcp":
        server = await serve(gateway)
        settings = replace(settings, port=port_of(server))
    dial = gateway.connect_memory if carrier == "memory" else lambda _: None
    broker = IbBroker(settings, dial=dial)
    try:
        yield Wired(gateway, broker)
    finally:
        await broker.close()
        for _ in range(5):
            await asyncio.sleep(0)
        if server is not None:
            server.close()
            await asyncio.sleep(0.01)


def run(work: Any) -> Any:
    """Run a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(within(30, work))


def bracket(
    contract: ContractInfo, first: int, *, contracts: int = 2, entry: int | None, stop: int,
    target: int, candidate: str = "2026-01-06/long/1",
) -> list[Send]:  # fmt: skip
    """An entry to buy (at a limit or the market), its target and its stop, in this order."""
    family = Signal("ab" * 32, contract.number, 29_460_391, candidate).family
    kinds = (
        (Role.ENTRY, Action.BUY, OrderKind.MARKET if entry is None else OrderKind.LIMIT, entry),
        (Role.TARGET, Action.SELL, OrderKind.LIMIT, target),
        (Role.STOP, Action.SELL, OrderKind.STOP, stop),
    )
    sends = []
    for k, (role, action, kind, price) in enumerate(kinds):
        leg = Leg(family, role)
        exit_group = f"{family}.0" if k else ""
        order = Order(leg.ref, action, kind, contracts, price)
        sends.append(
            Send(
                leg, order, first + k, contract.number, parent=first if k else 0,
                group=exit_group, transmit=k == 2,
            )
        )  # fmt: skip
    return sends
