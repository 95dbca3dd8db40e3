"""Entries of many sets, as machines write them, laid out as the simulator's offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.execution import state as at
from engine.execution.intents import LONG, SHORT
from engine.execution.simulation import atr_parts
from engine.machine.written import HEAD
from engine.sweep.merging import CARD, Stream, merge

if TYPE_CHECKING:
    from engine.domain.market import Ints

SETS = 4
TARGETS = 2
VALUES = 3 + TARGETS + 1
"""Close, entry, stop, targets, and the ATR, which is REAL."""
Entry = tuple[int, int, int]
"""Its set, the row on which its candidate started, and how many rows later it came."""


def entries() -> st.SearchStrategy[list[Entry]]:
    """Of one side, as a walk writes them: oldest candidate first, one a set and row of start."""
    numbers = (st.integers(0, SETS - 1), st.integers(0, 12), st.integers(1, 6))
    drawn = st.lists(st.tuples(*numbers), max_size=30, unique_by=lambda one: one[:2])
    return drawn.map(lambda made: sorted(made, key=lambda one: (one[1], one[0])))


def stream_of(written: list[Entry], sign: int) -> Stream:
    """The entries with values that tell which they are."""
    heads = np.zeros((len(written), HEAD), np.int64)
    for number, (which, started, later) in enumerate(written):
        heads[number] = (started + later, which, 0, 0, started, 0, 0, number * VALUES)
    whole = np.arange(len(written) * VALUES) + 1000
    return Stream(heads.reshape(-1), whole, whole / 64, sign, VALUES - 1)


def expected(short: list[Entry], long: list[Entry]) -> list[list[list[int]]]:
    """The offers of each set, by row, start, and SHORT before LONG."""
    made: list[list[tuple[int, int, int, list[int]]]] = [[] for _ in range(SETS)]
    for side, sign, written in ((SHORT, 1, short), (LONG, -1, long)):
        for number, (which, started, later) in enumerate(written):
            first, row = 1000 + number * VALUES, started + later
            prices = [sign * (first + k) for k in range(VALUES - 1)]
            atr = int(atr_parts(np.array([(first + VALUES - 1) / 64]))[0])
            offer = [row, side, *prices[:3], atr, 0, 0, *prices[3:]]
            made[which].append((row, started, side, offer))
    return [[offer for *_, offer in sorted(each)] for each in made]


@given(entries(), entries())
def test_offers_come_set_by_set_and_in_the_order_of_intents(
    short: list[Entry], long: list[Entry]
) -> None:
    count, stride = len(short) + len(long), at.OFFER_TARGETS + TARGETS
    bounds: Ints = np.full(2 * SETS + 2, -1)
    cards, offers = np.empty(count * CARD, np.int64), np.full(count * stride, -1)
    merge(stream_of(short, 1), stream_of(long, -1), TARGETS, bounds, cards, offers)

    table = offers.reshape(-1, stride)
    found = [table[bounds[2 * k] : bounds[2 * k + 2]].tolist() for k in range(SETS)]
    assert found == expected(short, long)
    assert bounds[2 * SETS] == count
