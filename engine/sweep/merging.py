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


# --- a card: what an entry is put in order by, and where its values are ----------------------
BAR: Final = 0
BEGAN: Final = 1
VALUES: Final = 2
CARD: Final = 3


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
    short: Stream, long: Stream, targets: int, bounds: Cells, cards: Cells, offers: Cells
) -> None:
    """Write the setups of both sides as offers: set after set, each in the order of intents.

    `bounds` has two cells for each set and two more: those of set k are the offers
    `bounds[2k] .. bounds[2k + 2]`. `cards` has a card, and `offers` room, for every head.
    """
    share_out_heads(short.heads, long.heads, bounds, cards)
    cell = 0
    for bucket in range(0, len(bounds) - 2, 2):
        one, middle, stop = (
            bounds[bucket] * CARD,
            bounds[bucket + 1] * CARD,
            bounds[bucket + 2] * CARD,
        )
        other = middle
        sort(cards, one, middle)
        sort(cards, middle, stop)
        while one < middle or other < stop:
            if other == stop or (one < middle and comes_first(cards, one, other)):
                offer(short, cards, one, SHORT, targets, offers, cell)
                one += CARD
            else:
                offer(long, cards, other, LONG, targets, offers, cell)
                other += CARD
            cell += at.OFFER_TARGETS + targets


def share_out_heads(short: Cells, long: Cells, bounds: Cells, cards: Cells) -> None:
    """A card of each entry, to the bucket of its set and side, SHORT before LONG.

    The cards of bucket b = 2 set + side are number `bounds[b] .. bounds[b + 1]`. What is told of an
    entry lies far apart in memory: a card has all that is asked more than once.
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
            card = bounds[bucket] * CARD
            cards[card + BAR] = heads[head + ROW]
            cards[card + BEGAN] = heads[head + STARTED]
            cards[card + VALUES] = heads[head + PLACE]
            bounds[bucket] += 1


def sort(cards: Cells, first: int, stop: int) -> None:
    """Bring a bucket into the order of bars.

    On a bar older candidates come first, as they do already: so those of a bar keep their order.
    A walk ends its candidates nearly in order, and few have to be passed.
    """
    for card in range(first + CARD, stop, CARD):
        bar, began, values = cards[card + BAR], cards[card + BEGAN], cards[card + VALUES]
        place = card
        while place > first and cards[place - CARD + BAR] > bar:
            for cell in range(CARD):
                cards[place + cell] = cards[place - CARD + cell]
            place -= CARD
        cards[place + BAR] = bar
        cards[place + BEGAN] = began
        cards[place + VALUES] = values


def comes_first(cards: Cells, short: int, long: int) -> bool:
    """Whether SHORT's entry is the earlier one: by bar, by start, SHORT before LONG."""
    if cards[short + BAR] != cards[long + BAR]:
        return cards[short + BAR] < cards[long + BAR]
    return cards[short + BEGAN] <= cards[long + BEGAN]


def offer(
    stream: Stream, cards: Cells, card: int, side: int, targets: int, offers: Cells, cell: int
) -> None:
    """Lay one entry out as the kernel reads it, in real prices."""
    place, sign = cards[card + VALUES], stream.sign
    offers[cell + at.OFFER_ROW] = cards[card + BAR]
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
