"""Asking the interpreter for the value of one node, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsl.ir.program import Side
from engine.interpreter import Interpreter
from tests.support.calendars import FixedHours
from tests.support.programs import tiny

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.ir.expression import Node
    from engine.domain.market import Market
    from engine.interpreter.operators import Value


def interpreter_of(
    market: Market,
    side: Side = Side.SHORT,
    blackouts: Mapping[str, Sequence[int]] | None = None,
    params: Mapping[str, int] | None = None,
    **program: Any,
) -> Interpreter:
    """An interpreter of the tiny program with some parts replaced."""
    return Interpreter(tiny(**program), market, side, FixedHours(), blackouts or {}, params)


def ask(market: Market, node: Node, side: Side = Side.SHORT, **program: Any) -> list[Value]:
    """The value of a row expression on every row."""
    at = interpreter_of(market, side, **program).rows.at(node)
    return [at(row) for row in range(len(market))]
