"""Columns of numbers, as a file had them, into bars that the engine may trust.

Every rule of the door is here and is the same for every kind of file: whole minutes in rising
order, prices on the tick grid, high and low around open and close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, Protocol
from zoneinfo import ZoneInfo

import numpy as np

from adapters.bars import errors
from adapters.bars.clock import Never, Twice, to_utc
from adapters.bars.layout import PRICES, Columns, Layout, Stamp
from dsl.quantities import plain
from engine.domain.market import Market

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from dsl.ir.program import Instrument
    from engine.domain.market import Ints, Reals

GRID: Final = 1e-6
"""How far from a tick, in ticks, a price may lie (rule R2)."""

_LAST_SECOND: Final = 59
"""A close stamp may be the bar's last second (10:00:59, 10:00:59.999) instead of its end."""


class Origin(Protocol):
    """The file that the columns came from, for messages."""

    @property
    def path(self) -> str:
        """The path as the person wrote it."""
        ...

    def line(self, row: int) -> int | None:
        """The line of a row, where the file has lines."""
        ...

    def place(self, row: int) -> str:
        """Words for a row where there are no lines (`bar 17`), else empty."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Columns as read. `instant` counts `per_minute` a minute, local where not `certain`."""

    instant: Ints
    per_minute: int
    certain: bool
    prices: tuple[Reals, Reals, Reals, Reals]
    volume: Reals | None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A file, read: the bars, and what was stated or assumed on the way.

    `zone` and `stamp` are those used; `notes` are sentences for the person.
    """

    market: Market
    zone: str
    stamp: Stamp
    notes: tuple[str, ...]


def assemble(
    raw: Raw, instrument: Instrument, layout: Layout, columns: Columns, origin: Origin
) -> Reading:
    """The market of the columns; raises the `DataError` of the first rule that a bar breaks."""
    notes = [columns.assumed] if columns.assumed else []
    zone = _zone(raw, layout, columns, origin)
    if columns.utc and not raw.certain and layout.zone is None:
        notes.append("times are taken as UTC: the header says so")
    ends = _minutes(raw, columns.stamp, zone, origin)
    _rising(ends, origin)
    size = layout.bar_minutes or bar_minutes(ends, origin)
    _apart(ends, size, origin)
    minute = ends - size if columns.stamp is Stamp.CLOSE else ends
    prices = [
        _whole(values, name, instrument.tick, instrument.price_max, origin)
        for values, name in zip(raw.prices, PRICES, strict=True)
    ]
    _ordered(prices, instrument, origin)
    volume = _volume(raw.volume, len(minute), instrument, origin)
    if raw.volume is None:
        notes.append("there is no volume column: every volume is zero")
    for column in (minute, *prices, volume):
        column.flags.writeable = False
    market = Market(instrument, size, minute, prices[0], prices[1], prices[2], prices[3], volume)
    return Reading(market, zone.key, columns.stamp, tuple(notes))


def refuse(
    error: type[errors.DataError],
    bad: NDArray[np.bool_],
    message: str,
    remedy: str,
    origin: Origin,
) -> NoReturn:
    """Raise `error` for the first row of `bad`, counting the others."""
    row = int(bad.argmax())
    more = int(bad.sum()) - 1
    also = f", and {more:,} more like it" if more else ""
    place = origin.place(row)
    raise error(
        origin.path,
        f"{place}{': ' if place else ''}{message}{also}",
        remedy,
        origin.line(row),
    )


def _zone(raw: Raw, layout: Layout, columns: Columns, origin: Origin) -> ZoneInfo:
    if raw.certain:
        return ZoneInfo("UTC")
    if layout.zone is None and not columns.utc:
        raise errors.NoZone(
            origin.path,
            "the times carry no zone",
            "say whose clock they are, as in --zone America/New_York (or UTC)",
            origin.line(0),
        )
    return named_zone(layout.zone or "UTC", origin.path)


def named_zone(name: str, path: str) -> ZoneInfo:
    """The IANA zone of that name; raises `UnknownZone`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f"there is no time zone {name}"
        remedy = "use an IANA name such as UTC, America/New_York or Europe/London"
        raise errors.UnknownZone(path, message, remedy) from None


