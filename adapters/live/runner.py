"""The running engine: words in, events on the disk, commands out; in this order, always.

Everything happens on one event loop and in one piece: a word is taken by the desk, its events are
written down and flushed to the disk, then its commands are carried out, and only then is the next
word looked at. Whoever has a word (the broker, a timer, a person) calls `take`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from adapters.database.errors import DatabaseError
from adapters.database.tables import Source
from adapters.ib.port import (
    BrokerError,
)
from adapters.live import connect, warmup
from adapters.live.alerts import Alerts
from adapters.live.asking import Asker
from adapters.live.bars import BarKeeper, word_of
from adapters.live.belonging import require_owner, write_down
from adapters.live.clocks import MarketClock, OwnClock, wall
from adapters.live.dates import TradingDates
from adapters.live.echo import changed
from adapters.live.ending import ENGINE, STOPPING, Ending, stopped
from adapters.live.errors import CannotRun
from adapters.live.hands import Hands
from adapters.live.hearing import Hearing
from adapters.live.heirs import Estate, not_led
from adapters.live.lifeline import Lifeline
from adapters.live.listener import ToListener
from adapters.live.past import Past
from adapters.live.plan import check_login
from adapters.live.status import State
from adapters.live.telling import Story
from adapters.live.troubles import Troubles
from dsl.ir.text import program_hash
from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.books import JournalError
from engine.live.commands import Level
from engine.session import BarOrderError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from adapters.database.journal import Journal
    from adapters.ib.port import Broker, ContractInfo, Figures, Session, Snapshot
    from adapters.ib.settings import Settings
    from adapters.live.clocks import Clock
    from adapters.live.lifeline import Wire
    from adapters.live.listener import Listener
    from adapters.live.plan import Plan
    from engine.live.decider import SessionDecider
    from engine.live.desk import Desk, Step
    from engine.live.words import Word

_REPLAYED: Final = 3_600_000
"""A replayed market is asked for everything that often where nothing happens; else each minute.

