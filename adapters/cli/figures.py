"""Prices, money, times and ratios as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from dsl.quantities import plain

if TYPE_CHECKING:
    from decimal import Decimal

    from dsl.ir.program import Instrument

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NONE: Final = "-"
"""What stands where there is no value."""


def places(step: Fraction) -> int:
    """The decimals in which multiples of a step are written: two at least for cents."""
    text = plain(step)
    return len(text.partition(".")[2])


def price(ticks: int, of: Instrument) -> str:
    """A price on the grid, with thousands separators and the decimals of the tick."""
    return number(Fraction(ticks) * of.tick, places(of.tick))


def distance(ticks: Fraction | int, of: Instrument) -> str:
    """A distance between prices in the instrument's points."""
    points = Fraction(ticks) * of.tick / of.point
    return f"{number(points, places(of.tick / of.point))} pt"


def number(value: Fraction | Decimal | float, decimals: int) -> str:
    """A number with thousands separators and so many decimals; minus zero is zero."""
    exact = Fraction(value)
    scaled = round(abs(exact) * 10**decimals)
    whole, rest = divmod(scaled, 10**decimals)
    sign = "-" if exact < 0 and scaled else ""
    return f"{sign}{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")


def money(amount: Fraction | Decimal, currency: str, *, sign: bool = False) -> str:
    """An amount to the cent; with `sign` a gain carries its plus."""
    plus = "+" if sign and round(Fraction(amount) * 100) > 0 else ""
    return f"{plus}{number(amount, 2)} {currency}"


def share(value: float | None, decimals: int = 1) -> str:
    """A share of one as a percentage."""
    return NONE if value is None else f"{number(value * 100, decimals)} %"


def ratio(value: float | None, decimals: int = 2) -> str:
    """A plain number, or a dash."""
    return NONE if value is None else number(value, decimals)


def local(minute: int, zone: str) -> datetime:
    """What a clock in `zone` shows at an instant (minutes since the epoch)."""
    return (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))


def when(minute: int, zone: str) -> str:
    """An instant on the clock of a zone, without the zone's name."""
    return f"{local(minute, zone):%Y-%m-%d %H:%M}"


def clock(minute: int, zone: str) -> str:
    """The time of day on the clock of a zone."""
    return f"{local(minute, zone):%H:%M}"


def utc(minute: int) -> str:
    """An instant as ISO 8601 in UTC."""
    return f"{EPOCH + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}"


def lasting(minutes: int) -> str:
    """A duration: minutes, or hours and minutes, or days."""
    if abs(minutes) < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest:02d} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 trade`, `2 trades`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
