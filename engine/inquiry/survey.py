"""Every condition over a whole run: how often it was asked, failed, and stood alone in the way.

The interpreter replays the bars on which candidates lived, and a watcher takes the conditions
apart. Bars without a candidate are skipped: they change nothing. The start rule, which is asked on
every bar, is counted on columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.columns.evaluate import evaluate
from engine.columns.frame import frame_of
from engine.domain.market import FALSE, TRUE, UNKNOWN
from engine.inquiry.stretch import stretch_of
from engine.interpreter.verdict import Verdict, comparisons, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.ir.program import Named, Side
    from engine.interpreter.candidate import Sight
    from engine.interpreter.machine import Completion, Interpreter
    from engine.journal.lives import Life
    from engine.run import Run


@dataclass(slots=True)
class Tally:
    """What came of asking one condition.

    `place` is `start`, a stage or `entry`; `leads` the stage an advance leads to, `dead` for what
    ends a candidate, empty for the start and what an entry requires. `sole` counts the bars on
    which nothing else of the same conjunction was missing. `nearest` is the comparison that was
    nearest to holding without it, on row `row`.
    """

    place: str
    leads: str
    name: str
    asked: int = 0
    true: int = 0
    na: int = 0
    sole: int = 0
    nearest: Verdict | None = None
    row: int = -1
    order: tuple[int, ...] = field(default=(), repr=False)

    @property
    def false(self) -> int:
        """How often it was false."""
        return self.asked - self.true - self.na


@dataclass(frozen=True, slots=True)
class Survey:
    """The tallies of one side in the order of the rules, over rows `first` to `stop`."""

    side: Side
    first: int
    stop: int
    tallies: tuple[Tally, ...]


DEAD = "dead"


def survey(
    run: Run,
    side: Side,
    lives: Sequence[Life],
    first: int = 0,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Survey:
    """Ask every condition again from row `first` on, the start of a trading date.

    `told` hears how many bars are done and of how many.
    """
    stop = len(run.market)
    stretch = stretch_of(run, side, lives, first, stop)
    counter = Counter(stretch.interpreter, first - stretch.row, stretch.row)
    stretch.interpreter.watcher = counter
    busy = busy_rows(lives, stretch.first + stretch.row, stop)
    for done, row in enumerate(busy):
        stretch.interpreter.step(row - stretch.row)
        if done % 256 == 0:
            told(done, len(busy))
    counted = _start(run, side, first)
    return Survey(side, first, stop, (*counted, *counter.in_order()))


def busy_rows(lives: Sequence[Life], first: int, stop: int) -> list[int]:
    """The rows from `first` on, on which a candidate begins or is asked anything."""
    busy = np.zeros(stop + 1, bool)
    for life in lives:
        busy[life.started : (stop if life.ended is None else life.ended) + 1] = True
    found: list[int] = np.flatnonzero(busy[:stop]).tolist()
    return [row for row in found if row >= first]


class Counter:
    """Counts what a replay asks, from one of its rows on; `offset` is the market's row of its 0."""

    def __init__(self, interpreter: Interpreter, first: int, offset: int) -> None:
        """Nothing yet."""
        self._interpreter = interpreter
        self._first = first
        self._offset = offset
        self._tallies: dict[tuple[int, ...], Tally] = {}

    def in_order(self) -> tuple[Tally, ...]:
        """The tallies by stage, rule and condition."""
        return tuple(self._tallies[order] for order in sorted(self._tallies))

    def asked(self, sight: Sight) -> None:
        """The rules of a stage, on one bar."""
        program, number = self._interpreter.program, sight.candidate.stage
        stage = self._interpreter.stage(sight.candidate)
        ends = (*program.always, *stage.invalidate)
        self._count((number, 0), stage.name, DEAD, ends, sight)
        for index, way in enumerate(stage.advance, start=1):
            self._count((number, index), stage.name, way.to, way.when, sight, together=True)

    def completed(self, sight: Sight, completion: Completion) -> None:  # noqa: ARG002 - Watcher's
        """Filters and requirements of an entry."""
        program = self._interpreter.program
        rules = (*program.filters, *program.require)
        self._count((len(program.stages), 0), "entry", "", rules, sight, together=True)

    def died(self, sight: Sight, reason: str) -> None:
        """Deaths are counted in the funnel."""

    def _count(
        self,
        place: tuple[int, int],
        stage: str,
        leads: str,
        rules: Sequence[Named],
        sight: Sight,
        *,
        together: bool = False,
    ) -> None:
        if sight.row < self._first:
            return
        found = verdicts(rules, self._interpreter.eyes, sight)
        missing = sum(one.truth is not True for one in found)
        for index, one in enumerate(found):
            order = (*place, index)
            tally = self._tallies.get(order)
            if tally is None:
                tally = self._tallies[order] = Tally(stage, leads, one.name, order=order)
            tally.asked += 1
            tally.true += one.truth is True
            tally.na += one.truth is None
            if one.truth is not True:
                tally.sole += together and missing == 1
                self._remember(tally, one, sight.row + self._offset)

    @staticmethod
    def _remember(tally: Tally, missed: Verdict, row: int) -> None:
        for part in comparisons(missed):
            near = tally.nearest
            if part.truth is not True and (near is None or _margin(part) < _margin(near)):
                tally.nearest, tally.row = part, row


def _margin(verdict: Verdict) -> Any:
    """How far a comparison was from holding; sides that are not known count as never near."""
    return float("inf") if verdict.margin is None else verdict.margin


def _start(run: Run, side: Side, first: int) -> tuple[Tally, ...]:
    """The conditions of the start rule, counted on every bar."""
    frame = frame_of(run.program, side, run.schedule)
    rules = run.program.start.when
    truths = [np.asarray(evaluate(rule.node, frame))[first:] for rule in rules]
    missing = sum((truth != TRUE).astype(np.int64) for truth in truths)
    found = []
    for rule, truth in zip(rules, truths, strict=True):
        false, unknown = (int((truth == value).sum()) for value in (FALSE, UNKNOWN))
        alone = int(((truth != TRUE) & (missing == 1)).sum())
        true = len(truth) - false - unknown
        found.append(Tally("start", "", rule.name, len(truth), true, unknown, alone))
    return tuple(found)
