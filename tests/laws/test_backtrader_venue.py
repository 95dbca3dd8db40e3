"""The venue law: what happens in backtrader is what happens in the simulator, record by record.

Candidates, stages, outcomes, intents and ids are compared bit for bit, fills and money too; that
backtrader's own account ends at the same cent is checked by `run_in_backtrader` itself.
"""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

import pytest

pytest.importorskip("backtrader", reason="the extra `backtrader` is not installed")

from typing import TYPE_CHECKING

from adapters import store
from adapters.backtrader import run_in_backtrader
from adapters.bars import Layout
from adapters.cli.venues import backtrader_ground, venue_laws
from adapters.events import event_lists
from engine.execution import records as out
from engine.execution.records import Kind
from engine.execution.rules import rules_of
from engine.laws.elsewhere import parted
from engine.laws.ground import Ground
from engine.run import Strategy
from tests.golden import telling
from tests.golden.cases import CASES, names, read_case
from tests.support.real import DATA, FILES, needs_real_bars
from tests.support.shipped import (
    CALENDARS,
    FOLDER,
    SHIPPED,
    bars_for,
    compiled,
    events_for,
    strategy_of,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.law

WRITTEN = {telling.journal: "journal", telling.trades: "trades", telling.summary: "summary"}
MOST = None if os.environ.get("HYPOTHESIS_PROFILE") in ("ci", "prove") else 3_000
"""Bars of each strategy and file at the desk; everywhere else all of them."""


def ground_of(file: Path) -> Ground:
    return Ground(strategy_of(file), bars_for(file), CALENDARS, events_for(file))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_strategy_does_in_backtrader_what_it_does_here(file: Path) -> None:
    ground = ground_of(file)
    ground = ground.on(ground.market.rows(0, MOST or len(ground.market)))

    assert parted("backtrader", ground.batch(), backtrader_ground(ground)) is None


@pytest.mark.parametrize("name", names())
def test_a_golden_case_ends_in_backtrader_as_it_is_written(name: str) -> None:
    case = read_case(CASES / name)

    run = backtrader_ground(case.ground)

    for told, file in WRITTEN.items():
        assert told(run) == (case.folder / "expected" / f"{file}.txt").read_text("utf-8")


@needs_real_bars
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
@pytest.mark.parametrize("name", FILES)
def test_real_bars_give_the_same_in_backtrader(name: str, file: Path) -> None:
    program = compiled(file, instrument=FILES[name]).program
    if program is None:
        pytest.skip(f"{file.stem} says of itself that it does not fit {FILES[name]}")
    market, _ = store.resolve_with_notes(str(DATA / name), program.instrument, Layout())
    strategy = Strategy(program)
    ground = Ground(strategy, market, CALENDARS, event_lists(program.events, FOLDER))
    ground = ground.stretch(Random(name), MOST or len(market))

    assert parted("backtrader", ground.batch(), backtrader_ground(ground)) is None


def test_the_bars_are_worth_it() -> None:
    fills = {
        file.stem: int((ground_of(file).batch().records[:, out.KIND] == Kind.FILL).sum())
        for file in SHIPPED
    }

    assert sum(count > 0 for count in fills.values()) >= 4
    assert sum(fills.values()) > 80


def test_the_law_is_there_for_a_users_own_strategy() -> None:
    (law,) = venue_laws()

    file = next(file for file in SHIPPED if file.stem == "vwap_reversion")
    ground = ground_of(file)
    assert law.name == "backtrader"
    market = ground.market.rows(0, 4_000)
    assert law.check(ground.strategy, market, CALENDARS, Random(1), ground.events) is None


def test_backtraders_own_account_ends_at_the_same_cent() -> None:
    file = next(file for file in SHIPPED if file.stem == "vwap_reversion")
    ground = replace(ground_of(file), market=bars_for(file).rows(0, 6_000))

    hosted = run_in_backtrader(
        ground.strategy, ground.market, CALENDARS, ground.terms, ground.events
    )

    records = hosted.run.records
    closed = records[records[:, out.KIND] == Kind.CLOSED]
    money = rules_of(hosted.run.program, ground.terms).money
    assert len(closed) > 20
    assert hosted.value == pytest.approx(float(money.amount(closed[-1, out.EQUITY])), abs=0.005)
