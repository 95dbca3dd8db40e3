"""The simulator: from intents to records, a bar at a time, with all state in flat arrays.

On each bar, in this order:

1. Entries that wait from earlier bars, in the order of intents: filled, refused or cancelled.
   When as many positions are open as may be, all others that wait are refused.
2. Open positions, oldest first, those entered on this bar included. A market exit due is done
   at the open. A bar that opens beyond the stop is out at the open, one that opens beyond a
   target takes it there. Then stop and targets inside the bar, in the order the terms choose.
   Then, at the close: out at the end of the session (or planned for the next open, where the
   terms say so), or an exit for the next open, or a new stop.
3. Intents of this bar: sized and admitted, or refused.

A position entered inside the bar meets the entry price first. What the bar did before is not
known: its worst price counts against the position, and for a limit entry only the close counts
in favour (under `target_first`: the best price).

Every function runs as plain Python and under numba with the same results: only whole
numbers, no division by what may be 0, nothing that wraps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.execution import records as out
from engine.execution import state as at
from engine.execution.fills import LIMIT, MARKET, NEVER, STOP, fill, rest_of_bar
from engine.execution.records import Kind, Reason
from engine.execution.sizing import (
    MILLION,
    UNKNOWN_SIZE,
    contracts,
    lost_too_much_today,
    portion_up,
)

if TYPE_CHECKING:
    from engine.execution.state import Cells, Desk, Tape

_INTENT: Final = int(Kind.INTENT)
_REFUSED: Final = int(Kind.REFUSED)
_CANCELLED: Final = int(Kind.CANCELLED)
_FILL: Final = int(Kind.FILL)
_MOVE: Final = int(Kind.MOVE)
_EXIT: Final = int(Kind.EXIT)
_CLOSED: Final = int(Kind.CLOSED)
_REDUCED: Final = int(Kind.REDUCED)
_RESTORED: Final = int(Kind.RESTORED)
_LATCH: Final = int(Kind.LATCH)

_POSITION_OPEN: Final = int(Reason.POSITION_OPEN)
_DRAWDOWN_LATCH: Final = int(Reason.DRAWDOWN_LATCH)
_DAILY_LOSS: Final = int(Reason.DAILY_LOSS)
_TOO_SMALL: Final = int(Reason.TOO_SMALL)
_SIZE_UNKNOWN: Final = int(Reason.SIZE_UNKNOWN)
_SESSION_OVER: Final = int(Reason.SESSION_OVER)
_FILL_BEYOND_STOP: Final = int(Reason.FILL_BEYOND_STOP)
_RR_AFTER_FILL: Final = int(Reason.RR_AFTER_FILL)
_ENTRY_EXPIRED: Final = int(Reason.ENTRY_EXPIRED)
_STOP: Final = int(Reason.STOP)
_SESSION_END: Final = int(Reason.SESSION_END)
_TIME: Final = int(Reason.TIME)
_BREAK_EVEN: Final = int(Reason.BREAK_EVEN)
_TRAIL: Final = int(Reason.TRAIL)
_TARGETS: Final = len(Reason)

_FAR: Final = 1 << 62
_REACHED: Final = -1
_RECORDS_A_POSITION: Final = 8
_RECORDS_AN_INTENT: Final = 3
_BLOCK: Final = 16


def simulate(tape: Tape, desk: Desk, stop: int) -> int:
    """Simulate from the book's next row up to, not including, `stop`; how many records it wrote.

    The records come as zeros. Returns early, with the next row in the book, when they are full
    (call again with room) or an amount left its range (FAULT). Rows on which nothing can happen
    are skipped. Any division into calls writes the same records.
    """
    book = desk.book
    book[at.WRITTEN] = 0
    row = book[at.NEXT_ROW]
    while row < stop and book[at.FAULT] == 0:
        if book[at.WAITING] == 0:
            row = skip_quiet_rows(tape, desk, row, stop)
        if row >= stop or not has_room(desk, row):
            break
        turn_date(tape, book, row)
        take_bar(tape, book, row)
        trade_bar(desk, row)
        row += 1
    book[at.NEXT_ROW] = row
    return book[at.WRITTEN]


# --- rows -----------------------------------------------------------------------------------


def skip_quiet_rows(tape: Tape, desk: Desk, row: int, stop: int) -> int:
    """The first row from `row` on at which something may happen, at most `stop`; none waits."""
    book, offers = desk.book, desk.offers
    stride = at.OFFER_TARGETS + book[at.TARGETS]
    following = book[at.NEXT_OFFER] * stride
    unheard = book[at.SILENT] == 1 and book[at.OPEN] >= book[at.RULES + at.POSITIONS]
    if following < len(offers) and not unheard:
        stop = min(stop, max(row, offers[following + at.OFFER_ROW]))
    if book[at.OPEN] == 0:
        return stop
    if book[at.OPEN] > 1:
        return row
    row = skip_quiet_bars(tape, book, row, stop)
    if unheard:
        while following < len(offers) and offers[following + at.OFFER_ROW] < row:
            book[at.NEXT_OFFER] += 1
            following += stride
    return row


def skip_quiet_bars(tape: Tape, book: Cells, row: int, stop: int) -> int:
    """The same with one open position, whose excursions grow by the bars skipped."""
    start = position_at(book, 0)
    side, date = book[start + at.SIDE], book[at.DATE]
    base = at.RULES + side * at.RULE_CELLS
    watched = book[base + at.LEAVES] + book[base + at.TRAILS] + book[base + at.EVEN]
    if watched > 0 or book[start + at.LEAVING] != 0 or book[start + at.BOOKED] != date:
        return row
    stop = min(stop, max(row, tape.start[date + 1]), max(row, tape.over[date]))
    if tape.closing[date] >= row:
        stop = min(stop, tape.closing[date])
    if book[base + at.AFTER] > 0:
        stop = min(stop, max(row, book[start + at.ENTERED] + book[base + at.AFTER] - 1))
    ceiling, floor = book[start + at.STOP_AT], -book[start + at.NEAREST]
    if side == 1:
        ceiling, floor = book[start + at.NEAREST], book[start + at.STOP_AT]
    if row < stop:
        quiet = quiet_bars(tape.high[row:stop], tape.low[row:stop], ceiling, floor, book, start)
        row += quiet
    return row


def quiet_bars(highs: Cells, lows: Cells, ceiling: int, floor: int, book: Cells, start: int) -> int:
    """How many bars from the first on lie between two prices; the excursions reach theirs.

    Whole blocks first, each asked at once: compiled code asks several bars in one step. Where
    nobody hears of excursions, and no rule asks for them, they are left as they are.
    """
    count = 0
    while count + _BLOCK <= len(highs):
        beyond = False
        for place in range(count, count + _BLOCK):
            beyond |= (highs[place] >= ceiling) | (lows[place] <= floor)
        if beyond:
            break
        count += _BLOCK
    while count < len(highs) and highs[count] < ceiling and lows[count] > floor:
        count += 1
    if book[at.SILENT] == 0:
        highest = lowest = book[start + at.PRICE]
        for place in range(count):
            highest = max(highest, highs[place])
            lowest = min(lowest, lows[place])
        stretch(book, start, highest)
        stretch(book, start, lowest)
    return count


def has_room(desk: Desk, row: int) -> bool:
    """Whether the records can hold all that this bar may write."""
    book, offers = desk.book, desk.offers
    stride = at.OFFER_TARGETS + book[at.TARGETS]
    first = following = book[at.NEXT_OFFER] * stride
    while following < len(offers) and offers[following + at.OFFER_ROW] == row:
        following += stride
    offered = (following - first) // stride + book[at.WAITING]
    held = book[at.OPEN] + book[at.WAITING]
    needed = offered * _RECORDS_AN_INTENT + held * (_RECORDS_A_POSITION + book[at.TARGETS])
    return (book[at.WRITTEN] + needed + 1) * out.WIDTH <= len(desk.records)


def turn_date(tape: Tape, book: Cells, row: int) -> None:
    """Move the book to the row's trading date."""
    while book[at.DATE] + 2 < len(tape.start) and row >= tape.start[book[at.DATE] + 1]:
        book[at.DATE] += 1
        book[at.DATE_CASH] = book[at.CASH]


