"""Following each candidate to its end says what going bar by bar says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.columns.frame import schedule_of
from engine.journal.decisions import CAUSE, DAY, KIND, ROW, STARTED, Decision
from engine.laws.violation import bits
from engine.machine import quiet
from engine.machine import running as module
from engine.machine.forms import Form, whole
from engine.machine.inputs import Inputs
from engine.machine.layout import Layout
from engine.machine.machine import Machine
from engine.machine.walk import generate, unwalkable
from tests.support.calendars import FixedHours
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, program_of
from tests.support.specs import trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.program import Program
    from engine.machine.feed import Feed

SEEDS = range(120)
SLOB = program_of(Path("strategies/slob_5_1.yaml").resolve())
YARDSTICK = program_of(Path("docs/examples/benchmark_rules.yaml").resolve())
SWEPT = Path("docs/examples/benchmark_sweep.yaml").resolve()
WALKED = [file for file in SHIPPED if unwalkable(program_of(file)) is None]


@cache
def walked(seed: int) -> list[tuple[Machine, Feed, int]]:
    """Each side's machine of a made-up strategy that can be walked, its feed and how many rows."""
    made = trial(Random(seed))
    program = made.strategy.program
    if unwalkable(program) is not None:
        return []
    schedule = schedule_of(program, made.market, FixedHours(), made.events)
    return [
        (machine, machine.feed(schedule), len(made.market))
        for machine in made.strategy.machines.values()
    ]


def on_bars(program: Program) -> Iterator[tuple[Machine, Feed, int]]:
    """The same of a program of the repository, on synthetic bars of three weeks."""
    file = next((file for file in SHIPPED if program_of(file) is program), SHIPPED[0])
    market = bars_for(file)
    schedule = schedule_of(program, market, CALENDARS, events_for(file))
    for side in program.sides:
        machine = Machine(program, side)
        yield machine, machine.feed(schedule), len(market)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_decides_what_is_decided_bar_by_bar(seed: int) -> None:
    for machine, feed, rows in walked(seed):
        bar_by_bar = machine.run_plain(feed, machine.fresh(), 0, rows)
        one_by_one = machine.follow_plain(feed, rows).decisions()

        assert np.array_equal(bits(one_by_one), bits(bar_by_bar))


def patient() -> Iterator[tuple[Machine, Feed, int]]:
    """The yardstick's rules with time enough for spikes, and ended by a new one or kept by it.

    And with so little that many an entry comes on the last row it may.
    """
    program, market = program_of(SWEPT), bars_for(SHIPPED[0])
    schedule = schedule_of(program, market, CALENDARS, {})
    values = {"liq2_max": 120, "range_min": 100, "range_max": 20_000}
    values |= {"nowick_ratio": 1_000_000, "consol_min": 5, "liq2_wait": 1}
    spike = ir.TrackerField("spike", "value", ir.Kind.INT)
    higher = ir.Compare(">", ir.BarField("high"), spike)
    for ended, most in ((False, 120), (True, 120), (False, 2)):
        last = program.stages[-1]
        if ended:
            rule = prog.Named(last.within.reason if last.within else "", higher)
            last = replace(last, invalidate=(*last.invalidate, rule))
        made = replace(program, stages=(*program.stages[:-1], last))
        for side in program.sides:
            machine = Machine(made, side)
            feed = machine.feed(schedule)
            known = zip(program.params, feed.params.tolist(), strict=True)
            given = values | {"entry_max": most}
            params = [given.get(param.name, value) for param, value in known]
            yield machine, replace(feed, params=np.array(params, np.int64)), len(market)


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plain Python passes over blocks of quiet rows, as compiled code does."""
    monkeypatch.setitem(module.NAMES, "BLOCKS", True)
    module.plain.cache_clear()
    yield
    module.plain.cache_clear()


@pytest.mark.usefixtures("in_blocks")
@pytest.mark.parametrize("block", [1, 2, 16])
def test_blocks_of_rows_on_which_nothing_happens_are_passed_over(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What trackers count on them is counted all the same."""
    monkeypatch.setattr(quiet, "BLOCK", block)
    passed = 0
    for machine, feed, rows in chain(*map(walked, SEEDS[::6]), on_bars(SLOB), patient()):
        source = generate(machine.layout, machine.inputs)
        passed += "if BLOCKS:" in source.text
        fresh = Machine(machine.program, machine.side)
        object.__setattr__(fresh, "walk", source)
        bar_by_bar = machine.run_plain(feed, machine.fresh(), 0, rows)

        assert np.array_equal(bits(fresh.follow_plain(feed, rows).decisions()), bits(bar_by_bar))
    assert passed > 10


