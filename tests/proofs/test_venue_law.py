"""The venue law, live: through the gateway, the client library, the adapter, the engine, SQLite."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from adapters.ib.library import installed
from adapters.ib.port import FeedKind
from tests.golden.cases import names
from tests.proofs import venue
from tests.proofs.compared import Compared, compared, golden, shipped
from tests.proofs.faulty import scene_of
from tests.proofs.share import share
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]

GOLDEN = names()[:: share().every_case]


def proven(made: Compared) -> Compared:
    assert made.error is None, made.error
    assert made.difference == ""
    assert dict(made.verdict.violations) == {}, made.verdict.first
    assert [one for one in made.warnings if "bars of history" not in one] == []
    return made


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_case_live_is_its_backtest(name: str) -> None:
    proven(golden(name))


@pytest.mark.parametrize("spec", SHIPPED, ids=lambda spec: spec.stem)
def test_days_of_every_shipped_strategy_live_are_the_backtest(spec: Path) -> None:
    assert proven(shipped(spec, share().days)).bars > 300


def test_a_currency_pair_is_traded_in_lots_of_its_units() -> None:
    (pair,) = (spec for spec in SHIPPED if spec.stem == "london_breakout_gbpusd")
    assert proven(shipped(pair, 2)).mine.trades > 0


def test_the_money_of_trades_goes_on_over_a_roll() -> None:
    (spec,) = (spec for spec in SHIPPED if spec.stem == "opening_range_breakout")
    made = proven(shipped(spec, 5))
    assert made.mine.trades > 0
    assert any("rolls" in note for note in made.notes)


@pytest.mark.parametrize("slippage", [1] if share().name == "test" else [0, 1, 2])
def test_many_trades_live_are_the_backtest(slippage: int) -> None:
    scene, begins = scene_of(3)
    scene = replace(scene, terms=replace(scene.terms, slippage=slippage))
    assert proven(compared(scene, begins=begins)).mine.trades > 5


@pytest.mark.parametrize("feed", [FeedKind.STEPS, FeedKind.TICKS])
def test_many_trades_on_bars_made_of_smaller_words_are_the_backtest(feed: FeedKind) -> None:
    scene, begins = scene_of(3)
    assert proven(compared(scene, feed, begins=begins)).mine.trades > 5


def test_the_comparison_sees_a_cent() -> None:
    scene, begins = scene_of(3)
    last = int(scene.market.minute[-1]) + 1
    dearer = replace(scene.terms, commission=scene.terms.commission + Fraction(1, 100))
    one, other = (
        venue.backtest(replace(scene, terms=terms), int(begins // 60), last)
        for terms in (scene.terms, dearer)
    )
    assert one.trades == other.trades > 5
    assert one.difference(one) == ""
    assert one.difference(other)