So long may an answer take, too: its clock leaps from bar to bar while one is on its way. That there
is none at all is seen by ours, in the connection.
"""


class Runner:
    """One plan, run until it ends. `run` may be called once."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        dial: Callable[[Settings, Callable[[], int]], Broker],
        listener: Listener,
        *,
        now: Callable[[], int] = wall,
    ) -> None:
        """`dial` makes a broker that is not connected; `now` is our clock (ms since the epoch)."""
        self.plan, self.journal = plan, journal
        self.listener = listener
        self.strategy = program_hash(plan.program)
        self.dates = TradingDates(plan.program.day)
        self.story = Story(plan.program.instrument, monitor_only=plan.monitor_only)
        self.alerts = Alerts((ToListener(listener),))
        self.clock: Clock = OwnClock(now)
        self.started = now()
        self.is_replay = False
        self.policy = replace(
            plan.policy, monitor_only=plan.monitor_only, told_equity=not plan.counted
        )
        self.session: Session | None = None
        self.contract: ContractInfo | None = None
        self.desk: Desk | None = None
        self.decider: SessionDecider | None = None
        self.estate = Estate()
        self.figures: Figures | None = None
        self.last_bar: words.BarClosed | None = None
        self.bars_seen = 0
        self.events_written = journal.last()
        self.past = Past.of(journal)
        self.is_stopping = False
        self.changed = asyncio.Event()
        self.broker = self._dialled(dial)
        self._dial = dial
        self.troubles = Troubles(self._data)
        self.lifeline = Lifeline(self)
        self.asker = Asker(self.broker, self._answered, self.lifeline.lost)
        self._hands: Hands | None = None
        self._hearing: Hearing | None = None
        self._words: deque[Word] = deque()
        self._early: list[words.Halt] = []
        self._is_busy = False
        self._ended: asyncio.Future[Ending] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def _dialled(self, dial: Callable[[Settings, Callable[[], int]], Broker]) -> Broker:
        settings = replace(
            self.plan.settings, account=self.plan.account, reads_only=self.plan.monitor_only
        )
        if self.is_replay:
            settings = connect.for_replay(settings)
        broker = dial(settings, self._now)
        broker.recall = self._asked_price
        return broker

    def _asked_price(self, ref: str) -> int | None:
        """The price in ticks that an order of ours was to have, if it is one and has one."""
        family = self.journal.books.families.get(ref.partition(":")[0])
        asked = () if family is None else family.asked
        return next((one.order.price for one in asked if one.leg.ref == ref), None)

    def _now(self) -> int:
        """By the clock of the moment: a replay changes it."""
        return self.clock.now()

    # --- from the first connection to the end -------------------------------------------------

    async def run(self) -> Ending:
        """Connect, warm up, trade until it ends. Raises `CannotRun` and `DatabaseError`."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        beginning = loop.create_task(self._begin())
        try:
            # a start may wait for its gateway for ever, and is ended like anything else
            either: set[asyncio.Future[Any]] = {beginning, self._ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if beginning.done():
                beginning.result()
            return await self._ended
        finally:
            beginning.cancel()
            await asyncio.gather(beginning, return_exceptions=True)
            await self._close()

    async def _begin(self) -> None:
        if self.plan.monitor_only and self.journal.books.living:
            raise CannotRun(
                "something of ours is open, and --monitor-only would leave it alone",
                "run without --monitor-only, or give it a journal of its own: --journal FILE",
            )
        require_owner(self.plan, self.journal, self.plan.account)
        session = await self._connect_first()
        write_down(self.plan, self.journal, session.account, self.clock.now())
        self.events_written = self.journal.last()
        try:
            contract = await self.broker.contract(self.plan.program.instrument)
            made = await warmup.prepared(
                self.plan, self.broker, self.journal, contract, session.figures, self.dates,
                self.policy,
            )  # fmt: skip
        except BrokerError as failed:
            raise connect.cannot(failed) from None
        self.contract, self.desk, self.decider = contract, made.desk, made.decider
        self.estate = made.estate
        for strategy, why in made.estate.troubles.items():
            self.say(Level.WARNING, not_led(self.journal.books, strategy, why))
        self._hands = Hands(self.broker, contract, self, self.plan.monitor_only)
        keeper = BarKeeper(self.journal, contract.number)
        keeper.keep_now(made.fresh, Source.LIVE if made.resumed else Source.WARM_UP)
        self._hearing = hearing = Hearing(self, keeper, made)
        self.bars_seen = len(made.bars)
        if made.bars:
            self.last_bar = word_of(made.bars[-1], self.clock.now())
        self._do(self.desk.begin(self.clock.now()))
        if made.short:
            self.troubles.say("warm-up", made.short)
        self.run_beside(hearing.listen())
        self.tell_equity(session.figures)
        if self.journal.books.halt == STOPPING:
            self.take(words.Resume(self.clock.now(), ENGINE, "it runs again"))
        for halt in self._early:
            self.take(halt)
        for bar in made.missed:
            hearing.bar(word_of(bar, self.clock.now()), known=True)
        self.listener.began(self)
        await self.lifeline.follow()
        self.run_beside(self.lifeline.pulse() if self.is_replay else self.lifeline.beat())

    async def _connect_first(self) -> Session:
        above, wait = self.journal.books.highest_number, self.plan.wait
        session = await connect.first_session(self.broker, above, wait=wait)
        if connect.is_replay(session):
            await self.broker.close()
            self.is_replay = True
            self.policy = replace(self.policy, reconcile_every=_REPLAYED, answer_within=_REPLAYED)
            self.clock = MarketClock(session.server_seconds * 1000)
            self.broker = self._dialled(self._dial)
            self.asker = Asker(self.broker, self._answered, self.lifeline.lost)
            session = await connect.first_session(self.broker, above, wait=wait)
        check_login(self.plan, session.account)
        require_owner(self.plan, self.journal, session.account)
        self.connected(session)
        self.lifeline.is_up_again()
        return session

    async def _close(self) -> None:
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.asker.stop()
        if self._hands is not None:
            self._hands.stop()
        self.clock.stop()
        with suppress(BrokerError, OSError):
            await self.broker.close()
        if self._hearing is not None:
            self._hearing.keeper.write()

    def run_beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have something done beside; where it fails, everything ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.fail(fault)

    def fail(self, fault: BaseException) -> None:
        """Nothing can be trusted any more: leave; stops work at the broker."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(fault)

    def end(self, ending: Ending) -> None:
        """Leave at once; nothing is sent any more."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(ending)

    # --- words ----------------------------------------------------------------------------------

    def halt_early(self, who: str, why: str) -> None:
        """A person wants no entries before there is a desk: on disk at once, and its first word."""
        word = words.Halt(self.clock.now(), who, why)
        try:
            self.journal.record(ev.Halted(word.at, who, why))
        except DatabaseError as fault:
            self.fail(fault)
        self.events_written = self.journal.last()
        self._early.append(word)
        self.changed.set()

    def take(self, word: Word) -> None:
        """A word, all the way: decided on, written down, carried out. Failures end the run."""
        self._words.append(word)
        if self._is_busy:
            return  # carrying out what came of another: that one first, all of it
        self._is_busy = True
        try:
            while self._words and not self.is_over:
                self._take(self._words.popleft())
        finally:
            self._is_busy = False

    def _take(self, word: Word) -> None:
        assert self.desk is not None
        try:
            self._do(self.desk.step(word))
        except BarOrderError as wrong:
            self.say(Level.WARNING, f"a bar is not looked at: {wrong}")
        except (DatabaseError, JournalError) as fault:
            self.fail(fault)

    def _do(self, step: Step) -> None:
        if step.events:
            self._write_down(step.events)
        assert self._hands is not None
        for command in step.commands:
            match command:
                case cmd.Send() | cmd.Cancel():
                    self._hands.carry_out(self.date, command)
                case cmd.Ask(number=number):
                    self.asker.ask(number)
                case cmd.WakeAt(at=at):
                    self.clock.wake(at, self._wake)
                case cmd.Alert(level=level, text=text):
                    self.say(level, text)
        if step.events or step.commands:
            self.changed.set()

    def _write_down(self, happened: tuple[ev.Event, ...]) -> None:
        assert self._hearing is not None
        if any(isinstance(event, ev.Stepped) for event in happened):
            self._hearing.keeper.write()
        self.journal.record(*happened)
        self.events_written += len(happened)
        for event in happened:
            if isinstance(event, words.Told):
                self._see_echo(event)
            self.past = self.past.after(event)
            self.story.heard(event)
            self.listener.happened(event)

    def _see_echo(self, told: words.Told) -> None:
        """An order that the broker changed is not ours any more: halt, and call somebody."""
        made = changed(self.journal.books, told.order)
        if made and not self.journal.books.halt:
            text = f"the broker has {told.order.ref} with {made}"
            self.say(Level.ALARM, text)
            self.take(words.Halt(self.clock.now(), ENGINE, text))

    def _wake(self) -> None:
        self.take(words.Tick(self.clock.now()))

    @property
    def date(self) -> str:
        """Today's trading date."""
        return self.dates.text(self.clock.now() // 60_000)

    def say(self, level: Level, text: str) -> None:
        """Tell a person."""
        self.alerts.say(self.clock.now(), level, text)
        self.changed.set()

    # --- what is told of the broker -----------------------------------------------------------

    def _data(self, trouble: str) -> None:
        """What is wrong with the data has changed."""
        if self.desk is not None:
            self.take(words.Data(self.clock.now(), trouble))

    def tell_equity(self, figures: Figures) -> None:
        """What the account is worth, if that is fresh."""
        self.figures = figures
        now = self.clock.now()
        if figures.equity is not None and figures.age(now) < self.policy.equity_fresh:
            self.take(words.EquityTold(now, self.date, figures.equity))

    def _answered(self, number: int, snapshot: Snapshot) -> None:
        self.tell_equity(snapshot.figures)
        # one number is left free below the next order's: its margin is asked for under that one
        first = snapshot.next_number + 1
        now, making = self.clock.now(), self.broker.making
        self.take(words.Answered(now, number, snapshot.holdings, first, making))

    # --- hands.Owner --------------------------------------------------------------------------

    def refused(self, order: cmd.Send, code: int, text: str) -> None:
        """See `hands.Owner`."""
        self.take(words.Refused(self.clock.now(), order.leg.ref, code, text))

    def withheld(self, what: cmd.Send | cmd.Cancel) -> None:
        """See `hands.Owner`."""
        self.listener.withheld(self.clock.now(), what)

    def alarm(self, level: Level, text: str) -> None:
        """See `hands.Owner`."""
        self.say(level, text)

    # --- for its lifeline ----------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way: all words taken, nothing asked, nothing to be sent."""
        assert self._hands is not None
        return self.broker.is_idle and self.asker.is_idle and self._hands.is_idle

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._ended is None or self._ended.done()

    def connected(self, session: Session) -> None:
        """A connection was made."""
        self.session, self.figures = session, session.figures
        self.changed.set()

    # --- the end ------------------------------------------------------------------------------

    def stop(self, ending: Ending = Ending.STOPPED, *, flatten: bool = False) -> None:
        """Take no entries any more, leave what is protected protected (or go out), and end."""
        if self.desk is None:
            self.end(ending)
        elif not self.is_stopping:
            self.is_stopping = True
            self.run_beside(stopped(self, ending, flatten=flatten or self.plan.flatten_on_exit))

    # --- how it stands --------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether there is a desk that takes words."""
        return self.desk is not None and self._hands is not None

    @property
    def wire(self) -> Wire:
        """How the connection stands."""
        return self.lifeline.wire

    @property
    def state(self) -> State:
        """What it is doing, in one word."""
        books = self.journal.books
        if self.is_stopping:
            return State.STOPPING
        if self.desk is None:
            return State.CONNECTING if self.session is None else State.WARMING_UP
        found = (
            (not self.wire.is_up, State.DOWN),
            (bool(books.latch), State.LATCHED),
            (bool(books.halt), State.HALTED),
            (bool(self.why_not), State.WATCHING),
        )
        return next((state for holds, state in found if holds), State.TRADING)

    @property
    def why_not(self) -> str:
        """Why no entry could happen now; empty: one could."""
        if self.desk is None:
            return "it is not ready yet"
        if not self.wire.is_up:
            return f"no gateway: {self.wire.trouble}"
        return self.desk.why_not(self.date)