def _minutes(raw: Raw, stamp: Stamp, zone: ZoneInfo, origin: Origin) -> Ints:
    """The instants in minutes since the epoch; close stamps in a bar's last second round up."""
    minute = raw.instant // raw.per_minute
    rest = raw.instant - minute * raw.per_minute
    if rest.any():
        late = rest >= _LAST_SECOND * (raw.per_minute // 60)
        bad = (rest != 0) & ~late if stamp is Stamp.CLOSE else rest != 0
        if bad.any():
            message = "the time is not on a whole minute"
            remedy = "give bars of whole minutes; if times are closes, say --stamp close"
            refuse(errors.BadTime, bad, message, remedy, origin)
        minute += late
    if raw.certain or zone.key == "UTC":
        return minute
    try:
        return to_utc(minute, zone)
    except Twice as twice:
        raise _changed(errors.AmbiguousTime, minute, twice.row, zone, origin) from None
    except Never as never:
        raise _changed(errors.MissingTime, minute, never.row, zone, origin) from None


def _changed(
    error: type[errors.DataError], local: Ints, row: int, zone: ZoneInfo, origin: Origin
) -> errors.DataError:
    what = "happened twice" if error is errors.AmbiguousTime else "never was"
    message = f"the time {_shown(int(local[row]))} {what} in {zone.key}: the clocks changed"
    remedy = "export the file with UTC times or with offsets"
    return error(origin.path, message, remedy, origin.line(row))


def _rising(minute: Ints, origin: Origin) -> None:
    step = np.diff(minute)
    if not (step <= 0).any():
        return
    row = int((step <= 0).argmax()) + 1
    late = np.concatenate([[False], step <= 0])
    when = _shown(int(minute[row]))
    if step[row - 1] == 0:
        message = f"a second bar of {when} UTC"
        refuse(errors.DuplicateTime, late, message, "keep one bar of each minute", origin)
    remedy = "sort the file by time, oldest first"
    if (step < 0).all():
        remedy = "the file runs from newest to oldest: turn it round"
    message = f"the bar of {when} UTC comes after a later one"
    refuse(errors.UnorderedTime, late, message, remedy, origin)


def bar_minutes(minute: Ints, origin: Origin) -> int:
    """The size of a bar: the most common distance between two. Raises `NoBarSize`."""
    step = np.minimum(np.diff(minute), 1441)
    size = int(np.bincount(step).argmax()) if len(step) else 0
    if 0 < size <= 1440:
        return size
    message = "the size of a bar cannot be seen from the times"
    raise errors.NoBarSize(origin.path, message, "say it in minutes, as in --bar 1")


def _apart(minute: Ints, size: int, origin: Origin) -> None:
    step = np.diff(minute)
    bad = np.concatenate([[False], step < size])
    if bad.any():
        row = int(bad.argmax())
        message = f"this bar opens {step[row - 1]} min after the one before; a bar lasts {size}"
        remedy = "give bars of one size; if it is another, say it, as in --bar 1"
        refuse(errors.OverlappingBars, bad, message, remedy, origin)


def _whole(values: Reals, name: str, step: Fraction, bound: int, origin: Origin) -> Ints:
    """`values` in whole `step`s. Exact: only the nearest number is taken, and only if it is near.

    A price of up to 2^31 ticks differs by less than 1e-6 tick from its float, so the rounding
    finds the tick that the decimal text named. Larger counts (volumes in small steps) are given
    the float's own spacing.
    """
    finite = np.isfinite(values)
    if not finite.all():
        message = f"the {name} is no number: {_written(values, ~finite)}"
        remedy = "delete the bar or correct it; nothing is filled in"
        refuse(errors.BadNumber, ~finite, message, remedy, origin)
    with np.errstate(over="ignore"):
        counts = values * float(step.denominator)
        if step.numerator != 1:
            counts /= float(step.numerator)
    large = np.abs(counts) > bound
    if large.any():
        most = plain(bound * step)
        message = f"the {name} {_written(values, large)} is beyond {most}"
        remedy = "correct the value, or check that this is the right instrument"
        refuse(errors.TooLarge, large, message, remedy, origin)
    nearest = np.rint(counts)
    counts -= nearest
    np.abs(counts, out=counts)
    off = counts > (GRID if bound < 1 << 31 else np.maximum(GRID, np.abs(nearest) * 2.0**-51))
    if off.any():
        message = f"the {name} {_written(values, off)} is not a multiple of {plain(step)}"
        remedy = "check the instrument and its tick; adjusted prices do not lie on the grid"
        refuse(errors.OffGrid, off, message, remedy, origin)
    whole: Ints = nearest.astype(np.int64)
    return whole


def _ordered(prices: list[Ints], instrument: Instrument, origin: Origin) -> None:
    opens, highs, lows, closes = prices
    crossed = highs < lows
    if crossed.any():
        row = int(crossed.argmax())
        high, low = (plain(int(side[row]) * instrument.tick) for side in (highs, lows))
        message = f"the high {high} is below the low {low}"
        remedy = "correct or delete the bar; are the columns in the right order?"
        refuse(errors.HighBelowLow, crossed, message, remedy, origin)
    for name, values in (("open", opens), ("close", closes)):
        outside = (values > highs) | (values < lows)
        if outside.any():
            row = int(outside.argmax())
            price, high, low = (plain(int(s[row]) * instrument.tick) for s in (values, highs, lows))
            message = f"the {name} {price} lies outside the bar's {low} to {high}"
            refuse(errors.OutsideRange, outside, message, "correct or delete the bar", origin)


def _volume(values: Reals | None, count: int, instrument: Instrument, origin: Origin) -> Ints:
    if values is None:
        return np.zeros(count, np.int64)
    negative = values < 0
    if negative.any():
        message = f"the volume {_written(values, negative)} is below zero"
        refuse(errors.NegativeVolume, negative, message, "correct or delete the bar", origin)
    return _whole(values, "volume", instrument.volume_step, instrument.volume_max, origin)


def _written(values: Reals, bad: NDArray[np.bool_]) -> str:
    return repr(float(values[int(bad.argmax())]))


def _shown(minute: int) -> str:
    return str(np.datetime64(minute, "m")).replace("T", " ")
