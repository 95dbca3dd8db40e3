"""What the numbers of decision rows mean, and how they are written for people.

Prices are ticks of the side's frame in a decision row and real prices in the journal. What is
no price is written as the side sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir.program import ENTRY, captures_between
from engine.domain.market import NA
from engine.execution.terms import decimal_of
from engine.journal.decisions import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from dsl.ir.expression import Node
    from dsl.ir.program import Capture, Program
    from engine.journal.events import Value


class Sort(Enum):
    """What a number is."""

    PRICE = "price"
    DISTANCE = "distance"  # between prices
    MINUTE = "minute"  # an instant
    NUMBER = "number"
    REAL = "real"
    TRUTH = "truth"


_BAR_SORTS: Final[Mapping[str, Sort]] = {
    **dict.fromkeys(("open", "high", "low", "close"), Sort.PRICE),
    "minute": Sort.MINUTE,
}
_FIELD_SORTS: Final[Mapping[str, Sort]] = {"at": Sort.MINUTE, "row": Sort.NUMBER}
_EPOCH: Final = date(1970, 1, 1).toordinal()
_SAME_SORT: Final = frozenset({"highest", "lowest", "first", "last"})


@dataclass(frozen=True, slots=True)
class Column:
    """A value of a decision row: its name, its sort, and what its number must be divided by."""

    name: str
    sort: Sort
    denominator: int = 1


@dataclass(frozen=True)
class Units:
    """What the values of one program's decision rows are."""

    program: Program

    def columns(self, kind: Decision, stage: int, cause: int) -> tuple[Column, ...]:
        """The values of a decision row, in the order of its cells (`engine.journal.decisions`)."""
        match kind:
            case Decision.START:
                return self._start
            case Decision.ADVANCE:
                return self._advance[stage, cause]
            case Decision.ENTRY:
                return self._entry
            case Decision.DEAD:
                return ()

    @cached_property
    def _start(self) -> tuple[Column, ...]:
        return self._captured(self.program.start.captures)

    @cached_property
    def _advance(self) -> dict[tuple[int, int], tuple[Column, ...]]:
        number = {stage.name: index for index, stage in enumerate(self.program.stages)}
        found: dict[tuple[int, int], tuple[Column, ...]] = {}
        for index, stage in enumerate(self.program.stages):
            for way in stage.advance:
                if way.to != ENTRY:
                    told = captures_between(stage, way.to)
                    found[index, number[way.to]] = self._captured(told)
        return found

    @cached_property
    def _entry(self) -> tuple[Column, ...]:
        prices = ("close", "entry", "stop", *(target.name for target in self.program.targets))
        features = (
            Column(feature.name, self.sort(feature.node), feature.denominator)
            for feature in self.program.features
        )
        return (
            *(Column(name, Sort.PRICE) for name in prices),
            *features,
            Column("atr", Sort.REAL),
        )

    def _captured(self, captures: tuple[Capture, ...]) -> tuple[Column, ...]:
        return tuple(
            Column(f"{capture.name}.{name}", self.sort(node))
            for capture in captures
            for name, node in capture.fields
        )

    @cached_property
    def _fields(self) -> dict[tuple[str, str], Node]:
        """The expression behind every field of every tracker and capture."""
        found: dict[tuple[str, str], Node] = {}
        for tracker in self.program.trackers:
            found |= {(tracker.name, name): node for name, node in tracker.fields}
            if tracker.value is not None and tracker.op.value in _SAME_SORT:
                found[tracker.name, "value"] = tracker.value
        ways = (way for stage in self.program.stages for way in stage.advance)
        for captures in (self.program.start.captures, *(way.captures for way in ways)):
            for capture in captures:
                found |= {(capture.name, name): node for name, node in capture.fields}
        return found

    def sort(self, node: Node) -> Sort:
        """What the value of an expression is; `NUMBER` where it is nothing better."""
        if node.kind is ir.Kind.BOOL:
            return Sort.TRUTH
        return Sort.REAL if node.kind is ir.Kind.REAL else self._whole(node)

    def _whole(self, node: Node) -> Sort:
        """The sort of an INT."""
        match node:
            case ir.BarField(name) | ir.SessionValue(field=name):
                return _BAR_SORTS.get(name, Sort.NUMBER)
            case ir.Bracket():
                return Sort.PRICE
            case ir.TrackerField(owner, name) | ir.CaptureField(owner, name):
                behind = self._fields.get((owner, name))
                return self.sort(behind) if behind else _FIELD_SORTS.get(name, Sort.NUMBER)
            case ir.Unary(_, operand):
                inner = self.sort(operand)
                return Sort.DISTANCE if inner is Sort.DISTANCE else Sort.NUMBER
            case ir.Binary("add" | "sub" as op, left, right):
                return _SUMS.get((op, self.sort(left), self.sort(right)), Sort.NUMBER)
            case _:
                sorts = [self.sort(one) for one in _passed_on(node)]
                return next((one for one in sorts if one is not Sort.NUMBER), Sort.NUMBER)


