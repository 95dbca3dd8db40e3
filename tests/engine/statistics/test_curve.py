"""Equity kept only where it moves says of every bar what adding up bar by bar says."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution import records as out
from engine.execution.records import Kind
from engine.execution.terms import Terms
from engine.statistics.results import median
from engine.statistics.returns import drawdown_of
from engine.statistics.statistics import activity_of
from tests.support.bars import bars_from_closes
from tests.support.ledgers import Trip, ledger_of_trips, random_ledger

if TYPE_CHECKING:
    from engine.statistics.ledger import Ledger

TERMS = Terms(Fraction(10_000), Fraction(5, 2))


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """Some bars, an hour apart, and trips one after another; the last may still be open."""
    closes = draw(st.lists(st.integers(950, 1050), min_size=1, max_size=80))
    rows = sorted(draw(st.lists(st.integers(0, len(closes) - 1), max_size=12)))
    prices, sides, sizes = st.integers(950, 1050), st.integers(0, 1), st.integers(1, 3)
    trips = []
    for at in range(0, len(rows), 2):
        left = (rows[at + 1], draw(prices)) if at + 1 < len(rows) else None
        entry = (rows[at], draw(prices))
        trips.append(Trip(entry, left, side=draw(sides), contracts=draw(sizes)))
    return ledger_of_trips(bars_from_closes(closes, step=60), trips, TERMS)


def added_up(ledger: Ledger) -> list[int]:
    """Equity at every close, by a loop over the bars."""
    cash, held, equity = ledger.start, 0, []
    records = ledger.records.tolist()
    for row, close in enumerate(ledger.market.close.tolist()):
        for one in records:
            if one[out.ROW] == row and one[out.KIND] in {Kind.FILL, Kind.EXIT}:
                sign = 1 if (one[out.SIDE] == 1) == (one[out.KIND] == Kind.FILL) else -1
                held += sign * one[out.CONTRACTS]
                cash -= sign * one[out.CONTRACTS] * one[out.PRICE] * ledger.tick_value
                cash -= one[out.COMMISSION]
        equity.append(cash + held * close * ledger.tick_value)
    return equity


@given(ledgers())
def test_every_bar_has_the_equity_that_adding_up_gives(ledger: Ledger) -> None:
    expected = added_up(ledger)
    assert ledger.equity.tolist() == expected
    assert ledger.curve.at(np.arange(len(expected))).tolist() == expected
    assert ledger.daily.tolist() == [expected[stop - 1] for stop in ledger.days.start[1:]]


@given(ledgers())
def test_the_drawdown_is_that_of_every_bar(ledger: Ledger) -> None:
    equity = [ledger.start, *added_up(ledger)]
    peaks = [max(equity[: index + 1]) for index in range(len(equity))]
    falls = [(peak - one) / peak for peak, one in zip(peaks, equity, strict=True)]
    deepest = falls.index(max(falls))
    found = drawdown_of(ledger)
    assert found.share == falls[deepest]
    assert found.money == ledger.amount(max(p - e for p, e in zip(peaks, equity, strict=True)))
    if not falls[deepest]:
        assert (found.peak, found.trough, found.recovered) == (None, None, None)
        return
    top = max(i for i in range(deepest + 1) if equity[i] == peaks[deepest])
    again = [i for i in range(deepest, len(equity)) if equity[i] >= peaks[deepest]]
    assert found.peak == date_of(ledger, top)
    assert found.trough == date_of(ledger, deepest)
    assert found.recovered == (date_of(ledger, again[0]) if again else None)


def date_of(ledger: Ledger, index: int) -> str:
    """The date of the bar before which there are `index` values: the start comes first."""
    if not index:
        return "start"
    day = int(np.searchsorted(ledger.days.start, index - 1, side="right")) - 1
    return str(np.datetime64(int(ledger.days.date[day]), "D"))


@given(ledgers())
def test_the_longest_wait_for_a_peak_is_that_of_every_bar(ledger: Ledger) -> None:
    equity = [ledger.start, *added_up(ledger)]
    dates = np.repeat(ledger.days.date, np.diff(ledger.days.start)).tolist()
    dates = [dates[0], *dates]
    at_peak = [i for i, one in enumerate(equity) if one == max(equity[: i + 1])]
    waits = [dates[b] - dates[a] for a, b in pairwise(at_peak) if b - a > 1]
    if at_peak[-1] < len(equity) - 1:
        waits.append(dates[-1] - dates[at_peak[-1]])
    assert drawdown_of(ledger).longest_days == max(waits, default=0)


@given(ledgers())
def test_bars_in_a_position_are_counted_once(ledger: Ledger) -> None:
    trades, bars = ledger.trades, len(ledger.market)
    inside = {
        row
        for first, last in zip(trades.entry_row.tolist(), trades.exit_row.tolist(), strict=True)
        for row in range(first, last + 1)
    }
    records = ledger.records
    fills, closed = records[records[:, out.KIND] == Kind.FILL], records[:, out.KIND] == Kind.CLOSED
    for fill in fills:
        if fill[out.INTENT] not in records[closed, out.INTENT]:
            inside |= set(range(int(fill[out.ROW]), bars))
    assert activity_of(ledger).exposure == pytest.approx(len(inside) / bars)


def test_positions_that_overlap_are_added_up_too() -> None:
    ledger = random_ledger(3, days=12, setups=80)
    assert ledger.equity.tolist() == added_up(ledger)
    assert 0 < len(ledger.curve.rows) < len(ledger.market)


@given(st.lists(st.floats(-1e6, 1e6), max_size=9))
def test_the_median_is_that_of_numpy(values: list[float]) -> None:
    expected = float(np.median(values)) if values else None
    assert median(np.array(values)) == expected
