"""The order of one bar, R6 to R16, each rule with a program as small as it can be.

The tiny program starts a candidate when the close rises above 100.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dsl.ir.expression import (
    BarField,
    Binary,
    Bracket,
    CandidateClock,
    Choose,
    Const,
    Lag,
    Node,
    Param,
    ToReal,
)
from dsl.ir.program import (
    ENTRY,
    Advance,
    Capture,
    Deadline,
    Entry,
    Feature,
    Merge,
    OrderType,
    Side,
    Start,
    StopCase,
    Target,
    ThisBar,
    TrackerOp,
)
from engine.interpreter import Event
from engine.journal.decisions import Decision
from tests.support.asking import interpreter_of, stories
from tests.support.bars import MINUTES_A_DAY, MONDAY, bars_from_closes, bars_from_rows
from tests.support.programs import (
    CLOSE,
    FALSE,
    FIXED_RISK,
    HIGH,
    LOW,
    MILLION,
    MINUTE,
    TRUE,
    UNKNOWN,
    add,
    advance,
    captured,
    compare,
    named,
    param,
    stage,
    start,
    sub,
    tracked,
    tracker,
)

if TYPE_CHECKING:
    from engine.domain.market import Market

ABOVE = compare(CLOSE, ">", 100)
AGE = sub(MINUTE, CandidateClock("start", "minute"))


def is_(close: int) -> Node:
    return compare(CLOSE, "==", close)


def run(market: Market, **program: Any) -> list[Event]:
    return interpreter_of(market, **program).run()


# --- R7: rules ------------------------------------------------------------------------------


def test_a_candidate_sees_its_first_rule_on_the_bar_after_its_start() -> None:
    market = bars_from_closes([101, 101, 101])
    waiting = stage("waiting", advance(ENTRY, now=TRUE))
    assert stories(market, stages=(waiting,))[:2] == ["0 #1 START", "1 #1 ENTRY plain"]


def test_always_goes_before_invalidate_and_invalidate_before_advance() -> None:
    market = bars_from_closes([101, 101])
    first: dict[str, Any] = {"stages": (stage("waiting", advance(ENTRY, now=TRUE), ended=TRUE),)}
    assert stories(market, always=named(over=TRUE), **first)[1] == "1 #1 DEAD over"
    assert stories(market, **first)[1] == "1 #1 DEAD ended"
    only = stage("waiting", advance(ENTRY, now=TRUE))
    assert stories(market, stages=(only,))[1] == "1 #1 ENTRY plain"


def test_the_first_true_rule_in_written_order_decides() -> None:
    market = bars_from_closes([101, 101])
    rules = stage(
        "waiting", advance(ENTRY, never=FALSE), one=FALSE, two=UNKNOWN, three=TRUE, four=TRUE
    )
    assert stories(market, stages=(rules,))[1] == "1 #1 DEAD three"
    ways = stage(
        "waiting",
        advance("waiting", ThisBar.SKIP, one=TRUE, two=UNKNOWN),
        advance(ENTRY, three=TRUE),
        advance("waiting", four=TRUE),
    )
    assert stories(market, stages=(ways,))[1] == "1 #1 ENTRY plain"


def test_na_fires_nothing() -> None:
    market = bars_from_closes([101, 101, 101])
    waiting = stage("waiting", advance(ENTRY, unknown=UNKNOWN), unknown_too=UNKNOWN)
    assert stories(market, always=named(never_known=UNKNOWN), stages=(waiting,)) == ["0 #1 START"]
    assert stories(market, start=start(up=ABOVE, unknown=UNKNOWN)) == []


def test_candidates_are_looked_at_oldest_first_and_the_start_comes_last() -> None:
    market = bars_from_closes([101, 90, 101, 50, 101])
    waiting = stage("waiting", advance(ENTRY, now=is_(50)))
    assert stories(market, stages=(waiting,)) == [
        "0 #1 START",
        "2 #2 START",
        "3 #1 ENTRY plain",
        "3 #2 ENTRY plain",
        "4 #3 START",
    ]


# --- R8, R9: what an advance does with the rest of the bar --------------------------------------


def on_arrival(this_bar: ThisBar) -> list[str]:
    """Advances on the close of 7, into a stage that ends on any bar whose top is known."""
    return stories(
        bars_from_closes([101, 7, 5, 3]),
        trackers=(tracker("top", TrackerOp.HIGHEST, "second", value=CLOSE),),
        stages=(
            stage("first", advance("second", this_bar, seven=is_(7))),
            stage(
                "second",
                advance(ENTRY, never=FALSE),
                seven=is_(7),
                known=compare(tracked("top"), ">", 0),
            ),
        ),
    )


def test_examine_runs_the_rules_of_the_new_stage_on_this_bar() -> None:
    assert on_arrival(ThisBar.EXAMINE)[1:] == ["1 #1 ->second", "1 #1 DEAD seven"]


def test_count_lets_the_trackers_see_this_bar_but_not_the_rules() -> None:
    assert on_arrival(ThisBar.COUNT)[1:] == ["1 #1 ->second", "2 #1 DEAD known"]


def test_skip_leaves_this_bar_to_nobody() -> None:
    assert on_arrival(ThisBar.SKIP)[1:] == ["1 #1 ->second", "3 #1 DEAD known"]


def test_always_is_asked_again_after_examine() -> None:
    inside = compare(CandidateClock("stage", "row"), ">", CandidateClock("start", "row"))
    told = stories(
        bars_from_closes([101, 7]),
        always=named(moved=inside),
        stages=(
            stage("first", advance("second", ThisBar.EXAMINE, seven=is_(7))),
            stage("second", advance(ENTRY, never=FALSE)),
        ),
    )
    assert told[1:] == ["1 #1 ->second", "1 #1 DEAD moved"]


@pytest.mark.parametrize(("last", "counted"), [(ThisBar.COUNT, 7), (ThisBar.SKIP, 5)])
def test_after_a_chain_the_last_move_says_whether_the_trackers_count(
    last: ThisBar, counted: int
) -> None:
    events = run(
        bars_from_closes([101, 7, 5, 3]),
        trackers=(tracker("seen", TrackerOp.EARLIEST, "third", fields=(("c", CLOSE),)),),
        stages=(
            stage("first", advance("second", ThisBar.EXAMINE, seven=is_(7))),
            stage("second", advance("third", last, seven=is_(7))),
            stage("third", advance(ENTRY, three=is_(3))),
        ),
        features=(Feature("seen", tracked("seen", "c"), 1),),
    )
    assert [one.kind for one in events] == [
        Decision.START,
        Decision.ADVANCE,
        Decision.ADVANCE,
        Decision.ENTRY,
    ]
    assert events[-1].values[-2] == counted


def test_an_examined_bar_that_moves_nothing_more_is_counted() -> None:
    told = stories(
        bars_from_closes([101, 7, 5]),
        trackers=(tracker("top", TrackerOp.HIGHEST, "second", value=CLOSE),),
        stages=(
            stage("first", advance("second", ThisBar.EXAMINE, seven=is_(7))),
            stage("second", advance(ENTRY, lower=compare(CLOSE, "<", tracked("top")))),
        ),
    )
    assert told[1:] == ["1 #1 ->second", "2 #1 ENTRY plain"]


def test_the_bar_that_breaks_a_range_is_not_part_of_it() -> None:
    told = stories(
        bars_from_closes([101, 5, 6, 7]),
        trackers=(tracker("top", TrackerOp.HIGHEST, "waiting", value=CLOSE),),
        stages=(stage("waiting", advance(ENTRY, broken=compare(CLOSE, ">", tracked("top")))),),
    )
    assert told == ["0 #1 START", "2 #1 ENTRY plain"]


def test_captures_of_an_advance_are_told_in_order_and_remembered() -> None:
    sweep = Capture("sweep", (("high", HIGH), ("top", tracked("top"))))
    again = Capture(
        "again", (("real", ToReal(CLOSE, 2)), ("flag", ABOVE), ("none", tracked("top")))
    )
    events = run(
        bars_from_closes([101, 5, 7, 3]),
        trackers=(tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE),),
        stages=(
            stage("first", Advance("second", ThisBar.SKIP, named(seven=is_(7)), (sweep, again))),
            stage("second", advance(ENTRY, three=is_(3))),
        ),
        features=(Feature("kept", captured("sweep", "row"), 1),),
    )
    moved, entry = events[1], events[2]
    assert (moved.stage, moved.cause, moved.values) == (0, 1, (7, 5, 3.5, False, 5))
    assert entry.values[-2] == 2


# --- R12: deadlines -------------------------------------------------------------------------


def waiting_until(limit: Node, unit: str, market: Market, **more: Any) -> list[str]:
    within = Deadline(limit, unit, "late")
    ways = stage("waiting", advance(ENTRY, fell=compare(CLOSE, "<", 100)), within=within)
    return stories(market, stages=(ways,), **more)


def test_a_deadline_of_three_bars_lets_the_third_bar_still_advance() -> None:
    three = Const(3)
    assert waiting_until(three, "bars", bars_from_closes([101, 101, 101, 99]))[1:] == [
        "3 #1 ENTRY plain"
    ]
    assert waiting_until(three, "bars", bars_from_closes([101] * 4))[1:] == ["3 #1 DEAD late"]


def test_minutes_count_missing_bars_and_bars_do_not() -> None:
    market = bars_from_closes([101] * 4, step=10)
    assert waiting_until(Const(15), "minutes", market)[1:] == ["2 #1 DEAD late"]
    assert waiting_until(Const(15), "bars", market)[1:] == []


def test_a_deadline_may_be_a_parameter_of_the_side() -> None:
    params = (param("limit", "bars", 1, 2, 1),)
    assert waiting_until(Param("limit"), "bars", bars_from_closes([101] * 4), params=params)[
        1:
    ] == ["2 #1 DEAD late"]


def test_the_deadline_is_of_the_stage_the_bar_ended_in_even_when_skipped() -> None:
    none = Deadline(Const(0), "bars", "at_once")
    told = stories(
        bars_from_closes([101, 7]),
        stages=(
            stage("first", advance("second", ThisBar.SKIP, seven=is_(7))),
            stage("second", advance(ENTRY, never=FALSE), within=none),
        ),
    )
    assert told[1:] == ["1 #1 ->second", "1 #1 DEAD at_once"]


def test_an_advance_starts_the_clock_of_the_stage_anew() -> None:
    within = Deadline(Const(2), "bars", "late")
    told = stories(
        bars_from_closes([101, 7, 101, 101, 101]),
        stages=(
            stage("first", advance("second", ThisBar.SKIP, seven=is_(7)), within=within),
            stage("second", advance(ENTRY, never=FALSE), within=within),
        ),
    )
    assert told[1:3] == ["1 #1 ->second", "2 #2 START"]
    assert "3 #1 DEAD late" in told


# --- R13, R14: starts -----------------------------------------------------------------------


def starts(market: Market, **more: Any) -> list[int]:
    idle = stage("waiting", advance(ENTRY, never=FALSE))
    return [
        event.row
        for event in run(market, **({"stages": (idle,), "concurrent": 99} | more))
        if event.kind is Decision.START
    ]


def test_a_rising_start_fires_when_it_becomes_true_and_every_fires_on_every_bar() -> None:
    market = bars_from_closes([90, 101, 102, 90, 101])
    assert starts(market) == [1, 4]
    assert starts(market, start=start(rising=False, up=ABOVE)) == [1, 2, 4]


def test_the_first_bar_of_a_date_counts_as_risen() -> None:
    rows = [(MONDAY + m, 101, 101, 101, 101, 1) for m in (0, 1, MINUTES_A_DAY, MINUTES_A_DAY + 1)]
    events = run(bars_from_rows(rows), stages=(stage("waiting", advance(ENTRY, never=FALSE)),))
    assert [(one.row, one.day, one.ordinal) for one in events] == [(0, 0, 1), (2, 1, 1)]


def test_na_before_counts_as_not_true() -> None:
    risen = compare(CLOSE, ">", Lag(CLOSE, Const(1), across=False))
    assert starts(bars_from_closes([101, 102, 103, 102, 103]), start=start(up=risen)) == [1, 4]


def test_spacing_is_the_age_of_a_candidate_still_in_the_first_stage() -> None:
    market = bars_from_closes([101, 90, 101, 90, 101, 90, 101])
    assert starts(market, start=start(spacing=4, up=ABOVE)) == [0, 4]
    bars = Start(named(up=ABOVE), True, Const(3), "bars", ())
    assert starts(bars_from_closes([101, 90] * 4, step=10), start=bars) == [0, 4]
    leaving = stage("first", advance("second", one_bar=compare(AGE, ">=", 1)))
    later = stage("second", advance(ENTRY, never=FALSE))
    spaced = starts(market, start=start(spacing=4, up=ABOVE), stages=(leaving, later))
    assert spaced == [0, 2, 4, 6]


def test_a_start_that_is_spaced_out_uses_no_ordinal() -> None:
    idle = stage("waiting", advance(ENTRY, never=FALSE))
    told = stories(
        bars_from_closes([101, 90, 101, 90, 101]), start=start(spacing=4, up=ABOVE), stages=(idle,)
    )
    assert told == ["0 #1 START", "4 #2 START"]


def test_a_start_beyond_the_limit_is_recorded_dead_and_no_older_one_is_evicted() -> None:
    events = run(
        bars_from_closes([101, 90, 101, 99]),
        concurrent=1,
        stages=(stage("waiting", advance(ENTRY, end=is_(99))),),
    )
    assert [(one.row, one.kind, one.ordinal, one.stage) for one in events] == [
        (0, Decision.START, 1, -1),
        (2, Decision.START, 2, -1),
        (2, Decision.DEAD, 2, 0),
        (3, Decision.ENTRY, 1, 0),
    ]


def test_a_start_tells_its_captures() -> None:
    begin = Start(named(up=ABOVE), True, None, "minutes", (Capture("liq", (("high", HIGH),)),))
    first = run(bars_from_closes([90, 105]), start=begin)[0]
    assert first == Event(1, Decision.START, 0, 1, 1, -1, -1, (105,))


def test_without_stages_a_candidate_completes_on_its_own_bar() -> None:
    events = run(
        bars_from_closes([90, 101, 90, 102]), stages=(), features=(Feature("age", AGE, 1),)
    )
    assert [(one.row, one.kind, one.stage, one.started) for one in events] == [
        (1, Decision.START, -1, 1),
        (1, Decision.ENTRY, -1, 1),
        (3, Decision.START, -1, 3),
        (3, Decision.ENTRY, -1, 3),
    ]
    assert events[1].values == (101, 101, 102, 91, 0, None)


# --- R15: merge -----------------------------------------------------------------------------


def merging(closes: list[int], **more: Any) -> list[str]:
    """Candidates that have seen the same highest close when they arm are one setup."""
    program: dict[str, Any] = {
        "trackers": (tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE),),
        "merge": Merge("armed", ("top",), "duplicate"),
        "stages": (
            stage("first", advance("armed", ThisBar.SKIP, seven=is_(7))),
            stage("armed", advance("last", ThisBar.SKIP, six=is_(6))),
            stage("last", advance(ENTRY, five=is_(5))),
        ),
    }
    return stories(bars_from_closes(closes), **(program | more))


def test_the_newcomer_with_the_same_bars_dies_and_does_not_advance() -> None:
    assert merging([101, 90, 101, 102, 90, 7])[2:] == ["5 #1 ->armed", "5 #2 DEAD duplicate"]


def test_candidates_that_hold_different_bars_are_two_setups() -> None:
    # The first one saw the 101 of row 2, the second one only the 95 after it.
    assert merging([101, 90, 101, 95, 7])[2:] == ["4 #1 ->armed", "4 #2 ->armed"]


def test_an_older_candidate_further_on_still_makes_a_duplicate() -> None:
    # The older arms on row 5; the younger, spared the 7, arms later with the same top.
    told = merging(
        [101, 90, 101, 102, 90, 7, 6, 8],
        stages=(
            stage(
                "first",
                advance("armed", seven=is_(7), older=compare(AGE, ">=", 5)),
                advance("armed", eight=is_(8)),
            ),
            stage("armed", advance("last", six=is_(6))),
            stage("last", advance(ENTRY, five=is_(5))),
        ),
    )
    assert told[2:] == ["5 #1 ->armed", "6 #1 ->last", "7 #2 DEAD duplicate"]


def test_an_older_candidate_that_has_not_come_so_far_makes_no_duplicate() -> None:
    told = merging(
        [101, 90, 101, 102, 90, 7],
        stages=(
            stage("first", advance("armed", seven=is_(7), young=compare(AGE, "<", 5))),
            stage("armed", advance("last", six=is_(6))),
            stage("last", advance(ENTRY, five=is_(5))),
        ),
    )
    assert told[2:] == ["5 #2 ->armed"]


def test_trackers_that_hold_nothing_are_never_the_same() -> None:
    empty = tracker("top", TrackerOp.HIGHEST, "armed", value=CLOSE)
    told = merging([101, 90, 101, 102, 90, 7], trackers=(empty,))
    assert told[2:] == ["5 #1 ->armed", "5 #2 ->armed"]


def test_a_duplicate_is_told_with_the_stage_it_was_in() -> None:
    events = run(
        bars_from_closes([101, 90, 101, 102, 90, 7]),
        trackers=(tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE),),
        merge=Merge("armed", ("top",), "duplicate"),
        stages=(
            stage("first", advance("armed", ThisBar.SKIP, seven=is_(7))),
            stage("armed", advance(ENTRY, never=FALSE)),
        ),
    )
    assert (events[-1].kind, events[-1].ordinal, events[-1].stage) == (Decision.DEAD, 2, 0)


# --- R16: entry -----------------------------------------------------------------------------

ONE_ENTRY = bars_from_rows(
    (MONDAY + at, c - 1, c + 2, c - 3, c, 1) for at, c in enumerate([101, 99])
)


def entered(**program: Any) -> Event:
    """The last event of a candidate that completes on the second bar, close 99 and high 101."""
    return run(ONE_ENTRY, **program)[-1]


def ended(**program: Any) -> str:
    return stories(ONE_ENTRY, **program)[-1]


def test_an_entry_tells_close_price_stop_targets_features_and_atr() -> None:
    event = entered(
        targets=(Target("one", sub(CLOSE, 10), 500_000), Target("two", sub(CLOSE, 20), 500_000)),
        features=(
            Feature("ratio", Binary("div", ToReal(HIGH, 1), ToReal(LOW, 1)), 1),
            Feature("unknown", Lag(CLOSE, Const(9), across=False), 1),
        ),
        risk=replace(FIXED_RISK, atr=ToReal(sub(HIGH, LOW), 1)),
    )
    assert event == Event(
        1, Decision.ENTRY, 0, 1, 0, 0, 0, (99, 99, 102, 89, 79, 101 / 96, None, 5.0)
    )


def test_the_first_stop_case_that_is_true_or_has_no_condition_is_taken() -> None:
    cases = (
        StopCase("no", FALSE, Const(1)),
        StopCase("unknown", UNKNOWN, Const(2)),
        StopCase("yes", TRUE, Const(200)),
        StopCase("plain", None, Const(300)),
    )
    event = entered(stops=cases)
    assert (event.cause, event.values[2]) == (2, 200)
    assert ended(stops=(cases[0], cases[3])) == "1 #1 ENTRY plain"


def test_a_setup_without_a_stop_or_a_target_ends_by_that_name() -> None:
    unknown = Lag(CLOSE, Const(9), across=False)
    assert ended(stops=(StopCase("no", FALSE, Const(1)),)) == "1 #1 DEAD no_stop"
    assert ended(stops=(StopCase("na", None, unknown), StopCase("x", None, Const(1)))) == (
        "1 #1 DEAD no_stop"
    )
    assert ended(targets=(Target("na", unknown, MILLION),)) == "1 #1 DEAD no_target"


def test_a_stop_or_limit_order_has_a_price_and_none_is_no_price() -> None:
    order = Entry(OrderType.STOP, sub(LOW, 1), Const(3))
    assert entered(entry=order).values[:3] == (99, 95, 102)
    unknown = replace(order, price=Lag(LOW, Const(9), across=False))
    assert ended(entry=unknown) == "1 #1 DEAD no_price"


def test_filters_are_asked_first_and_requirements_last() -> None:
    unpriced = (StopCase("no", FALSE, Const(1)),)
    filters = named(good=TRUE, bad=UNKNOWN, worse=FALSE)
    assert ended(filters=filters, stops=unpriced) == "1 #1 DEAD bad"
    require = named(fine=TRUE, tight=FALSE)
    assert ended(require=require, stops=unpriced) == "1 #1 DEAD no_stop"
    assert ended(require=require) == "1 #1 DEAD tight"


def test_requirements_and_later_prices_see_the_bracket() -> None:
    entry, stop, target = Bracket("entry"), Bracket("stop"), Bracket("target", 0)
    sides = named(above=compare(stop, ">", entry), below=compare(target, "<", entry))
    event = entered(
        stops=(StopCase("from_entry", None, add(entry, 7)),),
        targets=(Target("one_r", sub(entry, sub(stop, entry)), MILLION),),
        require=sides,
        features=(Feature("risk", sub(stop, entry), 1),),
    )
    assert event.values == (99, 99, 106, 92, 7, None)
    assert ended(stops=(StopCase("below", None, Const(1)),), require=sides) == "1 #1 DEAD above"


def test_captures_of_the_last_advance_are_there_for_the_bracket() -> None:
    last = Advance(
        ENTRY, ThisBar.SKIP, named(fell=compare(CLOSE, "<", 100)), (Capture("end", (("h", HIGH),)),)
    )
    event = entered(
        stages=(stage("waiting", last),),
        stops=(StopCase("over", None, add(captured("end", "h"), 4)),),
    )
    assert event.values[2] == 105


def test_an_entry_may_end_every_other_candidate_before_it_is_looked_at() -> None:
    born = CandidateClock("start", "row")
    waiting = stage(
        "waiting",
        advance(ENTRY, six=is_(6), the_middle_one=compare(born, "==", 2)),
        the_last_one=compare(Choose(compare(born, "==", 4), CLOSE, Const(0)), "==", 6),
    )
    market = bars_from_closes([101, 90, 101, 90, 101, 6])
    ends = Entry(OrderType.MARKET, None, Const(1), others="taken")
    told = stories(market, entry=ends, stages=(waiting,))
    assert told[3:] == ["5 #2 ENTRY plain", "5 #1 DEAD taken", "5 #3 DEAD taken"]
    assert stories(market, stages=(waiting,))[3:] == ["5 #2 ENTRY plain", "5 #3 DEAD the_last_one"]


# --- sides and steps --------------------------------------------------------------------------


def test_the_other_side_runs_on_the_reflected_bars_in_its_own_frame() -> None:
    up = bars_from_rows([(MONDAY, 101, 103, 98, 101, 1), (MONDAY + 1, 99, 102, 96, 99, 1)])
    short = interpreter_of(up, Side.SHORT).run()
    long = interpreter_of(up.reflected(), Side.LONG).run()
    assert short == long
    assert [one.values for one in interpreter_of(up, Side.SHORT, written=Side.LONG).run()] == []


def test_bar_by_bar_is_the_same_as_all_at_once() -> None:
    market = bars_from_closes([101, 90, 101, 95, 101, 99, 101])
    whole = interpreter_of(market)
    stepped = interpreter_of(market)
    assert [one for row in range(len(market)) for one in stepped.step(row)] == whole.run()


def test_a_run_may_begin_and_stop_anywhere_and_begins_without_candidates() -> None:
    market = bars_from_closes([101, 90, 101, 99, 101])
    interpreter = interpreter_of(market)
    assert [one.row for one in interpreter.run(1, 4)] == [2, 3]
    assert list(interpreter.events()) == interpreter.run()


def test_bar_fields_of_every_name_are_read() -> None:
    market = bars_from_rows([(MONDAY, 1, 4, 0, 2, 9)])
    names = ("minute", "open", "high", "low", "close", "volume")
    values = [interpreter_of(market).rows.value(BarField(name), 0) for name in names]
    assert values == [MONDAY, 1, 4, 0, 2, 9]
