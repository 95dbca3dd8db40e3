"""One connected client as a state machine: bytes in, bytes out, no socket and no clock.

What cannot be read is answered 320, what makes no sense 321 or its own code; nothing a client sends
raises. A carrier gives the bytes and writes what comes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Final

from adapters.gateway import answers, requests
from adapters.gateway.account import Position
from adapters.gateway.contracts import CONTINUOUS, Query
from adapters.gateway.orders import DONE, Order, Status
from adapters.gateway.requests import Refused, invalid
from adapters.gateway.subscriptions import LiveBars, MarketData, RealTimeBars, Ticks
from adapters.gateway.wire import HELLO, Frames, Malformed, Noise, Reader, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.gateway.contracts import Contract
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.orders import Execution
    from adapters.gateway.subscriptions import Subscription
    from adapters.gateway.tape import Range, Tape
    from adapters.gateway.wire import Fields

    _Handler = Callable[["Session", Reader], None]

_LOG: Final = logging.getLogger(__name__)

OLDEST: Final = 100
NEWEST: Final = 178
_LIVE, _DELAYED = 1, 3
_READ_ONLY: Final = frozenset({3, 4, 5, 15, 16, 58, 99})
_WHATS: Final = frozenset(
    {"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "SCHEDULE"}
)
_TICKS: Final = frozenset({"Last", "AllLast", "BidAsk", "MidPoint"})


@dataclass(frozen=True, slots=True)
class Line:
    """Where the bytes go: `write` sends some, `close` ends the connection."""

    write: Callable[[bytes], None]
    close: Callable[[], None]


class Session:
    """A client's connection. `feed` takes bytes; answers go to the line when they are complete."""

    def __init__(self, gateway: Gateway, line: Line) -> None:
        """Not greeted yet; `client` is -1 until the client says who it is."""
        self.gateway = gateway
        self.client = -1
        self.version = 0
        self.open = True
        self.subscriptions: dict[int, Subscription] = {}
        self.owes = False
        self._line = line
        self._frames = Frames()
        self._greeted = False
        self._out: list[bytes] = []
        self._held_until = 0.0
        self._cut_until = 0.0
        self._dice = Random(gateway.config.seed)
        self._data_type = _LIVE
        self._times_asked = 0
        self._positions = False
        self._accounts: set[str] = set()
        self._multi: dict[int, str] = {}
        self._summaries: dict[int, tuple[str, ...]] = {}
        self._pnl: dict[int, tuple[str, int]] = {}
        self._owed: list[tuple[float, Fields]] = []

    # --- bytes ------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take bytes from the client, in any pieces, and answer."""
        if not self.open:
            return
        self.gateway.refresh()
        self._frames.feed(data)
        try:
            if not self._greeted and not self._greet():
                return
            for body in self._frames:
                self._take(body)
                if not self._is_open():
                    return
        except Noise as noise:
            _LOG.debug("client %d sends noise: %s", self.client, noise)
            self.close()
        self.flush()

    def _is_open(self) -> bool:
        return self.open

    def _greet(self) -> bool:
        hello = self._frames.prefix(len(HELLO))
        if hello is None:
            return False
        self._greeted = True
        if hello != HELLO:
            raise Noise("it does not begin as a client does")
        return True

    def send(self, fields: Fields) -> None:
        """Put a frame into the next write."""
        if self.open:
            frame = encode(fields)
            self.gateway.wire.note(">", self.client, frame)
            self._out.append(frame)

    def send_raw(self, frame: bytes) -> None:
        """Put bytes into the next write as they are."""
        if self.open:
            self.gateway.wire.note("!", self.client, frame)
            self._out.append(frame)

    def later(self, when: float, fields: Fields) -> None:
        """Send a frame once the gateway's clock is there."""
        self._owed.append((when, fields))
        self.gateway.at(when, self.gateway.flush)

    def flush(self) -> bool:
        """Write what has gathered, unless the line is slow; whether anything was written."""
        now = self.gateway.now
        if self._owed:
            due = [fields for when, fields in self._owed if when <= now]
            self._owed = [(when, fields) for when, fields in self._owed if when > now]
            for fields in due:
                self.send(fields)
        if not self._out or now < self._held_until or not self.open:
            return False
        data = b"".join(self._out)
        self._out.clear()
        if now < self._cut_until:
            while data:
                size = self._dice.choice((1, 2, 3, 7, 64, 5000))
                self._line.write(data[:size])
                data = data[size:]
        else:
            self._line.write(data)
        return True

    @property
    def is_held(self) -> bool:
        """Whether something waits in a slow line."""
        return bool(self._out) and self.gateway.now < self._held_until

    def hold(self, seconds: float) -> None:
        """Let nothing through for so many seconds."""
        self._held_until = max(self._held_until, self.gateway.now + seconds)
        self.gateway.at(self._held_until, self.gateway.flush)

    def cut(self, seconds: float) -> None:
        """Write in odd pieces for so many seconds."""
        self._cut_until = self.gateway.now + seconds

    def close(self, *, half: bool = False, silently: bool = False) -> None:
        """End the connection; `half`: in the middle of a frame; `silently`: unsent answers die."""
        if not self.open:
            return
        if half:
            self.send_raw(encode((3, 0, Status.SUBMITTED))[:9])
        if silently:
            self._out.clear()
        self._held_until = 0.0
        self.flush()
        self.lost()
        self._line.close()

    def lost(self) -> None:
        """The connection is gone."""
        self.open = False
        self.subscriptions.clear()
        self.gateway.left(self)

    # --- requests ---------------------------------------------------------------------------

    def _take(self, body: bytes) -> None:
        text = body.decode("utf-8", "replace")
        self.gateway.wire.note("<", self.client, body)
        if not self.version:
            self._agree(text)
            return
        fields = text.split("\0")[:-1]
        about = -1
        try:
            number = Reader(fields).whole()
            about = _about(fields)
            if self.client < 0 and number != 71:
                raise Malformed("the API was not started: send START_API first")
            handler = _HANDLERS.get(number)
            if handler is None:
                raise Malformed(f"there is no request {number}")
            self._answer(number, handler, Reader(fields, 1), about)
        except Malformed as bad:
            self.error(about, 320, f"Server error when reading an API client request. {bad}")
        except Refused as refused:
            self.error(about, refused.code, refused.text)

    def _agree(self, text: str) -> None:
        """Settle on a version: the newest both know."""
        span = text.removeprefix("v").split(" ")[0].split("..")
        if not all(one.isascii() and one.isdigit() and len(one) < 5 for one in span):
            raise Noise("no versions")
        newest = min(int(span[-1]), self.gateway.config.version)
        if newest < max(int(span[0]), OLDEST):
            raise Noise("no version in common")
        self.version = newest
        self.send((self.version, answers.clock(self.gateway.now)))

    def _answer(self, number: int, handler: _Handler, read: Reader, about: int) -> None:
        gateway = self.gateway
        silence = _SILENCES.get(number)
        if silence and gateway.hit(silence) is not None:
            return
        if number in _READ_ONLY and gateway.hit("read-only") is not None:
            words = "The API interface is currently in Read-Only mode."
            raise invalid(words)
        if number not in (49, 71) and gateway.hit("too-fast") is not None:
            self.error(about, 100, "Max rate of messages per second has been exceeded:max=50")
            return
        handler(self, read)

    def error(self, about: int, code: int, text: str) -> None:
        """A notice, warning or error."""
        self.send(answers.error(self.version, about, code, text))

    def start_api(self, read: Reader) -> None:
        """Who the client is: its id must be free."""
        read.skip(1)
        client = read.whole()
        read.text()
        if self.client >= 0:
            raise invalid("The API was started already")
        taken = client in self.gateway.sessions
        if taken or client < 0 or self.gateway.hit("client-id-in-use") is not None:
            words = "Unable to connect as the client id is already in use. Retry with a unique client id."
            self.error(-1, 326, words)
            self.close()
            return
        self.client = client
        self.gateway.sessions[client] = self
        self.managed_accounts(read)
        self.next_id(read)
        for code, farm in _FARMS:
            self.error(-1, code, farm)
        self.gateway.joined(self)

    def managed_accounts(self, _: Reader) -> None:
        """The accounts."""
        self.send((15, 1, ",".join(self.gateway.exchange.accounts)))

    def next_id(self, _: Reader) -> None:
        """The next number for an order."""
        self.send((9, 1, self.gateway.next_id))

    def current_time(self, read: Reader) -> None:
        """The time; in lockstep also: this client has done what it wanted to do.

        There the answer comes behind the next news, so who waits for it has seen those.
        """
        read.text()
        self._times_asked += 1
        if not (self.subscriptions and self.gateway.acknowledged(self)):
            self.tell_time()

    def tell_time(self) -> None:
        """Answer every request for the time that waits."""
        for _ in range(self._times_asked):
            skew = self.gateway.hit("clock-skew") or 0
            self.send((49, 1, int(self.gateway.now + skew)))
        self._times_asked = 0
        self.flush()

    def nothing(self, read: Reader) -> None:
        """A request that has no answer."""
        read.skip(read.left)

    # --- contracts --------------------------------------------------------------------------

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
            self.send(answers.contract_details(self.version, about, one, hours, gateway.now))
        self.send(answers.contract_details_end(about))

    def market_rule(self, read: Reader) -> None:
        """The price steps of a rule."""
        rule = read.whole()
        tick = self.gateway.catalogue.rules.get(rule)
        if tick is None:
            raise invalid(f"There is no market rule {rule}")
        self.send(answers.market_rule(rule, tick.numerator / tick.denominator))

    def matching_symbols(self, read: Reader) -> None:
        """Contracts whose symbol begins so."""
        about, pattern = read.whole(), read.text(40).upper()
        found: dict[tuple[str, str], Contract] = {}
        for one in self.gateway.catalogue.contracts:
            if pattern and one.symbol.startswith(pattern):
                found.setdefault((one.symbol, one.kind), one)
        extra: Fields = ("", "") if self.version >= 176 else ()
        rows = [
            (one.con_id, one.symbol, one.kind, one.primary or one.exchange, one.currency, 0, *extra)
            for one in found.values()
        ]
        self.send((79, about, len(rows), *(field for row in rows for field in row)))

    def _one(self, query: Query) -> Contract:
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
        one = self._one(query)
        tape = self.gateway.tapes.get(one.instrument)
        if tape is None or self.gateway.hit("no-subscription") is not None:
            raise Refused(354, "Requested market data is not subscribed.")
        return one, tape

    # --- market data ------------------------------------------------------------------------

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
        gateway = self.gateway
        one = self._one(query)
        tape = gateway.tapes.get(one.instrument)
        if tape is None or gateway.hit("no-data") is not None:
            raise _history_error("HMDS query returned no data")
        if gateway.hit("pacing") is not None:
            raise _history_error("pacing violation")
        if gateway.is_silent("history-farm"):
            raise _history_error("Historical data farm is disconnected")
        until = requests.instant(end) if end else gateway.now
        since = _since(tape, until, reach)
        if what == "SCHEDULE":
            spans = [
                one for one in tape.hours.regular if since <= one[0] * 60 and one[0] * 60 < until
            ]
            self.send(answers.schedule(about, tape.hours, spans))
            return
        if size < 60 and until - since > 86_400:
            raise invalid("Historical data request duration is too long for bars of seconds")
        last = min(until, gateway.now) if end else gateway.now + 1  # with the bar at hand
        bars = list(tape.history(since, last, size, regular=regular))
        if gateway.hit("empty-history") is not None:
            bars = []
        told = [answers.history_bar(one, bar, form, size) for bar in bars]
        self.send(answers.history(about, since, until, told))
        if keep:
            live = LiveBars(about, one, tape, size, form, regular=regular, what=what)
            live.fine = size < tape.seconds
            if live.fine and bars:
                live.bar = bars[-1]
            self._subscribe(about, live)

    def _check_history(self, what: str, end: str, *, keep: bool) -> None:
        if what not in _WHATS:
            raise invalid("Please enter a valid whatToShow")
        if keep and end:
            raise invalid("End date not supported with keepUpToDate")

    def _subscribe(self, about: int, one: Subscription) -> None:
        if about in self.subscriptions:
            raise Refused(322, "Error processing request.-'bI' : cause - Duplicate ticker id")
        self.subscriptions[about] = one
        self.owes = True
        self.gateway.listens(self)

    def _unsubscribe(self, about: int) -> bool:
        return self.subscriptions.pop(about, None) is not None

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
        read.text(20)
        regular = read.flag()
        one, tape = self._watched(query)
        self._subscribe(about, RealTimeBars(about, one, tape, regular))

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
            self.error(about, 10167, words)
            kind = _DELAYED
        self.send(answers.tick_parameters(about, one.price(1)))
        self.send(answers.data_type(about, kind))
        line = MarketData(about, one, tape, delayed=kind == _DELAYED)
        seen = tape.seen or (tape.at(tape.row - 1) if tape.row else None)
        if seen is not None:
            for frame in line.update(seen, self.gateway.now):
                self.send(frame)
        if snapshot:
            self.send(answers.snapshot_end(about))
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
        one = self._one(query)
        tape = self.gateway.tapes.get(one.instrument)
        if tape is None or not len(tape):
            raise _history_error("No head time stamp")
        begins = tape.at(0).begins
        text = str(begins) if form == 2 else answers.clock(begins).replace(" UTC", "")
        self.send((88, about, text))

    def update(self, tape: Tape, seen: Range) -> None:
        """A tape's bar has come so far: tell who listens."""
        for one in self.subscriptions.values():
            if one.tape is tape:
                for frame in one.update(seen, self.gateway.now):
                    self.send(frame)

    def step(self, tape: Tape, part: Range) -> None:
        """A 5-second bar of a tape is over: tell who listens."""
        for one in self.subscriptions.values():
            if one.tape is tape:
                for frame in one.step(part):
                    self.send(frame)

    # --- orders -----------------------------------------------------------------------------

    def place(self, read: Reader) -> None:
        """A new order, a change of one, or the question what one would need."""
        asked = requests.order(read, self.version)
        one = self._one(asked.query)
        if one.kind == CONTINUOUS:
            raise invalid("A continuous future cannot be ordered: name its contract")
        account = asked.account or next(iter(self.gateway.exchange.accounts))
        if account not in self.gateway.exchange.accounts:
            raise invalid(f"Invalid account code '{account}'")
        wanted = requests.ticket(asked, one, account)
        if wanted.what_if:
            self.gateway.desk.what_if(self, asked.number, one, wanted)
        else:
            self.gateway.desk.place(self, asked.number, one, wanted)

    def cancel(self, read: Reader) -> None:
        """Withdraw one of its own orders."""
        read.skip(1)
        number = read.whole()
        self.gateway.desk.cancel(self, number)

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
            if not own or order.client == self.client:
                self.send(answers.open_order(self.version, order))
                self.send(answers.order_status(order))
        self.send((53, 1))

    def completed_orders(self, read: Reader) -> None:
        """Orders of today that are done; only those of API clients, if asked."""
        api_only = read.flag()
        since = self.gateway.now - 86_400
        for order in self.gateway.exchange.orders.values():
            mine = order.client or not api_only
            if order.status in DONE and order.ended >= since and mine:
                self.send(answers.completed_order(self.version, order))
        self.send((102,))

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
                self.send(answers.execution(self.version, about, one))
                self.send(answers.commission(one))
        self.send((55, 1, about))

    def told(self, order: Order) -> None:
        """An order of this client has changed."""
        self.send(answers.open_order(self.version, order))
        self.send(answers.order_status(order))

    def told_fill(self, one: Execution, *, commission: bool = True) -> list[Fields]:
        """The callbacks of a fill, in the order of a real gateway."""
        order = one.order
        frames = [
            answers.execution(self.version, -1, one),
            answers.open_order(self.version, order, fees=False),
            answers.order_status(order),
        ]
        if commission:
            frames += (answers.open_order(self.version, order), answers.commission(one))
        return frames

    # --- account ----------------------------------------------------------------------------

    def positions(self, read: Reader) -> None:
        """Positions of all accounts, now and whenever they change."""
        read.text()
        self._positions = True
        for name, account in self.gateway.exchange.accounts.items():
            for one in account.positions.values():
                self.send(answers.position(name, one))
        self.send((62, 1))

    def cancel_positions(self, read: Reader) -> None:
        """No more news of positions."""
        read.text()
        self._positions = False

    def positions_multi(self, read: Reader) -> None:
        """Positions of one account."""
        read.skip(1)
        about = read.whole()
        name = self._account(read)
        for one in self.gateway.exchange.accounts[name].positions.values():
            self.send(answers.position_multi(about, name, one))
        self.send((72, 1, about))

    def account_updates(self, read: Reader) -> None:
        """Values and portfolio of one account, now and whenever they change."""
        read.skip(1)
        wanted = read.flag()
        name = self._account(read)
        if not wanted:
            self._accounts.discard(name)
            return
        self._accounts.add(name)
        self._tell_account(name)
        self.send((54, 1, name))

    def _tell_account(self, name: str) -> None:
        account = self.gateway.exchange.accounts[name]
        for key, value, currency in account.values():
            self.send((6, 2, key, value, currency, name))
        for one in account.positions.values():
            self.send(answers.portfolio(name, one, account.now(one)))
        self.send((8, 1, answers.clock(self.gateway.now)[9:14]))

    def account_updates_multi(self, read: Reader) -> None:
        """Values of one account, under a request's number."""
        read.skip(1)
        about = read.whole()
        name = self._account(read)
        self._multi[about] = name
        self._tell_multi(about, name)
        self.send((74, 1, about))

    def _tell_multi(self, about: int, name: str) -> None:
        for key, value, currency in self.gateway.exchange.accounts[name].values():
            self.send((73, 1, about, name, "", key, value, currency))

    def cancel_account_multi(self, read: Reader) -> None:
        """No more of them."""
        read.skip(1)
        self._multi.pop(read.whole(), None)

    def account_summary(self, read: Reader) -> None:
        """Chosen values of all accounts."""
        read.skip(1)
        about = read.whole()
        read.text(40)
        tags = tuple(read.text(2000).split(","))
        self._summaries[about] = tags
        self._tell_summary(about, tags)
        self.send((64, 1, about))

    def _tell_summary(self, about: int, tags: tuple[str, ...]) -> None:
        for name, account in self.gateway.exchange.accounts.items():
            for key, value, currency in account.values():
                if key in tags or any(tag.startswith("$LEDGER") for tag in tags):
                    self.send((63, 1, about, name, key, value, currency))

    def cancel_summary(self, read: Reader) -> None:
        """No more of them."""
        read.skip(1)
        self._summaries.pop(read.whole(), None)

    def pnl(self, read: Reader) -> None:
        """Profit and loss of an account, now and whenever it changes."""
        about = read.whole()
        name = self._account(read)
        self._pnl[about] = (name, 0)
        self._tell_pnl(about, name, 0)

    def pnl_single(self, read: Reader) -> None:
        """Profit and loss of one position."""
        about = read.whole()
        name = self._account(read)
        read.text(40)
        con_id = read.whole()
        self._pnl[about] = (name, con_id)
        self._tell_pnl(about, name, con_id)

    def _tell_pnl(self, about: int, name: str, con_id: int) -> None:
        account = self.gateway.exchange.accounts[name]
        if con_id:
            contract = self.gateway.catalogue.by_id(con_id)
            if contract is None:
                raise Refused(200, "No security definition has been found for the request")
            one = account.positions.get(con_id) or Position(contract)
            self.send(answers.pnl_single(about, one, account.now(one)))
            return
        realized = account.realized - self.gateway.realized_before.get(name, 0)
        self.send(answers.pnl(about, realized + account.unrealized, account.unrealized, realized))

    def cancel_pnl(self, read: Reader) -> None:
        """No more of it."""
        self._pnl.pop(read.whole(), None)

    def moved(self, name: str, position: Position) -> None:
        """A position of an account has changed: tell who listens."""
        if self._positions:
            self.send(answers.position(name, position))
        if name in self._accounts:
            self._tell_account(name)
        for about, other in self._multi.items():
            if other == name:
                self._tell_multi(about, name)
        for about, (other, con_id) in self._pnl.items():
            if other == name and con_id in (0, position.contract.con_id):
                self._tell_pnl(about, name, con_id)
        for about, tags in self._summaries.items():
            self._tell_summary(about, tags)

    def _account(self, read: Reader) -> str:
        name = read.text(40) or next(iter(self.gateway.exchange.accounts))
        if name not in self.gateway.exchange.accounts:
            raise invalid(f"Invalid account code '{name}'")
        return name

    def user_info(self, read: Reader) -> None:
        """Nothing is known of the user."""
        self.send((107, read.whole(), ""))


