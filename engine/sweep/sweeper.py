"""Runs many parameter sets of one strategy over one market."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.execution import records as out
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.execution.terms import Money
from engine.execution.trades import trades_of
from engine.domain.calendar import Days
from engine.machine.forms import Form
from engine.run import Prepared, Strategy, dates_for, paths_for
from engine.statistics.ledger import Ledger
from engine.statistics.statistics import statistics_from
from engine.sweep.folds import whole
from engine.sweep.outcomes import METRICS, Outcomes, joined, none_yet
from engine.sweep.plan import with_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.execution.terms import Terms
    from engine.sweep.folds import Span


class Sweeper:
    """A strategy on a market, ready to be run with one set of parameters after another."""

    def __init__(
        self,
        prepared: Prepared,
        names: Sequence[str],
        terms: Terms,
        spans: Sequence[Span] | None = None,
        form: Form = Form.AUTO,
    ) -> None:
        self.prepared = prepared
        self.names = tuple(names)
        self.terms = terms
        self.spans = tuple(spans) if spans else (whole(prepared.schedule.days),)
        self.form = form

    def run(self, sets: Sequence[tuple[int, ...]], threads: int = 1) -> Outcomes:
        """The figures of each set in each span, in the order given."""
        none = none_yet(self.names, [span.name for span in self.spans])
        with ThreadPoolExecutor(threads) as pool:
            return joined([none, *pool.map(self._one, sets)])

    def _one(self, values: tuple[int, ...]) -> Outcomes:
        program = with_values(self.prepared.strategy.program, self.names, values)
        schedule, market = self.prepared.schedule, self.prepared.market
        run = replace(self.prepared, strategy=Strategy(program)).run(self.terms, self.form)
        dates, paths = dates_for(program, schedule), paths_for(program, schedule)
        table = {name: np.full((1, len(self.spans)), np.nan) for name in METRICS}
        for number, span in enumerate(self.spans):
            mine = (run.intents.row >= span.first_row) & (run.intents.row < span.stop_row)
            intents = run.intents._pick(np.flatnonzero(mine))
            simulator = Simulator(rules_of(program, self.terms), compiled=False)
            records = simulator.run(market, dates, intents, paths, span.stop_row).copy()
            records[:, [out.ROW, out.ENTERED]] -= span.first_row
            days = schedule.days
            first, stop = np.searchsorted(days.start, [span.first_row, span.stop_row])
            tick_value = program.instrument.tick_value
            money = Money.for_amounts(tick_value, self.terms.equity, self.terms.commission)
            ledger = Ledger(
                market.rows(span.first_row, span.stop_row),
                Days(days.date[first:stop], days.start[first : stop + 1] - span.first_row),
                program.day.zone,
                records,
                trades_of(records),
                money,
                money.units(tick_value),
                money.units(self.terms.equity),
            )
            made = statistics_from(ledger)
            returns = ledger.returns
            found = {
                "setups": len(intents),
                "trades": made.all.trades,
                "net": made.all.net,
                "gross": made.all.gross,
                "return": made.returns.total,
                "cagr": made.returns.cagr,
                "profit_factor": made.all.profit_factor,
                "win_rate": made.all.win_rate,
                "expectancy_r": made.all.expectancy_r,
                "best": made.all.best,
                "worst": made.all.worst,
                "sharpe": made.returns.sharpe,
                "sortino": made.returns.sortino,
                "max_drawdown": made.drawdown.share,
                "max_drawdown_money": made.drawdown.money,
                "calmar": made.returns.calmar,
                "exposure": made.activity.exposure,
                "mean": returns.mean(),
                "deviation": returns.std(ddof=1),
                "observations": len(returns),
            }
            for name, value in found.items():
                table[name][0, number] = np.nan if value is None else float(value)
        sets = np.array([values], np.int64).reshape(1, len(self.names))
        return Outcomes(self.names, sets, tuple(span.name for span in self.spans), table)
