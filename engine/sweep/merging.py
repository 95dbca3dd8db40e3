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
from engine.journal import decisions as told
from engine.machine.written import HEAD, PLACE

if TYPE_CHECKING:
    from engine.execution.state import Cells
    from engine.sweep.driver import Numbers

_ENTRY: Final = int(told.Decision.ENTRY)
_NONE: Final = 1 << 62
DISORDER: Final = -1


class Stream(NamedTuple):
    """What the machine of a side wrote (`engine.machine.written.Written`), heads laid flat.

    `sign` is -1 where its prices are reflected, `side` 0 for SHORT and 1 for LONG.
    """

    heads: Cells
    whole: Cells
    real: Numbers
    reals: int
    sign: int
    side: int


def merge(first: Stream, second: Stream, targets: int, atr: int, offers: Cells) -> int:
    """Write the setups of SHORT (`first`) and LONG in the order of intents; how many there are.

    `atr` is the position of the ATR among the values of an entry. Where `offers` has no room for
    all, the rest are only counted. `DISORDER` where a side's are not in order to begin with.
    """
    stride = at.OFFER_TARGETS + targets
    count = 0
    one, other = next_entry(first.heads, -HEAD), next_entry(second.heads, -HEAD)
    row = started = 0
    while one < len(first.heads) or other < len(second.heads):
        fits = (count + 1) * stride <= len(offers)
        if comes_first(first.heads, one, second.heads, other):
            late = first.heads[one + told.ROW], first.heads[one + told.STARTED]
            if fits:
                offer(first, one, targets, atr, offers, count * stride)
            one = next_entry(first.heads, one)
        else:
            late = second.heads[other + told.ROW], second.heads[other + told.STARTED]
            if fits:
                offer(second, other, targets, atr, offers, count * stride)
            other = next_entry(second.heads, other)
        if late[0] < row or (late[0] == row and late[1] < started):
            return DISORDER
        row, started = late
        count += 1
    return count


def next_entry(heads: Cells, cell: int) -> int:
    """Where the next entry after this head begins; the end where there is none."""
    cell += HEAD
    while cell < len(heads) and heads[cell + told.KIND] != _ENTRY:
        cell += HEAD
    return cell


def comes_first(first: Cells, one: int, second: Cells, other: int) -> bool:
    """Whether the entry of the first side is the earlier one: by row, start, SHORT before LONG."""
    if one >= len(first) or other >= len(second):
        return one < len(first)
    row, other_row = first[one + told.ROW], second[other + told.ROW]
    if row != other_row:
        return row < other_row
    return first[one + told.STARTED] <= second[other + told.STARTED]


def offer(stream: Stream, head: int, targets: int, atr: int, offers: Cells, cell: int) -> None:
    """Lay one entry out as the kernel reads it, in real prices."""
    place, sign = stream.heads[head + PLACE], stream.sign
    offers[cell + at.OFFER_ROW] = stream.heads[head + told.ROW]
    offers[cell + at.OFFER_SIDE] = stream.side
    offers[cell + at.OFFER_CLOSE] = sign * stream.whole[place]
    offers[cell + at.OFFER_PRICE] = sign * stream.whole[place + 1]
    offers[cell + at.OFFER_STOP] = sign * stream.whole[place + 2]
    offers[cell + at.OFFER_PLANNED] = 0
    offers[cell + at.OFFER_PLACED] = 0
    for target in range(targets):
        offers[cell + at.OFFER_TARGETS + target] = sign * stream.whole[place + 3 + target]
    parts = -1
    if stream.reals > 0:
        value = stream.real[place + atr]
        if 0.0 < value < ATR_MOST:
            parts = int(ceil(value * ATR_PARTS))
    offers[cell + at.OFFER_ATR] = parts
