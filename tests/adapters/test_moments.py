"""One instant as a person writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.moments import BadMoment, moment, zone_named

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/London", "Asia/Tokyo", "Asia/Kolkata"])


@given(minute=st.integers(0, 40_000_000), name=ZONES)
def test_a_time_with_its_offset_comes_back(minute: int, name: str) -> None:
    written = (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(name))
    assert moment(written.isoformat()) == minute
    assert moment(written.isoformat(), ZoneInfo("Asia/Tokyo")) == minute


@given(minute=st.integers(0, 40_000_000), name=ZONES)
def test_a_wall_time_comes_back_or_is_refused_where_the_clock_shows_it_twice(
    minute: int, name: str
) -> None:
    zone = ZoneInfo(name)
    wall = (EPOCH + timedelta(minutes=minute)).astimezone(zone)
    written = f"{wall:%Y-%m-%d %H:%M}"
    if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
        assert moment(written, zone) == minute
    else:
        with pytest.raises(BadMoment, match="happened twice"):
            moment(written, zone)


def test_seconds_are_dropped() -> None:
    assert moment("2026-01-06T15:31:59.5Z") == moment("2026-01-06 15:31", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-08 02:30", "never was"),
        ("2025-11-02 01:30", "happened twice"),
        ("2026-02-30 10:00", "is not a time"),
        ("2026-01-06", "is not a time"),
        ("16:31", "is not a time"),
        ("", "is not a time"),
    ],
)
def test_what_is_no_instant_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(BadMoment, match=message) as refused:
        moment(text, NEW_YORK)
    assert refused.value.remedy


def test_a_time_without_a_zone_is_refused_as_such() -> None:
    with pytest.raises(BadMoment, match="has no zone") as refused:
        moment("2026-01-06 10:00")
    assert refused.value.zoneless


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "America"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(BadMoment):
        zone_named(name)
