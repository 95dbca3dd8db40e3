"""The vectorized columns say what the interpreter says, row by row, whatever the expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from engine.interpreter.bars import bars_of
from engine.interpreter.calendar import TradingCalendar
from engine.interpreter.rows import Rows
from tests.support.calendars import FixedHours
from tests.support.expressions import (
    EVENTS,
    PARAMS,
    SESSIONS,
    frames,
    frames_with_holes,
    nodes,
    plain,
)

if TYPE_CHECKING:
    from dsl.ir.expression import Node
    from engine.columns.frame import Frame
    from engine.interpreter.operators import Value

pytestmark = pytest.mark.law

MANY = 8 * settings.default.max_examples if settings.default else 200
BLACKOUTS = {
    name: tuple((at - one.before, at + one.after) for at in one.instants.tolist())
    for name, one in EVENTS.items()
}


def interpreted(node: Node, frame: Frame) -> list[Value]:
    calendar = TradingCalendar(frame.schedule.rule, SESSIONS, FixedHours())
    rows = Rows(bars_of(frame.market, calendar), calendar, PARAMS, BLACKOUTS)
    return [rows.value(node, row) for row in range(len(frame))]


@settings(max_examples=MANY)
@given(frames(), nodes(depth=3))
def test_a_column_is_what_the_interpreter_says_of_every_row(frame: Frame, node: Node) -> None:
    assert plain(node, frame) == interpreted(node, frame)


@settings(max_examples=MANY)
@given(frames_with_holes(), nodes())
def test_so_it_is_where_volume_is_not_known(frame: Frame, node: Node) -> None:
    assert plain(node, frame) == interpreted(node, frame)
