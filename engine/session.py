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
from engine.domain.market import Market
from engine.execution.intents import Intents, no_intents, together
from engine.execution.rules import rules_of
from engine.execution.simulation import NEVER_OVER, Account, Dates, Paths, Simulator, paths_of
from engine.growing import Growing
from engine.journal.decisions import DAY, ROW, STARTED
from engine.machine.feed import FEW
from engine.machine.forms import Form, decide
from engine.machine.machine import State
from engine.machine.written import Decisions
from engine.run import Strategy, dates_for, intents_of, paths_for
from engine.window import COLUMNS, Window, columns_of, market_of, no_bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from dsl.ir.program import Program, Side
    from engine.columns.schedule import Schedule
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints
    from engine.execution.terms import Terms

NO_DATES: Final = Dates(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
NOTHING: Final = np.zeros((0, 0), np.int64)
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


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many rows and trading dates the session has seen that its window no longer holds."""

    rows: int
    dates: int


class Trading:
    """The simulated account of a session; rows and dates are counted from the first bar.

    All it reads grows at the end by what each bar brings, so a bar costs the same at any age.
    """

    def __init__(self, program: Program, simulator: Simulator) -> None:
        """Before the first bar."""
        self._program = program
        self._simulator = simulator
        self._intents = no_intents(len(program.targets))
        self._begin(no_bars(program.instrument, program.bar_minutes), NO_DATES, paths_of())

    def _begin(self, market: Market, dates: Dates, paths: Paths) -> None:
        self._like = market
        self._bars = Growing(columns_of(market))
        self._starts = Growing([dates.start])
        self._limits = Growing([dates.closing, dates.over])
        self._paths = Growing(laid_out(paths, len(market))) if self._has_paths else None
        self._flattens = dates.flattens

    @property
    def _has_paths(self) -> bool:
        exits = self._program.exits
        return exits.trail is not None or bool(exits.when)

    @property
    def market(self) -> Market:
        """Every bar so far."""
        return Market(self._like.instrument, self._like.bar_minutes, *self._bars.columns)

    @property
    def intents(self) -> Intents:
        """Every intent so far."""
        return self._intents

    def trade(self, bars: Market, intents: Intents, schedule: Schedule, dropped: Dropped) -> Ints:
        """The records of some new bars; `schedule` is of the window they end."""
        self.know(bars, intents, schedule, dropped)
        return self.run()

    def know(self, bars: Market, intents: Intents, schedule: Schedule, dropped: Dropped) -> None:
        """Takes note of some new bars, to trade them later."""
        known = len(self._bars)
        self._bars.put(known, columns_of(bars))
        dates = dates_for(self._program, schedule)
        self._starts.put(dropped.dates, [dates.start + dropped.rows])
        limits = [moved(rows, dropped.rows) for rows in (dates.closing, dates.over)]
        self._limits.put(dropped.dates, limits)
        if len(intents):
            self._intents = together([self._intents, intents])
        self._flattens = dates.flattens
        if self._paths is not None:
            self._know_paths(self._paths, schedule, known)

    def run(self, stop: int | None = None) -> Ints:
        """The records of the bars known and not traded yet, up to row `stop` (default: all)."""
        (start,), (closing, over) = self._starts.columns, self._limits.columns
        so_far = Dates(start, closing, over, self._flattens)
        return self._simulator.run(self.market, so_far, self._intents, self._known_paths(), stop)

    def _know_paths(self, paths: Growing, schedule: Schedule, known: int) -> None:
        """The paths of the rows from `known` on, the last of the schedule's."""
        window = laid_out(paths_for(self._program, schedule), len(schedule.market))
        fresh = len(self._bars) - known
        paths.put(known, [column[-fresh:] for column in window])

    def _known_paths(self) -> Paths:
        if self._paths is None:
            return paths_of()
        trail_short, trail_long, leave_short, leave_long = self._paths.columns
        return Paths((trail_short, trail_long), (leave_short, leave_long))

    def remembered(self) -> dict[str, Any]:
        """What a snapshot holds of it, by name."""
        account = self._simulator.account
        arrays = {f"account_{f.name}": getattr(account, f.name) for f in fields(Account)}
        bars = zip(COLUMNS, self._bars.columns, strict=True)
        arrays |= {f"whole_{name}": column for name, column in bars}
        return arrays | {
            f"intents_{f.name}": getattr(self._intents, f.name) for f in fields(Intents)
        }

    @staticmethod
    def names() -> list[str]:
        """The names of what a snapshot holds of it."""
        names = [f"account_{f.name}" for f in fields(Account)]
        names += [f"whole_{name}" for name in COLUMNS]
        return names + [f"intents_{f.name}" for f in fields(Intents)]

    def recall(self, arrays: Mapping[str, Any], schedule_of: Callable[[Market], Schedule]) -> None:
        """Goes on from what a snapshot held; the rest follows from the bars."""
        market = market_of(self._like, arrays, "whole")
        schedule = schedule_of(market)
        paths = paths_for(self._program, schedule)
        self._begin(market, dates_for(self._program, schedule), paths)
        self._simulator.account = Account(*(arrays[f"account_{f.name}"] for f in fields(Account)))
        self._intents = Intents(*(arrays[f"intents_{f.name}"] for f in fields(Intents)))


def moved(rows: Ints, by: int) -> Ints:
    """Rows of dates, counted from an earlier one; -1 and `NEVER_OVER` are no rows."""
    return np.where((rows >= 0) & (rows < NEVER_OVER), rows + by, rows)


def laid_out(paths: Paths, rows: int) -> list[NDArray[Any]]:
    """The columns of paths; zeros for those that nothing uses, which are empty."""
    columns: list[NDArray[Any]] = [*paths.trail, *paths.leave]
    return [column if len(column) else np.zeros(rows, column.dtype) for column in columns]


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
        self._window = self._held.market
        self._rows_dropped = 0
        self._dates_dropped = 0
        self._dates_seen = 0
        self._schedule: Schedule | None = None  # of the window, where there is one
        self._none = no_intents(len(program.targets))
        if trading is None and terms is not None:
            trading = Trading(program, Simulator(rules_of(program, terms)))
        self._trading = trading
        self._rows_wanted = tuple(row_nodes(program))

    def __len__(self) -> int:
        """How many bars it has seen."""
        return self._rows_dropped + len(self._window)

    @property
    def states(self) -> Mapping[Side, State]:
        """What each side's machine remembers: to look at, not to change."""
        return self._states

    def date(self, day: int) -> int:
        """The trading date (days since the epoch) that a candidate of `states` began on."""
        if self._schedule is None:
            self._schedule = self._schedule_of(self._window)
        return int(self._schedule.days.date[day])

    @property
    def remembered(self) -> int:
        """How many bars it still holds: those that coming decisions may depend on."""
        return len(self._window)

    def feed(self, bars: Market, form: Form = Form.PLAIN) -> Step:
        """The decisions on some new closed bars, at least one.

        Raises `BarOrderError` when the first is not later than the last one seen, or they do not
        rise among themselves; nothing has changed then.
        """
        self._check_order(bars)
        known = len(self._window)
        self._held.put(known, bars)
        window, before = self._held.market, self._schedule
        schedule = self._schedule_of(window) if before is None else before.continued(window)
        know_reflected(schedule, self._held.reflected)
        few = form is Form.PLAIN and len(bars) <= FEW
        made = {}
        for side, machine in self.strategy.machines.items():
            feed = machine.feed(schedule, later=few)
            found = decide(machine, feed, self._states[side], known, len(window), form)
            made[side] = self._absolute(found)
        self._window, self._schedule = window, schedule
        intents = self._none
        if any(map(len, made.values())):
            intents = intents_of(self.strategy.program, made)
        records = NOTHING
        if self._trading is not None:
            dropped = Dropped(self._rows_dropped, self._dates_dropped)
            records = self._trading.trade(bars, intents, schedule, dropped)
        self._forget(schedule)
        return Step(made, intents, records)

    def _schedule_of(self, market: Market) -> Schedule:
        return schedule_of(self.strategy.program, market, self.calendars, self.events)

    def _check_order(self, bars: Market) -> None:
        before = self._window.minute[-1:]
        minutes = np.concatenate([before, bars.minute])
        wrong = np.flatnonzero(np.diff(minutes) <= 0)
        if len(wrong):
            at = np.datetime64(int(minutes[wrong[0] + 1]), "m")
            raise BarOrderError(f"the bar of {at}Z is not later than the one before it")

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
        self._window, self._schedule = self._held.market, None
        for side, machine in self.strategy.machines.items():
            self._states[side] = machine.shifted(self._states[side], rows, drop)
        self._rows_dropped += rows
        self._dates_dropped += drop
        self._dates_seen -= drop

    def _first_needed(self, schedule: Schedule) -> int:
        program = self.strategy.program
        frames = [frame_of(program, side, schedule) for side in program.sides]
        first = len(self._window)
        for frame in frames:
            first = min([first, *(first_needed(node, frame) for node in self._rows_wanted)])
        return first

    def _first_remembered(self) -> int:
        """The first row that a living candidate may still look at."""
        first = len(self._window)
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
        arrays: dict[str, Any] = {f"window_{name}": getattr(self._window, name) for name in COLUMNS}
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
        self._held = Window(market_of(self._window, arrays, "window"))
        self._window = self._held.market
        for side in self._states:
            self._states[side] = State(*(arrays[f"{side}_{f.name}"] for f in fields(State)))
        if self._trading is not None:
            self._trading.recall(arrays, self._schedule_of)


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
