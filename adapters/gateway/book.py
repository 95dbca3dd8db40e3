"""The orders by their numbers, families and groups: found, kept, forgotten. Nothing is matched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.gateway.orders import Held, Status

if TYPE_CHECKING:
    from adapters.gateway.orders import Execution, Order


class Book:
    """Every order of every client that is not forgotten, and what was executed."""

    def __init__(self) -> None:
        """No orders yet."""
        self.orders: dict[int, Order] = {}
        self.working: dict[int, Order] = {}
        self.executions: list[Execution] = []
        self.taken = 0
        self._perm = 1_500_000_000
        self._ids: dict[tuple[int, int], int] = {}
        self._served: dict[tuple[str, str], float] = {}
        self._used: dict[int, int] = {}

    def add(self, order: Order) -> Order:
        """Take an order; it does nothing yet."""
        self.taken += 1
        order.perm = self._perm + self.taken
        self.orders[order.perm] = self.working[order.perm] = order
        self._ids[order.client, order.id] = order.perm
        return order

    def unsent(self, client: int) -> list[Order]:
        """Orders of a client that were not transmitted."""
        living = self.working.values()
        return [one for one in living if one.client == client and one.held is Held.TRANSMIT]

    def drop(self, order: Order, now: float) -> None:
        """An order that was not transmitted is gone without a word; its number is free again."""
        order.status, order.held = Status.CANCELLED, Held.NOT
        order.ended, order.outcome = now, "never transmitted"
        del self.working[order.perm], self._ids[order.client, order.id]

    def known(self, client: int, number: int) -> Order | None:
        """The order a client means by a number: its latest one of that number."""
        perm = self._ids.get((client, number))
        return None if perm is None else self.orders[perm]

    def is_used_up(self, client: int, number: int) -> bool:
        """Whether a number is not above those of a client's orders that are forgotten."""
        return 0 < number <= self._used.get(client, 0)

    def forget_ids(self) -> None:
        """Let numbers of orders that are done be used again, as after a restart."""
        self._ids = {key: perm for key, perm in self._ids.items() if perm in self.working}
        self._used.clear()

    def forget(
        self, ended_before: float, traded_before: float
    ) -> tuple[list[Order], list[Execution]]:
        """Drop orders that ended, and executions that happened, before an instant; tells which.

        An order stays while a living one names it as its parent.
        """
        living = self.working.values()
        kept = {(one.client, one.ticket.parent) for one in living if one.ticket.parent}
        gone = [
            one
            for one in self.orders.values()
            if one.done and one.ended < ended_before and (one.client, one.id) not in kept
        ]
        for order in gone:
            del self.orders[order.perm]
            if self._ids.get((order.client, order.id)) == order.perm:
                del self._ids[order.client, order.id]
            self._used[order.client] = max(self._used.get(order.client, 0), order.id)
        self._served = {key: when for key, when in self._served.items() if when >= ended_before}
        old = [one for one in self.executions if one.time < traded_before]
        if old:
            self.executions = [one for one in self.executions if one.time >= traded_before]
        return gone, old

    def children(self, order: Order) -> list[Order]:
        """The living orders that name this one as their parent."""
        return [
            one
            for one in self.working.values()
            if one.ticket.parent == order.id and one.client == order.client and order.id
        ]

    def serve(self, order: Order, now: float) -> None:
        """The group of an order has done its work: nobody may join it any more."""
        if order.ticket.oca:
            self._served[order.ticket.account, order.ticket.oca] = now

    def is_served(self, account: str, group: str) -> bool:
        """Whether an order of an OCA group was filled, so that it takes no other one."""
        return (account, group) in self._served

    def siblings(self, order: Order) -> list[Order]:
        """Who is cancelled or reduced with an order: its OCA group, or else its parent's others."""
        group, parent = order.ticket.oca, order.ticket.parent
        return [
            one
            for one in self.working.values()
            if one is not order
            and one.ticket.account == order.ticket.account
            and (
                one.ticket.oca == group
                if group
                else bool(parent)
                and one.client == order.client
                and one.ticket.parent == parent
                and not one.ticket.oca
            )
        ]
