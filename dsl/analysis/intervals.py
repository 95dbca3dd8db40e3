"""Between which bounds the value of an expression lies, for every bar that data may hold.

The bounds rest on what the instrument promises (`price_max`, `volume_max`), on the ranges of the
parameters and on how many rows a date, a window or a stretch can have. They hold for the
written side and for its mirror alike, because a price's bounds are symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, sqrt
from typing import TYPE_CHECKING, Final, TypeAlias

from dsl.analysis.places import captures_of
from dsl.analysis.stretches import longest_stretch
from dsl.ir import expression as ir
from dsl.ir.program import TrackerOp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.ir.program import ParamSpec, Program, Side

Number: TypeAlias = int | float

INT_MAX: Final = (1 << 63) - 1
"""The largest INT; its negation is the smallest, and the number below that stands for na."""

EVER: Final = 1 << 31
"""No minute of the epoch and no row has a larger number (the year 6053)."""

DATE_ROWS: Final = 1500
"""Rows that a trading date can have: twenty-five hours of minutes."""

NEAR: Final = 7 * 1440
"""Minutes between a bar and an opening of its trading date, more than any clock can make them."""

SLACK: Final = 1e-9
"""By how much of its values' bounds the rounding of a mean may leave them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Every value from `low` to `high`, both included; whole numbers for INT."""

    low: Number
    high: Number

    def __or__(self, other: Interval) -> Interval:
        """The smallest interval around both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def __neg__(self) -> Interval:
        """The mirror image."""
        return Interval(-self.high, -self.low)

    @property
    def fits(self) -> bool:
        """Whether 64 bits hold every whole number in it."""
        return self.low >= -INT_MAX and self.high <= INT_MAX

    @property
    def magnitude(self) -> Number:
        """The largest absolute value in it."""
        return max(abs(self.low), abs(self.high))


Ranges: TypeAlias = "Mapping[str, Interval]"

COUNTING: Final = Interval(0, EVER)
ANY_INT: Final = Interval(-INT_MAX, INT_MAX)
ANY_REAL: Final = Interval(-inf, inf)
CLOCKS: Final = {
    ir.ClockUnit.MINUTE_OF_DAY: Interval(0, 1439),
    ir.ClockUnit.WEEKDAY: Interval(1, 7),
    ir.ClockUnit.DAY_OF_MONTH: Interval(1, 31),
    ir.ClockUnit.MONTH: Interval(1, 12),
}


def is_switch(param: ParamSpec) -> bool:
    """Whether the parameter chooses among ways of trading instead of measuring something."""
    return param.unit == "switch" or bool(param.choices)


def range_of(param: ParamSpec) -> Interval:
    """The values a parameter may take: its range, else those it has."""
    if param.choices:
        return Interval(0, len(param.choices) - 1)
    if param.unit == "switch":
        return Interval(0, 1)
    values = Interval(min(param.short, param.long), max(param.short, param.long))
    if param.low is None or param.high is None:
        return values
    return values | Interval(param.low, param.high)


def ranges_of(program: Program) -> dict[str, Interval]:
    """The values every parameter may take."""
    return {param.name: range_of(param) for param in program.params}


def defaults_of(program: Program, side: Side) -> dict[str, Interval]:
    """The values that the parameters of one side have; switches stay free to be turned."""
    values = zip(program.params, program.side_params(side), strict=True)
    return {
        param.name: range_of(param) if is_switch(param) else Interval(value, value)
        for param, value in values
    }


class Bounds:
    """The bounds of any node of a program; asked of the same node again, it remembers."""

    def __init__(self, program: Program, ranges: Ranges | None = None, minutes: int = 1) -> None:
        """`ranges`: those of the parameters; `minutes`: the length of a larger bar's volume."""
        traded = program.instrument
        self.program = program
        self.ranges = ranges_of(program) if ranges is None else ranges
        self.price = Interval(-traded.price_max, traded.price_max)
        self.volume = Interval(0, traded.volume_max * minutes)
        self.stretch = longest_stretch(program)
        self.trackers = {tracker.name: tracker for tracker in program.trackers}
        self._known: dict[int, tuple[ir.Node, Interval]] = {}
        self._open: set[int] = set()

    def of(self, node: ir.Node) -> Interval:
        """The bounds of an INT or REAL; of a BOOL, 0 to 1."""
        found = self._known.get(id(node))
        if found is not None:
            return found[1]
        if id(node) in self._open:  # a bracket that asks for itself is na
            return self.price
        self._open.add(id(node))
        made = self._find(node)
        self._open.discard(id(node))
        self._known[id(node)] = (node, made)
        return made

    def _find(self, node: ir.Node) -> Interval:
        if node.kind is ir.Kind.BOOL:
            return Interval(0, 1)
        match node:
            case ir.Unary() | ir.Binary() | ir.ToReal() | ir.Round() | ir.Choose():
                return self._computed(node)
            case ir.TrackerField() | ir.CaptureField() | ir.Aggregate() | ir.Bracket():
                return self._remembered(node)
            case ir.Lag(operand) | ir.Percentile(operand):
                return self.of(operand)
            case ir.Window(op, operand, over):
                return self._over(op, operand, self.rows(over))
            case ir.SinceSession(op, operand):
                return self._over(op, operand, Interval(1, DATE_ROWS))
            case ir.Rank():
                return Interval(1, self.rows(node.over).high)
            case ir.Ema(operand):
                return _loosened(self.of(operand))
            case ir.OnFrame(operand, minutes):
                return Bounds(self.program, self.ranges, minutes).of(operand)
            case _:
                return self._leaf(node)

    def rows(self, over: ir.Over) -> Interval:
        """How many rows a window can hold."""
        return Interval(1, max(1, self.of(over.bars).high))

    def _leaf(self, node: ir.Node) -> Interval:
        match node:
            case ir.Const(value):
                return Interval(int(value), int(value))
            case ir.Param(name):
                return self.ranges[name]
            case ir.BarField("volume"):
                return self.volume
            case ir.BarField("minute"):
                return COUNTING
            case ir.BarField():
                return self.price
            case ir.Clock(unit):
                return CLOCKS[unit]
            case ir.SessionValue(_, "volume"):
                return Interval(0, self.volume.high * DATE_ROWS)
            case ir.SessionValue(_, "bars"):
                return Interval(1, DATE_ROWS)
            case ir.SessionValue():
                return self.price
            case ir.SessionClock(name):
                return self._session_clock(name)
            case ir.BarsSince() | ir.CandidateClock() | ir.Row():
                return COUNTING
            case _:
                return ANY_INT if node.kind is ir.Kind.INT else ANY_REAL

    def _session_clock(self, name: str) -> Interval:
        """A session of a date begins and ends within days of any bar of that date."""
        rule = next(session for session in self.program.sessions if session.name == name)
        most = NEAR + max(abs(rule.start.minutes), abs(rule.end.minutes))
        return Interval(-most, most)

    def _over(self, op: str, operand: ir.Node, rows: Interval) -> Interval:
        if op in {"count", "size", "crossings"}:
            return Interval(0, rows.high)
        inner = self.of(operand)
        if op != "sum":
            return inner
        return Interval(
            min(inner.low, inner.low * rows.high), max(inner.high, inner.high * rows.high)
        )

    # --- what a candidate remembers ----------------------------------------------------------

    def _remembered(self, node: ir.Node) -> Interval:
        match node:
            case ir.TrackerField(name, field):
                return self._tracker(name, field)
            case ir.CaptureField(name, field):
                return self._capture(name, field)
            case ir.Aggregate(op, operand):
                held = self._over(op, operand, Interval(1, self.stretch))
                return held | Interval(0, 0) if op == "sum" else held
            case ir.Bracket(part, index):
                return self._bracket(part, index)
            case _:
                raise AssertionError(node)

    def _tracker(self, name: str, field: str) -> Interval:
        tracker = self.trackers[name]
        if field in {"at", "row"}:
            return COUNTING
        if field != "value":
            return self.of(dict(tracker.fields)[field])
        match tracker.op:
            case TrackerOp.COUNT | TrackerOp.BARS:
                return Interval(0, self.stretch)
            case TrackerOp.SUM if tracker.value is not None:
                return self._over("sum", tracker.value, Interval(1, self.stretch)) | Interval(0, 0)
            case _:
                assert tracker.value is not None
                return self.of(tracker.value)

    def _capture(self, name: str, field: str) -> Interval:
        if field in {"at", "row"}:
            return COUNTING
        nodes = [
            node
            for capture in captures_of(self.program)
            if capture.name == name
            for key, node in capture.fields
            if key == field
        ]
        found = self.of(nodes[0])
        for node in nodes[1:]:
            found = found | self.of(node)
        return found

    def _bracket(self, part: str, index: int) -> Interval:
        program = self.program
        if part == "stop":
            found = self.of(program.stops[0].price)
            for case in program.stops[1:]:
                found = found | self.of(case.price)
            return found
        if part == "target" and index < len(program.targets):
            return self.of(program.targets[index].price)
        price = program.entry.price
        return self.price if price is None else self.of(price) | self.price

    # --- arithmetic --------------------------------------------------------------------------

    def _computed(self, node: ir.Node) -> Interval:
        match node:
            case ir.Unary(op, operand):
                return _unary(op, self.of(operand))
            case ir.Binary("mul", left, right) if left == right:
                square = self.of(left).magnitude ** 2
                return Interval(0, square)
            case ir.Binary("div", left, right):
                return self._quotient(left, right)
            case ir.Binary(op, left, right):
                return _binary(op, self.of(left), self.of(right))
            case ir.ToReal(operand, den):
                inner = self.of(operand)
                return Interval(_real(inner.low) / float(den), _real(inner.high) / float(den))
            case ir.Round(operand, den):
                return _rounded(self.of(operand), den)
            case ir.Choose(_, then, otherwise):
                return self.of(then) | self.of(otherwise)
            case _:
                raise AssertionError(node)

    def _quotient(self, left: ir.Node, right: ir.Node) -> Interval:
        mean = self._mean(left, right)
        if mean is not None:
            return mean
        above, below = self.of(left), self.of(right)
        if below.low > 0 or below.high < 0:
            return _around(*(a / b for a in _ends(above) for b in _ends(below)))
        least = self._least(right)  # division by zero is na
        if least == 0 or above.magnitude == inf:
            return ANY_REAL
        most = above.magnitude / least * (1 + SLACK)
        positive = above.low >= 0 and below.low >= 0
        return Interval(0.0 if positive else -most, most)

    def _mean(self, left: ir.Node, right: ir.Node) -> Interval | None:
        """A mean lies among the values that it is made of, weighted or not."""
        if not (isinstance(left, ir.ToReal) and isinstance(right, ir.ToReal)):
            return None
        total, weight = _totals(left.operand), _totals(right.operand)
        if total is None or weight is None or total[0] != weight[0]:
            return None
        scale = right.denominator / left.denominator
        match total[1], weight[1]:
            case ir.Binary("mul", value, factor), weighing if factor == weighing:
                if self.of(factor).low < 0:
                    return None
                inner = self.of(value)
            case value, ir.Const(1) | ir.Choose(ir.Known(), ir.Const(1), ir.Const(0)):
                inner = self.of(value)
            case _:
                return None
        return _loosened(Interval(inner.low * scale, inner.high * scale))

    def _least(self, node: ir.Node) -> float:
        """A bound from below on the magnitude of a REAL that is not 0; 0 where there is none."""
        match node:
            case ir.ToReal(_, den):
                return 1.0 / den
            case ir.Unary("sqrt", operand):
                return sqrt(self._least(operand)) * (1 - SLACK)
            case ir.Unary(_, operand):
                return self._least(operand)
            case ir.Binary("mul", left, right):
                return self._least(left) * self._least(right) * (1 - SLACK)
            case ir.Binary("div", left, right):
                most = self.of(right).magnitude
                return self._least(left) / most * (1 - SLACK) if most else 0.0
            case ir.Binary("max" | "min", left, right) | ir.Choose(_, left, right):
                return min(self._least(left), self._least(right))
            case _:
                return 0.0


