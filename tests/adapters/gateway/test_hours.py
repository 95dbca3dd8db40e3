"""The hours that contract details tell: at every phase of a day, they are those of the calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.gateway.hours import COIN, EUREX, GLOBEX, SPOT, STOCK, Hours, Week, hours_of
from adapters.ib.contracts import spans
from tests.support.bars import minute_of
from tests.support.gateway import CALENDARS

FIRST, LAST = date(2025, 9, 1), date(2026, 4, 15)
WEEKS: Final = {"CME": GLOBEX, "stock": STOCK, "pair": SPOT, "Eurex": EUREX, "coin": COIN}
HOURS: Final = {name: hours_of(week, CALENDARS, FIRST, LAST) for name, week in WEEKS.items()}
CME, SHARES = HOURS["CME"], HOURS["stock"]
DAYS: Final = 6


@pytest.mark.parametrize(
    ("asked", "tells"),
    [
        pytest.param("2026-01-05 23:30",  # 17:30 in Chicago
            "20260104:1700-20260105:1600;20260105:1700-20260106:1600", id="in the evening"),
        pytest.param("2026-01-06 16:00",
            "20260105:1700-20260106:1600;20260106:1700-20260107:1600", id="inside"),
        pytest.param("2026-01-06 22:30",
            "20260105:1700-20260106:1600;20260106:1700-20260107:1600", id="maintenance hour"),
        pytest.param("2026-01-09 16:00",
            "20260108:1700-20260109:1600;20260110:CLOSED;20260111:1700-20260112:1600",
            id="Friday"),
        pytest.param("2026-01-10 16:00",
            "20260110:CLOSED;20260111:1700-20260112:1600", id="Saturday"),
        pytest.param("2026-01-11 16:00",
            "20260111:1700-20260112:1600;20260112:1700-20260113:1600", id="before Sunday's open"),
        pytest.param("2025-11-27 16:00",
            "20251126:1700-20251127:1200;20251127:1700-20251128:1200;20251129:CLOSED",
            id="two half days"),
        pytest.param("2025-12-25 16:00",
            "20251225:1700-20251226:1600;20251227:CLOSED", id="Christmas"),
        pytest.param("2026-03-08 22:30",
            "20260308:1700-20260309:1600;20260309:1700-20260310:1600", id="clocks go forward"),
        pytest.param("2025-11-02 23:30",
            "20251102:1700-20251103:1600;20251103:1700-20251104:1600", id="clocks go back"),
    ],
)  # fmt: skip
def test_a_future_tells_of_the_session_at_hand_and_of_those_to_come(asked: str, tells: str) -> None:
    told = CME.words(minute_of(asked))
    assert told.startswith(tells)
    assert told.count("1700-") >= 3


@pytest.mark.parametrize("asked", ["09:00", "14:29", "14:30", "18:00", "20:59", "21:00", "23:59"])
def test_a_stock_tells_of_all_of_today_at_any_hour_of_it(asked: str) -> None:
    minute = minute_of(f"2026-01-06 {asked}")
    assert SHARES.words(minute).startswith("20260106:0400-20260106:2000;20260107:0400")
    assert SHARES.words(minute, regular=True).startswith("20260106:0930-20260106:1600;20260107")


def instants(of: Hours) -> st.SearchStrategy[int]:
    """Minutes at which hours are known for days before and after."""
    low, high = of.sessions[0][0] + 3 * 1440, of.sessions[-1][1] - 10 * 1440
    edges = [edge for span in of.sessions for edge in span if low <= edge <= high]
    near = st.builds(int.__add__, st.sampled_from(edges), st.integers(-70, 70))
    return near | st.integers(low, high)


@given(st.sampled_from([*HOURS]), st.sampled_from(["sessions", "regular"]), st.data())
def test_whoever_reads_the_hours_knows_what_the_calendar_knows(
    name: str, kind: str, data: st.DataObject
) -> None:
    of = HOURS[name]
    asked = data.draw(instants(of), "asked")
    regular = kind == "regular"
    known = of.regular if regular else of.sessions
    told = spans(of.words(asked, DAYS, regular=regular), of.zone)
    zone = ZoneInfo(of.zone)
    today = datetime.fromtimestamp(asked * 60, zone).date()
    low = _midnight(today, zone)
    high = _midnight(today + timedelta(days=DAYS), zone)
    # what touches today, up to what begins on the last of the dates: nothing less, nothing more
    due = [span for span in known if span[1] > low and span[0] < high]
    assert [(one.begins, one.ends) for one in told] == due
    assert any(one.begins <= asked < one.ends for one in told) is any(
        begins <= asked < ends for begins, ends in known
    )


@given(st.sampled_from([*HOURS]), st.data())
def test_a_date_is_closed_where_no_session_touches_it_and_is_told_once(
    name: str, data: st.DataObject
) -> None:
    of = HOURS[name]
    asked = data.draw(instants(of), "asked")
    words = of.words(asked, DAYS).split(";")
    assert words == sorted(set(words))
    zone = ZoneInfo(of.zone)
    today = datetime.fromtimestamp(asked * 60, zone).date()
    for offset in range(DAYS):
        day = today + timedelta(days=offset)
        low, high = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        is_shut = not any(begins < high and low < ends for begins, ends in of.sessions)
        assert (f"{day:%Y%m%d}:CLOSED" in words) is is_shut


@given(st.dates(FIRST, LAST))
@example(date(2025, 11, 27))
@example(date(2025, 12, 24))
@example(date(2026, 3, 9))
def test_sessions_are_those_of_the_calendar_less_its_daily_pause(day: date) -> None:
    for week, of in ((GLOBEX, CME), (STOCK, SHARES)):
        number = (day - date(1970, 1, 1)).days
        opens, closes = (int(one[0]) for one in CALENDARS.hours(week.calendar, number, number))
        mine = [span for span in of.sessions if _ends_on(span, day, week)]
        if opens < 0:
            assert mine == []
            continue
        pause = week.pause if closes - opens == 1440 else 0
        assert mine == [(opens - week.before, closes - pause + week.after)]


def _ends_on(span: tuple[int, int], day: date, week: Week) -> bool:
    return datetime.fromtimestamp((span[1] - 1) * 60, ZoneInfo(week.zone)).date() == day


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) // 60
