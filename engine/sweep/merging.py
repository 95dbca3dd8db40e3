"""The completed setups of many sets, straight from what the machines wrote to the kernel's offers.

The same rows as `engine.run.intents_of` makes and the simulator lays out, without a table in
between: in a sweep they are made a thousand times. Runs as plain Python and under numba.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.execution import state as at
from engine.execution.intents import LONG, SHORT
from engine.execution.simulation import ATR_MOST
from engine.execution.sizing import ATR_PARTS
from engine.journal.decisions import KIND, ROW, STARTED
from engine.machine.written import HEAD, PLACE

if TYPE_CHECKING:
    from engine.execution.state import Cells
    from engine.sweep.driver import Numbers

SET: Final = KIND
"""The word of a head that names the set whose entry it is."""


class Stream(NamedTuple):
    """The entries of one side in all sets (`engine.machine.machine.Machine.lend_many`).

    `heads` are laid flat. `sign` is -1 where its prices are reflected; `atr` is the place of the
    ATR among the values of an entry, -1 where no entry has one.
    """

    heads: Cells
    whole: Cells
    real: Numbers
    sign: int
    atr: int


def merge(
    short: Stream, long: Stream, targets: int, bounds: Cells, order: Cells, offers: Cells
) -> None:
    """Write the setups of both sides as offers: set after set, each in the order of intents.

    `bounds` has two cells for each set and two more: those of set k are the offers
    `bounds[2k] .. bounds[2k + 2]`. `order` has a cell, and `offers` room, for every head.
    """
    share_out_heads(short.heads, long.heads, bounds, order)
    cell = 0
    for bucket in range(0, len(bounds) - 2, 2):
        one, middle, stop = bounds[bucket], bounds[bucket + 1], bounds[bucket + 2]
        other = middle
        sort(short.heads, order, one, middle)
        sort(long.heads, order, middle, stop)
        while one < middle or other < stop:
            if other == stop or (
                one < middle and comes_first(short.heads, order[one], long.heads, order[other])
            ):
                offer(short, order[one], SHORT, targets, offers, cell)
                one += 1
            else:
                offer(long, order[other], LONG, targets, offers, cell)
                other += 1
            cell += at.OFFER_TARGETS + targets


def share_out_heads(short: Cells, long: Cells, bounds: Cells, order: Cells) -> None:
    """Where each entry's head begins, to `order`: of each set those of SHORT, then of LONG.

    The bucket of a set and side is `order[bounds[b] .. bounds[b + 1]]`, with b = 2 set + side.
    """
    for bucket in range(len(bounds)):
        bounds[bucket] = 0
    # two cells on, so that they hold the beginnings while buckets fill, and the ends thereafter
    for side in range(2):
        heads = short if side == SHORT else long
        for head in range(0, len(heads), HEAD):
            bounds[2 * heads[head + SET] + side + 2] += 1
    for bucket in range(1, len(bounds)):
        bounds[bucket] += bounds[bucket - 1]
    for side in range(2):
        heads = short if side == SHORT else long
        for head in range(0, len(heads), HEAD):
            bucket = 2 * heads[head + SET] + side + 1
            order[bounds[bucket]] = head
            bounds[bucket] += 1


def sort(heads: Cells, order: Cells, first: int, stop: int) -> None:
    """Bring a bucket into the order of bars.

    On a bar older candidates come first, as they do already: so those of a bar keep their order.
    A walk ends its candidates nearly in order, and few have to be passed.
    """
    for number in range(first + 1, stop):
        head, place = order[number], number
        while place > first and heads[order[place - 1] + ROW] > heads[head + ROW]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = head


def comes_first(short: Cells, one: int, long: Cells, other: int) -> bool:
    """Whether SHORT's entry is the earlier one: by bar, by start, SHORT before LONG."""
    if short[one + ROW] != long[other + ROW]:
        return short[one + ROW] < long[other + ROW]
    return short[one + STARTED] <= long[other + STARTED]


def offer(stream: Stream, head: int, side: int, targets: int, offers: Cells, cell: int) -> None:
    """Lay one entry out as the kernel reads it, in real prices."""
    place, sign = stream.heads[head + PLACE], stream.sign
    offers[cell + at.OFFER_ROW] = stream.heads[head + ROW]
    offers[cell + at.OFFER_SIDE] = side
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
