"""Prices as exact decimal text."""

from __future__ import annotations

from fractions import Fraction

from dsl.quantities import plain


def price_text(ticks: float, tick: Fraction) -> str:
    """A price in ticks as people write it, exact."""
    return plain(Fraction(ticks) * tick)
