"""Order requests: checked, refused in the broker's words, or brought to the exchange."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.gateway import answers
from adapters.gateway.account import money
from adapters.gateway.contracts import FUTURE
from adapters.gateway.orders import Held, Order, Status, Ticket
from adapters.gateway.requests import Refused, invalid

if TYPE_CHECKING:
    from adapters.gateway.account import Margin
    from adapters.gateway.contracts import Contract
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.session import Session

_BY_HAND = 0
"""The client id, and the order number, of what a person does in the broker's own window."""


class Desk:
    """Where orders arrive."""

    def __init__(self, gateway: Gateway) -> None:
        """The gateway whose exchange, faults and sessions it uses."""
        self._gateway = gateway

    def place(self, session: Session, number: int, contract: Contract, ticket: Ticket) -> None:
        """A new order, or a change of the one that has this number."""
        gateway = self._gateway
        if gateway.is_cut_off:
            return
        old = gateway.exchange.known(session.client, number)
        if old is not None:
            self._change(session, old, contract, ticket)
            return
        if gateway.exchange.is_used_up(session.client, number):
            raise Refused(103, "Duplicate order id")
        if gateway.hit("swallow-order") is not None:
            return
        if gateway.hit("lose-before-order") is not None:
            session.close(silently=True)
            return
        self._check(session, contract, ticket)
        self._accept(session, number, contract, ticket)

    def _accept(self, session: Session, number: int, contract: Contract, ticket: Ticket) -> None:
        gateway = self._gateway
        ticket = self._preset(session, number, ticket)
        self._warn(session, number)
        lost = gateway.hit("lose-after-order") is not None
        late = gateway.hit("late-order")
        if late is not None:
            session.flush()
            session.hold(late)
        order = self._add(session.client, number, contract, ticket)
        gateway.next_id = max(gateway.next_id, number + 1)
        if ticket.transmit:
            gateway.exchange.release(order, gateway.tape_of(contract))
            if ticket.tif == "IOC" and not order.done:
                gateway.exchange.cancel(order)
        gateway.truth.observe()
        if lost:
            session.close(silently=True)

    def _add(self, client: int, number: int, contract: Contract, ticket: Ticket) -> Order:
        gateway = self._gateway
        order = Order(number, client, 0, contract, ticket, ticket.quantity, gateway.now)
        gateway.exchange.add(order)
        self._expire(order)
        return order

    def _expire(self, order: Order) -> None:
        """Note when the order dies by itself."""
        gateway, ticket = self._gateway, order.ticket
        until: float | None = ticket.expires
        if ticket.tif == "DAY":
            end = gateway.hours_for(order.contract).session_end(gateway.now / 60)
            until = None if end is None else end * 60.0
        if until is not None:
            asked = ticket.tif

            def expire() -> None:
                if order.ticket.tif == asked and not order.done:
                    gateway.exchange.cancel(order, "expired")

            gateway.at(max(until, gateway.now), expire)

    def _preset(self, session: Session, number: int, ticket: Ticket) -> Ticket:
        if self._gateway.hit("preset-tif") is not None:
            session.error(number, 10349, "Order TIF was set to DAY based on order preset.")
            ticket = replace(ticket, tif="DAY")
        if self._gateway.hit("preset-inside") is not None:
            ticket = replace(ticket, outside=False)
        return ticket

    def _warn(self, session: Session, number: int) -> None:
        for name, code, text in _WARNINGS:
            if self._gateway.hit(name) is not None:
                session.error(number, code, text)
        code_unknown = self._gateway.hit("unknown-code")
        if code_unknown is not None:
            session.error(number, int(code_unknown), "An error that nobody has heard of.")

    def _check(self, session: Session, contract: Contract, ticket: Ticket) -> None:
        """Raise `Refused` for an order that the broker rejects."""
        gateway = self._gateway
        code = gateway.hit("reject-order")
        if code is None and ticket.type.startswith(("STP", "TRAIL")):
            code = gateway.hit("reject-stop")
        if code is not None:
            raise Refused(int(code), "Order rejected - reason:rejected by the exchange")
        if ticket.parent:
            parent = gateway.exchange.known(session.client, ticket.parent)
            if parent is None or parent.status in (Status.CANCELLED, Status.INACTIVE):
                raise Refused(10006, "Missing parent order.")
        if gateway.exchange.is_served(ticket.account, ticket.oca):
            raise Refused(201, "Order rejected - reason:OCA group is already filled.")
        expired = contract.kind == FUTURE and contract.expiry < f"{gateway.today():%Y%m%d}"
        if expired:
            raise Refused(201, "Order rejected - reason:The contract has expired")
        self._check_margin(contract, ticket)

    def _check_margin(self, contract: Contract, ticket: Ticket) -> None:
        gateway = self._gateway
        account = gateway.exchange.accounts[ticket.account]
        short = gateway.hit("reject-margin") is not None
        if not short and gateway.config.check_margin and not ticket.parent:
            after = self._after(contract, ticket)
            before = account.margin()
            short = after.initial > before.initial and after.initial > after.equity
        if short:
            equity = money(account.net)
            raise Refused(
                201,
                "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE "
                "DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
                f"[{equity} {account.currency}] MUST EXCEED THE INITIAL MARGIN.",
            )

    def _after(self, contract: Contract, ticket: Ticket) -> Margin:
        account = self._gateway.exchange.accounts[ticket.account]
        extra = {contract.con_id: (contract, ticket.sign * ticket.quantity)}
        return account.margin(extra)

    def what_if(self, session: Session, number: int, contract: Contract, ticket: Ticket) -> None:
        """Answer what an order would need; it is not placed."""
        gateway = self._gateway
        if gateway.is_cut_off:
            return
        order = Order(number, session.client, 0, contract, ticket, ticket.quantity, gateway.now)
        order.status, order.held = Status.PRESUBMITTED, Held.NOT
        order.fees = gateway.config.rules.fees(contract, ticket.quantity)
        after = self._after(contract, ticket)
        after = replace(after, equity=after.equity - order.fees)
        before = gateway.exchange.accounts[ticket.account].margin()
        session.send(answers.open_order(session.version, order, (before, after)))

    def _change(self, session: Session, order: Order, contract: Contract, ticket: Ticket) -> None:
        gateway = self._gateway
        if order.done:
            if order.status is Status.FILLED:
                raise Refused(104, "Cannot modify a filled order.")
            raise Refused(103, "Duplicate order id")
        mine = order.ticket
        same = (mine.action, mine.type, mine.account) == (
            ticket.action,
            ticket.type,
            ticket.account,
        )
        if not same or order.contract.con_id != contract.con_id:
            raise Refused(105, "Order being modified does not match original order")
        if gateway.hit("swallow-change") is not None:
            return
        code = gateway.hit("reject-change")
        if code is not None:
            raise Refused(int(code), "Error validating request.-'bI' : cause - rejected change")
        if ticket.quantity < order.filled:
            raise invalid("Order size is below what is filled")
        if gateway.hit("second-incarnation") is not None:
            self._accept(session, order.id, contract, ticket)
            return
        order.ticket, order.quantity = ticket, ticket.quantity
        if ticket.tif != mine.tif or ticket.expires != mine.expires:
            self._expire(order)
        gateway.exchange.change(order, gateway.tape_of(contract))
        gateway.truth.observe()

    def cancel(self, session: Session, number: int) -> None:
        """Withdraw an order: only who placed it can."""
        gateway = self._gateway
        if gateway.is_cut_off or gateway.hit("swallow-cancel") is not None:
            return
        order = gateway.exchange.known(session.client, number)
        if order is None:
            words = f"OrderId {number} that needs to be cancelled is not found."
            raise Refused(10147, words)
        code = gateway.hit("reject-cancel")
        if order.done or code is not None:
            words = f"OrderId {number} that needs to be cancelled cannot be cancelled, state: "
            raise Refused(10148 if code is None else int(code), f"{words}{order.status}.")
        tape = gateway.tape_of(order.contract)
        if gateway.hit("fill-despite-cancel") is not None and tape and tape.price is not None:
            if order.works:
                gateway.exchange.fill(order, tape.price)
        else:
            gateway.exchange.cancel(order)
        gateway.truth.observe()

    def cancel_all(self) -> None:
        """Withdraw everything."""
        if self._gateway.is_cut_off:
            return
        for order in list(self._gateway.exchange.working.values()):
            self._gateway.exchange.cancel(order)
        self._gateway.truth.observe()

    def settle(self, contract: Contract) -> None:
        """A contract expires: its orders die, and what is held is closed at the last price."""
        gateway = self._gateway
        for order in list(gateway.exchange.working.values()):
            if order.contract.con_id == contract.con_id:
                gateway.exchange.cancel(order, "contract expired")
        tape = gateway.tape_of(contract)
        price = None if tape is None else tape.price
        for name, account in gateway.exchange.accounts.items():
            if price is not None and account.settle(contract, price):
                for session in gateway.lines:
                    session.bookkeeping.moved(name, account.positions[contract.con_id])

    def by_hand(self, contract: Contract, ticket: Ticket) -> Order:
        """An order that a person places without the API; API clients only see it."""
        gateway = self._gateway
        order = self._add(_BY_HAND, _BY_HAND, contract, ticket)
        gateway.exchange.release(order, gateway.tape_of(contract))
        gateway.truth.observe()
        return order


_NOT_YET = "Order Message:\nWarning: your order will not be placed at the exchange yet."
_IGNORED = (
    "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the "
    "order type and destination. PlaceOrder is now being processed."
)
_WARNINGS = (("warning-399", 399, _NOT_YET), ("warning-2109", 2109, _IGNORED))
