"""Conditions taken apart: what each comparison compared, and how much was missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dsl.ir.expression import AllOf, AnyOf, Compare, Not
from engine.interpreter.operators import COMPARE, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.ir.expression import Node
    from dsl.ir.program import Named
    from engine.interpreter.candidate import Eyes, Sight
    from engine.interpreter.operators import Value


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition said on a bar, and why.

    A comparison has `op` (`<`, `<=`, `>`, `>=`, `==`), both sides and `margin`: how far it was
    from holding, in the units of its sides. Above 0 it falls short by that much; 0 is just
    reached, which is enough for `<=`, `>=` and `==`; below 0 it holds with that much to spare;
    None where a side is na. `and`, `or` and `not` have `parts` instead; any other condition
    has its `truth` only. `name` is empty for parts.
    """

    name: str
    node: Node
    truth: bool | None
    op: str = ""
    left: Value = None
    right: Value = None
    margin: Value = None
    parts: tuple[Verdict, ...] = ()


OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def verdict(named: Named, eyes: Eyes, sight: Sight) -> Verdict:
    """The verdict on a named condition, for a candidate on a row."""
    return replace(judged(named.node, eyes, sight), name=named.name)


def verdicts(rules: Iterable[Named], eyes: Eyes, sight: Sight) -> tuple[Verdict, ...]:
    """The verdict on each of some named conditions."""
    return tuple(verdict(rule, eyes, sight) for rule in rules)


def judged(node: Node, eyes: Eyes, sight: Sight) -> Verdict:
    """The verdict on a condition without a name.

    `not` of a comparison is told as the opposite comparison.
    """
    match node:
        case Compare(op=op):
            return _compared(node, node, op, eyes, sight)
        case Not(operand=Compare(op=op) as inner) if op in OPPOSITE:
            return _compared(node, inner, OPPOSITE[op], eyes, sight)
        case AllOf(operands=operands) | AnyOf(operands=operands):
            together, word = (all_of, "and") if isinstance(node, AllOf) else (any_of, "or")
            parts = tuple(judged(part, eyes, sight) for part in operands)
            return Verdict("", node, _truth(together(*_truths(parts))), word, parts=parts)
        case Not(operand=operand):
            part = judged(operand, eyes, sight)
            truth = None if part.truth is None else not part.truth
            return Verdict("", node, truth, "not", parts=(part,))
        case _:
            return Verdict("", node, _truth(eyes.value(node, sight)))


def _truth(value: Value) -> bool | None:
    return None if value is None else bool(value)


def _truths(parts: Iterable[Verdict]) -> Iterator[bool | None]:
    return (part.truth for part in parts)


def _compared(node: Node, inner: Compare, op: str, eyes: Eyes, sight: Sight) -> Verdict:
    left, right = eyes.value(inner.left, sight), eyes.value(inner.right, sight)
    truth = None if left is None or right is None else COMPARE[op](left, right)
    return Verdict("", node, truth, op, left, right, _missing(op, left, right))


def _missing(op: str, left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    if op == "==":
        return abs(left - right)
    return right - left if op in {">", ">="} else left - right


def comparisons(verdict: Verdict) -> Iterator[Verdict]:
    """The comparisons in a verdict whose margin, once closed, helps the whole to be true."""
    if verdict.margin is not None:
        yield verdict
    elif verdict.op in {"and", "or"}:
        for part in verdict.parts:
            yield from comparisons(part)
