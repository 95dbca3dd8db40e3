"""What one side sees of a market, kept with the market's schedule and freed with it."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from dsl.ir import expression as ir
from dsl.ir.program import Side
from engine.columns.evaluate import column
from engine.columns.frame import frame_of, schedule_of
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours
from tests.support.programs import slob_creator_program

PROGRAM = slob_creator_program()
NODE = ir.Binary("sub", ir.BarField("high"), ir.BarField("low"))


@pytest.mark.parametrize("side", list(Side))
def test_a_side_is_seen_once_for_all_who_ask(side: Side) -> None:
    schedule = schedule_of(PROGRAM, random_walk(2, 1), FixedHours(), {})
    assert frame_of(PROGRAM, side, schedule) is frame_of(PROGRAM, side, schedule)


def test_dates_are_worked_out_once_for_a_schedule_and_the_frames_kept_with_it() -> None:
    schedule = schedule_of(PROGRAM, random_walk(2, 1), FixedHours(), {})
    frame = frame_of(PROGRAM, PROGRAM.written, schedule)
    assert frame.schedule.days is schedule.days
    for session in schedule.sessions:
        assert frame.schedule.occurrences(session) is schedule.occurrences(session)


@pytest.mark.parametrize("side", list(Side))
def test_columns_are_freed_with_the_schedule_and_wait_for_no_collector(side: Side) -> None:
    gc.disable()
    try:
        schedule = schedule_of(PROGRAM, random_walk(2, 1), FixedHours(), {})
        made = weakref.ref(column(NODE, frame_of(PROGRAM, side, schedule)))
        assert isinstance(made(), np.ndarray)
        del schedule
        assert made() is None
    finally:
        gc.enable()
