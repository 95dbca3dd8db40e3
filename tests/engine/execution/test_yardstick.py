"""The trades of shared/benchmark.md: with one contract and no costs they must be the same."""

from __future__ import annotations

import importlib.util
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.execution.intents import intents_of_rows
from engine.execution.records import Reason
from engine.execution.rules import rules_of
from engine.execution.simulation import Dates, Simulator
from engine.execution.trades import trades_of
from tests.support.bars import bars_from_rows
from tests.support.desk import program_of, terms_of
from tests.support.plain_simulator import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from engine.execution.trades import Trades

FOLDER = Path(os.environ.get("YARDSTICK", "/work/shared/reference/benchmark"))
NAMES = ("common", "gen_data", "impl_ref", "check_identity")

pytestmark = pytest.mark.skipif(
    not (FOLDER / "impl_ref.py").exists(), reason="the yardstick is not on this machine"
)


@pytest.fixture(scope="module")
def yardstick() -> Iterator[dict[str, ModuleType]]:
    """The reference's modules, imported by path and forgotten again."""
    before, writes = dict(sys.modules), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    found: dict[str, ModuleType] = {}
    for name in ("common", "gen_data", "impl_ref"):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        found[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[name])
    yield found
    sys.dont_write_bytecode = writes
    for name in NAMES:
        sys.modules.pop(name, None)
        if name in before:
            sys.modules[name] = before[name]


def ticks(prices: Any) -> Any:
    return np.rint(np.asarray(prices) * 4).astype(np.int64)


def traded(bars: Any, result: Any) -> Trades:
    """Our trades of the reference's own setups."""
    columns = (ticks(bars.o), ticks(bars.h), ticks(bars.l), ticks(bars.c))
    minute = np.arange(len(bars))
    market = bars_from_rows(np.stack([minute, *columns, minute * 0], axis=1))
    start = bars.day_start
    held = np.flatnonzero(np.diff(start))
    dates = Dates(
        np.append(start[held], len(bars)), start[held + 1] - 1, np.asarray(start[held + 1])
    )
    rows = [
        (*(setup[5], setup[0], setup[1], 0, number), close, close, *bracket, float("nan"))
        for number, (setup, close, bracket) in enumerate(
            zip(
                result.si.tolist(),
                columns[3][result.si[:, 5]].tolist(),
                [(int(s), 0, int(t)) for s, t in ticks(result.sf[:, 1:3])],
                strict=True,
            )
        )
    ]
    plan = Plan(Fraction(5), Fraction(50_000), shares=[Fraction(1)], flattens=True, leaves=False)
    simulator = Simulator(rules_of(program_of(plan), terms_of(plan)))
    return trades_of(simulator.run(market, dates, intents_of_rows(rows, 1)))


def assert_same(bars: Any, result: Any) -> None:
    trades = traded(bars, result)
    assert trades.entry_row.tolist() == result.ti[:, 1].tolist()
    assert trades.exit_row.tolist() == result.ti[:, 2].tolist()
    assert trades.entry_price.tolist() == ticks(result.tf[:, 0]).tolist()
    assert trades.exit_sum.tolist() == ticks(result.tf[:, 1]).tolist()
    assert (trades.net / 20_000_000).tolist() == result.tf[:, 2].tolist()
    why = {Reason.STOP: 1, len(Reason): 2, Reason.SESSION_END: 3}
    assert [why[reason] for reason in trades.reason.tolist()] == result.ti[:, 3].tolist()


def test_the_trades_are_those_of_the_yardstick(yardstick: dict[str, ModuleType]) -> None:
    data = yardstick["gen_data"].make(60)
    bars = yardstick["common"].Bars(**data)
    result = yardstick["impl_ref"].run(bars)
    assert len(result.ti) > 90
    assert_same(bars, result)


@pytest.mark.parametrize("seed", range(6))
def test_ragged_days_and_wide_bars_give_the_trades_of_the_yardstick(
    yardstick: dict[str, ModuleType], seed: int
) -> None:
    bars = stressed(yardstick, seed)
    result = yardstick["impl_ref"].run(bars)
    assert_same(bars, result)


def stressed(yardstick: dict[str, ModuleType], seed: int) -> Any:
    """Ten days with missing bars, half days, a lost day, and bars wider than usual."""
    rng = np.random.default_rng(seed)
    days = 10
    prices = yardstick["gen_data"].day_block(rng, days, 2000 / 0.25)
    middle = prices[0][:, :1]
    prices = [middle + (1 + seed % 3) * (one - middle) + 8000 for one in prices]
    minute = np.tile((np.arange(840) + 480).astype(np.int16), (days, 1))
    drop = rng.random((days, 840)) < 0.02
    drop[1, 600:] = drop[3, :] = True
    keep = ~drop
    start = np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int64)
    columns = [np.ascontiguousarray(one[keep] * 0.25) for one in prices]
    stamps = np.arange(len(columns[0]), dtype=np.int64)
    return yardstick["common"].Bars(
        stamps, *columns, np.ones(len(stamps)), np.ascontiguousarray(minute[keep]), start
    )
