"""What really happened, told from the gateway's side: the measure of every client."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.gateway.contracts import Contract
    from adapters.gateway.exchange import Exchange
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.orders import Execution, Order


class Truth:
    """Orders, positions and executions as they are, and how long positions stood naked.

    A position is naked while the armed stops on the other side cover less than all of it. A
    stop that waits for its parent, or for regular hours, is not armed. While IB cannot be reached
    behind the gateway nobody can do anything about it: it is counted from when that is over.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Nothing happened yet."""
        self._gateway = gateway
        self._naked: dict[tuple[str, int], float] = {}
        self._is_helpless = False
        self._done: list[Order] = []
        self._traded: list[Execution] = []
        self.longest_naked = 0.0
        self.naked_at: float | None = None

    @property
    def _exchange(self) -> Exchange:
        return self._gateway.exchange

    @property
    def orders(self) -> list[Order]:
        """Every order that reached the gateway, oldest first; see `Config.archive`."""
        return sorted((*self._done, *self._exchange.orders.values()), key=_perm)

    @property
    def working(self) -> list[Order]:
        """The orders that are not done."""
        return list(self._exchange.working.values())

    @property
    def executions(self) -> list[Execution]:
        """Every execution, oldest first; a corrected one as it is now."""
        return [*self._traded, *self._exchange.executions]

    @property
    def order_count(self) -> int:
        """How many orders reached the gateway."""
        return self._exchange.taken

    @property
    def execution_count(self) -> int:
        """How many executions there were."""
        return self._exchange.executed

    def position(self, contract: Contract, account: str = "") -> int:
        """What an account (the first, unless named) holds."""
        accounts = self._exchange.accounts
        return accounts[account or next(iter(accounts))].held(contract)

    @property
    def positions(self) -> dict[tuple[str, str], int]:
        """What is held, by account and local symbol; nothing that is flat."""
        return {
            (name, one.contract.local): one.quantity
            for name, account in self._exchange.accounts.items()
            for one in account.positions.values()
            if one.quantity
        }

    @property
    def filled(self) -> Counter[str]:
        """Contracts filled by order reference."""
        count: Counter[str] = Counter()
        for one in self.executions:
            count[one.order.ticket.ref] += one.quantity
        return count

    @property
    def naked(self) -> bool:
        """Whether a position is naked now."""
        return bool(self._naked)

    def covered(self, account: str, contract: Contract) -> int:
        """How much of a position armed stops would take back."""
        held = self._exchange.accounts[account].held(contract)
        now = self._gateway.now
        return sum(
            order.left
            for order in self._exchange.working.values()
            if order.ticket.account == account
            and order.contract.con_id == contract.con_id
            and order.ticket.sign * held < 0
            and order.works
            and order.is_stop
            and (order.ticket.outside or self._gateway.hours_for(contract).is_regular(now / 60))
        )

    def forget(self, ended_before: float) -> None:
        """A day is over: clients no longer see what was done before; `truth` does if it should."""
        done, traded = self._exchange.forget(ended_before, self._gateway.day_begins())
        if self._gateway.config.archive:
            self._done += done
            self._traded += traded

    def observe(self) -> None:
        """Look at every position; asked before and after everything that happens."""
        now = self._gateway.now
        was_helpless, self._is_helpless = self._is_helpless, self._gateway.is_cut_off
        for name, account in self._exchange.accounts.items():
            for con_id, one in account.positions.items():
                if one.quantity == 0 and not self._naked:
                    continue
                key = (name, con_id)
                bare = one.quantity != 0 and self.covered(name, one.contract) < abs(one.quantity)
                if not bare and key not in self._naked:
                    continue
                if was_helpless:
                    self._naked[key] = now
                since = self._naked.setdefault(key, now)
                if now - since > self.longest_naked:
                    self.longest_naked, self.naked_at = now - since, since
                if not bare:
                    del self._naked[key]


def _perm(order: Order) -> int:
    return order.perm
