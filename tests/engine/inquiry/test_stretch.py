"""A part of a market says on its last rows what the whole says, and a survey counts as it does."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sample import sample
from engine.inquiry.stretch import quiet_date, stretch_of
from engine.inquiry.survey import busy_rows, survey
from engine.interpreter import Interpreter
from engine.interpreter.explain import BarView, explain
from engine.journal.lives import Life, lives_of
from engine.run import Run, Strategy, run_batch
from tests.support.calendars import FixedHours
from tests.support.programs import slob_creator_program

if TYPE_CHECKING:
    from dsl.ir.program import Side
    from engine.interpreter.candidate import Sight
    from engine.interpreter.machine import Completion

BARS = 12_000


@cache
def ran() -> Run:
    return run_batch(Strategy(slob_creator_program()), sample().rows(0, BARS), FixedHours())


@cache
def whole(side: Side) -> Interpreter:
    return Interpreter(ran().program, ran().market, side, FixedHours())


@cache
def lives(side: Side) -> tuple[Life, ...]:
    return lives_of(ran().decisions[side].rows)


def told(view: BarView, rows: int, days: int) -> Any:
    """A view without the numbers of rows and dates that differ by where the market begins."""
    return (
        view.row + rows,
        view.minute,
        [
            (one.day + days, one.ordinal, one.started + rows, one.stage, one.asked, one.completion)
            for one in view.candidates
        ],
        (view.start.when, view.start.repeated, view.start.crowded),
        [(event.kind, event.ordinal, event.values) for event in view.events],
    )


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_explanation_from_a_stretch_is_that_of_the_whole(data: st.DataObject) -> None:
    side = data.draw(st.sampled_from(ran().program.sides))
    alive = [row for one in lives(side) for row in (one.started, one.started + 1, one.ended or 0)]
    row = data.draw(st.one_of(st.sampled_from(alive), st.integers(0, BARS - 1)))
    stretch = stretch_of(ran(), side, lives(side), row, row + 1)
    part = explain(stretch.interpreter, row - stretch.row, stretch.first)
    first = int(ran().days.start[stretch.day]) + stretch.first
    assert told(part, stretch.row, stretch.day) == told(explain(whole(side), row, first), 0, 0)


def test_a_stretch_is_a_small_part() -> None:
    for side in ran().program.sides:
        row = lives(side)[-1].started + 1
        stretch = stretch_of(ran(), side, lives(side), row, row + 1)
        assert len(stretch.interpreter.bars) < 3_000


def test_a_replay_begins_on_a_date_that_nobody_lived_into() -> None:
    starts = [0, 10, 20, 30]
    assert quiet_date([], 2, starts) == 2
    assert quiet_date([Life(1, 1, started=15, ended=18)], 2, starts) == 2
    assert quiet_date([Life(1, 1, started=15, ended=20)], 2, starts) == 1
    assert quiet_date([Life(0, 1, started=5, ended=12), Life(1, 1, started=15)], 2, starts) == 0


def test_only_rows_with_a_candidate_are_busy() -> None:
    found = [Life(0, 1, started=2, ended=4), Life(0, 2, started=8)]
    assert busy_rows(found, 0, 10) == [2, 3, 4, 8, 9]
    assert busy_rows(found, 4, 10) == [4, 8, 9]


class Tallies:
    """The same counts, taken plainly: on every row, from the truth of each node."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.counts: Counter[tuple[str, str, str, str]] = Counter()

    def asked(self, sight: Sight) -> None:
        program, stage = self.interpreter.program, self.interpreter.stage(sight.candidate)
        self.count(stage.name, "dead", (*program.always, *stage.invalidate), sight)
        for way in stage.advance:
            self.count(stage.name, way.to, way.when, sight)

    def completed(self, sight: Sight, completion: Completion) -> None:
        program = self.interpreter.program
        self.count("entry", "", (*program.filters, *program.require), sight)

    def died(self, sight: Sight, reason: str) -> None:
        """Not counted."""

    def count(self, place: str, leads: str, rules: Any, sight: Sight) -> None:
        for rule in rules:
            truth = self.interpreter.eyes.value(rule.node, sight)
            word = {True: "true", False: "false", None: "na"}[
                None if truth is None else bool(truth)
            ]
            self.counts[place, leads, rule.name, word] += 1


def test_a_survey_counts_what_a_plain_replay_of_every_bar_counts() -> None:
    for side in ran().program.sides:
        plain = Tallies(whole(side))
        whole(side).watcher = plain
        whole(side).run()
        found = survey(ran(), side, lives(side))
        counted = Counter(
            {
                (one.place, one.leads, one.name, word): count
                for one in found.tallies
                if one.place != "start"
                for word, count in (("true", one.true), ("false", one.false), ("na", one.na))
            }
        )
        assert counted == plain.counts
        assert sum(counted.values()) > 100


def test_the_start_rule_is_counted_on_every_bar() -> None:
    for side in ran().program.sides:
        found = {one.name: one for one in survey(ran(), side, lives(side)).tallies}
        rows = whole(side).rows
        for rule in ran().program.start.when:
            truths = [rows.value(rule.node, row) for row in range(BARS)]
            one = found[rule.name]
            assert (one.asked, one.true, one.na) == (
                BARS,
                sum(truth is True for truth in truths),
                sum(truth is None for truth in truths),
            )


def test_a_survey_of_the_last_dates_counts_only_them() -> None:
    side = ran().program.sides[0]
    first = int(ran().days.start[6])
    late = survey(ran(), side, lives(side), first)
    before = run_batch(Strategy(ran().program), ran().market.rows(0, first), FixedHours())
    early = survey(before, side, lives_of(before.decisions[side].rows))
    both = survey(ran(), side, lives(side))

    def asked(found: Any) -> Counter[tuple[str, str, str]]:
        return Counter({(one.place, one.leads, one.name): one.asked for one in found.tallies})

    assert asked(late) + asked(early) == asked(both)


def test_progress_is_told() -> None:
    heard: list[tuple[int, int]] = []
    side = ran().program.sides[0]
    survey(ran(), side, lives(side), told=lambda done, every: heard.append((done, every)))
    assert heard[0][0] == 0
    assert all(done < every for done, every in heard)
