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
from engine.columns.frame import frame_of, schedule_of
from engine.columns.need import first_needed
from engine.domain.market import Market
from engine.execution.intents import Intents, no_intents, together
from engine.execution.rules import rules_of
from engine.execution.simulation import Account, Simulator
from engine.journal.decisions import DAY, ROW, STARTED
from engine.machine.forms import Form, decide
from engine.machine.machine import State
from engine.machine.written import Decisions
from engine.run import Strategy, dates_for, intents_of, paths_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.ir.program import Side
    from engine.columns.schedule import Schedule
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints
    from engine.execution.terms import Terms

COLUMNS: Final = ("minute", "open", "high", "low", "close", "volume")
VERSION: Final = 1


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

    With `terms` a simulated account trades the intents; without, somebody else does.
    """

    def __init__(
        self,
        strategy: Strategy,
        calendars: Calendars,
        *,
        events: Mapping[str, Ints] | None = None,
        terms: Terms | None = None,
    ) -> None:
        """A session before its first bar."""
        self.strategy = strategy
        self.calendars = calendars
        self.events = events or {}
        program = strategy.program
        self._states = {side: machine.fresh() for side, machine in strategy.machines.items()}
        self._window = no_bars(program.instrument, program.bar_minutes)
        self._rows_dropped = 0
        self._dates_dropped = 0
        self._dates_seen = 0
        self._simulator = Simulator(rules_of(program, terms)) if terms is not None else None
        self._whole = self._window
        self._intents = no_intents(len(program.targets))
        self._rows_wanted = tuple(row_nodes(program))

    def __len__(self) -> int:
        """How many bars it has seen."""
        return self._rows_dropped + len(self._window)

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
        window = joined(self._window, bars)
        schedule = self._schedule(window)
        made = {}
        for side, machine in self.strategy.machines.items():
            found = decide(
                machine, machine.feed(schedule), self._states[side], known, len(window), form
            )
            made[side] = self._absolute(found)
        self._window = window
        intents = intents_of(self.strategy.program, made)
        records = self._trade(bars, intents)
        self._forget(schedule)
        return Step(made, intents, records)

    def _schedule(self, market: Market) -> Schedule:
        return schedule_of(self.strategy.program, market, self.calendars, self.events)

    def _check_order(self, bars: Market) -> None:
        before = self._window.minute[-1:]
        minutes = np.concatenate([before, bars.minute])
        wrong = np.flatnonzero(np.diff(minutes) <= 0)
        if len(wrong):
            at = np.datetime64(int(minutes[wrong[0] + 1]), "m")
            raise BarOrderError(f"the bar of {at}Z is not later than the one before it")

    def _absolute(self, made: Decisions) -> Decisions:
        rows = made.rows.copy()
        rows[:, [ROW, STARTED]] += self._rows_dropped
        rows[:, DAY] += self._dates_dropped
        return Decisions(rows, made.reals)

    def _trade(self, bars: Market, intents: Intents) -> Ints:
        if self._simulator is None:
            return np.zeros((0, 0), np.int64)
        self._whole = joined(self._whole, bars)
        self._intents = together([self._intents, intents])
        schedule = self._schedule(self._whole)
        program = self.strategy.program
        return self._simulator.run(
            self._whole, dates_for(program, schedule), self._intents, paths_for(program, schedule)
        )

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
        self._window = self._window.rows(rows, len(self._window))
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
        if self._simulator is not None:
            account = self._simulator.account
            arrays |= {f"account_{f.name}": getattr(account, f.name) for f in fields(Account)}
            arrays |= {f"whole_{name}": getattr(self._whole, name) for name in COLUMNS}
            arrays |= {f"intents_{f.name}": getattr(self._intents, f.name) for f in fields(Intents)}
        counts = [self._rows_dropped, self._dates_dropped, self._dates_seen]
        head = {
            "version": VERSION,
            "program": program_hash(self.strategy.program),
            "counts": counts,
            "traded": self._simulator is not None,
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
    ) -> Session:
        """A session that goes on where the one that wrote `data` stood.

        Raises `SnapshotError` for other bytes, another program or another version.
        """
        made = cls(strategy, calendars, events=events, terms=terms)
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
        if head["traded"] != (self._simulator is not None):
            raise SnapshotError("the snapshot and this session differ in who trades")
        names = [f"window_{name}" for name in COLUMNS]
        names += [f"{side}_{f.name}" for side in self._states for f in fields(State)]
        if self._simulator is not None:
            names += [f"account_{f.name}" for f in fields(Account)]
            names += [f"whole_{name}" for name in COLUMNS]
            names += [f"intents_{f.name}" for f in fields(Intents)]
        arrays = {name: np.load(source, allow_pickle=False) for name in sorted(names)}
        self._rows_dropped, self._dates_dropped, self._dates_seen = map(int, head["counts"])
        self._window = market_of(self._window, arrays, "window")
        for side in self._states:
            self._states[side] = State(*(arrays[f"{side}_{f.name}"] for f in fields(State)))
        if self._simulator is not None:
            self._whole = market_of(self._whole, arrays, "whole")
            self._simulator.account = Account(
                *(arrays[f"account_{f.name}"] for f in fields(Account))
            )
            self._intents = Intents(*(arrays[f"intents_{f.name}"] for f in fields(Intents)))


def no_bars(instrument: Any, bar_minutes: int) -> Market:
    """A market without bars."""
    return Market(instrument, bar_minutes, *(np.zeros(0, np.int64) for _ in COLUMNS))


def joined(before: Market, after: Market) -> Market:
    """One market after another."""
    columns = (np.concatenate([getattr(m, name) for m in (before, after)]) for name in COLUMNS)
    return Market(before.instrument, before.bar_minutes, *columns)


def market_of(like: Market, arrays: Mapping[str, Ints], prefix: str) -> Market:
    """A market from named arrays."""
    return Market(
        like.instrument, like.bar_minutes, *(arrays[f"{prefix}_{name}"] for name in COLUMNS)
    )


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
