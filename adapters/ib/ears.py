"""What a library hears, as our own values: its wrapper, with every word that matters overridden.

The library decodes frames and calls these methods. Its own idea of orders is bypassed, so nothing
of it can be believed by mistake, and nothing of it grows. An exception in here does not get lost
in the library: it becomes an `Integrity` word.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from adapters.ib.port import Margins
from adapters.ib.states import Opened, Stood, Terms, Traded
from engine.domain.order import Action, OrderKind
from engine.live.holdings import Execution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.ib.library import Library
    from adapters.ib.line import Line

    _Heard = TypeVar("_Heard", bound=Callable[..., None])

_KINDS: Final[Mapping[str, OrderKind]] = {
    "MKT": OrderKind.MARKET,
    "STP": OrderKind.STOP,
    "LMT": OrderKind.LIMIT,
    "MOC": OrderKind.CLOSE,
    "LOC": OrderKind.CLOSE,
    "STP LMT": OrderKind.STOP,
    "STP PRT": OrderKind.STOP,
    "TRAIL": OrderKind.STOP,
    "TRAIL LIMIT": OrderKind.STOP,
}
"""Kinds that are ours, and what other people's are nearest to; any other is taken for a limit."""

_ACTIONS: Final[Mapping[str, Action]] = {
    "BUY": Action.BUY,
    "BOT": Action.BUY,
    "SELL": Action.SELL,
    "SLD": Action.SELL,
    "SSHORT": Action.SELL,
}


def guarded(heard: _Heard) -> _Heard:
    """Let what fails in a handler be said aloud."""

    @wraps(heard)
    def safely(self: Ears, *args: Any) -> None:
        try:
            heard(self, *args)
        except Exception as failed:  # noqa: BLE001 - whatever it is, it must not vanish
            self.line.broken(f"{heard.__name__}: {failed!r}")

    return cast("_Heard", safely)