def take_bar(tape: Tape, book: Cells, row: int) -> None:
    """Put all that is known of the row into the book."""
    book[at.BAR_OPEN] = tape.open[row]
    book[at.BAR_HIGH] = tape.high[row]
    book[at.BAR_LOW] = tape.low[row]
    book[at.BAR_CLOSE] = tape.close[row]
    book[at.BAR_OVER] = int(row >= tape.over[book[at.DATE]])
    book[at.BAR_CLOSING] = int(row == tape.closing[book[at.DATE]])
    if book[at.RULES + at.TRAILS] == 1:
        book[at.BAR_TRAIL] = tape.trail_short[row]
        book[at.BAR_TRAIL + 1] = tape.trail_long[row]
    if book[at.RULES + at.LEAVES] == 1:
        book[at.BAR_LEAVE] = tape.leave_short[row]
        book[at.BAR_LEAVE + 1] = tape.leave_long[row]


def trade_bar(desk: Desk, row: int) -> None:
    """Everything that happens on one bar."""
    book, offers = desk.book, desk.offers
    if book[at.WAITING] > 0:
        enter(desk, row)
    slot = 0
    while slot < book[at.OPEN]:
        start = position_at(book, slot)
        manage(desk, row, start)
        if book[start + at.LEFT] == 0:
            settle(desk, row, start)
        else:
            slot += 1
    stride = at.OFFER_TARGETS + book[at.TARGETS]
    cell = book[at.NEXT_OFFER] * stride
    while cell < len(offers) and offers[cell + at.OFFER_ROW] == row:
        admit(desk, row, book[at.NEXT_OFFER])
        book[at.NEXT_OFFER] += 1
        cell += stride


