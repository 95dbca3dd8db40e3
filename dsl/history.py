"""How much must lie before a decision for it to be exact."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from dsl.ir import expression as ir
from dsl.ir.program import History

if TYPE_CHECKING:
    from collections.abc import Iterator


def nodes_in(value: object) -> Iterator[ir.Node]:
    """Every expression anywhere inside a program or a part of one, outermost nodes only."""
    if isinstance(value, ir.Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from nodes_in(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from nodes_in(getattr(value, field.name))


def history_of(value: object) -> History:
    """The history that the expressions inside need: bars across dates, and whole earlier dates.

    `unbounded` is set where a window counts only some bars: how far back it reaches depends on
    the market, and the value is na until it is filled.
    """
    bars, dates, unbounded = 0, 0, False
    for outer in nodes_in(value):
        bars = max(bars, _bars(outer))
        for node in ir.walk(outer):
            if isinstance(node, ir.SessionValue) and node.occurrence is ir.Occurrence.PREVIOUS:
                dates = max(dates, 1)
            if isinstance(node, (ir.Window, ir.Percentile, ir.Rank)):
                unbounded |= node.over.across and node.over.where is not None
            if isinstance(node, ir.BarsSince):
                unbounded |= node.across
    return History(bars, dates, unbounded)


def _bars(node: ir.Node) -> int:
    own, scale = 0, 1
    match node:
        case ir.Lag(_, ir.Const(bars), True):
            own = bars
        case ir.Window() | ir.Percentile() | ir.Rank() if node.over.across:
            own = node.over.bars.value if isinstance(node.over.bars, ir.Const) else 0
            own += 1 if node.over.before else 0
        case ir.OnFrame():
            scale = node.minutes
    return own + scale * max((_bars(child) for child in ir.children(node)), default=0)
