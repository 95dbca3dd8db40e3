"""From a row expression to its column: the value on every row of a frame."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dsl.ir import expression as ir
from engine.columns import elementwise, frames, ranked, sessional, smoothing, windowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column

OPERATORS: Final[Mapping[type[ir.Node], Callable[[Any, Frame, Evaluate], Column]]] = {
    ir.Const: elementwise.const,
    ir.Param: elementwise.param,
    ir.BarField: elementwise.bar_field,
    ir.Row: elementwise.row,
    ir.Clock: elementwise.clock,
    ir.InSession: elementwise.in_session,
    ir.TradingDay: elementwise.trading_day,
    ir.Blackout: elementwise.blackout,
    ir.Unary: elementwise.unary,
    ir.Binary: elementwise.binary,
    ir.ToReal: elementwise.to_real,
    ir.Round: elementwise.rounded,
    ir.Compare: elementwise.compare,
    ir.AllOf: elementwise.all_of,
    ir.AnyOf: elementwise.any_of,
    ir.Not: elementwise.negation,
    ir.Known: elementwise.known,
    ir.Choose: elementwise.choose,
    ir.Lag: windowed.lag,
    ir.Window: windowed.window,
    ir.BarsSince: windowed.bars_since,
    ir.Percentile: ranked.percentile,
    ir.Rank: ranked.rank,
    ir.SessionValue: sessional.session_value,
    ir.SessionClock: sessional.session_clock,
    ir.SinceSession: sessional.since_session,
    ir.Ema: smoothing.ema,
    ir.OnFrame: frames.on_frame,
}
"""How each row node is evaluated; a node of a candidate is in no column."""


def column(node: ir.Node, frame: Frame) -> Column:
    """The node's value on every row, worked out once a frame; not to be written to.

    A constant is one number seen from every row (its stride is 0): `evaluate` is for those who
    need it laid out.
    """
    return frame.memo.get(number_of(node), lambda: _made(node, frame))


def _made(node: ir.Node, frame: Frame) -> Column:
    made = OPERATORS[type(node)](node, frame, column)
    if frame.uses:
        for child in {number_of(child) for child in ir.children(node)}:
            left = frame.uses.get(child, 0) - 1
            if left >= 0:
                frame.uses[child] = left
            if left == 0:
                frame.memo.forget(child)
    return made


def columns(nodes: Sequence[ir.Node], frame: Frame) -> tuple[Column, ...]:
    """`evaluate` for several nodes, where nothing else of the frame will be needed soon.

    A column that only others were made of is freed as soon as the last of these is there.
    """
    wanted = {number_of(node) for node in nodes}
    parents: dict[int, set[int]] = {}
    waiting, seen = list(nodes), set(wanted)
    while waiting:
        node = waiting.pop()
        for child in ir.children(node):
            parents.setdefault(number_of(child), set()).add(number_of(node))
            if number_of(child) not in seen:
                seen.add(number_of(child))
                waiting.append(child)
    frame.uses.update({one: len(above) for one, above in parents.items() if one not in wanted})
    made = tuple(evaluate(node, frame) for node in nodes)
    for one in frame.uses:
        frame.memo.forget(one)
    frame.uses.clear()
    return made


_NUMBERS: Final[dict[ir.Node, int]] = {}
_KNOWN: Final[dict[int, tuple[ir.Node, int]]] = {}
_MOST: Final = 1 << 16
_COUNT: Final = count()


def number_of(node: ir.Node) -> int:
    """One number for equal nodes: comparing whole trees at every bar of a session would be dear.

    A node is known again by its identity (it is held, so that no other can take its place).
    """
    found = _KNOWN.get(id(node))
    if found is None:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
            _NUMBERS.clear()
        found = node, _NUMBERS.setdefault(node, next(_COUNT))
        _KNOWN[id(node)] = found
    return found[1]


def evaluate(node: ir.Node, frame: Frame) -> Column:
    """The node's value on every row, as a contiguous array that is not to be written to.

    INT: int64 with `NA`. REAL: float64 with NaN. BOOL: int8 of `FALSE`, `UNKNOWN`, `TRUE`.
    Raises KeyError for a node that is of a candidate, or names what the frame does not have.
    """
    return np.ascontiguousarray(column(node, frame))
