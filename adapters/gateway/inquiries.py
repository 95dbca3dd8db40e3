"""What a client asks about contracts and bars, once or from now on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.gateway import answers, requests
from adapters.gateway.contracts import PAIR
from adapters.gateway.quotes import STREAMED, VIEWS
from adapters.gateway.requests import Refused, invalid
from adapters.gateway.subscriptions import LiveBars, MarketData, RealTimeBars, Ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.gateway.contracts import Contract, Query
    from adapters.gateway.session import Session
    from adapters.gateway.subscriptions import Subscription
    from adapters.gateway.tape import Tape
    from adapters.gateway.wire import Fields, Reader

_LIVE, _DELAYED = 1, 3
_SCHEDULE: Final = "SCHEDULE"
_TRADED: Final = frozenset({"TRADES", "ADJUSTED_LAST", "AGGTRADES"})
"""What currency pairs have none of: nobody reports their trades."""

_TICKS: Final = frozenset({"Last", "AllLast", "BidAsk", "MidPoint"})


class Inquiries:
    """The contracts and the market, as one client sees them."""

    def __init__(self, session: Session) -> None:
        """Of this session."""
        self._session = session
        self.gateway = session.gateway
        self._data_type = _LIVE

    def contract_details(self, read: Reader) -> None:
        """Every contract that may be meant."""
        read.skip(1)
        about = read.whole()
        query = requests.contract_query(read)
        query = replace(query, expired_too=read.flag())
        gateway = self.gateway
        if gateway.is_silent("contract-farm"):
            return
        found = gateway.catalogue.find(query, gateway.today())
        if not found:
            words = "No security definition has been found for the request"
            raise Refused(200, words)
        for one in found:
            hours = gateway.hours_for(one)
            self._session.send(
                answers.contract_details(self._session.version, about, one, hours, gateway.now)
            )
        self._session.send(answers.contract_details_end(about))

    def market_rule(self, read: Reader) -> None:
        """The price steps of a rule."""
        rule = read.whole()
        steps = self.gateway.catalogue.rules.get(rule)
        if steps is None:
            raise invalid(f"There is no market rule {rule}")
        self._session.send(answers.market_rule(rule, steps))

    def matching_symbols(self, read: Reader) -> None:
        """Contracts whose symbol begins so."""
        about, pattern = read.whole(), read.text(40).upper()
        found: dict[tuple[str, str], Contract] = {}
        for one in self.gateway.catalogue.contracts:
            if pattern and one.symbol.startswith(pattern):
                found.setdefault((one.symbol, one.kind), one)
        extra: Fields = ("", "") if self._session.version >= 176 else ()
        rows = [
            (one.con_id, one.symbol, one.kind, one.primary or one.exchange, one.currency, 0, *extra)
            for one in found.values()
        ]
        self._session.send((79, about, len(rows), *(field for row in rows for field in row)))

    def one(self, query: Query) -> Contract:
        """The one contract that is meant, to trade or to watch it."""
        gateway = self.gateway
        found = gateway.catalogue.find(query, gateway.today())
        if not found:
            raise Refused(200, "No security definition has been found for the request")
        if len(found) > 1:
            words = "The contract description specified for {} is ambiguous."
            raise Refused(200, words.format(query.symbol or query.local))
        return found[0]

    def _watched(self, query: Query) -> tuple[Contract, Tape]:
        """The contract and the bars it trades by."""
        one = self.one(query)
        tape = self.gateway.tapes.get(one.instrument)
        if tape is None or self.gateway.hit("no-subscription") is not None:
            raise Refused(354, "Requested market data is not subscribed.")
        return one, tape

    def history(self, read: Reader) -> None:
        """Bars up to some end, and from then on as they come if asked for."""
        about = read.whole()
        query = requests.contract_query(read)
        query = replace(query, expired_too=read.flag())
        end, size_text, reach = read.text(60), read.text(20), read.text(20)
        regular, what, form = read.flag(), read.text(20), read.whole(1)
        keep = read.flag()
        self._check_history(what, end, keep=keep)
        size = requests.bar_size(size_text)
        gateway, one = self.gateway, self.one(query)
        tape = self._remembered(one, what)
        until = requests.instant(end) if end else gateway.now
        since = _since(tape, until, reach)
        if what == _SCHEDULE:
            spans = [
                one for one in tape.hours.regular if since <= one[0] * 60 and one[0] * 60 < until
            ]
            self._session.send(answers.schedule(about, tape.hours, spans))
            return
        if size < 60 and until - since > 86_400:
            raise invalid("Historical data request duration is too long for bars of seconds")
        last = min(until, gateway.now) if end else gateway.now + 1  # with the bar at hand
        bars = list(tape.history(since, last, size, regular=regular))
        if gateway.hit("empty-history") is not None:
            bars = []
        told = [answers.history_bar(one, VIEWS[what](bar), form, size) for bar in bars]
        self._session.send(answers.history(about, since, until, told))
        if keep:
            live = LiveBars(about, one, tape, size, form, regular=regular, what=what)
            live.fine = size < tape.seconds
            if live.fine and bars:
                live.bar = bars[-1]
            self._subscribe(about, live)

    def _remembered(self, one: Contract, what: str) -> Tape:
        """The bars that are the history of a contract."""
        gateway = self.gateway
        tape = gateway.tapes.get(one.instrument)
        if tape is None or gateway.hit("no-data") is not None:
            raise _history_error("HMDS query returned no data")
        if one.kind == PAIR and what in _TRADED:
            raise _history_error(f"No historical market data for {one.symbol}/{PAIR}@IDEALPRO Last")
        if gateway.hit("pacing") is not None:
            raise _history_error("pacing violation")
        if gateway.is_silent("history-farm"):
            raise _history_error("Historical data farm is disconnected")
        return tape

    def _check_history(self, what: str, end: str, *, keep: bool) -> None:
        if what not in VIEWS and what != _SCHEDULE:
            raise invalid("Please enter a valid whatToShow")
        if keep and what == _SCHEDULE:
            raise invalid("A schedule is not kept up to date")
        if keep and end:
            raise invalid("End date not supported with keepUpToDate")

    def _subscribe(self, about: int, one: Subscription) -> None:
        if about in self._session.subscriptions:
            raise Refused(322, "Error processing request.-'bI' : cause - Duplicate ticker id")
        self._session.subscriptions[about] = one
        self._session.owes = True
        self.gateway.listens()

    def _unsubscribe(self, about: int) -> bool:
        return self._session.subscriptions.pop(about, None) is not None

    def cancel_history(self, read: Reader) -> None:
        """No more updates of some bars; 162 says so."""
        read.skip(1)
        about = read.whole()
        if self._unsubscribe(about):
            raise _history_error(f"API historical data query cancelled: {about}")
        raise Refused(366, f"No historical data query found for ticker id:{about}")

    def cancel_data(self, read: Reader) -> None:
        """No more of a market data line or of 5-second bars."""
        read.skip(1)
        about = read.whole()
        if not self._unsubscribe(about):
            raise Refused(300, f"Can't find EId with tickerId:{about}")

    def cancel_ticks(self, read: Reader) -> None:
        """No more of a tick-by-tick line."""
        about = read.whole()
        if not self._unsubscribe(about):
            raise Refused(300, f"Can't find EId with tickerId:{about}")

    def real_time_bars(self, read: Reader) -> None:
        """5-second bars from now on."""
        read.skip(1)
        about = read.whole()
        query = requests.contract_query(read)
        read.whole(5)
        what, regular = read.text(20), read.flag()
        if what not in STREAMED:
            raise invalid("Please enter a valid whatToShow")
        one, tape = self._watched(query)
        self._subscribe(about, RealTimeBars(about, one, tape, what, regular))

    def market_data(self, read: Reader) -> None:
        """Quotes, once or from now on."""
        read.skip(1)
        about = read.whole()
        query = requests.contract_query(read)
        if read.flag():
            raise invalid("Delta neutral contracts are not supported")
        read.text(200)
        snapshot = read.flag()
        one, tape = self._watched(query)
        kind = self._data_type
        if self.gateway.hit("delayed-data") is not None:
            words = "Requested market data is not subscribed. Displaying delayed market data."
            self._session.error(about, 10167, words)
            kind = _DELAYED
        self._session.send(answers.tick_parameters(about, one.price(1)))
        self._session.send(answers.data_type(about, kind))
        line = MarketData(about, one, tape, delayed=kind == _DELAYED)
        seen = tape.seen or (tape.at(tape.row - 1) if tape.row else None)
        if seen is not None:
            for frame in (*line.update(seen, self.gateway.now), *line.day()):
                self._session.send(frame)
        if snapshot:
            self._session.send(answers.snapshot_end(about))
            return
        self._subscribe(about, line)

    def market_data_type(self, read: Reader) -> None:
        """Which data the next lines should carry: live, frozen, delayed, delayed and frozen."""
        read.skip(1)
        kind = read.whole()
        if kind not in (1, 2, 3, 4):
            raise invalid("Market data type must be 1, 2, 3 or 4")
        self._data_type = min(_DELAYED, kind)

    def ticks(self, read: Reader) -> None:
        """Tick by tick from now on."""
        about = read.whole()
        query = requests.contract_query(read)
        kind = read.text(20)
        if kind not in _TICKS:
            raise invalid("Please enter a valid tick-by-tick type")
        one, tape = self._watched(query)
        self._subscribe(about, Ticks(about, one, tape, kind))

    def head_time(self, read: Reader) -> None:
        """When the history begins."""
        about = read.whole()
        query = requests.contract_query(read)
        read.flag()
        read.flag()
        read.text(20)
        form = read.whole(1)
        one = self.one(query)
        tape = self.gateway.tapes.get(one.instrument)
        if tape is None or not len(tape):
            raise _history_error("No head time stamp")
        begins = tape.at(0).begins
        text = str(begins) if form == 2 else answers.clock(begins).replace(" UTC", "")
        self._session.send((88, about, text))


HANDLERS: Final[Mapping[int, Callable[[Inquiries, Reader], None]]] = {
    1: Inquiries.market_data,
    2: Inquiries.cancel_data,
    9: Inquiries.contract_details,
    20: Inquiries.history,
    25: Inquiries.cancel_history,
    50: Inquiries.real_time_bars,
    51: Inquiries.cancel_data,
    59: Inquiries.market_data_type,
    81: Inquiries.matching_symbols,
    87: Inquiries.head_time,
    91: Inquiries.market_rule,
    97: Inquiries.ticks,
    98: Inquiries.cancel_ticks,
}
"""What answers each request."""


def _history_error(text: str) -> Refused:
    return Refused(162, f"Historical Market Data Service error message:{text}")


def _since(tape: Tape, until: float, reach: str) -> float:
    """Where a history request begins: so many seconds or trading dates before its end.

    Seconds are counted back from the last bar, so in a pause they reach into the session before.
    """
    span = requests.span(reach)
    if span.seconds:
        return min(until, tape.known_until()) - span.seconds
    sessions = tape.hours.sessions
    begun = [begins for begins, _ in sessions if begins * 60 < until]
    if not begun:
        return until - 86_400 * span.dates
    return begun[max(0, len(begun) - span.dates)] * 60.0
