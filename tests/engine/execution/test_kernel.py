"""The kernel against the plain simulator, against itself compiled, and in chunks."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution import records as out
from engine.execution.records import Kind
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from tests.support.desk import Scene, log_of, scenes
from tests.support.plain_simulator import PlainSimulator


def simulated(scene: Scene, *, compiled: bool = False) -> tuple[Simulator, np.ndarray]:
    simulator = Simulator(rules_of(scene.program, scene.terms), compiled=compiled)
    return simulator, simulator.run(scene.market, scene.dates, scene.intents, scene.paths)


def told(scene: Scene) -> PlainSimulator:
    oracle = PlainSimulator(scene.plan, scene.setups)
    for row, bar in enumerate(scene.bars):
        oracle.on_bar(row, bar)
    return oracle


@pytest.mark.law
@given(scene=scenes())
@settings(max_examples=300, deadline=None)
def test_the_kernel_does_what_the_plain_simulator_does(scene: Scene) -> None:
    simulator, records = simulated(scene)
    oracle = told(scene)
    assert log_of(records, scene.program, simulator.rules) == oracle.log
    closed = records[records[:, out.KIND] == Kind.CLOSED]
    assert closed[:, [out.MAE, out.MFE]].tolist() == [list(one) for one in oracle.excursions]
    assert simulator.rules.money.amount(simulator.account.equity) == oracle.equity
    assert simulator.account.latched == oracle.latched
    assert simulator.account.open_positions == len(oracle.open)
    assert simulator.account.waiting == len(oracle.waiting)


TRADING_ON: dict[str, Any] = {
    "reduce_at": None,
    "stop_at": None,
    "daily_loss": None,
    "rr_min": Fraction(0),
}


@pytest.mark.law
@given(scene=scenes(60, method="kelly", order="market", maximum=9, minimum=1, **TRADING_ON))
@settings(max_examples=100, deadline=None)
def test_many_trades_size_as_kelly_says(scene: Scene) -> None:
    simulator, records = simulated(scene)
    assert log_of(records, scene.program, simulator.rules) == told(scene).log


@pytest.mark.law
@given(scene=scenes())
@settings(max_examples=150, deadline=None)
def test_compiled_and_plain_kernel_write_the_same_records(scene: Scene) -> None:
    plain, records = simulated(scene)
    fast, same = simulated(scene, compiled=True)
    assert np.array_equal(records, same)
    assert np.array_equal(plain.account.book, fast.account.book)
    assert np.array_equal(plain.account.orders, fast.account.orders)


@pytest.mark.law
@given(scene=scenes(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_chunking_writes_the_records_of_the_whole(scene: Scene, data: st.DataObject) -> None:
    whole, records = simulated(scene)
    rows = len(scene.bars)
    cuts = data.draw(st.lists(st.integers(0, rows), max_size=6).map(sorted))
    parts = Simulator(whole.rules, compiled=False)
    found = []
    for _, stop in pairwise([0, *cuts, rows]):
        grown = Scene(scene.plan, scene.bars[:stop], [s for s in scene.setups if s.row < stop])
        if stop:
            found.append(parts.run(grown.market, grown.dates, grown.intents, grown.paths))
            parts = Simulator(parts.rules, parts.account, compiled=False)
    assert np.array_equal(np.concatenate(found), records)
    assert np.array_equal(parts.account.book, whole.account.book)


@pytest.mark.law
@given(scene=scenes(), row=st.integers(0, 70), shift=st.integers(-30, 30))
@settings(max_examples=150, deadline=None)
def test_later_bars_change_nothing_before_them(scene: Scene, row: int, shift: int) -> None:
    _, records = simulated(scene)
    for bar in scene.bars[row + 1 :]:
        bar.open, bar.high, bar.low, bar.close = (
            price + shift for price in (bar.open, bar.high, bar.low, bar.close)
        )
    _, tampered = simulated(scene)
    before = records[records[:, out.ROW] <= row]
    assert np.array_equal(before, tampered[tampered[:, out.ROW] <= row])


@pytest.mark.law
@given(scene=scenes())
@settings(max_examples=150, deadline=None)
def test_the_reflected_market_gives_the_reflected_trades(scene: Scene) -> None:
    _, records = simulated(scene)
    _, reflected = simulated(mirrored(scene))
    expected = records.copy()
    is_event = records[:, out.INTENT] >= 0
    expected[is_event, out.SIDE] = 1 - records[is_event, out.SIDE]
    expected[:, [out.PRICE, out.STOP]] *= -1
    assert np.array_equal(expected, reflected)


def mirrored(scene: Scene) -> Scene:
    other = {"short": "long", "long": "short"}
    bars = [
        type(bar)(
            *(-bar.open, -bar.low, -bar.high, -bar.close, bar.date, bar.over, bar.closing),
            {other[s]: None if price is None else -price for s, price in bar.trail.items()},
            {other[s]: number for s, number in bar.leave.items()},
        )
        for bar in scene.bars
    ]
    setups = [
        type(one)(
            *(one.row, other[one.side], -one.close, -one.price, -one.stop),
            [-target for target in one.targets],
            one.atr,
        )
        for one in scene.setups
    ]
    return Scene(scene.plan, bars, setups)