@pytest.mark.parametrize("program", [SLOB, YARDSTICK], ids=lambda program: program.name)
@pytest.mark.parametrize("concurrent", [1, 2, 40])
def test_a_walk_decides_the_same_however_many_may_live(program: Program, concurrent: int) -> None:
    crowded = 0
    for machine, feed, rows in on_bars(replace(program, concurrent=concurrent)):
        bar_by_bar = machine.run_plain(feed, machine.fresh(), 0, rows)
        one_by_one = machine.follow_plain(feed, rows).decisions()

        assert np.array_equal(bits(one_by_one), bits(bar_by_bar))
        reasons = prog.reasons(machine.program)
        dead = one_by_one.rows[one_by_one.rows[:, KIND] == Decision.DEAD, CAUSE]
        crowded += int((dead == reasons.index(machine.program.overflow)).sum())
    assert (crowded > 0) == (concurrent < 40)


@pytest.mark.parametrize(
    ("spacing", "age", "wait", "quality"), [(0, 3, 1, 0), (0, 5, 1, 300_000), (1, 3, 3, 0)]
)
@pytest.mark.parametrize("concurrent", [6, 40])
def test_a_crowd_of_candidates_that_merge_and_end_soon_is_walked_right(
    spacing: int, age: int, wait: int, quality: int, concurrent: int
) -> None:
    """One may hold the bars of an older one that has just ended: that is no duplicate."""
    every_bar = replace(SLOB.start, rising=False)
    program = replace(SLOB, start=every_bar, concurrent=concurrent)
    values = {
        "start_spacing": spacing,
        "consol_min": age,
        "liq2_wait": wait,
        "quality_min": quality,
    }
    machine, feed, rows = next(on_bars(program))
    known = zip(program.params, feed.params.tolist(), strict=True)
    params = np.array([values.get(param.name, given) for param, given in known], np.int64)
    feed, rows = replace(feed, params=params), rows // 2
    bar_by_bar = machine.run_plain(feed, machine.fresh(), 0, rows)

    one_by_one = machine.follow_plain(feed, rows).decisions()

    assert len(bar_by_bar) > 1_000
    assert np.array_equal(bits(one_by_one), bits(bar_by_bar))


def test_what_the_walks_are_tried_on_is_worth_it() -> None:
    """Every way of a candidate to end is met, and candidates that outlive their date."""
    ends: set[str] = set()
    across = strategies = 0
    for seed in SEEDS:
        for machine, feed, rows in walked(seed):
            program = machine.program
            strategies += 1
            made = machine.follow_plain(feed, rows).decisions().rows
            dates = np.searchsorted(feed.days, made[:, ROW], side="right") - 1
            across += int((dates != made[:, DAY]).sum())
            ends |= {Decision(kind).name for kind in made[:, KIND].tolist()}
            names = prog.reasons(program)
            dead = {names[cause] for cause in made[made[:, KIND] == Decision.DEAD, CAUSE].tolist()}
            ends |= {
                what
                for what, reasons in kinds_of_end(program).items()
                if not dead.isdisjoint(reasons)
            }

    assert strategies > 40
    assert across > 50
    assert ends >= {"START", "ADVANCE", "DEAD", "ENTRY"}
    assert ends >= {"always", "invalidate", "deadline", "overflow", "merge", "filter", "require"}


def kinds_of_end(program: Program) -> dict[str, set[str]]:
    """The reasons of each kind."""
    stages = program.stages
    return {
        "always": {rule.name for rule in program.always},
        "invalidate": {rule.name for stage in stages for rule in stage.invalidate},
        "deadline": {stage.within.reason for stage in stages if stage.within},
        "overflow": {program.overflow},
        "merge": {program.merge.reason} if program.merge else set(),
        "filter": {rule.name for rule in program.filters},
        "require": {rule.name for rule in program.require},
    }


