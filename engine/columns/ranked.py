"""Nodes that ask where a value stands among the values of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    runs = sliding_window_view(_narrow(values), bars)
    block = max(1, _BLOCK // bars)
    table = np.empty(len(runs), values.dtype)
    for at in range(0, len(runs), block):
        table[at : at + block] = np.partition(runs[at : at + block], place)[:, place]
    return table


def _narrow(values: Column) -> Column:
    """The same whole numbers in half the room, where they all fit: half the work to order."""
    fits = np.iinfo(np.int32)
    if values.dtype == np.int64 and fits.min <= values.min() and values.max() <= fits.max:
        return values.astype(np.int32)
    return values


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
