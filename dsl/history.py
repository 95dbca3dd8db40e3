"""How much must lie before a decision for it to be exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.ir import expression as ir
from dsl.ir.program import History, Program
from dsl.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def nodes_in(value: object) -> Iterator[ir.Node]:
    """Every expression anywhere inside a program or a part of one, outermost nodes only."""
    if isinstance(value, ir.Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from nodes_in(item)
    elif not isinstance(value, Span):
        # a record of the program; asking `fields` for each would cost more than all the rest
        for name in getattr(value, "__match_args__", ()):
            yield from nodes_in(getattr(value, name))


def history_of(value: object) -> History:
    """The history that the expressions inside need: bars across dates, and whole earlier dates.

    A number of bars that is a parameter counts with its larger value of the two sides.
    `unbounded` is set where a window counts only some bars: how far back it reaches depends on
    the market, and the value is na until it is filled.
    """
    reach = _Reach(*_known(value)) if isinstance(value, Program) else _Reach({}, 1)
    bars, dates, unbounded = 0, 0, False
    for outer in nodes_in(value):
        bars = max(bars, reach.bars(outer))
        for node in ir.walk(outer):
            if isinstance(node, ir.SessionValue) and node.occurrence is ir.Occurrence.PREVIOUS:
                dates = max(dates, 1)
            if isinstance(node, (ir.Window, ir.Percentile, ir.Rank)):
                unbounded |= node.over.across and node.over.where is not None
            if isinstance(node, ir.BarsSince):
                unbounded |= node.across
    return History(bars, dates, unbounded)


def _known(program: Program) -> tuple[dict[str, int], int]:
    params = {param.name: max(param.short, param.long) for param in program.params}
    return params, program.bar_minutes


@dataclass(frozen=True, slots=True)
class _Reach:
    """How many bars across dates a node looks back, with these parameters on bars of this size."""

    params: Mapping[str, int]
    bar_minutes: int

    def bars(self, node: ir.Node) -> int:
        """The strategy's own bars before this one that the node's value depends on."""
        inside = max((self.bars(child) for child in ir.children(node)), default=0)
        match node:
            case ir.Lag() if node.across:
                return self._count(node.bars) + inside
            case ir.Window() | ir.Percentile() | ir.Rank() if node.over.across:
                return self._count(node.over.bars) + (1 if node.over.before else 0) + inside
            case ir.OnFrame() if inside:
                size = node.minutes // self.bar_minutes
                return size * inside + size - 1  # the larger bar at hand has not closed yet
            case _:
                return inside

    def _count(self, node: ir.Node) -> int:
        match node:
            case ir.Const():
                return node.value
            case ir.Param():
                return self.params.get(node.name, 0)
            case _:
                return 0
