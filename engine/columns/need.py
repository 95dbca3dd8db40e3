"""How much history a node needs: which rows still matter to the rows to come.

A session that evaluates bar after bar keeps a tail of the market. The question here is always
the same: from which row on must the market be there for the node to be exact on a given row
and on every later one? The given row may be one past the end, where the next bar will be; that one
may belong to the last trading date or open a new one, and both are covered.

The answer `SHORT` means that rows before the market's first might matter: what the node says
then may change when the data begins earlier (the start law holds from the first row that is
not short).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dsl.ir import expression as ir
from engine.columns.evaluate import column
from engine.columns.frame import number
from engine.columns.frames import larger_bars
from engine.columns.values import is_na
from engine.domain.market import NA, TRUE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.columns.frame import Frame
    from engine.columns.values import Mask

SHORT: Final = -1


def first_needed(node: ir.Node, frame: Frame) -> int:
    """The first row of the frame that the next bar, and every one after it, may depend on.

    Evaluated on the market from that row on, the next bars get the values that they would get on
    the whole. Any earlier row does as well.
    """
    return max(0, reach(node, frame, len(frame)))


def is_short(node: ir.Node, frame: Frame) -> bool:
    """Whether bars older than the frame's could change what the node says on the next one.

    The first trading date of a frame counts as one whose beginning may be missing.
    """
    return reach(node, frame, len(frame)) == SHORT


def reach(node: ir.Node, frame: Frame, row: int) -> int:
    """The row from which on the market decides the node on `row` and on all later ones, or `SHORT`.

    `row` is at most `len(frame)`.
    """
    if row < 0:
        return SHORT
    return max(SHORT, min(row, _REACH.get(type(node), _operands)(node, frame, row)))


def _operands(node: ir.Node, frame: Frame, row: int) -> int:
    return min((reach(child, frame, row) for child in ir.children(node)), default=row)


# --- dates and sessions ---------------------------------------------------------------------


def _date(frame: Frame, row: int) -> int:
    """The index of a row's trading date; of the last one for the row past the end."""
    return int(np.searchsorted(frame.schedule.days.start, min(row, len(frame) - 1), "right")) - 1


def _floor(frame: Frame, row: int, *, across: bool) -> int:
    """The first row that a node may look back to, `SHORT` where it may lie before the market."""
    if across or not len(frame):
        return SHORT
    start = int(frame.schedule.days.start[_date(frame, row)])
    return start if start > 0 else SHORT


def _occurrence(frame: Frame, session: str, date: int, row: int) -> int:
    """The first row of a session on a date, as far as it lies before `row`."""
    occurrences = frame.schedule.occurrences(session)
    begins = int(occurrences.begins[date])
    if begins == NA:
        return row
    if begins < frame.market.minute[0]:
        return SHORT if date == 0 else int(occurrences.first[date])
    return min(row, int(occurrences.first[date]))


def _today(frame: Frame, session: str, row: int) -> int:
    return _occurrence(frame, session, _date(frame, row), row) if len(frame) else SHORT


def _session_value(node: ir.SessionValue, frame: Frame, row: int) -> int:
    if node.occurrence is not ir.Occurrence.PREVIOUS or not len(frame):
        return _today(frame, node.session, row)
    occurrences = frame.schedule.occurrences(node.session)
    held = np.flatnonzero(occurrences.first < occurrences.stop)
    earlier = held[: np.searchsorted(held, _date(frame, row))]
    return _occurrence(frame, node.session, int(earlier[-1]), row) if len(earlier) else SHORT


def _since_session(node: ir.SinceSession, frame: Frame, row: int) -> int:
    return reach(node.operand, frame, _today(frame, node.session, row))


def _ema(node: ir.Ema, frame: Frame, row: int) -> int:
    if node.session is None:
        return reach(node.operand, frame, _floor(frame, row, across=False))
    return reach(node.operand, frame, _today(frame, node.session, row))


# --- windows --------------------------------------------------------------------------------


def _lag(node: ir.Lag, frame: Frame, row: int) -> int:
    back = max(row - number(node.bars, frame), _floor(frame, row, across=node.across))
    return reach(node.operand, frame, back)


def _latest(found: Mask, count: int, floor: int, row: int) -> int:
    """The row of the last but `count - 1` hit before `row`, or `floor` where those are too few."""
    begin = max(0, floor)
    hits = np.flatnonzero(found[begin:row])
    return begin + int(hits[-count]) if 0 < count <= len(hits) else floor


def _window(node: ir.Window | ir.Percentile | ir.Rank, frame: Frame, row: int) -> int:
    over, bars = node.over, number(node.over.bars, frame)
    floor = _floor(frame, row, across=over.across)
    if over.where is None:
        return reach(node.operand, frame, max(row - bars + 1 - over.before, floor))
    counted = column(over.where, frame) == TRUE
    counted &= ~is_na(column(node.operand, frame), node.operand.kind)
    back = _latest(counted, bars, floor, row)
    return min(reach(over.where, frame, back), reach(node.operand, frame, back))


def _bars_since(node: ir.BarsSince, frame: Frame, row: int) -> int:
    floor = _floor(frame, row, across=node.across)
    back = _latest(column(node.operand, frame) == TRUE, 1, floor, row)
    return reach(node.operand, frame, back)


def _on_frame(node: ir.OnFrame, frame: Frame, row: int) -> int:
    if not len(frame) or any(isinstance(inner, ir.Row) for inner in ir.walk(node.operand)):
        return SHORT  # larger bars are numbered from the first there is
    larger = larger_bars(frame, node.minutes, node.session)
    closed = int(larger.closed[min(row, len(frame) - 1)])
    if closed < 0 or not (node.across or larger.day[closed] == _date(frame, row)):
        if _floor(frame, row, across=node.across) == SHORT:
            return SHORT
        closed += 1
    inner = reach(node.operand, larger.frame, closed)
    if inner == SHORT or inner == len(larger.first):
        return SHORT if inner == SHORT else row
    whole = larger.frame.market.minute[inner] >= frame.market.minute[0]
    return int(larger.first[inner]) if whole else SHORT


_REACH: Final[Mapping[type[ir.Node], Callable[[Any, Frame, int], int]]] = {
    ir.SessionValue: _session_value,
    ir.SinceSession: _since_session,
    ir.Ema: _ema,
    ir.Lag: _lag,
    ir.Window: _window,
    ir.Percentile: _window,
    ir.Rank: _window,
    ir.BarsSince: _bars_since,
    ir.OnFrame: _on_frame,
}
"""The nodes that look at other rows than their own; all others need what their operands need."""
