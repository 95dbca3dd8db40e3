"""What a client orders, withdraws, and asks about orders and fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.gateway import answers, requests
from adapters.gateway.contracts import CONTINUOUS
from adapters.gateway.orders import COMPLETED, DONE
from adapters.gateway.requests import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.gateway.session import Session
    from adapters.gateway.wire import Reader


class Ordering:
    """The orders of one client, and those it may see."""

    def __init__(self, session: Session) -> None:
        """Of this session."""
        self._session = session
        self.gateway = session.gateway

    def place(self, read: Reader) -> None:
        """A new order, a change of one, or the question what one would need."""
        asked = requests.order(read, self._session.version)
        one = self._session.inquiries.one(asked.query)
        if one.kind == CONTINUOUS:
            raise invalid("A continuous future cannot be ordered: name its contract")
        account = asked.account or next(iter(self.gateway.exchange.accounts))
        if account not in self.gateway.exchange.accounts:
            raise invalid(f"Invalid account code '{account}'")
        wanted = requests.ticket(asked, one, account)
        self.gateway.stir()
        if wanted.what_if:
            self.gateway.desk.what_if(self._session, asked.number, one, wanted)
        else:
            self.gateway.desk.place(self._session, asked.number, one, wanted)

    def cancel(self, read: Reader) -> None:
        """Withdraw one of its own orders."""
        read.skip(1)
        number = read.whole()
        self.gateway.stir()
        self.gateway.desk.cancel(self._session, number)

    def cancel_all(self, read: Reader) -> None:
        """Withdraw every order of every client."""
        read.text()
        self.gateway.desk.cancel_all()

    def open_orders(self, read: Reader) -> None:
        """Its own working orders."""
        read.text()
        self._orders(own=True)

    def all_open_orders(self, read: Reader) -> None:
        """Everybody's working orders."""
        read.text()
        self._orders(own=False)

    def _orders(self, *, own: bool) -> None:
        for order in list(self.gateway.exchange.working.values()):
            if not order.hidden and (not own or order.client == self._session.client):
                self._session.send(answers.open_order(self._session.version, order))
                self._session.send(answers.order_status(order))
        self._session.send((53, 1))

    def completed_orders(self, read: Reader) -> None:
        """Orders of today that are done; only those of API clients, if asked."""
        api_only = read.flag()
        since = self.gateway.now - COMPLETED
        for order in self.gateway.exchange.orders.values():
            mine = order.client or not api_only
            if order.status in DONE and order.ended >= since and mine:
                self._session.send(answers.completed_order(self._session.version, order))
        self._session.send((102,))

    def executions(self, read: Reader) -> None:
        """Fills of the trading date that fit a filter, each with its commission."""
        read.skip(1)
        about, client, account = read.whole(), read.whole(0), read.text(40)
        begins, symbol, kind = read.text(40), read.text(40), read.text(10)
        exchange, side = read.text(20), read.text(10)
        since = requests.instant(begins) if begins else 0.0
        since = max(since, self.gateway.day_begins())
        for one in self.gateway.exchange.executions:
            order = one.order
            fits = (
                client in (0, order.client)
                and account in ("", order.ticket.account)
                and symbol in ("", order.contract.symbol)
                and kind in ("", order.contract.kind)
                and exchange in ("", order.contract.exchange)
                and side in ("", order.ticket.action, "BOT" if order.ticket.sign > 0 else "SLD")
                and one.time >= since
            )
            if fits:
                self._session.send(self._session.execution(about, one))
                self._session.send(answers.commission(one))
        self._session.send((55, 1, about))


HANDLERS: Final[Mapping[int, Callable[[Ordering, Reader], None]]] = {
    3: Ordering.place,
    4: Ordering.cancel,
    5: Ordering.open_orders,
    7: Ordering.executions,
    16: Ordering.all_open_orders,
    58: Ordering.cancel_all,
    99: Ordering.completed_orders,
}
"""What answers each request."""