@pytest.mark.parametrize("seed", range(0, 120, 4))
def test_a_walk_that_fills_its_room_goes_on_in_the_next(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for machine, feed, rows in walked(seed):
        at_once = machine.follow_plain(feed, rows).decisions()
        with monkeypatch.context() as cramped:
            cramped.setattr(module, "ROOM", 1)
            again = machine.follow_plain(feed, rows).decisions()

        assert np.array_equal(bits(again), bits(at_once))


@pytest.mark.parametrize("program", [SLOB, YARDSTICK], ids=lambda program: program.name)
def test_a_compiled_walk_does_what_plain_python_does(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for machine, feed, rows in on_bars(program):
        plain = machine.follow_plain(feed, rows).decisions()
        compiled = machine.follow(feed, rows)
        entries = machine.follow(feed, rows, tell=False)
        with monkeypatch.context() as cramped:
            cramped.setattr(module, "ROOM", 1)
            cramped.setattr(module, "ROWS_A_DECISION", rows)
            narrow = Machine(program, machine.side).follow(feed, rows)

        assert len(plain) > 100
        assert np.array_equal(bits(compiled.decisions()), bits(plain))
        assert np.array_equal(bits(narrow.decisions()), bits(plain))
        assert np.array_equal(bits(entries.entries()), bits(plain.entries()))
        assert len(entries.heads) == len(plain.entries())


def test_decisions_come_bar_by_bar_and_oldest_first() -> None:
    for machine, feed, rows in on_bars(SLOB):
        made = machine.follow_plain(feed, rows).decisions().rows
        order = np.lexsort((made[:, STARTED], made[:, ROW]))

        assert np.array_equal(made[:, ROW], made[order, ROW])
        assert np.array_equal(made[:, STARTED], made[order, STARTED])


def test_a_whole_run_tells_its_entries_and_all_decisions_in_any_form() -> None:
    for machine, feed, rows in on_bars(YARDSTICK):
        plain, compiled = (whole(machine, feed, rows, form) for form in (Form.PLAIN, Form.COMPILED))

        assert np.array_equal(bits(plain.decisions()), bits(compiled.decisions()))
        assert np.array_equal(bits(plain.entries()), bits(compiled.entries()))


# --- what cannot be walked -------------------------------------------------------------------


def back_to_the_first(program: Program) -> Program:
    first, second, *rest = program.stages
    way = replace(second.advance[0], to=first.name)
    return replace(program, stages=(first, replace(second, advance=(way,)), *rest))


def still_counting(program: Program) -> Program:
    trackers = tuple(replace(one, stages=(*one.stages, "armed")) for one in program.trackers)
    return replace(program, trackers=trackers)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda program: replace(program, stages=()), "it has no stages"),
        (
            lambda program: replace(program, entry=replace(program.entry, others="outdone")),
            "an entry ends the other candidates",
        ),
        (back_to_the_first, "armed leads back to an earlier stage"),
        (still_counting, "top, by which candidates merge, still counts in armed"),
    ],
    ids=["no stages", "others", "back", "merge"],
)
def test_a_program_that_cannot_be_walked_says_why(changed: object, reason: str) -> None:
    assert callable(changed)
    program = changed(SLOB)

    assert unwalkable(program) == reason
    with pytest.raises(ValueError, match=reason):
        generate(Layout(program), Inputs())


def test_a_program_that_cannot_be_walked_goes_bar_by_bar() -> None:
    for machine, feed, rows in on_bars(still_counting(SLOB)):
        assert machine.walk is None
        bar_by_bar = machine.run_plain(feed, machine.fresh(), 0, rows)

        assert np.array_equal(
            bits(whole(machine, feed, rows, Form.PLAIN).decisions()), bits(bar_by_bar)
        )


def test_both_slobs_rules_are_among_the_walked() -> None:
    assert [file.stem for file in WALKED] == ["slob_5_1"]
    assert unwalkable(YARDSTICK) is None
