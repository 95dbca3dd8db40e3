"""Written quantities: as whole numbers, and as text again."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dsl.quantities import plain


@given(st.integers(-(10**15), 10**15), st.integers(0, 12))
def test_a_fraction_that_ends_is_written_exactly(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    assert Fraction(plain(value)) == value
    assert plain(value) == plain(Fraction(plain(value)))


@given(st.fractions())
def test_any_other_is_written_to_eight_places(value: Fraction) -> None:
    assert abs(Fraction(plain(value)) - value) < Fraction(1, 10**8)
