"""A sweep with what it came to so far: what is printed, written as a page and given as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.statistics.deflated import Sample, deflated_sharpe, expected_maximum, variance_of
from engine.statistics.returns import DATES_A_YEAR
from engine.sweep.outcomes import METRICS
from engine.sweep.plan import Axis, Grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.sweep.grid import WrittenAxis
    from dsl.ir.program import Program
    from engine.domain.market import Ints, Reals
    from engine.execution.terms import Terms
    from engine.sweep.folds import Fold, Span
    from engine.sweep.outcomes import Metric, Outcomes


class Method(StrEnum):
    """How the sets to try are found."""

    GRID = "grid"
    RANDOM = "random"
    OPTUNA = "optuna"


class State(StrEnum):
    """How far a study is."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, eq=False)
class Study:
    """A sweep and its outcomes so far.

    name, source    the strategy file as it was named, and its text
    program         compiled with every value that is not swept
    data            describes the bars (`adapters.cli.workbench`): name, synthetic, first, last, ...
    notes           what a person should know about the bars
    terms           account and costs
    axes            the swept parameters with their values, in order: those of `outcomes.names`
    method, seed    how sets were chosen
    planned         how many sets were asked for
    outcomes        the sets that have a result, in the order of the plan. Span 0 is all the data;
                    of fold k (from 0) span 1 + 2 k is the train window, 2 + 2 k the test window
    whole           all the data as a span
    windows         the words of --walk-forward, empty without
    folds           the folds, empty without
    metric          the name of the figure that ranks (`METRICS`)
    trials          how many sets were tried on these bars in all: those of the store, which may
                    be more than `planned` when another grid was tried before
    state           finished, or interrupted
    run             the words that run one set, to which ` --set name=value` is added
    again           the words that go on with this sweep
    store           the file of results
    """

    name: str
    source: str
    program: Program
    data: Mapping[str, Any]
    notes: tuple[str, ...]
    terms: Terms
    axes: tuple[WrittenAxis, ...]
    method: Method
    seed: int
    planned: int
    outcomes: Outcomes
    whole: Span
    windows: str
    folds: tuple[Fold, ...]
    metric: str
    trials: int
    state: State
    run: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    store: str = ""
    zone: str = field(default="")

    @property
    def done(self) -> int:
        """How many sets have a result."""
        return len(self.outcomes)

    @property
    def figure(self) -> Metric:
        """The figure that ranks."""
        return METRICS[self.metric]

    @cached_property
    def grid(self) -> Grid:
        """The grid that the axes span; a random or searching study holds some of its sets."""
        return Grid(tuple(Axis(axis.name, axis.values) for axis in self.axes))

    @cached_property
    def levels(self) -> Ints:
        """The position of each set's value on each axis (sets x axes)."""
        found = np.empty(self.outcomes.sets.shape, np.int64)
        for number, axis in enumerate(self.axes):
            place = {value: at for at, value in enumerate(axis.values)}
            found[:, number] = [place[value] for value in self.outcomes.sets[:, number].tolist()]
        return found

    def figures(self, name: str, span: int = 0) -> Reals:
        """A figure of every set in one span."""
        return self.outcomes.figures[name][:, span]

    def ranking(self, span: int = 0) -> Ints:
        """The sets from best to worst by the metric; those without a value are not in it.

        Equal ones keep the order of the plan.
        """
        values = self.figures(self.metric, span)
        sign = 1.0 if self.figure.better == "lower" else -1.0
        order = np.argsort(sign * values, kind="stable")
        found: Ints = order[~np.isnan(values[order])]
        return found

    @cached_property
    def best(self) -> int | None:
        """The best set over all the data; None where none has a value."""
        ranking = self.ranking()
        return int(ranking[0]) if len(ranking) else None

    def setting(self, row: int) -> tuple[tuple[str, str], ...]:
        """Name and written value of each swept parameter of a set."""
        values = self.outcomes.sets[row].tolist()
        return tuple(
            (axis.name, axis.text(value)) for axis, value in zip(self.axes, values, strict=True)
        )

    def command(self, row: int) -> tuple[str, ...]:
        """The words that run a set by itself."""
        sets = (word for name, value in self.setting(row) for word in ("--set", f"{name}={value}"))
        return (*self.run, *sets)

    @cached_property
    def luck(self) -> Luck | None:
        """The best set beside what trying so many gives by chance; None without a best one."""
        if self.best is None:
            return None
        return Luck(self.trials, self._by_luck, self.sample(self.best), self.deflated(self.best))

    @cached_property
    def _variance(self) -> float:
        """Of the sets' Sharpe ratios of one day."""
        mean, deviation = self.figures("mean"), self.figures("deviation")
        varies = deviation > 0
        return variance_of(mean[varies] / deviation[varies])

    @cached_property
    def _by_luck(self) -> float | None:
        """The best annual Sharpe ratio to expect of so many sets without any skill."""
        found = expected_maximum(self.trials, self._variance) * sqrt(DATES_A_YEAR)
        return found if isfinite(found) else None

    def sample(self, row: int, span: int = 0) -> Sample:
        """The moments of a set's daily returns."""
        known = self.outcomes.row(row, span)
        return Sample(
            mean=known["mean"],
            deviation=known["deviation"],
            skewness=known["skewness"],
            kurtosis=known["kurtosis"],
            observations=int(known["observations"]),
        )

    def deflated(self, row: int) -> float | None:
        """The deflated Sharpe ratio of a set over all the data; None where it cannot be told."""
        found = deflated_sharpe(self.sample(row), self.trials, self._variance)
        return found if isfinite(found) else None

    @cached_property
    def forward(self) -> tuple[Step, ...]:
        """Each fold with the set that was best in its train window, where any has a value there."""
        steps = []
        for number, fold in enumerate(self.folds):
            train, test = 1 + 2 * number, 2 + 2 * number
            ranking = self.ranking(train)
            if len(ranking):
                steps.append(Step(fold, int(ranking[0]), train, test))
        return tuple(steps)

    @cached_property
    def silent(self) -> tuple[Span, ...]:
        """The windows in which not one set traded: they are too short to tell anything."""
        windows = [span for fold in self.folds for span in (fold.train, fold.test)]
        return tuple(
            window
            for number, window in enumerate(windows, 1)
            if self.done and not self.figures("trades", number).any()
        )


