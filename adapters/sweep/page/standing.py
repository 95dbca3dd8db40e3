"""How the best set stands among its neighbours: on a plateau, or alone."""

from __future__ import annotations

from math import isnan, prod
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.sweep.page.source import Surroundings
from adapters.sweep.page.words import counted
from adapters.sweep.study import Method
from engine.statistics.table import percent
from engine.sweep.plateau import TOLERANCE, on_grid, plateau_of

if TYPE_CHECKING:
    from adapters.sweep.study import Study
    from engine.sweep.plateau import Plateau

CELLS: Final = 4_000_000
"""A grid of more cells, of which only some were tried, is not searched for a plateau."""

UNTOLD: Final = "No set beside it was tried: whether it is a lone peak cannot be told."


def around_of(study: Study) -> Surroundings | None:
    """How the best set stands among its neighbours; None without a best, or on too large a grid.

    Sets that were never tried say nothing, so where no neighbour was it is not called a lone peak.
    """
    shape = tuple(len(axis.values) for axis in study.axes)
    if study.best is None or prod(shape) > CELLS:
        return None
    numbers = np.ravel_multi_index(tuple(study.levels.T), shape)
    laid = on_grid(study.grid, numbers.tolist(), study.figures(study.metric))
    along = [number for number, axis in enumerate(study.axes) if axis.ordered]
    plateau = plateau_of(laid, study.figure.better or "higher", along=along)
    assert plateau is not None
    inside = plateau.cells[tuple(study.levels.T)]
    inside[study.best] = True
    members = tuple(np.flatnonzero(inside).tolist())
    untold = isnan(plateau.support) and not (study.method is Method.GRID and along)
    words = UNTOLD if untold else standing(plateau, len(members))
    return Surroundings(members, plateau.lonely and not untold, words)


def standing(plateau: Plateau, members: int) -> str:
    """A plateau, or a lone peak, in a sentence; `members` counts the sets of it."""
    if isnan(plateau.support):
        return "A lone peak: no set beside it has any figure to compare."
    kept = f"keep {percent(plateau.support, 0)} of its lead over the median set"
    if plateau.support <= 0:
        kept = "are no better than the median set"
    if plateau.lonely:
        return f"A lone peak: the sets beside it {kept}. A small change of a parameter loses it."
    if members == 1:
        return f"No set beside it comes within {percent(TOLERANCE, 0)}, yet on average they {kept}."
    return (
        f"On a plateau of {counted(members, 'set')}, {percent(plateau.share)} of all, that keep at "
        f"least {percent(1 - TOLERANCE, 0)} of its lead over the median set; those right beside it "
        f"{kept.removesuffix(' over the median set')} on average."
    )
