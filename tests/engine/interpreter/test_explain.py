"""Why, at a bar; and why a candidate died."""

from __future__ import annotations

from typing import Any

import pytest

from dsl.ir.expression import AllOf, AnyOf, Const, Known, Lag, Node, Not
from dsl.ir.program import (
    ENTRY,
    Deadline,
    Entry,
    Merge,
    OrderType,
    Side,
    StopCase,
    ThisBar,
    TrackerOp,
)
from engine.interpreter import Interpreter
from engine.interpreter.candidate import Sight
from engine.interpreter.explain import BarView, explain
from engine.interpreter.obituary import Obituary, nearest
from engine.interpreter.verdict import Verdict, comparisons, judged
from engine.journal.decisions import Decision
from tests.support.asking import interpreter_of, story
from tests.support.bars import bars_from_closes, random_walk
from tests.support.calendars import FixedHours
from tests.support.jan6 import TICKS_A_POINT, jan6, minute_at
from tests.support.programs import (
    CLOSE,
    FALSE,
    TRUE,
    UNKNOWN,
    advance,
    compare,
    named,
    slob_creator_program,
    stage,
    tracker,
)

JAN6 = Interpreter(slob_creator_program(), jan6(), Side.SHORT, FixedHours())
ABOVE = compare(CLOSE, ">", 100)


def at(clock: str) -> BarView:
    return explain(JAN6, minute_at(clock) - JAN6.bars[0].minute)


def verdict_on(node: Node, close: int = 5) -> Verdict:
    run = interpreter_of(bars_from_closes([101, close]))
    run.step(0)
    return judged(node, run.eyes, Sight(run.alive[0], 1))


def by_name(verdicts: tuple[Verdict, ...]) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in verdicts}


# --- verdicts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "right", "truth", "margin"),
    [
        (">", 5, False, 0),
        (">", 7, False, 2),
        (">=", 5, True, 0),
        (">=", 3, True, -2),
        ("<", 5, False, 0),
        ("<", 9, True, -4),
        ("<=", 4, False, 1),
        ("==", 2, False, 3),
        ("==", 5, True, 0),
    ],
)
def test_a_margin_is_what_is_missing_in_the_units_of_the_comparison(
    op: str, right: int, *, truth: bool, margin: int
) -> None:
    found = verdict_on(compare(CLOSE, op, right))
    assert (found.op, found.left, found.right) == (op, 5, right)
    assert (found.truth, found.margin) == (truth, margin)


def test_a_comparison_with_na_has_no_margin() -> None:
    found = verdict_on(compare(Lag(CLOSE, Const(9), across=False), ">", 1))
    assert (found.truth, found.left, found.right, found.margin) == (None, None, 1, None)


def test_not_of_a_comparison_is_the_opposite_comparison() -> None:
    found = verdict_on(Not(compare(CLOSE, "<", 7)))
    assert (found.truth, found.op, found.margin) == (False, ">=", 2)


def test_and_or_have_parts_and_comparisons_are_found_in_them() -> None:
    low, high = compare(CLOSE, "<", 4), compare(CLOSE, ">", 9)
    either = verdict_on(AnyOf((low, AllOf((high, Known(CLOSE))))))
    assert (either.op, either.truth, [part.op for part in either.parts]) == (
        "or",
        False,
        ["<", "and"],
    )
    assert [one.margin for one in comparisons(either)] == [1, 4]
    refused = verdict_on(Not(AllOf((low, high))))
    assert (refused.op, refused.truth, refused.parts[0].op) == ("not", True, "and")
    assert list(comparisons(refused)) == []


# --- a bar ----------------------------------------------------------------------------------


def test_the_example_lacks_a_minute_of_dwell_a_minute_early() -> None:
    (candidate,) = at("16:25").candidates
    (asked,) = candidate.asked
    assert (candidate.stage, asked.stage) == ("consolidation", "consolidation")
    conditions = by_name(asked.advance[0].when)
    dwelt = conditions["dwelt"]
    assert (dwelt.truth, dwelt.left, dwelt.op, dwelt.right, dwelt.margin) == (
        False,
        14,
        ">=",
        15,
        1,
    )
    assert [name for name, one in conditions.items() if one.truth is not True] == ["dwelt"]
    assert candidate.events == ()


def test_every_stage_asked_on_an_examined_bar_is_told() -> None:
    bar = at("16:26")
    (candidate,) = bar.candidates
    assert [asked.stage for asked in candidate.asked] == ["consolidation", "armed"]
    assert [event.kind for event in candidate.events] == [Decision.ADVANCE, Decision.ADVANCE]
    swept = by_name(candidate.asked[1].advance[0].when)["swept_again"]
    assert (swept.left, swept.right, swept.margin) == (25_592 * 4, 25_587 * 4, -5 * 4)
    assert bar.events == candidate.events


