"""Prices and amounts as exact decimal text."""

from __future__ import annotations

from fractions import Fraction


def price_text(ticks: float, tick: Fraction) -> str:
    """A price in ticks as people write it, exact."""
    return decimal_text(Fraction(ticks) * tick)


def decimal_text(value: Fraction) -> str:
    """A fraction that has an end as a decimal number; others to ten places."""
    places = next((n for n in range(11) if (value * 10**n).denominator == 1), 10)
    whole = round(value * 10**places)
    sign, digits = "-" if whole < 0 else "", str(abs(whole)).zfill(places + 1)
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
