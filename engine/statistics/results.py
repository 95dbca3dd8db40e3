"""Figures over a set of trades. A trade wins when its net is above 0, loses when it is below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

    from engine.domain.market import Ints, Reals
    from engine.statistics.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Results:
    """What some trades came to; money after commission unless said otherwise.

    trades          how many were closed; wins + losses + even (net exactly 0)
    net             sum of net = gross - commission
    gross           sum of (exit - entry) x contracts x tick value, in the trade's favour
    commission      sum of the commissions of all their fills
    win_rate        wins / trades
    profit_factor   sum of wins / |sum of losses|            na without a losing trade
    payoff          average win / |average loss|             na without a win or a loss
    expectancy      net / trades, money a trade
    expectancy_r    mean of R, R = net / initial risk        (Tharp); na without risk
    median_r        median of R
    average_win     sum of wins / wins                       average_loss: likewise, below 0
    best, worst     the largest and the smallest net         best_r, worst_r: of R
    bars_held       mean of exit row - entry row + 1

    Everything but counts and sums is None where there is nothing to divide by.
    """

    trades: int
    wins: int
    losses: int
    even: int
    net: Decimal
    gross: Decimal
    commission: Decimal
    win_rate: float | None
    profit_factor: float | None
    payoff: float | None
    expectancy: Decimal | None
    expectancy_r: float | None
    median_r: float | None
    average_win: Decimal | None
    average_loss: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    best_r: float | None
    worst_r: float | None
    bars_held: float | None


@dataclass(frozen=True, slots=True)
class Streaks:
    """The longest runs of wins and of losses in the order trades closed; a net of 0 ends both."""

    wins: int
    losses: int


@dataclass(frozen=True, slots=True)
class Excursions:
    """How far prices went against (MAE) and for (MFE) trades while they were open.

    Source: J. Sweeney, Maximum Adverse Excursion. In R: excursion / (entry to first stop).
    `mae_r`, `mfe_r`: means of all trades; `mae_wins_r`: mean MAE of those that won (how much heat
    a winner took), `mfe_losses_r`: mean MFE of those that lost (how much was given back);
    `mae`, `mfe`: the largest, in money of all contracts.
    """

    mae_r: float | None
    mfe_r: float | None
    mae_wins_r: float | None
    mfe_losses_r: float | None
    mae: Decimal | None
    mfe: Decimal | None


def results_of(ledger: Ledger, chosen: NDArray[np.bool_] | None = None) -> Results:
    """The results of all trades, or of those where `chosen` is true."""
    trades = ledger.trades
    which = np.ones(len(trades), bool) if chosen is None else chosen
    net, multiples = trades.net[which], ledger.multiples[which]
    known = multiples[~np.isnan(multiples)]
    count = len(net)
    won, lost = net[net > 0], net[net < 0]
    gains, pains = int(won.sum()), int(lost.sum())
    held = trades.exit_row[which] - trades.entry_row[which] + 1
    return Results(
        trades=count,
        wins=len(won),
        losses=len(lost),
        even=count - len(won) - len(lost),
        net=ledger.amount(int(net.sum())),
        gross=ledger.amount(int(trades.gross[which].sum())),
        commission=ledger.amount(int(trades.commission[which].sum())),
        win_rate=ratio(len(won), count),
        profit_factor=ratio(gains, -pains),
        payoff=ratio(gains * len(lost), -pains * len(won)),
        expectancy=ledger.average(int(net.sum()), count),
        expectancy_r=mean(known),
        median_r=median(known),
        average_win=ledger.average(gains, len(won)),
        average_loss=ledger.average(pains, len(lost)),
        best=ledger.amount(int(net.max())) if count else None,
        worst=ledger.amount(int(net.min())) if count else None,
        best_r=float(known.max()) if len(known) else None,
        worst_r=float(known.min()) if len(known) else None,
        bars_held=mean(held),
    )


def streaks_of(net: Ints) -> Streaks:
    """The longest streaks of trades with these nets."""
    return Streaks(_longest(net > 0), _longest(net < 0))


def _longest(held: NDArray[np.bool_]) -> int:
    """The length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def excursions_of(ledger: Ledger) -> Excursions:
    """The excursions of all trades."""
    trades = ledger.trades
    risky = trades.risk_ticks > 0
    won, lost = trades.net > 0, trades.net < 0

    def in_r(ticks: Ints, which: NDArray[np.bool_]) -> float | None:
        return mean(ticks[which & risky] / trades.risk_ticks[which & risky])

    def largest(ticks: Ints) -> Decimal | None:
        money = ticks * trades.contracts * ledger.tick_value
        return ledger.amount(int(money.max())) if len(money) else None

    return Excursions(
        mae_r=in_r(trades.mae, risky),
        mfe_r=in_r(trades.mfe, risky),
        mae_wins_r=in_r(trades.mae, won),
        mfe_losses_r=in_r(trades.mfe, lost),
        mae=largest(trades.mae),
        mfe=largest(trades.mfe),
    )


def mean(values: Ints | Reals) -> float | None:
    """The arithmetic mean; None of nothing."""
    return float(values.mean()) if len(values) else None


def median(values: Reals) -> float | None:
    """The value in the middle, the mean of both where there are two; None of nothing.

    `numpy.median` brings `numpy.ma` to look for NaN, 20 ms that no caller here needs.
    """
    if not len(values):
        return None
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`; None where that is not a number."""
    return part / whole if whole else None
