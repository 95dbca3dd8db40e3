"""Sizes, against fractions and against the rules as they are written."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution import state as at
from engine.execution.rules import rules_of
from engine.execution.simulation import atr_parts, new_account
from engine.execution.sizing import (
    ATR_PARTS,
    UNKNOWN_SIZE,
    atr_contracts,
    contracts,
    portion_up,
    product,
    scaled,
)
from tests.support.desk import program_of, terms_of
from tests.support.plain_simulator import Plan

amounts = st.integers(0, 1 << 60)
millionths = st.integers(0, 1_000_000)


@given(money=amounts, share=millionths)
def test_a_portion_is_rounded_once_and_never_leaves_an_int64(money: int, share: int) -> None:
    assert portion_up(money, share) == ceil(Fraction(money * share, 1_000_000))
    with np.errstate(over="raise"):
        wide = np.array([money, share])
        assert portion_up(wide[0], wide[1]) == portion_up(money, share)


@given(data=st.data(), one=st.integers(1, 1 << 60), other=st.integers(1, 1 << 60))
def test_a_product_of_shares_is_exact_or_a_little_less(
    data: st.DataObject, one: int, other: int
) -> None:
    above, times = data.draw(st.integers(0, one)), data.draw(st.integers(0, other))
    found = Fraction(*product(above, one, times, other))
    exact = Fraction(above, one) * Fraction(times, other)
    assert exact - Fraction(1, 1 << 25) <= found <= exact
    if exact.denominator < 1 << 61:
        assert found == exact or one * other > 1 << 61


@given(number=amounts, times=amounts, parts=st.integers(1, 1 << 61))
def test_long_division_is_exact_where_the_product_does_not_fit(
    number: int, times: int, parts: int
) -> None:
    if number * times // parts < 1 << 62:
        assert scaled(number, times, parts) == number * times // parts


@given(budget=amounts, atr=st.floats(1e-6, 1e7), tick_value=st.integers(1, 1 << 40))
def test_the_atr_size_is_exact_up_to_the_largest_maximum(
    budget: int, atr: float, tick_value: int
) -> None:
    parts = int(atr_parts(np.array([atr]))[0])
    exact = floor(Fraction(budget) / (Fraction(parts, ATR_PARTS) * tick_value))
    assert min(atr_contracts(budget, parts, tick_value), 1 << 15) == min(exact, 1 << 15)


@pytest.mark.parametrize("atr", [float("nan"), float("inf"), 0.0, -1.0])
def test_an_atr_that_is_no_distance_gives_no_size(atr: float) -> None:
    assert atr_contracts(10**9, int(atr_parts(np.array([atr]))[0]), 1) == UNKNOWN_SIZE


def sized(plan: Plan, distance: int, atr: float = float("nan"), **account: int) -> int:
    rules = rules_of(program_of(plan), terms_of(plan))
    book = new_account(rules).book
    book[at.RULES : at.SHARES] = rules.values
    for name, value in account.items():
        book[getattr(at, name)] = value
    return contracts(book.data, at.RULES, distance, int(atr_parts(np.array([atr]))[0]))


def test_mistake_5_a_50_000_account_never_gets_176_contracts() -> None:
    """The size divides by the 20 USD a point that the profit is multiplied with."""
    stop_points = Fraction(500, 176)  # what 1 % and the forgotten multiplier made 176 of
    plan = Plan(Fraction(5), Fraction(50_000), method="fixed_risk", maximum=1_000)
    assert sized(plan, int(stop_points * 4)) == 500 // (11 * 5) == 9
    distances = range(1, 400)
    assert all(sized(plan, d) * d * 5 <= 500 for d in distances)
    assert all((sized(plan, d) + 1) * d * 5 > 500 for d in distances)


def test_the_worked_size_of_the_rules() -> None:
    """50,000 USD, 1 %, stop 21 points away, NQ: 500 / (21 x 20) = 1.19 contracts."""
    plan = Plan(Fraction(5), Fraction(50_000), method="fixed_risk")
    assert sized(plan, 84) == 1
    assert sized(plan, 101) == 0
    assert sized(replace_tick(plan, Fraction(1, 2)), 84) == 10  # MNQ: 11, capped at 10


def replace_tick(plan: Plan, tick_value: Fraction) -> Plan:
    return Plan(tick_value, plan.equity, method=plan.method)


def test_the_atr_size_divides_by_the_multiplier_too() -> None:
    plan = Plan(Fraction(5), Fraction(50_000), method="atr")
    assert sized(plan, 1, 40.0) == 500 // (40 * 5)


UNIT = 1_000_000


def kelly(trades: int, wins: int, won: int, lost: int, **account: int) -> int:
    plan = Plan(Fraction(5), Fraction(50_000), method="kelly", maximum=5_000)
    facts = {"TRADES": trades, "WINS": wins, "WON": won * UNIT, "LOST": lost * UNIT}
    return sized(plan, 1, **facts, **account)


def test_kelly_is_two_percent_until_ten_trades_or_without_a_win_or_a_loss() -> None:
    two_percent = 50_000 * 2 // 100 // 2 // 5
    assert kelly(9, 6, 600, 300) == two_percent
    assert kelly(12, 12, 600, 0) == two_percent
    assert kelly(12, 0, 0, 600) == two_percent


def test_kelly_follows_the_formula_and_stops_at_a_half() -> None:
    """P = 0.6, b = 2: f* = (1.2 - 0.4) / 2 = 0.4; half of it on 50,000 USD."""
    assert kelly(10, 6, 1_200, 400) == 50_000 * 4 // 10 // 2 // 5
    assert kelly(10, 9, 9_000, 100) == 50_000 // 2 // 2 // 5


def test_kelly_without_an_edge_falls_back_to_the_fixed_share() -> None:
    assert kelly(10, 5, 500, 500) == 500 // 5
    assert kelly(10, 1, 500, 5_000) == 500 // 5


def test_a_reduced_account_risks_the_reduced_share_and_fixed_sizes_stay() -> None:
    plan = Plan(Fraction(5), Fraction(50_000), method="fixed_risk", maximum=99)
    assert sized(plan, 10, IS_REDUCED=0) == 10
    assert sized(plan, 10, IS_REDUCED=1) == 5
    fixed = Plan(Fraction(5), Fraction(50_000), contracts=3)
    assert sized(fixed, 10, IS_REDUCED=1) == 3


def test_an_account_below_zero_sizes_nothing() -> None:
    plan = Plan(Fraction(5), Fraction(50_000), method="fixed_risk")
    assert sized(plan, 1, CASH=-5) == 0


def test_a_stop_that_is_not_beyond_the_price_gives_no_size() -> None:
    plan = Plan(Fraction(5), Fraction(50_000), method="fixed_risk")
    assert sized(plan, 0) == sized(plan, -3) == UNKNOWN_SIZE
