"""`docs/examples/benchmark_rules.yaml` finds what the reference of the benchmark finds, bar by bar.

The reference is a plain Python loop over float64 prices that are multiples of 0.25, so ticks hold
them exactly. It runs in a copy of its folder, because it writes its data beside itself.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.calendars import ExchangeCalendars
from adapters.instruments import INSTRUMENTS
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.diagnostics import Severity
from dsl.ir.program import Side
from engine.domain.market import Market
from engine.execution.records import reason_names
from engine.execution.trades import trades_of
from engine.interpreter import Interpreter
from engine.journal.decisions import CAUSE, KIND, ROW, STAGE, VALUES, Decision
from engine.run import Run, Strategy, run_batch

if TYPE_CHECKING:
    from dsl.ir.program import Program
    from engine.domain.market import Ints, Reals

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "docs" / "examples" / "benchmark_rules.yaml"
REFERENCE = ROOT.parent / "shared" / "reference" / "benchmark"
SIZE = "20d"
TICKS_A_POINT = 4
MINUTE_NS = 60 * 10**9

ASK_THE_REFERENCE = """
import sys
import numpy as np
import common, impl_ref
bars = common.load(sys.argv[1])
result = impl_ref.run(bars)
np.savez("asked.npz", ts=bars.ts, v=bars.v, **{name: getattr(bars, name) for name in "ohlc"},
         **{name: getattr(result, name) for name in ("si", "sf", "ti", "tf")})
"""


@dataclass(frozen=True)
class Reference:
    """The reference's bars and what it found in them, in its own order and units.

    `setups`: side, liq1, confirm, no-wick, liq2, trigger, entry bar; `prices`: entry, stop, target,
    reward:risk, level, spike. `trades`: setup, entry bar, exit bar, reason; `paid`: entry, exit,
    points won.
    """

    market: Market
    setups: Ints
    prices: Reals
    trades: Ints
    paid: Reals


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference of the benchmark is not here: {REFERENCE}")
    return asked(tmp_path_factory.mktemp("reference"), SIZE)


def asked(folder: Path, size: str) -> Reference:
    for name in ("common.py", "gen_data.py", "impl_ref.py"):
        shutil.copyfile(REFERENCE / name, folder / name)
    subprocess.run([sys.executable, "-c", ASK_THE_REFERENCE, size], cwd=folder, check=True)
    with np.load(folder / "asked.npz") as found:
        opens, high, low, close = (in_ticks(found[name]) for name in "ohlc")
        minute, volume = found["ts"] // MINUTE_NS, found["v"].astype(np.int64)
        market = Market(INSTRUMENTS["NQ"], 1, minute, opens, high, low, close, volume)
        return Reference(market, found["si"], found["sf"], found["ti"], found["tf"])


def in_ticks(prices: Reals) -> Ints:
    ticks = np.rint(prices * TICKS_A_POINT).astype(np.int64)
    assert (ticks / TICKS_A_POINT == prices).all()
    return ticks


@pytest.fixture(scope="module")
def program() -> Program:
    made = compile_strategy(SPEC.name, SPEC.read_bytes(), Surroundings(instruments=INSTRUMENTS))
    assert [found for found in made.findings if found.severity is not Severity.NOTE] == []
    assert made.program is not None
    return made.program


@pytest.fixture(scope="module")
def ran(reference: Reference, program: Program) -> Run:
    return run_batch(Strategy(program), reference.market, ExchangeCalendars())


def setups_of(run: Run) -> tuple[Ints, Reals]:
    """The run's entries as the reference writes setups: bars, and stop, target, level in points."""
    found = []
    for side, decisions in run.decisions.items():
        sign = 1 if side is run.program.written else -1
        names = [feature.name for feature in run.program.features]
        for row in decisions.rows[decisions.rows[:, KIND] == Decision.ENTRY].tolist():
            close, _entry, stop, target, *features = row[VALUES:]
            back = dict(zip(names, features, strict=False))
            trigger = row[ROW]
            bars = [trigger - back[f"{name}_bars"] for name in ("liq1", "confirm", "calm", "liq2")]
            prices = [sign * ticks for ticks in (stop, target, close + back["level"])]
            found.append([int(side is Side.LONG), *bars, trigger, trigger + 1, *prices])
    table = np.array(sorted(found, key=lambda one: (one[6], one[1], one[0])), np.int64)
    return table[:, :7], table[:, 7:] / TICKS_A_POINT


def test_every_setup_is_the_references_with_each_of_its_bars_and_prices(
    reference: Reference, ran: Run
) -> None:
    bars, prices = setups_of(ran)
    assert len(bars) == len(reference.setups) > 50
    assert bars.tolist() == reference.setups.tolist()
    stop_target_level = reference.prices[:, [1, 2, 4]]
    assert prices.tolist() == stop_target_level.tolist()


def test_every_trade_is_the_references_to_the_tick(reference: Reference, ran: Run) -> None:
    trades = trades_of(ran.records)
    names = reason_names(ran.program)
    numbers = {"stop": 1, "target": 2, "session_end": 3}
    rows = np.stack(
        [
            trades.entry_row,
            trades.exit_row,
            np.array([numbers[names[reason]] for reason in trades.reason]),
        ],
        axis=1,
    )
    assert len(trades) == len(reference.trades) > 20
    assert rows.tolist() == reference.trades[:, 1:].tolist()
    paid = np.stack([trades.entry_price, trades.exit_sum], axis=1) / TICKS_A_POINT
    assert paid.tolist() == reference.paid[:, :2].tolist()
    assert trades.contracts.tolist() == [1] * len(trades)


def test_the_interpreter_takes_the_same_decisions_on_the_first_days(
    reference: Reference, program: Program, ran: Run
) -> None:
    days = reference.market.rows(0, 4 * 840)
    for side, decisions in ran.decisions.items():
        events = Interpreter(program, days, side, ExchangeCalendars()).run()
        told = [(event.row, event.kind, event.stage, event.cause) for event in events]
        early = decisions.rows[decisions.rows[:, ROW] < len(days)]
        assert told == [(row[ROW], row[KIND], row[STAGE], row[CAUSE]) for row in early.tolist()]
        assert Decision.ENTRY in {event.kind for event in events}
