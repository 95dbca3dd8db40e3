"""Bars made of 5-second bars and of ticks, over the wire: what is lost is refilled first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.database.reader import JournalReader
from adapters.gateway.faults import plans
from adapters.ib.library import installed
from adapters.ib.port import FeedKind
from engine.domain.market import Market
from tests.proofs import venue
from tests.proofs.faulty import scene_of
from tests.proofs.rig import played

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proofs.rig import Scene
    from tests.proofs.venue import Ledger

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

FINE = (FeedKind.STEPS, FeedKind.TICKS)
COLUMNS = ("minute", "open", "high", "low", "close", "volume")


def seen_in(journal: Path) -> list[tuple[int, ...]]:
    """The bars that the strategy decided on, in order."""
    with JournalReader.open(journal) as reader:
        (contract,) = reader.contracts()
        bars = reader.bars(contract, 0, 1 << 40)
    return [tuple(getattr(bar, name) for name in COLUMNS) for bar in bars]


def told_in(market: Market) -> list[tuple[int, ...]]:
    """The bars there were."""
    columns = (getattr(market, name).tolist() for name in COLUMNS)
    return list(zip(*columns, strict=True))


def backtest(scene: Scene, begins: float) -> Ledger:
    """What comes of the same bars."""
    return venue.backtest(scene, int(begins // 60), int(scene.market.minute[-1]) + 1)


def names_in(ledger: Ledger) -> set[str]:
    """The setups that were decided, whether or not they could still be entered."""
    found = {name for _, name, _ in ledger.lines}
    assert len(found) > 5
    return found


@pytest.mark.parametrize("feed", FINE)
@pytest.mark.parametrize("fault", ["missing-bar#3", "link-lost=90@19:45"])
def test_bars_that_were_not_heard_are_refilled_before_any_later_decision(
    tmp_path: Path, feed: FeedKind, fault: str
) -> None:
    scene, begins = scene_of(4)
    gateway = scene.gateway(begins=begins, faults=plans(fault))
    journal = tmp_path / "j.db"
    done = played(gateway, scene.plan(journal, feed=feed), "tcp")
    assert done.error is None
    assert gateway.faults.struck
    seen = seen_in(journal)
    assert seen == told_in(scene.market)[: len(seen)]
    assert len(seen) >= len(scene.market) - 1  # whether the last one is over nobody tells by ticks
    assert names_in(venue.live(scene, journal)) == names_in(backtest(scene, begins))
    assert gateway.truth.longest_naked <= 5


@pytest.mark.parametrize("feed", FINE)
def test_a_minute_in_which_nobody_trades_is_no_bar(tmp_path: Path, feed: FeedKind) -> None:
    """Steps go on in it, with the last price and no volume; of ticks there are none."""
    scene, begins = scene_of(4)
    row = int(np.searchsorted(scene.market.minute, begins // 60)) + 7
    without, still = silenced(scene.market, row)
    played_on = still if feed is FeedKind.STEPS else without
    journal = tmp_path / "j.db"
    gateway = replace(scene, market=played_on).gateway(begins=begins)
    assert played(gateway, scene.plan(journal, feed=feed), "tcp").error is None
    seen = seen_in(journal)
    assert seen == told_in(without)[: len(seen)]
    assert len(seen) >= len(without) - 1
    scene = replace(scene, market=without)
    assert names_in(venue.live(scene, journal)) == names_in(backtest(scene, begins))


def silenced(market: Market, row: int) -> tuple[Market, Market]:
    """A market without the bar of a row, and one whose bar there is the last price and no trade."""
    columns = {name: getattr(market, name) for name in COLUMNS}
    last = int(market.close[row - 1])
    quiet = {"minute": int(market.minute[row]), "volume": 0}
    without = [np.delete(column, row) for column in columns.values()]
    still = [
        np.insert(column, row, quiet.get(name, last))
        for name, column in zip(COLUMNS, without, strict=True)
    ]
    made = (Market(market.instrument, market.bar_minutes, *one) for one in (without, still))
    return next(made), next(made)
