"""Nodes that look back over a number of rows: lags, windows, and the rows since a condition.

All windows are one thing here: a list of values in the order of rows, and for each row the
place in it where that row's window begins. Without `where` the list is the operand itself; with
`where` it is the qualifying values alone, closed up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dsl.ir.expression import BarsSince, Kind, Lag, Node, Over, Window
from engine.columns.elementwise import never_na
from engine.columns.frame import number
from engine.columns.values import NA_OF, all_na, is_na
from engine.domain.market import NA, TRUE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column, Mask
    from engine.domain.market import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """The window of every row: `bars` neighbours in `values`.

    `first`: where each row's window begins, negative where it cannot be filled. It is None where
    the windows simply move on with the rows: the one of row i begins at `i - bars + 1 - before`
    and is filled on the rows of `filled` (None: on all that have so many before them).
    """

    values: Column
    bars: int
    before: bool
    first: Ints | None
    filled: Mask | None

    def __len__(self) -> int:
        """How many windows the values hold, filled or not."""
        return max(0, len(self.values) - self.bars + 1)

    def spread(self, table: Column, kind: Kind, rows: int) -> Column:
        """From one entry for each place a window may begin to a column."""
        if self.first is not None:
            column = np.take(table, self.first, mode="clip")
            np.copyto(column, NA_OF[kind], where=self.first < 0)
            return column
        column = all_na(kind, rows)
        skipped = self.bars - 1 + self.before
        reached = max(0, rows - skipped)
        np.copyto(
            column[skipped:],
            table[:reached],
            where=True if self.filled is None else self.filled[skipped:],
        )
        return column


def windows_of(operand: Node, over: Over, frame: Frame, evaluate: Evaluate) -> Windows:
    """The windows of an operand, those that are not filled told apart."""
    bars = number(over.bars, frame)
    values = evaluate(operand, frame)
    if over.where is None:
        filled = None if over.across else frame.schedule.age >= bars - 1 + over.before
        return Windows(values, bars, over.before, None, filled)
    counted = (evaluate(over.where, frame) == TRUE) & ~is_na(values, operand.kind)
    first = np.cumsum(counted)  # how many are counted up to each row; in place, for it is long
    if over.before:
        first -= counted
    first -= bars
    if not over.across:
        start = frame.schedule.days.start[:-1]
        earlier = first[start] + bars if over.before else first[start] + bars - counted[start]
        first[first < frame.schedule.by_row(earlier)] = -1
    return Windows(values[counted], bars, over.before, first, None)


def holds_na(operand: Node, windows: Windows, frame: Frame) -> Mask | None:
    """Which windows hold a na, None where no window does."""
    if windows.first is not None or never_na(operand, frame):
        return None
    missing = is_na(windows.values, operand.kind)
    if not missing.any():
        return None
    inside: Mask = rolling_sum(missing, windows.bars) > 0
    return inside


def rolling_sum(values: Column, bars: int) -> Ints:
    """The sum of each run of `bars` neighbours, exact where it fits: wrapping round cancels out."""
    total = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=total[1:])
    return total[bars:] - total[: len(total) - bars]


def _rolling_extreme(values: Column, bars: int, extreme: Callable[..., Column]) -> Column:
    """Of each run of `bars` neighbours, by runs of 2, 4, 8, ... and two that overlap at last."""
    span, reach = 1, values
    while 2 * span <= bars:
        reach = extreme(reach[: len(reach) - span], reach[span:])
        span *= 2
    left = bars - span
    return extreme(reach[: len(reach) - left], reach[left:]) if left else reach


def _highest(values: Column, bars: int) -> Column:
    return _rolling_extreme(values, bars, np.maximum)


def _lowest(values: Column, bars: int) -> Column:
    return _rolling_extreme(values, bars, np.minimum)


def _count(values: Column, bars: int) -> Column:
    return rolling_sum(values == TRUE, bars)


_SUMMARY: Final[Mapping[str, Callable[[Any, int], Column]]] = {
    "highest": _highest,
    "lowest": _lowest,
    "sum": rolling_sum,
    "count": _count,
}


def window(node: Window, frame: Frame, evaluate: Evaluate) -> Column:
    """One summary for each place a window may begin, then spread over the rows."""
    windows = windows_of(node.operand, node.over, frame, evaluate)
    if windows.bars < 1 or not len(windows):
        return all_na(node.kind, len(frame))
    table = _SUMMARY[node.op](windows.values, windows.bars)
    if node.kind is Kind.REAL:
        table = table + 0.0  # which of two equal zeros a maximum keeps is up to the processor
    missing = holds_na(node.operand, windows, frame)
    if missing is not None:
        table = np.where(missing, all_na(node.kind, 1), table)
    return windows.spread(table, node.kind, len(frame))


def lag(node: Lag, frame: Frame, evaluate: Evaluate) -> Column:
    """The operand moved down, na where the date (or the market) is too young."""
    bars = number(node.bars, frame)
    column = all_na(node.kind, len(frame))
    held = True if node.across else frame.schedule.age[bars:] >= bars
    values = evaluate(node.operand, frame)
    np.copyto(column[bars:], values[: max(0, len(frame) - bars)], where=held)
    return column


def bars_since(node: BarsSince, frame: Frame, evaluate: Evaluate) -> Column:
    """The row of the latest true one so far, and how far back it is."""
    rows = np.arange(len(frame))
    latest = np.maximum.accumulate(np.where(evaluate(node.operand, frame) == TRUE, rows, -1))
    since = rows - latest
    absent = latest < 0 if node.across else since > frame.schedule.age
    return np.where(absent, NA, since)