class Ears:
    """The methods that a library's decoder calls; arguments come as the library decoded them."""

    line: Line

    # --- the connection ---------------------------------------------------------------------

    def connectionClosed(self) -> None:  # noqa: N802 - the library's name
        """The socket is gone."""
        self.line.closed("the gateway closed the connection")

    def tcpDataArrived(self) -> None:  # noqa: N802
        """Nothing is kept of it."""

    def tcpDataProcessed(self) -> None:  # noqa: N802
        """Nothing is kept of it."""

    @guarded
    def error(self, about: int, code: int, text: str, *_: str) -> None:
        """A notice, a warning or an error."""
        self.line.coded(about, code, text)

    @guarded
    def currentTime(self, seconds: int) -> None:  # noqa: N802
        """The broker's clock."""
        self.line.questions.part("time", seconds)
        self.line.questions.end("time")

    # --- orders -----------------------------------------------------------------------------

    @guarded
    def openOrder(self, number: int, contract: Any, order: Any, state: Any) -> None:  # noqa: N802
        """Message 5: an order as the broker has it, or what one would need."""
        if order.whatIf:
            self.line.questions.part(number, margins(state))
            self.line.questions.end(number)
            return
        if not self.line.is_mine(order.account):
            return
        kind = _KINDS.get(order.orderType, OrderKind.LIMIT)
        price = order.lmtPrice if kind is OrderKind.LIMIT else order.auxPrice
        terms = Terms(
            ref=order.orderRef,
            contract=contract.conId,
            action=_ACTIONS[order.action],
            kind=kind,
            price=float(price) if kind in (OrderKind.LIMIT, OrderKind.STOP) else None,
            contracts=some(order.totalQuantity),
            lasts=order.tif or "DAY",
            outside_hours=bool(order.outsideRth),
            parent=order.parentId,
        )
        word = Opened(order.clientId, number, order.permId, terms, state.status)
        self.line.heard_of_order(word)

    @guarded
    def orderStatus(  # noqa: N802, PLR0913, PLR0917 - the library's
        self,
        number: int,
        status: str,
        filled: float,
        remaining: float,  # noqa: ARG002
        average: float,  # noqa: ARG002
        permanent: int,
        parent: int,  # noqa: ARG002
        last: float,  # noqa: ARG002
        client: int,
        held: str,
        cap: float = 0.0,  # noqa: ARG002
    ) -> None:
        """Message 3: how far an order is."""
        word = Stood(client, number, permanent, status, whole(filled), held)
        self.line.heard_of_order(word)

    @guarded
    def openOrderEnd(self) -> None:  # noqa: N802
        """All open orders were told."""
        self.line.questions.end("open orders")

    @guarded
    def execDetails(self, about: int, contract: Any, told: Any) -> None:  # noqa: N802
        """Message 11: contracts changed hands, now or earlier."""
        if not self.line.is_mine(told.acctNumber):
            return
        key, revision = execution_key(told.execId)
        number = told.orderId if 0 <= told.orderId < _UNSET_WHOLE else 0
        execution = Execution(
            key=key,
            revision=revision,
            ref=told.orderRef,
            permanent=told.permId,
            contract=contract.conId,
            action=_ACTIONS[told.side],
            contracts=some(told.shares),
            price=exact(told.price),
            minute=minute_of(told.time),
        )
        traded = Traded(told.clientId, number, told.permId, whole(told.cumQty))
        self.line.executed(about, execution, traded)

    @guarded
    def execDetailsEnd(self, about: int) -> None:  # noqa: N802
        """All executions were told."""
        self.line.questions.end(about)

    @guarded
    def commissionReport(self, told: Any) -> None:  # noqa: N802
        """Message 59: what an execution cost."""
        key, revision = execution_key(told.execId)
        self.line.charged(key, revision, exact(told.commission))

    # --- positions and money ----------------------------------------------------------------

    @guarded
    def position(self, account: str, contract: Any, held: float, *_: float) -> None:
        """What is held of a contract."""
        if self.line.is_mine(account):
            self.line.position(contract.conId, whole(held))

    @guarded
    def positionEnd(self) -> None:  # noqa: N802
        """All positions were told."""
        self.line.questions.end("positions")

    @guarded
    def updateAccountValue(  # noqa: N802
        self, tag: str, value: str, currency: str, account: str
    ) -> None:
        """A figure of the account."""
        if self.line.is_mine(account):
            self.line.figure(tag, value, currency)

    @guarded
    def accountDownloadEnd(self, _: str) -> None:  # noqa: N802
        """All figures of the account were told."""
        self.line.questions.end("account values")

    @guarded
    def accountSummary(  # noqa: N802
        self, about: int, account: str, tag: str, value: str, currency: str
    ) -> None:
        """A figure that was asked for."""
        if self.line.is_mine(account):
            self.line.questions.part(about, tag)
            self.line.figure(tag, value, currency)

    @guarded
    def accountSummaryEnd(self, about: int) -> None:  # noqa: N802
        """All figures that were asked for were told."""
        self.line.questions.end(about)

    # --- contracts and market data ----------------------------------------------------------

    @guarded
    def contractDetails(self, about: int, details: Any) -> None:  # noqa: N802
        """A contract that was asked for."""
        self.line.questions.part(about, details)

    @guarded
    def contractDetailsEnd(self, about: int) -> None:  # noqa: N802
        """No more contracts."""
        self.line.questions.end(about)

    @guarded
    def marketRule(self, rule: int, steps: list[Any]) -> None:  # noqa: N802
        """The price steps of a market rule."""
        for one in steps:
            self.line.questions.part(f"market rule {rule}", (one.lowEdge, one.increment))
        self.line.questions.end(f"market rule {rule}")

    @guarded
    def historicalData(self, about: int, bar: Any) -> None:  # noqa: N802
        """A bar that was asked for."""
        self.line.questions.part(about, bar)

    @guarded
    def historicalDataEnd(self, about: int, *_: str) -> None:  # noqa: N802
        """No more bars."""
        self.line.questions.end(about)

    @guarded
    def historicalDataUpdate(self, about: int, bar: Any) -> None:  # noqa: N802
        """A bar in the making."""
        self.line.data(about, "bar", bar)

    @guarded
    def realtimeBar(self, about: int, *step: float) -> None:  # noqa: N802
        """A 5-second bar: time, open, high, low, close, volume, average, trades."""
        self.line.data(about, "step", step)

    @guarded
    def tickByTickAllLast(  # noqa: N802
        self, about: int, _: int, seconds: int, price: float, size: float, *__: object
    ) -> None:
        """A trade."""
        self.line.data(about, "tick", (seconds, price, size))

    @guarded
    def marketDataType(self, about: int, kind: int) -> None:  # noqa: N802
        """Whether a data line is live (1), frozen (2) or delayed (3, 4)."""
        self.line.questions.part(about, kind)
        self.line.questions.end(about)

    def _ignored(self, *_: object) -> None:
        """Nothing is made of it."""

    priceSizeTick = tickSize = tickReqParams = tickString = tickGeneric = _ignored  # noqa: N815
    updatePortfolio = updateAccountTime = accountUpdateMulti = _ignored  # noqa: N815
    completedOrder = completedOrdersEnd = tickSnapshotEnd = _ignored  # noqa: N815


