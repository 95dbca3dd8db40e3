"""Lags and windows, against their definitions over lists."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import (
    BarField,
    BarsSince,
    Compare,
    Const,
    Lag,
    Node,
    Over,
    Param,
    ToReal,
    Window,
)
from engine.columns.windowed import rolling_sum
from tests.support.bars import MONDAY, bars_from_rows
from tests.support.expressions import days, frame_over, frames_with_holes, overs, plain

if TYPE_CHECKING:
    from engine.columns.frame import Frame

VOLUME = BarField("volume")
UP = Compare(">", VOLUME, Const(0))
SUMMARY: dict[str, Any] = {"highest": max, "lowest": min, "sum": sum, "count": sum}


def window_at(row: int, operand: Node, over: Over, frame: Frame) -> list[Any] | None:
    """The values a row's window holds, None where it cannot be filled or holds a na."""
    values, day = plain(operand, frame), days(frame)
    where = plain(over.where, frame) if over.where is not None else None
    rows = [
        earlier
        for earlier in range(row if over.before else row + 1)
        if (over.across or day[earlier] == day[row])
        and (where is None or (where[earlier] is True and values[earlier] is not None))
    ]
    bars = plain(over.bars, frame)[row]
    held = [values[earlier] for earlier in rows[-bars:]]
    return held if len(held) == bars and None not in held else None


@given(frames_with_holes(), st.sampled_from(["highest", "lowest", "sum"]), overs())
def test_a_window_of_whole_numbers_is_summed_up(frame: Frame, op: str, over: Over) -> None:
    windows = [window_at(row, VOLUME, over, frame) for row in range(len(frame))]

    assert plain(Window(op, VOLUME, over), frame) == [w and SUMMARY[op](w) for w in windows]


@given(frames_with_holes(), st.sampled_from(["highest", "lowest"]), overs())
def test_a_window_of_reals_has_a_highest_and_a_lowest(frame: Frame, op: str, over: Over) -> None:
    operand = ToReal(VOLUME, 3)
    windows = [window_at(row, operand, over, frame) for row in range(len(frame))]

    assert plain(Window(op, operand, over), frame) == [w and SUMMARY[op](w) for w in windows]


@given(frames_with_holes(), overs())
def test_a_count_is_of_the_rows_that_are_true(frame: Frame, over: Over) -> None:
    windows = [window_at(row, UP, over, frame) for row in range(len(frame))]

    assert plain(Window("count", UP, over), frame) == [w and sum(w) for w in windows]


@pytest.mark.parametrize("bars", range(1, 40))
@pytest.mark.parametrize("op", ["highest", "lowest", "sum"])
def test_windows_of_every_length_are_right(op: str, bars: int) -> None:
    volume = np.random.default_rng(bars).integers(-99, 99, 45).tolist()
    rows = [(MONDAY + i, 1, 1, 1, 1, v) for i, v in enumerate(volume)]
    over = Over(Const(bars), before=False, where=None, across=True)

    column = plain(Window(op, VOLUME, over), frame_over(bars_from_rows(rows)))

    assert column == [
        SUMMARY[op](volume[i + 1 - bars : i + 1]) if i + 1 >= bars else None for i in range(45)
    ]


@pytest.mark.parametrize("bars", [0, -3, 1000])
def test_a_window_that_cannot_be_filled_is_na_on_every_row(bars: int) -> None:
    frame = frame_over(bars_from_rows([(MONDAY + i, 1, 1, 1, 1, i) for i in range(5)]))

    for where in (None, UP):
        over = Over(Const(bars), before=False, where=where, across=True)
        assert plain(Window("sum", VOLUME, over), frame) == [None] * 5


def test_the_bars_of_a_window_may_be_a_parameter() -> None:
    frame = frame_over(bars_from_rows([(MONDAY + i, 1, 1, 1, 1, i) for i in range(4)]))
    over = Over(Param("two"), before=True, where=None, across=False)

    assert plain(Window("sum", VOLUME, over), frame) == [None, None, 1, 3]


@given(st.lists(st.integers(-(1 << 61), 1 << 61), max_size=60))
def test_sums_are_exact_even_where_the_total_of_the_column_wraps_round(values: list[int]) -> None:
    sums = rolling_sum(np.array(values, np.int64), 2)

    assert sums.tolist() == [a + b for a, b in itertools.pairwise(values)]


@given(frames_with_holes(), st.integers(0, 50), st.booleans())
def test_a_lag_is_the_value_some_rows_ago(frame: Frame, bars: int, across: bool) -> None:  # noqa: FBT001
    day = days(frame)
    for operand in (VOLUME, ToReal(VOLUME, 2), UP):
        values = plain(operand, frame)

        assert plain(Lag(operand, Const(bars), across), frame) == [
            values[row - bars] if row >= bars and (across or day[row - bars] == day[row]) else None
            for row in range(len(frame))
        ]


@given(frames_with_holes(), st.booleans())
def test_rows_are_counted_since_the_condition_was_last_true(frame: Frame, across: bool) -> None:  # noqa: FBT001
    day, up = days(frame), plain(UP, frame)

    def since(row: int) -> int | None:
        seen = [r for r in range(row + 1) if up[r] is True and (across or day[r] == day[row])]
        return row - seen[-1] if seen else None

    assert plain(BarsSince(UP, across), frame) == [since(row) for row in range(len(frame))]
