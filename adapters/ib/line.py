"""One connection as it is heard: what the broker said becomes words, and answers to questions."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

from adapters.ib import codes
from adapters.ib.codes import Answer, Change
from adapters.ib.ladder import on_ladder
from adapters.ib.port import (
    BrokerError,
    BrokerWord,
    Disconnected,
    Doubt,
    Figures,
    FiguresTold,
    Integrity,
    NotConnected,
    PositionTold,
    ReadOnly,
)
from adapters.ib.questions import Questions
from adapters.ib.states import Incarnation, OrderBook, Stood, StrangeWord
from adapters.ib.times import Login
from engine.live import words
from engine.live.holdings import HeldOrder, OrderState
from engine.live.identity import leg_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.ib.ladder import Ladder
    from adapters.ib.states import OrderWord, Terms, Traded
    from engine.live.holdings import Execution

FIRST_REQUEST: Final = 1_000_000_000
"""Requests are numbered from here on and orders below, so a code never names both."""

NEVER_PLACED: Final = 2_000_000_000
"""The number of an order that is never placed: cancelling it shows whether orders are taken."""

_READ_ONLY: Final = "read-only"
_WARNINGS: Final = range(2100, 2200)
_FIGURES: Final = {
    "NetLiquidation": "equity",
    "AvailableFunds": "available",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
}

TAGS: Final = ",".join(_FIGURES)
"""The figures that a snapshot asks for."""


class Listener(Protocol):
    """Who gets the data of a subscription."""

    def heard(self, kind: str, told: Any) -> None:
        """A bar, a step or a tick."""

    def failed(self, code: int, text: str) -> None:
        """The subscription is refused or ended."""

    def interrupted(self) -> None:
        """The link was down: what was heard before is not trusted."""

    def missed(self) -> None:
        """A frame could not be read: it may have been one of the subscription's."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What one tick and one contract of ours are at the broker."""

    tick: Fraction
    lot: int = 1
    ladder: Ladder = ()


