"""What is to happen at some instant: a queue in the order of time, then of asking."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timers:
    """Deeds and their instants, in seconds since the epoch."""

    def __init__(self) -> None:
        """Nothing is to happen."""
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()

    def __len__(self) -> int:
        """How much is to happen."""
        return len(self._waiting)

    def at(self, when: float, deed: Callable[[], object]) -> None:
        """Let something happen at an instant."""
        heapq.heappush(self._waiting, (when, next(self._numbers), deed))

    @property
    def next_at(self) -> float:
        """The instant of the first deed; infinity where there is none."""
        return self._waiting[0][0] if self._waiting else float("inf")

    def take(self) -> Callable[[], object]:
        """The first deed, which no longer waits."""
        return heapq.heappop(self._waiting)[2]
