"""The gateway: its parts, its clock, and who is connected.

Nothing here waits and nothing here reads a clock. `step` lets the next thing happen at its time;
who calls it, how fast, and with what between (`adapters.gateway.pace`), is no matter of the
gateway. So the same seed and the same requests give the same bytes over a socket, in memory and on
a virtual loop.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from adapters.gateway.account import Account
from adapters.gateway.broadcast import Broadcast
from adapters.gateway.callbacks import Callbacks
from adapters.gateway.config import Unsent
from adapters.gateway.desk import Desk
from adapters.gateway.exchange import Exchange
from adapters.gateway.faults import FAULTS, Faults
from adapters.gateway.orders import COMPLETED
from adapters.gateway.outages import Outages
from adapters.gateway.replay import Replay
from adapters.gateway.schedule import Schedule, date_at, midnight_before
from adapters.gateway.strikes import STRIKES
from adapters.gateway.timers import Timers
from adapters.gateway.truth import Truth
from adapters.gateway.wirelog import WireLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from fractions import Fraction

    from adapters.gateway.config import Config
    from adapters.gateway.contracts import Contract
    from adapters.gateway.hours import Hours
    from adapters.gateway.session import Session
    from adapters.gateway.tape import Tape
    from engine.domain.calendar import Calendars


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
        self._schedule = Schedule(config, calendars)
        self.catalogue = self._schedule.catalogue
        begins = self._schedule.begins()
        self.now = begins
        self.wire = WireLog()
        self.wire.now = begins
        self.tapes = {
            market.instrument.symbol: self._schedule.tape(market, begins)
            for market in config.markets
        }
        self.exchange = Exchange(config.rules, Callbacks(self))
        self.exchange.now = begins
        for name in config.accounts:
            self.exchange.accounts[name] = Account(name, config.cash, self._price)
        self.realized_before: dict[str, Fraction] = {}
        self._day: date | None = None
        self.sessions: dict[int, Session] = {}
        self._lines: list[Session] = []
        self.faults = Faults(config.faults, config.seed, begins)
        self.outages: Outages = Outages(self)
        self.broadcast = Broadcast(self)
        self.desk = Desk(self)
        self.truth = Truth(self)
        self.next_id = 1
        self.on_listener: Callable[[], None] | None = None
        self.on_acknowledged: Callable[[Session], None] | None = None
        self.on_connected: Callable[[], None] | None = None
        self.clock: Callable[[], float] | None = None
        self._unrest_until = 0.0
        self._replay = Replay(self)
        self._timers = Timers()
        self._set_timers()

    def _set_timers(self) -> None:
        """Everything that has its time already: faults, nights, expiries."""
        for when in self.faults.clocks():
            self.at(when, self._strike_due)
        nightly = (
            (self.config.restart, self.outages.restart),
            (self.config.maintenance, self.outages.lose_link),
        )
        for plan, happens in nightly:
            if plan is None:
                continue
            for when in self._schedule.nights(plan, self.now):
                self.at(when, partial(happens, plan.seconds))
        for name in self.tapes:
            for when, contract in self._schedule.expiries(name, self.now):
                self.at(when, partial(self.desk.settle, contract))

    # --- clock ------------------------------------------------------------------------------

    def at(self, when: float, what: Callable[[], object]) -> None:
        """Let something happen at an instant, or with the next step where that is past."""
        self._timers.at(when, what)

    def next_at(self) -> float | None:
        """When the next thing happens; None when the bars are over."""
        bar = self._replay.next_at()
        return None if bar is None else min(bar, self._timers.next_at)

    def step(self) -> bool | None:
        """Let the next thing happen. Whether a client may act before the next; None when over."""
        stop = self._step_unheard()
        self.flush()
        return stop

    def _step_unheard(self) -> bool | None:
        """The same, with everything that is to be told still unsent."""
        bar = self._replay.next_at()
        if bar is None:
            return None
        timer = self._timers.next_at
        self._set_clock(max(min(bar, timer), self.now))
        if timer <= bar:
            self._timers.take()()
            stop = True
        else:
            stop = self._replay.play()
        self.truth.observe()
        return stop

    def advance(self) -> bool:
        """Play on to where a client may act; False when the bars are over."""
        stop: bool | None = False
        while stop is False:
            stop = self._step_unheard()
        self._let_act()
        return stop is not None

    def breathe(self) -> bool:
        """Let one second pass if something happened to an order lately; whether it did.

        A client in lockstep has no other clock by which it could do what cannot wait for a bar.
        """
        following = self.next_at()
        if following is None or not self.is_restless or following <= self.now + 1:
            return False
        self._set_clock(self.now + 1)
        self.truth.observe()
        self._let_act()
        return True

    @property
    def is_restless(self) -> bool:
        """Whether something happened to an order lately."""
        return self.now < self._unrest_until

    def stir(self) -> None:
        """Something happens to an order."""
        self._unrest_until = self.now + self.config.unrest

    def _let_act(self) -> None:
        for session in self.lines:
            session.owes = session.owes or session.has_news
            session.tell_time()
        self.flush()

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

    def _set_clock(self, now: float) -> None:
        self.now = self.exchange.now = self.wire.now = now

    def flush(self) -> None:
        """Let every session write what it has gathered; who was told something owes an answer."""
        for session in self.lines:
            if session.flush():
                session.owes = True

    @property
    def is_over(self) -> bool:
        """Whether all bars are played."""
        return self.next_at() is None

    @property
    def bars_played(self) -> int:
        """How many bars are over, those of all markets together."""
        return self._replay.bars

    # --- sessions ---------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether connections are taken now; not while it restarts."""
        return not self.is_silent("restart")

    def connect_memory(self, ib: Any) -> None:
        """Let an `IB` object of ib_insync or ib_async connect without a socket."""
        from adapters.gateway.carriers import attach  # noqa: PLC0415 - it knows this module

        attach(ib, self)

    def connect(self, session: Session) -> None:
        """A line was opened."""
        self._lines.append(session)

    def joined(self) -> None:
        """A client has said who it is."""
        if self.on_connected is not None:
            self.on_connected()

    def left(self, session: Session) -> None:
        """A line was closed."""
        if session in self._lines:
            self._lines.remove(session)
        if self.sessions.get(session.client) is session:
            del self.sessions[session.client]
            self._leave_unsent(session.client)

    def _leave_unsent(self, client: int) -> None:
        """A client left: what becomes of its orders that were not transmitted."""
        for order in self.exchange.unsent(client):
            order.hidden = self.config.unsent is Unsent.HIDDEN
            if self.config.unsent is Unsent.DROPPED:
                self.exchange.drop(order, self.now)

    @property
    def lines(self) -> tuple[Session, ...]:
        """Every open connection."""
        return tuple(self._lines)

    def listens(self) -> None:
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

    def notice(self, code: int, text: str) -> None:
        """Tell every client something about the gateway itself."""
        for session in self.lines:
            if session.client >= 0:
                session.error(-1, code, text)

    # --- faults -----------------------------------------------------------------------------

    def hit(self, name: str) -> float | None:
        """Whether a fault strikes at this opportunity: its value, or None."""
        return self.faults.hit(name, self.now)

    def strike(self, name: str, value: float | None = None) -> None:
        """Let a fault of the moment happen now (`faults.FAULTS` has their names and values)."""
        STRIKES[name](self, FAULTS[name].value if value is None else value)
        self.flush()

    def _strike_due(self) -> None:
        for name, value in self.faults.due(self.now):
            STRIKES[name](self, value)

    @property
    def is_cut_off(self) -> bool:
        """Whether IB cannot be reached behind the gateway."""
        return self.outages.is_down("link")

    def is_silent(self, what: str) -> bool:
        """Whether some part is down now."""
        return self.outages.is_down(what)

    # --- days and contracts -----------------------------------------------------------------

    def begin_bar(self) -> None:
        """A bar begins: perhaps a day with it, perhaps a fault."""
        today = self.today()
        if today != self._day:
            self._day = today
            self._begin_day()
        if self.config.faults:
            for name, value in self.faults.moments(self.now):
                STRIKES[name](self, value)

    def _begin_day(self) -> None:
        self.realized_before = {
            name: account.realized for name, account in self.exchange.accounts.items()
        }
        self.truth.forget(self.now - COMPLETED)

    def today(self) -> date:
        """The date in New York."""
        return date_at(self.now)

    def day_begins(self) -> float:
        """Midnight in New York: executions are told since then."""
        return midnight_before(self.now)

    def tape_of(self, contract: Contract) -> Tape | None:
        """The bars a contract trades by."""
        return self.tapes.get(contract.instrument)

    def hours_for(self, contract: Contract) -> Hours:
        """When a contract trades."""
        return self._schedule.hours_for(contract)

    def _price(self, contract: Contract) -> int | None:
        tape = self.tapes.get(contract.instrument)
        return None if tape is None else tape.price