def test_a_candidate_is_told_as_it_was_at_the_start_of_the_bar() -> None:
    (candidate,) = at("16:12").candidates
    bottom = {one.name: one for one in candidate.trackers}["bottom"]
    assert (bottom.value, bottom.minute) == (25_542 * TICKS_A_POINT, minute_at("16:11"))
    assert (candidate.age_minutes, candidate.age_bars) == (42, 42)
    assert dict(candidate.captures)["liq1"][0] == ("high", 25_452 * TICKS_A_POINT)
    (earlier,) = at("16:11").candidates
    assert {one.name: one for one in earlier.trackers}["bottom"].minute == minute_at("16:10")
    spike = {one.name: one for one in candidate.trackers}["spike"]
    assert (spike.row, spike.minute, spike.value) == (None, None, None)


def test_a_deadline_is_a_comparison_like_any_other() -> None:
    (candidate,) = at("16:28").candidates
    deadline = candidate.asked[0].deadline
    assert deadline is not None
    assert (deadline.name, deadline.left, deadline.right, deadline.margin) == (
        "entry_timeout",
        2,
        20,
        18,
    )


def test_a_completion_tells_the_bracket_and_what_was_required() -> None:
    (candidate,) = at("16:31").candidates
    done = candidate.completion
    assert done is not None
    assert (done.stop_case, done.stop, done.failed) == ("plain", 25_593 * TICKS_A_POINT, None)
    beyond = by_name(done.require)["stop_beyond_entry"]
    assert (beyond.truth, beyond.left, beyond.right) == (True, 25_593 * 4, 25_572 * 4)
    assert by_name(done.filters)["both_exchanges_open"].truth is True


def test_the_start_tells_why_it_did_not_fire() -> None:
    fired = at("15:30").start
    assert [event.kind for event in fired.events] == [Decision.START]
    swept = by_name(fired.when)["swept"]
    assert (swept.left, swept.right) == (25_452 * 4, 25_450 * 4)
    again = at("15:31").start
    assert (again.repeated, again.events, again.spaced_by) == (True, (), (0, 1))
    before = at("15:29").start
    assert by_name(before.when)["in_ny"].truth is False
    assert by_name(before.when)["swept"].truth is None


def test_a_crowded_start_and_one_without_stages_are_told() -> None:
    market = bars_from_closes([101, 90, 101])
    idle = stage("waiting", advance(ENTRY, never=FALSE))
    crowded = explain(interpreter_of(market, concurrent=1, stages=(idle,)), 2).start
    assert crowded.crowded
    assert [event.kind for event in crowded.events] == [Decision.START, Decision.DEAD]
    alone = explain(interpreter_of(market, stages=()), 2).start
    assert alone.completion is not None
    assert (alone.completion.entry, alone.completion.failed) == (101, None)


def test_a_candidate_ended_by_an_entry_was_asked_nothing() -> None:
    market = bars_from_closes([101, 90, 101, 6])
    waiting = stage("waiting", advance(ENTRY, six=compare(CLOSE, "==", 6)))
    run = interpreter_of(
        market, stages=(waiting,), entry=Entry(OrderType.MARKET, None, Const(1), others="taken")
    )
    first, second = explain(run, 3).candidates
    assert len(first.asked) == 1
    assert second.asked == ()
    assert [event.kind for event in second.events] == [Decision.DEAD]


def test_explaining_leaves_the_interpreter_as_it_is() -> None:
    run = interpreter_of(bars_from_closes([101, 90, 101, 90, 101]))
    before = run.step(0)
    explain(run, 3)
    assert [(one.day, one.ordinal) for one in run.alive] == [
        (one.day, one.ordinal) for one in before
    ]
    fresh = interpreter_of(bars_from_closes([101, 90, 101, 90, 101])).run()
    rest = [event for row in range(1, 5) for event in run.step(row)]
    assert [*before, *rest] == fresh


def test_the_events_of_every_explained_bar_are_the_events_of_the_run() -> None:
    run = Interpreter(slob_creator_program(), random_walk(3, 1), Side.SHORT, FixedHours())
    events = run.run()
    rows = sorted({event.row for event in events})
    assert len(rows) > 1
    told = [event for row in rows for event in explain(run, row).events]
    assert told == events


