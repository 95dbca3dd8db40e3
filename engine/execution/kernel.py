"""The simulator: from intents to records, a bar at a time, with all state in flat arrays.

On each bar, in this order:

1. Entries that wait from earlier bars, in the order of intents: filled, refused or cancelled.
   When as many positions are open as may be, all others that wait are refused.
2. Open positions, oldest first, those entered on this bar included. A market exit due is done
   at the open. A bar that opens beyond the stop is out at the open, one that opens beyond a
   target takes it there. Then stop and targets inside the bar, in the order the terms choose.
   Then, at the close: out at the end of the session, or an exit for the next open, or a new stop.
3. Intents of this bar: sized and admitted, or refused.

A position entered inside the bar meets the entry price first. What the bar did before is not
known: its worst price counts against the position, and for a limit entry only the close counts
in favour (under `target_first`: the best price).

Every function runs as plain Python and under numba with the same results: only whole
numbers, no division by what may be 0, nothing that wraps.
"""

from __future__ import annotations

from typing import Final

from engine.execution import records as out
from engine.execution import state as at
from engine.execution.fills import LIMIT, MARKET, NEVER, STOP, fill
from engine.execution.records import Kind, Reason
from engine.execution.sizing import (
    MILLION,
    UNKNOWN_SIZE,
    contracts,
    lost_too_much_today,
    portion_up,
)
from engine.execution.state import Cells, Desk

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


def simulate(desk: Desk, stop: int) -> int:
    """Simulate from the account's next row up to, not including, `stop`; records written.

    Returns early, with the next row in the account, when the records are full (call again with
    room) or an amount left its range (FAULT). Rows without a position, an order
    or an intent are not looked at. Any division into calls writes the same records.
    """
    account = desk.account
    account[at.WRITTEN] = 0
    row = account[at.NEXT_ROW]
    while row < stop and account[at.FAULT] == 0:
        if account[at.OPEN] == 0 and account[at.WAITING] == 0:
            row = next_offer(desk, row, stop)
            if row >= stop:
                break
        if not has_room(desk, row):
            break
        trade_bar(desk, row)
        row += 1
    account[at.NEXT_ROW] = row
    return account[at.WRITTEN]


def next_offer(desk: Desk, row: int, stop: int) -> int:
    """The row of the next intent, from `row` to `stop`."""
    offer = desk.account[at.NEXT_OFFER]
    if offer >= len(desk.offer_row):
        return stop
    return min(max(row, desk.offer_row[offer]), stop)


def has_room(desk: Desk, row: int) -> bool:
    """Whether the records can hold all that this bar may write."""
    account = desk.account
    offer = account[at.NEXT_OFFER]
    while offer < len(desk.offer_row) and desk.offer_row[offer] == row:
        offer += 1
    offered = offer - account[at.NEXT_OFFER] + account[at.WAITING]
    held = account[at.OPEN] + account[at.WAITING]
    needed = (
        offered * _RECORDS_AN_INTENT + held * (_RECORDS_A_POSITION + len(desk.shares))
    ) * out.WIDTH
    return account[at.WRITTEN] * out.WIDTH + needed <= len(desk.records)


def trade_bar(desk: Desk, row: int) -> None:
    """Everything that happens on one bar."""
    account = desk.account
    turn_date(desk, row)
    if account[at.WAITING] > 0:
        enter(desk, row)
    slot = 0
    while slot < account[at.OPEN]:
        manage(desk, row, slot)
        if desk.positions[slot * at.POSITION_CELLS + at.LEFT] == 0:
            settle(desk, row, slot)
        else:
            slot += 1
    while (
        account[at.NEXT_OFFER] < len(desk.offer_row)
        and desk.offer_row[account[at.NEXT_OFFER]] == row
    ):
        offer(desk, row, account[at.NEXT_OFFER])
        account[at.NEXT_OFFER] += 1


def turn_date(desk: Desk, row: int) -> None:
    """Move the account to the row's trading date."""
    account = desk.account
    while account[at.DATE] + 2 < len(desk.start) and row >= desk.start[account[at.DATE] + 1]:
        account[at.DATE] += 1
        account[at.DATE_CASH] = account[at.CASH]


