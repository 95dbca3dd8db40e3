"""What the numbers of decision rows are taken for."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from dsl.ir.expression import (
    BarField,
    Binary,
    CaptureField,
    Choose,
    Compare,
    Const,
    Kind,
    Lag,
    Node,
    Occurrence,
    Over,
    Round,
    SessionValue,
    ToReal,
    TrackerField,
    Unary,
    Window,
)
from engine.domain.market import NA
from engine.journal.units import Column, Grid, Sort, Units, clock, written
from tests.support.programs import add, slob_creator_program, sub

HIGH, LOW, VOLUME = BarField("high"), BarField("low"), BarField("volume")
RANGE = sub(HIGH, LOW)
OVER = Over(Const(3), before=False, where=None, across=False)


@pytest.mark.parametrize(
    ("node", "sort"),
    [
        (HIGH, Sort.PRICE),
        (VOLUME, Sort.NUMBER),
        (BarField("minute"), Sort.MINUTE),
        (RANGE, Sort.DISTANCE),
        (Unary("abs", RANGE), Sort.DISTANCE),
        (Unary("neg", HIGH), Sort.NUMBER),
        (add(HIGH, 4), Sort.PRICE),
        (add(HIGH, RANGE), Sort.PRICE),
        (add(HIGH, LOW), Sort.NUMBER),
        (sub(RANGE, 1), Sort.DISTANCE),
        (Binary("max", HIGH, LOW), Sort.PRICE),
        (Binary("max", RANGE, Const(0)), Sort.DISTANCE),
        (Binary("mul", RANGE, Const(2)), Sort.NUMBER),
        (Choose(Compare(">", HIGH, LOW), HIGH, LOW), Sort.PRICE),
        (Compare(">", HIGH, LOW), Sort.TRUTH),
        (ToReal(HIGH, 1), Sort.REAL),
        (Lag(LOW, Const(1), across=False), Sort.PRICE),
        (Window("highest", HIGH, OVER), Sort.PRICE),
        (Window("sum", HIGH, OVER), Sort.NUMBER),
        (Round(HIGH, 1, up=True), Sort.PRICE),
        (Round(HIGH, 2, up=True), Sort.NUMBER),
        (SessionValue("london", "low", Occurrence.FINAL), Sort.PRICE),
        (SessionValue("london", "volume", Occurrence.FINAL), Sort.NUMBER),
        (TrackerField("top", "value", Kind.INT), Sort.PRICE),
        (TrackerField("top", "at", Kind.INT), Sort.MINUTE),
        (TrackerField("calm", "low", Kind.INT), Sort.PRICE),
        (CaptureField("sweep", "wick", Kind.INT), Sort.DISTANCE),
    ],
)
def test_an_expression_is_what_its_parts_make_it(node: Node, sort: Sort) -> None:
    assert Units(slob_creator_program()).sort(node) is sort


def test_values_are_written_in_units_people_use() -> None:
    grid = Grid(Fraction(1, 4))
    assert str(written(Column("p", Sort.PRICE), 5, 0.0, grid, -1)) == "-1.25"
    assert str(written(Column("d", Sort.DISTANCE), 5, 0.0, grid, -1)) == "1.25"
    assert written(Column("m", Sort.MINUTE), 60, 0.0, grid, 1) == "1970-01-01T01:00:00Z"
    assert written(Column("n", Sort.NUMBER), 7, 0.0, grid, -1) == 7
    assert written(Column("n", Sort.NUMBER, 1000), 7, 0.0, grid, 1) == Decimal("0.007")
    assert written(Column("t", Sort.TRUTH), 1, 0.0, grid, 1) is True
    assert written(Column("r", Sort.REAL), 0, 0.1, grid, 1) == Decimal("0.1")


def test_what_is_not_known_is_written_as_nothing() -> None:
    grid = Grid(Fraction(1, 4))
    assert written(Column("p", Sort.PRICE), NA, 0.0, grid, -1) is None
    assert written(Column("r", Sort.REAL), 0, float("nan"), grid, 1) is None


def test_prices_keep_the_decimals_of_their_tick() -> None:
    assert str(Grid(Fraction(1, 4)).price(102_368)) == "25592.00"
    assert str(Grid(Fraction(1, 20_000)).price(21_001)) == "1.05005"
    assert str(Grid(Fraction(5)).price(3)) == "15"


def test_an_instant_is_written_in_utc() -> None:
    assert clock(29_461_830) == "2026-01-06T14:30:00Z"
