"""What the pointwise nodes mean: functions of values, na being `None`.

A BOOL is `True`, `False` or `None`, an INT an `int` or `None`, a REAL a `float` or `None`; a
NaN never leaves this module.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from dsl.ir.expression import (
    AllOf,
    AnyOf,
    Binary,
    Choose,
    Compare,
    Known,
    Node,
    Not,
    Round,
    ToReal,
    Unary,
)

Value = int | float | None
"""The value of a node; a BOOL is an `int` that is a `bool`."""

Meaning = Callable[..., Value]
"""From the values of a node's operands, in written order, to its own."""


def _divided(a: float, b: float) -> float | None:
    return None if b == 0 else a / b


def _root(a: float) -> float | None:
    return None if a < 0 else math.sqrt(a)


UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "neg": operator.neg,
    "abs": abs,
    "sqrt": _root,
}
BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divided,
    "max": lambda a, b: max(b, a),  # the first of equals: a if a > b else b
    "min": lambda a, b: min(b, a),
}
COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


def all_of(*truths: Value) -> Value:
    """Kleene's `and`: one false makes it false, else one na makes it na."""
    if any(truth is False for truth in truths):
        return False
    return None if None in truths else True


def any_of(*truths: Value) -> Value:
    """Kleene's `or`: one true makes it true, else one na makes it na."""
    if any(truth is True for truth in truths):
        return True
    return None if None in truths else False


def _known(value: Value) -> bool:
    return value is not None


def _choose(condition: Value, then: Value, otherwise: Value) -> Value:
    if condition is None:
        return None
    return then if condition else otherwise


def _strict(operation: Callable[..., Any]) -> Meaning:
    """The operation where every operand is known; na else, and na for a NaN it makes."""

    def meaning(*values: Value) -> Value:
        if any(value is None for value in values):
            return None
        result: Value = operation(*values)
        return None if result is None or math.isnan(result) else result

    return meaning


def _to_real(denominator: int) -> Callable[[int], float]:
    return lambda value: float(value) / float(denominator)


def _rounded(denominator: int, *, up: bool) -> Callable[[Any], int | None]:
    def rounded(value: Any) -> int | None:
        if isinstance(value, float):
            if math.isinf(value):
                return None
            return math.ceil(value) if up else math.floor(value)
        return -(-value // denominator) if up else int(value // denominator)

    return rounded


def meaning_of(node: Node) -> Meaning | None:
    """The function from operands' values to the node's, None for a node that is not pointwise."""
    match node:
        case Unary(op=op):
            return _strict(UNARY[op])
        case Binary(op=op):
            return _strict(BINARY[op])
        case Compare(op=op):
            return _strict(COMPARE[op])
        case ToReal(denominator=denominator):
            return _strict(_to_real(denominator))
        case Round(denominator=denominator, up=up):
            return _strict(_rounded(denominator, up=up))
        case Not():
            return _strict(operator.not_)
        case AllOf():
            return all_of
        case AnyOf():
            return any_of
        case Known():
            return _known
        case Choose():
            return _choose
        case _:
            return None
