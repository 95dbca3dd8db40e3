"""The account of a session: what it knows of the bars so far, and when it trades them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.domain.market import Market
from engine.execution.intents import Intents, no_intents, together
from engine.execution.simulation import NEVER_OVER, Account, Dates, Paths, Simulator, paths_of
from engine.growing import Growing
from engine.run import dates_for, paths_for
from engine.window import COLUMNS, columns_of, market_of, no_bars

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dsl.ir.program import Program
    from engine.columns.schedule import Schedule
    from engine.domain.market import Ints
    from engine.today import Today
    from engine.window import Bar

NO_DATES: Final = Dates(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
NOTHING: Final = np.zeros((0, 0), np.int64)


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many rows and trading dates the session has seen that its window no longer holds."""

    rows: int
    dates: int


class Trading:
    """The simulated account of a session; rows and dates are counted from the first bar.

    All it reads grows at the end by what each bar brings, so a bar costs the same at any age.
    """

    def __init__(self, program: Program, simulator: Simulator) -> None:
        """Before the first bar."""
        self._program = program
        self._simulator = simulator
        self._intents = no_intents(len(program.targets))
        self._today: Today | None = None
        self._begin(no_bars(program.instrument, program.bar_minutes), NO_DATES, paths_of())

    def _begin(self, market: Market, dates: Dates, paths: Paths) -> None:
        self._like = market
        self._bars = Growing(columns_of(market))
        self._starts = Growing([dates.start])
        self._limits = Growing([dates.closing, dates.over])
        self._paths = Growing(laid_out(paths, len(market))) if self._has_paths else None
        self._flattens = dates.flattens

    @property
    def _has_paths(self) -> bool:
        exits = self._program.exits
        return exits.trail is not None or bool(exits.when)

    @property
    def market(self) -> Market:
        """Every bar so far."""
        return Market(self._like.instrument, self._like.bar_minutes, *self._bars.columns)

    @property
    def intents(self) -> Intents:
        """Every intent so far."""
        return self._intents

    def at_once(self) -> Ints:
        """The records of what was taken note of, for who wants them now: here, all there are."""
        return self.run()

    def know(self, bars: Market, intents: Intents, schedule: Schedule, dropped: Dropped) -> None:
        """Takes note of some new bars; `schedule` is of the window they end."""
        known = len(self._bars)
        self._bars.put(known, columns_of(bars))
        dates = dates_for(self._program, schedule)
        self._starts.put(dropped.dates, [dates.start + dropped.rows])
        limits = [moved(rows, dropped.rows) for rows in (dates.closing, dates.over)]
        self._limits.put(dropped.dates, limits)
        if len(intents):
            self._intents = together([self._intents, intents])
        self._flattens = dates.flattens
        self._today = None
        if self._paths is not None:
            self._know_paths(self._paths, schedule)

    def know_bar(self, bar: Bar, intents: Intents, today: Today, dropped: Dropped) -> None:
        """The same for one bar of the trading date at hand, of which `today` knows already."""
        known = len(self._bars)
        self._bars.append(bar)
        self._starts.replace_last((known + 1,))
        flat_by = self._program.exits.flat_by
        if flat_by is not None:
            session = today.sessions[flat_by]
            closing = session.closing
            closing = closing if closing < 0 else closing + dropped.rows
            self._limits.replace_last((closing, session.past + dropped.rows))
        if len(intents):
            self._intents = together([self._intents, intents])
        self._today = today

    def run(self, stop: int | None = None) -> Ints:
        """The records of the bars known and not traded yet, up to row `stop` (default: all)."""
        if self._paths is not None and self._today is not None:
            self._know_paths(self._paths, self._today.schedule)
        (start,), (closing, over) = self._starts.columns, self._limits.columns
        so_far = Dates(start, closing, over, self._flattens)
        return self._simulator.run(self.market, so_far, self._intents, self._known_paths(), stop)

    def _know_paths(self, paths: Growing, schedule: Schedule) -> None:
        """The paths of the rows of which there are none yet, the last of the schedule's.

        One bar's cost as much as a whole date's, and are of no use while nothing is open.
        """
        fresh = len(self._bars) - len(paths)
        if fresh:
            window = laid_out(paths_for(self._program, schedule), len(schedule.market))
            paths.put(len(paths), [column[-fresh:] for column in window])

    def _known_paths(self) -> Paths:
        if self._paths is None:
            return paths_of()
        trail_short, trail_long, leave_short, leave_long = self._paths.columns
        return Paths((trail_short, trail_long), (leave_short, leave_long))

    def remembered(self) -> dict[str, Any]:
        """What a snapshot holds of it, by name."""
        account = self._simulator.account
        arrays = {f"account_{f.name}": getattr(account, f.name) for f in fields(Account)}
        bars = zip(COLUMNS, self._bars.columns, strict=True)
        arrays |= {f"whole_{name}": column for name, column in bars}
        return arrays | {
            f"intents_{f.name}": getattr(self._intents, f.name) for f in fields(Intents)
        }

    @staticmethod
    def names() -> list[str]:
        """The names of what a snapshot holds of it."""
        names = [f"account_{f.name}" for f in fields(Account)]
        names += [f"whole_{name}" for name in COLUMNS]
        return names + [f"intents_{f.name}" for f in fields(Intents)]

    def recall(self, arrays: Mapping[str, Any], schedule_of: Callable[[Market], Schedule]) -> None:
        """Goes on from what a snapshot held; the rest follows from the bars."""
        market = market_of(self._like, arrays, "whole")
        schedule = schedule_of(market)
        paths = paths_for(self._program, schedule)
        self._begin(market, dates_for(self._program, schedule), paths)
        self._simulator.account = Account(*(arrays[f"account_{f.name}"] for f in fields(Account)))
        self._intents = Intents(*(arrays[f"intents_{f.name}"] for f in fields(Intents)))


def moved(rows: Ints, by: int) -> Ints:
    """Rows of dates, counted from an earlier one; -1 and `NEVER_OVER` are no rows."""
    return np.where((rows >= 0) & (rows < NEVER_OVER), rows + by, rows)


def laid_out(paths: Paths, rows: int) -> list[NDArray[Any]]:
    """The columns of paths; zeros for those that nothing uses, which are empty."""
    columns: list[NDArray[Any]] = [*paths.trail, *paths.leave]
    return [column if len(column) else np.zeros(rows, column.dtype) for column in columns]
