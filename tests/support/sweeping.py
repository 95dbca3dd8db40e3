"""Sweeps the slow way: each window by the simulator, the ledger and the statistics of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.domain.calendar import Days
from engine.execution import records as out
from engine.execution.intents import Intents
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.execution.terms import Money
from engine.execution.trades import trades_of
from engine.statistics.ledger import Ledger
from engine.statistics.statistics import statistics_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.ir.program import Program
    from engine.domain.market import Market
    from engine.execution.simulation import Dates, Paths
    from engine.execution.terms import Terms
    from engine.statistics.statistics import Statistics
    from engine.sweep.folds import Span


@dataclass(frozen=True)
class Decided:
    """All that a simulator needs of a run, before it has traded."""

    program: Program
    terms: Terms
    market: Market
    days: Days
    dates: Dates
    intents: Intents
    paths: Paths


def some(intents: Intents, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Intents:
    """The intents where `which` is true."""
    return Intents(**{name: getattr(intents, name)[which] for name in Intents.__slots__})


def ledger_of_window(decided: Decided, span: Span) -> tuple[int, Ledger]:
    """The setups of a window, and the ledger of the market that is the window alone."""
    first, stop = span.first_row, span.stop_row
    row = decided.intents.row
    mine = some(decided.intents, (row >= first) & (row < stop))
    rules = rules_of(decided.program, decided.terms)
    simulator = Simulator(rules, compiled=False)
    records = simulator.run(decided.market, decided.dates, mine, decided.paths, stop).copy()
    records[:, out.ROW] -= first
    records[:, out.ENTERED] -= first
    days = decided.days
    begun, ended = np.searchsorted(days.start, [first, stop])
    tick_value = decided.program.instrument.tick_value
    terms = decided.terms
    money = Money.for_amounts(tick_value, terms.equity, terms.commission)
    return len(mine), Ledger(
        market=decided.market.rows(first, stop),
        days=Days(days.date[begun:ended], days.start[begun : ended + 1] - first),
        zone=decided.program.day.zone,
        records=records,
        trades=trades_of(records),
        money=money,
        tick_value=money.units(tick_value),
        start=money.units(terms.equity),
    )


def figures_of_window(decided: Decided, span: Span) -> dict[str, float]:
    """The figures of a window, NaN where they are not defined."""
    setups, ledger = ledger_of_window(decided, span)
    return {"setups": float(setups), **figures_of_statistics(statistics_from(ledger))}


def figures_of_statistics(made: Statistics) -> dict[str, float]:
    """The figures that are in the statistics of a run, by their names in `METRICS`."""
    every, returns, fell = made.all, made.returns, made.drawdown
    found: Mapping[str, object] = {
        "trades": every.trades,
        "net": every.net,
        "gross": every.gross,
        "return": returns.total,
        "cagr": returns.cagr,
        "profit_factor": every.profit_factor,
        "win_rate": every.win_rate,
        "expectancy_r": every.expectancy_r,
        "best": every.best,
        "worst": every.worst,
        "sharpe": returns.sharpe,
        "sortino": returns.sortino,
        "max_drawdown": fell.share,
        "max_drawdown_money": fell.money,
        "calmar": returns.calmar,
        "exposure": made.activity.exposure,
        "observations": made.activity.dates,
    }
    return {
        name: float("nan") if value is None else float(str(value)) for name, value in found.items()
    }
