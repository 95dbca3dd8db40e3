"""Plateaus and lone peaks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from engine.sweep.plan import Axis, Grid
from engine.sweep.plateau import SUPPORT, on_grid, plateau_of

NAN = float("nan")
if TYPE_CHECKING:
    from engine.domain.market import Reals

SURFACES = arrays(
    np.float64,
    array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.integers(-20, 20).map(float) | st.just(NAN),
)


def hill(rows: int, columns: int, *, width: float) -> Reals:
    """One round hill in the middle of a flat country."""
    y, x = np.mgrid[:rows, :columns]
    away = (y - rows // 2) ** 2 + (x - columns // 2) ** 2
    made: Reals = np.exp(-away / (2 * width**2))
    return made


def test_a_broad_hill_is_a_plateau() -> None:
    found = plateau_of(hill(11, 11, width=4.0))
    assert found is not None
    assert found.place == (5, 5)
    assert not found.lonely
    assert found.support > 0.9
    assert found.cells.sum() == 9
    assert found.share == found.cells.sum() / 121


def test_a_needle_is_a_lone_peak() -> None:
    found = plateau_of(hill(11, 11, width=0.4))
    assert found is not None
    assert found.lonely
    assert found.support < 0.1
    assert found.cells.sum() == 1


def test_by_hand() -> None:
    figures = np.array(
        [
            [0.0, 0.0, 7.0, 0.0],
            [2.0, 8.0, 10.0, 8.0],
            [9.0, 0.0, 2.0, 8.0],
        ]
    )
    found = plateau_of(figures, tolerance=0.3)
    assert found is not None
    assert (found.place, found.figure, found.median) == ((1, 2), 10.0, 4.5)
    assert found.level == 10.0 - 0.3 * 5.5  # 8.35: no other cell is as high
    assert found.cells.sum() == 1
    wider = plateau_of(figures, tolerance=0.5)
    assert wider is not None
    assert wider.level == 7.25
    # the 9 in the corner is as high, but only the 2 and the 0 lead there
    assert np.argwhere(wider.cells).tolist() == [[1, 1], [1, 2], [1, 3], [2, 3]]
    assert wider.share == 4 / 12
    assert wider.neighbours == (7 + 8 + 8 + 2) / 4
    assert wider.support == (6.25 - 4.5) / 5.5
    assert wider.lonely


def test_lower_may_be_better() -> None:
    figures = hill(9, 9, width=3.0)
    higher, lower = plateau_of(figures), plateau_of(-figures, "lower")
    assert higher is not None
    assert lower is not None
    assert (lower.place, lower.support) == (higher.place, higher.support)
    assert (lower.figure, lower.level, lower.median) == (
        -higher.figure,
        -higher.level,
        -higher.median,
    )
    assert (lower.cells == higher.cells).all()


def test_a_choice_has_no_neighbours() -> None:
    figures = np.array([[1.0, 1.0, 1.0], [5.0, 6.0, 5.0], [1.0, 1.0, 1.0]])
    both, within = plateau_of(figures), plateau_of(figures, along=[1])
    assert both is not None
    assert within is not None
    assert both.neighbours == 3.0
    assert within.neighbours == 5.0
    assert (both.lonely, within.lonely) == (True, False)


@pytest.mark.parametrize("figures", [[3.0], [NAN, 3.0, NAN]])
def test_a_peak_without_any_known_neighbour_is_lonely(figures: list[float]) -> None:
    found = plateau_of(np.array(figures))
    assert found is not None
    assert found.lonely
    assert np.isnan(found.neighbours)


def test_a_flat_country_has_no_peak_to_be_lonely() -> None:
    found = plateau_of(np.full((3, 4), 2.0))
    assert found is not None
    assert found.cells.all()
    assert (found.support, found.lonely) == (1.0, False)


def test_nothing_known_is_no_plateau() -> None:
    assert plateau_of(np.full((2, 2), NAN)) is None


@given(SURFACES, st.floats(0, 1))
def test_the_plateau_holds_the_best_cell_and_only_known_cells_at_its_level(
    figures: Reals,
    tolerance: float,
) -> None:
    found = plateau_of(figures, tolerance=tolerance)
    if found is None:
        assert np.isnan(figures).all()
        return
    assert found.figure == np.nanmax(figures)
    assert found.cells[found.place]
    assert (figures[found.cells] >= found.level).all()
    assert 0 < found.share <= 1
    assert found.lonely == (not found.support >= SUPPORT)


@given(SURFACES)
def test_a_wider_tolerance_never_makes_the_plateau_smaller(
    figures: Reals,
) -> None:
    found = [plateau_of(figures, tolerance=one) for one in (0.0, 0.2, 0.6, 1.0)]
    for narrow, wide in pairwise(found):
        if narrow is not None and wide is not None:
            assert (narrow.cells <= wide.cells).all()


@given(SURFACES, st.sampled_from([0.5, 2.0, 4.0]), st.integers(-8, 8))
def test_neither_the_scale_nor_the_zero_of_a_figure_matters(
    figures: Reals,
    scale: float,
    zero: int,
) -> None:
    before, after = plateau_of(figures), plateau_of(figures * scale + zero)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert after.place == before.place
        assert (after.cells == before.cells).all()
        assert after.lonely == before.lonely


@given(SURFACES)
def test_mirroring_an_axis_mirrors_the_plateau(
    figures: Reals,
) -> None:
    if (figures == np.nanmax(figures, initial=-99)).sum() != 1:
        return  # of equally good cells the first is taken
    before, after = plateau_of(figures), plateau_of(figures[::-1])
    assert before is not None
    assert after is not None
    assert (after.cells[::-1] == before.cells).all()
    assert after.lonely == before.lonely
    assert after.support == before.support or np.isnan([after.support, before.support]).all()


def test_a_sample_of_sets_is_laid_out_in_the_shape_of_its_grid() -> None:
    grid = Grid((Axis("a", (1, 2)), Axis("b", (1, 2, 3))))
    laid = on_grid(grid, [4, 0], np.array([7.0, 5.0]))
    np.testing.assert_equal(laid, [[5.0, NAN, NAN], [NAN, 7.0, NAN]])
