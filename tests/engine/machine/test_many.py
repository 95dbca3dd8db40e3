"""Many sets of parameters walked together give the entries of each set walked alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dsl.ir import expression as ir
from dsl.ir.program import TrackerOp
from engine.columns.frame import schedule_of
from engine.journal.decisions import CAUSE, DAY, KIND, ROW, STARTED, Decision
from engine.laws.violation import bits
from engine.machine import running as module
from engine.machine.feed import frozen
from engine.machine.inputs import Inputs
from engine.machine.layout import Layout
from engine.machine.machine import Machine
from engine.machine.many import generate, unshared
from tests.support.calendars import FixedHours
from tests.support.shipped import CALENDARS, FOLDER, bars_for, events_for, program_of
from tests.support.specs import trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.program import Program, Side
    from engine.domain.market import Ints
    from engine.machine.feed import Feed

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
SLOB = FOLDER / "slob_5_1.yaml"
YARDSTICK = EXAMPLES / "benchmark_sweep.yaml"
SETS = 12
FIXED = {"nowick_percentile"}
"""Parameters in columns: sets that are walked together share these."""


def drawn(program: Program, side: Side, rng: Random) -> Ints:
    """Sets of parameters within their ranges; those without one keep their value."""

    def value(spec: object, given: int) -> int:
        low, high = getattr(spec, "low", None), getattr(spec, "high", None)
        if low is None or high is None or spec.name in FIXED or rng.random() < 0.5:  # type: ignore[attr-defined]
            return given
        return rng.randint(low, high)

    known = list(zip(program.params, program.side_params(side), strict=True))
    return np.array([[value(*one) for one in known] for _ in range(SETS)], np.int64)


def shipped(file: Path) -> Iterator[tuple[Machine, Feed, int]]:
    """Each side of a strategy on synthetic bars of three weeks."""
    program, market = program_of(file), bars_for(SLOB)
    schedule = schedule_of(program, market, CALENDARS, events_for(file))
    for side in program.sides:
        machine = Machine(program, side)
        yield machine, machine.feed(schedule), len(market)


def alone(machine: Machine, feed: Feed, rows: int, params: Ints) -> Ints:
    """The entries of one set."""
    made = machine.follow_plain(replace(feed, params=frozen(params)), rows)
    return bits(made.entries())


@pytest.mark.parametrize("file", [SLOB, YARDSTICK], ids=lambda file: file.stem)
def test_sets_walked_together_enter_where_each_enters_alone(file: Path) -> None:
    counts: set[int] = set()
    for machine, feed, rows in shipped(file):
        params = drawn(machine.program, machine.side, Random(3))
        together = machine.follow_many_plain(feed, rows, params).by_set(SETS)

        for made, one in zip(together, params, strict=True):
            assert np.array_equal(bits(made.entries()), alone(machine, feed, rows, one))
        counts |= {len(made.heads) for made in together}
    assert len(counts) > 3, "the sets are to differ in what they enter"


@pytest.mark.parametrize(("file", "concurrent"), [(SLOB, 1), (YARDSTICK, 1), (YARDSTICK, 5)])
def test_each_set_has_a_crowd_of_its_own(file: Path, concurrent: int) -> None:
    """In some sets there is no place for a candidate that finds one in others."""
    program, market = replace(program_of(file), concurrent=concurrent), bars_for(SLOB)
    schedule, crowded = schedule_of(program, market, CALENDARS, events_for(file)), set()
    for side in program.sides:
        machine = Machine(program, side)
        feed, params = machine.feed(schedule), drawn(program, side, Random(5))
        together = machine.follow_many_plain(feed, len(market), params).by_set(SETS)

        for made, one in zip(together, params, strict=True):
            own = machine.follow_plain(replace(feed, params=frozen(one)), len(market)).decisions()
            assert np.array_equal(bits(made.entries()), bits(own.entries()))
            dead = own.rows[own.rows[:, KIND] == Decision.DEAD]
            overflow = machine.layout.reasons.index(program.overflow)
            crowded.add(int((dead[:, CAUSE] == overflow).sum()))
    assert len(crowded) > 3, "the sets are to differ in how many find no place"


@pytest.mark.parametrize("always", [0, 1], ids=["nothing", "a gap"])
def test_candidates_of_all_sets_outlive_a_date_before_any_rule_is_asked(always: int) -> None:
    """Not every date's end is the end of what starts just before it."""
    program, market = program_of(YARDSTICK), bars_for(SLOB)
    rules = tuple(rule for rule in program.always if rule.name == "gap")[:always]
    # a target that is known on every row: no session must have ended
    target = replace(program.targets[0], price=ir.BarField("low"))
    start = replace(program.start, when=program.start.when[1:])
    program = replace(program, start=start, always=rules, filters=(), targets=(target,))
    schedule, crossed = schedule_of(program, market, CALENDARS, {}), 0
    values = {"consol_min": 60, "consol_max": 240, "range_min": 100, "range_max": 20_000}
    values |= {"nowick_ratio": 1_000_000, "liq2_wait": 1, "liq2_max": 120, "entry_max": 120}
    for side in program.sides:
        machine = Machine(program, side)
        feed, params = machine.feed(schedule), drawn(program, side, Random(6))
        for number, spec in enumerate(program.params):
            params[:, number] = values.get(spec.name, params[0, number])
        params[:, 0] = np.arange(SETS) + 5  # the spacing
        together = machine.follow_many_plain(feed, len(market), params).by_set(SETS)

        for made, one in zip(together, params, strict=True):
            assert np.array_equal(bits(made.entries()), alone(machine, feed, len(market), one))
            rows = made.entries().rows
            ended = feed.days[rows[:, DAY] + 1]
            crossed += int(((rows[:, STARTED] + 60 > ended) & (ended <= rows[:, ROW])).sum())
    assert crossed > 10, "before the date ends, no rule is to be asked"


