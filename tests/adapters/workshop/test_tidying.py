"""Tidying changes blanks, never meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.workshop.templates import TEMPLATES
from adapters.workshop.tidying import tidied
from dsl.document import read_document
from tests.support.shipped import SHIPPED

MESSY = """lang:   1
strategy: x
params:
     a:   5 min
     bcd: 3 min   # note


     e: 1 pt
# comment for when
when:
   x:    close > open   \n
target:
   -  name: a
      at: 5 pt
   -    {name: b, at: 3}

"""
TIDY = """lang: 1
strategy: x
params:
  a:   5 min
  bcd: 3 min   # note

  e: 1 pt
# comment for when
when:
  x: close > open

target:
  - name: a
    at: 5 pt
  - {name: b, at: 3}
"""


def test_levels_get_two_columns_and_comments_stay() -> None:
    assert tidied(MESSY) == TIDY


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_strategy_is_tidy(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert tidied(text) == text


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_tidy(name: str) -> None:
    assert tidied(TEMPLATES[name].text) == TEMPLATES[name].text


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2\n", "", "\x00", "- x\n- y\n"])
def test_what_cannot_be_read_comes_back_as_it_was(text: str) -> None:
    assert tidied(text) == text


LINES = st.lists(
    st.sampled_from(
        [
            "a: 1",
            "b:   x > 2  ",
            "c:",
            "  d: {x: 1,   y: 2}",
            "    e: f",
            "# note",
            "",
            "g:",
            "- h: 1",
            "  - i: 2",
            "    j: 3",
            '  k: "q  # r"   # s',
            "  doc: |",
            "      long   text",
            "\tl: 1",
        ]
    ),
    max_size=14,
)


@given(LINES)
def test_tidying_twice_is_tidying_once_and_the_meaning_is_the_same(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    once = tidied(text)
    assert tidied(once) == once
    before, after = (read_document("", one.encode())[1] for one in (text, once))
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert before.root == after.root
    assert text.count("#") == once.count("#")
