"""The venue law, live: through the gateway, the client library, the adapter, the engine, SQLite."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.ib.library import installed
from adapters.live import warmup
from adapters.synth import synthesize
from engine.execution.terms import Flat, Terms
from tests.golden.cases import names, read_case
from tests.golden.extension import ROOT
from tests.proofs import venue
from tests.proofs.judge import judged
from tests.proofs.rig import SCALP, TERMS, Scene, played
from tests.proofs.share import share
from tests.support.bars import minute_of
from tests.support.shipped import CALENDARS, SHIPPED, events_for, program_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]

FIRST = date(2025, 10, 8)
GOLDEN = [
    name for number, name in enumerate(names()) if number % share().every_case == 0
]  # fmt: skip


def proven(scene: Scene, folder: Path, **changes: object) -> venue.Ledger:
    """Play a scene live; what it wrote, which is what the backtest writes."""
    gateway = scene.gateway(**changes)
    first = int(gateway.now // 60)
    journal = folder / "j.db"
    outcome = played(gateway, scene.plan(journal))
    assert outcome.error is None, outcome.error
    (tape,) = gateway.tapes.values()
    theirs = venue.backtest(scene, first, int(tape.market.minute[-1]) + 1)
    mine = venue.live(scene, journal)
    assert mine.difference(theirs) == ""
    found = judged(gateway, journal, scene.name)
    held = bool(gateway.truth.positions)  # the bars may end with a position, the judge's day not
    assert held or dict(found.violations) == {}, found.first
    return mine


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_case_live_is_its_backtest(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # cases are the smallest history that tells something: less than a live run insists on
    monkeypatch.setattr(warmup, "needed", lambda _plan, _dates: lambda _bars: True)
    case = read_case(ROOT / "cases" / name)
    ground = case.ground
    market = ground.market
    terms = Terms(equity=Fraction(case.equity), flat=Flat.NEXT_OPEN)
    scene = Scene(ground.strategy.program, market, terms, ground.events, name)
    run = ground.batch()
    row = int(run.intents.row[0]) if len(run.intents) else len(market) // 2
    begins = float(int(market.minute[max(0, row - 1)]) * 60)
    proven(scene, tmp_path, begins=begins)


@pytest.mark.parametrize("spec", SHIPPED, ids=lambda spec: spec.stem)
def test_days_of_every_shipped_strategy_live_are_the_backtest(spec: Path, tmp_path: Path) -> None:
    program = program_of(spec)
    days = max(1, share().days)
    last = FIRST + timedelta(days=days * 7 // 5 - 1)
    market = synthesize(program.instrument, FIRST - timedelta(days=6), last, seed=5)
    scene = Scene(program, market, TERMS, events_for(spec), spec.stem)
    proven(scene, tmp_path, first=FIRST, last=last)


@pytest.mark.parametrize("slippage", [1] if share().name == "test" else [0, 2])
def test_an_hour_of_many_trades_live_is_the_backtest(slippage: int, tmp_path: Path) -> None:
    market = synthesize(program_of(SCALP).instrument, FIRST, FIRST, seed=3, calendars=CALENDARS)
    ends = minute_of(f"{FIRST} 20:00")
    low, high = np.searchsorted(market.minute, [ends - 50, ends + 6]).tolist()
    terms = replace(TERMS, slippage=slippage)
    scene = Scene.of(SCALP, market.rows(low, high), terms)
    begins = float((ends - 30) * 60)
    assert proven(scene, tmp_path, begins=begins).trades > 5
