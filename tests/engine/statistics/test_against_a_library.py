"""Figures against empyrical (ratios) and pandas (trades) on trades the real simulator made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import empyrical
import numpy as np
import pandas as pd
import pytest

from engine.statistics.results import results_of, streaks_of
from engine.statistics.returns import drawdown_of, returns_of
from engine.statistics.statistics import statistics_from
from tests.support.ledgers import random_ledger

if TYPE_CHECKING:
    from engine.domain.market import Ints
    from engine.statistics.ledger import Ledger

SEEDS = range(8)


@pytest.fixture(scope="module", params=SEEDS)
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return random_ledger(request.param)


def new_york(minute: Ints) -> pd.DatetimeIndex:
    """Minutes since the epoch on the clock of New York."""
    return pd.DatetimeIndex(minute.astype("M8[m]").astype("M8[s]"), tz="UTC").tz_convert(
        "America/New_York"
    )


def table_of(ledger: Ledger) -> pd.DataFrame:
    """The trades as pandas sees them, in money."""
    trades, scale = ledger.trades, ledger.money.scale
    exits = [float(trades.exit_price(i)) for i in range(len(trades))]
    sign = np.where(trades.side == 1, 1, -1)
    value = float(ledger.market.instrument.tick_value)
    gross = sign * (np.array(exits) - trades.entry_price) * trades.contracts * value
    table = pd.DataFrame({"gross": gross, "commission": trades.commission / scale})
    table["net"] = table["gross"] - table["commission"]
    table["r"] = table["net"] / (trades.risk_ticks * trades.contracts * value)
    table["side"] = np.where(trades.side == 1, "long", "short")
    local = new_york(ledger.market.minute[trades.entry_row])
    table["hour"] = [f"{hour:02d}:00" for hour in local.hour]
    table["weekday"] = (local + pd.Timedelta(hours=6)).day_name()
    return table


def daily_returns(ledger: Ledger) -> pd.Series[float]:
    """Daily returns from an equity that pandas marks to market."""
    date = (new_york(ledger.market.minute) + pd.Timedelta(hours=6)).date
    last = pd.Series(ledger.equity / ledger.money.scale).groupby(date).last()
    start = ledger.start / ledger.money.scale
    before = last.shift(1, fill_value=start)
    return last / before - 1


def test_there_are_trades_of_all_kinds_to_compare(ledger: Ledger) -> None:
    assert len(ledger.trades) > 50
    assert (ledger.trades.net > 0).any()
    assert (ledger.trades.net < 0).any()


def test_the_ratios_are_those_of_empyrical_on_daily_returns(ledger: Ledger) -> None:
    daily = daily_returns(ledger)
    found = returns_of(ledger, drawdown_of(ledger))
    assert np.allclose(ledger.returns, daily)
    assert found.sharpe == pytest.approx(empyrical.sharpe_ratio(daily))
    assert found.sortino == pytest.approx(empyrical.sortino_ratio(daily))
    assert found.volatility == pytest.approx(empyrical.annual_volatility(daily))
    assert found.cagr == pytest.approx(empyrical.annual_return(daily))
    assert found.total == pytest.approx(empyrical.cum_returns_final(daily))


def test_the_drawdown_is_that_of_empyrical_on_bar_returns(ledger: Ledger) -> None:
    equity = np.concatenate([[ledger.start], ledger.equity])
    by_bar = pd.Series(equity[1:] / equity[:-1] - 1)
    found = drawdown_of(ledger)
    assert found.share == pytest.approx(-empyrical.max_drawdown(by_bar))
    ratios = returns_of(ledger, found)
    expected = empyrical.annual_return(daily_returns(ledger)) / found.share
    assert ratios.calmar == pytest.approx(expected)


def test_the_dates_of_the_drawdown_enclose_it(ledger: Ledger) -> None:
    found = drawdown_of(ledger)
    daily = pd.Series(ledger.daily, index=ledger.days.date.astype("M8[D]"))
    assert found.trough is not None
    assert found.peak is not None
    begins = daily.index[0] if found.peak == "start" else pd.Timestamp(found.peak)
    assert begins <= pd.Timestamp(found.trough)
    if found.recovered is not None:
        assert pd.Timestamp(found.trough) <= pd.Timestamp(found.recovered)
    ends = pd.Timestamp(found.recovered) if found.recovered else daily.index[-1]
    assert found.days == (ends - begins).days
    assert found.longest_days >= found.days


def expected_results(table: pd.DataFrame) -> dict[str, Any]:
    won, lost = table.net[table.net > 0], table.net[table.net < 0]
    return {
        "trades": len(table),
        "wins": len(won),
        "losses": len(lost),
        "net": table.net.sum(),
        "gross": table.gross.sum(),
        "commission": table.commission.sum(),
        "win_rate": len(won) / len(table),
        "profit_factor": won.sum() / -lost.sum() if len(lost) else None,
        "expectancy": table.net.mean(),
        "expectancy_r": table.r.mean(),
        "median_r": table.r.median(),
        "average_win": won.mean() if len(won) else None,
        "average_loss": lost.mean() if len(lost) else None,
        "payoff": won.mean() / -lost.mean() if len(won) and len(lost) else None,
        "best": table.net.max(),
        "worst": table.net.min(),
        "best_r": table.r.max(),
        "worst_r": table.r.min(),
    }


def compare(found: Any, table: pd.DataFrame) -> None:
    for name, expected in expected_results(table).items():
        value = getattr(found, name)
        if expected is None:
            assert value is None, name
        else:
            assert float(value) == pytest.approx(float(expected), abs=0.006, rel=1e-9), name


def test_figures_of_trades_are_those_of_pandas(ledger: Ledger) -> None:
    compare(results_of(ledger), table_of(ledger))


@pytest.mark.parametrize("split", ["side", "weekday", "hour"])
def test_splits_are_those_of_pandas_on_the_day_clock(ledger: Ledger, split: str) -> None:
    statistics = statistics_from(ledger)
    found = {"side": "sides", "weekday": "weekdays", "hour": "hours"}[split]
    parts = getattr(statistics, found)
    groups = dict(iter(table_of(ledger).groupby(split)))
    assert set(parts) == set(groups)
    for name, results in parts.items():
        compare(results, groups[name])


def test_streaks_are_those_of_a_loop(ledger: Ledger) -> None:
    longest = {1: 0, -1: 0}
    run, last = 0, 0
    for net in ledger.trades.net.tolist():
        sign = (net > 0) - (net < 0)
        run = run + 1 if sign == last else 1
        last = sign
        if sign:
            longest[sign] = max(longest[sign], run)
    found = streaks_of(ledger.trades.net)
    assert (found.wins, found.losses) == (longest[1], longest[-1])


def test_exposure_is_the_share_of_bars_in_some_trade(ledger: Ledger) -> None:
    held = np.zeros(len(ledger.market), bool)
    for entry, left in zip(ledger.trades.entry_row, ledger.trades.exit_row, strict=True):
        held[entry : left + 1] = True
    statistics = statistics_from(ledger)
    if not statistics.open_positions:
        assert statistics.activity.exposure == pytest.approx(held.mean())
    else:
        assert statistics.activity.exposure is not None
        assert statistics.activity.exposure >= held.mean()


def test_equity_ends_at_start_plus_net_when_nothing_is_open(ledger: Ledger) -> None:
    statistics = statistics_from(ledger)
    if statistics.open_positions:
        assert statistics.equity != statistics.start + statistics.all.net
    else:
        assert statistics.equity == statistics.start + statistics.all.net
    assert statistics.all.net == statistics.all.gross - statistics.all.commission
