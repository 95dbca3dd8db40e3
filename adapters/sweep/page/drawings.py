"""What is drawn without a script: all sets against luck, and the folds in and out of sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.sweep.page.words import probability
from engine.statistics.table import NA, number

if TYPE_CHECKING:
    from adapters.sweep.page.source import Fold, Luck, Measure, SweepInput
    from engine.domain.market import Reals

BARS: Final = 44
"""The histogram of all sets has so many bars."""

MARGIN: Final = 0.04
"""Room left and right of what is drawn, as a share of its width."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram: its height in percent of the highest, and what it says."""

    share: float
    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across a histogram at `at` percent of its width; `turned` labels stand to its left."""

    kind: str
    at: float
    label: str
    value: str

    @property
    def turned(self) -> bool:
        """Whether the label would run out on the right."""
        return self.at > 60


@dataclass(frozen=True, slots=True)
class Spread:
    """All sets by their Sharpe ratio, with zero, luck and the best marked."""

    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    words: str


def spread(sharpe: Reals, luck: Luck) -> Spread | None:
    """The histogram of all sets; None where fewer than two have a Sharpe ratio."""
    known = sharpe[np.isfinite(sharpe)]
    if len(known) < 2 or luck.sharpe is None:
        return None
    marked = [value for value in (0.0, luck.by_luck, luck.sharpe) if value is not None]
    low, high = min(known.min(), *marked), max(known.max(), *marked)
    room = MARGIN * (high - low) or 1.0
    low, high = float(low - room), float(high + room)
    counts, edges = np.histogram(known, BARS, (low, high))
    most = max(int(counts.max()), 1)

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    bars = tuple(
        Bar(
            round(100 * count / most, 1),
            f"{number(first)} to {number(last)}: {count:,}",
            "gain" if first + last > 0 else "loss",
        )
        for count, first, last in zip(counts.tolist(), edges[:-1], edges[1:], strict=True)
    )
    marks = [Mark("zero", at(0.0), "", "0")]
    if luck.by_luck is not None:
        marks.append(Mark("luck", at(luck.by_luck), "expected of luck", number(luck.by_luck)))
    marks.append(Mark("best", at(luck.sharpe), "the best set", number(luck.sharpe)))
    words = (
        f"Sharpe ratios of {len(known):,} sets, from {number(float(known.min()))} to "
        f"{number(float(known.max()))}, half of them below {number(float(np.median(known)))}; "
        f"expected of luck {number(luck.by_luck)}, the best set {number(luck.sharpe)}, "
        f"deflated {probability(luck.deflated)}."
    )
    return Spread(bars, tuple(marks), words)


@dataclass(frozen=True, slots=True)
class Pair:
    """A fold as two dots on a line: places in percent, None where there is no figure."""

    number: int
    train: str
    test: str
    inside: float | None
    outside: float | None
    inside_text: str
    outside_text: str
    tone: str
    trades: str
    settings: tuple[tuple[str, bool], ...]

    @property
    def left(self) -> float:
        """Where the line between the dots begins."""
        return min(self._ends, default=0.0)

    @property
    def width(self) -> float:
        """How long it is."""
        return round(max(self._ends, default=0.0) - self.left, 2)

    @property
    def _ends(self) -> list[float]:
        ends = [self.inside, self.outside]
        return [at for at in ends if at is not None] if None not in ends else []


@dataclass(frozen=True, slots=True)
class Pairs:
    """The folds beside each other, and where their scale has its centre, in percent."""

    rows: tuple[Pair, ...]
    centre: float
    low: str
    high: str
    middle: str


def pairs(sweep: SweepInput, folds: tuple[Fold, ...]) -> Pairs:
    """The folds drawn on one scale; a value that the fold before did not have is marked."""
    measure = sweep.measure
    centre = measure.centre or 0.0
    known = [v for f in folds for v in (f.inside, f.outside) if v is not None]
    low, high = min([centre, *known]), max([centre, *known])
    room = MARGIN * (high - low) or 1.0
    low, high = low - room, high + room

    def at(value: float | None) -> float | None:
        return None if value is None else round(100 * (value - low) / (high - low), 2)

    rows = tuple(
        Pair(
            number=place + 1,
            train=fold.train,
            test=fold.test,
            inside=at(fold.inside),
            outside=at(fold.outside),
            inside_text=bare(measure, fold.inside),
            outside_text=bare(measure, fold.outside),
            tone=_tone(measure, fold.outside),
            trades=f"{fold.trades:,}",
            settings=_settings(sweep, fold, folds[place - 1] if place else None),
        )
        for place, fold in enumerate(folds)
    )
    middle = at(centre)
    assert middle is not None
    return Pairs(
        tuple(rows), middle, *(bare(measure, v) for v in (low + room, high - room, centre))
    )


def _settings(sweep: SweepInput, fold: Fold, before: Fold | None) -> tuple[tuple[str, bool], ...]:
    """The value chosen on each axis, and whether the fold before had another one."""
    if fold.levels is None:
        return tuple((NA, False) for _ in sweep.axes)
    earlier = fold.levels if before is None or before.levels is None else before.levels
    return tuple(
        (axis.levels[level], level != last)
        for axis, level, last in zip(sweep.axes, fold.levels, earlier, strict=True)
    )


def bare(measure: Measure, value: float | None) -> str:
    """A value without its unit, for columns that name it once."""
    text = measure.text(value)
    return text.removesuffix(f" {measure.unit}") if measure.unit and text != NA else text


def _tone(measure: Measure, value: float | None) -> str:
    if value is None or measure.centre is None or value == measure.centre:
        return ""
    return "gain" if (value > measure.centre) == measure.more else "loss"
