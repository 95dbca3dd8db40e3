"""The chunk law through backtrader's modes: however it brings the bars, the run is the same."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import backtrader as bt
import pytest

from adapters.backtrader import EngineStrategy, run_in_backtrader
from adapters.backtrader.venue import MarketFeed, quiet
from engine.laws.elsewhere import parted
from engine.laws.ground import Ground
from tests.support.cerebro import LiveFeed
from tests.support.shipped import CALENDARS, FOLDER, bars_for, strategy_of

if TYPE_CHECKING:
    from engine.run import Run

FILE = FOLDER / "vwap_reversion.yaml"
MODES: dict[str, dict[str, Any]] = {
    "preload and runonce": {},
    "no preload": {"preload": False},
    "no runonce": {"runonce": False},
    "neither": {"preload": False, "runonce": False},
    "exactbars 1": {"exactbars": 1},
    "exactbars True": {"exactbars": True},
    "exactbars -1": {"exactbars": -1},
    "exactbars -2": {"exactbars": -2},
    "quick notifications": {"quicknotify": True},
    "the old way of keeping in step": {"oldsync": True},
    "cheat on open": {"cheat_on_open": True},
    "live": {"live": True},
}


@pytest.fixture(scope="module")
def ground() -> Ground:
    """Some dates with trades on them."""
    return Ground(strategy_of(FILE), bars_for(FILE).rows(700, 2_300), CALENDARS, {})


@pytest.fixture(scope="module")
def batch(ground: Ground) -> Run:
    run = ground.batch()
    assert len(run.records) > 30
    return run


@pytest.fixture(scope="module")
def brief(ground: Ground) -> Ground:
    """Fewer of them, for what goes bar by bar."""
    brief = ground.on(ground.market.rows(0, 800))
    assert len(brief.batch().records) > 30
    return brief


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_of_backtrader_changes_nothing(mode: str, ground: Ground, batch: Run) -> None:
    hosted = run_in_backtrader(
        ground.strategy, ground.market, CALENDARS, ground.terms, **MODES[mode]
    )

    assert parted(mode, batch, hosted.run) is None


def test_a_feed_that_lives_and_often_has_nothing_changes_nothing(brief: Ground) -> None:
    hosted = run_in_backtrader(
        brief.strategy, brief.market, CALENDARS, brief.terms, at_once=1, feed=LiveFeed
    )

    assert parted("live feed", brief.batch(), hosted.run) is None


@pytest.mark.parametrize("at_once", [1, 7, Random(3).randint(50, 400), 100_000])
def test_how_many_bars_are_decided_at_once_changes_nothing(at_once: int, brief: Ground) -> None:
    hosted = run_in_backtrader(
        brief.strategy, brief.market, CALENDARS, brief.terms, at_once=at_once
    )

    assert parted(f"{at_once} at once", brief.batch(), hosted.run) is None


def test_a_run_that_is_stopped_tells_of_the_bars_that_came_and_of_no_others(
    brief: Ground,
) -> None:
    class Stopped(EngineStrategy):
        def next(self) -> None:
            if len(self) == 617:
                self.cerebro.runstop()

    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.adddata(MarketFeed(market=brief.market))
        cerebro.addstrategy(
            Stopped, spec=brief.strategy, terms=brief.terms, calendars=CALENDARS, at_once=500
        )
        (strategy,) = cerebro.run()

    batch = brief.on(brief.market.rows(0, 617)).batch()
    assert len(strategy.run.market) == 617
    assert parted("stopped", batch, strategy.run) is None


def test_beside_a_second_feed_and_another_strategy_on_it_nothing_changes(
    ground: Ground, batch: Run
) -> None:
    class Other(bt.Strategy):  # type: ignore[misc]
        def next(self) -> None:
            if len(self) % 50 == 0:
                self.order_target_size(self.data1, len(self) // 50 % 2)

    market = ground.market
    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.broker.setcash(1_000_000)
        cerebro.adddata(MarketFeed(market=market), name="traded")
        cerebro.adddata(MarketFeed(market=market.rows(100, len(market) - 50)), name="other")
        cerebro.addsizer(bt.sizers.FixedSize, stake=13)
        cerebro.addstrategy(Other)
        cerebro.addstrategy(
            EngineStrategy, spec=ground.strategy, terms=ground.terms, calendars=CALENDARS,
            at_once=500,
        )  # fmt: skip
        other, ran = cerebro.run()

    assert parted("beside others", batch, ran.run) is None
    assert len(other._trades[other.data1][0]) > 10