def write(desk: Desk, row: int, kind: int, intent: int, side: int, reason: int) -> int:
    """Begin a record; returns where its cells start, the rest of them 0 as they came.

    What nobody wants to hear goes to the last place, over and over.
    """
    records = desk.records
    if desk.book[at.SILENT] == 1 and kind not in (_FILL, _EXIT, _CLOSED):
        return len(records) - out.WIDTH
    start = desk.book[at.WRITTEN] * out.WIDTH
    desk.book[at.WRITTEN] += 1
    records[start + out.ROW] = row
    records[start + out.KIND] = kind
    records[start + out.INTENT] = intent
    records[start + out.SIDE] = side
    records[start + out.REASON] = reason
    return start


def position_at(book: Cells, slot: int) -> int:
    """Where the cells of an open position begin; 0 is the oldest."""
    targets = book[at.TARGETS]
    return at.SHARES + targets + slot * (at.PARTS + targets)


def offer_at(book: Cells, intent: int) -> int:
    """Where the cells of an intent begin."""
    return intent * (at.OFFER_TARGETS + book[at.TARGETS])


# --- entries --------------------------------------------------------------------------------


def admit(desk: Desk, row: int, intent: int) -> None:
    """Size an intent at its decision price and let it wait for its entry, or refuse it."""
    book, offers, records = desk.book, desk.offers, desk.records
    cell = offer_at(book, intent)
    side = offers[cell + at.OFFER_SIDE]
    base = at.RULES + side * at.RULE_CELLS
    price = decided_at(desk, intent)
    distance = (2 * side - 1) * (price - offers[cell + at.OFFER_STOP])
    reason, planned = refusal(book, base), 0
    if reason == 0:
        planned = contracts(book, base, distance, offers[cell + at.OFFER_ATR])
        if planned == UNKNOWN_SIZE:
            reason, planned = _SIZE_UNKNOWN, 0
        elif planned < max(book[base + at.MINIMUM], 1):
            reason, planned = _TOO_SMALL, 0
    record = write(desk, row, _INTENT, intent, side, 0)
    records[record + out.PRICE] = price
    records[record + out.CONTRACTS] = planned
    records[record + out.STOP] = offers[cell + at.OFFER_STOP]
    if reason != 0:
        record = write(desk, row, _REFUSED, intent, side, reason)
        records[record + out.PRICE] = price
        return
    offers[cell + at.OFFER_PLANNED] = planned
    offers[cell + at.OFFER_PLACED] = book[at.DATE]
    book[at.WAITING] += 1


