"""Trading dates and sessions, against the rules applied to one bar at a time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.program import Anchor, DayRule, SessionRule
from engine.domain.calendar import UnknownCalendar
from engine.domain.dates import date_begins, days_of, occurrences_of, trades_on
from engine.domain.market import NA
from tests.support.bars import MONDAY, bars_from_closes, bars_from_rows, minute_of
from tests.support.calendars import NEW_YORK, FixedHours, Hours
from tests.support.expressions import RULES, SESSIONS, gappy_markets

if TYPE_CHECKING:
    from engine.domain.market import Market

CALENDARS = FixedHours()
LONDON, NY, LUNCH, NIGHT = SESSIONS


def date_of(text: str) -> int:
    return minute_of(f"{text} 00:00") // 1440


def at(*instants: str, size: int = 1) -> Market:
    """A market with a bar at each instant (UTC)."""
    return bars_from_rows([(minute_of(i), 1, 1, 1, 1, 1) for i in instants], bar_minutes=size)


def hourly(first: str, bars: int) -> Market:
    return bars_from_closes([1] * bars, first=minute_of(first), step=60)


# --- trading dates --------------------------------------------------------------------------


def test_a_market_without_bars_has_no_dates() -> None:
    days = days_of(bars_from_closes([]), DayRule())

    assert len(days) == 0
    assert days.start.tolist() == [0]


def test_a_date_without_bars_is_left_out() -> None:
    days = days_of(at("2026-01-05 10:00", "2026-01-05 11:00", "2026-01-08 10:00"), DayRule())

    assert days.date.tolist() == [date_of("2026-01-05"), date_of("2026-01-08")]
    assert days.start.tolist() == [0, 2, 3]


def test_a_date_that_starts_in_the_evening_belongs_to_the_next_midnight() -> None:
    market = at("2026-01-05 22:59", "2026-01-05 23:00", "2026-01-06 22:59", "2026-01-06 23:00")

    days = days_of(market, DayRule("America/New_York", 18 * 60))

    assert days.date.tolist() == [date_of(f"2026-01-0{day}") for day in (5, 6, 7)]
    assert days.start.tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [("2026-03-29", "2026-03-28 23:00"), ("2026-03-30", "2026-03-29 22:00")],
)
def test_midnight_moves_with_summer_time(zone: str, midnight: str) -> None:
    begins = date_begins(DayRule("Europe/Stockholm"), np.array([date_of(zone)]))

    assert begins.tolist() == [minute_of(midnight)]


def test_a_date_whose_beginning_the_clock_jumps_over_begins_with_the_jump() -> None:
    market = at("2026-03-08 06:59", "2026-03-08 07:00")  # 01:59 and 03:00 in New York

    days = days_of(market, DayRule("America/New_York", 150))

    assert days.date.tolist() == [date_of("2026-03-08"), date_of("2026-03-09")]


def test_a_clock_set_back_does_not_bring_yesterday_back() -> None:
    half_past_one = ["2026-11-01 05:29", "2026-11-01 05:30", "2026-11-01 06:15"]  # 01:29 30 15

    days = days_of(at(*half_past_one), DayRule("America/New_York", 90))

    assert days.date.tolist() == [date_of("2026-11-01"), date_of("2026-11-02")]
    assert days.start.tolist() == [0, 1, 3]


@given(gappy_markets(), st.sampled_from(RULES))
def test_every_row_lies_between_the_beginnings_of_its_date_and_the_next(
    market: Market, rule: DayRule
) -> None:
    days = days_of(market, rule)
    of_row = np.repeat(days.date, np.diff(days.start))

    assert (np.diff(days.date) > 0).all()
    assert (date_begins(rule, of_row) <= market.minute).all()
    assert (market.minute < date_begins(rule, of_row + 1)).all()


# --- sessions -------------------------------------------------------------------------------


def test_a_session_holds_the_bars_wholly_inside() -> None:
    market = at(
        "2026-01-05 11:55", "2026-01-05 11:58", "2026-01-05 12:03", "2026-01-05 13:56", size=5
    )
    lunch = occurrences_of(market, days_of(market, DayRule()), LUNCH, CALENDARS)

    assert lunch.begins.tolist() == [minute_of("2026-01-05 12:00")]
    assert (lunch.first.tolist(), lunch.stop.tolist(), lunch.ended.tolist()) == ([2], [3], [4])


def test_a_bar_that_ends_with_the_session_is_its_last() -> None:
    market = at("2026-01-05 12:00", "2026-01-05 13:55", "2026-01-05 14:00", size=5)

    lunch = occurrences_of(market, days_of(market, DayRule()), LUNCH, CALENDARS)

    assert (lunch.first.tolist(), lunch.stop.tolist(), lunch.ended.tolist()) == ([0], [2], [2])


def test_a_session_between_two_exchanges_follows_both_clocks() -> None:
    """New York springs forward on 8 March 2026, London on 29 March: three weeks of mismatch."""
    market = hourly("2026-03-02 00:00", 24 * 40)
    days = days_of(market, DayRule())

    london = occurrences_of(market, days, LONDON, CALENDARS)

    length = dict(zip(days.date.tolist(), (london.ends - london.begins).tolist(), strict=True))
    assert length[date_of("2026-03-06")] == 390  # 08:00 to 14:30, both on winter time
    assert length[date_of("2026-03-09")] == 330  # New York opens at 13:30 UTC
    assert length[date_of("2026-03-27")] == 330
    assert length[date_of("2026-03-30")] == 390  # London opens at 07:00 UTC


def test_a_date_on_which_one_exchange_is_closed_has_no_session() -> None:
    holidays = frozenset({date(2026, 1, 6)})
    closed = Hours(NEW_YORK.zone, NEW_YORK.opens, NEW_YORK.closes, holidays)
    calendars = FixedHours({**CALENDARS.exchanges, "XNYS": closed})
    market = hourly("2026-01-05 00:00", 72)
    days = days_of(market, DayRule())

    london = occurrences_of(market, days, LONDON, calendars)

    assert (london.begins == NA).tolist() == [False, True, False]
    assert (london.ends == NA).tolist() == [False, True, False]
    assert (london.first < london.stop).tolist() == [True, False, True]
    assert london.ended.tolist()[1] == 48
    assert trades_on(days, "XNYS", calendars).tolist() == [True, False, True]


def test_a_session_with_a_clock_of_its_own_keeps_to_its_weekdays() -> None:
    market = hourly("2026-01-05 00:00", 24 * 7)
    days = days_of(market, DayRule())

    assert (occurrences_of(market, days, LUNCH, CALENDARS).begins != NA).sum() == 5
    assert np.flatnonzero(occurrences_of(market, days, NIGHT, CALENDARS).begins != NA).tolist() == [
        0,
        1,
        3,
        5,
    ]


def test_weekdays_do_not_matter_to_a_session_of_an_exchange() -> None:
    rule = SessionRule("x", Anchor(0, "XNYS", "open"), Anchor(960, zone="America/New_York"), (7,))
    market = hourly("2026-01-05 00:00", 24)

    assert occurrences_of(market, days_of(market, DayRule()), rule, CALENDARS).begins[0] != NA


def test_a_session_that_would_end_before_it_begins_does_not_exist() -> None:
    rule = SessionRule("x", Anchor(0, "XNYS", "close"), Anchor(0, "XLON", "close"))
    market = hourly("2026-01-05 00:00", 24)

    occurrences = occurrences_of(market, days_of(market, DayRule()), rule, CALENDARS)

    assert occurrences.begins.tolist() == occurrences.ends.tolist() == [NA]


def test_a_night_session_reaches_back_to_the_evening_before() -> None:
    market = hourly("2026-01-04 23:00", 6)
    rule = DayRule("UTC", 20 * 60)

    night = occurrences_of(market, days_of(market, rule), NIGHT, CALENDARS)

    assert night.begins.tolist() == [minute_of("2026-01-04 20:00")]
    assert (night.first.tolist(), night.stop.tolist()) == ([0], [4])


def test_an_exchange_that_does_not_exist_is_refused() -> None:
    market = at("2026-01-05 11:55")

    with pytest.raises(UnknownCalendar):
        trades_on(days_of(market, DayRule()), "XMOON", CALENDARS)


@given(gappy_markets(), st.sampled_from(RULES), st.sampled_from(SESSIONS))
def test_the_rows_of_a_session_are_those_the_rule_names(
    market: Market, rule: DayRule, session: SessionRule
) -> None:
    days = days_of(market, rule)
    found = occurrences_of(market, days, session, CALENDARS)

    for d in range(len(days)):
        rows = range(int(days.start[d]), int(days.start[d + 1]))
        begins, ends = int(found.begins[d]), int(found.ends[d])
        inside = [
            row
            for row in rows
            if begins != NA
            and begins <= market.minute[row]
            and market.minute[row] + market.bar_minutes <= ends
        ]
        after = [row for row in rows if begins != NA and market.minute[row] >= ends]
        assert list(range(int(found.first[d]), int(found.stop[d]))) == inside
        assert found.ended[d] == (after[0] if after else rows.stop)
        assert rows.start <= found.first[d] <= found.stop[d] <= rows.stop


@given(gappy_markets(), st.sampled_from(RULES), st.sampled_from(SESSIONS), st.data())
def test_bars_to_come_change_nothing_a_row_could_see(
    market: Market, rule: DayRule, session: SessionRule, data: st.DataObject
) -> None:
    bars = data.draw(st.integers(1, len(market)))
    past = market.rows(0, bars)
    days, known = days_of(market, rule), days_of(past, rule)
    whole = occurrences_of(market, days, session, CALENDARS)
    part = occurrences_of(past, known, session, CALENDARS)

    dates = len(known)
    assert (known.date == days.date[:dates]).all()
    assert (known.start == np.minimum(days.start[: dates + 1], bars)).all()
    for name in ("begins", "ends"):
        assert (getattr(part, name) == getattr(whole, name)[:dates]).all()
    for name in ("first", "stop", "ended"):
        assert (getattr(part, name) == np.minimum(getattr(whole, name)[:dates], bars)).all()


def test_ten_years_of_dates_are_worked_out_from_local_midnights() -> None:
    market = hourly("2015-01-01 00:00", 24 * 3650)

    days = days_of(market, DayRule("Europe/Stockholm"))

    assert len(days) == 3651
    assert sorted(set(np.diff(days.start).tolist()[1:-1])) == [23, 24, 25]
    assert MONDAY // 1440 not in days.date.tolist()
