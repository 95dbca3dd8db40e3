"""What a decision may depend on: nothing later than its bar, nothing older than its history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.columns.frame import frame_of, schedule_of
from engine.columns.need import first_needed
from engine.execution import records as out
from engine.journal.decisions import DAY, ROW, STARTED
from engine.laws.repeated import until
from engine.laws.trying import tried_on
from engine.laws.violation import Pair
from engine.machine.forms import Form, decide
from engine.machine.written import Decisions
from engine.session import row_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from engine.domain.market import Market
    from engine.laws.ground import Ground
    from engine.laws.violation import Violation
    from engine.machine.machine import Machine, State

ROWS: Final = 20_000
TRIALS: Final = 3
_NOISE: Final = 40


@tried_on(ROWS)
def causality(ground: Ground, rng: Random) -> Iterator[Violation | None]:
    """Whatever comes after a bar, or nothing at all, what was said up to it stays."""
    run = ground.batch()
    for _ in range(TRIALS if len(ground.market) else 0):
        known = rng.randint(1, len(ground.market))
        for later in (ground.market.rows(0, known), tampered(ground.market, known, rng)):
            other = ground.on(later).batch()
            pair = Pair("causality", run.program, ground.market,
                        "the market as it was", "the one with another future")  # fmt: skip
            yield pair.decisions(until(run.decisions, known), until(other.decisions, known))
            yield pair.records(*(
                records[records[:, out.ROW] < known] for records in (run.records, other.records)
            ))  # fmt: skip


def tampered(market: Market, known: int, rng: Random) -> Market:
    """The market with other bars from row `known` on: moved, shaken, some of them gone."""
    chance = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    rest = len(market) - known
    shift = int(chance.integers(-_NOISE, _NOISE + 1))
    shaken = np.where(chance.random(rest) < 0.5, chance.integers(-_NOISE, _NOISE + 1, rest), 0)
    moved = np.concatenate([np.zeros(known, np.int64), shift + shaken])
    kept = np.concatenate([np.arange(known), known + np.flatnonzero(chance.random(rest) < 0.9)])
    volume = market.volume[np.concatenate([np.arange(known), known + chance.permutation(rest)])]
    limit = market.instrument.price_max
    prices = {
        name: np.clip(getattr(market, name) + moved, -limit, limit)[kept]
        for name in ("open", "high", "low", "close")
    }
    return replace(market, minute=market.minute[kept], volume=volume[kept], **prices)


@tried_on(ROWS)
def start(ground: Ground, rng: Random) -> Iterator[Violation | None]:
    """Without the dates that nothing needs any more, the dates that follow are the same.

    Tried at dates at which candidates do not carry over, or carry over alike.
    """
    program = ground.strategy.program
    days = schedule_of(program, ground.market, ground.calendars, ground.events).days
    boundaries = list(range(1, len(days)))
    rng.shuffle(boundaries)
    for date in boundaries[:TRIALS]:
        row = int(days.start[date])
        needed = _first_needed(ground, row)
        dropped = int(np.searchsorted(days.start, needed, side="right")) - 1
        if dropped > 0:
            yield _same_after(ground, row, int(days.start[dropped]), dropped)


def _first_needed(ground: Ground, row: int) -> int:
    """The first row that rows from `row` on may depend on."""
    program, known = ground.strategy.program, ground.market.rows(0, row)
    schedule = schedule_of(program, known, ground.calendars, ground.events)
    frames = [frame_of(program, side, schedule) for side in program.sides]
    nodes = list(row_nodes(program))
    return min([row, *(first_needed(node, frame) for frame in frames for node in nodes)])


def _same_after(ground: Ground, row: int, rows: int, dates: int) -> Violation | None:
    """Whether the decisions from `row` on are the same without the first `rows` and `dates`."""
    strategy, market = ground.strategy, ground.market
    late = ground.on(market.rows(rows, len(market)))
    whole, part = {}, {}
    for side, machine in strategy.machines.items():
        state, all_of_it = _decided(ground, machine, row)
        late_state, rest = _decided(late, machine, row - rows)
        if not _alike(machine, machine.shifted(state, rows, dates), late_state):
            return None
        whole[side], part[side] = all_of_it, _moved(rest, rows, dates)
    pair = Pair("start", strategy.program, market, "all the data", "data that begins later")
    return pair.decisions(whole, part)


def _decided(ground: Ground, machine: Machine, row: int) -> tuple[State, Decisions]:
    """The state before a row, and the decisions from it on."""
    schedule = schedule_of(ground.strategy.program, ground.market, ground.calendars, ground.events)
    feed, state = machine.feed(schedule), machine.fresh()
    decide(machine, feed, state, 0, row, Form.PLAIN)
    before = state.copy()
    return before, decide(machine, feed, state, row, len(ground.market), Form.PLAIN)


def _alike(machine: Machine, one: State, other: State) -> bool:
    """Whether the same candidates live in two states."""
    if one.own[0] != other.own[0]:
        return False
    ints, reals = machine.layout.ints * int(one.own[0]), machine.layout.reals * int(one.own[0])
    same = np.array_equal(one.ints[:ints], other.ints[:ints])
    return same and np.array_equal(one.reals[:reals], other.reals[:reals], equal_nan=True)


def _moved(made: Decisions, rows: int, dates: int) -> Decisions:
    moved = made.rows.copy()
    moved[:, [ROW, STARTED]] += rows
    moved[:, DAY] += dates
    return Decisions(moved, made.reals)