def decided_at(desk: Desk, intent: int) -> int:
    """The price an intent is sized at: its own level, or the close for a market entry."""
    book, offers = desk.book, desk.offers
    cell = offer_at(book, intent)
    if book[at.RULES + offers[cell + at.OFFER_SIDE] * at.RULE_CELLS + at.ORDER] == MARKET:
        return offers[cell + at.OFFER_CLOSE]
    return offers[cell + at.OFFER_PRICE]


def refusal(book: Cells, base: int) -> int:
    """Why no position may be asked for at this row's close; 0: it may."""
    if book[at.OPEN] >= book[base + at.POSITIONS]:
        return _POSITION_OPEN
    if book[at.IS_LATCHED] == 1:
        return _DRAWDOWN_LATCH
    if lost_too_much_today(book, book[base + at.DAILY_LOSS]):
        return _DAILY_LOSS
    if book[at.BAR_OVER] == 1 or book[at.BAR_CLOSING] == 1:
        return _SESSION_OVER
    return 0


def enter(desk: Desk, row: int) -> None:
    """Try the entries that wait, oldest first; with the last place taken, refuse the others."""
    book = desk.book
    most = book[at.RULES + at.POSITIONS]
    for intent in range(book[at.OLDEST], book[at.NEXT_OFFER]):
        if is_waiting(desk, intent) and book[at.OPEN] < most:
            try_entry(desk, row, intent)
    if book[at.OPEN] >= most:
        for intent in range(book[at.OLDEST], book[at.NEXT_OFFER]):
            if is_waiting(desk, intent):
                drop(desk, row, _REFUSED, intent, _POSITION_OPEN, decided_at(desk, intent))
    while book[at.OLDEST] < book[at.NEXT_OFFER] and not is_waiting(desk, book[at.OLDEST]):
        book[at.OLDEST] += 1


def is_waiting(desk: Desk, intent: int) -> bool:
    """Whether the intent was admitted and its entry is neither done nor dropped."""
    return desk.offers[offer_at(desk.book, intent) + at.OFFER_PLANNED] > 0


def drop(desk: Desk, row: int, kind: int, intent: int, reason: int, price: int) -> None:
    """End the waiting of an intent without a position."""
    cell = offer_at(desk.book, intent)
    record = write(desk, row, kind, intent, desk.offers[cell + at.OFFER_SIDE], reason)
    desk.records[record + out.PRICE] = price
    desk.records[record + out.CONTRACTS] = desk.offers[cell + at.OFFER_PLANNED]
    desk.offers[cell + at.OFFER_PLANNED] = 0
    desk.book[at.WAITING] -= 1


def try_entry(desk: Desk, row: int, intent: int) -> None:
    """Fill, refuse, cancel or leave waiting the entry of an intent on this bar."""
    book, offers = desk.book, desk.offers
    cell = offer_at(book, intent)
    side = offers[cell + at.OFFER_SIDE]
    sign, base = 2 * side - 1, at.RULES + side * at.RULE_CELLS
    if is_past_session(book, offers[cell + at.OFFER_PLACED]):
        drop(desk, row, _CANCELLED, intent, _SESSION_OVER, decided_at(desk, intent))
        return
    raw = entry_met(desk, intent)
    if raw == NEVER:
        if row - offers[cell + at.OFFER_ROW] >= book[base + at.VALID]:
            drop(desk, row, _CANCELLED, intent, _ENTRY_EXPIRED, decided_at(desk, intent))
        return
    price = raw if book[base + at.ORDER] == LIMIT else raw + sign * book[base + at.SLIPPAGE]
    reason = refusal_on_fill(desk, cell, raw, price)
    if reason == 0:
        hold(desk, row, intent, raw, price)
    else:
        drop(desk, row, _REFUSED, intent, reason, price)


