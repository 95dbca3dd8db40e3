"""A real client library on a gateway in memory; the market is stepped by hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.support.patience import within

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

    from adapters.gateway.gateway import Gateway


class Talk:
    """A connected `IB` of the library `lib`, and the errors it heard: what about, and the code."""

    def __init__(self, gateway: Gateway, lib: ModuleType) -> None:
        """Not connected."""
        self.gateway = gateway
        self.lib: Any = lib
        self.errors: list[tuple[int, int]] = []
        self.ib: Any = None

    async def connect(self, client: int = 1) -> Any:
        """A new `IB` object, connected; the one before is forgotten."""
        self.ib = self.lib.IB()
        self.gateway.connect_memory(self.ib)
        self.ib.errorEvent += lambda about, code, *_: self.errors.append((about, code))
        await self.ib.connectAsync("memory", 1, clientId=client, timeout=5)
        return self.ib

    async def hear(self) -> None:
        """Everything that was sent has arrived."""
        await self.ib.reqCurrentTimeAsync()

    async def play(self, stops: int = 1) -> None:
        """Let the market go on, and everything arrive."""
        for _ in range(stops):
            self.gateway.advance()
            await self.hear()

    async def play_until(self, instant: float) -> None:
        """Let the market go on up to an instant, in seconds."""
        while (following := self.gateway.next_at()) is not None and following <= instant:
            self.gateway.step()
        await self.hear()

    async def front(self, symbol: str) -> Any:
        """The future of a symbol that expires next."""
        found = await self.ib.reqContractDetailsAsync(self.lib.Future(symbol, exchange="CME"))
        return found[0].contract


def talk(
    gateway: Gateway, lib: ModuleType, words: Callable[[Talk], Coroutine[Any, Any, None]]
) -> Talk:
    """Connect, say some words, hang up."""

    async def main() -> Talk:
        one = Talk(gateway, lib)
        await one.connect()
        try:
            await words(one)
        finally:
            one.ib.disconnect()
            await asyncio.sleep(0)
        return one

    return asyncio.run(within(60, main()))