def write(desk: Desk, row: int, kind: int, intent: int, side: int, reason: int) -> int:
    """Begin a record; returns where its cells start, the rest of them 0."""
    records, account = desk.records, desk.account
    start = account[at.WRITTEN] * out.WIDTH
    account[at.WRITTEN] += 1
    for cell in range(start, start + out.WIDTH):
        records[cell] = 0
    records[start + out.ROW] = row
    records[start + out.KIND] = kind
    records[start + out.INTENT] = intent
    records[start + out.SIDE] = side
    records[start + out.REASON] = reason
    return start


# --- entries --------------------------------------------------------------------------------


def offer(desk: Desk, row: int, intent: int) -> None:
    """Size an intent at its decision price and let it wait for its entry, or refuse it."""
    account = desk.account
    side = desk.offer_side[intent]
    sign, base = 2 * side - 1, side * at.RULE_CELLS
    market = desk.rules[base + at.ORDER] == MARKET
    price = desk.offer_close[intent] if market else desk.offer_price[intent]
    distance = sign * (price - desk.offer_stop[intent])
    reason = refusal(desk, row, side)
    planned = 0
    if reason == 0:
        planned = contracts(account, desk.rules, base, distance, desk.offer_atr[intent])
        if planned == UNKNOWN_SIZE:
            reason, planned = _SIZE_UNKNOWN, 0
        elif planned < max(desk.rules[base + at.MINIMUM], 1):
            reason, planned = _TOO_SMALL, 0
    start = write(desk, row, _INTENT, intent, side, 0)
    desk.records[start + out.PRICE] = price
    desk.records[start + out.CONTRACTS] = planned
    desk.records[start + out.STOP] = desk.offer_stop[intent]
    if reason != 0:
        start = write(desk, row, _REFUSED, intent, side, reason)
        desk.records[start + out.PRICE] = price
        return
    desk.orders[intent * at.ORDER_CELLS + at.PLANNED] = planned
    desk.orders[intent * at.ORDER_CELLS + at.PLACED] = account[at.DATE]
    account[at.WAITING] += 1


def refusal(desk: Desk, row: int, side: int) -> int:
    """Why no position of the side may be asked for at this row's close; 0: it may."""
    account, base = desk.account, side * at.RULE_CELLS
    if account[at.OPEN] >= desk.rules[base + at.POSITIONS]:
        return _POSITION_OPEN
    if account[at.IS_LATCHED] == 1:
        return _DRAWDOWN_LATCH
    if lost_too_much_today(account, desk.rules[base + at.DAILY_LOSS]):
        return _DAILY_LOSS
    date = account[at.DATE]
    if row >= desk.over[date] or row == desk.closing[date]:
        return _SESSION_OVER
    return 0


def enter(desk: Desk, row: int) -> None:
    """Try the entries that wait, oldest first."""
    account, orders = desk.account, desk.orders
    most = desk.rules[at.POSITIONS]
    for intent in range(account[at.OLDEST], account[at.NEXT_OFFER]):
        if orders[intent * at.ORDER_CELLS + at.PLANNED] > 0 and account[at.OPEN] < most:
            try_entry(desk, row, intent)
    if account[at.OPEN] >= most:
        for intent in range(account[at.OLDEST], account[at.NEXT_OFFER]):
            if orders[intent * at.ORDER_CELLS + at.PLANNED] > 0:
                drop(desk, row, _REFUSED, intent, _POSITION_OPEN, decided_at(desk, intent))
    while (
        account[at.OLDEST] < account[at.NEXT_OFFER]
        and orders[account[at.OLDEST] * at.ORDER_CELLS + at.PLANNED] == 0
    ):
        account[at.OLDEST] += 1


def decided_at(desk: Desk, intent: int) -> int:
    """The price an intent was sized at."""
    if desk.rules[desk.offer_side[intent] * at.RULE_CELLS + at.ORDER] == MARKET:
        return desk.offer_close[intent]
    return desk.offer_price[intent]


def drop(desk: Desk, row: int, kind: int, intent: int, reason: int, price: int) -> None:
    """End the waiting of an intent without a position."""
    start = write(desk, row, kind, intent, desk.offer_side[intent], reason)
    cell = intent * at.ORDER_CELLS + at.PLANNED
    desk.records[start + out.PRICE] = price
    desk.records[start + out.CONTRACTS] = desk.orders[cell]
    desk.orders[cell] = 0
    desk.account[at.WAITING] -= 1


