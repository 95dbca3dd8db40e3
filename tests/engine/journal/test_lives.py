"""Candidates folded from decision rows."""

from __future__ import annotations

import numpy as np

from engine.journal.decisions import Decision
from engine.journal.lives import Life, lives_of


def rows(*cells: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([[*cell, *([0] * 2)] for cell in cells], np.int64).reshape(-1, 9)


START, ADVANCE, DEAD, ENTRY = Decision


def test_each_candidate_is_followed_to_its_end() -> None:
    found = lives_of(
        rows(
            (5, START, 0, 1, 5, -1, -1),
            (6, START, 0, 2, 6, -1, -1),
            (7, ADVANCE, 0, 1, 5, 0, 1),
            (8, DEAD, 0, 2, 6, 0, 3),
            (9, ENTRY, 0, 1, 5, 1, 2),
            (11, START, 1, 1, 11, -1, -1),
            (12, ADVANCE, 1, 1, 11, 0, 1),
        )
    )
    assert found == (
        Life(0, 1, started=5, stage=1, ended=9, end=ENTRY, cause=2),
        Life(0, 2, started=6, stage=0, ended=8, end=DEAD, cause=3),
        Life(1, 1, started=11, stage=1),
    )


def test_a_candidate_is_alive_on_the_bars_between_its_first_and_its_last() -> None:
    life = Life(0, 1, started=5, ended=8, end=DEAD)
    assert [row for row in range(12) if life.is_alive_at(row)] == [6, 7, 8]
    assert [row for row in range(8) if Life(0, 1, started=5).is_alive_at(row)] == [6, 7]


def test_no_rows_are_no_candidates() -> None:
    assert lives_of(np.zeros((0, 9), np.int64)) == ()
