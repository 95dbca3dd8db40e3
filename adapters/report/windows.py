"""Which bars go into a report: a window around every setup worth drawing, within a budget.

Neighbouring windows share their bars. A window too long for the screen is made of larger bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.report.setups import Fate, Setup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.domain.market import Ints, Market

BEFORE: Final = 60
AFTER: Final = 40
"""Bars shown around a setup."""

LONGEST: Final = 1500
"""A window of more bars than this is drawn in larger ones."""

TOGETHER: Final = 3000
"""Windows are not joined to runs of more bars than this."""

LARGER: Final = (5, 15, 30, 60, 240, 1440, 10_080)
"""How many bars may become one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bars `first .. stop` for some setups (numbers), `size` of them drawn as one."""

    first: int
    stop: int
    size: int
    setups: tuple[int, ...]


def window(setup: Setup, bars: int) -> tuple[int, int]:
    """The rows `first .. stop` to draw for a setup."""
    return max(0, setup.first - BEFORE), min(bars, setup.last + AFTER + 1)


def by_worth(setups: list[Setup]) -> list[int]:
    """The numbers of the setups worth drawing: trades, then complete ones, then advanced ones.

    The newest come first in each. A candidate that never left its first stage is not drawn.
    """

    def rank(number: int) -> tuple[int, int]:
        setup = setups[number]
        traded = setup.fate in {Fate.TRADED, Fate.OPEN}
        return (0 if traded else 1 if setup.is_complete else 2, -setup.first)

    return sorted((n for n, setup in enumerate(setups) if setup.has_advanced), key=rank)


def chosen(setups: list[Setup], bars: int, budget: int) -> list[int]:
    """The numbers of the setups to draw so that no more than about `budget` bars are shown."""
    covered = np.zeros(bars, np.bool_)
    spent, found = 0, []
    for number in by_worth(setups):
        first, stop = window(setups[number], bars)
        size = size_for(stop - first)
        fresh = (stop - first) // size if size > 1 else int((~covered[first:stop]).sum())
        if spent + fresh > budget:
            break
        if size == 1:
            covered[first:stop] = True
        spent += fresh
        found.append(number)
    return sorted(found)


def size_for(bars: int) -> int:
    """How many bars become one in a window of so many."""
    if bars <= LONGEST:
        return 1
    return next((size for size in LARGER if bars <= size * LONGEST), LARGER[-1])


def pieces_of(setups: list[Setup], numbers: Iterable[int], bars: int) -> list[Piece]:
    """The runs of bars that show these setups, in order of their first row."""
    spans = sorted((*window(setups[number], bars), number) for number in numbers)
    pieces: list[Piece] = []
    first = stop = 0
    held: list[int] = []
    for begins, ends, number in spans:
        size = size_for(ends - begins)
        if size > 1:
            pieces.append(Piece(begins, ends, size, (number,)))
            continue
        if held and begins < stop and max(stop, ends) - first <= TOGETHER:
            stop = max(stop, ends)
            held.append(number)
            continue
        if held:
            pieces.append(Piece(first, stop, 1, tuple(held)))
        first, stop, held = begins, ends, [number]
    if held:
        pieces.append(Piece(first, stop, 1, tuple(held)))
    return sorted(pieces, key=lambda piece: piece.first)


def columns_of(market: Market, wall: Ints, piece: Piece) -> tuple[Ints, ...]:
    """Wall minute, open, high, low, close and volume of the bars drawn for a piece."""
    part = market.rows(piece.first, piece.stop)
    minute = wall[piece.first : piece.stop]
    if piece.size == 1:
        return minute, part.open, part.high, part.low, part.close, part.volume
    starts = np.arange(0, len(part), piece.size)
    ends = np.append(starts[1:], len(part)) - 1
    return (
        minute[starts],
        part.open[starts],
        np.maximum.reduceat(part.high, starts),
        np.minimum.reduceat(part.low, starts),
        part.close[ends],
        np.add.reduceat(part.volume, starts),
    )
