"""Constant parts computed once, and what does nothing left out; the meaning stays the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Callable


class Folding:
    """Folds the expressions of one compilation, and measures them.

    They share parts (a definition stands in every expression that names it), so what was done is
    remembered. What came out is as folded as it can be: folding it again changes nothing.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._folded: dict[int, tuple[ir.Node, ir.Node]] = {}
        self._extents: dict[int, tuple[ir.Node, tuple[int, int]]] = {}

    def fold(self, node: ir.Node) -> ir.Node:
        """An equal node with its constant parts computed."""
        known = self._folded.get(id(node))
        if known is not None:
            return known[1]
        made = _simpler(rebuilt(node, self.fold)) if ir.children(node) else node
        self._folded[id(node)] = (node, made)  # held: an id is of one node as long as that lives
        self._folded[id(made)] = (made, made)
        return made

    def extent(self, node: ir.Node) -> tuple[int, int]:
        """How many nodes there are in it, shared ones as often as they stand there; how deep."""
        known = self._extents.get(id(node))
        if known is not None:
            return known[1]
        size = depth = 1
        for child in ir.children(node):
            inside, below = self.extent(child)
            size += inside
            depth = max(depth, 1 + below)
        made = (size, depth)
        self._extents[id(node)] = (node, made)
        return made


def _simpler(inner: ir.Node) -> ir.Node:
    """The node itself computed, where its parts are."""
    match inner:
        case ir.Unary("neg", ir.Const(value)):
            return ir.Const(-value)
        case ir.Unary("abs", ir.Const(value)):
            return ir.Const(abs(value))
        case ir.Unary("neg", ir.Unary("neg", operand)):
            return operand
        case ir.Binary(op, ir.Const(left), ir.Const(right)) if op in ARITHMETIC:
            return ir.Const(ARITHMETIC[op](left, right))
        case ir.Binary("mul", operand, ir.Const(1)) | ir.Binary("mul", ir.Const(1), operand):
            return operand
        case ir.Binary("add", operand, ir.Const(0)) | ir.Binary("add", ir.Const(0), operand):
            return operand
        case ir.Binary("sub", operand, ir.Const(0)):
            return operand
        case ir.Compare(op, ir.Const(left), ir.Const(right)):
            return ir.Const(COMPARISONS[op](left, right))
        case ir.Not(ir.Const(value)):
            return ir.Const(not value)
        case ir.Known(ir.Const() | ir.Param() | ir.BarField()):
            return ir.Const(True)
        case ir.Choose(ir.Const(value), then, otherwise):
            return then if value else otherwise
        case ir.AllOf(operands):
            return _logic(operands, neutral=True)
        case ir.AnyOf(operands):
            return _logic(operands, neutral=False)
        case _:
            return inner


def _logic(operands: tuple[ir.Node, ...], *, neutral: bool) -> ir.Node:
    kind = ir.AllOf if neutral else ir.AnyOf
    kept: list[ir.Node] = []
    for operand in operands:
        if isinstance(operand, kind):
            kept.extend(operand.operands)
        elif operand == ir.Const(not neutral) and isinstance(operand, ir.Const):
            return operand
        elif not isinstance(operand, ir.Const):
            kept.append(operand)
    unique = tuple(dict.fromkeys(kept))
    if not unique:
        return ir.Const(neutral)
    return unique[0] if len(unique) == 1 else kind(unique)


ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "max": max,
    "min": min,
}

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
}


def rebuilt(node: ir.Node, change: Callable[[ir.Node], ir.Node]) -> ir.Node:
    """The node with `change` applied to the nodes directly inside; itself where none changed."""
    if all(change(child) is child for child in ir.children(node)):
        return node
    changes: dict[str, object] = {}
    for name in node.__match_args__:
        value = getattr(node, name)
        made = _rebuilt_value(value, change)
        if made is not value:
            changes[name] = made
    return replace(node, **changes)  # type: ignore[type-var]


def _rebuilt_value(value: object, change: Callable[[ir.Node], ir.Node]) -> object:
    if isinstance(value, ir.Node):
        return change(value)
    if isinstance(value, ir.Over):
        bars = change(value.bars)
        where = change(value.where) if value.where is not None else None
        same = bars is value.bars and where is value.where
        return value if same else replace(value, bars=bars, where=where)
    if isinstance(value, tuple) and value and isinstance(value[0], ir.Node):
        made = tuple(change(part) for part in value)
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    return value