@dataclass(slots=True)
class Line:
    """What is known from one connection. `say` is given each word, `now` is our clock in ms.

    `recall`: the price an order of ours was to have; see `port.Broker`.
    """

    client: int
    now: Callable[[], int]
    say: Callable[[BrokerWord], None]
    questions: Questions = field(default_factory=Questions)
    account: str = ""
    scales: dict[int, Scale] = field(default_factory=dict)
    listeners: dict[int, Listener] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    figures: Figures = field(default_factory=lambda: Figures(0))
    read_only: bool = False
    id_taken: bool = False
    is_open: bool = True
    is_linked: bool = True
    greeted: bool = False
    highest: int = 0
    book: OrderBook = field(init=False)
    answering: OrderBook | None = None
    login: Login = field(default_factory=Login)
    recall: Callable[[str], int | None] = lambda _: None
    _charged: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    _troubles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """No order was heard of yet."""
        self.book = OrderBook(self.client)

    # --- the connection ---------------------------------------------------------------------

    def is_mine(self, account: str) -> bool:
        """Whether something is about our account; what names none is."""
        return account in ("", self.account) or not self.account

    def closed(self, why: str) -> None:
        """The connection is gone; said once."""
        if not self.is_open:
            return
        self.is_open = False
        self.questions.end_all(NotConnected(why))
        if self.greeted:
            self.say(words.LinkDown(self.now(), why))
            self.say(Disconnected(self.now(), why))

    def broken(self, what: str) -> None:
        """Something could not be understood."""
        self.say(Integrity(self.now(), what[:400]))

    def timeless(self, about: int, unknown: BrokerError) -> None:
        """An execution's time could be any: who asked for executions gets no answer."""
        if not self.questions.fail(about, unknown):
            self.broken(str(unknown))

    def dropped(self, what: str) -> None:
        """A frame could not be read."""
        self.broken(f"a frame was dropped: {what}")
        for one in self.listeners.values():
            one.missed()

    # --- codes ------------------------------------------------------------------------------

    def coded(self, about: int, code: int, text: str) -> None:
        """The broker says a code: of a question, a subscription, an order, or of everything."""
        if _READ_ONLY in text.lower():
            self._is_read_only(text)
            return
        if about == NEVER_PLACED:
            self.questions.end("read-only probe")
            return
        if self.questions.is_open(about):
            if code not in _WARNINGS:
                self.questions.refuse(about, code, text)
        elif about in self.listeners:
            self.listeners[about].failed(code, text)
        elif 0 < about < FIRST_REQUEST:
            self._coded_order(about, code, text)
            return
        elif about < FIRST_REQUEST:
            self._changed(codes.code_of(code).change, code, text)
        self.say(words.Notice(self.now(), code, text))

    def _is_read_only(self, text: str) -> None:
        self.read_only = True
        refusal = ReadOnly(
            "the gateway takes no orders: in its settings, API, clear Read-Only API, "
            "or run with --monitor-only"
        )
        for key in ("open orders", "read-only probe"):
            self.questions.fail(key, refusal)
        self.say(words.Notice(self.now(), 321, text))

    def _coded_order(self, number: int, code: int, text: str) -> None:
        known = self.book.of_number(number)
        terms = self.book.terms_of(number)
        ref = terms.ref if terms is not None else ""
        self.say(words.Notice(self.now(), code, text, ref))
        what = codes.answer(code, _phase(known))
        if what is Answer.REFUSED and (now := self.book.refuse(number)) is not None:
            self.say(words.Refused(self.now(), ref, code, text))
            self._tell(now)
        elif what is not Answer.NOTE:
            self.say(Doubt(self.now(), ref, code, text))

    def _changed(self, change: Change, code: int, text: str) -> None:
        """What a code that names nothing changes."""
        if change is Change.ID_TAKEN:
            self.id_taken = True
        elif change is Change.LINK_DOWN:
            self.is_linked = False
            self.say(words.LinkDown(self.now(), text))
        elif change in (Change.LINK_KEPT_DATA, Change.LINK_LOST_DATA):
            self.is_linked = True
            self.say(words.LinkUp(self.now(), data_kept=change is Change.LINK_KEPT_DATA))
            for one in list(self.listeners.values()):
                one.interrupted()
        elif change is Change.FARM_DOWN:
            self.trouble(_farm(code, text), text)
        elif change is Change.FARM_UP:
            self.trouble(_farm(code, text), "")
            self.trouble("subscription", "")
        elif change is Change.DATA_REFUSED:
            self.trouble("subscription", text)

    def trouble(self, what: str, text: str) -> None:
        """What is wrong with one part of the market data, or no longer (empty)."""
        before = dict(self._troubles)
        if text:
            self._troubles[what] = text
        else:
            self._troubles.pop(what, None)
        if self._troubles != before:
            self.say(words.Data(self.now(), "; ".join(self._troubles.values())))

    # --- orders -----------------------------------------------------------------------------

    def heard_of_order(self, word: OrderWord) -> None:
        """A word about an order, unasked or in an answer."""
        self.highest = max(self.highest, word.number if word.number < FIRST_REQUEST else 0)
        try:
            now, is_new = self.book.hear(word)
            if self.answering is not None:
                self.answering.hear(word)
        except StrangeWord as strange:
            self.broken(str(strange))
            return
        if is_new and now.terms is not None:
            self._tell(now)
        elif is_new and isinstance(word, Stood):
            self.say(Doubt(self.now(), "", 0, f"order {now.number} is not known here"))

    def _tell(self, one: Incarnation) -> None:
        told = self.held(one)
        if told is not None:
            self.say(words.Told(self.now(), told))

    def held(self, one: Incarnation) -> HeldOrder | None:
        """The order as the engine knows it; None where nobody has told what it asks for."""
        terms = one.terms
        if terms is None:
            return None
        scale = self.scales.get(terms.contract)
        lot = 1 if scale is None else scale.lot
        return HeldOrder(
            ref=terms.ref,
            permanent=one.permanent,
            number=one.number,
            client=one.client,
            contract=terms.contract,
            action=terms.action,
            kind=terms.kind,
            price=self._price(terms, scale),
            contracts=_lots(terms.contracts, lot),
            filled=_lots(_filled(one, terms), lot),
            state=one.state,
            lasts=terms.lasts,
            outside_hours=terms.outside_hours,
        )

    def _price(self, terms: Terms, scale: Scale | None) -> int | None:
        """The price of an order in ticks; the one that was asked for where it was put on a step."""
        told = _ticks(terms.price, scale)
        if told is None or scale is None or not scale.ladder:
            return told
        asked, leg = self.recall(terms.ref), leg_of(terms.ref)
        if asked is None or leg is None:
            return told
        goes = on_ladder(
            asked, scale.tick, scale.ladder,
            kind=terms.kind, action=terms.action, opens=leg.role.opens,
        )  # fmt: skip
        return asked if goes == told else told

    def executed(self, about: int, execution: Execution, traded: Traded) -> None:
        """An execution, unasked or in an answer: there in units, its lot may not be known."""
        if not self.questions.part(about, execution):
            self.say(words.Executed(self.now(), self.in_lots(execution)))
        self.heard_of_order(traded)

    def in_lots(self, execution: Execution) -> Execution:
        """An execution in our contracts, with its commission if that is known."""
        scale = self.scales.get(execution.contract)
        lot = 1 if scale is None else scale.lot
        fee = self._charged.get((execution.key, execution.revision))
        return replace(execution, contracts=_lots(execution.contracts, lot), commission=fee)

    def charged(self, key: str, revision: int, commission: Decimal) -> None:
        """What an execution cost; said once, however often the broker repeats it."""
        if self._charged.get((key, revision)) != commission:
            self._charged[key, revision] = commission
            self.say(words.Charged(self.now(), key, revision, commission))

    # --- positions and money ----------------------------------------------------------------

    def position(self, contract: int, held: int) -> None:
        """What is held of a contract."""
        before = self.positions.get(contract, 0)
        self.positions[contract] = held
        if before != held and not self.questions.is_open("positions"):
            scale = self.scales.get(contract)
            lots = _lots(held, 1 if scale is None else scale.lot)
            self.say(PositionTold(self.now(), contract, lots))

    def positions_in_lots(self) -> dict[int, int]:
        """Contracts of ours that are held, by contract number; nothing that is flat."""
        held = {}
        for number, units in self.positions.items():
            scale = self.scales.get(number)
            lots = _lots(units, 1 if scale is None else scale.lot)
            if lots:
                held[number] = lots
        return held

    def figure(self, tag: str, value: str, currency: str) -> None:
        """A figure of the account; those of single currencies are not looked at."""
        name = _FIGURES.get(tag)
        if name is None or currency in ("", "BASE"):
            return
        before = self.figures
        told = {name: Decimal(value)}
        self.figures = replace(before, at=self.now(), currency=currency, **told)
        if self.figures.equity != before.equity:
            self.say(FiguresTold(self.now(), self.figures))

    # --- data -------------------------------------------------------------------------------

    def data(self, about: int, kind: str, told: Any) -> None:
        """Something of a subscription; what belongs to one that ended is not looked at."""
        listener = self.listeners.get(about)
        if listener is not None:
            listener.heard(kind, told)


