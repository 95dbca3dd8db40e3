"""From the sums of the driver to figures: the same, to the last bit, as `engine.statistics` gives.

A row a set and a column a window. Sums are whole numbers and exact; what is divided is divided as
there; sums of REAL numbers are numpy's, over the same numbers in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.statistics.deflated import moments
from engine.statistics.returns import DATES_A_YEAR
from engine.sweep import driver as at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.domain.market import Ints, Reals

_EXACT: Final = 1 << 53
"""Up to here every whole number is a float."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What the driver found of some sets.

    `totals` (sets, windows, TOTAL_CELLS), `falls` (sets, windows), `daily` (sets, dates of all
    windows), `multiples` (sets, windows): the sum of the R multiples.
    """

    totals: Ints
    falls: Reals
    daily: Ints
    multiples: Reals


@dataclass(frozen=True, slots=True)
class Account:
    """The equity it starts with in units of money, and how many units make one of the currency."""

    start: int
    scale: int


def figures_of(
    tally: Tally, account: Account, dates: Sequence[int], bars: Sequence[int]
) -> dict[str, Reals]:
    """Every figure of `METRICS`; `dates` and `bars` say how many each window has."""

    def total(cell: int) -> Ints:
        """One sum of every set and window."""
        return tally.totals[:, :, cell]

    def money(units: Ints) -> Reals:
        """Units as amounts."""
        return ratio(units, np.full_like(units, account.scale))

    trades = total(at.TRADES)
    traded = trades > 0
    found = {
        "setups": total(at.SETUPS).astype(np.float64),
        "trades": trades.astype(np.float64),
        "net": money(total(at.NET)),
        "gross": money(total(at.GROSS)),
        "profit_factor": ratio(total(at.GAINS), total(at.PAINS)),
        "win_rate": ratio(total(at.WINS), trades),
        "expectancy_r": _divided(tally.multiples, total(at.KNOWN)),
        "best": np.where(traded, money(total(at.BEST)), np.nan),
        "worst": np.where(traded, money(total(at.WORST)), np.nan),
        "max_drawdown": tally.falls,
        "max_drawdown_money": money(total(at.FELL)),
        "exposure": ratio(total(at.BARS), np.broadcast_to(np.array(bars, np.int64), trades.shape)),
    }
    ends = np.cumsum([0, *dates])
    each = [
        _of_returns(tally.daily[:, first:stop], account, tally.falls[:, window])
        for window, (first, stop) in enumerate(pairwise(ends))
    ]
    return found | {name: np.stack([one[name] for one in each], axis=1) for name in each[0]}


def ratio(part: Ints, whole: Ints) -> Reals:
    """`part / whole` rounded once, as Python divides whole numbers; NaN where `whole` is 0."""
    found = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    large = (np.abs(part) > _EXACT) | (np.abs(whole) > _EXACT)
    for place in np.argwhere(large & (whole != 0)):
        at_place = tuple(place)
        found[at_place] = int(part[at_place]) / int(whole[at_place])
    return found


def _divided(part: Reals, whole: Ints) -> Reals:
    found = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    return found


def _of_returns(daily: Ints, account: Account, fell: Reals) -> dict[str, Reals]:
    """The figures of one window's daily equity, (sets, dates): formulas in `engine.statistics`."""
    sets, dates = daily.shape
    returns = daily_returns(daily, account.start)
    usable = (dates > 1) & ~np.isnan(returns).any(axis=1)
    mean, deviation, skewness, kurtosis = (_where(usable, one) for one in moments(returns))
    below = np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2, axis=1))
    growth = ratio(daily[:, -1], np.full(sets, account.start, np.int64))
    # numpy's power is not Python's in the last bit
    cagr = np.array([_cagr(one, dates) for one in growth.tolist()])
    return {
        "return": growth - 1.0,
        "cagr": cagr,
        "calmar": _over(cagr, fell),
        "sharpe": _over(mean, deviation) * sqrt(DATES_A_YEAR),
        "sortino": _over(mean, below) * sqrt(DATES_A_YEAR),
        "mean": mean,
        "deviation": deviation,
        "skewness": skewness,
        "kurtosis": kurtosis,
        "observations": np.full(sets, float(dates)),
    }


def daily_returns(daily: Ints, start: int) -> Reals:
    """The return of every date of every set; NaN from the first on that begins without money."""
    begun = np.full((len(daily), 1), start)
    before = np.concatenate([begun, daily[:, :-1]], axis=1).astype(np.float64)
    solvent = np.minimum.accumulate(before, axis=1) > 0
    returns = np.full(before.shape, np.nan)
    np.divide(daily, before, out=returns, where=solvent)
    return returns - 1.0


def _cagr(growth: float, dates: int) -> float:
    return float(growth ** (DATES_A_YEAR / dates)) - 1.0 if growth > 0 else float("nan")


def _where(usable: NDArray[np.bool_], values: Reals) -> Reals:
    return np.where(usable, values, np.nan)


def _over(part: Reals, whole: Reals) -> Reals:
    """`part / whole` where `whole` is above 0, else NaN."""
    found = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