def try_entry(desk: Desk, row: int, intent: int) -> None:
    """Fill, refuse, cancel or leave waiting the entry of an intent on this bar."""
    side = desk.offer_side[intent]
    sign, base = 2 * side - 1, side * at.RULE_CELLS
    rules, order = desk.rules, desk.rules[base + at.ORDER]
    if row >= desk.over[desk.orders[intent * at.ORDER_CELLS + at.PLACED]]:
        drop(desk, row, _CANCELLED, intent, _SESSION_OVER, decided_at(desk, intent))
        return
    raw = fill(
        order, sign, desk.offer_price[intent], desk.open[row], desk.high[row], desk.low[row], 0
    )
    if raw == NEVER:
        if row - desk.offer_row[intent] >= rules[base + at.VALID]:
            drop(desk, row, _CANCELLED, intent, _ENTRY_EXPIRED, decided_at(desk, intent))
        return
    price = raw if order == LIMIT else raw + sign * rules[base + at.SLIPPAGE]
    reason = refusal_on_fill(desk, intent, raw, price)
    if reason == 0:
        hold(desk, row, intent, raw, price)
    else:
        drop(desk, row, _REFUSED, intent, reason, price)


def refusal_on_fill(desk: Desk, intent: int, raw: int, price: int) -> int:
    """Why the fill must not become a position; 0: it may.

    The stop is compared with the market's own price, the reward with the price paid for it. A
    live adapter learns of the fill when it is done and flattens at once instead.
    """
    account, side = desk.account, desk.offer_side[intent]
    sign, base = 2 * side - 1, side * at.RULE_CELLS
    if account[at.IS_LATCHED] == 1:
        return _DRAWDOWN_LATCH
    if lost_too_much_today(account, desk.rules[base + at.DAILY_LOSS]):
        return _DAILY_LOSS
    stop = desk.offer_stop[intent]
    if sign * (raw - stop) <= 0:
        return _FILL_BEYOND_STOP
    targets = len(desk.shares)
    if targets > 0:
        reward = sign * (desk.offer_target[intent * targets] - price)
        least = desk.rules[base + at.RR_MIN] * sign * (price - stop)
        if reward <= 0 or reward * MILLION < least:
            return _RR_AFTER_FILL
    return 0


def hold(desk: Desk, row: int, intent: int, raw: int, price: int) -> None:
    """Open the position of an intent: its fill, and its contracts shared out to the targets."""
    account, positions = desk.account, desk.positions
    side = desk.offer_side[intent]
    size = desk.orders[intent * at.ORDER_CELLS + at.PLANNED]
    costs = size * desk.rules[side * at.RULE_CELLS + at.COMMISSION]
    slot = account[at.OPEN]
    start = slot * at.POSITION_CELLS
    for cell in range(start, start + at.POSITION_CELLS):
        positions[cell] = 0
    positions[start + at.INTENT] = intent
    positions[start + at.SIDE] = side
    positions[start + at.ENTERED] = row
    positions[start + at.BOOKED] = account[at.DATE]
    positions[start + at.RAW] = raw
    positions[start + at.PRICE] = price
    positions[start + at.STOP_AT] = desk.offer_stop[intent]
    positions[start + at.FIRST_STOP] = desk.offer_stop[intent]
    positions[start + at.CONTRACTS] = size
    positions[start + at.LEFT] = size
    positions[start + at.COSTS] = costs
    share_out(desk, slot, size)
    find_nearest(desk, slot)
    account[at.OPEN] += 1
    account[at.WAITING] -= 1
    desk.orders[intent * at.ORDER_CELLS + at.PLANNED] = 0
    record = write(desk, row, _FILL, intent, side, 0)
    desk.records[record + out.PRICE] = price
    desk.records[record + out.CONTRACTS] = size
    desk.records[record + out.COMMISSION] = costs
    desk.records[record + out.STOP] = desk.offer_stop[intent]
    desk.records[record + out.ENTERED] = row