def test_a_replay_from_the_date_is_the_replay_from_the_beginning() -> None:
    run = Interpreter(slob_creator_program(), random_walk(3, 1), Side.SHORT, FixedHours())
    first = run.bars.rows_of(2)[0]
    row = first + 500
    assert explain(run, row, first) == explain(run, row)


# --- a death --------------------------------------------------------------------------------


def obituary(closes: list[int], ordinal: int = 1, **program: Any) -> Obituary:
    found = nearest(interpreter_of(bars_from_closes(closes), **program), 0, ordinal)
    assert found is not None
    return found


TWO_CONDITIONS = stage(
    "waiting",
    advance(ENTRY, low=compare(CLOSE, "<", 50), odd=compare(CLOSE, ">", 40)),
    ended=compare(CLOSE, "==", 7),
    within=Deadline(Const(4), "bars", "late"),
)


def test_the_killer_is_the_rule_that_ended_it_on_that_bar() -> None:
    found = obituary([101, 60, 7], stages=(TWO_CONDITIONS,))
    assert (found.reason, found.stage) == ("ended", "waiting")
    assert found.killer is not None
    assert (found.killer.name, found.killer.left, found.killer.truth) == ("ended", 7, True)


def test_a_deadline_kills_with_its_time() -> None:
    found = obituary([101, 60, 55, 58, 59], stages=(TWO_CONDITIONS,))
    assert found.killer is not None
    assert (found.killer.name, found.killer.left, found.killer.right) == ("late", 4, 4)


def test_the_nearest_miss_is_the_bar_with_the_least_missing() -> None:
    found = obituary([101, 60, 55, 30, 59], stages=(TWO_CONDITIONS,))
    low, odd = sorted(found.nearest, key=lambda miss: miss.name)
    assert (low.name, low.to, low.row, low.comparison.margin, low.alone) == (
        "low",
        ENTRY,
        2,
        5,
        True,
    )
    assert (odd.row, odd.comparison.margin, odd.alone) == (3, 10, True)


def test_only_the_last_stage_counts_and_an_unknown_condition_has_no_margin() -> None:
    found = obituary(
        [101, 60, 7, 60, 3],
        stages=(
            stage("first", advance("second", ThisBar.SKIP, seven=compare(CLOSE, "==", 7))),
            stage(
                "second",
                advance(
                    ENTRY, unknown=UNKNOWN, four=compare(CLOSE, "<", 4), six=compare(CLOSE, "<", 3)
                ),
                within=Deadline(Const(2), "bars", "late"),
            ),
        ),
    )
    assert [
        (miss.name, miss.row, miss.comparison.margin, miss.alone) for miss in found.nearest
    ] == [
        ("four", 3, 56, False),
        ("six", 4, 0, False),
    ]


def test_filters_and_requirements_kill_by_name_and_a_missing_stop_by_reason_alone() -> None:
    at_once = stage("waiting", advance(ENTRY, now=TRUE))
    required = obituary([101, 60], stages=(at_once,), require=named(low=compare(CLOSE, "<", 50)))
    assert required.killer is not None
    assert (required.killer.name, required.killer.margin) == ("low", 10)
    filtered = obituary([101, 60], stages=(at_once,), filters=named(shut=FALSE))
    assert filtered.killer is not None
    assert filtered.killer.name == "shut"
    stopless = obituary([101, 60], stages=(at_once,), stops=(StopCase("no", FALSE, Const(1)),))
    assert (stopless.reason, stopless.killer) == ("no_stop", None)


def test_a_duplicate_and_a_crowded_start_have_no_killer_of_their_own() -> None:
    program: dict[str, Any] = {
        "trackers": (tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE),),
        "merge": Merge("armed", ("top",), "duplicate"),
        "stages": (
            stage("first", advance("armed", seven=compare(CLOSE, "==", 7))),
            stage("armed", advance(ENTRY, never=FALSE)),
        ),
    }
    doubled = obituary([101, 90, 101, 102, 90, 7], 2, **program)
    assert (doubled.reason, doubled.stage, doubled.killer) == ("duplicate", "first", None)
    idle = stage("waiting", advance(ENTRY, never=FALSE))
    crowded = obituary([101, 102, 90, 101], 2, concurrent=1, stages=(idle,))
    assert (crowded.reason, crowded.killer, crowded.nearest) == ("too_many", None, ())


def test_a_candidate_that_lives_or_traded_or_never_was_has_no_obituary() -> None:
    run = interpreter_of(bars_from_closes([101, 99, 101]))
    assert story(run, run.run()) == ["0 #1 START", "1 #1 ENTRY plain", "2 #2 START"]
    assert [nearest(run, 0, ordinal) for ordinal in (1, 2, 3)] == [None, None, None]
