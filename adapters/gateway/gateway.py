"""The gateway: its clock, the market that is played, the sessions, and what goes wrong.

Nothing here waits and nothing here reads a clock. `step` lets the next thing happen at its time;
who calls it, how fast, and with what between (`adapters.gateway.pace`), is no matter of the
gateway. So the same seed and the same requests give the same bytes over a socket, in memory and on
a virtual loop.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from random import Random
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from adapters.gateway import answers
from adapters.gateway.account import Account
from adapters.gateway.config import BadConfig, Matching, Stops
from adapters.gateway.contracts import Catalogue
from adapters.gateway.desk import Desk
from adapters.gateway.exchange import Exchange
from adapters.gateway.faults import FAULTS, Faults
from adapters.gateway.hours import STOCK, WEEKS, Hours, hours_of
from adapters.gateway.orders import LIMIT, Order, Ticket
from adapters.gateway.strikes import STRIKES
from adapters.gateway.tape import STEP, Range, Tape
from adapters.gateway.truth import Truth
from adapters.gateway.wire import encode
from adapters.gateway.wirelog import WireLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from adapters.gateway.config import Config, Nightly
    from adapters.gateway.contracts import Contract
    from adapters.gateway.orders import Execution
    from adapters.gateway.session import Session
    from adapters.gateway.subscriptions import Subscription
    from adapters.gateway.wire import Fields
    from engine.domain.calendar import Calendars
    from engine.domain.market import Market

_NEW_YORK: Final = ZoneInfo("America/New_York")


class _Kind(Enum):
    """What can happen to the bar at hand."""

    OPEN = "open"
    STEP = "step"
    CLOSE = "close"
    END = "end"


class Gateway:
    """A simulated gateway. `connect` gives a session for a line; `step` plays on.

    `truth` tells what really happened, `wire` hashes the traffic, `faults` counts what struck.
    """

    def __init__(self, config: Config, calendars: Calendars | None = None) -> None:
        """Serve what `config` says; raises `BadConfig` where there is nothing to play."""
        if calendars is None:
            from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - brings numpy tables

            calendars = ExchangeCalendars()
        self.config = config
        self._calendars = calendars
        self._first, self._last = _dates(config.markets)
        self._hours: dict[str, Hours] = {}
        self.wire = WireLog()
        kinds = [market.instrument for market in config.markets]
        self.catalogue = Catalogue(kinds, self._first, self._last)
        begins = self._begins()
        self.now = begins
        self.wire.now = begins
        self.tapes = {market.instrument.symbol: self._tape(market) for market in config.markets}
        self.exchange = Exchange(config.rules, self)
        self.exchange.now = begins
        for name in config.accounts:
            self.exchange.accounts[name] = Account(name, config.cash, self._price)
        self.realized_before: dict[str, Fraction] = {}
        self._day: date | None = None
        self.sessions: dict[int, Session] = {}
        self.faults = Faults(config.faults, config.seed, begins)
        self.desk = Desk(self)
        self.truth = Truth(self)
        self.next_id = 1
        self.bars_played = 0
        self.on_listener: Callable[[], None] | None = None
        self.on_acknowledged: Callable[[Session], None] | None = None
        self.on_connected: Callable[[], None] | None = None
        self.clock: Callable[[], float] | None = None
        self._lines: list[Session] = []
        self._spans: dict[str, float] = {}
        self._queue: deque[tuple[float, _Kind, int]] = deque()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._timer_count = 0
        self._playing: list[Tape] = []
        self._moods: dict[str, dict[str, float]] = {}
        self._before: dict[str, Range] = {}
        self._dice = Random(f"{config.seed}/shuffle")  # noqa: S311 - dice
        self._schedule()

    # --- clock ------------------------------------------------------------------------------

    def at(self, when: float, what: Callable[[], object]) -> None:
        """Let something happen at an instant, or with the next step where that is past."""
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, what))

    def next_at(self) -> float | None:
        """When the next thing happens; None when the bars are over."""
        if not self._queue:
            self._plan()
        if not self._queue:
            return None
        bar = self._queue[0][0]
        return min(bar, self._timers[0][0]) if self._timers else bar

    def step(self) -> bool | None:
        """Let the next thing happen. Whether a client may act before the next; None when over."""
        stop = self._step_unheard()
        self.flush()
        return stop

    def _step_unheard(self) -> bool | None:
        """The same, with everything that is to be told still unsent."""
        when = self.next_at()
        if when is None:
            return None
        self._set_clock(max(when, self.now))
        if self._timers and self._timers[0][0] <= self._queue[0][0]:
            heapq.heappop(self._timers)[2]()
            stop = True
        else:
            _, kind, number = self._queue.popleft()
            stop = self._happen(kind, number)
        self.truth.observe()
        return stop

    def advance(self) -> bool:
        """Play on to where a client may act; False when the bars are over."""
        stop: bool | None = False
        while stop is False:
            stop = self._step_unheard()
        for session in self._lines.copy():
            session.owes = session.owes or session.has_news
            session.tell_time()
        self.flush()
        return stop is not None

    def pass_time(self, now: float) -> None:
        """Let time pass up to `now`, but not beyond the next thing that happens."""
        following = self.next_at()
        if following is not None:
            now = min(now, following)
        if now > self.now:
            self._set_clock(now)

    def refresh(self) -> None:
        """Bring the clock up to date where time passes by itself."""
        if self.clock is not None:
            self.pass_time(self.clock())

    def connect_memory(self, ib: Any) -> None:
        """Let an `IB` object of ib_insync or ib_async connect without a socket."""
        from adapters.gateway.carriers import attach  # noqa: PLC0415 - it knows this module

        attach(ib, self)

    def _set_clock(self, now: float) -> None:
        self.now = self.exchange.now = self.wire.now = now

    def flush(self) -> None:
        """Let every session write what it has gathered; who was told something owes an answer."""
        for session in self._lines.copy():
            if session.flush():
                session.owes = True

    @property
    def is_over(self) -> bool:
        """Whether all bars are played."""
        return self.next_at() is None

    # --- the market -------------------------------------------------------------------------

    def _plan(self) -> None:
        """Queue what happens with the next bar of every market that has one then."""
        begins = [
            (begins, tape)
            for tape in self.tapes.values()
            if (begins := tape.begins(tape.row)) is not None
        ]
        if not begins:
            return
        first = min(when for when, _ in begins)
        self._playing = [tape for when, tape in begins if when == first]
        seconds = self._playing[0].seconds
        self._queue.append((first, _Kind.OPEN, 0))
        if self._is_fine:
            count = seconds // STEP
            for number in range(1, count):
                self._queue.append((first + number * STEP, _Kind.STEP, number))
        self._queue.append((first + seconds - 1, _Kind.CLOSE, seconds // STEP))
        self._queue.append((first + seconds, _Kind.END, seconds // STEP))

    @property
    def _is_fine(self) -> bool:
        if self.config.fine or self.config.matching is Matching.WAY:
            return True
        return any(one.fine for line in self._lines for one in line.subscriptions.values())

    def _happen(self, kind: _Kind, number: int) -> bool:
        if kind is _Kind.OPEN:
            self._moment()
            for tape in self._playing:
                self._open(tape)
            return True
        if kind is _Kind.STEP:
            for tape in self._playing:
                self._step_on(tape, number)
            return False
        if kind is _Kind.CLOSE:
            for tape in self._playing:
                self._close(tape)
            return self._stops_at_close()
        for tape in self._playing:
            self._end(tape, number)
        self._playing = []
        following = self.next_at()
        return following is None or following > self.now

    def _open(self, tape: Tape) -> None:
        bar = tape.begin()
        self._roll_mood(tape)
        self.exchange.meet_price(tape, bar.open)
        if self._moods and "old-bar" in self._moods.get(tape.name, ()):
            before = self._before.get(tape.name)
            if before is not None:
                self._tell(tape, before)
        assert tape.seen is not None
        self._tell(tape, tape.seen)

    def _step_on(self, tape: Tape, number: int) -> None:
        tape.reach(number)
        part = tape.walk()[number - 1]
        if self.config.matching is Matching.WAY:
            self.exchange.meet(tape, part)
        self._tell_step(tape, part)
        assert tape.seen is not None
        self._tell(tape, tape.seen)

    def _close(self, tape: Tape) -> None:
        fine = self.config.matching is Matching.WAY
        part = tape.walk()[-1] if fine else None
        bar = tape.finish()
        self.exchange.meet(tape, bar if part is None else part)
        self._tell(tape, self._misread(tape, bar))
        self._before[tape.name] = bar

    def _end(self, tape: Tape, number: int) -> None:
        if any(one.tape is tape and one.fine for one in self._listeners()):
            self._tell_step(tape, tape.walk()[number - 1])
        tape.end()
        self.bars_played += 1

    def _stops_at_close(self) -> bool:
        choice = self.config.stop_at_close
        if choice is Stops.HELD:
            accounts = self.exchange.accounts.values()
            return any(one.quantity for account in accounts for one in account.positions.values())
        return choice is Stops.ALWAYS

    def _listeners(self) -> Iterator[Subscription]:
        for session in self._lines:
            yield from session.subscriptions.values()

    # --- live data and what spoils it -------------------------------------------------------

    def _roll_mood(self, tape: Tape) -> None:
        """What goes wrong with the live data of the bar that begins."""
        if not self.config.faults:
            return
        mood = {name: self.hit(name) for name in _MOODS}
        self._moods[tape.name] = {name: value for name, value in mood.items() if value is not None}

    def _misread(self, tape: Tape, bar: Range) -> Range:
        shift = self._moods.get(tape.name, {}).get("wrong-bar")
        if shift is None:
            return bar
        close = bar.close + int(shift)
        return replace(bar, close=close, high=max(bar.high, close))

    def _tell(self, tape: Tape, seen: Range) -> None:
        mood = self._moods.get(tape.name)
        if self._is_blind(mood):
            return
        if mood and "frozen-price" in mood and (before := self._before.get(tape.name)):
            price = before.close
            seen = replace(seen, open=price, high=price, low=price, close=price, volume=0)
        for session in self._lines:
            for one in session.subscriptions.values():
                if one.tape is tape:
                    for frame in one.update(seen, self.now):
                        self._pass_on(session, frame, mood)

    def _tell_step(self, tape: Tape, part: Range) -> None:
        mood = self._moods.get(tape.name)
        if self._is_blind(mood):
            return
        for session in self._lines:
            for one in session.subscriptions.values():
                if one.tape is tape:
                    for frame in one.step(part):
                        self._pass_on(session, frame, mood)

    def _is_blind(self, mood: dict[str, float] | None) -> bool:
        if mood and "missing-bar" in mood:
            return True
        return bool(self._spans) and (
            self.is_cut_off or self.is_silent("market-farm") or self.is_silent("competing-session")
        )

    def _pass_on(self, session: Session, frame: Fields, mood: dict[str, float] | None) -> None:
        if not mood:
            session.send(frame)
            return
        if "broken-frame" in mood:
            session.send_raw(encode(frame[:-2]))
            return
        late = mood.get("late-bar")
        for _ in range(1 + ("duplicate-bar" in mood)):
            if late is None:
                session.send(frame)
            else:
                session.later(self.now + late, frame)

    # --- sessions ---------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether connections are taken now; not while it restarts."""
        return not self.is_silent("restart")

    def connect(self, session: Session) -> None:
        """A line was opened."""
        self._lines.append(session)

    def joined(self, session: Session) -> None:  # noqa: ARG002 - whoever it is
        """A client has said who it is."""
        if self.on_connected is not None:
            self.on_connected()

    def left(self, session: Session) -> None:
        """A line was closed."""
        if session in self._lines:
            self._lines.remove(session)
        if self.sessions.get(session.client) is session:
            del self.sessions[session.client]

    @property
    def lines(self) -> tuple[Session, ...]:
        """Every open connection."""
        return tuple(self._lines)

    def listens(self, session: Session) -> None:  # noqa: ARG002 - whoever it is
        """A session has subscribed to live data."""
        if self.on_listener is not None:
            self.on_listener()

    def acknowledged(self, session: Session) -> bool:
        """A client asked for the time, so it is done; whether the answer is put off."""
        session.owes = False
        if self.on_acknowledged is None:
            return False
        self.on_acknowledged(session)
        return True

    def hit(self, name: str) -> float | None:
        """Whether a fault strikes at this opportunity: its value, or None."""
        return self.faults.hit(name, self.now)

    # --- what becomes of orders (exchange.Audience) -----------------------------------------

    def changed(self, order: Order) -> None:
        """Tell the client of an order that it changed."""
        session = self._owner(order)
        if session is not None:
            session.told(order)

    def withdrawn(self, order: Order, reason: str) -> None:
        """Tell the client of an order that it was cancelled."""
        session = self._owner(order)
        if session is not None:
            session.send(answers.order_status(order))
            session.error(order.id, 202, f"Order Canceled - reason:{reason}")

    def share(self, order: Order) -> int:
        """All of an order that can be filled, unless a fault leaves some of it for later."""
        part = self.hit("partial-fill")
        if part is None or part >= order.left:
            return order.left
        order.wait_until = self.now + 1
        return max(1, int(part))

    def wakes(self, order: Order) -> bool:
        """Whether children are armed at once; a fault lets them sleep on."""
        delay = self.hit("children-asleep")
        if delay is None:
            return True
        self.at(self.now + delay, lambda: self.exchange.wake_children(order))
        return False

    def executed(self, execution: Execution) -> None:
        """Tell the client of a fill, in the order that the faults leave it, and the positions."""
        session = self._owner(execution.order)
        if session is not None:
            for frame in self._callbacks(session, execution):
                session.send(frame)
        shift = self.hit("correct-execution")
        if shift is not None:
            self._correct(session, execution, int(shift))
        self._moved(execution.order)

    def _callbacks(self, session: Session, execution: Execution) -> list[Fields]:
        late = self.hit("late-commission")
        silent = self.hit("silent-commission") is not None
        frames = session.told_fill(execution, commission=late is None and not silent)
        if late is not None:
            session.later(self.now + late, answers.commission(execution))
        if self.hit("silent-fill") is not None:
            return []
        if self.hit("silent-status") is not None:
            frames = [frame for frame in frames if frame[0] != 3]
        if self.hit("duplicate-callbacks") is not None:
            frames = [frame for frame in frames for _ in range(2)]
        if self.hit("shuffle-callbacks") is not None:
            self._dice.shuffle(frames)
        return frames

    def _correct(self, session: Session | None, execution: Execution, shift: int) -> None:
        corrected = self.exchange.correct(execution, execution.price + shift)
        if session is not None:
            session.send(answers.execution(session.version, -1, corrected))
            session.send(answers.commission(corrected))

    def _moved(self, order: Order) -> None:
        if self.is_cut_off:
            return
        account = order.ticket.account
        position = self.exchange.accounts[account].positions[order.contract.con_id]
        for session in self._lines:
            session.bookkeeping.moved(account, position)

    def _owner(self, order: Order) -> Session | None:
        """The session an order's news go to; none while the link is cut."""
        return None if self.is_cut_off else self.sessions.get(order.client)

    # --- time-bound faults ------------------------------------------------------------------

    @property
    def is_cut_off(self) -> bool:
        """Whether IB cannot be reached behind the gateway."""
        return self.is_silent("link")

    def is_silent(self, what: str) -> bool:
        """Whether some part is down now."""
        return bool(self._spans) and self.now < self._spans.get(what, 0.0)

    def strike(self, name: str, value: float | None = None) -> None:
        """Let a fault of the moment happen now (`faults.FAULTS` has their names and values)."""
        STRIKES[name](self, FAULTS[name].value if value is None else value)
        self.flush()

    def _moment(self) -> None:
        today = self.today()
        if today != self._day:
            self._day = today
            self.realized_before = {
                name: account.realized for name, account in self.exchange.accounts.items()
            }
        if self.config.faults:
            for name, value in self.faults.moments(self.now):
                STRIKES[name](self, value)

    def _due(self) -> None:
        for name, value in self.faults.due(self.now):
            STRIKES[name](self, value)

    def notice(self, code: int, text: str) -> None:
        """Tell every client something about the gateway itself."""
        for session in self._lines.copy():
            if session.client >= 0:
                session.error(-1, code, text)

    def outage(
        self, part: str, seconds: float, before: tuple[int, str], after: tuple[int, str]
    ) -> None:
        """One notice, some part down for a while, another notice."""
        self._spans[part] = max(self._spans.get(part, 0.0), self.now + seconds)
        self.notice(*before)

        def over() -> None:
            if not self.is_silent(part):
                if after[0] == 1101:
                    for session in self._lines:
                        session.subscriptions.clear()
                self.notice(*after)

        self.at(self.now + seconds, over)

    def lose_link(self, seconds: float, *, code: int = 1100, data_kept: bool = True) -> None:
        """IB cannot be reached for a while; `data_kept`: subscriptions live on afterwards."""
        lost = (code, "Connectivity between IBKR and Trader Workstation has been lost.")
        kept = (
            1102,
            "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
        )
        gone = (
            1101,
            "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
        )
        self.outage("link", seconds, lost, kept if data_kept else gone)

    def restart(self, seconds: float, *, rollback: bool = False) -> None:
        """Close every connection and refuse new ones for a while; `rollback`: ids begin anew."""
        self._spans["restart"] = self.now + seconds
        for session in self._lines.copy():
            session.close()
        if rollback:
            self.next_id = 1
            self.exchange.forget_ids()
        self.at(self.now + seconds, lambda: None)

    def foreign(self, quantity: float, kind: str) -> None:
        """Let a person buy by hand, of every market."""
        for tape in self.tapes.values():
            contract = self.catalogue.front(tape.name, self.today())
            if contract is not None and tape.price is not None:
                account = next(iter(self.exchange.accounts))
                limit = tape.price - 400 if kind == LIMIT else None
                ticket = Ticket("BUY", int(quantity), kind, limit, account=account, tif="GTC")
                self.desk.by_hand(contract, ticket)

    def cancel_newest(self) -> None:
        """Let the broker cancel the newest order that works."""
        working = [order for order in self.exchange.working.values() if order.works]
        if working:
            self.exchange.cancel(working[-1], "by the broker")

    # --- what is known ----------------------------------------------------------------------

    def today(self) -> date:
        """The date in New York."""
        return datetime.fromtimestamp(self.now, _NEW_YORK).date()

    def day_begins(self) -> float:
        """Midnight in New York: executions are told since then."""
        day = self.today()
        return datetime(day.year, day.month, day.day, tzinfo=_NEW_YORK).timestamp()

    def tape_of(self, contract: Contract) -> Tape | None:
        """The bars a contract trades by."""
        return self.tapes.get(contract.instrument)

    def hours_for(self, contract: Contract) -> Hours:
        """When a contract trades."""
        return self._hours_at(contract.exchange)

    def _hours_at(self, exchange: str) -> Hours:
        found = self._hours.get(exchange)
        if found is None:
            week = WEEKS.get(exchange, STOCK)
            first, last = self._first - timedelta(days=5), self._last + timedelta(days=10)
            found = self._hours[exchange] = hours_of(week, self._calendars, first, last)
        return found

    def _price(self, contract: Contract) -> int | None:
        tape = self.tapes.get(contract.instrument)
        return None if tape is None else tape.price

    def _tape(self, market: Market) -> Tape:
        hours = self._hours_of(market)
        if self.config.last is not None:
            end = self._edge(self.config.last, ends=True) / 60
            market = market.rows(0, int(market.minute.searchsorted(end)))
        row = int(market.minute.searchsorted(-(-self.now // 60)))
        if row >= len(market):
            raise BadConfig("there are no bars between the first and the last date to play")
        return Tape(market, hours, row, self.config.seed)

    def _begins(self) -> float:
        """When the replay begins: as told, or with the second trading date."""
        config = self.config
        latest = max(int(market.minute[-1]) * 60 for market in config.markets if len(market))
        begins = config.begins
        if begins is None and config.first is not None:
            begins = self._edge(config.first, ends=False)
        if begins is None:
            market = next(market for market in config.markets if len(market))
            first = int(market.minute[0])
            end = self._hours_of(market).session_end(first)
            row = int(market.minute.searchsorted(first if end is None else end))
            begins = float(market.minute[row if row < len(market) else 0]) * 60
        if begins > latest:
            raise BadConfig("the replay would begin after the last bar: choose an earlier date")
        return begins

    def _edge(self, day: date, *, ends: bool) -> float:
        """When a trading date begins or ends; where there is none, the next, or the one before."""
        hours = self._hours_of(self.config.markets[0])
        spans = [(span, hours.trading_date(span[0])) for span in hours.sessions]
        if ends:
            held = [span[1] for span, date_of in spans if date_of <= day]
            return held[-1] * 60.0 if held else 0.0
        return next((span[0] * 60.0 for span, date_of in spans if date_of >= day), float("inf"))

    def _hours_of(self, market: Market) -> Hours:
        contract = self.catalogue.front(market.instrument.symbol, self._first)
        assert contract is not None, "every market's instrument is in the catalogue"
        return self.hours_for(contract)

    def _schedule(self) -> None:
        """Put everything that has its time into the timers."""
        for when in self.faults.clocks():
            self.at(when, self._due)
        nightly = (
            (self.config.restart, self.restart),
            (self.config.maintenance, self.lose_link),
        )
        for plan, happens in nightly:
            if plan is not None:
                self._every_day(plan, happens)
        for tape in self.tapes.values():
            for contract in self.catalogue.contracts:
                if contract.instrument == tape.name and contract.expiry:
                    self._expire(contract)

    def _every_day(self, plan: Nightly, happens: Callable[[float], None]) -> None:
        hour, minute = map(int, plan.clock.split(":"))
        day = self._first - timedelta(days=1)  # the date of the first bar is one in UTC
        while day <= self._last:
            when = datetime(day.year, day.month, day.day, hour, minute, tzinfo=_NEW_YORK)
            if when.timestamp() >= self.now:
                self.at(when.timestamp(), lambda: happens(plan.seconds))
            day += timedelta(days=1)

    def _expire(self, contract: Contract) -> None:
        day = datetime.strptime(contract.expiry, "%Y%m%d")  # noqa: DTZ007 - zoned right below
        zone = ZoneInfo(self.hours_for(contract).zone)
        when = day.replace(hour=8, minute=30, tzinfo=zone).timestamp()
        if when < self.now:
            return

        def settle() -> None:
            for order in list(self.exchange.working.values()):
                if order.contract.con_id == contract.con_id:
                    self.exchange.cancel(order, "contract expired")
            price = self._price(contract)
            for name, account in self.exchange.accounts.items():
                if price is not None and account.settle(contract, price):
                    for session in self._lines:
                        session.bookkeeping.moved(name, account.positions[contract.con_id])

        self.at(when, settle)


def _dates(markets: tuple[Market, ...]) -> tuple[date, date]:
    """The dates of the first and the last bar (UTC)."""
    filled = [market for market in markets if len(market)]
    first = min(int(market.minute[0]) for market in filled)
    last = max(int(market.minute[-1]) for market in filled)
    return tuple(datetime.fromtimestamp(minute * 60, UTC).date() for minute in (first, last))  # type: ignore[return-value]


_MOODS: Final = (
    "missing-bar",
    "late-bar",
    "duplicate-bar",
    "old-bar",
    "wrong-bar",
    "frozen-price",
    "broken-frame",
)