def _phase(known: list[Incarnation]) -> codes.Phase:
    states = {one.state for one in known if one.acknowledged}
    if not states:
        return codes.Phase.NEW
    if states <= {OrderState.FILLED}:
        return codes.Phase.FILLED
    if all(state.is_over for state in states):
        return codes.Phase.ENDED
    return codes.Phase.CANCELLING if OrderState.CANCELLING in states else codes.Phase.LIVE


def _filled(one: Incarnation, terms: Terms) -> int:
    """How much is filled; all of it where the broker says so without a number."""
    if one.state is OrderState.FILLED:
        return terms.contracts
    return min(one.filled, terms.contracts)


def _farm(code: int, text: str) -> str:
    """The farm that a notice names: what is behind its colon; its kind where there is no name."""
    kind = {2103: "data", 2104: "data", 2105: "history", 2106: "history"}.get(code, "contracts")
    return f"{kind} {text.rpartition(':')[2]}"


def _ticks(price: float | None, scale: Scale | None) -> int | None:
    """A price in ticks; None where the grid is not known or the price is not on it."""
    if price is None or scale is None:
        return None
    ticks = Fraction(repr(price)) / scale.tick
    return ticks.numerator if ticks.denominator == 1 else None


def _lots(units: int, lot: int) -> int:
    """Contracts of ours; what is left of a lot is never told as a whole one."""
    return units // lot if units >= 0 else -(-units // lot)


class Drops(logging.Handler):
    """Turns the frames that a library's decoder drops into `Integrity` words."""

    def __init__(self, line: Line) -> None:
        """For one connection's decoder."""
        super().__init__(logging.ERROR)
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """A frame was dropped."""
        cause = record.exc_info[1] if record.exc_info else None
        self._line.dropped(f"{record.getMessage()} {cause!r}")
