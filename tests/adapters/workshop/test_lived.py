"""What was traded live beside its replay, from a journal that was really written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.database.journal import Journal
from adapters.database.tables import BarRow, Source
from adapters.workshop.errors import BadInput, NotFound
from adapters.workshop.runnable import Runnable
from engine.laws.ground import Ground
from engine.live.policy import Policy
from engine.window import COLUMNS
from tests.adapters.workshop.ran import STRATEGIES
from tests.support.live_world import CONTRACT, ground_setting, world
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

SPEC = next(file for file in SHIPPED if file.stem == "vwap_reversion")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of a strategy that was traded bar by bar."""
    where = tmp_path_factory.mktemp("live") / "traded.db"
    market = bars_for(SPEC).rows(0, 1_560)
    columns = zip(*(getattr(market, name).tolist() for name in COLUMNS), strict=True)
    bars = [dict(zip(COLUMNS, values, strict=True)) for values in columns]
    ground = Ground(strategy_of(SPEC), market, CALENDARS, events_for(SPEC))
    with Journal.begin(where, account="DU1", client=17) as made:
        made.keep_bars([BarRow(contract=CONTRACT, source=Source.LIVE, **bar) for bar in bars])
        world(ground_setting(ground, Policy()), journal=made).finish()
    return where


def test_a_live_run_equals_the_replay_of_its_own_bars(journal: Path) -> None:
    (told,) = Runnable(STRATEGIES, str(journal)).lived("vwap_reversion")
    assert told["equal"]
    assert told["sums"]["live"] == told["sums"]["official"]


def test_a_strategy_that_was_not_traded_is_refused(journal: Path) -> None:
    with pytest.raises(NotFound, match="not traded by this program"):
        Runnable(STRATEGIES, str(journal)).lived("slob_5_1")


def test_a_journal_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no journal"):
        Runnable(STRATEGIES, str(tmp_path / "none.db")).lived("vwap_reversion")


def test_a_strategy_that_is_not_there_is_refused(journal: Path) -> None:
    with pytest.raises((NotFound, BadInput), match="there is no strategy"):
        Runnable(STRATEGIES, str(journal)).lived("../../etc/passwd")
