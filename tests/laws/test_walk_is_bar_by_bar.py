"""The walk, bar by bar and the interpreter decide the same: on real bars, and in a crowd."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest

from adapters import store
from adapters.bars import Layout
from adapters.events import event_lists
from adapters.instruments import INSTRUMENTS
from dsl.ir import program as prog
from engine.columns.frame import schedule_of
from engine.interpreter import Interpreter
from engine.journal.decisions import CAUSE, KIND, Decision
from engine.laws.ground import Ground
from engine.laws.repeated import decisions_of, lists
from engine.laws.violation import Pair
from engine.machine.walk import unwalkable
from engine.run import Strategy
from tests.support.calendars import FixedHours
from tests.support.real import DATA, FILES, needs_real_bars
from tests.support.shipped import CALENDARS, FOLDER, SHIPPED, compiled, program_of
from tests.support.specs import trial

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.ir.program import Program
    from engine.domain.market import Ints, Market
    from engine.laws import Violation
    from tests.support.specs import Trial

pytestmark = pytest.mark.law

TURNS = {"ci": 4, "prove": 20}.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"), 1)
MOST = 4_000
"""Bars of a slice: the interpreter takes tens of microseconds for each."""
EXAMPLES = sorted((FOLDER.parent / "docs" / "examples").glob("*.yaml"))
WALKED = [file for file in (*SHIPPED, *EXAMPLES) if unwalkable(program_of(file)) is None]
SEEDS = range(60 * TURNS)
CROWDS = range(120 * TURNS)
HOLDING = (
    *(prog.TrackerOp.HIGHEST, prog.TrackerOp.LOWEST),
    *(prog.TrackerOp.LATEST, prog.TrackerOp.EARLIEST),
)


def parted(ground: Ground, seen: Counter[str] | None = None) -> Violation | None:
    """Where the walk says something else than bar by bar or the interpreter does."""
    program, market = ground.strategy.program, ground.market
    schedule = schedule_of(program, market, ground.calendars, ground.events)
    walked, stepped, told = {}, {}, {}
    for side, machine in ground.strategy.machines.items():
        feed = machine.feed(schedule)
        walked[side] = machine.follow_plain(feed, len(market)).decisions()
        stepped[side] = machine.run_plain(feed, machine.fresh(), 0, len(market))
        events = Interpreter(program, market, side, ground.calendars, lists(ground.events)).run()
        told[side] = decisions_of(events, machine.layout)
        if seen is not None:
            seen.update(ends(program, walked[side].rows))
    first = Pair("walk", program, market, "bar by bar", "the walk").decisions(stepped, walked)
    return first or Pair("walk", program, market, "the interpreter", "the walk").decisions(
        told, walked
    )


def ends(program: Program, rows: Ints) -> list[str]:
    """What came of candidates, by the kind of limit that ended them."""
    names = prog.reasons(program)
    dead = [names[cause] for cause in rows[rows[:, KIND] == Decision.DEAD, CAUSE].tolist()]
    told = [Decision(kind).name for kind in rows[:, KIND].tolist()]
    told += ["no room" for name in dead if name == program.overflow]
    told += ["merged" for name in dead if program.merge and name == program.merge.reason]
    return told


# --- real bars ------------------------------------------------------------------------------


@cache
def bars(name: str) -> Market:
    return store.resolve_with_notes(str(DATA / name), INSTRUMENTS[FILES[name]], Layout())[0]


@needs_real_bars
@pytest.mark.parametrize("file", WALKED, ids=lambda file: file.stem)
@pytest.mark.parametrize("name", FILES)
def test_a_strategy_of_the_repository_is_walked_right_on_real_bars(name: str, file: Path) -> None:
    program = compiled(file, instrument=FILES[name]).program
    if program is None:
        pytest.skip(f"{file.stem} says of itself that it does not fit {FILES[name]}")
    ground = Ground(
        Strategy(program), bars(name), CALENDARS, event_lists(program.events, file.parent)
    )

    for turn in range(TURNS):
        assert parted(ground.stretch(Random(f"{name}{turn}"), MOST)) is None


@needs_real_bars
@pytest.mark.parametrize("name", FILES)
def test_made_up_strategies_are_walked_right_on_real_bars(name: str) -> None:
    market, seen, tried = bars(name), Counter[str](), 0
    for seed in SEEDS:
        made = walkable(seed)
        if made is None or made.strategy.program.bar_minutes != market.bar_minutes:
            continue
        instrument = made.strategy.program.instrument
        known = replace(market, instrument=instrument)
        ground = Ground(made.strategy, known, FixedHours(), made.events)
        tried += 1

        assert parted(ground.stretch(Random(seed), MOST // 4), seen) is None, made
    assert tried >= 5
    assert seen["START"] > 100
    assert seen["ENTRY"] > 10


# --- a crowd --------------------------------------------------------------------------------


@cache
def walkable(seed: int) -> Trial | None:
    made = trial(Random(seed))
    return made if unwalkable(made.strategy.program) is None else None


def crowded(program: Program, concurrent: int) -> Program:
    """The same with every bar a start that may be one, and a merge where there can be one."""
    start = replace(program.start, rising=False)
    made = replace(program, concurrent=concurrent, start=start)
    if program.merge is not None or len(program.stages) < 2:
        return made
    first, second, *_ = (stage.name for stage in program.stages)
    held = [one.name for one in program.trackers if one.op in HOLDING and one.stages == (first,)]
    return replace(made, merge=prog.Merge(second, tuple(held[:1]), "twin")) if held else made


@pytest.mark.parametrize("concurrent", [1, 2, 5, 40])
def test_a_crowd_is_walked_right_with_merges_spacing_and_little_room(concurrent: int) -> None:
    seen, spaced = Counter[str](), 0
    for made in filter(None, map(walkable, CROWDS)):
        program = crowded(made.strategy.program, concurrent)
        ground = Ground(Strategy(program), made.market, FixedHours(), made.events)
        spaced += program.start.spacing is not None

        assert parted(ground, seen) is None, made
    assert spaced > 5
    assert seen["merged"] > 5 or concurrent == 1
    assert (seen["no room"] > 50) == (concurrent < 40)
    assert seen["ENTRY"] > 50
