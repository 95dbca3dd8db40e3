"""Written quantities to whole numbers: `0.25 pt` to ticks, `0.1 %` to a share, `2 h` to minutes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dsl.nearest import nearest
from dsl.units import Unit

if TYPE_CHECKING:
    from dsl.ir.program import Instrument

MILLION: Final = 1_000_000

ONE: Final = Fraction(1)

UNIT_WORDS: Final = {
    "min": (Unit.DURATION, ONE),
    "h": (Unit.DURATION, Fraction(60)),
    "bar": (Unit.BARS, ONE),
    "bars": (Unit.BARS, ONE),
    "%": (Unit.PERCENT, Fraction(1, 100)),
    "": (Unit.RATIO, ONE),
    "contract": (Unit.CONTRACTS, ONE),
    "contracts": (Unit.CONTRACTS, ONE),
    "R": (Unit.R, ONE),
}

PARAM_SCALE: Final = {Unit.PERCENT: MILLION, Unit.RATIO: MILLION, Unit.R: MILLION, Unit.MONEY: 100}
"""A parameter is a whole number; these units are held in such parts of one."""

WHOLE: Final = {
    Unit.DURATION: "minutes are whole: bars are at least a minute long",
    Unit.BARS: "a number of bars is whole",
    Unit.CONTRACTS: "a number of contracts is whole",
}


class BadQuantity(Exception):
    """The text is no quantity of this instrument: a code, a message and a way out."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        """What to tell the writer."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity in its base unit: ticks, minutes, bars, shares of one, currency units."""

    unit: Unit
    value: Fraction


def amount(value: Fraction, word: str, instrument: Instrument) -> Amount:
    """The quantity `value word`. Raises `BadQuantity` (E010, E011, E001)."""
    if word in {"pt", "pts", "point", "points", "pip", "pips", "tick", "ticks"}:
        return Amount(Unit.POINTS, _ticks(value, word, instrument))
    if word == instrument.currency:
        return Amount(Unit.MONEY, value)
    if word not in UNIT_WORDS:
        raise _unknown(word, instrument)
    unit, factor = UNIT_WORDS[word]
    found = value if factor is ONE else value * factor  # most: and fractions are slow
    if unit in WHOLE and found.denominator != 1:
        raise BadQuantity("E001", f"{plain(value)} {word} is not a whole number", WHOLE[unit])
    return Amount(unit, found)


def _ticks(value: Fraction, word: str, instrument: Instrument) -> Fraction:
    if word in {"tick", "ticks"}:
        ticks = value
    elif word in {"pip", "pips"} and instrument.point == 1:
        raise BadQuantity(
            "E011",
            f"`{word}` has no meaning for {instrument.symbol}",
            f"use pt (1.00) or ticks ({plain(instrument.tick)})",
        )
    else:
        ticks = value * instrument.point / instrument.tick
    if ticks.denominator != 1:
        below = Fraction(ticks.numerator // ticks.denominator) * instrument.tick / instrument.point
        above = below + instrument.tick / instrument.point
        raise BadQuantity(
            "E010",
            f"{plain(value)} {word} is {plain(ticks)} ticks; "
            f"the tick of {instrument.symbol} is {plain(instrument.tick)}",
            f"write {plain(below)} pt or {plain(above)} pt",
        )
    return ticks


def _unknown(word: str, instrument: Instrument) -> BadQuantity:
    words = [*(w for w in UNIT_WORDS if w), "pt", "ticks", instrument.currency]
    guess = nearest(word, words)
    listed = "the units are min, h, bars, pt, ticks, %, contracts, R and " + instrument.currency
    return BadQuantity(
        "E011", f"unknown unit `{word}`", f"did you mean `{guess}`? {listed}" if guess else listed
    )


def plain(value: Fraction) -> str:
    """A fraction as decimal text, exact where that ends, else to eight places."""
    if value.denominator == 1:
        return str(value.numerator)
    places = next((n for n in range(1, 13) if (value * 10**n).denominator == 1), 8)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
