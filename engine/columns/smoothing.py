"""The exponential mean: the one node whose floats are added up row after row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dsl.ir.expression import Ema, Kind
from engine.columns.frame import number
from engine.columns.values import all_na

if TYPE_CHECKING:
    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column
    from engine.domain.market import Ints


def runs_of(session: str | None, frame: Frame) -> tuple[Ints, Ints]:
    """The first rows of the runs over which a mean goes, and the rows past their ends."""
    if session is None:
        return frame.schedule.days.start[:-1], frame.schedule.days.start[1:]
    occurrences = frame.schedule.occurrences(session)
    held = occurrences.first < occurrences.stop
    return occurrences.first[held], occurrences.stop[held]


def ema(node: Ema, frame: Frame, evaluate: Evaluate) -> Column:
    """All runs at once, one step of each at a time, so every y is made by the written formula."""
    values = evaluate(node.operand, frame)
    column = all_na(Kind.REAL, len(frame))
    alpha = 2.0 / float(number(node.bars, frame) + 1)
    first, stop = runs_of(node.session, frame)
    longest_first = np.argsort(first - stop, kind="stable")
    row, length = first[longest_first], (stop - first)[longest_first]
    if not len(row):
        return column
    column[row] = mean = values[row]
    with np.errstate(all="ignore"):
        for step in range(1, int(length[0])):
            live = int(np.searchsorted(-length, -step))
            row = row[:live] + 1
            mean = mean[:live] + alpha * (values[row] - mean[:live])
            column[row] = mean
    return column