def is_past_session(book: Cells, date: int) -> bool:
    """Whether the session of a trading date is over when this bar opens."""
    if book[at.FLATTENS] == 0:
        return False
    return book[at.DATE] > date or book[at.BAR_OVER] == 1


def refusal_on_fill(desk: Desk, cell: int, raw: int, price: int) -> int:
    """Why the fill must not become a position; 0: it may.

    The stop is compared with the market's own price, the reward with the price paid for it. A
    live adapter learns of the fill when it is done and flattens at once instead.
    """
    book, offers = desk.book, desk.offers
    side = offers[cell + at.OFFER_SIDE]
    sign, base = 2 * side - 1, at.RULES + side * at.RULE_CELLS
    if book[at.IS_LATCHED] == 1:
        return _DRAWDOWN_LATCH
    if lost_too_much_today(book, book[base + at.DAILY_LOSS]):
        return _DAILY_LOSS
    stop = offers[cell + at.OFFER_STOP]
    if sign * (raw - stop) <= 0:
        return _FILL_BEYOND_STOP
    if book[at.TARGETS] > 0:
        reward = sign * (offers[cell + at.OFFER_TARGETS] - price)
        least = book[base + at.RR_MIN] * sign * (price - stop)
        if reward <= 0 or reward * MILLION < least:
            return _RR_AFTER_FILL
    return 0


def hold(desk: Desk, row: int, intent: int, raw: int, price: int) -> None:
    """Open the position of an intent: its fill, and its contracts shared out to the targets."""
    book, offers, records = desk.book, desk.offers, desk.records
    cell = offer_at(book, intent)
    side, stop = offers[cell + at.OFFER_SIDE], offers[cell + at.OFFER_STOP]
    size = offers[cell + at.OFFER_PLANNED]
    costs = size * book[at.RULES + side * at.RULE_CELLS + at.COMMISSION]
    start = position_at(book, book[at.OPEN])
    for one in range(start, start + at.PARTS):
        book[one] = 0
    book[start + at.INTENT] = intent
    book[start + at.SIDE] = side
    book[start + at.ENTERED] = row
    book[start + at.BOOKED] = book[at.DATE]
    book[start + at.RAW] = raw
    book[start + at.PRICE] = price
    book[start + at.STOP_AT] = stop
    book[start + at.FIRST_STOP] = stop
    book[start + at.CONTRACTS] = size
    book[start + at.LEFT] = size
    book[start + at.COSTS] = costs
    share_out(book, start, size)
    find_nearest(desk, start)
    book[at.OPEN] += 1
    book[at.WAITING] -= 1
    offers[cell + at.OFFER_PLANNED] = 0
    record = write(desk, row, _FILL, intent, side, 0)
    records[record + out.PRICE] = price
    records[record + out.CONTRACTS] = size
    records[record + out.COMMISSION] = costs
    records[record + out.STOP] = stop
    records[record + out.ENTERED] = row


def share_out(book: Cells, start: int, size: int) -> None:
    """Contracts to targets: each share rounded down, what that leaves to the last one."""
    targets, together, given = book[at.TARGETS], 0, 0
    for target in range(targets):
        share = book[at.SHARES + target]
        together += share
        part = size * share // MILLION
        if target == targets - 1:
            part = size * together // MILLION - given
        book[start + at.PARTS + target] = part
        given += part


def find_nearest(desk: Desk, start: int) -> None:
    """Keep the nearest target not reached yet at hand, so that most bars need one comparison."""
    book, offers = desk.book, desk.offers
    sign = 2 * book[start + at.SIDE] - 1
    prices = offer_at(book, book[start + at.INTENT]) + at.OFFER_TARGETS
    nearest = _FAR
    for target in range(book[at.TARGETS]):
        if book[start + at.PARTS + target] != _REACHED:
            nearest = min(nearest, sign * offers[prices + target])
    book[start + at.NEAREST] = nearest


# --- positions ------------------------------------------------------------------------------


