"""A side's machine ready to run: its sources, its inputs, and what it remembers between bars."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.journal.decisions import VALUES
from engine.machine import generate, many, together, walk
from engine.machine.feed import feed_of, frozen
from engine.machine.inputs import Inputs
from engine.machine.layout import DAY, GLOBALS, LIVE, TODAY, Layout
from engine.machine.running import ROOM, ROOM_MOST, Job, Runner, enough
from engine.machine.stages import words_of_older
from engine.machine.written import Decisions, Written

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dsl.ir.program import Program, Side
    from engine.columns.schedule import Schedule
    from engine.domain.market import Ints, Reals
    from engine.machine.candidate import Source
    from engine.machine.feed import Feed


ROWS_AN_ENTRY: Final = 128
"""How many rows a busy strategy needs for one entry of one set, roughly."""


@dataclass(slots=True)
class State:
    """Everything a side's machine remembers between bars: candidates and its own few words."""

    ints: Ints
    reals: Reals
    own: Ints

    def copy(self) -> State:
        """An independent copy."""
        return State(self.ints.copy(), self.reals.copy(), self.own.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """What both sides of a program share: the mirrored one is given reflected bars."""

    program: Program
    layout: Layout
    inputs: Inputs
    bars: Source
    walk: Source | None


_LAST: Final[list[Generated]] = []


def _generated(program: Program) -> Generated:
    """The sources of a program: of the last one asked for, they are there."""
    for made in _LAST:
        if made.program is program:
            return made
    layout, inputs = Layout(program), Inputs()
    follows = walk.unwalkable(program) is None
    bars = generate.generate(layout, inputs)
    made = Generated(
        program, layout, inputs, bars, walk.generate(layout, inputs) if follows else None
    )
    _LAST[:] = [made]
    return made


@dataclass(frozen=True, eq=False)
class Machine:
    """One side of one program.

    `bars` is the source that goes bar by bar, `walk` the one that follows each candidate to its
    end, None where that cannot be; both read the same `inputs`. What is said twice here is once for
    the compiled function and once, `_plain`, for plain Python; both give the same.
    """

    program: Program
    side: Side
    layout: Layout = field(init=False)
    inputs: Inputs = field(init=False)
    bars: Source = field(init=False)
    walk: Source | None = field(init=False)
    _runner: Runner = field(init=False)

    def __post_init__(self) -> None:
        """Takes the sources of the program."""
        made = _generated(self.program)
        for name in ("layout", "inputs", "bars", "walk"):
            object.__setattr__(self, name, getattr(made, name))
        object.__setattr__(self, "_runner", Runner(self.layout))

    def feed(self, schedule: Schedule, params: Ints | None = None, *, later: bool = False) -> Feed:
        """The inputs of a market; `later`: columns only if they are asked for (plain Python)."""
        return feed_of(self.program, self.side, self.inputs, schedule, params, later=later)

    # --- bar by bar, from a state -------------------------------------------------------------

    def fresh(self) -> State:
        """The state before the first bar."""
        slots = self.program.concurrent + 1  # one more for a candidate that finds no room
        own = np.zeros(GLOBALS, np.int64)
        own[TODAY] = -1
        return State(
            np.zeros(slots * self.layout.ints, np.int64),
            np.zeros(slots * self.layout.reals, np.float64),
            own,
        )

    def shifted(self, state: State, rows: int, days: int) -> State:
        """The state after the market has dropped its first `rows` and `days`."""
        moved = state.copy()
        words = moved.ints.reshape(-1, self.layout.ints)
        for word in self.layout.row_words:
            held = words[:, word] >= 0
            words[held, word] -= rows
        words[:, DAY] -= days
        moved.own[TODAY] -= days
        return moved

    def run(self, feed: Feed, state: State, first: int, stop: int) -> Decisions:
        """Decisions on rows `first .. stop`; `state` moves on."""
        return self.write(feed, state, first, stop).decisions()

    def run_plain(self, feed: Feed, state: State, first: int, stop: int) -> Decisions:
        """The same by plain Python."""
        return self.write_plain(feed, state, first, stop).decisions()

    def write(self, feed: Feed, state: State, first: int, stop: int) -> Written:
        """The same as `run`, as the machine wrote it."""
        own = (state.ints, state.reals, state.own)
        job = Job(self.bars, feed, first, stop, own, in_order=True)
        return self._runner.compiled(job, 2 * self.layout.events_a_bar(self.program.concurrent))

    def write_plain(self, feed: Feed, state: State, first: int, stop: int) -> Written:
        """The same by plain Python."""
        own = (state.ints.tolist(), state.reals.tolist(), state.own.tolist())

        def least(rows: int) -> int:
            """Room that will do; no bar adds more than one candidate."""
            a_bar = self.layout.events_a_bar(own[2][LIVE] + 1)
            return min(rows * a_bar, enough(2 * a_bar))

        made = self._runner.plain(Job(self.bars, feed, first, stop, own, in_order=True), least)
        state.ints[:], state.reals[:], state.own[:] = own
        return made

    # --- candidate by candidate, from the first bar -------------------------------------------

    def follow(self, feed: Feed, stop: int, *, tell: bool = True) -> Written:
        """What the walk decides on the first `stop` rows; without `tell` entries only."""
        assert self.walk is not None
        job = Job(self.walk, feed, 0, stop, self._walker(), (int(tell),))
        return self._runner.compiled(job, self.layout.events_a_candidate)

    def follow_plain(self, feed: Feed, stop: int, first: int = 0) -> Written:
        """All that the walk decides on rows `first .. stop`, by plain Python.

        `first` must begin a trading date; no candidate is alive then.
        """
        assert self.walk is not None
        own = tuple(words.tolist() for words in self._walker())
        room = enough(self.layout.events_a_candidate)
        return self._runner.plain(Job(self.walk, feed, first, stop, own, (1,)), lambda _: room)

    def _walker(self) -> tuple[Any, ...]:
        """What a walk writes to but for decisions, before the first bar."""
        older = np.zeros(self.program.concurrent * words_of_older(self.program), np.int64)
        return older, np.array(walk.FRESH, np.int64)

    # --- many sets of parameters at once ------------------------------------------------------

    @cached_property
    def many(self) -> Source | None:
        """The source that walks many sets of parameters at once, None where that cannot be."""
        if many.unshared(self.program) is not None:
            return None
        known = len(self.inputs.columns), len(self.inputs.tables)
        made = many.generate(self.layout, self.inputs)
        assert known == (len(self.inputs.columns), len(self.inputs.tables))
        return made

    def follow_many(self, feed: Feed, stop: int, params: Ints) -> AbstractContextManager[Written]:
        """The entries on the first `stop` rows of all sets of parameters, (sets, parameters).

        Their heads name the set where the kind would stand (`Written.by_set`). They are lent: good
        until the context ends. All sets read the columns of `feed`; its own parameters are not
        used.
        """
        room = min(len(params) * stop // ROWS_AN_ENTRY, ROOM_MOST)
        return self._runner.lent(self._many(feed, stop, params), max(ROOM, room, len(params)))

    def follow_many_plain(self, feed: Feed, stop: int, params: Ints) -> Written:
        """The same by plain Python."""
        job = self._many(feed, stop, params)
        job = replace(job, own=tuple(words.tolist() for words in job.own))
        return self._runner.plain(job, lambda _: enough(len(params)))

    def _many(self, feed: Feed, stop: int, params: Ints) -> Job:
        assert self.many is not None
        words = len(params) * together.most_older(self.program) * words_of_older(self.program)
        memory = together.memory(self.program, len(params))
        given = replace(feed, params=frozen(params.T).reshape(-1))
        own = (np.zeros(words, np.int64), np.array(memory, np.int64))
        return Job(self.many, given, 0, stop, own, (len(params),))

    def joined(self, parts: list[Decisions]) -> Decisions:
        """Decisions one after another."""
        width = self.layout.width
        if not parts:
            return Decisions(
                np.zeros((0, width), np.int64), np.zeros((0, width - VALUES), np.float64)
            )
        if len(parts) == 1:
            return parts[0]
        return Decisions(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.reals for part in parts]),
        )
