"""What sets of parameters came to: a table of figures, a row a set and a column a span of dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.market import Ints, Reals

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: what it is, in what unit, and which of two values a trader prefers (None: neither).

    `unit`: `money` (the instrument's currency), `share` (1 is 100 %), `R`, `count`, or empty.
    """

    name: str
    doc: str
    unit: str = ""
    better: Better | None = None


_METRICS: Final = (
    Metric("setups", "Completed setups offered to the account.", "count"),
    Metric("trades", "Closed trades.", "count"),
    Metric("net", "Sum of the trades' net, after commission.", "money", "higher"),
    Metric("gross", "The same before commission.", "money", "higher"),
    Metric("return", "Last equity, marked to market, over the first, - 1.", "share", "higher"),
    Metric("cagr", "The same a year of 252 trading dates.", "share", "higher"),
    Metric("profit_factor", "Sum of wins over the sum of losses.", "", "higher"),
    Metric("win_rate", "Trades won over all trades.", "share", "higher"),
    Metric("expectancy_r", "Mean of the trades' net over their first risk.", "R", "higher"),
    Metric("best", "The largest net of a trade.", "money", "higher"),
    Metric("worst", "The smallest net of a trade.", "money", "higher"),
    Metric("sharpe", "Of daily returns, a year.", "", "higher"),
    Metric("sortino", "Of daily returns, a year.", "", "higher"),
    Metric("max_drawdown", "The deepest fall from a peak, at bar closes.", "share", "lower"),
    Metric("max_drawdown_money", "The deepest fall from a peak, in money.", "money", "lower"),
    Metric("calmar", "cagr over max_drawdown.", "", "higher"),
    Metric("exposure", "Bars with a position over all bars.", "share"),
    Metric("mean", "Mean of the daily returns.", "share", "higher"),
    Metric("deviation", "Standard deviation of the daily returns (n - 1).", "share", "lower"),
    Metric("skewness", "m3 / m2^1.5 of the daily returns, central moments over n."),
    Metric("kurtosis", "m4 / m2^2 of the daily returns; 3 for the normal distribution."),
    Metric("observations", "How many daily returns there are.", "count"),
)
METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in _METRICS}
"""Every figure of a set, by name. All but skewness and kurtosis are those of `engine.statistics`.

`sharpe` is `mean` / `deviation` x sqrt(252); the last five are what the deflated Sharpe ratio
needs (`engine.statistics.deflated`).
"""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The figures of some sets.

    `sets` is int64 (n, len(names)); `figures` holds for each name of `METRICS` float64
    (n, len(spans)), NaN where the figure is not defined.
    """

    names: tuple[str, ...]
    sets: Ints
    spans: tuple[str, ...]
    figures: Mapping[str, Reals]

    def __len__(self) -> int:
        """How many sets there are."""
        return len(self.sets)

    def row(self, index: int, span: int = 0) -> dict[str, float]:
        """The figures of one set in one span, by name."""
        return {name: float(column[index, span]) for name, column in self.figures.items()}

    def values(self, index: int) -> dict[str, int]:
        """The parameters of one set, by name."""
        return dict(zip(self.names, self.sets[index].tolist(), strict=True))


def none_yet(names: Sequence[str], spans: Sequence[str]) -> Outcomes:
    """A table of no sets."""
    figures = {name: np.empty((0, len(spans))) for name in METRICS}
    return Outcomes(tuple(names), np.empty((0, len(names)), np.int64), tuple(spans), figures)


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Several tables, at least one, of the same parameters and spans as one, in order."""
    first = parts[0]
    if any((part.names, part.spans) != (first.names, first.spans) for part in parts):
        raise ValueError("these outcomes are not of the same parameters and spans")
    return Outcomes(
        first.names,
        np.concatenate([part.sets for part in parts]),
        first.spans,
        {name: np.concatenate([part.figures[name] for part in parts]) for name in first.figures},
    )