def _loosened(inner: Interval) -> Interval:
    slack = inner.magnitude * SLACK
    return Interval(inner.low - slack, inner.high + slack)


def _totals(node: ir.Node) -> tuple[object, ir.Node] | None:
    """Which rows a sum goes over, and what it adds up."""
    match node:
        case ir.SinceSession("sum", operand, session):
            return session, operand
        case ir.Window("sum", operand, over):
            return over, operand
        case ir.Aggregate("sum", operand, tracker, part, _, now):
            return (tracker, part, now), operand
        case ir.Aggregate("size", _, tracker, part, _, now):
            return (tracker, part, now), ir.Const(1)
        case _:
            return None


def _real(value: Number) -> float:
    return float(value) if abs(value) < 1 << 1000 else inf if value > 0 else -inf


def _unary(op: str, inner: Interval) -> Interval:
    if op == "neg":
        return -inner
    if op == "abs":
        inside = inner.low <= 0 <= inner.high
        lowest = 0 if inside else min(abs(inner.low), abs(inner.high))
        return Interval(lowest, inner.magnitude)
    return Interval(sqrt(max(0.0, inner.low)), sqrt(max(0.0, inner.high)))


def _binary(op: str, left: Interval, right: Interval) -> Interval:
    match op:
        case "add":
            return _around(left.low + right.low, left.high + right.high)
        case "sub":
            return _around(left.low - right.high, left.high - right.low)
        case "max":
            return Interval(max(left.low, right.low), max(left.high, right.high))
        case "min":
            return Interval(min(left.low, right.low), min(left.high, right.high))
        case "mul":
            return _around(*(_times(a, b) for a in _ends(left) for b in _ends(right)))
        case _:
            raise AssertionError(op)


def _ends(interval: Interval) -> tuple[Number, Number]:
    return interval.low, interval.high


def _around(*values: Number) -> Interval:
    if any(value != value for value in values):  # noqa: PLR0124 - nan: infinity minus infinity
        return ANY_REAL
    return Interval(min(values), max(values))


def _times(left: Number, right: Number) -> Number:
    return 0 if 0 in (left, right) else left * right


def _rounded(inner: Interval, den: int) -> Interval:
    if isinstance(inner.low, int) and isinstance(inner.high, int):
        return Interval(inner.low // den, -(-inner.high // den))
    low = -INT_MAX if inner.low < -INT_MAX else floor(inner.low)
    high = INT_MAX if inner.high > INT_MAX else ceil(inner.high)
    return Interval(max(-INT_MAX, low), min(INT_MAX, high))