_HANDLERS: Final[Mapping[int, _Handler]] = {
    1: Session.market_data,
    2: Session.cancel_data,
    3: Session.place,
    4: Session.cancel,
    5: Session.open_orders,
    6: Session.account_updates,
    7: Session.executions,
    8: Session.next_id,
    9: Session.contract_details,
    14: Session.nothing,
    15: Session.nothing,
    16: Session.all_open_orders,
    17: Session.managed_accounts,
    20: Session.history,
    25: Session.cancel_history,
    49: Session.current_time,
    50: Session.real_time_bars,
    51: Session.cancel_data,
    58: Session.cancel_all,
    59: Session.market_data_type,
    61: Session.positions,
    62: Session.account_summary,
    63: Session.cancel_summary,
    64: Session.cancel_positions,
    71: Session.start_api,
    74: Session.positions_multi,
    75: Session.nothing,
    76: Session.account_updates_multi,
    77: Session.cancel_account_multi,
    81: Session.matching_symbols,
    87: Session.head_time,
    90: Session.nothing,
    91: Session.market_rule,
    92: Session.pnl,
    93: Session.cancel_pnl,
    94: Session.pnl_single,
    95: Session.cancel_pnl,
    97: Session.ticks,
    98: Session.cancel_ticks,
    99: Session.completed_orders,
    104: Session.user_info,
}
"""What answers each request."""

