"""History requests below the broker's limits.

IB: at most 60 in ten minutes, none identical within 15 seconds, fewer than 6 for one contract
within 2 seconds (historical limitations in the API documentation). We stay below each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


@dataclass(frozen=True, slots=True)
class Limits:
    """So many requests in so many seconds; `same` seconds between identical ones."""

    most: int = 56
    within: float = 600.0
    same: float = 16.0
    most_of_one: int = 4
    within_of_one: float = 2.1


_ROUNDING: Final = 0.01
"""Seconds by which a sleep may end early."""

UNLIMITED: Final = Limits(most=0, same=0.0, most_of_one=0)
"""For a simulated gateway, whose clock is not ours."""


class Pacer:
    """When the next history request may be made. `clock` gives seconds that never go back."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        """No request was made yet."""
        self._limits = limits
        self._clock = clock
        self._all: deque[float] = deque()
        self._of_one: dict[int, deque[float]] = {}
        self._last: dict[Hashable, float] = {}
        self._turn = asyncio.Lock()

    def wait(self, contract: int, request: Hashable) -> float:
        """How many seconds to wait before this request; 0: make it now."""
        now, limits = self._clock(), self._limits
        waits = [0.0]
        if limits.most:
            waits.append(_until_fewer(self._all, limits.most, limits.within, now))
        if limits.most_of_one:
            mine = self._of_one.get(contract, deque())
            waits.append(_until_fewer(mine, limits.most_of_one, limits.within_of_one, now))
        if limits.same and request in self._last:
            waits.append(self._last[request] + limits.same - now)
        return max(waits)

    def note(self, contract: int, request: Hashable) -> None:
        """This request is made now."""
        now, limits = self._clock(), self._limits
        self._all.append(now)
        while len(self._all) > max(1, limits.most):
            self._all.popleft()
        mine = self._of_one.setdefault(contract, deque(maxlen=max(1, limits.most_of_one)))
        mine.append(now)
        self._last = {key: at for key, at in self._last.items() if now - at < limits.same}
        self._last[request] = now

    async def turn(self, contract: int, request: Hashable) -> None:
        """Wait until this request may be made, and note it."""
        async with self._turn:
            seconds = self.wait(contract, request)
            if seconds > 0:  # nobody else can make a request meanwhile
                await asyncio.sleep(seconds + _ROUNDING)
            self.note(contract, request)


def _until_fewer(made: deque[float], most: int, within: float, now: float) -> float:
    """Seconds until fewer than `most` of these lie within the last `within` seconds."""
    if len(made) < most:
        return 0.0
    return made[-most] + within - now
