"""The name that was probably meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.nearest import LENGTH_MAX, distance, nearest

WORDS = st.text("abc_", max_size=8)


@pytest.mark.parametrize(
    ("word", "names", "meant"),
    [
        ("invalidates", ["advance", "invalidate"], "invalidate"),
        ("bsae", ["base", "case"], "base"),
        ("Range-Min", ["range_max", "range_min"], "range_min"),
        ("clse", ["close", "open"], "close"),
        ("ad", ["to", "at"], "at"),
        ("spik", ["spike", "spike_ratio"], "spike"),
        ("consol", ["consolidation", "armed"], "consolidation"),
        ("xyz", ["open", "high"], None),
        ("b", ["a"], None),
        ("", ["a"], None),
        ("x" * (LENGTH_MAX + 1), ["x" * LENGTH_MAX], None),
    ],
)
def test_a_slip_of_the_pen_finds_its_name_and_another_word_does_not(
    word: str, names: list[str], meant: str | None
) -> None:
    assert nearest(word, names) == meant


def test_the_earlier_of_two_equally_near_names_is_given() -> None:
    assert nearest("tap", ["top", "tip", "tap2"]) == "top"


@pytest.mark.law
@given(WORDS, WORDS)
def test_the_distance_is_symmetric_and_nothing_only_between_equals(left: str, right: str) -> None:
    assert distance(left, right) == distance(right, left)
    assert (distance(left, right) == 0) == (left == right)
    assert distance(left, right) <= max(len(left), len(right))


@pytest.mark.law
@given(st.text("abcdefgh", min_size=4, max_size=12), st.data())
def test_two_swapped_letters_are_one_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert distance(word, swapped) == (word != swapped)
    assert nearest(swapped, [word]) == word
