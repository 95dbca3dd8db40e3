"""A backtest: bars in, decisions and trades out. The same parts go bar by bar in a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dsl.ir.program import Program, Side
from engine.columns.evaluate import evaluate
from engine.columns.frame import frame_of, schedule_of
from engine.execution.intents import Intents, side_number, together
from engine.execution.rules import rules_of
from engine.execution.simulation import Dates, Paths, Simulator, dates_of, paths_of
from engine.execution.terms import Terms
from engine.journal.decisions import CAUSE, DAY, ORDINAL, ROW, STARTED, VALUES
from engine.machine.forms import Form, Whole, chosen, whole
from engine.machine.machine import Machine
from engine.machine.written import Decisions, Unread
from engine.stopwatch import part, remark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.columns.frame import Frame
    from engine.columns.schedule import Schedule
    from engine.domain.calendar import Calendars, Days
    from engine.domain.market import Ints, Market
    from engine.machine.feed import Feed


@dataclass(frozen=True)
class Strategy:
    """A program made ready: one machine a side. Making it is cheap; keep it for many runs."""

    program: Program
    machines: Mapping[Side, Machine] = field(init=False)

    def __post_init__(self) -> None:
        """Generates the machines."""
        made = {side: Machine(self.program, side) for side in self.program.sides}
        object.__setattr__(self, "machines", made)


@dataclass(frozen=True, eq=False)
class Run:
    """What came of a run: decision rows of each side, intents, execution records."""

    program: Program
    terms: Terms
    market: Market
    schedule: Schedule
    decisions: Mapping[Side, Decisions]
    intents: Intents
    records: Ints

    @property
    def days(self) -> Days:
        """The trading dates of the market."""
        return self.schedule.days

    @cached_property
    def dates(self) -> Dates:
        """When positions must be out."""
        return dates_for(self.program, self.schedule)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A strategy on a market: dates and sessions are worked out, once for many runs."""

    strategy: Strategy
    market: Market
    schedule: Schedule

    def run(self, terms: Terms | None = None, form: Form = Form.AUTO) -> Run:
        """Decide and trade. Raises `TermsError`, `MoneyOverflowError`."""
        program, market, schedule = self.strategy.program, self.market, self.schedule
        terms = terms or Terms()
        machines = self.strategy.machines
        # all columns first: what making them takes is free again before compiled code is loaded
        with part("columns"):
            feeds = {side: machine.feed(schedule) for side, machine in machines.items()}
            paths = paths_for(program, schedule)
        written = {
            side: self._decided(machine, feeds[side], form) for side, machine in machines.items()
        }
        with part("intents"):
            intents = intents_of(program, written)
        # the same form for the simulator: its code, like the machines', is loaded by then
        compiled = form_used(self.strategy, market, form)
        with part("simulator"):
            remark("simulator", lambda: str(Form.COMPILED if compiled else Form.PLAIN))
            simulator = Simulator(rules_of(program, terms), compiled=compiled)
            records = simulator.run(market, dates_for(program, schedule), intents, paths)
        unread = Unread({side: made.decisions for side, made in written.items()})
        return Run(program, terms, market, schedule.alone(), unread, intents, records)

    def _decided(self, machine: Machine, feed: Feed, form: Form) -> Whole:
        """What the machine of one side decides."""
        rows, name = len(self.market), f"machine {machine.side}"
        with part(name):
            remark(name, lambda: _form_words(machine, rows, form))
            return whole(machine, feed, rows, form)


def prepare(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    events: Mapping[str, Ints] | None = None,
) -> Prepared:
    """A strategy on a market.

    `events` are the instants of each event list of the program (minutes since the epoch, rising).
    Raises `UnknownCalendar` where the strategy names an exchange that does not exist.
    """
    return Prepared(
        strategy, market, schedule_of(strategy.program, market, calendars, events or {})
    )


def run_batch(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    terms: Terms | None = None,
    events: Mapping[str, Ints] | None = None,
    form: Form = Form.AUTO,
) -> Run:
    """Run a strategy over all bars of a market: `prepare`, then `Prepared.run`."""
    return prepare(strategy, market, calendars, events).run(terms, form)


def form_used(strategy: Strategy, market: Market, form: Form) -> bool:
    """Whether a run over a market is a compiled one."""
    machines = strategy.machines.values()
    return all(
        chosen(machine, len(market), form, whole=True) is Form.COMPILED for machine in machines
    )


def _form_words(machine: Machine, rows: int, form: Form) -> str:
    """How a machine is run, for the timings."""
    used = chosen(machine, rows, form, whole=True)
    return f"{used}, bar by bar" if machine.walk is None else f"{used}, candidate by candidate"


def dates_for(program: Program, schedule: Schedule) -> Dates:
    """When positions must be out, as the simulator reads it."""
    flat_by = program.exits.flat_by
    occurrences = schedule.occurrences(flat_by) if flat_by is not None else None
    return schedule.kept(
        ("positions", flat_by),
        lambda: dates_of(schedule.market, schedule.days, occurrences),
    )


def paths_for(program: Program, schedule: Schedule) -> Paths:
    """The columns that move or end a position, of both sides in real prices."""
    if program.exits.trail is None and not program.exits.when:
        return paths_of()
    return paths_on(program, {side: frame_of(program, side, schedule) for side in Side})


def paths_on(program: Program, frames: Mapping[Side, Frame]) -> Paths:
    """The same on what each side sees."""
    exits = program.exits
    trails: dict[Side, Ints] = {}
    leaves: dict[Side, list[Any]] = {}
    for side, frame in frames.items():
        if exits.trail is not None:
            column = evaluate(exits.trail.price, frame).astype(np.int64)
            trails[side] = column if side is program.written else -column
        leaves[side] = [evaluate(rule.node, frame) for rule in exits.when]
    trail = (trails[Side.SHORT], trails[Side.LONG]) if trails else None
    return paths_of(trail, (leaves[Side.SHORT], leaves[Side.LONG]))


def intents_of(program: Program, decisions: Mapping[Side, Decisions | Whole]) -> Intents:
    """The entries of both sides as orders, in real prices, in the order they are offered."""
    return together([side_intents(program, side, made) for side, made in decisions.items()])


def side_intents(program: Program, side: Side, decisions: Decisions | Whole) -> Intents:
    """The entries of one side, in real prices."""
    entries = decisions.entries()
    rows = entries.rows
    sign = 1 if side is program.written else -1
    count = len(program.targets)
    prices = sign * rows[:, VALUES : VALUES + 3 + count]
    atr = 3 + count + len(program.features)
    return Intents(
        row=rows[:, ROW],
        side=np.full(len(rows), side_number(side), np.int64),
        started=rows[:, STARTED],
        day=rows[:, DAY],
        ordinal=rows[:, ORDINAL],
        close=prices[:, 0],
        entry_price=prices[:, 1],
        stop=prices[:, 2],
        stop_case=rows[:, CAUSE],
        targets=prices[:, 3:],
        atr=entries.reals[:, atr],
    )