@dataclass(frozen=True, slots=True)
class Luck:
    """The best set beside chance (`engine.statistics.deflated`).

    `by_luck`: the largest annual Sharpe ratio to expect of `trials` sets without any skill;
    `sample`: the moments of the best one's daily returns; `deflated`: the probability that its true
    Sharpe ratio is above 0 after so many trials. None where it cannot be told.
    """

    trials: int
    by_luck: float | None
    sample: Sample
    deflated: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """A fold of a walk-forward: the best set (`row`) of `train`, and the spans to read it in."""

    fold: Fold
    row: int
    train: int
    test: int


@dataclass(frozen=True, slots=True)
class Stitched:
    """What a walk-forward came to: the test windows end to end, each from a fresh account.

    sets        how many different sets were chosen
    trades      closed trades, and `net` their sum
    growth      product of (1 + return) of the test windows, - 1
    sharpe      of the daily returns of all test windows together: their means and deviations are
                put together exactly (Chan, Golub & LeVeque 1979), so no return is kept; None
                without a spread
    train_sharpe  the same of the chosen sets in their train windows, a date as often as it was
                in one
    """

    sets: int
    trades: int
    net: float
    growth: float
    sharpe: float | None
    train_sharpe: float | None


def stitched(study: Study) -> Stitched:
    """The overall result out of sample."""
    chosen = study.forward

    def each(name: str, test: Sequence[int]) -> list[float]:
        column = study.outcomes.figures[name]
        return [float(column[step.row, span]) for step, span in zip(chosen, test, strict=True)]

    tests, trains = [step.test for step in chosen], [step.train for step in chosen]

    def sharpe(spans: Sequence[int]) -> float | None:
        moments = zip(
            each("mean", spans), each("deviation", spans), each("observations", spans), strict=True
        )
        return sharpe_of(list(moments))

    return Stitched(
        sets=len({step.row for step in chosen}),
        trades=int(sum(each("trades", tests))),
        net=sum(each("net", tests)),
        growth=float(np.prod([1 + gain for gain in each("return", tests)])) - 1,
        sharpe=sharpe(tests),
        train_sharpe=sharpe(trains),
    )


def sharpe_of(parts: Sequence[tuple[float, float, float]]) -> float | None:
    """The annual Sharpe ratio of some stretches of daily returns put together.

    Each part is (mean, deviation with n - 1, n). None without a spread.
    """
    count = sum(size for _, _, size in parts)
    if count < 2:
        return None
    mean = sum(size * middle for middle, _, size in parts) / count
    within = sum((size - 1) * spread**2 for _, spread, size in parts if size > 1)
    between = sum(size * (middle - mean) ** 2 for middle, _, size in parts)
    deviation = ((within + between) / (count - 1)) ** 0.5
    return float(mean / deviation * sqrt(DATES_A_YEAR)) if deviation > 0 else None
