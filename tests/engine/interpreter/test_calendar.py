from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dsl.ir.program import Anchor, DayRule, SessionRule
from engine.interpreter.calendar import (
    TradingCalendar,
    date_begins,
    date_text,
    instant_of,
    trading_date,
)
from tests.support.bars import minute_of
from tests.support.calendars import LONDON, NEW_YORK, FixedHours
from tests.support.programs import NY

NEW_YORK_ZONE = "America/New_York"


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def utc(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%d %H:%M}"


def occurrence(session: SessionRule, on: str, hours: FixedHours | None = None) -> list[str] | None:
    calendar = TradingCalendar(DayRule(), (session,), hours or FixedHours())
    found = calendar.occurrence(session.name, day(on))
    return None if found is None else [utc(found.begins), utc(found.ends)]


def own_clock(first: int, last: int, zone: str = NEW_YORK_ZONE, **more: object) -> SessionRule:
    rule = SessionRule("own", Anchor(first, zone=zone), Anchor(last, zone=zone))
    return replace(rule, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "starts", "instant", "expected"),
    [
        ("UTC", 0, "2026-01-05 23:59", "2026-01-05"),
        ("UTC", 0, "2026-01-06 00:00", "2026-01-06"),
        (NEW_YORK_ZONE, 0, "2026-01-06 04:59", "2026-01-05"),
        (NEW_YORK_ZONE, 1080, "2026-01-05 22:59", "2026-01-05"),
        (NEW_YORK_ZONE, 1080, "2026-01-05 23:00", "2026-01-06"),
        (NEW_YORK_ZONE, 1080, "2026-07-06 22:00", "2026-07-07"),  # summer: an hour earlier
    ],
)
def test_a_trading_date_ends_at_its_hour_on_the_wall(
    zone: str, starts: int, instant: str, expected: str
) -> None:
    assert date_text(trading_date(minute_of(instant), DayRule(zone, starts))) == expected


def test_a_clock_set_back_does_not_bring_yesterday_back() -> None:
    rule = DayRule(NEW_YORK_ZONE, 90)  # 01:30, shown twice on 2026-11-01
    instants = ["05:29", "05:30", "06:00", "06:29", "06:30"]
    dates = [date_text(trading_date(minute_of(f"2026-11-01 {at}"), rule)) for at in instants]
    assert dates == ["2026-11-01", *["2026-11-02"] * 4]


def test_a_date_begins_on_the_eve_when_it_starts_in_the_evening() -> None:
    rule = DayRule(NEW_YORK_ZONE, 1080)
    assert utc(date_begins(day("2026-01-06"), rule)) == "2026-01-05 23:00"


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        ("2026-03-08 02:30", "2026-03-08 07:00"),  # skipped: the instant the clock jumps
        ("2026-03-08 03:00", "2026-03-08 07:00"),
        ("2026-11-01 01:30", "2026-11-01 05:30"),  # twice: the first
        ("2026-11-01 02:00", "2026-11-01 07:00"),
    ],
)
def test_a_wall_time_is_the_first_instant_that_shows_it_or_more(wall: str, expected: str) -> None:
    assert utc(instant_of(datetime.fromisoformat(wall), NEW_YORK_ZONE)) == expected


def test_a_calendar_session_follows_the_exchange_through_the_clock_change() -> None:
    assert occurrence(NY, "2026-01-06") == ["2026-01-06 14:30", "2026-01-06 21:00"]
    assert occurrence(NY, "2026-07-06") == ["2026-07-06 13:30", "2026-07-06 20:00"]


def test_a_session_is_absent_when_a_named_exchange_is_closed() -> None:
    closed = replace(LONDON, holidays=frozenset({date(2026, 1, 6)}))
    hours = FixedHours({"XLON": closed, "XNYS": NEW_YORK})
    london = SessionRule("london", Anchor(0, "XLON", "open"), Anchor(0, "XNYS", "open"))
    assert occurrence(london, "2026-01-06", hours) is None
    assert occurrence(london, "2026-01-07", hours) == ["2026-01-07 08:00", "2026-01-07 14:30"]


def test_anchors_move_by_minutes() -> None:
    session = SessionRule("mid", Anchor(60, "XNYS", "open"), Anchor(-60, "XNYS", "close"))
    assert occurrence(session, "2026-01-06") == ["2026-01-06 15:30", "2026-01-06 20:00"]


def test_weekdays_count_only_for_sessions_with_a_clock_of_their_own() -> None:
    monday, saturday = "2026-01-05", "2026-01-10"
    assert occurrence(own_clock(600, 660), monday) == ["2026-01-05 15:00", "2026-01-05 16:00"]
    assert occurrence(own_clock(600, 660), saturday) is None
    assert occurrence(own_clock(600, 660, weekdays=(6,)), saturday) is not None
    half = SessionRule("half", Anchor(0, "XNYS", "open"), Anchor(660, zone=NEW_YORK_ZONE), (2,))
    assert occurrence(half, monday) == ["2026-01-05 14:30", "2026-01-05 16:00"]


def test_an_own_clock_may_reach_the_neighbouring_dates() -> None:
    night = own_clock(-360, 1500, "UTC")
    assert occurrence(night, "2026-01-06") == ["2026-01-05 18:00", "2026-01-07 01:00"]


def test_a_session_that_ends_before_it_begins_is_absent() -> None:
    assert occurrence(own_clock(600, 600), "2026-01-06") is None
    assert occurrence(own_clock(600, 540), "2026-01-06") is None


def test_a_bar_is_inside_only_as_a_whole() -> None:
    found = TradingCalendar(DayRule(), (own_clock(600, 660, "UTC"),), FixedHours()).occurrence(
        "own", day("2026-01-06")
    )
    assert found is not None
    begins = minute_of("2026-01-06 10:00")
    starts = [-1, 0, 55, 56]
    assert [found.holds(begins + at, begins + at + 5) for at in starts] == [
        False,
        True,
        True,
        False,
    ]
