"""The report on bars: it counts what was put there to be counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.instruments import instrument
from adapters.quality import Gap, Quality, inspect
from adapters.synth import synthesize
from engine.domain.calendar import UnknownCalendar
from engine.domain.market import Market

if TYPE_CHECKING:
    from adapters.calendars import ExchangeCalendars
    from engine.domain.market import Ints

MONDAY = 20_094 * 1440
"""2025-01-06T00:00Z."""


def market(minute: Ints, symbol: str = "NQ", bar: int = 1) -> Market:
    rng = np.random.default_rng(1)
    close = 100_000 + np.cumsum(rng.integers(-3, 4, len(minute)))
    volume = np.ones(len(minute), np.int64)
    return Market(instrument(symbol), bar, minute, close, close + 2, close - 2, close, volume)


def globex_day() -> Ints:
    """Every minute CME was open for 2025-01-07 and the two dates around it."""
    opens = [MONDAY + 1440 * day - 60 for day in (0, 1, 2)]
    return np.concatenate([np.arange(begin, begin + 23 * 60) for begin in opens])


def test_a_whole_market_has_no_findings(calendars: ExchangeCalendars) -> None:
    report = inspect(market(globex_day()), calendars)
    assert report.against == "calendar CMES, less its daily pause"
    assert report.expected == report.bars == 3 * 23 * 60
    assert (report.missing, report.gaps, report.unexpected, report.outliers) == (0, 0, 0, 0)
    assert not report.longest_gaps
    assert not report.largest_jumps
    assert (report.first, report.last) == ("2025-01-05T23:00Z", "2025-01-08T21:59Z")


def test_holes_are_counted_against_the_calendar_and_not_over_the_pause(
    calendars: ExchangeCalendars,
) -> None:
    minute = globex_day()
    kept = np.delete(minute, [*range(100, 107), 500])
    report = inspect(market(kept), calendars)
    assert (report.missing, report.gaps) == (8, 2)
    assert report.longest_gaps == (Gap("2025-01-06T00:40Z", 7), Gap("2025-01-06T07:20Z", 1))


def test_bars_outside_the_hours_are_counted(calendars: ExchangeCalendars) -> None:
    minute = np.sort(np.append(globex_day(), MONDAY + 22 * 60 + 30))
    assert inspect(market(minute), calendars).unexpected == 1


def test_half_days_and_holidays_are_no_holes(calendars: ExchangeCalendars) -> None:
    bars = synthesize(instrument("NQ"), date(2025, 11, 20), date(2025, 12, 31), 3, calendars)
    report = inspect(bars, calendars)
    assert report.unexpected == 0
    assert report.missing < len(bars) // 200


def test_another_calendar_may_be_asked_for(calendars: ExchangeCalendars) -> None:
    report = inspect(market(globex_day()), calendars, "XNYS")
    assert report.against == "calendar XNYS"
    assert (report.expected, report.missing) == (3 * 390, 0)
    with pytest.raises(UnknownCalendar):
        inspect(market(globex_day()), calendars, "XNYZ")


@pytest.mark.parametrize("bar", [5, 15, 60])
def test_larger_bars_are_expected_where_they_lie(calendars: ExchangeCalendars, bar: int) -> None:
    report = inspect(market(globex_day()[::bar], bar=bar), calendars)
    assert (report.missing, report.unexpected) == (0, 0)


def test_without_a_calendar_the_most_common_week_is_the_measure(
    calendars: ExchangeCalendars,
) -> None:
    week = np.concatenate([np.arange(480, 960) + 1440 * day for day in range(5)]) + MONDAY
    minute = np.concatenate([week + 7 * 1440 * n for n in range(6)])
    kept = np.delete(minute, range(3000, 3030))
    report = inspect(market(kept, "EURUSD"), calendars)
    assert report.against == "the most common week of these bars, on the clock of America/New_York"
    assert (report.missing, report.gaps, report.unexpected) == (30, 1, 0)


def test_dates_no_calendar_knows_are_measured_by_their_own_week(
    calendars: ExchangeCalendars,
) -> None:
    report = inspect(market(globex_day() - 50 * 364 * 1440), calendars)
    assert report.against.startswith("the most common week")


def test_jumps_flat_bars_and_silent_bars_are_counted(calendars: ExchangeCalendars) -> None:
    bars = market(globex_day())
    close, volume = bars.close.copy(), bars.volume.copy()
    close[200:] += 400
    volume[:5] = 0
    high, low = close + 2, close - 2
    high[10:13] = low[10:13] = close[10:13]
    odd = replace(bars, open=close, high=high, low=low, close=close, volume=volume)
    report = inspect(odd, calendars)
    assert (report.outliers, report.flat, report.zero_volume) == (1, 3, 5)
    assert report.largest_jumps[0].minute == "2025-01-06T02:20Z"


def test_minutes_that_do_not_rise_are_counted(calendars: ExchangeCalendars) -> None:
    minute = globex_day()
    minute[50] = minute[49]
    assert inspect(market(minute), calendars).unordered == 1


def test_a_market_that_never_moves_has_no_outliers(calendars: ExchangeCalendars) -> None:
    bars = market(globex_day())
    still = np.full(len(bars), 5)
    report = inspect(replace(bars, open=still, high=still, low=still, close=still), calendars)
    assert (report.outliers, report.flat) == (0, len(bars))


def test_the_report_has_rows_for_people_and_a_record_for_programs(
    calendars: ExchangeCalendars,
) -> None:
    report = inspect(market(globex_day()), calendars, notes=("a note",))
    assert ("bars", "4,140 of 1 min") in report.rows
    assert report.record["notes"] == ("a note",)
    assert set(report.record) == set(Quality.__dataclass_fields__)