def share_out(desk: Desk, slot: int, size: int) -> None:
    """Contracts to targets: each share rounded down, what that leaves to the last one."""
    targets = len(desk.shares)
    together, given = 0, 0
    for target in range(targets):
        together += desk.shares[target]
    for target in range(targets):
        part = size * desk.shares[target] // MILLION
        if target == targets - 1:
            part = size * together // MILLION - given
        desk.parts[slot * targets + target] = part
        given += part


def find_nearest(desk: Desk, slot: int) -> None:
    """Keep the nearest target not reached yet at hand, so that most bars need one comparison."""
    start, targets = slot * at.POSITION_CELLS, len(desk.shares)
    sign = 2 * desk.positions[start + at.SIDE] - 1
    intent = desk.positions[start + at.INTENT]
    nearest = _FAR
    for target in range(targets):
        if desk.parts[slot * targets + target] != _REACHED:
            nearest = min(nearest, sign * desk.offer_target[intent * targets + target])
    desk.positions[start + at.NEAREST] = nearest


# --- positions ------------------------------------------------------------------------------


def manage(desk: Desk, row: int, slot: int) -> None:
    """What a bar does to an open position."""
    positions, start = desk.positions, slot * at.POSITION_CELLS
    date, side = positions[start + at.BOOKED], positions[start + at.SIDE]
    opened = desk.open[row]
    if positions[start + at.LEAVING] != 0:
        leave(desk, row, slot, opened, positions[start + at.LEAVING])
        return
    if row >= desk.over[date]:
        leave(desk, row, slot, opened, _SESSION_END)
        return
    first, high, low = opened, desk.high[row], desk.low[row]
    stop_first = desk.rules[side * at.RULE_CELLS + at.STOP_FIRST]
    if row == positions[start + at.ENTERED]:
        first = positions[start + at.RAW]
        limit = desk.rules[side * at.RULE_CELLS + at.ORDER] == LIMIT
        if limit and first != opened and stop_first == 1:
            if side == 1:
                high = max(first, desk.close[row])
            else:
                low = min(first, desk.close[row])
    if is_touched(positions, start, high, low):
        meet(desk, row, slot, first, first, first, 1)
        meet(desk, row, slot, first, high, low, stop_first)
        if positions[start + at.LEFT] == 0:
            return
    stretch(positions, start, high)
    stretch(positions, start, low)
    if row == desk.closing[date]:
        leave(desk, row, slot, desk.close[row], _SESSION_END)
    else:
        plan_exit(desk, row, start)
        if positions[start + at.LEAVING] == 0:
            move_stop(desk, row, slot)


def is_touched(positions: Cells, start: int, high: int, low: int) -> bool:
    """Whether a bar of this range reaches the stop or the nearest target."""
    if positions[start + at.SIDE] == 1:
        return low <= positions[start + at.STOP_AT] or high >= positions[start + at.NEAREST]
    return high >= positions[start + at.STOP_AT] or -low >= positions[start + at.NEAREST]


def meet(  # noqa: PLR0913 - flat numbers, so that it compiles
    desk: Desk, row: int, slot: int, first: int, high: int, low: int, stop_first: int
) -> None:
    """Fill the stop and the targets that prices from `first` on reach."""
    if stop_first == 1:
        meet_stop(desk, row, slot, first, high, low)
    meet_targets(desk, row, slot, first, high, low)
    if stop_first == 0:
        meet_stop(desk, row, slot, first, high, low)


def meet_stop(desk: Desk, row: int, slot: int, first: int, high: int, low: int) -> None:
    """Out of all that is left where the stop is reached."""
    positions, start = desk.positions, slot * at.POSITION_CELLS
    left = positions[start + at.LEFT]
    if left == 0:
        return
    side = positions[start + at.SIDE]
    slippage = desk.rules[side * at.RULE_CELLS + at.SLIPPAGE]
    price = fill(STOP, 1 - 2 * side, positions[start + at.STOP_AT], first, high, low, slippage)
    if price != NEVER:
        take_out(desk, row, slot, price, left, _STOP)


