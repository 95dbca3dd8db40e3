"""Bars out of IB's history: which pieces to ask for, and what its errors mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from adapters.ib.contracts import WHAT
from adapters.ib.port import Bar, DataRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.ib.port import ContractInfo, RequestRefused
    from dsl.ir.program import History, Instrument

_MINUTE: Final = 60
_DAY: Final = 86_400

SIZES: Final[Mapping[int, str]] = {
    1: "1 min",
    2: "2 mins",
    3: "3 mins",
    5: "5 mins",
    10: "10 mins",
    15: "15 mins",
    20: "20 mins",
    30: "30 mins",
    60: "1 hour",
    120: "2 hours",
    180: "3 hours",
    240: "4 hours",
    480: "8 hours",
}
"""Bars that IB has, by their minutes."""

_REACH: Final = ((30, "1 M"), (3, "1 W"), (2, "2 D"), (1, "1 D"))
"""How far back one request may go for bars of so many minutes (IB: valid durations by bar size)."""


class Trouble(StrEnum):
    """Why history was not given."""

    NOTHING = "nothing"  # there are no such bars
    PACING = "pacing"  # too many requests: later
    DOWN = "down"  # not at the moment
    REFUSED = "refused"  # not at all: no subscription, or a request IB finds invalid


_WORDS: Final = (
    ("no data", Trouble.NOTHING),
    ("pacing", Trouble.PACING),
    ("disconnected", Trouble.DOWN),
    ("connect", Trouble.DOWN),
    ("cancelled", Trouble.DOWN),
    ("permission", Trouble.REFUSED),
    ("subscri", Trouble.REFUSED),
)


def trouble_of(refused: RequestRefused) -> Trouble:
    """What an error of a history request means: 162 says it only in its words."""
    if refused.code in (200, 321, 354, 10089, 10090, 10167, 10168):
        return Trouble.REFUSED
    text = refused.text.lower()
    return next((trouble for word, trouble in _WORDS if word in text), Trouble.DOWN)


@dataclass(frozen=True, slots=True)
class Request:
    """One history request: its end as IB writes it (empty: now), how far back, what bars."""

    end: str
    duration: str
    size: str
    what: str


def size_of(bar_minutes: int) -> str:
    """IB's word for bars of so many minutes; raises `DataRefused`."""
    found = SIZES.get(bar_minutes)
    if found is None:
        known = ", ".join(map(str, SIZES))
        raise DataRefused(f"IB has no bars of {bar_minutes} minutes: choose one of {known}")
    return found


def before(contract: ContractInfo, bar_minutes: int, minute: int | None) -> Request:
    """As many bars as one request may bring, up to a minute or now."""
    duration = next(reach for least, reach in _REACH if bar_minutes >= least)
    end = "" if minute is None else instant(minute)
    return Request(end, duration, size_of(bar_minutes), what_of(contract))


def lately(contract: ContractInfo, bar_minutes: int) -> Request:
    """Some bars up to now, and from then on as they come."""
    request = before(contract, bar_minutes, None)
    return replace(request, duration="3600 S") if bar_minutes == 1 else request


def latest(contract: ContractInfo, bar_minutes: int) -> Request:
    """A few bars up to now, the one at hand included."""
    request = before(contract, bar_minutes, None)
    return replace(request, duration=f"{max(120, 3 * bar_minutes * _MINUTE)} S")


def between(contract: ContractInfo, bar_minutes: int, since: int, until: int) -> Request:
    """The bars that open from minute `since` up to `until`, as far as one request reaches.

    Some more are asked for: what is counted back from a pause would end short of it.
    """
    seconds = (until - since + 2 * bar_minutes) * _MINUTE
    if seconds <= _DAY:
        duration = f"{max(seconds, 120)} S"
    elif bar_minutes == 1:
        duration = "1 D"
    else:
        longest = 7 if bar_minutes >= 3 else 2
        duration = f"{min(longest, ceil(seconds / _DAY))} D"
    return Request(instant(until), duration, size_of(bar_minutes), what_of(contract))


def enough_for(needs: History, date_of: Callable[[int], int]) -> Callable[[Sequence[Bar]], bool]:
    """Whether bars are what a program needs before its first decision, for `warm_up`.

    `date_of` gives the trading date of a minute. The first date of the bars counts as torn, and the
    last one is today's.
    """
    dates_needed = needs.dates + 2 if needs.dates else 0

    def enough(bars: Sequence[Bar]) -> bool:
        dates = {date_of(bar.minute) for bar in bars} if dates_needed else set()
        return len(bars) >= needs.bars and len(dates) >= dates_needed

    return enough


def what_of(contract: ContractInfo) -> str:
    """What a contract's bars are made of."""
    return WHAT.get(contract.kind, "TRADES")


def instant(minute: int) -> str:
    """A minute as IB reads it, in UTC."""
    return f"{datetime.fromtimestamp(minute * _MINUTE, UTC):%Y%m%d-%H:%M:%S}"


def bar_of(contract: ContractInfo, told: Any) -> Bar:
    """A bar in ticks of what a library decoded; raises `ValueError` for what cannot be a bar.

    Its date must be seconds since the epoch, as asked for with format 2.
    """
    date = told.date
    seconds = int(date.timestamp()) if isinstance(date, datetime) else int(date)
    prices = (told.open, told.high, told.low, told.close)
    return made(contract, seconds, prices, told.volume)


def made(contract: ContractInfo, seconds: int, prices: tuple[float, ...], volume: float) -> Bar:
    """A bar of prices as IB tells them."""
    instrument = contract.instrument
    rounds = contract.kind in WHAT  # a middle of bid and ask lies between two steps
    opened, high, low, close = (ticks_of(instrument, price, rounds=rounds) for price in prices)
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(f"a bar whose prices {prices} contradict one another")
    return Bar(seconds // _MINUTE, opened, high, low, close, volume_of(instrument, volume))


def ticks_of(instrument: Instrument, price: float, *, rounds: bool = False) -> int:
    """A price in ticks; raises `ValueError` for one off the grid, unless that may be rounded."""
    tick = instrument.tick
    near = round(price * tick.denominator / tick.numerator)
    if near * tick.numerator / tick.denominator == price:
        return near  # the number nearest to that price of the grid, as everybody writes it
    ticks = Fraction(repr(float(price))) / tick
    if ticks.denominator != 1 and not rounds:
        raise ValueError(f"the price {price} of {instrument.symbol} is not on its grid")
    return round(ticks)


def volume_of(instrument: Instrument, volume: float) -> int:
    """A volume in the instrument's steps, rounded down; -1, which means none is told, is 0."""
    if instrument.volume_step == 1:
        return max(0, int(volume))
    return max(0, Fraction(repr(float(volume))) // instrument.volume_step)
