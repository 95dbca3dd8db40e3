"""The kernel on somebody else's floor: its rules and its account, their fills.

The kernel asks the market four questions (the end of its section on positions). Here a `Floor`
answers them: a broker that keeps the orders and says at what price they are filled. Admission,
sizes, limits, moves of the stop and all money stay the kernel's own functions, bound to other
answers: there is no second copy of a rule that could differ.
"""

from __future__ import annotations

from inspect import isfunction
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol

from engine.domain.order import Action, Order, OrderKind
from engine.execution import kernel
from engine.execution import state as at
from engine.execution.fills import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.execution.state import Cells, Desk, Tape

_ACTIONS: Final = (Action.SELL, Action.BUY)
_KINDS: Final = (OrderKind.MARKET, OrderKind.STOP, OrderKind.LIMIT)


class Floor(Protocol):
    """Where orders are kept and filled. Prices are ticks; `NEVER` where an order is not reached.

    It is asked on each bar on which something is open or waits. `first` is the first price an
    order can meet, `high` and `low` bound the rest; all three are equal where only a moment counts.
    """

    def quote(self, order: Order, first: int, high: int, low: int) -> int:
        """The market's own price at which an order would be filled, before slippage."""
        ...

    def fill(self, order: Order, first: int, high: int, low: int) -> int:
        """Fill an order where prices reach it; the price paid.

        It may be for fewer contracts than when it was last kept, and one at the close is new.
        """
        ...

    def keep(self, orders: Sequence[Order]) -> None:
        """The orders that are to work from here on; all others are withdrawn."""
        ...


def hosted_kernel(floor: Floor) -> Callable[[Tape, Desk, int], int]:
    """`kernel.simulate` with every fill from `floor`, for `Simulator(kernel=...)`.

    Plain Python only. A target whose share is no contract has no order: that it was reached is
    seen by the kernel.
    """
    names = copied()
    hold, trade_bar, target_met = names["hold"], names["trade_bar"], names["target_met"]

    def entry_met(desk: Desk, intent: int) -> int:
        book = desk.book
        reach = book[at.BAR_OPEN], book[at.BAR_HIGH], book[at.BAR_LOW]
        return floor.quote(entry_order(desk, intent), *reach)

    def held(desk: Desk, row: int, intent: int, raw: int, price: int) -> None:
        book = desk.book
        reach = book[at.BAR_OPEN], book[at.BAR_HIGH], book[at.BAR_LOW]
        paid = floor.fill(entry_order(desk, intent), *reach)
        hold(desk, row, intent, raw, price if paid == NEVER else paid)

    def stop_met(desk: Desk, start: int, first: int, high: int, low: int) -> int:
        return floor.fill(stop_order(desk.book, start), first, high, low)

    def aim_met(desk: Desk, start: int, target: int, first: int, high: int, low: int) -> int:
        if desk.book[start + at.PARTS + target] == 0:
            met: int = target_met(desk, start, target, first, high, low)
            return met
        return floor.fill(target_order(desk, start, target), first, high, low)

    def market_paid(desk: Desk, start: int, price: int) -> int:
        return floor.fill(leave_order(desk.book, start), price, price, price)

    def traded(desk: Desk, row: int) -> None:
        trade_bar(desk, row)
        floor.keep(list(orders_of(desk)))

    names |= {
        "entry_met": entry_met,
        "hold": held,
        "stop_met": stop_met,
        "target_met": aim_met,
        "market_paid": market_paid,
        "trade_bar": traded,
        "is_touched": lambda *_: True,  # the floor knows
        "skip_quiet_bars": lambda _tape, _book, row, _stop: row,  # it must see every bar
    }
    run: Callable[[Tape, Desk, int], int] = names["simulate"]
    return run


def copied() -> dict[str, Any]:
    """The kernel's names, its functions bound to this very table of names."""
    names = dict(vars(kernel))
    for name, function in vars(kernel).items():
        if isfunction(function) and function.__module__ == kernel.__name__:
            names[name] = FunctionType(function.__code__, names, name, function.__defaults__)
    return names


# --- the orders that a desk implies ---------------------------------------------------------


