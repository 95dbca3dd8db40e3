"""What smallest change of a parameter would have brought a dead candidate further.

One parameter at a time, over the range its declaration gives it. Each value is tried by the machine
itself on the bars around the candidate, so what is said of a value is what a run with it decides.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir.program import reasons
from engine.columns.frame import frame_of, schedule_of
from engine.columns.need import reach
from engine.inquiry.stretch import quiet_date
from engine.journal.decisions import Decision
from engine.journal.lives import Life, lives_of
from engine.machine.feed import feed_of
from engine.machine.machine import Machine
from engine.session import row_nodes
from engine.sweep.plan import with_params

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dsl.ir.program import ParamSpec, Program, Side
    from engine.columns.schedule import Schedule
    from engine.domain.market import Market
    from engine.run import Run

MANY: Final = 150
"""A range of more values than this is not tried one by one: see `Change.is_least`."""

_OF_THE_ACCOUNT: Final = frozenset({"risk", "exits", "features", "params", "tests", "history"})
"""Parts of a program that decide nothing about a candidate."""

_OF_THE_ORDER: Final = frozenset({"entry", "stops", "targets", "require", "filters"})
"""Parts that are asked of complete setups only."""


@dataclass(frozen=True, slots=True)
class Change:
    """Another value of a parameter, and what becomes of the candidate under it.

    `value` and `was` are whole numbers as the `ParamSpec` holds them, for the candidate's side.
    `life` has rows of the market; it may have another ordinal than before. `is_least`: every value
    between was tried and does less; else only some between were, and its neighbour does less.
    """

    parameter: ParamSpec
    value: int
    was: int
    life: Life
    is_least: bool

    @property
    def share(self) -> float:
        """How far that is, as a share of the declared range; 1 for another choice."""
        low, high = self.parameter.low, self.parameter.high
        if low is None or high is None or high == low:
            return 1.0
        return abs(self.value - self.was) / (high - low)


@dataclass(frozen=True, slots=True)
class Rescue:
    """What would have helped a dead candidate, the smallest change first.

    `further`: with each of these alone it gets past the stage it died in; `complete`: it becomes
    an entry. `helpless` are the parameters no value of which does the first. `first` and `stop`
    are the rows that were run.
    """

    further: tuple[Change, ...]
    complete: tuple[Change, ...]
    helpless: tuple[str, ...]
    tried: int
    first: int
    stop: int


def rescue(run: Run, side: Side, lives: Sequence[Life], dead: Life) -> Rescue:
    """Try every parameter on a candidate of `lives` (of that side) that died.

    What is run begins with the last date that began without a candidate and ends with the date of
    the death, so that a candidate which lives longer counts as one that has not completed.
    """
    if dead.ended is None or dead.end is not Decision.DEAD:
        raise ValueError("this candidate did not die")
    trial = _Trial.of(run, side, lives, dead)
    further: list[Change] = []
    complete: list[Change] = []
    helpless: list[str] = []
    for spec in deciding(run.program, dead):
        search = _Search(trial, spec)
        found = search.nearest(trial.is_further)
        if found is None:
            helpless.append(spec.name)
            continue
        further.append(found)
        done = search.nearest(_is_complete)
        complete += [] if done is None else [done]
    return Rescue(
        _by_size(further), _by_size(complete), tuple(helpless),
        trial.tried, trial.offset + trial.first, trial.offset + len(trial.market),
    )  # fmt: skip


def deciding(program: Program, dead: Life) -> list[ParamSpec]:
    """The parameters that could bring a dead candidate past its stage.

    Those of later stages and of the order could not, unless it had come to the order, or what
    ended it was another candidate.
    """
    parts = {one.name: getattr(program, one.name) for one in fields(program)}
    for name in _OF_THE_ACCOUNT:
        del parts[name]
    if _died_by_its_stage(program, dead):
        parts["stages"] = program.stages[: dead.stage + 1]
        for name in _OF_THE_ORDER:
            del parts[name]
    used = {
        inner.name
        for node in nodes_in(tuple(parts.values()))
        for inner in ir.walk(node)
        if isinstance(inner, ir.Param)
    }
    return [spec for spec in program.params if spec.name in used and len(_values(spec)) > 1]


def _died_by_its_stage(program: Program, dead: Life) -> bool:
    """Whether a rule of its stage or of all ended it, where stages never lead back."""
    numbers = {stage.name: number for number, stage in enumerate(program.stages)}
    ways = [
        (number, way.to) for number, stage in enumerate(program.stages) for way in stage.advance
    ]
    if any(numbers.get(to, len(numbers)) <= number for number, to in ways) or not program.stages:
        return False
    stage = program.stages[dead.stage]
    own = {rule.name for rule in (*program.always, *stage.invalidate)}
    own |= {stage.within.reason} if stage.within else set()
    later = {rule.name for rule in (*program.filters, *program.require)}
    others = {program.overflow, program.entry.others}
    others |= {program.merge.reason} if program.merge else set()
    return reasons(program)[dead.cause] in own - later - others


def _by_size(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda one: one.share))


def _is_complete(life: Life) -> bool:
    return life.end is Decision.ENTRY


def _values(spec: ParamSpec) -> range:
    """Everything the declaration allows."""
    if spec.choices:
        return range(len(spec.choices))
    if spec.unit == "switch":
        return range(2)
    if spec.low is None or spec.high is None:
        return range(0)
    return range(spec.low, spec.high + 1, spec.step or 1)


@dataclass
class _Trial:
    """The bars around a candidate, run with one value or another.

    `offset` and `day` are the numbers that row 0 and date 0 of `market` have in the whole market;
    it is run from row `first` on, the bars before are for what looks back.
    """

    program: Program
    side: Side
    machine: Machine
    market: Market
    schedule: Schedule
    offset: int
    first: int
    day: int
    dead: Life
    tried: int = 0

    @classmethod
    def of(cls, run: Run, side: Side, lives: Sequence[Life], dead: Life) -> _Trial:
        """The bars that decide about it."""
        starts, schedule = run.days.start, run.schedule
        assert dead.ended is not None
        quiet = int(starts[quiet_date(lives, dead.day, starts.tolist())])
        offset = _needed(run, side, quiet)
        day = int(np.searchsorted(starts, offset, side="right")) - 1
        stop = int(starts[np.searchsorted(starts, dead.ended, side="right")])
        market = run.market.rows(offset, stop)
        events = {name: one.instants for name, one in schedule.events.items()}
        part = schedule_of(run.program, market, schedule.calendars, events)
        machine = Machine(run.program, side)
        return cls(run.program, side, machine, market, part, offset, quiet - offset, day, dead)

    def life(self, name: str, value: int) -> Life | None:
        """What becomes of the candidate that starts on the same bar; None where none does."""
        self.tried += 1
        machine, stop = self.machine, len(self.market)
        program = with_params(self.program, [f"{name}.{self.side.value}"], [value])
        feed = feed_of(program, self.side, machine.inputs, self.schedule).as_views()
        if machine.walk is None:
            made = machine.write_plain(feed, machine.fresh(), self.first, stop)
        else:
            made = machine.follow_plain(feed, stop, self.first)
        row = self.dead.started - self.offset
        for life in lives_of(made.decisions().rows):
            if life.started == row:
                return self._of_market(life)
        return None

    def _of_market(self, life: Life) -> Life:
        """The life in rows and dates of the whole market."""
        return replace(
            life,
            day=life.day + self.day,
            started=life.started + self.offset,
            ended=None if life.ended is None else life.ended + self.offset,
        )

    def is_further(self, life: Life) -> bool:
        """Whether it gets past the stage in which it died."""
        return _is_complete(life) or life.stage > self.dead.stage


def _needed(run: Run, side: Side, row: int) -> int:
    """The first row of the trading date from which a replay from `row` on sees what it must.

    Windows are longest with every parameter at the upper end of its range.
    """
    ends = {spec.name: spec.high for spec in run.program.params if spec.high is not None}
    longest = with_params(run.program, tuple(ends), tuple(ends.values()))
    needed = row
    for program in (run.program, longest):
        frame = frame_of(program, side, run.schedule)
        needed = min([needed, *(reach(node, frame, row) for node in row_nodes(program))])
    starts = run.days.start
    return int(starts[max(0, int(np.searchsorted(starts, max(0, needed), side="right")) - 1)])


class _Search:
    """Looks for the nearest value of one parameter with which something holds."""

    def __init__(self, trial: _Trial, spec: ParamSpec) -> None:
        self._trial = trial
        self._spec = spec
        self._was: int = getattr(spec, trial.side.value)
        self._lives: dict[int, Life | None] = {}

    def nearest(self, holds: Callable[[Life], bool]) -> Change | None:
        """The change to the nearest value, None where no value does."""
        if len(self._allowed) <= MANY:
            value, least = next(filter(self._does(holds), self._outward), None), True
        else:
            value, least = self._bisected(self._does(holds)), False
        if value is None:
            return None
        life = self._life(value)
        assert life is not None
        return Change(self._spec, value, self._was, life, least)

    @cached_property
    def _allowed(self) -> range:
        return _values(self._spec)

    @cached_property
    def _outward(self) -> list[int]:
        """Every allowed value but its own, the nearest first."""
        others = (value for value in self._allowed if value != self._was)
        return sorted(others, key=lambda value: (abs(value - self._was), value))

    def _life(self, value: int) -> Life | None:
        if value not in self._lives:
            self._lives[value] = self._trial.life(self._spec.name, value)
        return self._lives[value]

    def _does(self, holds: Callable[[Life], bool]) -> Callable[[int], bool]:
        def does(value: int) -> bool:
            life = self._life(value)
            return life is not None and holds(life)

        return does

    def _bisected(self, does: Callable[[int], bool]) -> int | None:
        """The nearest of both ways: steps that double until it does, then halves between."""
        found = [value for way in (-1, 1) if (value := self._along(way, does)) is not None]
        return min(found, key=lambda value: abs(value - self._was), default=None)

    def _along(self, way: int, does: Callable[[int], bool]) -> int | None:
        allowed = self._allowed
        here = round((self._was - allowed.start) / allowed.step)
        known = here
        for place in _doubling(here, way, len(allowed)):
            if does(allowed[place]):
                return allowed[_halved(known, place, lambda at: does(allowed[at]))]
            known = place
        return None


def _doubling(here: int, way: int, count: int) -> Iterator[int]:
    """Places further and further from `here`, the last one the end of the range."""
    end = count - 1 if way > 0 else 0
    step = 1
    while abs(end - here) > step:
        yield here + way * step
        step *= 2
    if end != here:
        yield end


def _halved(misses: int, hits: int, does: Callable[[int], bool]) -> int:
    """A place that does whose neighbour towards `misses` does not."""
    while abs(hits - misses) > 1:
        middle = (hits + misses) // 2
        if does(middle):
            hits = middle
        else:
            misses = middle
    return hits
