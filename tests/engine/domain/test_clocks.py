"""Clocks on the wall, against zoneinfo asked one instant at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.clocks import instants_of, offsets_of, wall_of, weekday_of
from tests.support.bars import minute_of

ZONES = [
    "UTC",
    "Europe/Stockholm",
    "America/New_York",
    "America/St_Johns",  # half an hour, and set back at 00:01 until 2011
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Casablanca",  # off and on again around Ramadan
    "Pacific/Apia",  # a whole day left out in 2011
    "America/Sao_Paulo",  # set on at midnight
]
zones = st.sampled_from(ZONES)
instants = st.integers(minute_of("2004-01-01 00:00"), minute_of("2027-01-01 00:00"))


def shown(zone: str, minute: int) -> int:
    """What zoneinfo says a clock shows, in wall minutes."""
    local = datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=UTC)
    return int(local.timestamp()) // 60


@given(zones, st.lists(instants, max_size=6).map(sorted))
def test_a_clock_shows_what_zoneinfo_says(zone: str, minutes: list[int]) -> None:
    assert wall_of(zone, np.array(minutes, np.int64)).tolist() == [shown(zone, m) for m in minutes]


@pytest.mark.parametrize("zone", ZONES)
def test_a_clock_is_right_on_both_sides_of_every_change(zone: str) -> None:
    since = offsets_of(zone, minute_of("2005-01-01 00:00"), minute_of("2026-12-31 00:00")).since
    around = np.sort(np.concatenate([since[1:] - 1, since[1:]]))

    assert wall_of(zone, around).tolist() == [shown(zone, m) for m in around.tolist()]


@given(zones, instants)
def test_the_instant_of_a_wall_time_is_the_first_that_shows_it_or_more(
    zone: str, minute: int
) -> None:
    wall = shown(zone, minute)
    instant = int(instants_of(zone, np.array([wall]))[0])

    assert instant <= minute
    assert shown(zone, instant) >= wall
    assert all(shown(zone, earlier) < wall for earlier in range(instant - 200, instant))


def test_an_hour_shown_twice_means_its_first_time() -> None:
    both = np.array([minute_of("2026-10-25 02:30"), minute_of("2026-10-25 03:00")])

    assert instants_of("Europe/Stockholm", both).tolist() == [
        minute_of("2026-10-25 00:30"),  # 02:30 summer time
        minute_of("2026-10-25 02:00"),
    ]


def test_an_hour_never_shown_means_the_instant_of_the_jump() -> None:
    missing = [minute_of("2026-03-08 02:00"), minute_of("2026-03-08 02:59")]

    assert (
        instants_of("America/New_York", np.array(missing)).tolist()
        == [minute_of("2026-03-08 07:00")] * 2
    )


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        wall_of("Europe/Atlantis", np.array([0]))


@given(st.integers(-100_000, 100_000))
def test_weekdays_are_numbered_from_monday(date: int) -> None:
    monday = minute_of("2026-01-05 00:00") // 1440

    assert weekday_of(np.array([date]))[0] == (date - monday) % 7 + 1