def orders_of(desk: Desk) -> Iterator[Order]:
    """Every order that has to work after a bar: entries with their brackets, ways out.

    A function of the desk alone, so it is the same after a restart.
    """
    book = desk.book
    for slot in range(book[at.OPEN]):
        start = kernel.position_at(book, slot)
        yield stop_order(book, start)
        for target in range(book[at.TARGETS]):
            if book[start + at.PARTS + target] > 0:
                yield target_order(desk, start, target)
        if book[start + at.LEAVING] != 0:
            yield leave_order(book, start)
    if book[at.WAITING] > 0 and not ends_here(book):
        for intent in range(book[at.OLDEST], book[at.NEXT_OFFER]):
            if kernel.is_waiting(desk, intent):
                yield from bracket(desk, intent)


def ends_here(book: Cells) -> bool:
    """Whether the session ends with the bar at hand: what waits then is not filled any more."""
    return book[at.FLATTENS] == 1 and book[at.BAR_CLOSING] == 1


def bracket(desk: Desk, intent: int) -> Iterator[Order]:
    """The entry of an intent that waits, and its stop and targets, which wait for the entry."""
    book, offers = desk.book, desk.offers
    entry = entry_order(desk, intent)
    cell = kernel.offer_at(book, intent)
    yield entry
    way_out, name = entry.action.opposite, f"{intent}"
    yield Order(f"{intent}/stop", way_out, OrderKind.STOP, entry.contracts,
                offers[cell + at.OFFER_STOP], entry.id, name)  # fmt: skip
    for target, part in enumerate(shares(book, entry.contracts)):
        if part > 0:
            price = offers[cell + at.OFFER_TARGETS + target]
            yield Order(f"{intent}/{target}", way_out, OrderKind.LIMIT, part, price,
                        entry.id, name)  # fmt: skip


def entry_order(desk: Desk, intent: int) -> Order:
    """The entry of an intent that waits."""
    book, offers = desk.book, desk.offers
    cell = kernel.offer_at(book, intent)
    side = offers[cell + at.OFFER_SIDE]
    kind = _KINDS[book[at.RULES + side * at.RULE_CELLS + at.ORDER]]
    price = None if kind is OrderKind.MARKET else offers[cell + at.OFFER_PRICE]
    return Order(f"{intent}/entry", _ACTIONS[side], kind, offers[cell + at.OFFER_PLANNED], price)


def stop_order(book: Cells, start: int) -> Order:
    """The stop of an open position, for all that is left of it."""
    intent, way_out = book[start + at.INTENT], _ACTIONS[1 - book[start + at.SIDE]]
    left, price = book[start + at.LEFT], book[start + at.STOP_AT]
    return Order(f"{intent}/stop", way_out, OrderKind.STOP, left, price, group=f"{intent}")


def target_order(desk: Desk, start: int, target: int) -> Order:
    """One target of an open position, not reached yet and of at least one contract."""
    book = desk.book
    intent, way_out = book[start + at.INTENT], _ACTIONS[1 - book[start + at.SIDE]]
    price = desk.offers[kernel.offer_at(book, intent) + at.OFFER_TARGETS + target]
    part = book[start + at.PARTS + target]
    return Order(f"{intent}/{target}", way_out, OrderKind.LIMIT, part, price, group=f"{intent}")


def leave_order(book: Cells, start: int) -> Order:
    """Out of all that is left: at the next open where that was planned, else at this very price."""
    intent, way_out = book[start + at.INTENT], _ACTIONS[1 - book[start + at.SIDE]]
    kind = OrderKind.MARKET if book[start + at.LEAVING] != 0 else OrderKind.CLOSE
    return Order(f"{intent}/out", way_out, kind, book[start + at.LEFT], group=f"{intent}")


def shares(book: Cells, size: int) -> list[int]:
    """The contracts that so large a position gives each target, by the kernel's own division."""
    start = kernel.position_at(book, book[at.OPEN])  # free as long as an entry waits
    cells = range(start + at.PARTS, start + at.PARTS + book[at.TARGETS])
    before = [book[cell] for cell in cells]
    kernel.share_out(book, start, size)
    parts = [book[cell] for cell in cells]
    for cell, number in zip(cells, before, strict=True):
        book[cell] = number
    return parts
