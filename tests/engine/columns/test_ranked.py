"""Percentiles and ranks, against sorted lists."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import BarField, Const, Kind, Node, Over, Percentile, Rank, ToReal
from engine.domain.market import NA
from tests.engine.columns.test_windowed import window_at
from tests.support.bars import MONDAY, bars_from_rows
from tests.support.expressions import frame_over, frames_with_holes, overs, plain

if TYPE_CHECKING:
    from engine.columns.frame import Frame

VOLUME = BarField("volume")
operands = st.sampled_from([VOLUME, ToReal(VOLUME, 3)])


def flat(volume: list[int]) -> Frame:
    rows = [(MONDAY + i, 1, 1, 1, 1, v) for i, v in enumerate(volume)]
    return frame_over(bars_from_rows(rows))


@given(frames_with_holes(), operands, st.integers(0, 100), overs())
def test_a_percentile_is_the_nearest_rank(
    frame: Frame, operand: Node, share: int, over: Over
) -> None:
    windows = [window_at(row, operand, over, frame) for row in range(len(frame))]

    assert plain(Percentile(operand, Const(share), 100, over), frame) == [
        w and sorted(w)[max(1, math.ceil(Fraction(share, 100) * len(w))) - 1] for w in windows
    ]


@given(frames_with_holes(), operands, overs())
def test_a_rank_counts_the_values_that_are_at_most_this_one(
    frame: Frame, operand: Node, over: Over
) -> None:
    own = plain(operand, frame)
    windows = [window_at(row, operand, over, frame) for row in range(len(frame))]

    assert plain(Rank(operand, over), frame) == [
        None if w is None or mine is None else sum(v <= mine for v in w)
        for w, mine in zip(windows, own, strict=True)
    ]


def test_a_share_of_more_than_everything_is_na() -> None:
    over = Over(Const(2), before=False, where=None, across=True)

    assert plain(Percentile(VOLUME, Const(101), 100, over), flat([1, 2, 3])) == [None] * 3


@pytest.mark.parametrize("kind", [Kind.INT, Kind.REAL])
@pytest.mark.parametrize("bars", [1, 37, 50_000])
def test_long_columns_are_worked_off_in_blocks(kind: Kind, bars: int) -> None:
    volume = np.random.default_rng(bars).integers(0, 1 << 40, 70_000)
    frame = flat(volume.tolist())
    operand = VOLUME if kind is Kind.INT else ToReal(VOLUME, 1)
    over = Over(Const(bars), before=True, where=None, across=True)

    middle = plain(Percentile(operand, Const(50), 100, over), frame)

    place = max(1, math.ceil(bars / 2)) - 1
    for row in (bars, 60_000, 69_999):
        assert middle[row] == sorted(volume[row - bars : row].tolist())[place]
    assert middle[bars - 1] is None


@pytest.mark.parametrize("most", [(1 << 31) - 1, 1 << 31, (1 << 62)])
def test_small_and_large_numbers_are_ordered_alike(most: int) -> None:
    volume = [most, -most, 0, most - 1, 1 - most, NA, most, most, -most]
    over = Over(Const(3), before=False, where=None, across=True)

    assert plain(Percentile(VOLUME, Const(50), 100, over), flat(volume)) == [
        *(None, None, 0, 0, 0, None, None, None, most)
    ]


def test_ranks_in_long_columns_are_right_at_the_edges_of_blocks() -> None:
    volume = np.random.default_rng(3).integers(0, 50, 70_000).tolist()
    over = Over(Const(9), before=False, where=None, across=True)

    ranks = plain(Rank(VOLUME, over), flat(volume))

    for row in (8, 32_767, 32_768, 32_776, 65_535, 65_536, 69_999):
        assert ranks[row] == sum(v <= volume[row] for v in volume[row - 8 : row + 1])
    assert ranks[7] is None
