"""What is worth knowing about bars before trusting a backtest on them.

The reader refuses bars that are wrong (`adapters.bars.errors`); what is counted here is right and
may still mislead: holes, prices that jump, minutes that never moved, volumes of zero.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from adapters.bars.clock import to_local
from adapters.calendars import CalendarBroken, DatesUnknown
from adapters.instruments import HOURS, Hours
from dsl.quantities import plain
from engine.domain.market import NA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market

JUMP: Final = 30
"""A move this many times the median one, between two bars in a row, is an outlier."""

SHOWN: Final = 10
"""How many of the longest gaps and largest jumps are listed."""

_DAY: Final = 1440
_WEEK: Final = 7 * _DAY
_MONDAY: Final = 3 * _DAY
"""1970-01-01 was a Thursday: Monday's midnight lies three days before it."""

_USUAL: Final = 0.5
"""A minute of the week is expected if more than this share of the weeks have it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of missing bars: the first missing minute (UTC, ISO) and how many bars it lacks."""

    first: str
    bars: int


@dataclass(frozen=True, slots=True)
class Jump:
    """An outlier: the bar's minute (UTC, ISO), its close and the one before, as decimal text."""

    minute: str
    before: str
    close: str


@dataclass(frozen=True, slots=True)
class Quality:
    """A report on the bars of one market.

    `first`, `last`: opens of the first and last bar, UTC. `against`: what holes were looked for
    by. `expected`: bars there should have been, `missing`: those that are not, in `gaps` runs,
    the longest of which are `longest_gaps`. `unexpected`: bars outside the hours.
    `unordered`: minutes not after the one before (0 unless a store was tampered with).
    `flat`: bars with high = low. `outliers`: closes that moved more than `JUMP` median moves,
    the largest of which are `largest_jumps`.
    """

    symbol: str
    bar_minutes: int
    bars: int
    first: str
    last: str
    dates: int
    against: str
    expected: int
    missing: int
    gaps: int
    unexpected: int
    unordered: int
    outliers: int
    zero_volume: int
    flat: int
    longest_gaps: tuple[Gap, ...] = ()
    largest_jumps: tuple[Jump, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """The report as a table of two columns: what, and how it is."""
        return (
            ("instrument", self.symbol),
            ("bars", f"{self.bars:,} of {self.bar_minutes} min"),
            ("first", self.first),
            ("last", self.last),
            ("dates (UTC)", f"{self.dates:,}"),
            ("hours taken from", self.against),
            ("expected bars", f"{self.expected:,}"),
            ("missing bars", f"{self.missing:,}{_share(self.missing, self.expected)}"),
            ("gaps", f"{self.gaps:,}"),
            ("bars outside the hours", f"{self.unexpected:,}"),
            ("duplicate or unordered", f"{self.unordered:,}"),
            ("off the tick grid", "0 (refused at the door)"),
            ("outliers", f"{self.outliers:,} (more than {JUMP} median moves)"),
            ("zero volume", f"{self.zero_volume:,}{_share(self.zero_volume, self.bars)}"),
            ("flat bars", f"{self.flat:,}{_share(self.flat, self.bars)}"),
        )

    @property
    def record(self) -> dict[str, object]:
        """The report as plain values, for JSON."""
        return asdict(self)


def inspect(
    market: Market,
    calendars: Calendars,
    calendar: str | None = None,
    notes: tuple[str, ...] = (),
) -> Quality:
    """The report on a market; `notes` of its reading ride along.

    Holes are looked for by `calendar` (raises `UnknownCalendar`), else by the hours
    of the instrument's exchange, else by the most common week of the bars themselves.
    """
    if not len(market):
        raise ValueError("there are no bars to report on")
    hours = HOURS.get(market.instrument.exchange, Hours("", "UTC"))
    if calendar is not None:
        same = calendar == hours.calendar
        hours = Hours(calendar, hours.zone if same else "UTC", hours.pause if same else None)
    expected, against = _expected(market, hours, calendars, asked=calendar is not None)
    present = np.isin(expected, market.minute, assume_unique=True)
    gaps = _gaps(expected, ~present)
    moved = np.abs(np.diff(market.close))
    outlying = moved > JUMP * max(_median_move(moved), 1)
    return Quality(
        symbol=market.instrument.symbol,
        bar_minutes=market.bar_minutes,
        bars=len(market),
        first=_iso(int(market.minute[0])),
        last=_iso(int(market.minute[-1])),
        dates=len(np.unique(market.minute // _DAY)),
        against=against,
        expected=len(expected),
        missing=int((~present).sum()),
        gaps=len(gaps),
        unexpected=len(market) - int(present.sum()),
        unordered=int((np.diff(market.minute) <= 0).sum()),
        outliers=int(outlying.sum()),
        zero_volume=int((market.volume == 0).sum()),
        flat=int((market.high == market.low).sum()),
        longest_gaps=tuple(sorted(gaps, key=lambda gap: -gap.bars)[:SHOWN]),
        largest_jumps=_jumps(market, moved, outlying),
        notes=notes,
    )


def _expected(
    market: Market, hours: Hours, calendars: Calendars, *, asked: bool
) -> tuple[Ints, str]:
    """The minutes that should have a bar, and words for how that is known."""
    if hours.calendar:
        try:
            words = f"calendar {hours.calendar}{', less its daily pause' if hours.pause else ''}"
            return _by_calendar(market, hours, calendars), words
        except (DatesUnknown, CalendarBroken):
            if asked:
                raise
    words = f"the most common week of these bars, on the clock of {hours.zone}"
    return _by_week(market, hours.zone), words


def _by_calendar(market: Market, hours: Hours, calendars: Calendars) -> Ints:
    """Every minute in which the exchange was open, from the first bar to the last."""
    first, last = int(market.minute[0]), int(market.minute[-1])
    opens, closes = calendars.hours(hours.calendar, first // _DAY - 1, last // _DAY + 1)
    open_dates = opens != NA
    phase = (first - opens[open_dates]) % market.bar_minutes
    minutes = _ranges(
        np.maximum(opens[open_dates] + phase, first),
        np.minimum(closes[open_dates], last + 1),
        market.bar_minutes,
    )
    if hours.pause is None:
        return minutes
    clock = to_local(minutes, ZoneInfo(hours.zone)) % _DAY
    return minutes[(clock < hours.pause[0]) | (clock >= hours.pause[1])]


def _ranges(starts: Ints, stops: Ints, step: int) -> Ints:
    """Every `step`th minute of each half-open range, one after the other."""
    counts = np.maximum((stops - starts + step - 1) // step, 0)
    begins = np.repeat(np.cumsum(counts) - counts, counts)
    minutes: Ints = np.repeat(starts, counts) + (np.arange(counts.sum()) - begins) * step
    return minutes


def _by_week(market: Market, zone: str) -> Ints:
    """Every minute, from the first bar to the last, that most weeks have a bar in."""
    clock = ZoneInfo(zone)
    local = to_local(market.minute, clock) + _MONDAY
    week = local // _WEEK
    seen = np.bincount(local % _WEEK, minlength=_WEEK)
    usual = seen > _USUAL * len(np.unique(week))
    minutes = np.arange(int(market.minute[0]), int(market.minute[-1]) + 1, market.bar_minutes)
    expected: Ints = minutes[usual[(to_local(minutes, clock) + _MONDAY) % _WEEK]]
    return expected


def _gaps(expected: Ints, missing: NDArray[np.bool_]) -> list[Gap]:
    """Runs of missing bars; a run goes on over the hours in which none was expected."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    return [
        Gap(_iso(int(expected[start])), int(stop - start))
        for start, stop in zip(starts, stops, strict=True)
    ]


def _median_move(moved: Ints) -> int:
    """The median of the moves that are not zero: a market that mostly stands still has one too."""
    moving = moved[moved > 0]
    return int(np.median(moving)) if len(moving) else 0


def _jumps(market: Market, moved: Ints, outlying: NDArray[np.bool_]) -> tuple[Jump, ...]:
    rows = np.flatnonzero(outlying)
    largest = rows[np.argsort(-moved[rows], kind="stable")][:SHOWN]
    tick = market.instrument.tick
    return tuple(
        Jump(
            _iso(int(market.minute[row + 1])),
            plain(int(market.close[row]) * tick),
            plain(int(market.close[row + 1]) * tick),
        )
        for row in largest.tolist()
    )


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.2f} %)" if part and whole else ""


def _iso(minute: int) -> str:
    return f"{np.datetime64(minute, 'm')}Z"
