"""The trading date at hand, moved on by one bar at a time.

For a block of bars all dates, sessions, tables and columns of a window are worked out. One more bar
of the same date changes next to nothing of them: where today's sessions begin and end among the
rows. So that alone is kept up here, in plain numbers. Whatever else is asked for (a column, above
all) is worked out by what a block uses, from the whole window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from engine.columns.evaluate import evaluate
from engine.columns.frame import frame_of, know_reflected
from engine.domain.market import NA
from engine.machine.feed import Later
from engine.machine.stepper import Stepper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.ir.expression import Node
    from dsl.ir.program import Side
    from engine.columns.schedule import Schedule
    from engine.columns.values import Column
    from engine.machine.machine import Machine, State
    from engine.machine.written import Decisions
    from engine.run import Strategy
    from engine.window import Bar, Window

_EDGES: Final = frozenset({"first", "stop", "ended"})
"""The tables of which a bar changes the last entry."""


@dataclass(slots=True)
class Running:
    """A session on the trading date at hand, as `Occurrences` tells of it, while bars come.

    `past`: the first row whose bar does not end with the session or before. `closing`: the row
    whose bar ends with it, -1 where there is none; see `simulation.dates_of`.
    """

    begins: int
    ends: int
    bar_minutes: int
    first: int
    past: int
    ended: int
    closing: int = -1

    @property
    def stop(self) -> int:
        """The first row that is not wholly inside, at least `first`."""
        return max(self.first, self.past)

    def passed(self, minute: int, row: int) -> None:
        """The bar of a row, which opened at a minute; bars come in order, so it is the last one."""
        if self.begins == NA:
            self.ended = row + 1
            return
        if minute < self.begins:
            self.first = row + 1
        if minute < self.ends:
            self.ended = row + 1
            left = self.ends - minute - self.bar_minutes
            if left >= 0:
                self.past = row + 1
                self.closing = -1 if left else row


class Today:
    """What a session's window knows of its last trading date; `step` takes it on by a bar.

    It is of use up to `until`: there a date begins, or a session ends of which the machines read a
    summary. Then, and after any block, another one is made.
    """

    def __init__(
        self, strategy: Strategy, held: Window, schedule: Schedule, states: Mapping[Side, State]
    ) -> None:
        """On the last date of `schedule`, which has one; it is of all the bars in `held`."""
        self._held, self._schedule = held, schedule
        self._program = strategy.program
        self._days: list[int] = schedule.days.start.tolist()
        self.sessions = {name: self._running(name) for name in self._needed(strategy)}
        self._sides = {
            side: _SideToday(self, machine, states[side])
            for side, machine in strategy.machines.items()
        }
        summed = {
            table.of
            for machine in strategy.machines.values()
            for table in machine.inputs.tables
            if table.what == "final"
        }
        ends = [self.sessions[name].ends for name in summed]
        self.until = min([schedule.until, *(end for end in ends if end > held.last)])

    def _needed(self, strategy: Strategy) -> set[str]:
        """The sessions of which something is asked."""
        tables = {
            table.of
            for machine in strategy.machines.values()
            for table in machine.inputs.tables
            if table.what != "trades"
        }
        flat_by = self._program.exits.flat_by
        return tables if flat_by is None else tables | {flat_by}

    def _running(self, name: str) -> Running:
        occurrences = self._schedule.occurrences(name)
        begins, ends = int(occurrences.begins[-1]), int(occurrences.ends[-1])
        start = self._days[-2]
        market = self._schedule.market
        made = Running(begins, ends, market.bar_minutes, start, start, start)
        for row, minute in enumerate(market.minute[start:].tolist(), start):
            made.passed(minute, row)
        return made

    @property
    def day(self) -> int:
        """Its number among the dates of the window."""
        return len(self._days) - 2

    @property
    def days(self) -> list[int]:
        """The first row of each date, and the row behind the last."""
        return self._days

    @property
    def schedule(self) -> Schedule:
        """The schedule of all bars so far."""
        if len(self._schedule.market) < len(self._held):
            self._schedule = self._schedule.continued(self._held.market)
            know_reflected(self._schedule, self._held.reflected)
        return self._schedule

    def column(self, node: Node, side: Side) -> Column:
        """A row expression on all bars so far, as a side sees them."""
        return evaluate(node, frame_of(self._program, side, self.schedule))

    def step(self, bar: Bar) -> dict[Side, Decisions]:
        """The decisions of each side on one bar more: the last one of the window by now."""
        row = self._days[-1]
        for session in self.sessions.values():
            session.passed(bar[0], row)
        self._days[-1] = row + 1
        cells = self._held.cells
        return {side: one.step(row, cells) for side, one in self._sides.items()}


class _SideToday:
    """What the machine of one side reads of the date at hand."""

    def __init__(self, today: Today, machine: Machine, state: State) -> None:
        self._today = today
        self._is_written = machine.side is machine.program.written
        self._stepper = Stepper(machine, state)
        feed = machine.feed(today.schedule, later=True)
        self._params = feed.params.tolist()
        self._tables: list[list[int]] = [table.tolist() for table in feed.tables]
        self._moving = [
            (cells, today.sessions[table.of], table.what)
            for table, cells in zip(machine.inputs.tables, self._tables, strict=True)
            if table.what in _EDGES
        ]
        self._columns = [
            Later(partial(today.column, node, machine.side)) for node in machine.inputs.columns
        ]

    def step(self, row: int, cells: tuple[memoryview, ...]) -> Decisions:
        today = self._today
        for table, session, edge in self._moving:
            table[-1] = getattr(session, edge)
        for column in self._columns:
            column.forget()
        minute, _, _, _, _, volume = cells[:6]
        bars = cells[:6] if self._is_written else (minute, *cells[6:], volume)
        return self._stepper.step(
            row, today.day, bars, today.days, self._tables, self._columns, self._params
        )
