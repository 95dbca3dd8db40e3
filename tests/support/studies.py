"""Studies with made-up figures: a smooth hill over the axes, some noise, and holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adapters.sweep.grid import read_axes
from adapters.sweep.study import Method, State, Study
from engine.execution.terms import Terms
from engine.sweep.folds import Fold, Span
from engine.sweep.outcomes import METRICS, Outcomes
from engine.sweep.plan import Axis, Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Program
    from engine.domain.market import Reals

FIRST = 20_362  # 2025-10-01
DATES = 64
GRID = ("consol_min=3..9/1", "rr_min=0..2/0.5", "sizing=fixed_risk,atr")


def hill_study(
    program: Program,
    grid: Sequence[str] = GRID,
    *,
    folds: int = 0,
    missing: int = 0,
    metric: str = "sharpe",
    seed: int = 1,
) -> Study:
    """Every set of a grid but the last `missing`, of which every 17th has no trade."""
    reading = read_axes(program, grid)
    assert not reading.findings, reading.findings
    axes = reading.axes
    plan = Grid(tuple(Axis(axis.name, axis.values) for axis in axes))
    tried = range(len(plan) - missing)
    sets = np.array([plan.set_at(index) for index in tried], np.int64).reshape(-1, len(axes))
    places = np.array([plan.place(index) for index in tried], np.float64).reshape(-1, len(axes))
    span = whole_of(folds)
    windows = tuple(_fold(number) for number in range(folds))
    names = (span.name, *(part.name for one in windows for part in (one.train, one.test)))
    height = _hill(places, np.array(plan.shape), seed, len(names))
    outcomes = Outcomes(plan.names, sets, names, _figures(height))
    return Study(
        name="strategies/slob_5_1.yaml",
        source="",
        program=program,
        data={"name": "made up", "synthetic": True},
        notes=("SYNTHETIC data: it was made up and never traded",),
        terms=Terms(),
        axes=axes,
        method=Method.GRID,
        seed=1,
        planned=len(plan),
        outcomes=outcomes,
        whole=span,
        windows="train=20d, test=5d" if folds else "",
        folds=windows,
        metric=metric,
        trials=len(tried),
        state=State.INTERRUPTED if missing else State.FINISHED,
        run=("engine", "run", "strategies/slob_5_1.yaml", "--data", "my bars.csv"),
        again=("engine", "sweep", "strategies/slob_5_1.yaml", "--grid", *grid),
    )


def whole_of(folds: int) -> Span:
    """All the data."""
    return Span(0, 1380 * DATES, FIRST, FIRST + DATES + 7 * folds, "all")


def _fold(number: int) -> Fold:
    first = FIRST + 7 * number
    return Fold(
        Span(0, 27_600, first, first + 27, f"fold {number + 1} train"),
        Span(27_600, 34_500, first + 28, first + 34, f"fold {number + 1} test"),
    )


def _hill(places: Reals, shape: Reals, seed: int, spans: int) -> Reals:
    """A height for every set in every span, NaN where nothing was traded; less out of sample."""
    random = np.random.default_rng(seed)
    away = (places / np.maximum(shape - 1, 1) - 0.45) ** 2
    top = 1.9 * np.exp(-3.5 * away.sum(axis=1)) - 0.7
    height: Reals = top[:, None] + random.normal(0, 0.12, (len(places), spans))
    height[:, 2::2] -= 0.5
    height[::17] = np.nan
    return height


def _figures(height: Reals) -> dict[str, Reals]:
    sharpe, none = height, np.isnan(height)
    trades = np.where(none, 0.0, np.rint(120 - 30 * np.nan_to_num(height)))
    figures = dict.fromkeys(METRICS, np.zeros_like(height)) | {
        "sharpe": sharpe,
        "net": np.where(none, 0.0, np.rint(431_017 * np.nan_to_num(sharpe)) / 100),
        "return": np.where(none, 0.0, 0.0862034 * np.nan_to_num(sharpe)),
        "profit_factor": 1 + 0.3 * sharpe,
        "expectancy_r": 0.11 * sharpe,
        "trades": trades,
        "win_rate": np.where(none, np.nan, 0.41 + 0.03 * sharpe),
        "max_drawdown": 0.081 - 0.01 * np.nan_to_num(sharpe),
        "sortino": 1.6 * sharpe,
        "calmar": 2.2 * sharpe,
        "mean": np.nan_to_num(sharpe) * 0.01 / 252**0.5,
        "deviation": np.where(none, 0.0, 0.01),
        "skewness": np.where(none, np.nan, -0.3),
        "kurtosis": np.where(none, np.nan, 4.5),
        "observations": np.full_like(height, DATES),
    }
    return {name: figures[name] for name in METRICS}
