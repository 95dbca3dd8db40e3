"""Figures worked out by hand, and figures that must be na."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.execution.terms import Terms
from engine.statistics.results import streaks_of
from engine.statistics.statistics import Statistics, statistics_from
from engine.statistics.table import groups, multiple, number, percent, splits
from tests.support.bars import MINUTES_A_DAY, MONDAY, bars_from_closes, bars_from_rows
from tests.support.ledgers import Trip, ledger_of_trips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Market

TERMS = Terms(Fraction(10_000), Fraction(5, 2))


def four_dates() -> Market:
    """Mon to Thu, three bars a date from 14:30 UTC; every close is 1000 ticks but two of Tue's."""
    closes = {3: 1010, 4: 980}
    return bars_from_rows(
        (MONDAY + day * MINUTES_A_DAY + 870 + bar, price, price, price, price, 1)
        for day in range(4)
        for bar in range(3)
        for price in [closes.get(3 * day + bar, 1000)]
    )


TRIPS = (
    # long 1 at 1000 on Monday's first bar, out at 1020 on its second: +20 ticks of 5 USD
    Trip((0, 1000), (1, 1020), stop=990, mae=2, mfe=25),
    # long 2 at 1000 on Tuesday's first bar, out at 990: -10 ticks, 2 contracts
    Trip((3, 1000), (5, 990), contracts=2, stop=990, mae=10, mfe=5),
    # short 1 at 1000 on Thursday, out at 996
    Trip((9, 1000), (9, 996), side=0, stop=1010, mae=0, mfe=4),
)


@pytest.fixture
def worked() -> Statistics:
    """Nets 95, -110 and 15 on 10,000 USD; a commission of 2.50 a contract and fill."""
    return statistics_from(ledger_of_trips(four_dates(), TRIPS, TERMS))


def test_money_is_exact(worked: Statistics) -> None:
    assert worked.all.gross == Decimal("20.00")
    assert worked.all.commission == Decimal("20.00")
    assert worked.all.net == Decimal("0.00")
    assert worked.equity == Decimal("10000.00")
    assert worked.all.best == Decimal("95.00")
    assert worked.all.worst == Decimal("-110.00")
    assert worked.all.average_win == Decimal("55.00")
    assert worked.all.average_loss == Decimal("-110.00")
    assert worked.all.expectancy == Decimal("0.00")


def test_trades_in_r_are_net_over_the_risk_to_the_first_stop(worked: Statistics) -> None:
    multiples = [95 / 50, -110 / 100, 15 / 50]
    assert worked.all.expectancy_r == pytest.approx(sum(multiples) / 3)
    assert worked.all.median_r == pytest.approx(0.3)
    assert worked.all.best_r == pytest.approx(1.9)
    assert worked.all.worst_r == pytest.approx(-1.1)
    assert worked.excursions.mae_r == pytest.approx((0.2 + 1.0 + 0.0) / 3)
    assert worked.excursions.mfe_losses_r == pytest.approx(0.5)
    assert worked.excursions.mae == Decimal("100.00")


def test_shares_of_trades(worked: Statistics) -> None:
    assert (worked.all.trades, worked.all.wins, worked.all.losses, worked.all.even) == (3, 2, 1, 0)
    assert worked.all.win_rate == pytest.approx(2 / 3)
    assert worked.all.profit_factor == pytest.approx(1.0)
    assert worked.all.payoff == pytest.approx(0.5)
    assert worked.all.bars_held == pytest.approx((2 + 3 + 1) / 3)
    assert set(worked.sides) == {"short", "long"}
    assert set(worked.weekdays) == {"Monday", "Tuesday", "Thursday"}
    assert set(worked.hours) == {"14:00"}


def test_the_drawdown_sees_what_was_open_at_a_close(worked: Statistics) -> None:
    """Tuesday: +100 open at its first close, -200 at its second, on 10,095 less 5 commission."""
    high, low = 10_095 - 5 + 100, 10_095 - 5 - 200
    assert worked.drawdown.money == Decimal(high - low)
    assert worked.drawdown.share == pytest.approx(300 / high)
    assert (worked.drawdown.peak, worked.drawdown.trough) == ("2026-01-06", "2026-01-06")
    assert worked.drawdown.recovered is None
    assert worked.drawdown.days == 2
    assert worked.drawdown.closed_money == Decimal("110.00")
    assert worked.drawdown.closed_share == pytest.approx(110 / 10_095)


def test_activity_counts_bars_and_weeks(worked: Statistics) -> None:
    assert worked.activity.exposure == pytest.approx((2 + 3 + 1) / 12)
    assert worked.activity.weeks == 1
    assert worked.activity.trades_per_week == pytest.approx(3.0)


def test_mistake_6_sharpe_is_of_daily_returns_never_of_trades_annualised(
    worked: Statistics,
) -> None:
    """Mistake 6 of `slob_rules.md`: per-trade returns annualised with sqrt(252).

    Three trades on four dates: Wednesday without a trade is a return of 0 and counts.
    """
    equity = [10_000.0, 10_095.0, 9_985.0, 9_985.0, 10_000.0]
    daily = np.array([after / before - 1 for before, after in itertools.pairwise(equity)])
    per_trade = np.array([0.0095, -0.011, 0.0015])
    expected = daily.mean() / daily.std(ddof=1) * sqrt(252)
    mistaken = per_trade.mean() / per_trade.std(ddof=1) * sqrt(252)
    assert len(daily) == 4
    assert worked.returns.sharpe == pytest.approx(expected)
    assert worked.returns.sharpe != pytest.approx(mistaken, abs=1e-6)
    downside = sqrt(float(np.mean(np.minimum(daily, 0) ** 2)))
    assert worked.returns.sortino == pytest.approx(daily.mean() / downside * sqrt(252))


