"""Ours: `docs/examples/benchmark_rules.yaml`, compiled from its text before the clock starts.

"bars to trades" is all that `engine run` does between reading bars and writing figures: the dates
and sessions, columns, both machines, orders, simulation, and the table of trades. The rivals' rows
contain the same. "prepared" leaves out the dates and sessions, which the C kernel is given too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.calendars import ExchangeCalendars
from benchmarks.rivals.work import Found, Make
from benchmarks.rules import SPECS, program_of
from benchmarks.yardstick import market_of
from dsl.ir.program import Side
from engine.execution.trades import trades_of
from engine.journal.decisions import KIND, ROW, VALUES, Decision
from engine.machine.forms import Form
from engine.run import Strategy, prepare

if TYPE_CHECKING:
    from benchmarks.rivals.work import Run
    from engine.run import Run as OurRun

TICKS = 4  # a point
BACK = ("liq1_bars", "confirm_bars", "calm_bars", "liq2_bars")


def making(form: Form, *, prepared: bool = False) -> Make:
    """A run in a form of the machine."""

    def make(bars: Any, _: Any) -> Run:
        strategy = Strategy(program_of(SPECS["benchmark rules"]))
        market, calendars = market_of(bars, strategy.program.instrument), ExchangeCalendars()
        ready = prepare(strategy, market, calendars)

        def run() -> Found:
            ran = (ready if prepared else prepare(strategy, market, calendars)).run(form=form)
            trades = trades_of(ran.records)
            bounds = zip(
                trades.entry_row.tolist(),
                trades.exit_row.tolist(),
                (trades.entry_price / TICKS).tolist(),
                (trades.exit_sum / TICKS).tolist(),
                strict=True,
            )
            return Found(list(bounds), lambda: setups_of(ran))

        return run

    return make


def setups_of(ran: OurRun) -> list[tuple[Any, ...]]:
    """Entries as the yardstick writes setups. What the fill refuses is none: it is judged there."""
    names = [feature.name for feature in ran.program.features]
    opens = ran.market.open.tolist()
    found: list[tuple[Any, ...]] = []
    for side, decisions in ran.decisions.items():
        for row in decisions.rows[decisions.rows[:, KIND] == Decision.ENTRY].tolist():
            _, _, stop, target, *features = row[VALUES:]
            back = dict(zip(names, features, strict=False))
            trigger = row[ROW]
            entry = opens[trigger + 1]
            sign = 1 if side is ran.program.written else -1
            if (sign * stop - entry) * (entry - sign * target) <= 0:
                continue
            prices = [ticks / TICKS for ticks in (entry, sign * stop, sign * target)]
            rows = [trigger - back[name] for name in BACK]
            found.append((int(side is Side.LONG), *rows, trigger, trigger + 1, *prices))
    return found


VARIANTS = {
    "bars to trades, compiled": making(Form.COMPILED),
    "bars to trades, plain Python": making(Form.PLAIN),
    "bars to trades, as it chooses": making(Form.AUTO),
    "prepared, compiled": making(Form.COMPILED, prepared=True),
}
