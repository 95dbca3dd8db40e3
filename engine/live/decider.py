"""What decides in a live run: a session of closed bars, whose trading waits until it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from engine.domain.market import NA, Market
from engine.execution.intents import SIDES, Intents
from engine.journal.units import date_text
from engine.live.alive import alive_in
from engine.live.waiting import waiting_in
from engine.session import Session
from engine.trading import NOTHING, Trading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.ir.program import Program
    from engine.columns.schedule import Schedule
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints
    from engine.execution.simulation import Simulator
    from engine.live.alive import Alive
    from engine.live.waiting import Way
    from engine.live.words import BarClosed
    from engine.run import Strategy
    from engine.today import Today
    from engine.trading import Dropped
    from engine.window import Bar


_MANY: Final = 8_000
"""Bars with which it would take a tenth of a second, in which the engine does nothing else."""


class Decider(Protocol):
    """Takes closed bars, knows what they decide, and lets a simulator trade them later."""

    @property
    def rows(self) -> int:
        """How many bars it has taken."""
        ...

    @property
    def intents(self) -> Intents:
        """Every intent so far."""
        ...

    @property
    def session_end(self) -> int | None:
        """The minute at which the last date's session ends that positions must not outlive."""
        ...

    def take(self, bar: BarClosed) -> None:
        """A closed bar."""
        ...

    def minute(self, row: int) -> int:
        """When a bar opened."""
        ...

    def candidate(self, intent: int) -> str:
        """The candidate that an intent came of."""
        ...

    def run(self, stop: int) -> Ints:
        """Let the simulator trade the rows before `stop`."""
        ...

    def close(self, count: int) -> None:
        """Decide nothing new: there are the first `count` intents, and no later ones."""
        ...


class Noting(Trading):
    """An account that takes note of what is decided and trades when it is told to."""

    def __init__(self, program: Program, simulator: Simulator) -> None:
        """Before the first bar."""
        super().__init__(program, simulator)
        self.candidates: list[str] = []
        self.session_end: int | None = None
        self._is_closed = False

    def close(self, count: int) -> None:
        """From here on bars bring no intents; the first `count` stay."""
        self._intents = self._intents.first(count)
        del self.candidates[count:]
        self._is_closed = True

    def at_once(self) -> Ints:
        """No records yet: `run` gives them."""
        return NOTHING

    def know(self, bars: Market, intents: Intents, schedule: Schedule, dropped: Dropped) -> None:
        """Takes note of some new bars."""
        if self._is_closed:
            intents = intents.first(0)
        super().know(bars, intents, schedule, dropped)
        self.candidates += _names(intents, schedule, dropped.dates)
        self._note_end(schedule)

    def know_bar(self, bar: Bar, intents: Intents, today: Today, dropped: Dropped) -> None:
        """Takes note of one bar more of a date whose end is known already."""
        if self._is_closed:
            intents = intents.first(0)
        super().know_bar(bar, intents, today, dropped)
        if len(intents):
            self.candidates += _names(intents, today.schedule, dropped.dates)

    def recall(self, arrays: Mapping[str, Ints], schedule_of: Callable[[Market], Schedule]) -> None:
        """Goes on from what a snapshot held."""
        super().recall(arrays, schedule_of)
        schedule = schedule_of(self.market)
        self.candidates = _names(self.intents, schedule, 0)
        self._note_end(schedule)

    def _note_end(self, schedule: Schedule) -> None:
        flat_by = self._program.exits.flat_by
        if flat_by is not None and len(schedule.days):
            end = int(schedule.occurrences(flat_by).ends[-1])
            self.session_end = None if end == NA else end


def _names(intents: Intents, schedule: Schedule, first: int) -> list[str]:
    """Candidates as the journal writes them; `first`: the number of the schedule's first date."""
    dates = schedule.days.date
    return [
        f"{date_text(int(dates[day - first]))}/{SIDES[side]}/{ordinal}"
        for day, side, ordinal in zip(
            intents.day.tolist(), intents.side.tolist(), intents.ordinal.tolist(), strict=True
        )
    ]


class SessionDecider:
    """A strategy's session as a `Decider`."""

    def __init__(
        self,
        strategy: Strategy,
        calendars: Calendars,
        simulator: Simulator,
        *,
        events: Mapping[str, Ints] | None = None,
        snapshot: bytes | None = None,
    ) -> None:
        """Before the first bar, or where the session stood that wrote `snapshot`."""
        program = strategy.program
        self._noting = Noting(program, simulator)
        if snapshot is None:
            self._session = Session(strategy, calendars, events=events, trading=self._noting)
        else:
            self._session = Session.restore(
                snapshot, strategy, calendars, events=events, trading=self._noting
            )
        self._like = program
        self._waiting: tuple[int, tuple[tuple[Way, ...], ...]] = (0, ())

    @property
    def rows(self) -> int:
        """See `Decider`."""
        return len(self._session)

    @property
    def intents(self) -> Intents:
        """See `Decider`."""
        return self._noting.intents

    @property
    def session_end(self) -> int | None:
        """See `Decider`."""
        return self._noting.session_end

    def take(self, bar: BarClosed) -> None:
        """See `Decider`. Raises `BarOrderError`."""
        self._session.feed_bar((bar.minute, bar.open, bar.high, bar.low, bar.close, bar.volume))

    def take_all(self, bars: Market) -> None:
        """Many closed bars at once: a warm-up, or what was seen before a restart."""
        self._session.feed(bars)

    def minute(self, row: int) -> int:
        """See `Decider`."""
        return int(self._noting.market.minute[row])

    def candidate(self, intent: int) -> str:
        """See `Decider`."""
        return self._noting.candidates[intent]

    def run(self, stop: int) -> Ints:
        """See `Decider`."""
        return self._noting.run(stop)

    def close(self, count: int) -> None:
        """See `Decider`."""
        self._noting.close(count)

    @property
    def alive(self) -> tuple[Alive, ...]:
        """The setups that are alive."""
        return tuple(alive_in(self._session))

    @property
    def waiting(self) -> tuple[tuple[Way, ...], ...]:
        """What each of them waits for, worked out once a bar and only if somebody asks.

        Empty where so many bars are remembered that it would take long.
        """
        if self._waiting[0] != self.rows:
            many = self._session.remembered > _MANY
            found = ((),) * len(self.alive) if many else waiting_in(self._session)
            self._waiting = self.rows, tuple(found)
        return self._waiting[1]

    def snapshot(self) -> bytes:
        """Everything the session remembers, for a restart."""
        return self._session.snapshot()