def test_a_second_trade_of_the_same_date_does_not_change_sharpe() -> None:
    """Split into two trades, the same gains on the same dates are the same daily returns."""
    free = Terms(Fraction(10_000))
    whole = (Trip((0, 1000), (1, 1020), stop=990), Trip((9, 1000), (9, 996), stop=990))
    halves = (
        Trip((0, 1000), (0, 1010), stop=990),
        Trip((1, 1010), (1, 1020), stop=990),
        Trip((9, 1000), (9, 996), stop=990),
    )
    one, two = (
        statistics_from(ledger_of_trips(four_dates(), trips, free)) for trips in (whole, halves)
    )
    assert one.returns.sharpe == two.returns.sharpe
    assert (one.all.trades, two.all.trades) == (2, 3)


def test_a_recovered_drawdown_says_when_and_how_long() -> None:
    trips = (Trip((0, 1000), (0, 990), stop=990), Trip((6, 1000), (6, 1012), stop=990))
    found = statistics_from(ledger_of_trips(four_dates(), trips, Terms(Fraction(10_000)))).drawdown
    assert (found.peak, found.trough, found.recovered) == ("start", "2026-01-05", "2026-01-07")
    assert found.days == found.longest_days == 2
    assert found.money == Decimal("50.00")


def test_without_trades_what_cannot_be_worked_out_is_na_and_not_zero() -> None:
    found = statistics_from(ledger_of_trips(four_dates(), (), TERMS))
    undefined = (
        "win_rate profit_factor payoff expectancy expectancy_r median_r average_win average_loss "
        "best worst best_r worst_r bars_held"
    )
    assert {getattr(found.all, name) for name in undefined.split()} == {None}
    assert found.returns.sharpe is None
    assert found.returns.sortino is None
    assert found.returns.calmar is None
    assert found.returns.cagr == 0.0
    assert found.drawdown.share == 0.0
    assert found.drawdown.peak is None
    assert found.activity.exposure == 0.0
    texts = dict(row for group in groups(found) for row in group.rows)
    assert texts["profit factor"] == "na"
    assert texts["Sharpe (daily, a year)"] == "na"
    assert splits(found) == ()


def test_without_a_loss_the_profit_factor_is_na_and_not_infinite() -> None:
    trips = (Trip((0, 1000), (1, 1020), stop=1000),)
    found = statistics_from(ledger_of_trips(four_dates(), trips, TERMS))
    assert found.all.profit_factor is None
    assert found.all.payoff is None
    assert found.all.win_rate == 1.0
    assert found.all.expectancy_r is None  # the stop lay on the entry: no risk to count in


def test_an_account_without_money_has_no_ratios() -> None:
    trips = (Trip((0, 1000), (1, 900), contracts=30, stop=990),)
    found = statistics_from(ledger_of_trips(four_dates(), trips, Terms(Fraction(10_000))))
    assert found.equity == Decimal("-5000.00")
    assert found.returns.cagr is None
    assert found.returns.sharpe is None
    assert found.returns.volatility is None
    assert found.drawdown.share == pytest.approx(1.5)


def test_a_position_open_at_the_end_is_stated_and_valued_but_no_trade() -> None:
    market = bars_from_closes([1000, 1004, 1008])
    found = statistics_from(ledger_of_trips(market, (Trip((1, 1004), None, contracts=2),), TERMS))
    (position,) = found.open_positions
    assert (position.side, position.contracts, position.entered) == ("long", 2, "2026-01-05")
    assert (position.entry, position.last) == ("251", "252")
    assert position.unrealised == Decimal("40.00")
    assert found.all.trades == 0
    assert found.equity == Decimal("10035.00")  # less the commission of the entry
    assert found.activity.exposure == pytest.approx(2 / 3)
    assert any("Open at the end" in group.title for group in groups(found))


@pytest.mark.parametrize(
    ("nets", "wins", "losses"),
    [
        ([], 0, 0),
        ([1, 1, 0, 1], 2, 0),
        ([-1, -1, -1, 5, -1], 1, 3),
        ([0, 0], 0, 0),
    ],
)
def test_a_streak_ends_with_any_other_result(nets: Sequence[int], wins: int, losses: int) -> None:
    found = streaks_of(np.array(nets, np.int64))
    assert (found.wins, found.losses) == (wins, losses)


def test_json_has_exact_decimals_for_money_and_null_for_na(worked: Statistics) -> None:
    made = json.loads(json.dumps(worked.as_dict(), allow_nan=False))
    assert made["all"]["net"] == "0.00"
    assert made["all"]["best"] == "95.00"
    assert made["drawdown"]["recovered"] is None
    assert made["sides"]["short"]["profit_factor"] is None
    assert made["open_positions"] == []


def test_what_rounds_to_zero_is_told_without_a_minus() -> None:
    assert (multiple(-0.001), percent(-0.0001), number(-0.001)) == ("+0.00 R", "0.0 %", "0.00")
    assert (multiple(-0.01), percent(None), number(1234.5)) == ("-0.01 R", "na", "1,234.50")
