"""A desk, a broker in memory, a journal and a clock: live trading without anything live."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dsl.ir.text import program_hash
from engine.execution import records as out
from engine.execution.terms import Flat
from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books
from engine.live.decider import SessionDecider
from engine.live.desk import Desk, Step
from engine.live.meanwhile import Making
from engine.live.policy import Policy
from engine.live.stewards import Earlier, left_by_others
from engine.live.trader import Trader
from tests.support.paper import Paper, Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.domain.market import Ints, Market
    from engine.execution.intents import Intents
    from engine.execution.simulation import Simulator
    from engine.execution.terms import Terms
    from engine.laws.ground import Ground
    from engine.live.decider import Decider
    from tests.support.desk import Scene

CONTRACT = 620_731_015
DOWN = 200
SETTLE = 12_000
RESTLESS = 200
"""Words in a row, or wakes within a minute, after which something goes round in circles."""


class Journal(Protocol):
    """Where events go; a record is on disk when it returns, all of it or nothing."""

    books: Books

    def record(self, *happened: ev.Event) -> Books: ...


@dataclass
class Memory:
    """A journal in memory."""

    books: Books = field(default_factory=Books)
    events: list[ev.Event] = field(default_factory=list)

    def record(self, *happened: ev.Event) -> Books:
        self.books = self.books.after(happened)
        self.events.extend(happened)
        return self.books

    def copy(self) -> Memory:
        return Memory(self.books, list(self.events))


class SceneDecider:
    """The setups of a scene as a `Decider`: what is decided on a row is known with its bar."""

    def __init__(self, scene: Scene, simulator: Simulator) -> None:
        self._scene, self._simulator = scene, simulator
        self._market, self._dates, self._paths = scene.market, scene.dates, scene.paths
        self._all = scene.intents
        self._minutes = self._market.minute.tolist()
        self.rows = 0

    def close(self, count: int) -> None:
        self._all = self._all.first(count)

    @property
    def intents(self) -> Intents:
        return self._all.first(int(np.searchsorted(self._all.row, self.rows)))

    @property
    def session_end(self) -> int | None:
        if not self._dates.flattens or self.rows == 0:
            return None
        date = int(np.searchsorted(self._dates.start, self.rows - 1, side="right")) - 1
        over = int(self._dates.over[date])
        return self._minutes[over] if over < len(self._minutes) else None

    def take(self, bar: words.BarClosed) -> None:
        assert bar.minute == self._minutes[self.rows]
        self.rows += 1

    def minute(self, row: int) -> int:
        minute: int = self._minutes[row]
        return minute

    def candidate(self, intent: int) -> str:
        return f"2026-01-05/scene/{intent + 1}"

    def run(self, stop: int) -> Ints:
        return self._simulator.run(self._market, self._dates, self.intents, self._paths, stop)


@dataclass(frozen=True)
class Setting:
    """What a world is made of, again and again."""

    program: Any
    terms: Terms
    market: Market
    decider_of: Callable[[Simulator, int], Decider]  # the simulator, and how many bars are known
    policy: Policy = field(default_factory=lambda: Policy(told_equity=False))

    def bar(self, row: int) -> words.BarClosed:
        market = self.market
        columns = ("minute", "open", "high", "low", "close", "volume")
        values = [int(getattr(market, name)[row]) for name in columns]
        return words.BarClosed((values[0] + market.bar_minutes) * 60_000, *values)

    def paper(self, profile: Profile) -> Paper:
        instrument = self.program.instrument
        paper = Paper(CONTRACT, self.terms, instrument.tick, instrument.multiplier, profile)
        paper.cash = self.terms.equity
        paper.now = int(self.market.minute[0]) * 60_000
        return paper


def scene_setting(scene: Scene, policy: Policy | None = None) -> Setting:
    """The setting of a scene."""

    def decider_of(simulator: Simulator, rows: int) -> Decider:
        decider = SceneDecider(scene, simulator)
        decider.rows = rows
        return decider

    made = Setting(scene.program, scene.terms, scene.market, decider_of)
    return made if policy is None else replace(made, policy=policy)


Observer = "Callable[[World, Step], None]"


@dataclass
class World:
    """One run; `row` is the bar that comes next.

    `warms`: a start that finds no step takes every bar so far for its warm-up, as the runner does.
    `before`: programs of before that can be made again, to lead what they opened.
    """

    setting: Setting
    paper: Paper
    journal: Any
    row: int = 0
    wake: int | None = None
    answers: list[words.Answered] = field(default_factory=list)
    alerts: list[cmd.Alert] = field(default_factory=list)
    observer: Callable[[World, Step], None] | None = None
    desk: Desk = field(init=False)
    is_mid_bar: bool = False
    recoveries: int = 0
    sent: list[cmd.Send] = field(default_factory=list)
    is_answering: bool = True
    warms: bool = False
    before: tuple[Setting, ...] = ()

    def start(self) -> World:
        """A desk from what the journal knows: the only way to start."""
        books = self.journal.books
        step = books.steps.get(program_hash(self.setting.program))
        if step is not None:
            known = int(np.searchsorted(self.setting.market.minute, step.minute)) + 1
        else:
            # another program's bars are a warm-up
            known = self.row if books.steps or self.warms else 0
        trader = Trader(
            self.setting.program, self.setting.terms, CONTRACT,
            lambda simulator: self.setting.decider_of(simulator, known),
        )  # fmt: skip
        if step is None and known:
            trader.skip()
        self.desk = Desk(trader, self.setting.policy, books, self.earlier(trader.strategy, known))
        self.answers, self.wake = [], None
        self.carry_out(self.desk.begin(self.paper.now))
        self.settle(self.paper.now)
        self.tell_equity()
        for row in range(known, self.row):
            bar = self.setting.bar(row)
            self.deliver(replace(bar, at=self.paper.now))
            self.settle(self.paper.now)
        return self

    def earlier(self, own: str, known: int) -> list[Earlier]:
        """The programs of before that have something to lead, with the bars up to `known`."""
        books, found = self.journal.books, []
        for setting in self.before:
            strategy = program_hash(setting.program)
            if strategy not in left_by_others(books, own):
                continue
            minute = books.steps[strategy].minute
            rows = int(np.searchsorted(setting.market.minute, minute)) + 1

            def decider_of(
                simulator: Simulator, of: Setting = setting, rows: int = rows
            ) -> Decider:
                return of.decider_of(simulator, rows)

            trader = Trader(setting.program, setting.terms, CONTRACT, decider_of)
            bars = tuple(setting.bar(row) for row in range(rows, known))
            found.append(Earlier(trader, bars))
        return found

    def restart(self, down: int = DOWN) -> World:
        """After a crash: what was on its way is lost, what the journal has is there."""
        self.recoveries += 1
        self.paper.leave()
        self.paper.advance(self.paper.now + down)
        self.start()
        if not self.is_mid_bar:
            self.settle(self.paper.now + SETTLE)
        return self

    @property
    def making(self) -> Making:
        """What has traded since the last closed bar."""
        if not self.is_mid_bar:
            minutes = self.setting.market.minute
            return Making(int(minutes[min(self.row, len(minutes) - 1)]))
        _, high, low, _ = self.paper.bar
        return Making(self.paper.minute, high, low)

    # --- one word ---------------------------------------------------------------------------

    def deliver(self, word: words.Word) -> None:
        self.carry_out(self.desk.step(word))

    def carry_out(self, step: Step) -> None:
        if self.observer is not None and (step.events or step.commands):
            self.observer(self, step)
        if step.events:
            self.journal.record(*step.events)
        for command in step.commands:
            self.do(command)

    def do(self, command: cmd.Command) -> None:
        match command:
            case cmd.Send():
                self.sent.append(command)
                self.paper.send(command)
            case cmd.Cancel():
                self.paper.cancel(command)
            case cmd.Ask(number=number):
                if self.paper.link and self.is_answering:
                    now, held = self.paper.now, self.paper.holdings()
                    self.answers.append(
                        words.Answered(now, number, held, self.paper.next_number, self.making)
                    )
            case cmd.WakeAt(at=at):
                self.wake = at
            case cmd.Alert():
                self.alerts.append(command)

    def pump(self) -> None:
        """Deliver every word that is there."""
        for _ in range(RESTLESS):
            found = self.paper.flush()
            for word in found:
                self.deliver(word)
            if not found:
                if not self.answers:
                    return
                answer = self.answers.pop(0)
                for word in self.paper.flush():
                    self.deliver(word)
                self.deliver(replace(answer, at=self.paper.now))
        raise AssertionError("the desk and the broker never stop talking")

    def settle(self, until: int) -> None:
        """Let the words come and the clock run up to an instant."""
        self.pump()
        minute = rounds = 0
        while self.wake is not None and self.wake <= until:
            at, self.wake = self.wake, None
            rounds = rounds + 1 if at // 60_000 == minute else 0
            minute = at // 60_000
            assert rounds < RESTLESS, "the desk never comes to rest"
            self.paper.advance(max(self.paper.now, at))
            self.deliver(words.Tick(self.paper.now))
            self.pump()

    def tell_equity(self) -> None:
        date = str(np.datetime64(self.paper.now // 60_000, "m"))[:10]
        self.deliver(words.EquityTold(self.paper.now, date, self.paper.equity))

    # --- bars -------------------------------------------------------------------------------

    def open_bar(self) -> None:
        """The next bar begins."""
        bar = self.setting.bar(self.row)
        opens = bar.minute * 60_000
        if opens > self.paper.now:
            self.settle(opens - 1)
            self.paper.advance(opens)
        self.deliver(words.Tick(self.paper.now + self.setting.policy.session_grace))
        self.pump()
        self.is_mid_bar = True
        self.paper.on_bar(bar.minute, bar.open, bar.high, bar.low, bar.close)
        self.settle(bar.at - 1)

    def close_bar(self) -> None:
        """It is over, and so is what comes of it."""
        bar = self.setting.bar(self.row)
        self.paper.on_close()
        self.is_mid_bar = False
        self.row += 1
        self.paper.advance(max(self.paper.now, bar.at))
        self.tell_equity()
        self.deliver(replace(bar, at=self.paper.now))
        self.settle(self.paper.now + SETTLE)

    def finish(self) -> World:
        """Every bar that is left."""
        if self.is_mid_bar:
            self.settle(self.setting.bar(self.row).at - 1)
            self.close_bar()
        while self.row < len(self.setting.market):
            self.open_bar()
            self.close_bar()
        return self

    # --- what came of it --------------------------------------------------------------------

    @property
    def records(self) -> Ints:
        """The records of the journal."""
        return records_of(self.journal.events)


def records_of(events: list[ev.Event]) -> Ints:
    """The records of a live run, as its journal has them."""
    cells = [cell for event in events if isinstance(event, ev.Stepped) for cell in event.records]
    return np.array(cells, np.int64).reshape(-1, out.WIDTH)


def world(
    setting: Setting, profile: Profile | None = None, journal: Any = None, warm_up: int = 0
) -> World:
    """A world before its first bar, or after so many that are its warm-up."""
    made = World(
        setting, setting.paper(profile or Profile()), journal or Memory(), warm_up,
        warms=warm_up > 0,
    )  # fmt: skip
    return made.start()


def ground_setting(ground: Ground, policy: Policy | None = None) -> Setting:
    """The setting of a strategy on its ground, under the one rule that live trading can have."""
    terms = replace(ground.terms, flat=Flat.NEXT_OPEN)

    def decider_of(simulator: Simulator, rows: int) -> Decider:
        decider = SessionDecider(ground.strategy, ground.calendars, simulator, events=ground.events)
        if rows:
            decider.take_all(ground.market.rows(0, rows))
        return decider

    made = Setting(ground.strategy.program, terms, ground.market, decider_of)
    return made if policy is None else replace(made, policy=policy)
