"""What time it is, and being woken: by this computer's clock, or by a replayed market's."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


def wall() -> int:
    """This computer's clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Clock(Protocol):
    """Milliseconds since the epoch, UTC."""

    def now(self) -> int:
        """What time it is."""
        ...

    def told(self, now: int) -> None:
        """The broker's clock was seen there."""
        ...

    def wake(self, at: int, what: Callable[[], None]) -> None:
        """Have something done then; the last wish replaces the one before."""
        ...

    def stop(self) -> None:
        """Wake nobody any more."""
        ...


class OwnClock:
    """Our own clock; the broker's is compared with it elsewhere."""

    def __init__(self, now: Callable[[], int] = wall) -> None:
        """`now` gives milliseconds since the epoch, and goes as the event loop's clock does."""
        self.now = now
        self._timer: asyncio.TimerHandle | None = None

    def told(self, now: int) -> None:
        """Ours is another clock."""

    def wake(self, at: int, what: Callable[[], None]) -> None:
        """See `Clock`."""
        self.stop()
        seconds = max(0.0, (at - self.now()) / 1000)
        self._timer = asyncio.get_running_loop().call_later(seconds, what)

    def stop(self) -> None:
        """See `Clock`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class MarketClock:
    """The clock of a replayed market: what the gateway told last, and never back."""

    def __init__(self, now: int = 0) -> None:
        """At an instant of the market."""
        self._now = now
        self._due: tuple[int, Callable[[], None]] | None = None

    def now(self) -> int:
        """See `Clock`."""
        return self._now

    def told(self, now: int) -> None:
        """Time has passed: who is due is woken."""
        self._now = max(self._now, now)
        if self._due is not None and self._now >= self._due[0]:
            due, self._due = self._due, None
            due[1]()

    def wake(self, at: int, what: Callable[[], None]) -> None:
        """See `Clock`."""
        self._due = (at, what)

    def stop(self) -> None:
        """See `Clock`."""
        self._due = None
