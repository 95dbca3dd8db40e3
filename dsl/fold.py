"""Constant parts computed once, and what does nothing left out; the meaning stays the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Callable


def fold(node: ir.Node) -> ir.Node:
    """An equal node with its constant parts computed."""
    inner = rebuilt(node, fold)
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
    changes: dict[str, object] = {}
    for name in node.__match_args__:
        value = getattr(node, name)
        made = _rebuilt_value(value, change)
        if made is not value:
            changes[name] = made
    return replace(node, **changes) if changes else node  # type: ignore[type-var]


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


def extent(node: ir.Node) -> tuple[int, int]:
    """How many nodes an expression has, shared ones as often as they stand in it, and how deep."""
    known: dict[int, tuple[int, int]] = {}

    def of(inner: ir.Node) -> tuple[int, int]:
        if id(inner) not in known:
            parts = [of(child) for child in ir.children(inner)]
            size = 1 + sum(part[0] for part in parts)
            known[id(inner)] = (size, 1 + max((part[1] for part in parts), default=0))
        return known[id(inner)]

    return of(node)
