"""The orders: held, armed, matched, reduced, withdrawn. Knows no client and no wire.

How a price is reached is decided by `engine.execution.fills`, as in the simulator: of a range of
prices (a bar, or one step of 5 seconds) entries are met first, then market orders that take a
position back, then what its first price decides, then stops, then limits (or limits first, if so
told). An order whose parent is filled inside the range meets only what can have come after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Final, Protocol

from adapters.gateway.book import Book
from adapters.gateway.contracts import COIN, FUTURE, PAIR
from adapters.gateway.orders import (
    CANCEL_ALL,
    LIMIT,
    MARKET,
    STOP,
    STOP_LIMIT,
    STOPS,
    TRAIL,
    Execution,
    Held,
    Order,
    Status,
)
from adapters.gateway.tape import Range
from engine.execution import fills
from engine.execution.fills import NEVER, fill, rest_of_bar

if TYPE_CHECKING:
    from adapters.gateway.account import Account
    from adapters.gateway.contracts import Contract
    from adapters.gateway.tape import Tape

_FILLS: Final = {MARKET: fills.MARKET, LIMIT: fills.LIMIT, STOP: fills.STOP}
_AT_FIRST: Final = ((True, True), (True, False))
_AROUND_THE_CLOCK: Final = frozenset({PAIR, COIN})


class Children(StrEnum):
    """When the children of a parent that is filled in parts wake up."""

    FULL = "full"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Rules:
    """How orders are filled: slippage in ticks, stop or limit first, fees a contract and fill."""

    slippage: int = 0
    stop_first: bool = True
    commission: Fraction = Fraction(9, 4)
    children: Children = Children.FULL

    def fees(self, contract: Contract, quantity: int) -> Fraction:
        """What is paid for a fill of so many units."""
        return self.commission * quantity / contract.lot


class Audience(Protocol):
    """Who is told what becomes of orders, and who may meddle."""

    def changed(self, order: Order) -> None:
        """An order has another status, price or quantity."""

    def withdrawn(self, order: Order, reason: str) -> None:
        """An order was cancelled."""

    def executed(self, execution: Execution) -> None:
        """Contracts changed hands; the order has its new state already."""

    def share(self, order: Order) -> int:
        """How much of an order that can be filled now is filled now."""

    def wakes(self, order: Order) -> bool:
        """Whether the children of a filled order are armed at once."""


class Exchange(Book):
    """The book of all orders, and how prices move them."""

    def __init__(self, rules: Rules, audience: Audience) -> None:
        """No orders yet."""
        super().__init__()
        self.rules = rules
        self.now = 0.0
        self.accounts: dict[str, Account] = {}
        self.executed = 0
        self._audience = audience

    def release(self, order: Order, tape: Tape | None) -> None:
        """An order that transmits takes its family with it: parent, siblings and children."""
        family = {order.id, order.ticket.parent} - {0}
        woken = [
            one
            for one in sorted(self.working.values(), key=_number)
            if one.client == order.client
            and one.held is Held.TRANSMIT
            and (one is order or one.id in family or one.ticket.parent in family)
        ]
        for one in woken:
            self._wake(one)
        self._meet_now(woken, tape)

    def _wake(self, one: Order) -> None:
        one.hidden = False
        parent = self.known(one.client, one.ticket.parent) if one.ticket.parent else None
        if parent is not None and not self._wakes_children(parent):
            one.held, one.status = Held.CHILD, Status.PRESUBMITTED
            self._audience.changed(one)
        else:
            self.arm(one)

    def _wakes_children(self, parent: Order) -> bool:
        partial = self.rules.children is Children.PARTIAL
        return parent.status is Status.FILLED or (partial and parent.filled > 0)

    def arm(self, one: Order) -> None:
        """Let an order work."""
        if one.level is None:
            one.level = one.ticket.trail_from
        if one.ticket.type in STOPS:
            one.held, one.status = Held.TRIGGER, Status.PRESUBMITTED
        else:
            at_once = one.ticket.type == MARKET
            one.held, one.status = Held.NOT, Status.PRESUBMITTED if at_once else Status.SUBMITTED
        self._audience.changed(one)

    def change(self, order: Order, tape: Tape | None) -> None:
        """The ticket of an order was replaced."""
        order.level, order.hidden = None, False
        if order.held is Held.TRANSMIT and order.ticket.transmit:
            self.release(order, tape)
        else:
            self._audience.changed(order)
            self._meet_now([order], tape)

    def cancel(self, order: Order, reason: str = "") -> None:
        """Withdraw an order and the children that wait for it."""
        if order.done:
            return
        self._finish(order, Status.CANCELLED, reason or "Cancelled by Trader")
        self._audience.withdrawn(order, reason)
        if order.filled == 0:
            for child in self.children(order):
                self.cancel(child, reason)

    def _finish(self, order: Order, status: Status, outcome: str) -> None:
        order.status, order.held = status, Held.NOT
        order.ended, order.outcome = self.now, outcome
        self.working.pop(order.perm, None)

    # --- matching ---------------------------------------------------------------------------

    def _meet_now(self, arrived: list[Order], tape: Tape | None) -> None:
        """Fill what the last price fills of orders that have just come, where somebody trades."""
        if tape is not None and tape.trades and tape.price is not None:
            self._meet_price(tape, tape.price, arrived)

    def meet_first(self, tape: Tape) -> None:
        """Fill what the first price of the bar at hand fills."""
        if self.working and tape.bar is not None:
            self._meet_price(tape, tape.bar.open, list(self.working.values()))

    def _meet_price(self, tape: Tape, price: int, orders: list[Order]) -> None:
        assert tape.seen is not None
        self._meet(tape, Range(tape.seen.begins, price, price, price, price, 0), orders)

    def meet(self, tape: Tape, seen: Range) -> None:
        """Fill what a range of prices fills, then let trailing stops follow it."""
        if self.working:
            self._meet(tape, seen, list(self.working.values()))

    def _meet(self, tape: Tape, seen: Range, orders: list[Order]) -> None:
        mine = [
            one for one in orders if one.contract.instrument == tape.name and _may_meet(one, seen)
        ]
        if not mine:
            return
        for one in mine:
            one.seen = None
        exits = [one for one in mine if self._is_exit(one)]
        for one in mine:
            if one not in exits:
                self._try(one, seen, tape)
        for one in exits:
            if one.works and one.type == MARKET:
                self._try(one, _first_of(one.seen or seen), tape)
        stop_first = self.rules.stop_first
        for at_first, stops in (*_AT_FIRST, (False, stop_first), (False, not stop_first)):
            for one in exits:
                if one.works and one.is_stop == stops:
                    reach = one.seen or seen
                    self._try(one, _first_of(reach) if at_first else reach, tape)
        for one in mine:
            if one.ticket.type == TRAIL and one.works and one.is_stop:
                self._trail(one, one.seen or seen)

    def _is_exit(self, order: Order) -> bool:
        """Whether it takes a position back, or would: children, and what goes against one held."""
        account = self.accounts.get(order.ticket.account)
        held = account.held(order.contract) if account else 0
        return bool(order.ticket.parent) or held * order.ticket.sign < 0

    def _try(self, order: Order, reach: Range, tape: Tape) -> None:
        """Fill an order where the prices reach it, and show its children what is left of them."""
        if not order.works or order.wait_until > self.now:
            return
        if not order.ticket.outside and self._sleeps(order, tape):
            return
        price = self._price(order, reach)
        if price == NEVER:
            return
        kids = self.children(order)
        self.fill(order, price)
        raw = price
        if order.type in (MARKET, STOP, TRAIL):
            raw -= order.ticket.sign * self.rules.slippage
        after = replace(reach, open=raw)
        if order.type == LIMIT and raw != reach.open and self.rules.stop_first:
            high, low = rest_of_bar(order.ticket.sign, raw, reach.high, reach.low, reach.close)
            after = replace(after, high=high, low=low)
        for kid in kids:
            if kid.works:
                kid.seen = after

    def _sleeps(self, order: Order, tape: Tape) -> bool:
        """Whether an order waits for regular hours: simulated stops of futures, all of stocks."""
        kind = order.contract.kind
        if kind in _AROUND_THE_CLOCK or (kind == FUTURE and order.ticket.type not in STOPS):
            return False
        return not tape.hours.is_regular(self.now / 60)

    def _price(self, order: Order, reach: Range) -> int:
        ticket = order.ticket
        kind = order.type
        slip = self.rules.slippage
        if kind == STOP_LIMIT:
            return self._stop_limit(order, reach)
        level = ticket.limit if kind == LIMIT else ticket.stop
        if kind == TRAIL:
            level = self._trail(order, replace(reach, high=reach.open, low=reach.open))
            kind = STOP
        return fill(_FILLS[kind], ticket.sign, level or 0, reach.open, reach.high, reach.low, slip)

    def _stop_limit(self, order: Order, reach: Range) -> int:
        """The price at the trigger where the limit allows it; else it is a limit from now on."""
        ticket = order.ticket
        assert ticket.stop is not None
        assert ticket.limit is not None
        at = fill(fills.STOP, ticket.sign, ticket.stop, reach.open, reach.high, reach.low, 0)
        if at == NEVER:
            return NEVER
        order.triggered, order.held, order.status = True, Held.NOT, Status.SUBMITTED
        order.seen = replace(reach, open=at, high=at, low=at, close=at)
        self._audience.changed(order)
        return at if ticket.sign * (ticket.limit - at) >= 0 else NEVER

    def _trail(self, order: Order, seen: Range) -> int:
        """The level of a trailing stop after these prices; it only ever comes closer."""
        ticket = order.ticket
        best = seen.low if ticket.sign > 0 else seen.high
        distance = ticket.stop or 1
        if ticket.trail_percent:
            distance = max(1, ceil(abs(best) * ticket.trail_percent / 100))
        level = best + ticket.sign * distance
        if order.level is not None:
            level = min(level, order.level) if ticket.sign > 0 else max(level, order.level)
        order.level = level
        return level

    def fill(self, order: Order, price: int) -> None:
        """Fill an order, or as much of it as the audience lets pass, at a price."""
        quantity = min(order.left, max(0, self._audience.share(order)))
        if quantity == 0:
            return
        order.filled += quantity
        order.paid += quantity * price
        order.last = price
        if order.is_stop:
            order.triggered = True
        fees = self.rules.fees(order.contract, quantity)
        order.fees += fees
        order.held = Held.NOT
        order.status = Status.FILLED if order.left <= 0 else Status.SUBMITTED
        account = self.accounts[order.ticket.account]
        gain = account.take(order.contract, order.ticket.sign * quantity, price, fees)
        self.executed += 1
        execution = Execution(
            f"00025b46.{order.perm:08x}.{self.executed:02d}.01",
            order,
            self.now,
            quantity,
            price,
            order.filled,
            order.average,
            fees,
            gain,
        )
        self.executions.append(execution)
        if order.left <= 0:
            self._finish(order, Status.FILLED, f"Filled Size: {order.filled}")
        self._audience.executed(execution)
        self._after_fill(order, quantity)

    def _after_fill(self, order: Order, quantity: int) -> None:
        if self._wakes_children(order) and self._audience.wakes(order):
            self.wake_children(order)
        if order.left <= 0 or order.ticket.oca_type == CANCEL_ALL:
            self.serve(order, self.now)
        for other in self.siblings(order):
            self._reduce(other, quantity, all_of_it=other.ticket.oca_type == CANCEL_ALL)

    def wake_children(self, order: Order) -> None:
        """Arm the children that waited for an order."""
        for child in self.children(order):
            if child.held is Held.CHILD:
                self.arm(child)

    def _reduce(self, order: Order, quantity: int, *, all_of_it: bool) -> None:
        if all_of_it or order.left <= quantity:
            self.cancel(order)
            return
        order.quantity -= quantity
        self._audience.changed(order)

    def correct(self, execution: Execution, price: int) -> Execution:
        """Put another price in the place of an execution's: its id ends in the next number."""
        prefix, _, revision = execution.id.rpartition(".")
        account = self.accounts[execution.order.ticket.account]
        position = account.positions[execution.order.contract.con_id]
        signed = execution.order.ticket.sign * execution.quantity
        shift = signed * (price - execution.price)
        if position.quantity and execution.realized is None:
            position.cost += shift
        else:
            position.realized -= shift * execution.order.contract.tick_value
        corrected = replace(execution, id=f"{prefix}.{int(revision) + 1:02d}", price=price)
        self.executions[self.executions.index(execution)] = corrected
        return corrected


def _number(order: Order) -> int:
    return order.id


def _may_meet(order: Order, seen: Range) -> bool:
    """Whether prices come near an order at all; most orders on most bars are far away."""
    ticket, kind = order.ticket, order.type
    buys = ticket.sign > 0
    if kind == LIMIT and ticket.limit is not None:
        return seen.low <= ticket.limit if buys else seen.high >= ticket.limit
    if kind == STOP and ticket.stop is not None:
        return seen.high >= ticket.stop if buys else seen.low <= ticket.stop
    return True


def _first_of(reach: Range) -> Range:
    """Only the first price of a range."""
    first = reach.open
    return Range(reach.begins, first, first, first, first, 0)
