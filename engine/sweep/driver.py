"""The simulator over many windows of one set, its records folded into sums as they come.

Compiled, nothing here is Python a trade or a set: one call takes many sets through every window.
Only sums, the equity of each date and the R multiples come out; figures are made of them
(`engine.sweep.figures`), the same to the last bit as `engine.statistics` makes of the records.
Like the kernel, every function runs as plain Python and under numba with the same results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, overload

from engine.execution import records as out
from engine.execution import state as at
from engine.execution.kernel import simulate
from engine.execution.records import Kind

if TYPE_CHECKING:
    from engine.execution.state import Cells, Desk, Tape

_FILL: Final = int(Kind.FILL)
_EXIT: Final = int(Kind.EXIT)
_CLOSED: Final = int(Kind.CLOSED)

# --- windows: these cells each --------------------------------------------------------------
FIRST_ROW: Final = 0
STOP_ROW: Final = 1
FIRST_DATE: Final = 2  # index of its first trading date; its last one ends with STOP_ROW
WINDOW_CELLS: Final = 3

# --- totals: these cells a window -----------------------------------------------------------
SETUPS: Final = 0
TRADES: Final = 1
WINS: Final = 2
NET: Final = 3
GROSS: Final = 4
GAINS: Final = 5  # sum of the nets above 0
PAINS: Final = 6  # minus the sum of those below
BEST: Final = 7
WORST: Final = 8
FELL: Final = 9  # the deepest fall of the equity from its peak
BARS: Final = 10  # with a position open at any moment
KNOWN: Final = 11  # trades that risked something: so many multiples
TOTAL_CELLS: Final = 12

# --- the window at hand ---------------------------------------------------------------------
ROW: Final = 0  # the equity of all bars before this one is known
DATE: Final = 1  # index of the date of ROW
DATES: Final = 2  # where in `daily` the next date goes
HELD: Final = 3  # contracts, LONG less SHORT
PAID: Final = 4  # ticks paid for them, less received
COSTS: Final = 5
PEAK: Final = 6
LOWEST: Final = 7  # the lowest equity since that peak
OPEN: Final = 8  # positions
SINCE: Final = 9  # the row from which bars with a position are to be counted
MULTIPLES: Final = 10  # how many are in `multiples`, of all sets and windows
FAULT_ROW: Final = 11
WINDOW: Final = 12  # its number
BEGAN: Final = 13  # equity before the first bar
SET: Final = 14  # its number
SET_MULTIPLES: Final = 15  # how many are of sets before
HAND_CELLS: Final = 16

DONE: Final = 0
NO_ROOM: Final = 1
FAULT: Final = 2


class Numbers(Protocol):
    """A column of REAL numbers: a float64 array under numba, a memoryview of one in Python."""

    # the number at an index; the numbers of a stretch, of which no copy is made
    @overload
    def __getitem__(self, index: int, /) -> float: ...
    @overload
    def __getitem__(self, index: slice, /) -> Numbers: ...

    def __len__(self) -> int:
        """How many numbers there are."""
        ...

    def __setitem__(self, index: int, value: float, /) -> None:
        """Put a number at `index`."""
        ...


class Sets(NamedTuple):
    """What is only read of each set.

    `books`: the book of its account before the first row. `bounds`: where in the desk's offers its
    own begin, and at last where those of the last one end.
    """

    books: Cells
    bounds: Cells


class Sheet(NamedTuple):
    """What is written besides the desk, set after set.

    `hand`: the window at hand. `totals`: cells a window. `falls`: the deepest fall of each window
    as a share of its peak. `daily`: equity at the end of every date of every window. `multiples`:
    the R multiples of every window's trades, one window after another. `paid`: the entry price of
    each intent of the set at hand.
    """

    hand: Cells
    totals: Cells
    falls: Numbers
    daily: Cells
    multiples: Numbers
    paid: Cells


def accounts_for(tape: Tape, desk: Desk, sets: Sets, windows: Cells, sheet: Sheet) -> int:
    """Run every window with the offers of every set, from set `hand[SET]` on.

    Gives `DONE`, or why that set was not ended. `FAULT`: `FAULT_ROW` tells where. `NO_ROOM`: a
    single bar may write more records than the desk holds; come again with more. The records are
    zeros before and after.
    """
    hand, count = sheet.hand, len(sets.bounds) - 1
    cells, totals = len(sets.books) // count, len(sheet.totals) // count
    falls, dates = len(sheet.falls) // count, len(sheet.daily) // count
    while hand[SET] < count:
        one = hand[SET]
        own = at.Desk(desk.book, desk.offers[sets.bounds[one] : sets.bounds[one + 1]], desk.records)
        written = Sheet(
            hand,
            sheet.totals[one * totals : (one + 1) * totals],
            sheet.falls[one * falls : (one + 1) * falls],
            sheet.daily[one * dates : (one + 1) * dates],
            sheet.multiples,
            sheet.paid,
        )
        answer = account_for(
            tape, own, sets.books[one * cells : (one + 1) * cells], windows, written
        )
        if answer != DONE:
            return answer
        hand[SET_MULTIPLES] = hand[MULTIPLES]
        hand[SET] += 1
    return DONE


def account_for(tape: Tape, desk: Desk, fresh: Cells, windows: Cells, sheet: Sheet) -> int:
    """The same of one set; `fresh` is the book of its account before the first row."""
    hand = sheet.hand
    hand[DATES] = 0
    hand[MULTIPLES] = hand[SET_MULTIPLES]
    for window in range(len(windows) // WINDOW_CELLS):
        begin(desk, fresh, windows, sheet, window)
        stop = windows[window * WINDOW_CELLS + STOP_ROW]
        total = window * TOTAL_CELLS
        before = -1
        while desk.book[at.NEXT_ROW] < stop:
            row = desk.book[at.NEXT_ROW]
            written = simulate(tape, desk, stop)
            if desk.book[at.FAULT] == 1:
                hand[FAULT_ROW] = desk.book[at.NEXT_ROW] - 1
                return FAULT
            if written == 0 and row == before:
                return NO_ROOM
            before = desk.book[at.NEXT_ROW]
            fold(tape, desk, sheet, total, written)
        mark(tape.start, tape.close, sheet, desk.book[at.RULES + at.TICK_VALUE], stop)
        fall(sheet)
        if hand[OPEN] > 0:
            sheet.totals[total + BARS] += stop - hand[SINCE]
    return DONE


def begin(desk: Desk, fresh: Cells, windows: Cells, sheet: Sheet, window: int) -> None:
    """A fresh account at the first row of a window, before the window's first setup."""
    book, offers, hand = desk.book, desk.offers, sheet.hand
    cell, total = window * WINDOW_CELLS, window * TOTAL_CELLS
    for one in range(len(fresh)):
        book[one] = fresh[one]
    first_row, stop_row = windows[cell + FIRST_ROW], windows[cell + STOP_ROW]
    stride = at.OFFER_TARGETS + book[at.TARGETS]
    first, stop = offer_from(offers, stride, first_row), offer_from(offers, stride, stop_row)
    for offer in range(first, stop):
        offers[offer * stride + at.OFFER_PLANNED] = 0
    book[at.SILENT] = 1
    book[at.NEXT_ROW] = first_row
    book[at.NEXT_OFFER] = first
    book[at.OLDEST] = first
    book[at.DATE] = windows[cell + FIRST_DATE]
    for one in range(TOTAL_CELLS):
        sheet.totals[total + one] = 0
    sheet.totals[total + SETUPS] = stop - first
    sheet.falls[window] = 0.0
    hand[WINDOW] = window
    hand[BEGAN] = fresh[at.CASH]
    hand[ROW] = first_row
    hand[DATE] = windows[cell + FIRST_DATE]
    hand[HELD] = 0
    hand[PAID] = 0
    hand[COSTS] = 0
    hand[PEAK] = fresh[at.CASH]
    hand[LOWEST] = fresh[at.CASH]
    hand[OPEN] = 0
    hand[SINCE] = first_row