def manage(desk: Desk, row: int, start: int) -> None:
    """What a bar does to an open position."""
    book = desk.book
    side, opened = book[start + at.SIDE], book[at.BAR_OPEN]
    base = at.RULES + side * at.RULE_CELLS
    if book[start + at.LEAVING] != 0:
        leave(desk, row, start, opened, book[start + at.LEAVING])
        return
    if is_past_session(book, book[start + at.BOOKED]):
        leave(desk, row, start, opened, _SESSION_END)
        return
    first, high, low = opened, book[at.BAR_HIGH], book[at.BAR_LOW]
    if row == book[start + at.ENTERED]:
        first = book[start + at.RAW]
        if book[base + at.ORDER] == LIMIT and first != opened and book[base + at.STOP_FIRST] == 1:
            high, low = rest_of_bar(2 * side - 1, first, high, low, book[at.BAR_CLOSE])
    if is_touched(book, start, high, low):
        meet(desk, row, start, first, first, first, 1)
        meet(desk, row, start, first, high, low, book[base + at.STOP_FIRST])
        if book[start + at.LEFT] == 0:
            return
    stretch(book, start, high)
    stretch(book, start, low)
    if book[at.BAR_CLOSING] == 1:
        if book[base + at.FLAT_LATER] == 1:
            book[start + at.LEAVING] = _SESSION_END
        else:
            leave(desk, row, start, book[at.BAR_CLOSE], _SESSION_END)
        return
    plan_exit(book, row, start)
    if book[start + at.LEAVING] == 0:
        move_stop(desk, row, start)


def is_touched(book: Cells, start: int, high: int, low: int) -> bool:
    """Whether a bar of this range reaches the stop or the nearest target."""
    if book[start + at.SIDE] == 1:
        return low <= book[start + at.STOP_AT] or high >= book[start + at.NEAREST]
    return high >= book[start + at.STOP_AT] or -low >= book[start + at.NEAREST]


def meet(
    desk: Desk, row: int, start: int, first: int, high: int, low: int, stop_first: int
) -> None:
    """Fill the stop and the targets that prices from `first` on reach."""
    if stop_first == 1:
        meet_stop(desk, row, start, first, high, low)
    meet_targets(desk, row, start, first, high, low)
    if stop_first == 0:
        meet_stop(desk, row, start, first, high, low)


def meet_stop(desk: Desk, row: int, start: int, first: int, high: int, low: int) -> None:
    """Out of all that is left where the stop is reached."""
    book = desk.book
    if book[start + at.LEFT] == 0:
        return
    price = stop_met(desk, start, first, high, low)
    if price != NEVER:
        take_out(desk, row, start, price, book[start + at.LEFT], _STOP)


def meet_targets(desk: Desk, row: int, start: int, first: int, high: int, low: int) -> None:
    """Take each target that is reached; one whose share is no contract is only marked."""
    book = desk.book
    for target in range(book[at.TARGETS]):
        part = book[start + at.PARTS + target]
        if part == _REACHED or book[start + at.LEFT] == 0:
            continue
        price = target_met(desk, start, target, first, high, low)
        if price != NEVER:
            book[start + at.PARTS + target] = _REACHED
            find_nearest(desk, start)
            if part > 0:
                take_out(desk, row, start, price, part, _TARGETS + target)


def leave(desk: Desk, row: int, start: int, price: int, reason: int) -> None:
    """Out of all that is left, at the market when it is at `price`."""
    take_out(desk, row, start, market_paid(desk, start, price), desk.book[start + at.LEFT], reason)


def take_out(desk: Desk, row: int, start: int, price: int, size: int, reason: int) -> None:
    """Book the exit of so many contracts."""
    book, records = desk.book, desk.records
    side = book[start + at.SIDE]
    base = at.RULES + side * at.RULE_CELLS
    ticks = (2 * side - 1) * (price - book[start + at.PRICE])
    gross = ticks * size * book[base + at.TICK_VALUE]
    costs = size * book[base + at.COMMISSION]
    book[start + at.LEFT] -= size
    book[start + at.GROSS] += gross
    book[start + at.COSTS] += costs
    book[start + at.LAST_REASON] = reason
    stretch(book, start, price)
    record = write(desk, row, _EXIT, book[start + at.INTENT], side, reason)
    records[record + out.PRICE] = price
    records[record + out.CONTRACTS] = size
    records[record + out.COMMISSION] = costs
    records[record + out.GROSS] = gross
    records[record + out.ENTERED] = book[start + at.ENTERED]


