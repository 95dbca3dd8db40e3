"""The same strategy bar by bar: closed bars go in as they come, decisions and fills come out.

A session evaluates the very columns and the very machine of a batch run over the part of the market
that still matters, so its decisions are the batch's, bit for bit, however the bars are cut.
What it remembers can be written to bytes at any bar and read back to go on.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dsl.history import nodes_in
from dsl.ir.expression import Node, children, is_row
from dsl.ir.text import program_hash
from engine.columns.frame import frame_of, know_reflected, schedule_of
from engine.columns.need import first_needed
from engine.execution.intents import Intents, no_intents
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.journal.decisions import DAY, ROW, STARTED
from engine.machine.feed import FEW
from engine.machine.forms import Form, decide
from engine.machine.machine import State
from engine.machine.written import Decisions
from engine.run import Strategy, intents_of
from engine.today import Today
from engine.trading import NOTHING, Dropped, Trading
from engine.window import COLUMNS, Window, bar_of, market_of, no_bars, of_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.ir.program import Side
    from engine.columns.schedule import Schedule
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.execution.terms import Terms
    from engine.window import Bar

VERSION: Final = 2


class BarOrderError(ValueError):
    """A bar that is not later than the one before it: never silently used (R1)."""


class SnapshotError(ValueError):
    """Bytes that are no snapshot of this strategy."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What came of some bars. Rows and dates are counted from the session's first bar."""

    decisions: Mapping[Side, Decisions]
    intents: Intents
    records: Ints