def offer_from(offers: Cells, stride: int, row: int) -> int:
    """The number of the first offer of this row or a later one."""
    low, high = 0, len(offers) // stride
    while low < high:
        middle = (low + high) // 2
        if offers[middle * stride + at.OFFER_ROW] < row:
            low = middle + 1
        else:
            high = middle
    return low


def fold(tape: Tape, desk: Desk, sheet: Sheet, total: int, written: int) -> None:
    """Take in so many records, and make them zeros again."""
    records, hand, totals = desk.records, sheet.hand, sheet.totals
    tick_value = desk.book[at.RULES + at.TICK_VALUE]
    for start in range(0, written * out.WIDTH, out.WIDTH):
        kind, row = records[start + out.KIND], records[start + out.ROW]
        if kind in (_FILL, _EXIT):
            mark(tape.start, tape.close, sheet, tick_value, row)
            bought = (2 * records[start + out.SIDE] - 1) * records[start + out.CONTRACTS]
            if kind == _EXIT:
                bought = -bought
            hand[HELD] += bought
            hand[PAID] += bought * records[start + out.PRICE]
            hand[COSTS] += records[start + out.COMMISSION]
        if kind == _FILL:
            sheet.paid[records[start + out.INTENT]] = records[start + out.PRICE]
            if hand[OPEN] == 0:
                hand[SINCE] = max(hand[SINCE], row)
            hand[OPEN] += 1
        elif kind == _CLOSED:
            distance = abs(sheet.paid[records[start + out.INTENT]] - records[start + out.STOP])
            close(records, start, totals, total)
            risk = distance * records[start + out.CONTRACTS] * tick_value
            if risk > 0:
                sheet.multiples[hand[MULTIPLES]] = float(records[start + out.NET]) / float(risk)
                hand[MULTIPLES] += 1
                totals[total + KNOWN] += 1
            hand[OPEN] -= 1
            if hand[OPEN] == 0:
                totals[total + BARS] += row + 1 - hand[SINCE]
                hand[SINCE] = row + 1
    for cell in range(written * out.WIDTH):
        records[cell] = 0


