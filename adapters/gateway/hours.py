"""When an instrument trades: its sessions, and the hours that count as regular.

Instants are minutes since 1970-01-01T00:00Z. The hours are those of the exchange calendars; where
there is none (spot currencies, coins, Eurex) a week that repeats stands in.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from adapters.calendars import CalendarBroken, DatesUnknown
from engine.domain.calendar import UnknownCalendar
from engine.domain.market import NA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.calendar import Calendars

Spans = tuple[tuple[int, int], ...]
"""From and to of each session, rising."""

_DAY: Final = 1440
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Week:
    """How one kind of instrument trades. Minutes are past midnight on the clock of `zone`.

    `calendar` is asked for the dates, where there is one; `pause` minutes are cut off the end of a
    full session that reaches to the next. Without a calendar: `opens` to `closes` on `weekdays`
    (Monday 1), `opens` negative for the evening before. `regular` are the liquid hours.
    """

    zone: str
    regular: tuple[int, int]
    calendar: str = ""
    before: int = 0
    after: int = 0
    pause: int = 0
    opens: int = 0
    closes: int = _DAY
    weekdays: frozenset[int] = frozenset(range(1, 8))


_WORKDAYS: Final = frozenset(range(1, 6))
GLOBEX: Final = Week("US/Central", (8 * 60 + 30, 16 * 60), calendar="CMES", pause=60)
STOCK: Final = Week(
    "US/Eastern", (9 * 60 + 30, 16 * 60), calendar="XNYS", before=5 * 60 + 30, after=4 * 60
)
SPOT: Final = Week(
    "US/Eastern", (0, _DAY), opens=17 * 60 + 15 - _DAY, closes=17 * 60, weekdays=_WORKDAYS
)
EUREX: Final = Week("MET", (9 * 60, 17 * 60 + 30), opens=70, closes=22 * 60, weekdays=_WORKDAYS)
COIN: Final = Week("UTC", (0, _DAY))

WEEKS: Final[Mapping[str, Week]] = {
    "CME": GLOBEX,
    "CBOT": GLOBEX,
    "NYMEX": GLOBEX,
    "COMEX": GLOBEX,
    "EUREX": EUREX,
    "IDEALPRO": SPOT,
    "PAXOS": COIN,
}
"""Hours by the exchange of a contract; others trade as American stocks."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The sessions of an instrument over some dates, and the regular part of each."""

    zone: str
    sessions: Spans
    regular: Spans

    def is_open(self, minute: float) -> bool:
        """Whether the exchange trades at an instant."""
        return _within(self.sessions, minute)

    def is_regular(self, minute: float) -> bool:
        """Whether an instant lies in regular hours, in which stops are watched by default."""
        return _within(self.regular, minute)

    def session_end(self, minute: float) -> int | None:
        """When the session at hand, or else the next one, ends; None beyond the known dates."""
        at = bisect_right(self.sessions, minute, key=_end)
        return self.sessions[at][1] if at < len(self.sessions) else None

    def session_begin(self, minute: float) -> int | None:
        """When the session at hand, or else the next one, begins; None beyond the known dates."""
        at = bisect_right(self.sessions, minute, key=_end)
        return self.sessions[at][0] if at < len(self.sessions) else None

    def trading_date(self, minute: float) -> date:
        """The date a session belongs to: the one on which it ends, on the exchange's clock."""
        end = self.session_end(minute)
        return _local(minute if end is None else end, self.zone).date()

    def words(self, minute: float, days: int = 6, *, regular: bool = False) -> str:
        """The sessions of today and the next dates, as contract details tell them.

        `20250521:1700-20250522:1600;...;20250524:CLOSED`, on the exchange's clock: first the one
        at hand, which mostly began on the evening before. A date is closed if no session of the
        instrument begins or ends on it.
        """
        spans = self.regular if regular else self.sessions
        today = _local(minute, self.zone).date()
        closed = {today + timedelta(days=offset) for offset in range(days)}
        told: list[str] = []
        last = max(closed)
        for begins, ends in spans[bisect_right(spans, minute - 2 * _DAY, key=_end) :]:
            start, stop = _local(begins, self.zone), _local(ends, self.zone)
            final = _local(ends - 1, self.zone).date()
            if start.date() > last:
                break
            if final >= today:
                told.append(f"{start:%Y%m%d:%H%M}-{stop:%Y%m%d:%H%M}")
                closed -= {start.date(), final}
        told += [f"{day:%Y%m%d}:CLOSED" for day in closed]
        return ";".join(sorted(told))


def hours_of(week: Week, calendars: Calendars, first: date, last: date) -> Hours:
    """The sessions of a kind of instrument on the dates `first` to `last`."""
    low, high = (first - _EPOCH).days, (last - _EPOCH).days
    sessions = _listed(week, calendars, low, high) if week.calendar else None
    if sessions is None:
        sessions = _repeated(week, low, high)
    zone = ZoneInfo(week.zone)
    regular = []
    for begins, ends in sessions:
        day = datetime.fromtimestamp((ends - 1) * 60, zone).date()
        opens, closes = (_instant(day, edge, zone) for edge in week.regular)
        low_edge, high_edge = max(begins, opens), min(ends, closes)
        if low_edge < high_edge:
            regular.append((low_edge, high_edge))
    return Hours(week.zone, sessions, tuple(regular))


def _listed(week: Week, calendars: Calendars, low: int, high: int) -> Spans | None:
    """The sessions of a calendar; None where the calendar does not reach."""
    try:
        opens, closes = calendars.hours(week.calendar, low, high)
    except (CalendarBroken, DatesUnknown, UnknownCalendar):
        return None
    held = opens != NA
    begins, ends = opens[held], closes[held]
    ends = np.where(ends - begins == _DAY, ends - week.pause, ends)
    pairs = zip((begins - week.before).tolist(), (ends + week.after).tolist(), strict=True)
    return tuple(pairs)


def _repeated(week: Week, low: int, high: int) -> Spans:
    zone = ZoneInfo(week.zone)
    spans: list[tuple[int, int]] = []
    for number in range(low, high + 1):
        day = _EPOCH + timedelta(days=number)
        if day.isoweekday() in week.weekdays:
            spans.append((_instant(day, week.opens, zone), _instant(day, week.closes, zone)))
    return tuple(spans)


def _instant(day: date, minute: int, zone: ZoneInfo) -> int:
    shift, rest = divmod(minute, _DAY)
    wall = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone)
    return int((wall + timedelta(days=shift)).timestamp()) // 60


def _local(minute: float, zone: str) -> datetime:
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone))


def _end(span: tuple[int, int]) -> int:
    return span[1]


def _within(spans: Spans, minute: float) -> bool:
    at = bisect_right(spans, minute, key=_end)
    return at < len(spans) and spans[at][0] <= minute