class Session:
    """One strategy on one stream of closed bars.

    With `terms` a simulated account trades the intents, with `trading` that one; without,
    somebody else does.
    """

    def __init__(
        self,
        strategy: Strategy,
        calendars: Calendars,
        *,
        events: Mapping[str, Ints] | None = None,
        terms: Terms | None = None,
        trading: Trading | None = None,
    ) -> None:
        """A session before its first bar."""
        self.strategy = strategy
        self.calendars = calendars
        self.events = events or {}
        program = strategy.program
        self._states = {side: machine.fresh() for side, machine in strategy.machines.items()}
        self._held = Window(no_bars(program.instrument, program.bar_minutes))
        self._rows_dropped = 0
        self._dates_dropped = 0
        self._dates_seen = 0
        self._schedule: Schedule | None = None  # of the window, or of what it was on its last date
        self._today: Today | None = None
        self._none = no_intents(len(program.targets))
        if trading is None and terms is not None:
            trading = Trading(program, Simulator(rules_of(program, terms)))
        self._trading = trading
        self._rows_wanted = tuple(row_nodes(program))

    def __len__(self) -> int:
        """How many bars it has seen."""
        return self._rows_dropped + len(self._held)

    @property
    def states(self) -> Mapping[Side, State]:
        """What each side's machine remembers: to look at, not to change."""
        return self._states

    def date(self, day: int) -> int:
        """The trading date (days since the epoch) that a candidate of `states` began on."""
        if self._schedule is None:
            self._schedule = self._schedule_of(self._held.market)
        return int(self._schedule.days.date[day])

    @property
    def bars(self) -> Market:
        """The bars it still holds, the last one seen included: to look at, not to change."""
        return self._held.market

    @property
    def remembered(self) -> int:
        """How many bars it still holds: those that coming decisions may depend on."""
        return len(self._held)

    def feed(self, bars: Market, form: Form = Form.PLAIN) -> Step:
        """The decisions on some new closed bars, at least one.

        Raises `BarOrderError` when the first is not later than the last one seen, or they do not
        rise among themselves; nothing has changed then.
        """
        if form is Form.PLAIN and len(bars) == 1:
            return self.feed_bar(bar_of(bars))
        return self._feed(bars, form)

    def feed_bar(self, bar: Bar) -> Step:
        """The same for one bar, in plain Python: most bars cost a tenth of what a block does."""
        today = self._today
        if today is None and self._schedule is not None and len(self._schedule.days):
            schedule = self._schedule_now(self._schedule)
            today = self._today = Today(self.strategy, self._held, schedule, self._states)
        if today is None or bar[0] >= today.until:
            return self._feed(of_one(self._held.market, bar), Form.PLAIN)
        if bar[0] <= self._held.last:
            raise _disorder(bar[0])
        self._held.append(bar)
        made = {side: self._absolute(found) for side, found in today.step(bar).items()}
        intents = self._intents_of(made)
        if self._trading is None:
            return Step(made, intents, NOTHING)
        dropped = Dropped(self._rows_dropped, self._dates_dropped)
        self._trading.know_bar(bar, intents, today, dropped)
        return Step(made, intents, self._trading.at_once())

    def _feed(self, bars: Market, form: Form) -> Step:
        self._check_order(bars)
        known = len(self._held)
        self._held.put(known, bars)
        self._today = None
        schedule = self._schedule_now(self._schedule)
        few = form is Form.PLAIN and len(bars) <= FEW
        made = {}
        for side, machine in self.strategy.machines.items():
            feed = machine.feed(schedule, later=few)
            found = decide(machine, feed, self._states[side], known, len(self._held), form)
            made[side] = self._absolute(found)
        self._schedule = schedule
        intents = self._intents_of(made)
        records = NOTHING
        if self._trading is not None:
            dropped = Dropped(self._rows_dropped, self._dates_dropped)
            self._trading.know(bars, intents, schedule, dropped)
            records = self._trading.at_once()
        self._forget(schedule)
        return Step(made, intents, records)

    def _intents_of(self, made: Mapping[Side, Decisions]) -> Intents:
        if any(map(len, made.values())):
            return intents_of(self.strategy.program, made)
        return self._none

    def _schedule_now(self, before: Schedule | None) -> Schedule:
        """The schedule of the window, which perhaps goes on from an earlier one."""
        window = self._held.market
        schedule = self._schedule_of(window) if before is None else before.continued(window)
        know_reflected(schedule, self._held.reflected)
        return schedule

    def _schedule_of(self, market: Market) -> Schedule:
        return schedule_of(self.strategy.program, market, self.calendars, self.events)

    def _check_order(self, bars: Market) -> None:
        minutes = np.concatenate([self._held.market.minute[-1:], bars.minute])
        wrong = np.flatnonzero(np.diff(minutes) <= 0)
        if len(wrong):
            raise _disorder(int(minutes[wrong[0] + 1]))

    def _absolute(self, made: Decisions) -> Decisions:
        if not len(made):
            return made
        rows = made.rows.copy()
        rows[:, [ROW, STARTED]] += self._rows_dropped
        rows[:, DAY] += self._dates_dropped
        return Decisions(rows, made.reals)

    # --- forgetting ----------------------------------------------------------------------------

    def _forget(self, schedule: Schedule) -> None:
        """Drops whole trading dates that no coming bar can depend on, once a date has begun."""
        dates = len(schedule.days)
        if dates == self._dates_seen:
            return
        self._dates_seen = dates
        first = min(self._first_needed(schedule), self._first_remembered())
        drop = int(np.searchsorted(schedule.days.start, first, side="right")) - 1
        drop = max(0, min(drop, dates - 1))
        if drop == 0:
            return
        rows = int(schedule.days.start[drop])
        self._held = self._held.dropped(rows)
        self._schedule = None
        for side, machine in self.strategy.machines.items():
            self._states[side] = machine.shifted(self._states[side], rows, drop)
        self._rows_dropped += rows
        self._dates_dropped += drop
        self._dates_seen -= drop

    def _first_needed(self, schedule: Schedule) -> int:
        program = self.strategy.program
        frames = [frame_of(program, side, schedule) for side in program.sides]
        first = len(self._held)
        for frame in frames:
            first = min([first, *(first_needed(node, frame) for node in self._rows_wanted)])
        return first

    def _first_remembered(self) -> int:
        """The first row that a living candidate may still look at."""
        first = len(self._held)
        for side, machine in self.strategy.machines.items():
            state = self._states[side]
            words = state.ints.reshape(-1, machine.layout.ints)[: int(state.own[0])]
            held = words[:, machine.layout.row_words]
            if held.size:
                first = min(first, int(np.min(held, initial=first, where=held >= 0)))
        return first

    # --- snapshots -----------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Everything the session remembers, for `restore`; the same state gives the same bytes."""
        window = self._held.market
        arrays: dict[str, Any] = {f"window_{name}": getattr(window, name) for name in COLUMNS}
        for side, state in self._states.items():
            arrays |= {f"{side}_{f.name}": getattr(state, f.name) for f in fields(State)}
        if self._trading is not None:
            arrays |= self._trading.remembered()
        counts = [self._rows_dropped, self._dates_dropped, self._dates_seen]
        head = {
            "version": VERSION,
            "program": program_hash(self.strategy.program),
            "counts": counts,
            "traded": self._trading is not None,
        }
        out = io.BytesIO()
        out.write(json.dumps(head, sort_keys=True).encode() + b"\n")
        for name in sorted(arrays):
            np.save(out, np.ascontiguousarray(arrays[name]), allow_pickle=False)
        return out.getvalue()

    @classmethod
    def restore(
        cls,
        data: bytes,
        strategy: Strategy,
        calendars: Calendars,
        *,
        events: Mapping[str, Ints] | None = None,
        terms: Terms | None = None,
        trading: Trading | None = None,
    ) -> Session:
        """A session that goes on where the one that wrote `data` stood.

        Raises `SnapshotError` for other bytes, another program or another version.
        """
        made = cls(strategy, calendars, events=events, terms=terms, trading=trading)
        source = io.BytesIO(data)
        try:
            head = json.loads(source.readline())
            made._read(head, source)
        except SnapshotError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError) as broken:
            raise SnapshotError("these bytes are no snapshot, or a damaged one") from broken
        return made

    def _read(self, head: Any, source: io.BytesIO) -> None:
        if head["version"] != VERSION:
            raise SnapshotError(f"a snapshot of version {head['version']}, this is {VERSION}")
        if head["program"] != program_hash(self.strategy.program):
            raise SnapshotError("a snapshot of another program: the strategy has changed since")
        if head["traded"] != (self._trading is not None):
            raise SnapshotError("the snapshot and this session differ in who trades")
        names = [f"window_{name}" for name in COLUMNS]
        names += [f"{side}_{f.name}" for side in self._states for f in fields(State)]
        if self._trading is not None:
            names += Trading.names()
        arrays = {name: np.load(source, allow_pickle=False) for name in sorted(names)}
        self._rows_dropped, self._dates_dropped, self._dates_seen = map(int, head["counts"])
        self._held = Window(market_of(self._held.market, arrays, "window"))
        for side in self._states:
            self._states[side] = State(*(arrays[f"{side}_{f.name}"] for f in fields(State)))
        if self._trading is not None:
            self._trading.recall(arrays, self._schedule_of)


def _disorder(minute: int) -> BarOrderError:
    at = np.datetime64(minute, "m")
    return BarOrderError(f"the bar of {at}Z is not later than the one before it")


def row_nodes(program: object) -> Iterator[Node]:
    """The outermost expressions of a program that are functions of bars alone, each once."""
    seen: set[Node] = set()
    waiting = list(nodes_in(program))
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if is_row(node):
            yield node
        else:
            waiting.extend(children(node))
