"""Trading dates and sessions of a market, as row numbers; `engine.domain.dates` makes them.

A table has one entry for each trading date that has a bar. Nothing in it depends on bars
that come later: the instants are known from the calendars, and a row that is not there yet is
`len(market)`, so extending the market never changes an entry that a past row could see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.domain.market import Ints


class Calendars(Protocol):
    """Where exchange hours come from (adapters.calendars has the real one)."""

    def hours(self, calendar: str, first: int, last: int) -> tuple[Ints, Ints]:
        """Open and close (minutes since the epoch) of each date from `first` to `last` inclusive.

        Dates are days since the epoch; a date without trading has `NA` in both arrays.
        Raises `UnknownCalendar` for a name that does not exist.
        """
        ...


class UnknownCalendar(Exception):
    """No exchange calendar goes by this name; `suggestions` are the nearest ones."""

    def __init__(self, name: str, suggestions: tuple[str, ...] = ()) -> None:
        """The name asked for, and names that look like it."""
        super().__init__(name)
        self.name = name
        self.suggestions = suggestions


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The trading dates of a market.

    `date[d]` is the trading date in days since the epoch, `start[d] .. start[d + 1]` its rows
    (`start` has one entry more than `date`).
    """

    date: Ints
    start: Ints

    def __len__(self) -> int:
        """How many trading dates have bars."""
        return len(self.date)

    def lengthened(self, rows: int) -> Days:
        """The same dates, the last of which has bars up to row `rows`."""
        start = self.start.copy()
        start[-1] = rows
        return Days(self.date, start)


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """One session on every trading date of `Days`, all arrays with one entry a date.

    `begins`, `ends`: instants (minutes since the epoch), `NA` where the date has no session.
    `first .. stop`: the rows wholly inside, an empty range where there are none.
    `ended`: the first row at or after the end, clipped to the rows of the date (so
    `start[d + 1]` when the date has none).
    """

    begins: Ints
    ends: Ints
    first: Ints
    stop: Ints
    ended: Ints
