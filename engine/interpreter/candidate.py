"""A candidate: what it remembers of the bars it has seen, and what expressions find in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatchmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from dsl.ir.expression import (
    Aggregate,
    BarField,
    Bracket,
    CandidateClock,
    CaptureField,
    Node,
    Part,
    TrackerField,
    children,
    is_row,
)
from dsl.ir.program import TrackerOp
from engine.interpreter.operators import COMPARE, Value, meaning_of
from engine.interpreter.rows import SUMMARIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.ir.program import Capture, Program, Tracker
    from engine.interpreter.rows import Rows

MINUTE: Final = BarField("minute")


@dataclass(frozen=True, slots=True)
class Held:
    """What a tracker holds: the first and the last bar it took, and what `count` or `sum` made.

    `highest`, `lowest`, `latest` and `earliest` hold one bar, their last.
    """

    first: int | None = None
    last: int | None = None
    total: int | float = 0


EMPTY: Final = Held()


@dataclass(slots=True, eq=False)
class Candidate:
    """One setup in the making: `DATE/SIDE/ordinal`, its stage and its memory.

    `day` counts the trading dates with bars; `started` and `entered` are the rows on which it
    began and on which its stage began; `captures` hold `field -> value`, `at` and `row` included.
    """

    day: int
    ordinal: int
    started: int
    stage: int
    entered: int
    held: dict[str, Held] = field(default_factory=dict)
    captures: dict[str, dict[str, Value]] = field(default_factory=dict)

    def holds(self, tracker: str) -> Held:
        """What the tracker holds, `EMPTY` before it took a bar."""
        return self.held.get(tracker, EMPTY)


@dataclass(frozen=True, slots=True)
class Sight:
    """Where an expression is asked: a candidate, a row, and the bracket as far as it is known."""

    candidate: Candidate
    row: int
    bracket: Mapping[tuple[str, int], Value] = field(default_factory=dict)


Look = Callable[[Sight], Value]
"""The value of a node as seen from a candidate on a row."""


class Eyes:
    """The expressions of a program as its candidates see them."""

    def __init__(self, program: Program, rows: Rows) -> None:
        """`rows` answers whatever depends on bars alone."""
        self.rows = rows
        self._trackers = {tracker.name: tracker for tracker in program.trackers}
        self._functions: dict[Node, Look] = {}
        self._met: dict[int, tuple[Node, Look]] = {}

    def value(self, node: Node, sight: Sight) -> Value:
        """The value of the node for a candidate on a row."""
        return self.at(node)(sight)

    def at(self, node: Node) -> Look:
        """The function from a sight to the value of the node there."""
        met = self._met.get(id(node))  # the node is kept with it, so its id stays its own
        if met is not None:
            return met[1]
        if node not in self._functions:
            self._functions[node] = self._row(node) or self._pointwise(node) or self._value(node)
        self._met[id(node)] = node, self._functions[node]
        return self._functions[node]

    def captured(self, capture: Capture, sight: Sight) -> dict[str, Value]:
        """What a capture remembers of this bar."""
        values = {name: self.value(node, sight) for name, node in capture.fields}
        return values | {"at": self.rows.value(MINUTE, sight.row), "row": sight.row}

    def _row(self, node: Node) -> Look | None:
        if not is_row(node):
            return None
        value = self.rows.at(node)
        return lambda sight: value(sight.row)

    def _pointwise(self, node: Node) -> Look | None:
        meaning = meaning_of(node)
        if meaning is None:
            return None
        operands = [self.at(child) for child in children(node)]
        return lambda sight: meaning(*[operand(sight) for operand in operands])

    @singledispatchmethod
    def _value(self, node: Node) -> Look:
        raise TypeError(f"{type(node).__name__} may not look at a candidate")

    @_value.register
    def _clock(self, node: CandidateClock) -> Look:
        minute = self.rows.at(MINUTE)

        def value(sight: Sight) -> Value:
            row = sight.candidate.started if node.of == "start" else sight.candidate.entered
            return row if node.unit == "row" else minute(row)

        return value

    @_value.register
    def _capture_field(self, node: CaptureField) -> Look:
        return lambda sight: sight.candidate.captures.get(node.capture, {}).get(node.field)

    @_value.register
    def _bracket(self, node: Bracket) -> Look:
        return lambda sight: sight.bracket.get((node.part, node.index))

    # --- trackers ----------------------------------------------------------------------------

    def counts(self, tracker: Tracker, row: int) -> bool:
        """Whether the tracker counts a bar: `where` is true on it and its `value` is known."""
        wanted = tracker.where is None or self.rows.value(tracker.where, row) is True
        return wanted and (tracker.value is None or self.rows.value(tracker.value, row) is not None)

    def taken(self, tracker: Tracker, held: Held, row: int) -> Held:
        """What the tracker holds once it has looked at the bar of a row."""
        if not self.counts(tracker, row):
            return held
        first = row if held.first is None else held.first
        match tracker.op:
            case TrackerOp.HIGHEST | TrackerOp.LOWEST:
                return Held(first, row) if self._beats(tracker, held, row) else held
            case TrackerOp.LATEST | TrackerOp.BARS:
                return Held(first, row)
            case TrackerOp.EARLIEST:
                return held if held.last is not None else Held(first, row)
            case TrackerOp.COUNT:
                return Held(first, row, held.total + 1)
            case TrackerOp.SUM:
                return Held(first, row, held.total + self._number(tracker, row))

    def _number(self, tracker: Tracker, row: int) -> int | float:
        value = self.rows.value(tracker.value, row) if tracker.value is not None else None
        assert value is not None, f"{tracker.name} counted a bar whose value is not known"
        return value

    def _beats(self, tracker: Tracker, held: Held, row: int) -> bool:
        """Whether a bar takes the place of the one held (R11): ties go to the older one."""
        if held.last is None:
            return True
        direction = ">" if tracker.op is TrackerOp.HIGHEST else "<"
        beats = COMPARE[direction + ("=" if tracker.newest else "")]
        return beats(self._number(tracker, row), self._number(tracker, held.last))

    def update(
        self, candidate: Candidate, stage: str, row: int, trackers: Sequence[Tracker]
    ) -> None:
        """Let every tracker that watches the stage count the bar, in order (R10)."""
        for tracker in trackers:
            if stage in tracker.stages:
                candidate.held[tracker.name] = self._counted(tracker, candidate, row)

    def _counted(self, tracker: Tracker, candidate: Candidate, row: int) -> Held:
        held = candidate.holds(tracker.name)
        if tracker.after is not None:
            leader = candidate.holds(tracker.after).last
            if leader == row:
                return EMPTY
            if leader is None:
                return held
        return self.taken(tracker, held, row)

    def holding(self, name: str, sight: Sight, *, now: bool) -> Held:
        """What a candidate's tracker holds as of the start of the bar, or with the bar counted."""
        held = sight.candidate.holds(name)
        return self.taken(self._trackers[name], held, sight.row) if now else held

    @_value.register
    def _tracker_field(self, node: TrackerField) -> Look:
        value = self._field(self._trackers[node.tracker], node.field)
        return lambda sight: value(self.holding(node.tracker, sight, now=node.now))

    def _field(self, tracker: Tracker, name: str) -> Callable[[Held], Value]:
        if name == "value" and tracker.op in {TrackerOp.COUNT, TrackerOp.SUM}:
            return lambda held: held.total
        if name == "value" and tracker.op is TrackerOp.BARS:
            return lambda held: len(_span(held))
        if name == "row":
            return lambda held: held.last
        node = ({"value": tracker.value, "at": MINUTE} | dict(tracker.fields))[name]
        # A row never changes, so what was copied from the bar is what its row still says.
        return lambda held: _of_bar(self.rows, node, held)

    @_value.register
    def _aggregate(self, node: Aggregate) -> Look:
        operand = self.rows.at(node.operand) if node.op != "size" else None
        level = self.at(node.level) if node.level is not None else None

        def value(sight: Sight) -> Value:
            rows = _part(_span(self.holding(node.tracker, sight, now=node.now)), node.part)
            if operand is None:
                return len(rows)
            values = [operand(row) for row in rows]
            if any(one is None for one in values):
                return None
            if level is not None:
                return _crossings(values, level(sight))
            if not values:
                return 0 if node.op in OF_NOTHING else None
            return AGGREGATES[node.op](values)

        return value


OF_NOTHING: Final = {"count", "size", "sum"}
"""Aggregates that are 0 over no rows."""

AGGREGATES: Final[dict[str, Callable[[Sequence[Any]], Value]]] = SUMMARIES | {
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}


def _of_bar(rows: Rows, node: Node | None, held: Held) -> Value:
    return None if node is None or held.last is None else rows.value(node, held.last)


def _span(held: Held) -> range:
    """The rows from the first to the last bar taken."""
    if held.first is None or held.last is None:
        return range(0)
    return range(held.first, held.last + 1)


def _part(rows: range, part: Part) -> range:
    half = len(rows) // 2
    match part:
        case Part.WHOLE:
            return rows
        case Part.FIRST_HALF:
            return rows[:half]
        case Part.SECOND_HALF:
            return rows[half:]


def _crossings(values: Sequence[Any], level: Value) -> int | None:
    """How many adjacent pairs have exactly one value above the level."""
    if level is None:
        return None
    above: list[bool] = [value > level for value in values]
    return sum(one != other for one, other in pairwise(above))
