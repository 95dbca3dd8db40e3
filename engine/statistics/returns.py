"""Figures over the equity: of daily returns, and of how far it fell from its peaks."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from decimal import Decimal

    from engine.domain.market import Ints
    from engine.statistics.ledger import Ledger

DATES_A_YEAR: Final = 252
"""Trading dates in a year, by convention: what every annual figure is scaled with."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """How far equity fell from its highest value so far, at bar closes.

    The equity is marked to market (`Ledger.curve`), and its first peak is the starting equity.

    money           max over bars of (peak so far - equity)
    share           max over bars of (peak so far - equity) / peak so far
    peak, trough    trading dates of the last bar at that peak and of the bar of `share`'s maximum
    recovered       trading date of the first later bar at or above that peak; None: not yet
    days            calendar days from `peak` to `recovered`, or to the last date
    longest_days    the most calendar days any peak took to be reached again, or to the end
    closed_money, closed_share   the same two of the equity after each closed trade, which is what
                    the strategy's own drawdown limits look at

    Dates are ISO text, "start" for a peak that is the starting equity before the first bar.
    `share` and `closed_share` above 1: more was lost than there was.
    """

    money: Decimal
    share: float
    peak: str | None
    trough: str | None
    recovered: str | None
    days: int
    longest_days: int
    closed_money: Decimal
    closed_share: float


@dataclass(frozen=True, slots=True)
class Returns:
    """Ratios of daily returns r (`Ledger.returns`: one for every trading date of the data).

    total           last equity / starting equity - 1
    cagr            (last equity / starting equity) ^ (252 / n) - 1, n trading dates
    volatility      std(r) x sqrt(252), std with n - 1
    sharpe          mean(r) / std(r) x sqrt(252)                       (Sharpe 1994, risk-free 0)
    sortino         mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(252)      (Sortino & Price 1994)
    calmar          cagr / `Drawdown.share`                            (Young 1991, whole history)
    best, worst     the largest and the smallest r

    Never of the returns of single trades: those are not evenly spaced in time, and their number
    a year is not 252. None where undefined: fewer than two dates, returns that do not vary, no
    losing date (sortino), no drawdown (calmar), an account without money.
    """

    total: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    best: float | None
    worst: float | None


def returns_of(ledger: Ledger, drawdown: Drawdown) -> Returns:
    """The ratios of a ledger, given its drawdown."""
    returns = ledger.returns
    last = int(ledger.daily[-1]) if len(ledger.daily) else ledger.start
    cagr = _cagr(last / ledger.start, len(returns))
    usable = len(returns) > 1 and not np.isnan(returns).any()
    spread = float(returns.std(ddof=1)) if usable else 0.0
    below = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2))) if usable else 0.0
    mean = float(returns.mean()) if usable else 0.0
    return Returns(
        total=last / ledger.start - 1.0,
        cagr=cagr,
        volatility=spread * sqrt(DATES_A_YEAR) if usable else None,
        sharpe=mean / spread * sqrt(DATES_A_YEAR) if spread > 0 else None,
        sortino=mean / below * sqrt(DATES_A_YEAR) if below > 0 else None,
        calmar=cagr / drawdown.share if cagr is not None and drawdown.share > 0 else None,
        best=float(returns.max()) if usable else None,
        worst=float(returns.min()) if usable else None,
    )


def _cagr(growth: float, dates: int) -> float | None:
    """The yearly growth; None where nothing is left, or there is no date to count."""
    return float(growth ** (DATES_A_YEAR / dates)) - 1.0 if growth > 0 and dates else None


def drawdown_of(ledger: Ledger) -> Drawdown:
    """The drawdown of a ledger."""
    equity = np.concatenate([[ledger.start], ledger.curve.equity])
    date = _dates(ledger)
    peak = np.maximum.accumulate(equity)
    share = (peak - equity) / peak
    deepest = int(share.argmax())
    fell = share[deepest] > 0
    top = int(np.flatnonzero(equity[: deepest + 1] == peak[deepest])[-1])
    again = np.flatnonzero(equity[deepest:] >= peak[deepest]) + deepest
    closed = np.concatenate([[ledger.start], ledger.trades.equity_after])
    highest = np.maximum.accumulate(closed)
    ended = int(again[0]) if len(again) else len(equity) - 1
    return Drawdown(
        money=ledger.amount(int((peak - equity).max())),
        share=float(share[deepest]),
        peak=_iso(date, top) if fell else None,
        trough=_iso(date, deepest) if fell else None,
        recovered=_iso(date, ended) if fell and len(again) else None,
        days=int(date[ended] - date[top]) if fell else 0,
        longest_days=_longest(equity, peak, date),
        closed_money=ledger.amount(int((highest - closed).max())),
        closed_share=float(((highest - closed) / highest).max()),
    )


def _dates(ledger: Ledger) -> Ints:
    """The trading date of every row of the curve, with the first once more before for the start."""
    day = np.searchsorted(ledger.days.start, ledger.curve.rows, side="right") - 1
    dates = ledger.days.date[day]
    return np.concatenate([dates[:1], dates]) if len(dates) else np.zeros(1, np.int64)


def _iso(date: Ints, at: int) -> str:
    return str(np.datetime64(int(date[at]), "D")) if at else "start"


def _longest(equity: Ints, peak: Ints, date: Ints) -> int:
    """The most days from a bar at a peak to the next one at or above it, or to the last bar."""
    at_peak = np.flatnonzero(equity == peak)
    waits = np.diff(date[np.append(at_peak, len(equity) - 1)])
    under = np.diff(np.append(at_peak, len(equity))) > 1
    return int(waits[under].max(initial=0))