_UNSET_WHOLE: Final = 2**31 - 1


def ears(library: Library, ib: Any, line: Line) -> Any:
    """A wrapper of that library that tells `line` what it hears."""
    made = type("Wrapper", (Ears, library.wrapper), {})(ib)
    made.line = line
    return made


def whole(amount: Any) -> int:
    """A quantity that must be a whole number; raises `ValueError`."""
    exactly = Decimal(str(amount))
    if not exactly.is_finite() or exactly != int(exactly):
        raise ValueError(f"{amount} is no whole number of contracts")
    return int(exactly)


def some(amount: Any) -> int:
    """A quantity of at least one; raises `ValueError`."""
    contracts = whole(amount)
    if contracts < 1:
        raise ValueError(f"an order or execution of {amount} contracts")
    return contracts


def exact(amount: Any) -> Decimal:
    """A price or an amount as the broker wrote it; raises `ValueError`."""
    exactly = Decimal(str(amount))
    if not exactly.is_finite() or abs(exactly) >= _NOT_TOLD:
        raise ValueError(f"{amount} is no amount")
    return exactly


def minute_of(time: datetime) -> int:
    """Minutes since the epoch."""
    return int(time.astimezone(UTC).timestamp()) // 60


def execution_key(name: str) -> tuple[str, int]:
    """What stays the same when an execution is corrected, and how often it was.

    IB counts corrections behind the last dot: `0000e0d5.67bb667b.01.01`, then `...01.02`.
    """
    key, dot, count = name.rpartition(".")
    if dot and count.isascii() and count.isdigit():
        return key, int(count)
    if not name:
        raise ValueError("an execution without a name")
    return name, 0


def margins(state: Any) -> Margins:
    """What an order would change, as its echo tells."""
    return Margins(
        initial_change=_amount(state.initMarginChange),
        maintenance_change=_amount(state.maintMarginChange),
        equity_after=_amount(state.equityWithLoanAfter),
        initial_after=_amount(state.initMarginAfter),
        commission=_amount(state.commission),
        warning=state.warningText or "",
    )


def _amount(told: Any) -> Decimal | None:
    """An amount; None for what was not told (empty, or the largest number there is)."""
    text = str(told or "")
    if not text:
        return None
    amount = Decimal(text)
    return amount if amount.is_finite() and abs(amount) < _NOT_TOLD else None


_NOT_TOLD: Final = Decimal(10) ** 15