_SILENCES: Final = {
    5: "silent-orders",
    16: "silent-orders",
    61: "silent-positions",
    7: "silent-executions",
    6: "silent-account",
    76: "silent-account",
    62: "silent-account",
    99: "silent-completed",
    20: "silent-history",
    9: "silent-contract",
}

_FARMS: Final = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)

_ABOUT: Final[Mapping[int, int]] = {
    **dict.fromkeys((3, 20, 87, 91, 92, 93, 94, 95, 97, 98, 81, 104), 1),
    **dict.fromkeys((1, 2, 4, 7, 9, 25, 50, 51, 62, 63, 74, 76, 77), 2),
}
"""Which field says what a request is about."""


def _about(fields: list[str]) -> int:
    at = _ABOUT.get(Reader(fields).whole())
    if at is None or at >= len(fields):
        return -1
    try:
        return Reader(fields, at).whole()
    except Malformed:
        return -1


def _history_error(text: str) -> Refused:
    return Refused(162, f"Historical Market Data Service error message:{text}")


def _since(tape: Tape, until: float, reach: str) -> float:
    """Where a history request begins: so many seconds or trading dates before its end.

    Seconds are counted back from the last bar, so a request in a pause reaches into the session before.
    """
    span = requests.span(reach)
    if span.seconds:
        return min(until, tape.known_until()) - span.seconds
    sessions = tape.hours.sessions
    begun = [begins for begins, _ in sessions if begins * 60 < until]
    if not begun:
        return until - 86_400 * span.dates
    return begun[max(0, len(begun) - span.dates)] * 60.0
