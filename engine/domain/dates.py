"""The calendar tables of a market: which rows make a trading date, and which a session.

The work is per date: instants of all dates first, then a binary search among the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.domain.calendar import Days, Occurrences
from engine.domain.clocks import MINUTES_A_DAY, instants_of, wall_of, weekday_of
from engine.domain.market import NA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dsl.ir.program import Anchor, DayRule, SessionRule
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market


def date_begins(rule: DayRule, date: Ints) -> Ints:
    """The first instant of each trading date."""
    eve = MINUTES_A_DAY if rule.starts > 0 else 0
    return instants_of(rule.zone, date * MINUTES_A_DAY + rule.starts - eve)


def days_of(market: Market, rule: DayRule) -> Days:
    """The trading dates that have bars, with their rows."""
    bars = len(market)
    if not bars:
        return Days(np.empty(0, np.int64), np.zeros(1, np.int64))
    first, last = (wall_of(rule.zone, market.minute[[0, -1]]) // MINUTES_A_DAY).tolist()
    date = np.arange(first - 1, last + 4)
    start = np.searchsorted(market.minute, date_begins(rule, date))
    held = np.flatnonzero(np.diff(start))
    return Days(date[held], np.append(start[held], bars))


def occurrences_of(
    market: Market, days: Days, rule: SessionRule, calendars: Calendars
) -> Occurrences:
    """One session on every trading date of `days`, as instants and as rows of `market`.

    Raises `UnknownCalendar` where an anchor names an exchange that does not exist.
    """
    begins, ends = (_instants(anchor, days.date, calendars) for anchor in (rule.start, rule.end))
    absent = (begins == NA) | (ends == NA) | (ends <= begins)
    if not (rule.start.calendar or rule.end.calendar):
        absent |= ~np.isin(weekday_of(days.date), rule.weekdays)
    begins, ends = (np.where(absent, NA, instants) for instants in (begins, ends))
    start, after = days.start[:-1], days.start[1:]

    def first_row(minute: Ints) -> Ints:
        """The first row of each date at or after an instant, `after` where it has none."""
        return np.clip(np.searchsorted(market.minute, minute), start, after)

    first = np.where(absent, start, first_row(begins))
    stop = np.where(absent, start, first_row(ends - market.bar_minutes + 1))
    ended = np.where(absent, after, first_row(ends))
    return Occurrences(begins, ends, first, np.maximum(first, stop), ended)


def lengthened(market: Market, days: Days, before: Occurrences) -> Occurrences:
    """The occurrences on the same dates after the last of them got more bars."""
    start, after = (int(edge) for edge in days.start[-2:])
    begins, ends = int(before.begins[-1]), int(before.ends[-1])
    first = stop = start
    ended = after
    if begins != NA:
        asked = np.array([begins, ends - market.bar_minutes + 1, ends])
        found = start + np.searchsorted(market.minute[start:], asked)
        first, stop, ended = found.tolist()
    made = (first, max(first, stop), ended)
    columns = (before.first.copy(), before.stop.copy(), before.ended.copy())
    for column, row in zip(columns, made, strict=True):
        column[-1] = row
    return Occurrences(before.begins, before.ends, *columns)


def trades_on(days: Days, calendar: str, calendars: Calendars) -> NDArray[np.bool_]:
    """Whether an exchange trades on each trading date."""
    trades: NDArray[np.bool_] = _hours(calendar, days.date, calendars)[0] != NA
    return trades


def _instants(anchor: Anchor, date: Ints, calendars: Calendars) -> Ints:
    if not anchor.calendar:
        return instants_of(anchor.zone, date * MINUTES_A_DAY + anchor.minutes)
    opens, closes = _hours(anchor.calendar, date, calendars)
    edge = {"open": opens, "close": closes}[anchor.edge]
    return np.where(edge == NA, NA, edge + anchor.minutes)


def _hours(calendar: str, date: Ints, calendars: Calendars) -> tuple[Ints, Ints]:
    """Open and close of an exchange on each of some rising dates, `NA` where it is closed."""
    if not len(date):
        return date, date
    opens, closes = calendars.hours(calendar, int(date[0]), int(date[-1]))
    return opens[date - date[0]], closes[date - date[0]]
