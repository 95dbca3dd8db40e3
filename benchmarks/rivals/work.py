"""One piece of work in one engine: what a measured process makes, runs and is checked on.

Nothing here or in `measure` imports this project's own code: in the rivals' environments it is not
installed, and its memory and imports are not theirs to carry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Trade = tuple[int, int, float, float]  # entry bar, exit bar, entry price, exit price


@dataclass(frozen=True, slots=True)
class Found:
    """What a run came to: its trades, and how to write its setups where the rules ran inside.

    A setup is a row as in the yardstick: side, liq1, confirm, no-wick, liq2, trigger and entry bar;
    entry, stop and target price; what follows is not looked at. Writing them is not part of it.
    """

    trades: list[Trade]
    setups: Callable[[], list[tuple[Any, ...]]] | None = None


Run = Callable[[], Found | None]  # None: an empty strategy, which has nothing to compare
Make = Callable[[Any, Any], Run]  # the yardstick's bars and its reference result


def days_of(bars: Any) -> list[int]:
    """The day number of each bar."""
    starts = bars.day_start.tolist()
    return [day for day in range(len(starts) - 1) for _ in range(starts[day], starts[day + 1])]


def last_rows(bars: Any) -> set[int]:
    """The rows of the last bar of each day."""
    return set((bars.day_start[1:] - 1).tolist())
