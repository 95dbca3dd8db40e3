"""One look at the live engine for everybody who watches: asked once, put into words once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from web.ports import LivePort, Standing

HEARTBEAT: Final = 5.0
"""Seconds after which a stream says that it is alive, whatever the engine does."""


class Broadcast:
    """What the live engine says, for any number of streams. It begins with the first watcher.

    Everybody gets the newest; who is slow misses some. Streams end with `web.streams.until`.
    """

    def __init__(self, live: LivePort) -> None:
        """Nothing is asked before somebody watches."""
        self.watchers = 0
        self._live = live
        self._newest: Standing | None = None
        self._number = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._worded: dict[Callable[[Standing], str], tuple[int, str]] = {}

    async def stream(self, worded: Callable[[Standing], str]) -> AsyncIterator[str]:
        """Every newest look in these words; an empty text where there was none for a while."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        self.watchers += 1
        seen = 0
        try:
            while True:
                if seen == self._number:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(HEARTBEAT):
                            await self._changed.wait()
                if seen == self._number:
                    yield ""
                else:
                    seen = self._number
                    yield self._in(worded)
        finally:
            self.watchers -= 1

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        async for standing in self._live.watch():
            self._newest, self._number = standing, self._number + 1
            before, self._changed = self._changed, asyncio.Event()
            before.set()

    def _in(self, worded: Callable[[Standing], str]) -> str:
        assert self._newest is not None
        number, text = self._worded.get(worded, (0, ""))
        if number != self._number:
            number, text = self._number, worded(self._newest)
            self._worded[worded] = number, text
        return text
