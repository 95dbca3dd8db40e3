"""How much must lie before a decision for it to be exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir.program import History, Program
from dsl.source import Span, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


_PLAIN: Final = frozenset({str, int, bool, float, type(None), Fraction, Text, Span})
"""What programs are full of, and what holds no expression."""


def nodes_in(value: object) -> Iterator[ir.Node]:
    """Every expression anywhere inside a program or a part of one, outermost nodes only."""
    kind = type(value)
    if kind in _PLAIN:
        return
    if isinstance(value, ir.Node):
        yield value
        return
    # of a record of the program its parts; asking `fields` for each would cost more than the rest
    inside: Iterable[object] = (
        value
        if isinstance(value, tuple)
        else [getattr(value, name) for name in getattr(kind, "__match_args__", ())]
    )
    for part in inside:
        if type(part) not in _PLAIN:
            yield from nodes_in(part)


def history_of(value: object) -> History:
    """The history that the expressions inside need: bars across dates, and whole earlier dates.

    A number of bars that is a parameter counts with its larger value of the two sides.
    `unbounded` is set where a window counts only some bars: how far back it reaches depends on
    the market, and the value is na until it is filled.
    """
    reach = _Reach(*_known(value)) if isinstance(value, Program) else _Reach({}, 1)
    outers = tuple(nodes_in(value))
    bars = max(map(reach.bars, outers), default=0)
    dates, unbounded = 0, False
    for node in ir.distinct(outers):
        if isinstance(node, ir.SessionValue) and node.occurrence is ir.Occurrence.PREVIOUS:
            dates = 1
        elif isinstance(node, (ir.Window, ir.Percentile, ir.Rank)):
            unbounded |= node.over.across and node.over.where is not None
        elif isinstance(node, ir.BarsSince):
            unbounded |= node.across
    return History(bars, dates, unbounded)


def _known(program: Program) -> tuple[dict[str, int], int]:
    params = {param.name: max(param.short, param.long) for param in program.params}
    return params, program.bar_minutes


_LOOKING_BACK: Final = (ir.Lag, ir.Window, ir.Percentile, ir.Rank, ir.OnFrame)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How many bars across dates a node looks back, with these parameters on bars of this size."""

    params: Mapping[str, int]
    bar_minutes: int
    known: dict[int, tuple[ir.Node, int]] = field(default_factory=dict)

    def bars(self, node: ir.Node) -> int:
        """The strategy's own bars before this one that the node's value depends on."""
        known = self.known.get(id(node))
        if known is not None:
            return known[1]
        found = self._bars(node)
        self.known[id(node)] = (node, found)
        return found

    def _bars(self, node: ir.Node) -> int:
        inside = max(map(self.bars, ir.children(node)), default=0)
        if not isinstance(node, _LOOKING_BACK):
            return inside
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
