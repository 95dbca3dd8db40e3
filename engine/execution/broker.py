"""A broker made of closed bars, with the simulator's fill rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from engine.domain.order import BrokerEvent, Fill, Order, OrderKind, Withdrawn
from engine.execution import fills
from engine.execution.terms import SameBar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.execution.terms import Terms

_KINDS: Final[Mapping[OrderKind, int]] = {
    OrderKind.MARKET: fills.MARKET,
    OrderKind.CLOSE: fills.MARKET,
    OrderKind.STOP: fills.STOP,
    OrderKind.LIMIT: fills.LIMIT,
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar in ticks; `minute` is its open."""

    minute: int
    open: int
    high: int
    low: int
    close: int


class SimulatedBroker:
    """Fills orders on the bars it is shown (`engine.ports.Broker`).

    An order works from the bar after it was submitted; one with a parent from the price on at
    which the parent was filled, on the same bar. On each bar: orders without a parent in the order
    they came, then exits at the first price, stops before limits, then inside the bar as
    `same_bar` says.
    """

    def __init__(self, terms: Terms) -> None:
        """`terms`: its slippage and its choice inside a bar; commission is the account's matter."""
        self._terms = terms
        self._orders: dict[str, Order] = {}
        self._entered: dict[str, Bar] = {}
        self._events: list[BrokerEvent] = []
        self._bar = Bar(0, 0, 0, 0, 0)

    def submit(self, order: Order) -> None:
        """Take an order; one at the close is filled there at once."""
        if order.id in self._orders:
            raise ValueError(f"order {order.id} works already: derive another id")
        self._orders[order.id] = order
        if order.kind is OrderKind.CLOSE:
            close = self._bar.close
            self._try(order, replace(self._bar, open=close, high=close, low=close))

    def cancel(self, order_id: str) -> None:
        """Withdraw an order, and with it those that wait for it; one that is done stays done."""
        if self._orders.pop(order_id, None) is not None:
            self._events.append(Withdrawn(order_id, self._bar.minute))
            for child in [one for one in self._orders.values() if one.parent == order_id]:
                self.cancel(child.id)

    def events(self) -> list[BrokerEvent]:
        """What happened since this was last asked."""
        found, self._events = self._events, []
        return found

    def on_bar(self, bar: Bar) -> None:
        """Let one bar pass over the orders."""
        self._bar = bar
        self._entered = {}
        for order in [one for one in self._orders.values() if not one.parent]:
            self._try(order, bar)
        stop_first = self._terms.same_bar is SameBar.STOP_FIRST
        self._pass(stops=True, at_first=True)
        self._pass(stops=False, at_first=True)
        self._pass(stops=stop_first, at_first=False)
        self._pass(stops=not stop_first, at_first=False)

    def _exits(self, *, stops: bool) -> list[Order]:
        """Orders whose parent is filled: either the stops, or the rest."""
        armed = (one for one in self._orders.values() if one.parent not in ("", *self._orders))
        return [one for one in armed if (one.kind is OrderKind.STOP) == stops]

    def _pass(self, *, stops: bool, at_first: bool) -> None:
        for order in self._exits(stops=stops):
            bar = self._entered.get(order.parent, self._bar)
            first = bar.open
            self._try(order, replace(bar, high=first, low=first) if at_first else bar)

    def _try(self, order: Order, bar: Bar) -> None:
        """Fill an order that still works where the bar reaches it."""
        order = self._orders.get(order.id, order)
        if order.id not in self._orders:
            return
        kind, sign = _KINDS[order.kind], order.action.sign
        reach = (kind, sign, order.price or 0, bar.open, bar.high, bar.low)
        price = fills.fill(*reach, self._terms.slippage)
        if price == fills.NEVER:
            return
        del self._orders[order.id]
        self._events.append(Fill(order.id, bar.minute, price, order.contracts))
        self._entered[order.id] = self._seen_after(order, bar, fills.fill(*reach, 0))
        for other in [one for one in self._orders.values() if one.group == order.group != ""]:
            self._take_from(other, order.contracts)

    def _seen_after(self, order: Order, bar: Bar, raw: int) -> Bar:
        """The bar as the orders see it that begin to work with this fill."""
        seen = replace(bar, open=raw)
        inside = order.kind is OrderKind.LIMIT and raw != bar.open
        if inside and self._terms.same_bar is SameBar.STOP_FIRST:
            sign = order.action.sign
            high, low = fills.rest_of_bar(sign, raw, bar.high, bar.low, bar.close)
            seen = replace(seen, high=high, low=low)
        return seen

    def _take_from(self, order: Order, contracts: int) -> None:
        if order.contracts > contracts:
            self._orders[order.id] = replace(order, contracts=order.contracts - contracts)
        else:
            self.cancel(order.id)
