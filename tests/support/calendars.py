"""Exchange hours that never change: a real `Calendars` for tests, from local clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from engine.domain.calendar import UnknownCalendar
from engine.domain.market import NA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.market import Ints

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """Open and close on the wall of `zone`, Monday to Friday but for `holidays`."""

    zone: str
    opens: time
    closes: time
    holidays: frozenset[date] = frozenset()

    def on(self, day: date) -> tuple[int, int]:
        """Open and close in minutes since the epoch, NA and NA without trading."""
        if day.isoweekday() > 5 or day in self.holidays:
            return NA, NA
        return self._minute(day, self.opens), self._minute(day, self.closes)

    def _minute(self, day: date, at: time) -> int:
        local = datetime.combine(day, at, ZoneInfo(self.zone))
        return (local - EPOCH) // timedelta(minutes=1)


LONDON = Hours("Europe/London", time(8, 0), time(16, 30))
NEW_YORK = Hours("America/New_York", time(9, 30), time(16, 0))


@dataclass(frozen=True, slots=True)
class FixedHours:
    """London and New York as they are on an ordinary day, or the exchanges given."""

    exchanges: Mapping[str, Hours] = field(
        default_factory=lambda: MappingProxyType({"XLON": LONDON, "XNYS": NEW_YORK})
    )

    def hours(self, calendar: str, first: int, last: int) -> tuple[Ints, Ints]:
        """Open and close of each date from `first` to `last`, NA without trading."""
        if calendar not in self.exchanges:
            raise UnknownCalendar(calendar, tuple(self.exchanges))
        days = [EPOCH.date() + timedelta(days=day) for day in range(first, last + 1)]
        both = np.array([self.exchanges[calendar].on(day) for day in days], dtype=np.int64)
        return both[:, 0], both[:, 1]
