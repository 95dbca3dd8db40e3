from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from engine.domain.market import Market
from engine.execution.terms import Terms
from engine.machine.forms import Form
from engine.run import Strategy, run_batch
from engine.session import VERSION, BarOrderError, Session, SnapshotError
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours

SPEC = """\
lang: 1
strategy: breakout
instrument: NQ
sessions: {ny: {from: XNYS.open, to: XNYS.close}}
series:
  slow: mean(close, 30 bars)
  yesterday: ny.previous.high
setup:
  start:
    when: {in_ny: in ny, above: close > slow}
    capture: {first: bar}
  track: {top: {is: highest(high), in: waiting}}
  stages:
    waiting:
      within: {limit: 40 bars, else: too_late}
      invalidate: {over: not in ny}
      advance:
        - {to: entry, when: {turned: close < first.low, known: known(yesterday)}}
stop: max(top.now.price, high) + 1 pt
target: close - 20 pt
exits: {flat_by: ny}
"""


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    compiled = compile_strategy("s.yaml", SPEC.encode(), Surroundings(instruments=INSTRUMENTS))
    assert compiled.program is not None, compiled.findings
    return Strategy(compiled.program)


@pytest.fixture(scope="module")
def market() -> Market:
    return replace(random_walk(6, seed=5), instrument=INSTRUMENTS["NQ"])


def test_a_day_at_a_time_gives_the_batch_and_forgets_what_nobody_needs(
    strategy: Strategy, market: Market
) -> None:
    batch = run_batch(strategy, market, FixedHours(), Terms(), form=Form.PLAIN)
    session = Session(strategy, FixedHours(), terms=Terms())
    starts = batch.days.start.tolist()

    steps = [session.feed(market.rows(a, b)) for a, b in pairwise(starts)]

    assert len(batch.intents) > 0
    for side, decisions in batch.decisions.items():
        found = np.concatenate([step.decisions[side].rows for step in steps])
        assert np.array_equal(found, decisions.rows)
    assert np.array_equal(np.concatenate([step.records for step in steps]), batch.records)
    assert len(session) == len(market)
    assert session.remembered < len(market) // 2


def test_a_bar_that_is_not_later_is_refused_and_changes_nothing(
    strategy: Strategy, market: Market
) -> None:
    session = Session(strategy, FixedHours())
    session.feed(market.rows(0, 100))
    before = session.snapshot()

    with pytest.raises(BarOrderError, match="not later"):
        session.feed(market.rows(99, 120))

    assert session.snapshot() == before
    session.feed(market.rows(100, 120))


def test_a_snapshot_goes_on_where_it_stood(strategy: Strategy, market: Market) -> None:
    straight = Session(strategy, FixedHours(), terms=Terms())
    straight.feed(market)
    first = Session(strategy, FixedHours(), terms=Terms())
    first.feed(market.rows(0, 1500))

    second = Session.restore(first.snapshot(), strategy, FixedHours(), terms=Terms())
    second.feed(market.rows(1500, len(market)))

    assert second.snapshot() == straight.snapshot()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"nonsense\n" + data,
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"version": %d' % VERSION, b'"version": 99'),
    ],
)
def test_other_bytes_are_no_snapshot(strategy: Strategy, market: Market, damage: object) -> None:
    session = Session(strategy, FixedHours())
    session.feed(market.rows(0, 50))

    with pytest.raises(SnapshotError):
        Session.restore(damage(session.snapshot()), strategy, FixedHours())  # type: ignore[operator]


def test_a_snapshot_of_another_program_is_refused(strategy: Strategy, market: Market) -> None:
    session = Session(strategy, FixedHours())
    session.feed(market.rows(0, 50))
    other = compile_strategy(
        "s.yaml",
        SPEC.replace("40 bars", "41 bars").encode(),
        Surroundings(instruments=INSTRUMENTS),
    ).program
    assert other is not None

    with pytest.raises(SnapshotError, match="another program"):
        Session.restore(session.snapshot(), Strategy(other), FixedHours())
