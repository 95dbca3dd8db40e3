"""What is drawn on the bars of a setup: its story, its levels, its bracket, its fills.

Rows are counted from the first bar of the piece that shows it; prices are real ticks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.report.setups import Fate
from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir.program import Side, ThisBar
from engine.columns.evaluate import evaluate
from engine.columns.frame import frame_of
from engine.columns.sessional import previous_table, session_table
from engine.domain.market import NA
from engine.execution import records as out
from engine.execution.records import Kind, reason_names
from engine.journal.decisions import CAUSE, STAGE, VALUES, Decision
from engine.journal.units import Grid, Sort, Units, written
from engine.machine.layout import Layout
from engine.machine.machine import Machine
from engine.machine.memories import Moment, memories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from adapters.report.setups import Setup, Step
    from dsl.ir.program import Advance, Capture, Tracker
    from engine.columns.frame import Frame
    from engine.machine.memories import Memory, Who
    from engine.run import Run

PRICES: Final = frozenset({"open", "high", "low", "close"})


@dataclass(frozen=True, slots=True)
class Level:
    """A price with a name, from a row on until another."""

    name: str
    price: int
    first: int
    last: int
    of_session: bool


@dataclass(frozen=True)
class Sketcher:
    """Draws the setups of one run."""

    run: Run
    remembered: Mapping[tuple[Side, Who], Memory]

    def drawing(self, setup: Setup, first: int, size: int) -> dict[str, Any]:
        """Everything that is drawn for a setup, as plain values with short names.

        `s` steps [row, kind, stage before, cause, text]; `l` levels [name, price, from, to,
        whether of a session]; `m` marked bars [row, name]; `b` the bracket [close, entry, stop,
        targets]; `f`, `x`, `v` fills, exits and moves of the stop [row, price, contracts, reason].
        """

        def at(row: int) -> int:
            return (row - first) // size

        levels = [
            [level.name, level.price, at(level.first), at(level.last), int(level.of_session)]
            for level in (*self._session_levels(setup), *self._held_levels(setup))
        ]
        return {
            "s": [self._step(setup, step, at(step.row)) for step in setup.steps],
            "l": levels,
            "m": [[at(row), name] for row, name in self._marks(setup)],
            "b": self._bracket(setup),
            "f": self._records(setup, Kind.FILL, out.PRICE, first, size),
            "x": self._records(setup, Kind.EXIT, out.PRICE, first, size),
            "v": self._records(setup, Kind.MOVE, out.STOP, first, size),
            "z": [at(setup.first), at(setup.last)],
        }

    # --- the story ------------------------------------------------------------------------------

    def _step(self, setup: Setup, step: Step, row: int) -> list[Any]:
        return [row, int(step.kind), step.cells[STAGE], step.cells[CAUSE], self._said(setup, step)]

    def _said(self, setup: Setup, step: Step) -> str:
        """What the decision captured, in words."""
        columns = self._units.columns(step.kind, step.cells[STAGE], step.cells[CAUSE])
        known = (
            (column.name, written(column, whole, real, self._grid, self._sign(setup.side)))
            for column, whole, real in zip(columns, step.cells[VALUES:], step.reals, strict=False)
        )
        skipped = {"close", "entry", "stop", *(target.name for target in self.run.program.targets)}
        entered = step.kind is Decision.ENTRY
        return ", ".join(
            f"{name} {_short(value)}"
            for name, value in known
            if value is not None and not (entered and name in skipped)
        )

    def _marks(self, setup: Setup) -> Iterator[tuple[int, str]]:
        """The bars that were captured, with the captures' names."""
        program = self.run.program
        for step in setup.steps:
            captures: Iterable[Capture] = ()
            if step.kind is Decision.START:
                captures = program.start.captures
            elif step.kind is Decision.ADVANCE:
                captures = self._way(step).captures
            for capture in captures:
                yield step.row, capture.name

    # --- the order ------------------------------------------------------------------------------

    def _bracket(self, setup: Setup) -> list[Any] | None:
        """Decision price, entry, stop and targets of a complete setup."""
        if not setup.is_complete:
            return None
        sign, count = self._sign(setup.side), len(self.run.program.targets)
        prices = [sign * cell for cell in setup.steps[-1].cells[VALUES : VALUES + 3 + count]]
        return [*prices[:3], prices[3:]]

    def _records(
        self, setup: Setup, kind: Kind, price: int, first: int, size: int
    ) -> list[list[Any]]:
        return [
            [
                (cells[out.ROW] - first) // size,
                cells[price],
                cells[out.CONTRACTS],
                self._reasons[cells[out.REASON]],
            ]
            for cells in setup.records
            if cells[out.KIND] == kind
        ]

    # --- the levels -----------------------------------------------------------------------------

    def _session_levels(self, setup: Setup) -> Iterator[Level]:
        """The prices of finished sessions that the program speaks of, as of the setup's dates."""
        run, day = self.run, setup.day
        starts = run.days.start
        for node in self._sessions:
            previous = node.occurrence is ir.Occurrence.PREVIOUS
            made = previous_table if previous else session_table
            table = made(self._frames[run.program.written], node.session, node.field)
            price = int(table[day])
            known = run.schedule.occurrences(node.session).ended[day]
            first = int(starts[day] if previous else known)
            last = min(setup.last, int(starts[day + 1]) - 1)
            if price != NA and first <= last:
                before = "previous " if previous else ""
                name = f"{before}{node.session}.{node.field}"
                yield Level(name, price, first, last, of_session=True)

    def _held_levels(self, setup: Setup) -> Iterator[Level]:
        """The prices its trackers held when it ended, from the bar each was held of."""
        memory = self.remembered.get((setup.side, setup.who))
        if memory is None:
            return
        sign, ends = self._sign(setup.side), min(setup.last, _end(self.run, setup))
        for (owner, name), word in memory.items():
            if (owner, name) in self._priced and memory[owner, "row"] >= 0 and word != NA:
                label = owner if name == "value" else f"{owner}.{name}"
                first = self._made_on(setup, owner, memory)
                yield Level(label, sign * int(word), first, ends, of_session=False)

    def _made_on(self, setup: Setup, owner: str, memory: Memory) -> int:
        """The bar a tracker holds: the machine knows it, unless the program never asks."""
        counted = int(memory[owner, "row"])
        extreme = self._extremes.get(owner)
        if extreme is None:
            return counted
        first = self._counts_from(setup, extreme.stages)
        assert extreme.value is not None
        values = evaluate(extreme.value, self._frames[setup.side])[first : counted + 1]
        (made,) = np.nonzero(values == memory[owner, "value"])
        return first + int(made[-1 if extreme.newest else 0]) if len(made) else counted

    def _counts_from(self, setup: Setup, stages: tuple[str, ...]) -> int:
        """The first bar that counted in one of these stages."""
        for step in setup.steps:
            if step.kind is Decision.START and self.run.program.stages[0].name in stages:
                return step.row + 1
            if step.kind is Decision.ADVANCE:
                way = self._way(step)
                if way.to in stages:
                    return step.row + (way.this_bar is ThisBar.SKIP)
        return setup.first

    def _way(self, step: Step) -> Advance:
        """The way on that an advance took."""
        stages = self.run.program.stages
        reached = stages[step.cells[CAUSE]].name
        return next(way for way in stages[step.cells[STAGE]].advance if way.to == reached)

    # --- what all drawings share ----------------------------------------------------------------

    def _sign(self, side: Side) -> int:
        return 1 if side is self.run.program.written else -1

    @cached_property
    def _units(self) -> Units:
        return Units(self.run.program)

    @cached_property
    def _grid(self) -> Grid:
        return Grid(self.run.program.instrument.tick)

    @cached_property
    def _reasons(self) -> tuple[str, ...]:
        return reason_names(self.run.program)

    @cached_property
    def _frames(self) -> Mapping[Side, Frame]:
        """The market as each side sees it."""
        run = self.run
        return {side: frame_of(run.program, side, run.schedule) for side in Side}

    @cached_property
    def _extremes(self) -> dict[str, Tracker]:
        """The trackers whose bar nobody asks for, so that the machine does not keep it."""
        names = Layout(self.run.program).extremes_only
        return {one.name: one for one in self.run.program.trackers if one.name in names}

    @cached_property
    def _sessions(self) -> tuple[ir.SessionValue, ...]:
        """The finished prices of sessions that the program reads, each once."""
        found = dict.fromkeys(
            node
            for outer in nodes_in(self.run.program)
            for node in ir.walk(outer)
            if isinstance(node, ir.SessionValue)
            and node.field in PRICES
            and node.occurrence is not ir.Occurrence.SO_FAR
        )
        return tuple(found)

    @cached_property
    def _priced(self) -> frozenset[tuple[str, str]]:
        """(tracker, field) of every tracker's words that are prices."""
        found = set()
        for tracker in self.run.program.trackers:
            nodes = dict(tracker.fields)
            if tracker.value is not None and tracker.op.value in {"highest", "lowest"}:
                nodes["value"] = tracker.value
            found |= {
                (tracker.name, name)
                for name, node in nodes.items()
                if self._units.sort(node) is Sort.PRICE
            }
        return frozenset(found)


def remembered_by(run: Run, setups: Iterable[Setup]) -> Mapping[tuple[Side, Who], Memory]:
    """What the trackers of these setups held at the start of the bar that ended each."""
    found: dict[tuple[Side, Who], Memory] = {}
    chosen = list(setups)
    for side in run.program.sides if run.program.trackers else ():
        moments = [Moment(_end(run, one), one.who) for one in chosen if one.side is side]
        held = memories(Machine(run.program, side), run.schedule, moments)
        found |= {(side, who): memory for who, memory in held.items()}
    return found


def _end(run: Run, setup: Setup) -> int:
    """The bar whose start is the last moment at which a candidate was alive."""
    return len(run.market) if setup.fate is Fate.ALIVE else setup.steps[-1].row


def _short(value: object) -> str:
    """A value in at most six digits after the point."""
    text = str(value)
    whole, point, rest = text.partition(".")
    return f"{whole}.{rest[:6]}".rstrip("0").rstrip(".") if point else text