def _passed_on(node: Node) -> tuple[Node, ...]:
    """The parts of which one is handed on as it is."""
    match node:
        case ir.Lag(operand) | ir.Percentile(operand) | ir.OnFrame(operand) | ir.Round(operand, 1):
            return (operand,)
        case ir.Window(op, operand) | ir.SinceSession(op, operand) | ir.Aggregate(op, operand):
            return (operand,) if op in _SAME_SORT else ()
        case ir.Choose(_, left, right) | ir.Binary("max" | "min", left, right):
            return (left, right)
        case _:
            return ()


_SUMS: Final[Mapping[tuple[str, Sort, Sort], Sort]] = {
    ("sub", Sort.PRICE, Sort.PRICE): Sort.DISTANCE,
    ("sub", Sort.PRICE, Sort.DISTANCE): Sort.PRICE,
    ("sub", Sort.PRICE, Sort.NUMBER): Sort.PRICE,
    ("add", Sort.PRICE, Sort.DISTANCE): Sort.PRICE,
    ("add", Sort.PRICE, Sort.NUMBER): Sort.PRICE,
    ("add", Sort.DISTANCE, Sort.PRICE): Sort.PRICE,
    ("add", Sort.NUMBER, Sort.PRICE): Sort.PRICE,
    ("add", Sort.DISTANCE, Sort.DISTANCE): Sort.DISTANCE,
    ("sub", Sort.DISTANCE, Sort.DISTANCE): Sort.DISTANCE,
    ("add", Sort.DISTANCE, Sort.NUMBER): Sort.DISTANCE,
    ("sub", Sort.DISTANCE, Sort.NUMBER): Sort.DISTANCE,
    ("add", Sort.NUMBER, Sort.DISTANCE): Sort.DISTANCE,
}


class Grid:
    """The tick grid of an instrument: whole ticks as exact decimal prices."""

    def __init__(self, tick: Fraction) -> None:
        """`tick` in price units; it must end in decimals, as every tick size does."""
        self._tick = decimal_of(tick)

    def price(self, ticks: int) -> Decimal:
        """A price or a distance, with as many decimals as the tick has."""
        return self._tick * int(ticks)


def written(column: Column, whole: int, real: float, grid: Grid, sign: int) -> Value:
    """A value as the journal says it; `sign` turns prices of the side's frame into real ones."""
    if column.sort is Sort.REAL:
        return None if real != real else Decimal(repr(float(real)))  # noqa: PLR0124 - NaN
    if whole == NA:
        return None
    if column.sort is Sort.TRUTH:
        return bool(whole)
    if column.denominator != 1:
        return Decimal(whole) / column.denominator
    if column.sort is Sort.PRICE:
        return grid.price(sign * whole)
    if column.sort is Sort.DISTANCE:
        return grid.price(whole)
    return clock(whole) if column.sort is Sort.MINUTE else whole


@lru_cache(maxsize=1024)
def date_text(days: int) -> str:
    """A date (days since the epoch) as ISO 8601."""
    return date.fromordinal(_EPOCH + days).isoformat()


def clock(minute: int) -> str:
    """An instant (minutes since the epoch) in UTC, as ISO 8601."""
    days, rest = divmod(int(minute), 1440)
    return f"{date_text(days)}T{rest // 60:02}:{rest % 60:02}:00Z"
