"""How long a candidate can live, and therefore how many rows a tracker can have counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.analysis.ways import cyclic, reachable
from dsl.ir import expression as ir

if TYPE_CHECKING:
    from dsl.ir.program import Deadline, Program, Stage

ROWS_MOST: Final = 1 << 31
"""Rows that any data can have."""

DATE_ROWS: Final = 1500


def bounding_sessions(program: Program) -> frozenset[str]:
    """The sessions outside of which no candidate lives: `always` has a rule `not in S`."""
    return frozenset(session for rule in program.always for session in _ended_outside(rule.node))


def _ended_outside(node: ir.Node) -> tuple[str, ...]:
    match node:
        case ir.Not(ir.InSession(session)):
            return (session,)
        case ir.Not(ir.AllOf(operands)):
            return tuple(o.session for o in operands if isinstance(o, ir.InSession))
        case ir.AnyOf(operands):
            return tuple(session for operand in operands for session in _ended_outside(operand))
        case _:
            return ()


def longest_stretch(program: Program) -> int:
    """The most rows between a candidate's start and its end."""
    if bounding_sessions(program):
        return DATE_ROWS  # the bars of one session are all of one trading date
    reached, circling = reachable(program), cyclic(program)
    live = [stage for stage in program.stages if stage.name in reached]
    if any(stage.within is None or stage.name in circling for stage in live):
        return ROWS_MOST
    return min(ROWS_MOST, 1 + sum(_rows(program, stage) for stage in live))


def _rows(program: Program, stage: Stage) -> int:
    within: Deadline | None = stage.within
    assert within is not None
    limit = ROWS_MOST
    match within.limit:
        case ir.Const(value):
            limit = value
        case ir.Param(name):
            spec = next(param for param in program.params if param.name == name)
            limit = max(spec.short, spec.long, spec.high or 0)
        case _:
            pass
    # a deadline in minutes ends with the first bar at or after it, and bars are a minute or more
    return max(1, limit + 1)
