"""Clocks on the wall: from instants to what a clock in a zone shows, and back.

Instants are minutes since 1970-01-01T00:00Z. *Wall minutes* are the minutes since
1970-01-01T00:00 that a clock on the wall would count: its date is `wall // 1440`, its minute of
the day `wall % 1440`. A zone is asked once a day of a year, and remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from engine.domain.market import Ints

MINUTES_A_DAY: Final = 1440
_REACH: Final = 3 * MINUTES_A_DAY
"""No clock is further from UTC than that, so a wall time lies this near to its instant."""


@dataclass(frozen=True, slots=True, eq=False)
class Offsets:
    """Minutes a clock is ahead of UTC: `ahead[k]` from instant `since[k]` until `since[k + 1]`."""

    since: Ints
    ahead: Ints


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """The instants of a year (UTC) at which a clock is set, each with the new offset.

    The first entry is the year's first instant. Two changes within one day are not told apart.
    """
    clock = ZoneInfo(zone)

    def ahead(minute: int) -> int:
        offset = datetime.fromtimestamp(minute * 60, clock).utcoffset()
        assert offset is not None
        return int(offset.total_seconds()) // 60

    opens, closes = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) // 60 for y in (year, year + 1))
    found = [(opens, ahead(opens))]
    for midnight in range(opens + MINUTES_A_DAY, closes + 1, MINUTES_A_DAY):
        offset = ahead(midnight)
        if offset != found[-1][1]:
            before, at = midnight - MINUTES_A_DAY, midnight
            while at - before > 1:
                middle = (before + at) // 2
                before, at = (before, middle) if ahead(middle) == offset else (middle, at)
            found.append((at, offset))
    return tuple(found)


@lru_cache(maxsize=256)
def _offsets(zone: str, first_year: int, last_year: int) -> Offsets:
    found: list[tuple[int, int]] = []
    for year in range(first_year, last_year + 1):
        for change in _changes(zone, year):
            if not found or found[-1][1] != change[1]:
                found.append(change)
    since, ahead = np.array(found, np.int64).T.copy()
    return Offsets(since, ahead)


def offsets_of(zone: str, first: int, last: int) -> Offsets:
    """The offsets of a zone that hold from instant `first` to instant `last`, and some more.

    Raises `zoneinfo.ZoneInfoNotFoundError` for a zone that does not exist.
    """
    years = np.array([first - _REACH, last + _REACH]).astype("M8[m]").astype("M8[Y]")
    first_year, last_year = (years.astype(np.int64) + 1970).tolist()
    return _offsets(zone, first_year, last_year)


def wall_of(zone: str, minute: Ints) -> Ints:
    """The wall minutes that a clock in `zone` shows at each of some rising instants."""
    if not len(minute):
        return minute
    offsets = offsets_of(zone, int(minute[0]), int(minute[-1]))
    at = np.searchsorted(minute, offsets.since[1:])
    lengths = np.diff(at, prepend=0, append=len(minute))
    return minute + np.repeat(offsets.ahead, lengths)


def instants_of(zone: str, wall: Ints) -> Ints:
    """The first instant at which a clock in `zone` shows each of some wall minutes, or later.

    So the first of two when the clock is set back over it, and the instant of the jump when the
    clock never shows it.
    """
    if not len(wall):
        return wall
    offsets = offsets_of(zone, int(wall.min()), int(wall.max()))
    shown = np.maximum.accumulate(offsets.since[1:] + offsets.ahead[:-1])
    piece = np.searchsorted(shown, wall, side="right")
    instants: Ints = np.maximum(offsets.since[piece], wall - offsets.ahead[piece])
    return instants


def weekday_of(date: Ints) -> Ints:
    """The weekday (Monday 1 .. Sunday 7) of each of some dates, in days since the epoch."""
    return (date + 3) % 7 + 1
