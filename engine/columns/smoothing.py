"""The exponential mean: the one node whose floats are added up row after row."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.expression import Ema, Kind
from engine.columns.frame import number
from engine.columns.values import all_na

if TYPE_CHECKING:
    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column
    from engine.domain.market import Ints, Reals

_FEW: Final = 8
"""Below so many runs a step of all of them at once costs more than their steps one by one."""


def runs_of(session: str | None, frame: Frame) -> tuple[Ints, Ints]:
    """The first rows of the runs over which a mean goes, and the rows past their ends."""
    if session is None:
        return frame.schedule.days.start[:-1], frame.schedule.days.start[1:]
    occurrences = frame.schedule.occurrences(session)
    held = occurrences.first < occurrences.stop
    return occurrences.first[held], occurrences.stop[held]


def ema(node: Ema, frame: Frame, evaluate: Evaluate) -> Column:
    """Every y is made by the written formula, however many runs are worked on at a time."""
    values = evaluate(node.operand, frame)
    column = all_na(Kind.REAL, len(frame))
    alpha = 2.0 / float(number(node.bars, frame) + 1)
    first, stop = runs_of(node.session, frame)
    fill = _one_by_one if len(first) < _FEW else _side_by_side
    fill(column, values, alpha, first, stop)
    return column


def _one_by_one(column: Reals, values: Reals, alpha: float, first: Ints, stop: Ints) -> None:
    """One run after the other, in Python's floats: the same numbers by the same operations."""
    for begin, end in zip(first.tolist(), stop.tolist(), strict=True):
        run = values[begin:end].tolist()
        column[begin:end] = list(accumulate(run, lambda y, x: y + alpha * (x - y)))


def _side_by_side(column: Reals, values: Reals, alpha: float, first: Ints, stop: Ints) -> None:
    """All runs at once, one step of each at a time."""
    longest_first = np.argsort(first - stop, kind="stable")
    row, length = first[longest_first], (stop - first)[longest_first]
    column[row] = mean = values[row]
    with np.errstate(all="ignore"):
        for step in range(1, int(length[0])):
            live = int(np.searchsorted(-length, -step))
            row = row[:live] + 1
            mean = mean[:live] + alpha * (values[row] - mean[:live])
            column[row] = mean