def stretch(book: Cells, start: int, price: int) -> None:
    """Let the excursions reach a price the position has met."""
    ticks = (2 * book[start + at.SIDE] - 1) * (price - book[start + at.PRICE])
    book[start + at.FAVOUR] = max(book[start + at.FAVOUR], ticks)
    book[start + at.AGAINST] = max(book[start + at.AGAINST], -ticks)


def plan_exit(book: Cells, row: int, start: int) -> None:
    """Note a market exit for the next open: the time is up, or a condition is true."""
    side = book[start + at.SIDE]
    base = at.RULES + side * at.RULE_CELLS
    condition = book[at.BAR_LEAVE + side]
    if 0 < book[base + at.AFTER] <= row - book[start + at.ENTERED] + 1:
        book[start + at.LEAVING] = _TIME
    elif book[base + at.LEAVES] == 1 and condition > 0:
        book[start + at.LEAVING] = _TARGETS + book[at.TARGETS] + condition - 1


def move_stop(desk: Desk, row: int, start: int) -> None:
    """Break-even, then trailing: a stop only ever moves in favour."""
    book = desk.book
    side = book[start + at.SIDE]
    sign, base = 2 * side - 1, at.RULES + side * at.RULE_CELLS
    price, won = book[start + at.PRICE], book[start + at.FAVOUR] * MILLION
    risk = sign * (price - book[start + at.FIRST_STOP])
    if book[base + at.EVEN] == 1 and book[start + at.MOVED_EVEN] == 0:
        target = book[base + at.EVEN_TARGET]
        if target >= 0:
            due = book[start + at.PARTS + target] == _REACHED
        else:
            due = won >= book[base + at.EVEN_R] * risk
        if due:
            book[start + at.MOVED_EVEN] = 1
            place_stop(desk, row, start, price + sign * book[base + at.EVEN_OFFSET], _BREAK_EVEN)
    if book[base + at.TRAILS] == 1 and won >= book[base + at.TRAIL_R] * risk:
        trail = book[at.BAR_TRAIL + side]
        if trail != NEVER:
            place_stop(desk, row, start, trail, _TRAIL)


def place_stop(desk: Desk, row: int, start: int, price: int, reason: int) -> None:
    """Move the stop to `price` where that is closer."""
    book = desk.book
    side, before = book[start + at.SIDE], book[start + at.STOP_AT]
    if (2 * side - 1) * (price - before) <= 0:
        return
    book[start + at.STOP_AT] = price
    record = write(desk, row, _MOVE, book[start + at.INTENT], side, reason)
    desk.records[record + out.PRICE] = before
    desk.records[record + out.STOP] = price
    desk.records[record + out.ENTERED] = book[start + at.ENTERED]


# --- what the market answers: the only places where prices of fills come from ------------------
# (`engine.execution.hosted` puts other answers here)


def entry_met(desk: Desk, intent: int) -> int:
    """The market's price at which the entry of an intent is filled on this bar, or `NEVER`.

    Slippage is not in it yet.
    """
    book, offers = desk.book, desk.offers
    cell = offer_at(book, intent)
    side = offers[cell + at.OFFER_SIDE]
    order = book[at.RULES + side * at.RULE_CELLS + at.ORDER]
    level, opened = offers[cell + at.OFFER_PRICE], book[at.BAR_OPEN]
    return fill(order, 2 * side - 1, level, opened, book[at.BAR_HIGH], book[at.BAR_LOW], 0)


def stop_met(desk: Desk, start: int, first: int, high: int, low: int) -> int:
    """The price paid where prices from `first` on reach a position's stop, or `NEVER`."""
    book = desk.book
    side = book[start + at.SIDE]
    slippage = book[at.RULES + side * at.RULE_CELLS + at.SLIPPAGE]
    return fill(STOP, 1 - 2 * side, book[start + at.STOP_AT], first, high, low, slippage)


