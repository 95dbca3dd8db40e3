"""The exponential mean, against its formula run by hand."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import BarField, Const, Ema, InSession, ToReal
from engine.columns import smoothing
from tests.support.bars import MONDAY, bars_from_rows
from tests.support.expressions import SESSION_NAMES, days, frame_over, frames_with_holes, plain

if TYPE_CHECKING:
    from engine.columns.frame import Frame

OPERAND = ToReal(BarField("volume"), 3)


def by_hand(values: list[float | None], bars: int) -> list[float | None]:
    """One run of the mean; a na spoils the rest of it."""
    alpha = 2.0 / float(bars + 1)
    means: list[float | None] = []
    for x in values:
        y = means[-1] if means else x
        known = x is not None and y is not None
        means.append(y + alpha * (x - y) if known and x is not None and y is not None else None)
    return means


@given(
    frames_with_holes(), st.integers(1, 30), st.one_of(st.none(), st.sampled_from(SESSION_NAMES))
)
def test_a_mean_starts_anew_with_each_date_or_session(
    frame: Frame, bars: int, session: str | None
) -> None:
    values, held = plain(OPERAND, frame), [True] * len(frame)
    if session is not None:
        held = plain(InSession(session), frame)
    expected: list[float | None] = []
    runs = groupby(range(len(frame)), key=lambda row: (days(frame)[row], held[row]))
    for (_, inside), rows in runs:
        run = [values[row] for row in rows]
        expected += by_hand(run, bars) if inside else [None] * len(run)

    assert plain(Ema(OPERAND, Const(bars), session), frame) == expected


def test_many_runs_are_smoothed_to_the_bit_like_one() -> None:
    """Runs of different lengths, more of them than are worked off one by one."""
    rng = np.random.default_rng(5)
    lengths = [7, 300, 1, 50, 300, 2, 9, 81, 33, 120, 64, 5]
    assert len(lengths) > smoothing._FEW
    rows = [
        (MONDAY + day * 1440 + i, 1, 1, 1, 1, int(rng.integers(0, 10_000)))
        for day, length in enumerate(lengths)
        for i in range(length)
    ]
    frame = frame_over(bars_from_rows(rows))
    values = plain(OPERAND, frame)

    expected: list[float | None] = []
    for length in lengths:
        expected += by_hand(values[len(expected) : len(expected) + length], 20)

    assert plain(Ema(OPERAND, Const(20), None), frame) == expected
