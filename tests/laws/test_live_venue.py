"""The venue law, live: the journal of a live run has the records of a backtest, cell by cell.

Both under `flat: next_open`, since nothing can be sent after a close. The broker is the one in
memory (tests.support.paper), which fills by the same rules a whole bar at a time.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.laws.ground import Ground
from engine.live.policy import Policy
from engine.run import run_batch
from tests.golden.cases import CASES, names, read_case
from tests.support.desk import Scene, scenes
from tests.support.live_world import ground_setting, scene_setting, world
from tests.support.paper import Profile
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.live_world import World

pytestmark = pytest.mark.law

SHARES: dict[str, tuple[int | None, int]] = {"ci": (5_000, 3), "prove": (None, 1)}
BARS, EACH = SHARES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), (600, 12))
"""Bars of each strategy, and each so many-th golden case; through the night three weeks and all."""


def without_doubles(scene: Scene) -> Scene:
    """With one setup a row where entries are at the market.

    Live, a second one is not sent while the first may take the last place; the backtest tries it
    where the first is refused by its fill.
    """
    if scene.plan.order != "market":
        return scene
    first = {setup.row: setup for setup in reversed(scene.setups)}
    return replace(scene, setups=[first[row] for row in sorted(first)])


@given(scene=scenes(flat_later=True))
@settings(deadline=None)
def test_every_plan_trades_live_as_in_the_simulator(scene: Scene) -> None:
    scene = without_doubles(scene)
    simulator = Simulator(rules_of(scene.program, scene.terms), compiled=False)
    records = simulator.run(scene.market, scene.dates, scene.intents, scene.paths)

    made = world(scene_setting(scene)).finish()

    assert made.records.tolist() == records.tolist()
    assert made.paper.naked_longest == 0


@given(scene=scenes(flat_later=True, most=20, positions=1))
@settings(deadline=None)
def test_words_that_come_twice_and_in_any_order_change_no_record(scene: Scene) -> None:
    scene = without_doubles(scene)
    plain = world(scene_setting(scene)).finish()

    shuffled = world(scene_setting(scene), Profile(shuffle=True, repeat=True, seed=3)).finish()

    assert shuffled.records.tolist() == plain.records.tolist()
    assert shuffled.paper.entries == plain.paper.entries


def lived(ground: Ground) -> World:
    """A live run of a strategy whose records have been compared with the backtest's."""
    setting = ground_setting(ground, Policy())
    wanted = run_batch(
        ground.strategy, ground.market, ground.calendars, setting.terms, ground.events
    )
    made = world(setting).finish()
    assert made.records.tolist() == wanted.records.tolist()
    assert made.paper.naked_longest == 0
    return made


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_strategy_trades_live_as_in_the_backtest(file: Path) -> None:
    market = bars_for(file)
    market = market.rows(0, BARS or len(market))

    lived(Ground(strategy_of(file), market, CALENDARS, events_for(file)))


@pytest.mark.parametrize("name", names()[::EACH])
def test_a_golden_case_is_traded_live_as_in_the_backtest(name: str) -> None:
    lived(read_case(CASES / name).ground)


def test_the_account_of_the_broker_ends_at_the_cent_of_the_journal() -> None:
    file = next(file for file in SHIPPED if file.stem == "vwap_reversion")
    market = bars_for(file).rows(0, 1_500)

    made = lived(Ground(strategy_of(file), market, CALENDARS, events_for(file)))

    money, account = made.desk.trader.rules.money, made.desk.trader.account
    assert len(made.records) > 30
    assert account.open_positions == 0
    assert made.paper.cash == money.amount(account.equity)
