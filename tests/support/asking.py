"""Asking the interpreter for the value of one node, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsl.ir.program import Side
from engine.interpreter import Interpreter
from engine.journal.decisions import Decision
from tests.support.calendars import FixedHours
from tests.support.programs import tiny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dsl.ir.expression import Node
    from engine.domain.market import Market
    from engine.interpreter import Event
    from engine.interpreter.operators import Value


def interpreter_of(
    market: Market,
    side: Side = Side.SHORT,
    blackouts: Mapping[str, Sequence[int]] | None = None,
    given: Mapping[str, int] | None = None,
    **program: Any,
) -> Interpreter:
    """An interpreter of the tiny program with some parts replaced."""
    return Interpreter(tiny(**program), market, side, FixedHours(), blackouts or {}, given)


def ask(market: Market, node: Node, side: Side = Side.SHORT, **program: Any) -> list[Value]:
    """The value of a row expression on every row."""
    at = interpreter_of(market, side, **program).rows.at(node)
    return [at(row) for row in range(len(market))]


def story(interpreter: Interpreter, events: Iterable[Event]) -> list[str]:
    """Events in words: `row #ordinal START|->stage|DEAD reason|ENTRY stop case`."""
    program = interpreter.program
    told: dict[Decision, Callable[[int], str]] = {
        Decision.START: lambda _: "START",
        Decision.ADVANCE: lambda cause: f"->{program.stages[cause].name}",
        Decision.DEAD: lambda cause: f"DEAD {interpreter.reasons[cause]}",
        Decision.ENTRY: lambda cause: f"ENTRY {program.stops[cause].name}",
    }
    return [f"{one.row} #{one.ordinal} {told[one.kind](one.cause)}" for one in events]


def stories(market: Market, side: Side = Side.SHORT, **program: Any) -> list[str]:
    """What a run of the tiny program with some parts replaced says, in words."""
    interpreter = interpreter_of(market, side, **program)
    return story(interpreter, interpreter.run())
