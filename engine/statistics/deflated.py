"""How much of a Sharpe ratio is left once luck, and the number of tries, are taken out.

Sources: D. H. Bailey and M. Lopez de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk
15 (2), 2012 (probabilistic Sharpe ratio); the same, The Deflated Sharpe Ratio: Correcting for
Selection Bias, Backtest Overfitting and Non-Normality, Journal of Portfolio Management 40 (5),
2014. Sharpe ratios here are those of one observation (a daily return), never a year's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import e, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Reals

EULER: Final = 0.5772156649015329
LEAST: Final = 20
"""Fewer returns than a month has say nothing: the ratio is normal only in the long run."""
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Sample:
    """What the ratios need of some returns: a Sharpe ratio is `mean / deviation`.

    `deviation` with n - 1; `skewness` m3 / m2^1.5 and `kurtosis` m4 / m2^2 of the central moments
    over n (3 for the normal distribution). NaN where undefined.
    """

    mean: float
    deviation: float
    skewness: float
    kurtosis: float
    observations: int

    @property
    def sharpe(self) -> float:
        """The Sharpe ratio of one observation; NaN where the returns do not vary."""
        return self.mean / self.deviation if self.deviation > 0 else float("nan")


def sample_of(returns: Reals) -> Sample:
    """The moments of some returns."""
    found = moments(np.asarray(returns, np.float64)[None, :])
    mean, deviation, skewness, kurtosis = (float(column[0]) for column in found)
    return Sample(mean, deviation, skewness, kurtosis, len(returns))


def moments(returns: Reals) -> tuple[Reals, Reals, Reals, Reals]:
    """Mean, deviation, skewness and kurtosis of each row of (n, k) returns.

    NaN in a row that holds a NaN or fewer than two returns; skewness and kurtosis also where
    the returns do not vary.
    """
    rows, count = returns.shape
    if count < 2:
        return tuple(np.full((4, rows), np.nan))  # type: ignore[return-value]
    mean = returns.mean(axis=1)
    deviation = returns.std(axis=1, ddof=1)
    apart = returns - mean[:, None]
    squares = apart * apart
    second = squares.mean(axis=1)
    # returns that do not vary leave dust of rounding, not a shape
    varies = deviation > 1e-14 * np.abs(mean)
    skewness, kurtosis = np.full((2, rows), np.nan)
    np.divide((squares * apart).mean(axis=1), second * np.sqrt(second), skewness, where=varies)
    np.divide((squares * squares).mean(axis=1), second * second, kurtosis, where=varies)
    return mean, deviation, skewness, kurtosis


def probabilistic_sharpe(sample: Sample, benchmark: float = 0.0) -> float:
    """The probability that the true Sharpe ratio is above `benchmark` (of one observation).

    PSR(b) = Z[(SR - b) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)], with the skewness g3
    and the kurtosis g4 of the n returns. NaN where the sample is undefined or below `LEAST`.
    """
    ratio = sample.sharpe
    spread = 1 - sample.skewness * ratio + (sample.kurtosis - 1) / 4 * ratio * ratio
    if sample.observations < LEAST or not spread > 0:
        return float("nan")
    return _NORMAL.cdf((ratio - benchmark) * sqrt(sample.observations - 1) / sqrt(spread))


def expected_maximum(trials: float, variance: float) -> float:
    """The largest Sharpe ratio to expect of so many independent trials without any skill.

    sqrt(V) ((1 - g) Z^-1[1 - 1/N] + g Z^-1[1 - 1/(N e)]), g the Euler-Mascheroni constant and V
    the variance of the trials' Sharpe ratios; 0 for a single trial. An approximation for large N.
    """
    if trials <= 1:
        return 0.0
    return sqrt(variance) * (
        (1 - EULER) * _upper_quantile(1 / trials) + EULER * _upper_quantile(1 / (trials * e))
    )


def _upper_quantile(share: float) -> float:
    """Z^-1[1 - share], by symmetry: small shares keep their digits."""
    return -_NORMAL.inv_cdf(share)


def deflated_sharpe(sample: Sample, trials: float, variance: float) -> float:
    """The probability that the true Sharpe ratio of the best of `trials` is above 0.

    DSR = PSR(expected maximum): `variance` is that of the trials' Sharpe ratios. `trials` counts
    independent ones: neighbouring parameters are not, so the number of sets overstates it, and
    the answer errs to the careful side.
    """
    return probabilistic_sharpe(sample, expected_maximum(trials, variance))


def variance_of(ratios: Sequence[float] | Reals) -> float:
    """The variance (n - 1) of the trials' Sharpe ratios; those that are not defined are left out.

    NaN for fewer than two.
    """
    known = np.asarray(ratios, np.float64)
    known = known[np.isfinite(known)]
    return float(known.var(ddof=1)) if len(known) > 1 else float("nan")
