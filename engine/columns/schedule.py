"""When the bars of a market are: dates, sessions, clocks and events, each worked out once.

A schedule knows nothing of prices, so both sides of a program share one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from engine.domain.clocks import wall_of
from engine.domain.dates import date_begins, days_of, lengthened, occurrences_of, trades_on
from engine.stopwatch import part

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from dsl.ir.program import DayRule, EventList, SessionRule
    from engine.columns.values import Column, Mask
    from engine.domain.calendar import Calendars, Days, Occurrences
    from engine.domain.market import Ints, Market

Made = TypeVar("Made")

DATES: Final = "dates and sessions"
"""What a stopwatch calls this."""


@dataclass(frozen=True, slots=True, eq=False)
class Memo:
    """Things made at the first time of asking."""

    _made: dict[Hashable, Any] = field(default_factory=dict)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What goes by `key`."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def keep(self, key: Hashable, made: object) -> None:
        """Keeps under `key` what was made elsewhere."""
        self._made[key] = made

    def forget(self, key: Hashable) -> None:
        """Frees what goes by `key`; it is made again when it is asked for."""
        self._made.pop(key, None)


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """The instants (rising, minutes since the epoch) of a list, and the room kept around each."""

    instants: Ints
    before: int
    after: int


def events_of(lists: tuple[EventList, ...], instants: Mapping[str, Ints]) -> Mapping[str, Events]:
    """The event lists of a program with their instants, by name."""
    return {
        events.name: Events(np.sort(instants[events.name]), events.before, events.after)
        for events in lists
    }


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Dates, sessions, clocks and events of one market's bars.

    `given`: the trading dates where they are not to be had from the minutes (larger bars are
    of the date their rows are of). What others keep with a schedule (`kept`) is apart from what it
    works out itself, so that it can be had without (`alone`). What stays the same until a new
    trading date begins (`dated`) goes on with the schedules that continue this one.
    """

    market: Market
    rule: DayRule
    sessions: Mapping[str, SessionRule]
    calendars: Calendars
    events: Mapping[str, Events]
    given: Days | None = None
    _memo: Memo = field(default_factory=Memo, init=False)
    _dated: Memo = field(default_factory=Memo, init=False)
    _kept: Memo = field(default_factory=Memo, init=False)

    @property
    def days(self) -> Days:
        """The trading dates that have bars."""
        if self.given is not None:
            return self.given
        return self._memo.get("days", self._find_days)

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What goes by `key`, made at the first time of asking and kept as long as the schedule."""
        return self._kept.get(key, make)

    def dated(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What goes by `key` and depends on nothing that bars of the last trading date change."""
        return self._dated.get(key, make)

    def keep(self, key: Hashable, made: object) -> None:
        """Takes over what another schedule has worked out."""
        self._memo.keep(key, made)

    def alone(self) -> Schedule:
        """The same dates and sessions, worked out once for both, without what is kept with it.

        For those who are kept: columns that held the schedule that holds them would never be freed
        by counting references, and there are hundreds of megabytes of them.
        """
        return self._kept.get("alone", self._copied)

    def _copied(self) -> Schedule:
        made = replace(self)
        object.__setattr__(made, "_memo", self._memo)
        object.__setattr__(made, "_dated", self._dated)
        return made

    @property
    def age(self) -> Ints:
        """How many rows of its trading date lie before each row."""
        return self._memo.get("age", self._count_age)

    def occurrences(self, session: str) -> Occurrences:
        """A session on every trading date."""
        return self._memo.get(("occurrences", session), lambda: self._find_session(session))

    def trades(self, calendar: str) -> Mask:
        """Whether an exchange trades, a truth a trading date."""
        return self.dated(("trades", calendar), lambda: self._find_trading(calendar))

    def wall(self, zone: str) -> Ints:
        """What a clock on the wall shows at each row's open, in wall minutes."""
        return self._memo.get(("wall", zone), lambda: wall_of(zone, self.market.minute))

    def by_row(self, table: Column) -> Column:
        """A table with one entry a trading date, as a column."""
        return np.repeat(table, np.diff(self.days.start))

    def continued(self, market: Market) -> Schedule:
        """The schedule of `market`, which begins with the bars of this one's.

        While no new trading date begins, only what belongs to the last one is worked out anew.
        """
        made = replace(self, market=market)
        if not len(self.days) or market.minute[-1] >= self.until:
            return made
        object.__setattr__(made, "_dated", self._dated)
        days = self.days.lengthened(len(market))
        made.keep("days", days)
        for session in self.sessions:
            longer = lengthened(market, days, self.occurrences(session))
            made.keep(("occurrences", session), longer)
        return made

    @property
    def until(self) -> int:
        """The instant at which the trading date after the last one begins; there is one."""
        after = self.days.date[-1:] + 1
        return self.dated("until", lambda: int(date_begins(self.rule, after)[0]))

    # --- what is worked out once --------------------------------------------------------------

    def _find_days(self) -> Days:
        with part(DATES):
            return days_of(self.market, self.rule)

    def _find_session(self, name: str) -> Occurrences:
        with part(DATES):
            return occurrences_of(self.market, self.days, self.sessions[name], self.calendars)

    def _find_trading(self, calendar: str) -> Mask:
        with part(DATES):
            return trades_on(self.days, calendar, self.calendars)

    def _count_age(self) -> Ints:
        return np.arange(len(self.market)) - self.by_row(self.days.start[:-1])