def close(records: Cells, start: int, totals: Cells, total: int) -> None:
    """Count a round trip."""
    net = records[start + out.NET]
    first = totals[total + TRADES] == 0
    totals[total + BEST] = net if first else max(totals[total + BEST], net)
    totals[total + WORST] = net if first else min(totals[total + WORST], net)
    totals[total + TRADES] += 1
    totals[total + NET] += net
    totals[total + GROSS] += records[start + out.GROSS]
    if net > 0:
        totals[total + WINS] += 1
        totals[total + GAINS] += net
    else:
        totals[total + PAINS] -= net


def mark(starts: Cells, closes: Cells, sheet: Sheet, tick_value: int, stop: int) -> None:
    """Value what is held at the close of every bar before `stop` that is not valued yet."""
    hand, row = sheet.hand, sheet.hand[ROW]
    slope = hand[HELD] * tick_value
    base = hand[BEGAN] - hand[PAID] * tick_value - hand[COSTS]
    while row < stop:
        last = starts[hand[DATE] + 1]
        end = min(stop, last)
        if slope == 0:
            look(sheet, base)
        else:
            look_along(closes[row:end], sheet, slope, base)
        row = end
        if row == last:
            sheet.daily[hand[DATES]] = base + slope * closes[row - 1]
            hand[DATES] += 1
            hand[DATE] += 1
    hand[ROW] = row


def look(sheet: Sheet, equity: int) -> None:
    """Take in the equity at a bar's close."""
    hand = sheet.hand
    if equity > hand[PEAK]:
        fall(sheet)
        hand[PEAK] = equity
        hand[LOWEST] = equity
    elif equity < hand[LOWEST]:
        hand[LOWEST] = equity


def look_along(closes: Cells, sheet: Sheet, slope: int, base: int) -> None:
    """The same at the close of some bars, whose equity is base + slope x close.

    Most stretches bring no new peak: then their lowest equity is all that counts.
    """
    highest = lowest = closes[0]
    for place in range(len(closes)):
        highest = max(highest, closes[place])
        lowest = min(lowest, closes[place])
    if slope < 0:
        highest, lowest = lowest, highest
    if base + slope * highest <= sheet.hand[PEAK]:
        look(sheet, base + slope * lowest)
        return
    for place in range(len(closes)):
        look(sheet, base + slope * closes[place])


def fall(sheet: Sheet) -> None:
    """Keep the fall from the peak at hand, if it is the deepest: of one peak, the lowest is."""
    hand = sheet.hand
    peak, depth = hand[PEAK], hand[PEAK] - hand[LOWEST]
    if depth > 0:
        window = hand[WINDOW]
        fell = window * TOTAL_CELLS + FELL
        sheet.totals[fell] = max(sheet.totals[fell], depth)
        sheet.falls[window] = max(sheet.falls[window], float(depth) / float(peak))