def meet_targets(desk: Desk, row: int, slot: int, first: int, high: int, low: int) -> None:
    """Take each target that is reached; one whose share is no contract is only marked."""
    positions, start = desk.positions, slot * at.POSITION_CELLS
    targets, intent = len(desk.shares), positions[start + at.INTENT]
    sign = 1 - 2 * positions[start + at.SIDE]
    reached = False
    for target in range(targets):
        part = desk.parts[slot * targets + target]
        if part == _REACHED or positions[start + at.LEFT] == 0:
            continue
        level = desk.offer_target[intent * targets + target]
        price = fill(LIMIT, sign, level, first, high, low, 0)
        if price != NEVER:
            reached = True
            desk.parts[slot * targets + target] = _REACHED
            if part > 0:
                take_out(desk, row, slot, price, part, _TARGETS + target)
    if reached:
        find_nearest(desk, slot)


def leave(desk: Desk, row: int, slot: int, price: int, reason: int) -> None:
    """Out of all that is left, at the market when it is at `price`."""
    start = slot * at.POSITION_CELLS
    side = desk.positions[start + at.SIDE]
    slippage = desk.rules[side * at.RULE_CELLS + at.SLIPPAGE]
    paid = fill(MARKET, 1 - 2 * side, 0, price, price, price, slippage)
    take_out(desk, row, slot, paid, desk.positions[start + at.LEFT], reason)


def take_out(desk: Desk, row: int, slot: int, price: int, size: int, reason: int) -> None:
    """Book the exit of so many contracts."""
    positions, start = desk.positions, slot * at.POSITION_CELLS
    side = positions[start + at.SIDE]
    sign, base = 2 * side - 1, side * at.RULE_CELLS
    ticks = sign * (price - positions[start + at.PRICE])
    gross = ticks * size * desk.rules[base + at.TICK_VALUE]
    costs = size * desk.rules[base + at.COMMISSION]
    positions[start + at.LEFT] -= size
    positions[start + at.GROSS] += gross
    positions[start + at.COSTS] += costs
    positions[start + at.LAST_REASON] = reason
    stretch(positions, start, price)
    record = write(desk, row, _EXIT, positions[start + at.INTENT], side, reason)
    desk.records[record + out.PRICE] = price
    desk.records[record + out.CONTRACTS] = size
    desk.records[record + out.COMMISSION] = costs
    desk.records[record + out.GROSS] = gross
    desk.records[record + out.ENTERED] = positions[start + at.ENTERED]


def stretch(positions: Cells, start: int, price: int) -> None:
    """Let the excursions reach a price the position has met."""
    sign = 2 * positions[start + at.SIDE] - 1
    ticks = sign * (price - positions[start + at.PRICE])
    positions[start + at.FAVOUR] = max(positions[start + at.FAVOUR], ticks)
    positions[start + at.AGAINST] = max(positions[start + at.AGAINST], -ticks)


def plan_exit(desk: Desk, row: int, start: int) -> None:
    """Note a market exit for the next open: the time is up, or a condition is true."""
    positions = desk.positions
    side = positions[start + at.SIDE]
    base = side * at.RULE_CELLS
    rows = desk.rules[base + at.AFTER]
    if 0 < rows <= row - positions[start + at.ENTERED] + 1:
        positions[start + at.LEAVING] = _TIME
    elif desk.rules[base + at.LEAVES] == 1:
        condition = int(desk.leave_long[row] if side == 1 else desk.leave_short[row])
        if condition > 0:
            positions[start + at.LEAVING] = _TARGETS + len(desk.shares) + condition - 1


def move_stop(desk: Desk, row: int, slot: int) -> None:
    """Break-even, then trailing: a stop only ever moves in favour."""
    positions, start = desk.positions, slot * at.POSITION_CELLS
    side = positions[start + at.SIDE]
    sign, base, rules = 2 * side - 1, side * at.RULE_CELLS, desk.rules
    price = positions[start + at.PRICE]
    won = positions[start + at.FAVOUR] * MILLION
    risk = sign * (price - positions[start + at.FIRST_STOP])
    if rules[base + at.EVEN] == 1 and positions[start + at.MOVED_EVEN] == 0:
        target = rules[base + at.EVEN_TARGET]
        if target >= 0:
            due = desk.parts[slot * len(desk.shares) + target] == _REACHED
        else:
            due = won >= rules[base + at.EVEN_R] * risk
        if due:
            positions[start + at.MOVED_EVEN] = 1
            place_stop(desk, row, start, price + sign * rules[base + at.EVEN_OFFSET], _BREAK_EVEN)
    if rules[base + at.TRAILS] == 1 and won >= rules[base + at.TRAIL_R] * risk:
        trail = desk.trail_long[row] if side == 1 else desk.trail_short[row]
        if trail != NEVER:
            place_stop(desk, row, start, trail, _TRAIL)


