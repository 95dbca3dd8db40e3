"""Whether the best cell of a grid stands on a plateau or is a lone peak.

A strategy that works earns about as much with neighbouring parameters; a peak with nothing beside
it is most likely luck. Height is measured as advantage: how much better than the median cell, with
the best cell's own as the unit. So the answers do not depend on the scale of a figure, nor on
where its zero lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isfinite
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from engine.domain.market import Reals
    from engine.sweep.outcomes import Better
    from engine.sweep.plan import Grid

TOLERANCE: Final = 0.25
"""A cell of the plateau has lost no more than this share of the best cell's advantage."""
SUPPORT: Final = 0.5
"""A peak whose neighbours have less than this share of its advantage is a lone one."""


@dataclass(frozen=True, slots=True, eq=False)
class Plateau:
    """The best cell of a grid and what is around it.

    `place` of the best cell (a position on each axis; of several equally good ones the first) and
    its `figure`; `median` of all known cells; `level`: the figure a cell needs to belong.
    `cells` (the shape of the grid): known cells at that level or better that are connected with the
    best one through such cells, one step on one axis at a time; `share` of all known cells.
    `neighbours`: the mean figure of the known cells one step from the best on one axis (NaN where
    there is none), and `support` their mean advantage over its own: 1 as good as the peak, 0 as
    any cell, below 0 worse. Where half of the cells are as good as the best it is 1.
    """

    place: tuple[int, ...]
    figure: float
    median: float
    level: float
    cells: NDArray[np.bool_]
    share: float
    neighbours: float
    support: float

    @property
    def lonely(self) -> bool:
        """No neighbour is known, or together they keep less than `SUPPORT` of its advantage."""
        return not self.support >= SUPPORT


def on_grid(grid: Grid, indices: Sequence[int], figures: Reals) -> Reals:
    """The figures of some sets, by their number in the grid, in its shape; NaN for the others."""
    laid = np.full(len(grid), np.nan)
    laid[list(indices)] = figures
    return laid.reshape(grid.shape)


def plateau_of(
    figures: Reals,
    better: Better = "higher",
    tolerance: float = TOLERANCE,
    along: Sequence[int] | None = None,
) -> Plateau | None:
    """The plateau around the best cell of a grid; None where no figure is known (not NaN).

    `along`: the axes on which one step is a small one (default: all). Leave out choices, which
    have no neighbours.
    """
    known = np.isfinite(figures)
    if not known.any():
        return None
    sign = 1.0 if better == "higher" else -1.0
    heights = np.where(known, sign * figures, -np.inf)
    place = tuple(map(int, np.unravel_index(int(heights.argmax()), figures.shape)))
    axes = range(figures.ndim) if along is None else along
    peak, median = float(heights[place]), float(np.median(heights[known]))
    level = peak - tolerance * (peak - median)
    cells = _connected(heights >= level, place, axes)
    beside = [float(heights[one]) for one in _beside(place, figures.shape, axes) if known[one]]
    mean = fsum(beside) / len(beside) if beside else float("nan")
    return Plateau(
        place=place,
        figure=sign * peak,
        median=sign * median,
        level=sign * level,
        cells=cells,
        share=float(cells.sum() / known.sum()),
        neighbours=sign * mean,
        support=_advantage(mean, median, peak),
    )


def _advantage(height: float, median: float, peak: float) -> float:
    """How far a height is on the way from the median to the peak."""
    if peak > median:
        return (height - median) / (peak - median)
    # at least half of the cells are as good as the best: there is nothing to stand out from
    return 1.0 if isfinite(height) else height


def _beside(
    place: tuple[int, ...], shape: tuple[int, ...], axes: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """The cells one step away on one axis."""
    for axis in axes:
        for step in (-1, 1):
            position = place[axis] + step
            if 0 <= position < shape[axis]:
                yield (*place[:axis], position, *place[axis + 1 :])


def _connected(
    high: NDArray[np.bool_], place: tuple[int, ...], axes: Sequence[int]
) -> NDArray[np.bool_]:
    """The cells of `high` that can be reached from one of them."""
    reached = np.zeros(high.shape, bool)
    reached[place] = True
    waiting = [place]
    while waiting:
        for one in _beside(waiting.pop(), high.shape, axes):
            if high[one] and not reached[one]:
                reached[one] = True
                waiting.append(one)
    return reached
