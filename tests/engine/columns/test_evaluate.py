"""What holds for every row expression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.ir import expression as ir
from dsl.ir.program import Side
from engine.columns.evaluate import OPERATORS, column, evaluate
from engine.columns.frame import Frame, frame_of, number, schedule_of
from engine.columns.values import TYPE_OF
from tests.support.bars import MONDAY, bars_from_closes, random_walk
from tests.support.calendars import FixedHours
from tests.support.expressions import frame_over, frames, nodes, part_of, seen_from_the_other_side
from tests.support.programs import slob_creator_program


def test_there_is_an_operator_for_every_node_that_is_not_a_candidates() -> None:
    named = {kind for kind in vars(ir).values() if isinstance(kind, type)}
    nodes_there_are = {kind for kind in named if issubclass(kind, ir.Node)} - {ir.Node}

    assert set(OPERATORS) == nodes_there_are - set(ir.CANDIDATE_NODES)


@given(frames(), nodes())
def test_a_column_has_a_row_a_bar_in_the_type_of_its_kind(frame: Frame, node: ir.Node) -> None:
    found = evaluate(node, frame)

    assert found.shape == (len(frame),)
    assert found.dtype == TYPE_OF[node.kind]
    assert found.flags.c_contiguous
    assert found.strides == (found.itemsize,) or len(found) == 1


@given(frames(), nodes())
def test_each_distinct_node_is_worked_out_once(frame: Frame, node: ir.Node) -> None:
    assert column(node, frame) is column(node, frame)


@pytest.mark.law
@given(frames(), nodes(depth=3), st.data())
def test_bars_to_come_change_no_value(frame: Frame, node: ir.Node, data: st.DataObject) -> None:
    bars = data.draw(st.integers(0, len(frame)))

    np.testing.assert_array_equal(
        evaluate(node, part_of(frame, 0, bars)), evaluate(node, frame)[:bars]
    )


@given(nodes())
def test_a_market_without_bars_has_empty_columns(node: ir.Node) -> None:
    assert evaluate(node, frame_over(bars_from_closes([]))).shape == (0,)


@pytest.mark.law
@given(frames(), nodes())
def test_reflecting_twice_changes_nothing(frame: Frame, node: ir.Node) -> None:
    twice = seen_from_the_other_side(seen_from_the_other_side(frame))

    np.testing.assert_array_equal(evaluate(node, twice), evaluate(node, frame))


@settings(max_examples=20)
@given(nodes())
def test_the_markets_own_columns_are_never_written_to(node: ir.Node) -> None:
    frame = frame_over(random_walk(2, 3).rows(500, 800))
    before = frame.market.close.copy()

    evaluate(node, frame)

    assert (frame.market.close == before).all()


def test_a_node_of_a_candidate_is_in_no_column() -> None:
    with pytest.raises(KeyError):
        evaluate(ir.Bracket("entry"), frame_over(bars_from_closes([1])))


def test_only_a_constant_or_a_parameter_is_one_number() -> None:
    frame = frame_over(bars_from_closes([1]))

    assert number(ir.Const(4), frame) == 4
    assert number(ir.Param("five"), frame) == 5
    with pytest.raises(TypeError, match="BarField is no constant"):
        number(ir.BarField("open"), frame)


def test_each_side_of_a_program_has_its_prices_and_its_parameters() -> None:
    program = slob_creator_program()
    schedule = schedule_of(program, bars_from_closes([7], first=MONDAY), FixedHours(), {})
    short, long = (frame_of(program, side, schedule) for side in (Side.SHORT, Side.LONG))

    assert evaluate(ir.BarField("close"), short).tolist() == [7]
    assert evaluate(ir.BarField("close"), long).tolist() == [-7]
    hold = ir.Param("hold_trigger")
    assert (evaluate(hold, short).tolist(), evaluate(hold, long).tolist()) == ([5], [3])
