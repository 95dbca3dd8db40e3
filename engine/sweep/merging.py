"""The completed setups of both sides, straight from what the machines wrote to the kernel's offers.

The same rows as `engine.run.intents_of` makes and the simulator lays out, without a table in
between: in a sweep they are made a thousand times. Runs as plain Python and under numba.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.execution import state as at
from engine.execution.simulation import ATR_MOST
from engine.execution.sizing import ATR_PARTS
from engine.journal.decisions import KIND, ROW, STARTED, Decision
from engine.machine.written import HEAD, PLACE

if TYPE_CHECKING:
    from engine.execution.state import Cells
    from engine.sweep.driver import Numbers

_ENTRY: Final = int(Decision.ENTRY)


class Stream(NamedTuple):
    """What the machine of a side wrote (`engine.machine.written.Written`), heads laid flat.

    `sign` is -1 where its prices are reflected, `side` 0 for SHORT and 1 for LONG; `atr` is the
    place of the ATR among the values of an entry, -1 where no entry has one.
    """

    heads: Cells
    whole: Cells
    real: Numbers
    sign: int
    side: int
    atr: int


def merge(short: Stream, long: Stream, targets: int, order: Cells, offers: Cells) -> int:
    """Write the setups of both sides as offers, in the order of intents; how many there are.

    `order` has a cell, and `offers` room, for every head of the two.
    """
    middle = in_order(short.heads, order, 0)
    stop = in_order(long.heads, order, middle)
    one, other, cell = 0, middle, 0
    while one < middle or other < stop:
        if other == stop or (
            one < middle and comes_first(short.heads, order[one], long.heads, order[other])
        ):
            offer(short, order[one], targets, offers, cell)
            one += 1
        else:
            offer(long, order[other], targets, offers, cell)
            other += 1
        cell += at.OFFER_TARGETS + targets
    return stop


def in_order(heads: Cells, order: Cells, first: int) -> int:
    """Where each entry's head begins, by bar, from cell `first` of `order` on; the cell after.

    On a bar older candidates come first, as they do in `heads`: so those of a bar keep their order.
    A walk ends its candidates nearly in order, and few have to be passed.
    """
    stop = first
    for head in range(0, len(heads), HEAD):
        if heads[head + KIND] == _ENTRY:
            place = stop
            while place > first and heads[order[place - 1] + ROW] > heads[head + ROW]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = head
            stop += 1
    return stop


def comes_first(short: Cells, one: int, long: Cells, other: int) -> bool:
    """Whether SHORT's entry is the earlier one: by bar, by start, SHORT before LONG."""
    if short[one + ROW] != long[other + ROW]:
        return short[one + ROW] < long[other + ROW]
    return short[one + STARTED] <= long[other + STARTED]


def offer(stream: Stream, head: int, targets: int, offers: Cells, cell: int) -> None:
    """Lay one entry out as the kernel reads it, in real prices."""
    place, sign = stream.heads[head + PLACE], stream.sign
    offers[cell + at.OFFER_ROW] = stream.heads[head + ROW]
    offers[cell + at.OFFER_SIDE] = stream.side
    offers[cell + at.OFFER_CLOSE] = sign * stream.whole[place]
    offers[cell + at.OFFER_PRICE] = sign * stream.whole[place + 1]
    offers[cell + at.OFFER_STOP] = sign * stream.whole[place + 2]
    offers[cell + at.OFFER_ATR] = -1
    offers[cell + at.OFFER_PLANNED] = 0
    offers[cell + at.OFFER_PLACED] = 0
    for target in range(targets):
        offers[cell + at.OFFER_TARGETS + target] = sign * stream.whole[place + 3 + target]
    if stream.atr >= 0 and 0.0 < stream.real[place + stream.atr] < ATR_MOST:
        offers[cell + at.OFFER_ATR] = ceil(stream.real[place + stream.atr] * ATR_PARTS)
