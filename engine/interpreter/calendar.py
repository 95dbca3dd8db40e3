"""Trading dates and sessions, straight from instants: what each means for one bar at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from dsl.ir.expression import ClockUnit
from engine.domain.market import NA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.ir.program import Anchor, DayRule, SessionRule
    from engine.domain.calendar import Calendars

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DATE: Final = EPOCH.date().toordinal()

CLOCKS: Final[dict[ClockUnit, Callable[[datetime], int]]] = {
    ClockUnit.MINUTE_OF_DAY: lambda local: local.hour * 60 + local.minute,
    ClockUnit.WEEKDAY: lambda local: local.isoweekday(),
    ClockUnit.DAY_OF_MONTH: lambda local: local.day,
    ClockUnit.MONTH: lambda local: local.month,
}


def local_time(minute: int, zone: str) -> datetime:
    """What a clock in `zone` shows at an instant, without the zone."""
    instant = EPOCH + timedelta(minutes=minute)
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def instant_of(wall: datetime, zone: str) -> int:
    """The first instant at which a clock in `zone` shows `wall` or, jumping over it, more."""
    utc = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    minute = (utc - EPOCH) // timedelta(minutes=1)
    while local_time(minute - 1, zone) >= wall:
        minute -= 1
    return minute


def midnight(day: int) -> datetime:
    """The start of a date (days since the epoch) on a clock on the wall."""
    return datetime.fromordinal(EPOCH_DATE + day)


def trading_date(minute: int, rule: DayRule) -> int:
    """The trading date of a bar that opens at an instant, in days since the epoch: the last begun.

    So a clock that is set back past the start of a date does not bring yesterday back.
    """
    today = local_time(minute, rule.zone).toordinal() - EPOCH_DATE
    near = (today + 1, today, today - 1)
    return next(day for day in near if date_begins(day, rule) <= minute)


@cache
def date_begins(day: int, rule: DayRule) -> int:
    """The first instant of a trading date."""
    eve = day - 1 if rule.starts > 0 else day
    return instant_of(midnight(eve) + timedelta(minutes=rule.starts), rule.zone)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One session on one trading date: the half-open interval `[begins, ends)` of instants."""

    begins: int
    ends: int

    def holds(self, opens: int, closes: int) -> bool:
        """Whether the whole of a bar lies inside."""
        return self.begins <= opens and closes <= self.ends


class TradingCalendar:
    """The sessions of a program on every trading date, and the hours they rest on."""

    def __init__(
        self, rule: DayRule, sessions: Sequence[SessionRule], calendars: Calendars
    ) -> None:
        """Sessions are known by the names their rules carry."""
        self.rule = rule
        self._sessions = {session.name: session for session in sessions}
        self._calendars = calendars
        self.hours = cache(self._hours)
        self.occurrence = cache(self._occurrence)

    def _hours(self, calendar: str, day: int) -> tuple[int, int] | None:
        """Open and close of an exchange on a date, None where it does not trade."""
        opens, closes = self._calendars.hours(calendar, day, day)
        return None if int(opens[0]) == NA else (int(opens[0]), int(closes[0]))

    def _occurrence(self, name: str, day: int) -> Occurrence | None:
        """The session on a trading date, None where it has none."""
        session = self._sessions[name]
        begins, ends = self._instant(session.start, day), self._instant(session.end, day)
        if begins is None or ends is None or ends <= begins:
            return None
        own_clock = not session.start.calendar and not session.end.calendar
        if own_clock and midnight(day).isoweekday() not in session.weekdays:
            return None
        return Occurrence(begins, ends)

    def _instant(self, anchor: Anchor, day: int) -> int | None:
        if not anchor.calendar:
            return instant_of(midnight(day) + timedelta(minutes=anchor.minutes), anchor.zone)
        hours = self.hours(anchor.calendar, day)
        if hours is None:
            return None
        return hours[("open", "close").index(anchor.edge)] + anchor.minutes


def date_text(day: int) -> str:
    """A date (days since the epoch) as ISO text."""
    return date.fromordinal(EPOCH_DATE + day).isoformat()
