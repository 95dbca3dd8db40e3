"""Which expressions of a candidate become functions of their own.

What is written twice is compiled twice, and a compiler takes more than twice as long over a text of
twice the length. So an expression of some size that is asked for in several places is one function.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir.expression import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node
    from dsl.ir.program import Program

LARGE: Final = 16
"""Nodes from which on a call is shorter than what it calls."""


def measures(program: Program) -> dict[Node, str]:
    """The numbers that are worth a function, each with its name.

    None looks at a bracket, whose parts have other names at every place.
    """
    outers = list(nodes_in(program))
    counts = Counter(node for outer in outers for node in ir.walk(outer))
    found = dict.fromkeys(node for outer in outers for node in _largest(outer, counts))
    return {node: f"measure_{number}" for number, node in enumerate(found)}


def _largest(node: Node, counts: Counter[Node]) -> Iterator[Node]:
    if ir.is_row(node):
        return
    inner = list(ir.walk(node))
    worth = counts[node] > 1 and node.kind is not Kind.BOOL and len(inner) >= LARGE
    if worth and not any(isinstance(one, ir.Bracket) for one in inner):
        yield node
        return
    for child in ir.children(node):
        yield from _largest(child, counts)
