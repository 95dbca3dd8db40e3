"""Terms, money, and the table of rules: what is refused, and how."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from dsl.ir.expression import BarField, Binary, Const, Param, Unary
from dsl.ir.program import Side
from engine.execution import state as at
from engine.execution.rules import number, rules_of
from engine.execution.terms import Money, Terms, TermsError, decimal_of
from tests.support.programs import FIXED_RISK, param, tiny


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"equity": Fraction(0)}, "equity is 0: give an amount above 0"),
        ({"commission": Fraction(-1)}, "commission is -1: give 0 or more"),
        ({"slippage": -1}, "slippage is -1 ticks: give 0 or more"),
    ],
)
def test_terms_that_mean_nothing_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(TermsError, match=said):
        Terms(**wrong)


def test_the_money_unit_makes_every_amount_whole() -> None:
    money = Money.for_amounts(Fraction(25, 4), Fraction("0.00000085"), Fraction(50_000))
    assert money.scale == 20_000_000
    assert money.units(Fraction("0.00000085")) == 17
    assert money.amount(17) == Fraction("0.00000085")


def test_money_is_written_exactly_with_two_decimals_at_least() -> None:
    money = Money(1_000_000)
    assert [str(money.decimal(units)) for units in (50_000_000_000, -850_000, 123)] == [
        *("50000.00", "-0.85", "0.000123")
    ]


def test_an_amount_too_fine_to_count_says_so() -> None:
    with pytest.raises(TermsError, match="too many decimals to be counted exactly"):
        Money.for_amounts(Fraction(1, 7**20))


def test_an_amount_that_is_no_whole_number_of_units_is_refused() -> None:
    with pytest.raises(TermsError, match="no whole number"):
        Money(1_000_000).units(Fraction(1, 3))


def test_a_fraction_becomes_a_decimal_only_where_it_ends() -> None:
    assert decimal_of(Fraction(1, 32)) == Decimal("0.03125")
    assert str(decimal_of(Fraction(-5, 2), at_least=2)) == "-2.50"
    with pytest.raises(ValueError, match="does not end"):
        decimal_of(Fraction(1, 3))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"per_trade": Const(1_000_001)}, "risk.per_trade is 1000001: give a value from 0 to"),
        ({"maximum": Const(40_000)}, "risk.max is 40000"),
        ({"positions": 0}, "risk.positions is 0: give 1 or more"),
        ({"method": Const(4)}, "risk.sizing is 4"),
        ({"per_trade": BarField("close")}, "BarField changes from bar to bar"),
    ],
)
def test_a_limit_outside_its_range_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(TermsError, match=said):
        rules_of(tiny(risk=replace(FIXED_RISK, **wrong)), Terms())


def test_a_limit_of_the_account_cannot_differ_by_side() -> None:
    program = tiny(
        params=(param("dd", "%", 10_000, 100_000, 200_000),),
        risk=replace(FIXED_RISK, stop_at=Param("dd")),
    )
    with pytest.raises(TermsError, match=r"risk\.stop_at differs by side"):
        rules_of(program, Terms())


def test_amounts_that_no_int64_counts_are_refused_with_the_remedy() -> None:
    with pytest.raises(TermsError, match=r"lower risk\.max \(now 10\) or the equity"):
        rules_of(tiny(), Terms(equity=Fraction(10**13)))
    fine = tiny(instrument=replace(tiny().instrument, multiplier=Fraction(10**8)))
    with pytest.raises(TermsError, match="cannot be counted in steps of 1/1000000"):
        rules_of(fine, Terms())


def test_parameters_count_by_side_and_simple_arithmetic_is_done() -> None:
    program = tiny(params=(param("rows", "bars", 1, 3, 5),))
    node = Binary("max", Unary("neg", Const(2)), Binary("mul", Param("rows"), Const(2)))
    assert number(node, program, Side.SHORT) == 6
    assert number(node, program, Side.LONG) == 10
    entry = replace(program.entry, valid=Param("rows"))
    rules = rules_of(replace(program, entry=entry), Terms())
    assert [rules.of(side, at.VALID) for side in Side] == [3, 5]
