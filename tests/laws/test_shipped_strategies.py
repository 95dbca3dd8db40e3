"""Every law of `engine check` on the strategies of the repository and synthetic bars."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest

from engine.journal.decisions import KIND, Decision
from engine.laws import LAWS, Law
from engine.machine.forms import Form
from engine.run import run_batch
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.law

TURNS = {"ci": 2, "prove": 20}.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"), 1)
QUICK = [law for law in LAWS if law.name != "venue"]
(VENUE,) = [law for law in LAWS if law.name == "venue"]


@pytest.mark.parametrize("law", QUICK, ids=lambda law: law.name)
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_law_holds(file: Path, law: Law) -> None:
    strategy, market, events = strategy_of(file), bars_for(file), events_for(file)

    for turn in range(TURNS):
        assert law.check(strategy, market, CALENDARS, Random(turn), events) is None


@pytest.mark.parametrize("file", SHIPPED if TURNS > 1 else SHIPPED[-2:-1], ids=lambda f: f.stem)
def test_compiled_code_does_what_plain_python_does(file: Path) -> None:
    strategy, market, events = strategy_of(file), bars_for(file), events_for(file)

    assert VENUE.check(strategy, market, CALENDARS, Random(0), events) is None


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_bars_are_worth_trying_it_on(file: Path) -> None:
    run = run_batch(
        strategy_of(file), bars_for(file), CALENDARS, events=events_for(file), form=Form.PLAIN
    )

    started, completed = (
        sum(int((made.rows[:, KIND] == kind).sum()) for made in run.decisions.values())
        for kind in (Decision.START, Decision.ENTRY)
    )
    assert started >= 10
    assert completed >= 1
