"""What living setups wait for, against a replay of the interpreter bar by bar."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.execution.terms import Terms
from engine.interpreter.candidate import Sight
from engine.interpreter.machine import Interpreter
from engine.interpreter.verdict import verdicts
from engine.live.alive import alive_in
from engine.live.decider import SessionDecider
from engine.live.waiting import Way, waiting_in
from engine.session import Session
from tests.support.calendars import FixedHours
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of
from tests.support.specs import trial

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.domain.market import Ints, Market
    from engine.run import Strategy

STAGED = [file for file in SHIPPED if strategy_of(file).program.stages]
FIRST, ASKED, EVERY = 600, 500, 9
MADE_UP = 12


def ways(judge: Interpreter, row: int) -> list[tuple[Way, ...]]:
    """The same by the candidates that the interpreter has itself."""
    return [
        tuple(
            Way(way.to, tuple(one for one in found if one.truth is not True))
            for way in judge.stage(candidate).advance
            for found in [verdicts(way.when, judge.eyes, Sight(candidate, row))]
        )
        for candidate in judge.alive
    ]


@pytest.mark.parametrize("file", STAGED, ids=lambda file: file.stem)
def test_what_a_setup_lacks_is_what_a_replay_says_of_it(file: Path) -> None:
    bars = bars_for(file).rows(0, FIRST + ASKED)
    seen = compared(strategy_of(file), bars, events_for(file), FIRST)
    assert seen or file.stem == "london_breakout_gbpusd"  # nothing starts that early


def test_a_captured_condition_and_an_extreme_of_which_only_the_price_counts_are_known(
    tmp_path: Path,
) -> None:
    file = tmp_path / "flag.yaml"
    file.write_text(CAPTURED)
    layouts = [one.layout for one in strategy_of(file).machines.values()]
    assert all(layout.extremes_only == {"peak"} for layout in layouts)
    bars = bars_for(next(one for one in STAGED if one.stem == "slob_5_1")).rows(0, 120)
    assert compared(strategy_of(file), bars, {}, 20) > 20


CAPTURED = """\
lang: 1
strategy: flagged
instrument: NQ
bars: {size: 1 min, stamp: open}
day: {clock: America/New_York, starts: 18:00}
direction: {write: long, mirror: short}
setup:
  start:
    when:
      up: high > high[1]
    capture: {flag: close > open, paid: close}
  track:
    peak: {is: highest(high), in: wait}
  stages:
    wait:
      within: {limit: 10 bars, else: late}
      advance:
        - to: entry
          when:
            again: flag
            above: close > paid + 3 pt
            fell: close < peak.price - 2 pt
entry: {order: market, at: next_open}
stop: low - 400 pt
target: close + 900 pt
risk: {sizing: fixed, contracts: 1 contract}
"""


def compared(strategy: Strategy, bars: Market, events: Mapping[str, Ints], first: int) -> int:
    """Compare on bars from a row on; how often a way lacked something."""
    instants = {name: one.tolist() for name, one in events.items()}
    judges = [
        Interpreter(strategy.program, bars, side, CALENDARS, instants) for side in strategy.machines
    ]
    session = Session(strategy, CALENDARS, events=events)
    session.feed(bars.rows(0, first))
    for judge in judges:
        for row in range(first):
            judge.step(row)
    lacking = 0
    for row in range(first, len(bars)):
        session.feed(bars.rows(row, row + 1))
        for judge in judges:
            judge.step(row)
        if row % EVERY:
            continue
        told = list(waiting_in(session))
        assert told == [one for judge in judges for one in ways(judge, row)]
        assert len(told) == len(list(alive_in(session)))
        lacking += sum(bool(way.missing) for some in told for way in some)
    return lacking


@pytest.mark.parametrize("many", [20, 20_000])
def test_nothing_is_worked_out_where_it_would_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("engine.live.decider._MANY", many)
    file = tmp_path / "flag.yaml"
    file.write_text(CAPTURED)
    strategy = strategy_of(file)
    simulator = Simulator(rules_of(strategy.program, Terms()))
    decider = SessionDecider(strategy, CALENDARS, simulator)
    decider.take_all(bars_for(next(iter(STAGED))).rows(0, 60))
    assert len(decider.waiting) == len(decider.alive) > 0
    assert all(map(bool, decider.waiting)) is (many > 60)


def test_so_it_is_for_strategies_that_use_all_of_the_language() -> None:
    asked = 0
    for seed in range(MADE_UP):
        made = trial(Random(seed))
        program, bars = made.strategy.program, made.market
        judges = [
            Interpreter(
                program, bars, side, FixedHours(),
                {name: instants.tolist() for name, instants in made.events.items()},
            )
            for side in made.strategy.machines
        ]  # fmt: skip
        session = Session(made.strategy, FixedHours(), events=made.events)
        for row in range(len(bars)):
            session.feed(bars.rows(row, row + 1))
            for judge in judges:
                judge.step(row)
            if row % EVERY or not program.stages:
                continue
            expected = [words(one) for judge in judges for one in ways(judge, row)]
            assert [words(told) for told in waiting_in(session)] == expected, seed
            asked += len(expected)
    assert asked > MADE_UP


def words(ways: tuple[Way, ...]) -> str:
    """As text: rows of bars differ by those that a session has dropped."""
    return repr(
        [(way.to, [(one.name, one.truth, one.margin) for one in way.missing]) for way in ways]
    )
