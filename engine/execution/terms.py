"""What a run decides, as against the strategy: the account, the costs, the guesses inside a bar."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import Final


class TermsError(ValueError):
    """The terms of the run, or limits of the strategy, cannot be carried out as they stand."""


class SameBar(StrEnum):
    """Which comes first when a bar holds both the stop and a target."""

    STOP_FIRST = "stop_first"
    TARGET_FIRST = "target_first"


class Flat(StrEnum):
    """Where a position is closed whose session ends with the bar at hand."""

    CLOSE = "close"  # at that bar's close
    NEXT_OPEN = "next_open"  # at the first price after it: no order can be sent after a close


@dataclass(frozen=True, slots=True)
class Terms:
    """The account a run starts with and what trading costs it.

    `equity` and `commission` (a contract and fill) in the instrument's currency; `slippage` in
    ticks, against us on market and stop fills and never on limits: a stop may then be filled
    worse than the worst price of its bar. `same_bar` applies where a bar
    touches stop and target after its open; what its open already decides is no guess. `flat` says
    where the end of a session closes a position; live it can only be `Flat.NEXT_OPEN`.
    """

    equity: Fraction = Fraction(50_000)
    commission: Fraction = Fraction(0)
    slippage: int = 0
    same_bar: SameBar = SameBar.STOP_FIRST
    flat: Flat = Flat.CLOSE

    def __post_init__(self) -> None:
        """Refuse amounts that mean nothing."""
        if self.equity <= 0:
            raise TermsError(f"equity is {self.equity}: give an amount above 0")
        if self.commission < 0:
            raise TermsError(f"commission is {self.commission}: give 0 or more")
        if self.slippage < 0:
            raise TermsError(f"slippage is {self.slippage} ticks: give 0 or more")


_SMALLEST: Final = 1_000_000
_FINEST: Final = 10**12


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts as whole numbers of 1/`scale` of the currency, so that sums are exact."""

    scale: int

    @classmethod
    def for_amounts(cls, *amounts: Fraction) -> Money:
        """The coarsest unit of which every amount and a millionth are whole numbers.

        Raises `TermsError` where that unit would be too fine to count with.
        """
        scale = lcm(_SMALLEST, *(amount.denominator for amount in amounts))
        if scale > _FINEST:
            finest = max(amounts, key=lambda amount: amount.denominator)
            raise TermsError(
                f"the amount {finest} has too many decimals to be counted exactly: "
                "give the commission, the equity and the tick value in at most 12 decimals"
            )
        return cls(scale)

    def units(self, amount: Fraction) -> int:
        """The amount in units; it must be a whole number of them."""
        units = amount * self.scale
        if units.denominator != 1:
            raise TermsError(f"the amount {amount} is no whole number of 1/{self.scale}")
        return units.numerator

    def amount(self, units: int) -> Fraction:
        """The units as an amount of the currency, exactly."""
        return Fraction(int(units), self.scale)

    def decimal(self, units: int) -> Decimal:
        """The units as a decimal of the currency: exact, with no fewer than two decimals."""
        return decimal_of(self.amount(units), at_least=2)


def decimal_of(value: Fraction, at_least: int = 0) -> Decimal:
    """A fraction that ends in decimals as an exact `Decimal` with `at_least` so many of them.

    Raises `ValueError` for one that does not end, such as 1/3.
    """
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        raise ValueError(f"{value} does not end in decimals")
    places = max(twos, fives, at_least)
    digits = str(abs(value.numerator) * (10**places // value.denominator))
    return Decimal((int(value < 0), tuple(map(int, digits)), -places))