def target_met(desk: Desk, start: int, target: int, first: int, high: int, low: int) -> int:
    """The price paid where prices from `first` on reach one of its targets, or `NEVER`."""
    book, offers = desk.book, desk.offers
    prices = offer_at(book, book[start + at.INTENT]) + at.OFFER_TARGETS
    sign = 1 - 2 * book[start + at.SIDE]
    return fill(LIMIT, sign, offers[prices + target], first, high, low, 0)


def market_paid(desk: Desk, start: int, price: int) -> int:
    """The price paid to leave a position at the market when it is at `price`."""
    book = desk.book
    side = book[start + at.SIDE]
    slippage = book[at.RULES + side * at.RULE_CELLS + at.SLIPPAGE]
    return fill(MARKET, 1 - 2 * side, 0, price, price, price, slippage)


# --- money ----------------------------------------------------------------------------------


def settle(desk: Desk, row: int, start: int) -> None:
    """Book a position that is out: the money, the round trip, the limits; free its place."""
    book, records = desk.book, desk.records
    side = book[start + at.SIDE]
    net = book[start + at.GROSS] - book[start + at.COSTS]
    book[at.CASH] += net
    book[at.TOP] = max(book[at.TOP], book[at.CASH])
    book[at.TRADES] += 1
    if net > 0:
        book[at.WINS] += 1
        book[at.WON] += net
    else:
        book[at.LOST] -= net
    if max(abs(book[at.CASH]), book[at.WON], book[at.LOST]) > at.MONEY_LIMIT:
        book[at.FAULT] = 1
    intent, reason = book[start + at.INTENT], book[start + at.LAST_REASON]
    record = write_account(desk, row, _CLOSED, intent, side, reason)
    records[record + out.CONTRACTS] = book[start + at.CONTRACTS]
    records[record + out.COMMISSION] = book[start + at.COSTS]
    records[record + out.GROSS] = book[start + at.GROSS]
    records[record + out.NET] = net
    records[record + out.STOP] = book[start + at.FIRST_STOP]
    records[record + out.MAE] = book[start + at.AGAINST]
    records[record + out.MFE] = book[start + at.FAVOUR]
    records[record + out.ENTERED] = book[start + at.ENTERED]
    watch_drawdown(desk, row)
    free(book, start)


def write_account(desk: Desk, row: int, kind: int, intent: int, side: int, reason: int) -> int:
    """Begin a record that carries the state of the account."""
    record = write(desk, row, kind, intent, side, reason)
    desk.records[record + out.EQUITY] = desk.book[at.CASH]
    desk.records[record + out.PEAK] = desk.book[at.TOP]
    return record


def watch_drawdown(desk: Desk, row: int) -> None:
    """Reduce, restore, latch, as the closed-trade equity lies below its peak."""
    book, peak = desk.book, desk.book[at.TOP]
    drawdown = peak - book[at.CASH]
    reduce_at, latch_at = book[at.RULES + at.REDUCE_AT], book[at.RULES + at.LATCH_AT]
    if reduce_at >= 0:
        reduced = int(drawdown >= portion_up(peak, reduce_at))
        if reduced != book[at.IS_REDUCED]:
            book[at.IS_REDUCED] = reduced
            write_account(desk, row, _REDUCED if reduced == 1 else _RESTORED, -1, -1, 0)
    if latch_at >= 0 and book[at.IS_LATCHED] == 0 and drawdown >= portion_up(peak, latch_at):
        book[at.IS_LATCHED] = 1
        write_account(desk, row, _LATCH, -1, -1, _DRAWDOWN_LATCH)


def free(book: Cells, start: int) -> None:
    """Close the gap a closed position leaves among the open ones."""
    book[at.OPEN] -= 1
    stride = at.PARTS + book[at.TARGETS]
    for cell in range(start, position_at(book, book[at.OPEN])):
        book[cell] = book[cell + stride]