def place_stop(desk: Desk, row: int, start: int, price: int, reason: int) -> None:
    """Move the stop to `price` where that is closer."""
    positions = desk.positions
    side, before = positions[start + at.SIDE], positions[start + at.STOP_AT]
    if (2 * side - 1) * (price - before) <= 0:
        return
    positions[start + at.STOP_AT] = price
    record = write(desk, row, _MOVE, positions[start + at.INTENT], side, reason)
    desk.records[record + out.PRICE] = before
    desk.records[record + out.STOP] = price
    desk.records[record + out.ENTERED] = positions[start + at.ENTERED]


# --- money ----------------------------------------------------------------------------------


def settle(desk: Desk, row: int, slot: int) -> None:
    """Book a position that is out: the money, the round trip, the limits; free its slot."""
    account, positions, start = desk.account, desk.positions, slot * at.POSITION_CELLS
    side = positions[start + at.SIDE]
    net = positions[start + at.GROSS] - positions[start + at.COSTS]
    account[at.CASH] += net
    account[at.TOP] = max(account[at.TOP], account[at.CASH])
    account[at.TRADES] += 1
    if net > 0:
        account[at.WINS] += 1
        account[at.WON] += net
    else:
        account[at.LOST] -= net
    if max(abs(account[at.CASH]), account[at.WON], account[at.LOST]) > at.MONEY_LIMIT:
        account[at.FAULT] = 1
    intent, reason = positions[start + at.INTENT], positions[start + at.LAST_REASON]
    record = write_account(desk, row, _CLOSED, intent, side, reason)
    desk.records[record + out.CONTRACTS] = positions[start + at.CONTRACTS]
    desk.records[record + out.COMMISSION] = positions[start + at.COSTS]
    desk.records[record + out.GROSS] = positions[start + at.GROSS]
    desk.records[record + out.NET] = net
    desk.records[record + out.STOP] = positions[start + at.FIRST_STOP]
    desk.records[record + out.MAE] = positions[start + at.AGAINST]
    desk.records[record + out.MFE] = positions[start + at.FAVOUR]
    desk.records[record + out.ENTERED] = positions[start + at.ENTERED]
    watch_drawdown(desk, row, side)
    free(desk, slot)


def write_account(desk: Desk, row: int, kind: int, intent: int, side: int, reason: int) -> int:
    """Begin a record that carries the state of the account."""
    record = write(desk, row, kind, intent, side, reason)
    desk.records[record + out.EQUITY] = desk.account[at.CASH]
    desk.records[record + out.PEAK] = desk.account[at.TOP]
    return record


def watch_drawdown(desk: Desk, row: int, side: int) -> None:
    """Reduce, restore, latch, as the closed-trade equity lies below its peak."""
    account, base = desk.account, side * at.RULE_CELLS
    peak = account[at.TOP]
    drawdown = peak - account[at.CASH]
    reduce_at, latch_at = desk.rules[base + at.REDUCE_AT], desk.rules[base + at.LATCH_AT]
    if reduce_at >= 0:
        reduced = 1 if drawdown >= portion_up(peak, reduce_at) else 0
        if reduced != account[at.IS_REDUCED]:
            account[at.IS_REDUCED] = reduced
            write_account(desk, row, _REDUCED if reduced == 1 else _RESTORED, -1, -1, 0)
    if latch_at >= 0 and account[at.IS_LATCHED] == 0 and drawdown >= portion_up(peak, latch_at):
        account[at.IS_LATCHED] = 1
        write_account(desk, row, _LATCH, -1, -1, _DRAWDOWN_LATCH)


def free(desk: Desk, slot: int) -> None:
    """Close the gap a closed position leaves among the open ones."""
    account, targets = desk.account, len(desk.shares)
    account[at.OPEN] -= 1
    for cell in range(slot * at.POSITION_CELLS, account[at.OPEN] * at.POSITION_CELLS):
        desk.positions[cell] = desk.positions[cell + at.POSITION_CELLS]
    for cell in range(slot * targets, account[at.OPEN] * targets):
        desk.parts[cell] = desk.parts[cell + targets]
