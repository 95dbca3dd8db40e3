"""A machine that is run in pieces, or runs out of room, says what it says at once."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.columns.frame import schedule_of
from engine.laws.ground import cuts
from engine.laws.violation import bits
from engine.machine import running as module
from engine.machine.machine import Machine
from tests.support.calendars import FixedHours
from tests.support.specs import trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.machine.feed import Feed

SEEDS = range(30)


def machines(seed: int) -> Iterator[tuple[Machine, Feed, int]]:
    """Each side's machine of a made-up strategy, with its feed and how many rows that has."""
    made = trial(Random(seed))
    program = made.strategy.program
    schedule = schedule_of(program, made.market, FixedHours(), made.events)
    for machine in made.strategy.machines.values():
        yield machine, machine.feed(schedule), len(made.market)


@pytest.mark.parametrize("seed", SEEDS)
def test_pieces_of_rows_leave_the_decisions_and_the_state_of_the_whole(seed: int) -> None:
    for machine, feed, rows in machines(seed):
        at_once, in_pieces = machine.fresh(), machine.fresh()
        whole = machine.run_plain(feed, at_once, 0, rows)
        pieces = [
            machine.run_plain(feed, in_pieces, first, stop)
            for first, stop in cuts(Random(seed), rows, 40)
        ]

        assert np.array_equal(bits(machine.joined(pieces)), bits(whole))
        assert np.array_equal(in_pieces.ints, at_once.ints)
        assert np.array_equal(in_pieces.reals, at_once.reals, equal_nan=True)
        assert np.array_equal(in_pieces.own, at_once.own)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_fills_its_room_goes_on_in_the_next(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for machine, feed, rows in machines(seed):
        whole = machine.run_plain(feed, machine.fresh(), 0, rows)
        with monkeypatch.context() as cramped:
            cramped.setattr(module, "ROOM", 1)
            again = machine.run_plain(feed, machine.fresh(), 0, rows)

        assert np.array_equal(bits(again), bits(whole))


def test_compiled_code_that_fills_its_room_goes_on_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine, feed, rows = next(machines(0))
    whole = machine.run(feed, machine.fresh(), 0, rows)

    monkeypatch.setattr(module, "ROOM", 1)
    cramped = Machine(machine.program, machine.side)  # without the room the other one has made
    again = cramped.run(feed, cramped.fresh(), 0, rows)

    assert len(whole) > 4 * machine.layout.events_a_bar(1)
    assert np.array_equal(bits(again), bits(whole))
