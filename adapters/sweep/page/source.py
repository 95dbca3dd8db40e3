"""What the page of a sweep is made of: plain values, so that it can be made of any study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Ints, Reals

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter that was swept: `levels` are its values as `--set` takes them, in their order.

    `ordered` says whether neighbours mean anything; choices and switches have none.
    """

    name: str
    levels: tuple[str, ...]
    unit: str = ""
    ordered: bool = True

    @property
    def bare(self) -> tuple[str, ...]:
        """The levels without the unit, for a scale that names it once."""
        end = f" {self.unit}"
        return tuple(level.removesuffix(end) if self.unit else level for level in self.levels)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that every set has.

    Values are shown times `factor`, with `places` digits after the point and `unit` behind.
    `centre` is the value that parts good from bad (0 of a profit, 1 of a profit factor), None
    where there is none; `more` says whether more of it is better. `about` tells what it is.
    """

    name: str
    label: str
    places: int = 2
    unit: str = ""
    factor: float = 1.0
    centre: float | None = None
    more: bool = True
    about: str = ""

    def text(self, value: float | None) -> str:
        """A value as a person reads it; `na` where there is none."""
        if value is None or not np.isfinite(value):
            return "na"
        rounded = round(value * self.factor, self.places) + 0.0
        return f"{rounded:,.{self.places}f} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Luck:
    """The Sharpe ratio of the best set beside what trying so many sets gives by chance.

    `sharpe` and `by_luck` (the best to be expected of `trials` worthless sets) are of daily
    returns, a year; `deflated` is the probability that the true one is better than that luck,
    given `dates` returns. None where it cannot be told.
    """

    sharpe: float | None
    by_luck: float | None
    deflated: float | None
    trials: int
    dates: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How the best set stands among its neighbours on the grid.

    `members` are the sets (row numbers) of its plateau, the best itself among them; `lone` says
    that it stands by itself; `words` say both in a sentence.
    """

    members: tuple[int, ...]
    lone: bool
    words: str


@dataclass(frozen=True, slots=True)
class Fold:
    """A step of a walk-forward: chosen on `train`, then traded on `test` (dates as text).

    `levels` are the chosen level numbers, one an axis, None where no set was worth choosing;
    `inside` and `outside` the metric in and out of sample; `trades` those out of sample.
    """

    train: str
    test: str
    levels: tuple[int, ...] | None
    inside: float | None
    outside: float | None
    trades: int


@dataclass(frozen=True, slots=True)
class WalkForward:
    """The folds in their order; `total` are figures of the test windows put together.

    `inside` and `outside` are the metric of all training and of all test windows together, None
    where it cannot be put together.
    """

    windows: str
    folds: tuple[Fold, ...]
    total: Rows = ()
    inside: float | None = None
    outside: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SweepInput:
    """A sweep and all that is said about it.

    `levels` (sets by axes) holds the level number of each set on each axis, `values` (sets by
    measures) its figures, NaN where there is none. Only sets that have a result are there;
    `planned` counts those that were asked for. `metric` is the number of the measure that ranks,
    `best` the row of the best set. `facts` stand under the title, `terms` below the tables.
    `command` runs one set once ` --set` words are added; `again` goes on with the sweep.
    """

    title: str
    axes: tuple[Axis, ...]
    measures: tuple[Measure, ...]
    levels: Ints
    values: Reals
    metric: int
    best: int | None
    planned: int
    command: tuple[str, ...]
    about: str = ""
    facts: Rows = ()
    terms: Rows = ()
    notes: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    luck: Luck | None = None
    around: Surroundings | None = None
    forward: WalkForward | None = None
    program: str = ""
    version: str = ""

    @property
    def done(self) -> int:
        """How many sets have a result."""
        return len(self.levels)

    @property
    def finished(self) -> bool:
        """Whether every set that was asked for has been tried."""
        return self.done >= self.planned

    @property
    def measure(self) -> Measure:
        """The measure that ranks."""
        return self.measures[self.metric]

    def column(self, name: str) -> Reals | None:
        """The values of a measure, None where the sweep has none of that name."""
        names = [one.name for one in self.measures]
        return self.values[:, names.index(name)] if name in names else None

    def settings(self, levels: Sequence[int]) -> Rows:
        """Name and value of every axis at these levels."""
        pairs = zip(self.axes, levels, strict=True)
        return tuple((axis.name, axis.levels[level]) for axis, level in pairs)
