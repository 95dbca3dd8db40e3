"""What every figure of a run is worked out from, in a line: shown where a figure is pointed at.

The sources are the docstrings of `engine.statistics`.
"""

# ruff: noqa: RUF001 - formulas have a times sign

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMULAS: Final[Mapping[str, str]] = {
    "starting equity": "the account before the first bar",
    "final equity": "the account at the last bar's close, open positions valued there",
    "total return": "final equity / starting equity - 1",
    "net of closed trades": "sum of (gross - commission) of every closed trade",
    "gross": "sum of (exit - entry) × contracts × tick value, in the trade's favour",
    "commission": "sum of the commissions of all fills",
    "profit factor": "sum of wins / |sum of losses|; na without a losing trade",
    "expectancy": "net / trades",
    "expectancy in R": "mean of R, R = net / (entry to first stop × contracts) (Tharp)",
    "trades": "round trips that were closed; wins + losses + even",
    "won, lost": "trades with a net above 0, below 0",
    "win rate": "wins / trades",
    "average win": "sum of wins / wins",
    "average loss": "sum of losses / losses",
    "payoff (win / loss)": "average win / |average loss|",
    "median R": "the middle one of all R",
    "best trade": "the largest net, and the largest R",
    "worst trade": "the smallest net, and the smallest R",
    "longest winning streak": "most wins in a row, in the order trades closed",
    "longest losing streak": "most losses in a row, in the order trades closed",
    "largest drawdown": "max over bars of (highest equity so far - equity)",
    "in percent of the peak": "max over bars of (peak so far - equity) / peak so far",
    "it lasted": "from the peak to the first bar at or above it again",
    "longest time below a peak": "the most calendar days any peak took to be reached again",
    "drawdown of closed trades": "the same of the equity after each closed trade",
    "Sharpe (daily, a year)": "mean(r) / std(r) × √252, r the return of each date (Sharpe 1994)",
    "Sortino (daily, a year)": "mean(r) / √mean(min(r, 0)²) × √252 (Sortino & Price 1994)",
    "CAGR": "(last equity / first) ^ (252 / dates) - 1",
    "Calmar": "CAGR / largest drawdown, over the whole history (Young 1991)",
    "volatility a year": "std(r) × √252",
    "best, worst date": "the largest and the smallest daily return",
    "average MAE, MFE": "mean of how far prices went against and for a trade, in R (Sweeney)",
    "MAE of winners": "mean MAE of trades that won: how much heat they took",
    "MFE of losers": "mean MFE of trades that lost: how much was given back",
    "largest MAE": "the furthest any trade was under water, in money",
    "largest MFE": "the furthest any trade was ahead, in money",
    "bars held, on average": "mean of exit bar - entry bar + 1",
    "in a position": "bars with an open position / bars",
    "trades a week": "trades / calendar weeks that hold a date of the data",
    "trading dates": "trading dates of the data, and the weeks they lie in",
    "bars": "bars of the data",
}


def formula(label: str) -> str:
    """The formula of a figure by the label of its row; empty where there is none."""
    return FORMULAS.get(label, "")
