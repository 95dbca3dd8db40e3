"""Synthetic one-minute bars: plainly made up, and the same bytes for the same seed anywhere.

The prices are a random walk with three habits of index futures. It is busier when London and New
York open, and quiet in between; busy dates follow busy dates; and part of every move is taken
back half an hour later, so ranges form and their edges get tested.

Only PCG64's raw integers and integer arithmetic are used. numpy promises the raw stream of a bit
generator, but not how `Generator` turns it into numbers, and exp, log and cos differ in the last
bit from one C library to the next; integers do not. The dates and hours come from
the exchange calendars and the zone tables, so a correction there moves bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.calendars import ExchangeCalendars
from engine.domain.market import NA, Market

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from dsl.ir.program import Instrument
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints

SUBSTEPS: Final = 10
"""Prices drawn inside a minute, from which its high and low come."""

TAKEN_BACK: Final = 30
"""Minutes after which the reverting part of a move is undone."""

_ONE: Final = 1024
"""One, in fixed point."""

_DEVIATION: Final = 37_837
"""The standard deviation of a sum of four uniform 16-bit numbers: 65536 / sqrt(3)."""

_ROOT: Final = 324
"""1 / sqrt(SUBSTEPS), in 1024ths."""

_WALK: Final = 724
_REVERT: Final = 512
"""Shares of the noise that stays and that is taken back: 724^2 + 2 * 512^2 is 1024^2."""

_PAUSE: Final = 60
"""The daily pause before the close that exchange_calendars gives for CMES."""

_FULL_DATE: Final = 1440


@dataclass(frozen=True, slots=True)
class Character:
    """What an instrument is like. `price` to start from, as decimal text.

    `noise`: the standard deviation of an ordinary minute, in millionths of the price.
    `volume`: contracts (or steps) in an ordinary minute.
    """

    price: str
    noise: int
    volume: int


_INDEX: Final = 270
_CURRENCY: Final = 110
CHARACTERS: Final[Mapping[str, Character]] = {
    "NQ": Character("25000", _INDEX, 700),
    "MNQ": Character("25000", _INDEX, 1400),
    "ES": Character("6700", 240, 1500),
    "MES": Character("6700", 240, 1200),
    "YM": Character("46500", 230, 150),
    "MYM": Character("46500", 230, 180),
    "RTY": Character("2450", 330, 250),
    "M2K": Character("2450", 330, 150),
    "GC": Character("4000", 260, 250),
    "CL": Character("60", 420, 300),
    "6E": Character("1.16", _CURRENCY, 250),
    "6B": Character("1.33", _CURRENCY, 120),
    "FDAX": Character("24000", 240, 60),
    "EURUSD": Character("1.16", _CURRENCY, 250),
    "GBPUSD": Character("1.33", _CURRENCY, 250),
}
_ANY: Final = 10_000
"""Ticks to start from where nothing is known of the instrument."""

# How lively the minutes from an event on are, in hundredths of an ordinary minute, until the
# next line. `asia` is the open of the trading date.
_LIVELINESS: Final = (
    ("asia", 0, 90),
    ("asia", 10, 45),
    ("london", -60, 60),
    ("london", 0, 130),
    ("london", 30, 100),
    ("london", 120, 75),
    ("new_york", -60, 140),
    ("new_york", -45, 90),
    ("new_york", 0, 320),
    ("new_york", 15, 230),
    ("new_york", 60, 170),
    ("new_york", 120, 115),
    ("close", -120, 140),
    ("close", -30, 190),
    ("close", 0, 90),
    ("close", 15, 50),
)


@dataclass(frozen=True, slots=True, eq=False)
class Date:
    """One trading date: its minutes, how lively each is (100ths), and the days since the last."""

    number: int
    minute: Ints
    lively: Ints
    closed_for: int


class NoTradingDates(ValueError):
    """There is no trading date between the two dates asked for."""


def synthesize(
    instrument: Instrument,
    first_date: date,
    last_date: date,
    seed: int,
    calendars: Calendars | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Market:
    """One-minute bars of the trading dates from `first_date` to `last_date`, both inclusive.

    Hours are those of CME: 18:00 to 17:00 New York, holidays and half days from the calendar.
    Some minutes are missing, as from any feed. `progress` is told dates done and dates in all.
    Raises `NoTradingDates`.
    """
    dates = _dates(first_date, last_date, calendars or ExchangeCalendars())
    if not dates:
        raise NoTradingDates(f"there is no trading date from {first_date} to {last_date}")
    character = CHARACTERS.get(instrument.symbol)
    noise, volume = (character.noise, character.volume) if character else (_INDEX, 500)
    price = _start(instrument, character) * _ONE
    mood = _ONE
    parts = []
    for done, day in enumerate(dates):
        draws = Draws(seed, day.number)
        mood = _mood(mood, draws)
        minute_noise = price * noise // 1_000_000 * mood // _ONE
        bars, price = _bars(day, draws, price, minute_noise, volume)
        parts.append(bars)
        progress(done + 1, len(dates))
    columns = np.ascontiguousarray(np.concatenate(parts, axis=1))
    columns.flags.writeable = False
    return Market(instrument, 1, *columns)


class Draws:
    """Random integers of one date: the same whatever dates are drawn before it."""

    def __init__(self, seed: int, number: int) -> None:
        """The stream of `seed` for the date `number` (days since the epoch)."""
        self._bits = np.random.PCG64(np.random.SeedSequence((seed, number)))

    def bell(self, count: int) -> Ints:
        """Numbers of mean 0 and deviation `_DEVIATION`, nearly normal: sums of four uniform."""
        raw = self._bits.random_raw(count).astype("<u8").view("<u2").reshape(count, 4)
        total: Ints = raw.astype(np.int64).sum(axis=1) - 2 * 65_535
        return total

    def below(self, bound: int, count: int) -> Ints:
        """Numbers from 0 up to, not including, `bound` (which is far below 2^32)."""
        high = (self._bits.random_raw(count) >> np.uint64(32)).astype(np.int64)
        scaled: Ints = high * bound >> 32
        return scaled


def _dates(first_date: date, last_date: date, calendars: Calendars) -> list[Date]:
    epoch = type(first_date)(1970, 1, 1).toordinal()
    first, last = first_date.toordinal() - epoch, last_date.toordinal() - epoch
    opens, closes = calendars.hours("CMES", first, last)
    london, _ = calendars.hours("XLON", first, last)
    new_york, ends = calendars.hours("XNYS", first, last)
    found, before = [], first - 1
    for day in np.flatnonzero(opens != NA).tolist():
        stop = int(closes[day])
        stop -= _PAUSE if stop - int(opens[day]) == _FULL_DATE else 0
        minute = np.arange(int(opens[day]), stop)
        events = {
            "asia": int(opens[day]),
            "london": int(london[day]),
            "new_york": int(new_york[day]),
            "close": int(ends[day]),
        }
        number = first + day
        found.append(Date(number, minute, _lively(minute, events), number - before))
        before = number
    return found


def _lively(minute: Ints, events: dict[str, int]) -> Ints:
    lively = np.zeros(len(minute), np.int64)
    for event, offset, level in _LIVELINESS:
        if events[event] != NA:
            lively[minute >= events[event] + offset] = level
    return lively


def _start(instrument: Instrument, character: Character | None) -> int:
    if character is None:
        return _ANY
    from fractions import Fraction  # noqa: PLC0415 - once

    return round(Fraction(character.price) / instrument.tick)


def _mood(before: int, draws: Draws) -> int:
    """How busy a date is, in 1024ths: near the date before, now and then much busier."""
    shock, surprise = int(draws.bell(1)[0]), int(draws.below(16, 1)[0])
    mood = (850 * before + 174 * _ONE) // _ONE + shock * 130 // _DEVIATION
    mood = mood * 3 // 2 if surprise == 0 else mood
    return min(max(mood, 550), 2300)


def _bars(day: Date, draws: Draws, price: int, noise: int, volume: int) -> tuple[Ints, int]:
    """The six columns of a date's bars, and the price (in 1024ths of a tick) it ended at."""
    count = len(day.minute)
    gap = int(draws.bell(1)[0]) * noise // _DEVIATION * (3 if day.closed_for == 1 else 9)
    deviation = np.repeat(day.lively * noise // 100 * _ROOT // _ONE, SUBSTEPS)
    stays = draws.bell(count * SUBSTEPS) * deviation // _DEVIATION * _WALK // _ONE
    returns = draws.bell(count * SUBSTEPS) * deviation // _DEVIATION * _REVERT // _ONE
    steps = stays + returns
    steps[TAKEN_BACK * SUBSTEPS :] -= returns[: -TAKEN_BACK * SUBSTEPS]
    steps[::SUBSTEPS] += _jumps(draws, count, noise)
    path = price + gap + np.cumsum(steps)
    ticks = ((path + _ONE // 2) // _ONE).reshape(count, SUBSTEPS)
    opens = np.concatenate([[(price + gap) // _ONE], ticks[:-1, -1]]) + _flutter(draws, count)
    closes = ticks[:, -1]
    highs = np.maximum(opens, ticks.max(axis=1)) + draws.below(3, count)
    lows = np.minimum(opens, ticks.min(axis=1)) - draws.below(3, count)
    volumes = _volumes(day, draws, np.abs(closes - opens) * _ONE, noise, volume)
    kept = _kept(day, draws)
    columns = (day.minute, opens, highs, lows, closes, volumes)
    return np.stack([column[kept] for column in columns]), int(path[-1])


def _jumps(draws: Draws, count: int, noise: int) -> Ints:
    """News: one minute in some four thousand moves by 4 to 11 ordinary minutes at once."""
    chance, size, sign = draws.below(4000, count), draws.below(8, count), draws.below(2, count)
    jumps: Ints = np.where(chance == 0, (4 + size) * noise * (2 * sign - 1), 0)
    return jumps


def _flutter(draws: Draws, count: int) -> Ints:
    """An open lies on the last close, or a tick beside it."""
    draw = draws.below(16, count)
    beside: Ints = (draw == 1).astype(np.int64) - (draw == 0)
    return beside


def _volumes(day: Date, draws: Draws, moved: Ints, noise: int, volume: int) -> Ints:
    """More in lively minutes and in minutes that moved, with noise; at least one."""
    busy = volume * day.lively * day.lively // 10_000
    moves = np.minimum(moved * 512 // max(noise, 1), 3 * _ONE)
    spread = 512 + draws.below(_ONE, len(moved))
    total: Ints = np.maximum(busy * (614 + moves) // _ONE * spread // _ONE, 1)
    return np.minimum(total, 65_000)


def _kept(day: Date, draws: Draws) -> Ints:
    """The minutes that have a bar: quiet ones may lack it, and one date in forty has an outage."""
    count = len(day.minute)
    missing = (draws.below(250, count) == 0) & (day.lively < 60)
    outage, start, length = (int(draws.below(bound, 1)[0]) for bound in (40, count, 18))
    if outage == 0:
        missing[start : start + 3 + length] = True
    missing[0] = missing[-1] = False
    return np.flatnonzero(~missing)