def test_sets_in_which_a_candidate_ends_at_once_are_not_followed() -> None:
    """What a rule of the first stage asks of bars and parameters alone is asked of all at once."""
    machine = Machine(program_of(YARDSTICK), program_of(YARDSTICK).sides[0])
    assert machine.many is not None
    asked = machine.many.text.split("elif from_row < fate:")[1].split("G[")[1]
    assert "p_range_min" in asked
    assert "p_range_max" in asked


def test_compiled_code_and_a_cramped_room_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for machine, feed, rows in shipped(YARDSTICK):
        params = drawn(machine.program, machine.side, Random(4))
        plain = machine.follow_many_plain(feed, rows, params).by_set(SETS)
        with machine.follow_many(feed, rows, params) as lent:
            compiled = lent.copy().by_set(SETS)
        with monkeypatch.context() as cramped:
            cramped.setattr(module, "ROOM", 1)
            again = machine.follow_many_plain(feed, rows, params).by_set(SETS)
            cramped.setattr("engine.machine.machine.ROOM", 1)
            cramped.setattr("engine.machine.machine.ROWS_AN_ENTRY", rows * SETS)
            narrow = Machine(machine.program, machine.side)
            with narrow.follow_many(feed, rows, params) as lent:
                in_parts = lent.by_set(SETS)

        assert sum(len(made.heads) for made in plain) > SETS, "more than fit at first"
        for others in (compiled, again, in_parts):
            for one, other in zip(plain, others, strict=True):
                assert np.array_equal(bits(one.entries()), bits(other.entries()))


@pytest.mark.parametrize("kept", [TrackerOp.EARLIEST, TrackerOp.LATEST])
@pytest.mark.parametrize("consol_min", [1, 5, 15])
def test_the_bar_a_parameter_makes_a_tracker_hold_is_found_for_all_sets(
    kept: TrackerOp, consol_min: int
) -> None:
    """Each set has its own limit of a wick; sets differ in the bars, and in what they enter."""
    program = program_of(YARDSTICK)
    trackers = tuple(
        replace(one, op=kept) if one.op is TrackerOp.EARLIEST else one for one in program.trackers
    )
    program, market = replace(program, trackers=trackers), bars_for(SLOB)
    schedule, found = schedule_of(program, market, CALENDARS, {}), set()
    place = {spec.name: number for number, spec in enumerate(program.params)}
    for side in program.sides:
        machine = Machine(program, side)
        assert machine.many is not None
        assert "= i if " in machine.many.text, "all sets are to be asked at once"
        feed = machine.feed(schedule)
        params = np.tile(feed.params, (SETS, 1))
        params[:, place["consol_min"]] = [consol_min + number % 3 for number in range(SETS)]
        params[:, place["nowick_ratio"]] = np.linspace(0, 1_000_000, SETS).astype(np.int64)
        together = machine.follow_many_plain(feed, len(market), params).by_set(SETS)

        for made, one in zip(together, params, strict=True):
            assert np.array_equal(bits(made.entries()), alone(machine, feed, len(market), one))
            found.add(made.entries().rows.tobytes())
    assert len(found) > 3


@pytest.mark.parametrize("seed", range(60))
def test_made_up_strategies_enter_the_same_in_equal_sets(seed: int) -> None:
    """Other values of a made-up parameter might not be of its kind: so sets repeat."""
    made = trial(Random(seed))
    program = made.strategy.program
    if unshared(program) is not None:
        return
    schedule = schedule_of(program, made.market, FixedHours(), made.events)
    for machine in made.strategy.machines.values():
        feed, rows = machine.feed(schedule), len(made.market)
        params = np.tile(feed.params, (3, 1))
        expected = alone(machine, feed, rows, feed.params)

        for found in machine.follow_many_plain(feed, rows, params).by_set(3):
            assert np.array_equal(bits(found.entries()), expected)


def test_a_start_that_asks_for_a_parameter_is_not_shared() -> None:
    reasons = {unshared(trial(Random(seed)).strategy.program) for seed in range(40)}
    assert "a parameter decides where a candidate starts" in reasons

    program = program_of(FOLDER / "opening_range_breakout.yaml")
    with pytest.raises(ValueError, match="it has no stages"):
        generate(Layout(program), Inputs())
