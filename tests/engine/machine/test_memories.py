"""What candidates remembered, by the machine run again and by the interpreter's own telling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsl.ir.program import Side
from engine.columns.frame import schedule_of
from engine.interpreter import Interpreter
from engine.interpreter.explain import explain
from engine.journal.decisions import DAY, KIND, ORDINAL, ROW, Decision
from engine.machine.machine import Machine
from engine.machine.memories import Moment, memories
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours
from tests.support.jan6 import TICKS_A_POINT, clock_at, jan6
from tests.support.programs import slob_creator_program
from tests.support.shipped import FOLDER, program_of

if TYPE_CHECKING:
    from engine.domain.market import Market

SLOB = slob_creator_program()


SHIPPED = program_of(FOLDER / "slob_5_1.yaml")


def ends_of(machine: Machine, market: Market) -> list[Moment]:
    schedule = schedule_of(machine.program, market, FixedHours(), {})
    made = machine.run_plain(machine.feed(schedule), machine.fresh(), 0, len(schedule.market))
    ended = made.rows[made.rows[:, KIND] >= Decision.DEAD].tolist()
    return [Moment(cells[ROW], (cells[DAY], cells[ORDINAL])) for cells in ended]


@pytest.mark.parametrize(("side", "seed"), [(Side.SHORT, 8), (Side.LONG, 23)])
def test_memories_are_what_the_interpreter_says_the_trackers_held(side: Side, seed: int) -> None:
    market = random_walk(1, seed)
    schedule = schedule_of(SHIPPED, market, FixedHours(), {})
    machine = Machine(SHIPPED, side)
    moments = ends_of(machine, market)
    found = memories(machine, schedule, moments)
    assert set(found) == {moment.who for moment in moments}
    held = 0
    for moment in moments[-3:]:
        view = explain(Interpreter(SHIPPED, market, side, FixedHours()), moment.row)
        (candidate,) = (v for v in view.candidates if (v.day, v.ordinal) == moment.who)
        memory = found[moment.who]
        for tracker in candidate.trackers:
            word = "last" if (tracker.name, "last") in memory else "row"
            if memory[tracker.name, "row"] < 0:
                assert tracker.row is None
                continue
            if tracker.name not in machine.layout.extremes_only:
                assert memory[tracker.name, word] == tracker.row
            if (tracker.name, "value") in memory:
                assert memory[tracker.name, "value"] == tracker.value
                held += 1
    assert held


def test_the_worked_example_remembers_its_range_at_the_entry() -> None:
    market = jan6()
    schedule = schedule_of(SLOB, market, FixedHours(), {})
    machine = Machine(SLOB, Side.SHORT)
    (moment,) = ends_of(machine, market)
    memory = memories(machine, schedule, [moment])[moment.who]
    assert clock_at(int(market.minute[moment.row])) == "16:31"
    assert memory["top", "value"] == 25_587 * TICKS_A_POINT
    assert memory["bottom", "value"] == 25_542 * TICKS_A_POINT


def test_a_candidate_that_was_not_alive_then_is_left_out() -> None:
    market = jan6()
    schedule = schedule_of(SLOB, market, FixedHours(), {})
    assert memories(Machine(SLOB, Side.SHORT), schedule, [Moment(3, (0, 1))]) == {}
    assert memories(Machine(SLOB, Side.SHORT), schedule, []) == {}
