"""Nodes that ask where a value stands among the values of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dsl.ir.expression import Kind, Percentile, Rank
from engine.columns.frame import number
from engine.columns.values import all_na, is_na
from engine.columns.windowed import holds_na, windows_of
from engine.domain.market import NA

if TYPE_CHECKING:
    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column, Mask
    from engine.columns.windowed import Windows
    from engine.domain.market import Ints

_BLOCK: Final = 1 << 15
"""Values worked on at a time: few enough to stay in the processor's cache."""


_NARROWED_FROM: Final = 32
"""Bars of a window from which finding smaller numbers costs less than it saves."""


def percentile(node: Percentile, frame: Frame, evaluate: Evaluate) -> Column:
    """The k-th smallest for each place a window may begin, then spread over the rows."""
    windows = windows_of(node.operand, node.over, frame, evaluate)
    place = max(1, -(-number(node.share, frame) * windows.bars // node.scale))
    if not len(windows) or place > windows.bars:
        return all_na(node.kind, len(frame))
    table = _kth_smallest(windows.values, windows.bars, place - 1)
    if node.kind is Kind.REAL:
        table = table + 0.0  # which of two equal zeros a sort keeps is up to the processor
    missing = holds_na(node.operand, windows, frame)
    if missing is not None:
        table = np.where(missing, all_na(node.kind, 1), table)
    return windows.spread(table, node.kind, len(frame))


def _kth_smallest(values: Column, bars: int, place: int) -> Column:
    """The value at `place` (from 0) of each run of `bars` neighbours in order of size."""
    narrow, levels = _narrow(values) if bars >= _NARROWED_FROM else (values, None)
    runs = sliding_window_view(narrow, bars)
    block = max(1, _BLOCK // bars)
    table = np.empty(len(runs), narrow.dtype)
    for at in range(0, len(runs), block):
        table[at : at + block] = np.partition(runs[at : at + block], place)[:, place]
    return table.astype(values.dtype) if levels is None else levels[table]


def _narrow(values: Column) -> tuple[Column, Column | None]:
    """Numbers of the same order in less room, so that there is less to move.

    Whole numbers that fit, or else places among the levels (returned too) that there are.
    """
    if values.dtype == np.int64:
        fitting = _smallest(int(values.min()), int(values.max()))
        if fitting is not None:
            return values.astype(fitting), None
    levels, places = np.unique(values, return_inverse=True)
    fitting = _smallest(0, len(levels))
    return (values, None) if fitting is None else (places.astype(fitting), levels)


def _smallest(low: int, high: int) -> type[np.signedinteger[Any]] | None:
    """The smallest type that holds all from `low` to `high`, if it is smaller than an int64."""
    for kind in (np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    return None


def rank(node: Rank, frame: Frame, evaluate: Evaluate) -> Column:
    """Counted one place of the windows after the other."""
    windows = windows_of(node.operand, node.over, frame, evaluate)
    own = evaluate(node.operand, frame)
    if windows.bars < 1 or not len(windows):
        return all_na(Kind.INT, len(frame))
    first, held = _begins(windows, len(frame))
    held &= ~is_na(own, node.operand.kind)
    missing = holds_na(node.operand, windows, frame)
    if missing is not None:
        held &= ~missing[first]
    return np.where(held, _count_at_most(windows, first, own), NA)


def _begins(windows: Windows, rows: int) -> tuple[Ints, Mask]:
    """Where each row's window begins (anywhere if not filled), and whether it is filled."""
    first = windows.first
    if first is None:
        first = np.arange(rows) - (windows.bars - 1 + windows.before)
    held = first >= 0
    if windows.filled is not None:
        held &= windows.filled
    return np.clip(first, 0, len(windows) - 1), held


def _count_at_most(windows: Windows, first: Ints, own: Column) -> Ints:
    """How many values of each row's window are at most the row's own."""
    count = np.zeros(len(own), np.int64)
    for at in range(0, len(own), _BLOCK):
        rows = slice(at, at + _BLOCK)
        begins, limit, found = first[rows], own[rows], count[rows]
        low, high = int(begins[0]), int(begins[-1]) + 1
        neighbours = windows.first is None and high - low == len(begins)
        for place in range(windows.bars):
            at_place = slice(low + place, high + place) if neighbours else begins + place
            found += windows.values[at_place] <= limit
    return count
