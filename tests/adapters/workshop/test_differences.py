"""What a change does: in the lines of the text, and in the trades."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.workshop.differences import TradeDifference, in_words, text_difference
from adapters.workshop.errors import NotFound
from adapters.workshop.trials import Trial, Trials
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

VWAP = next(path for path in SHIPPED if path.stem == "vwap_reversion").read_text("utf-8")


def test_a_line_that_changed_a_little_says_which_letters() -> None:
    (hunk,) = text_difference("a: 1\nb: 2\n", "a: 1\nb: 3\n").hunks
    assert [(line.kind, line.before, line.after, line.text) for line in hunk] == [
        ("same", 1, 1, "a: 1"),
        ("gone", 2, 0, "b: 2"),
        ("new", 0, 2, "b: 3"),
    ]
    assert [piece.text for piece in hunk[1].pieces if piece.changed] == ["2"]


TEXTS = st.lists(st.sampled_from(["a", "b: 1", "", "  c"]), max_size=12).map("\n".join)


@given(TEXTS, TEXTS)
def test_the_lines_of_a_difference_are_those_of_the_texts(before: str, after: str) -> None:
    found = text_difference(before, after)
    old, new = before.splitlines(), after.splitlines()
    for hunk in found.hunks:
        for line in hunk:
            assert not line.before or old[line.before - 1] == line.text
            assert not line.after or new[line.after - 1] == line.text
    assert bool(found.hunks) == (old != new)
    assert len(new) - len(old) == found.new - found.gone


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"vanished": 3, "moved": 1}, "this change removes 3 trades and moves 1"),
        ({"vanished": 1}, "this change removes 1 trade"),
        (
            {"appeared": 2, "vanished": 1, "moved": 4},
            "this change removes 1 trade, adds 2 and moves 4",
        ),
        ({"the same": 7}, "this change leaves all 7 trades as they are"),
        ({}, "there is no trade before or after this change"),
    ],
)
def test_the_trades_in_a_sentence(counts: dict[str, int], words: str) -> None:
    assert in_words(counts) == words


def over(trial: Trial) -> Trial:
    deadline = time.monotonic() + 90
    while not trial.is_over and time.monotonic() < deadline:
        time.sleep(0.02)
    assert trial.is_over
    return trial


def test_what_a_change_does_to_the_trades_is_worked_out_beside_the_page(tmp_path: Path) -> None:
    with Trials(tmp_path) as trials:
        trial = over(trials.begin(VWAP, VWAP.replace("default: 5.0", "default: 6.0")))
        found = trial.result
        assert isinstance(found, TradeDifference)
        assert found.counts["vanished"] > 0
        assert found.sentence.startswith("this change removes")
        assert all((one.before is None) == (one.word == "appeared") for one in found.changes)
        assert found.bars > 80_000
        assert trials.begin(VWAP, VWAP.replace("default: 5.0", "default: 6.0")) is trial
        bad = over(trials.begin(VWAP, "lang: 1\n"))
        assert "the version after has" in bad.message
        assert bad.remedy
        with pytest.raises(NotFound):
            trials.trial("gone")


def test_a_comparison_is_cancelled(tmp_path: Path) -> None:
    with Trials(tmp_path) as trials:
        trial = trials.begin(VWAP, VWAP + "# x\n")
        trials.cancel(trial.id)
        assert over(trial).is_cancelled
        assert trial.result is None
