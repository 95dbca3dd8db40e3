"""What a candidate remembers: trackers (R10, R11), aggregates, captures, clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsl.ir.expression import (
    Aggregate,
    Bracket,
    CandidateClock,
    Compare,
    Const,
    Kind,
    Known,
    Lag,
    Node,
    Part,
    ToReal,
    TrackerField,
)
from dsl.ir.program import Capture, Start, ThisBar, TrackerOp
from engine.interpreter.candidate import Sight
from tests.support.asking import interpreter_of
from tests.support.bars import bars_from_closes, bars_from_rows
from tests.support.programs import (
    CLOSE,
    FALSE,
    HIGH,
    MINUTE,
    TRUE,
    VOLUME,
    add,
    advance,
    captured,
    compare,
    named,
    stage,
    sub,
    tracked,
    tracker,
)

if TYPE_CHECKING:
    from dsl.ir.program import Tracker
    from engine.domain.market import Market
    from engine.interpreter import Interpreter
    from engine.interpreter.operators import Value

ON_THE_FIRST_BAR = compare(CLOSE, "==", 0)


def following(market: Market, *trackers: Tracker, first_until: int = 1_000) -> Interpreter:
    """One candidate born on the bar that closes at 0, in `first`, then in `second`."""
    since = sub(MINUTE, CandidateClock("start", "minute"))
    return interpreter_of(
        market,
        start=Start(named(born=ON_THE_FIRST_BAR), True, None, "minutes", ()),
        trackers=trackers,
        stages=(
            stage("first", advance("second", ThisBar.COUNT, on=compare(since, ">=", first_until))),
            stage("second", advance("entry", never=FALSE)),
        ),
    )


def seen(run: Interpreter, *nodes: Node) -> list[tuple[Value, ...]]:
    """The nodes as the candidate sees them on each bar after its first, at the bar's start."""
    values: list[tuple[Value, ...]] = []
    run.restart()
    for row in range(len(run.bars)):
        values += [
            tuple(run.eyes.value(node, Sight(one, row)) for node in nodes) for one in run.alive
        ]
        run.step(row)
    return values


def column(run: Interpreter, node: Node) -> list[Value]:
    return [value for (value,) in seen(run, node)]


def closes(*after_birth: int) -> Market:
    return bars_from_closes([0, *after_birth])


def test_highest_keeps_the_older_of_equals_and_is_read_as_of_the_bars_start() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    run = following(closes(5, 7, 7, 6), top)
    assert seen(run, tracked("top"), tracked("top", "row")) == [
        (None, None),
        (5, 1),
        (7, 2),
        (7, 2),
    ]


def test_newest_lets_an_equal_value_take_the_place() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE, newest=True)
    assert column(following(closes(7, 7, 6, 1), top), tracked("top", "row")) == [None, 1, 2, 2]
    low = tracker("low", TrackerOp.LOWEST, "first", value=CLOSE, newest=True)
    assert column(following(closes(7, 7, 8, 1), low), tracked("low", "row")) == [None, 1, 2, 2]


def test_lowest_and_its_fields_are_of_the_bar_held() -> None:
    low = tracker(
        "low", TrackerOp.LOWEST, "first", value=CLOSE, fields=(("volume", VOLUME), ("high", HIGH))
    )
    market = bars_from_rows([(m, c, c + m, c, c, 10 * m) for m, c in enumerate([0, 5, 3, 4, 1])])
    run = following(market, low)
    nodes = [tracked("low", field) for field in ("value", "volume", "high", "at")]
    assert seen(run, *nodes) == [
        (None, None, None, None),
        (5, 10, 6, 1),
        (3, 20, 5, 2),
        (3, 20, 5, 2),
    ]


def test_latest_and_earliest_hold_the_bars_where_the_condition_is_true() -> None:
    big = compare(CLOSE, ">", 5)
    latest = tracker("latest", TrackerOp.LATEST, "first", where=big, fields=(("c", CLOSE),))
    earliest = tracker("earliest", TrackerOp.EARLIEST, "first", where=big, fields=(("c", CLOSE),))
    run = following(closes(1, 8, 2, 9, 1), latest, earliest)
    assert column(run, tracked("latest", "c")) == [None, None, 8, 8, 9]
    assert column(run, tracked("earliest", "c")) == [None, None, 8, 8, 8]
    assert column(run, Known(tracked("latest", "row"))) == [False, False, True, True, True]


def test_count_and_sum_begin_at_zero_and_count_where_true() -> None:
    big = compare(CLOSE, ">", 5)
    count = tracker("count", TrackerOp.COUNT, "first", where=big)
    total = tracker("total", TrackerOp.SUM, "first", value=CLOSE, where=big)
    run = following(closes(1, 8, 9, 1, 1), count, total)
    assert column(run, tracked("count")) == [0, 0, 1, 2, 2]
    assert column(run, tracked("total")) == [0, 0, 8, 17, 17]
    assert column(run, tracked("total", "row")) == [None, None, 2, 3, 3]


def test_bars_keeps_the_first_and_last_row_counted() -> None:
    big = compare(CLOSE, ">", 5)
    bars = tracker("bars", TrackerOp.BARS, "first", where=big)
    run = following(closes(8, 1, 9, 1, 1), bars)
    assert column(run, tracked("bars")) == [0, 1, 1, 3, 3]
    assert column(run, tracked("bars", "row")) == [None, 1, 1, 3, 3]


def test_a_bar_whose_value_is_na_is_not_counted() -> None:
    risen = sub(CLOSE, Lag(CLOSE, Const(3), across=False))
    best = tracker("best", TrackerOp.HIGHEST, "first", value=risen)
    total = tracker("total", TrackerOp.SUM, "first", value=risen)
    run = following(closes(4, 4, 4, 6, 0), best, total)
    assert seen(run, tracked("best"), tracked("total")) == [
        (None, 0),
        (None, 0),
        (None, 0),
        (4, 4),
        (4, 6),
    ]


def test_a_tracker_is_frozen_outside_its_stages() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    other = tracker("other", TrackerOp.HIGHEST, "second", value=CLOSE)
    run = following(closes(1, 2, 3, 4), top, other, first_until=3)
    assert column(run, tracked("top")) == [None, 1, 2, 2]
    assert column(run, tracked("other")) == [None, None, None, 3]


def test_a_tracker_after_another_is_emptied_by_it_and_starts_with_the_next_bar() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    low = tracker("low", TrackerOp.LOWEST, "first", value=CLOSE, after="top")
    run = following(closes(5, 3, 4, 6, 5, 1), top, low)
    assert seen(run, tracked("top"), tracked("low")) == [
        (None, None),
        (5, None),
        (5, 3),
        (5, 3),
        (6, None),
        (6, 5),
    ]


def test_before_the_other_holds_a_bar_a_tracker_after_it_counts_nothing() -> None:
    big = compare(CLOSE, ">", 5)
    latest = tracker("latest", TrackerOp.LATEST, "first", where=big)
    count = tracker("count", TrackerOp.COUNT, "first", after="latest")
    run = following(closes(1, 1, 8, 1, 1, 9, 1), latest, count)
    assert column(run, tracked("count")) == [0, 0, 0, 0, 1, 2, 0]


def test_after_a_tracker_that_is_frozen_there_is_no_emptying() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    low = tracker("low", TrackerOp.LOWEST, "first", "second", value=CLOSE, after="top")
    run = following(closes(5, 4, 9, 3, 9), top, low, first_until=3)
    assert seen(run, tracked("top"), tracked("low")) == [
        (None, None),
        (5, None),
        (5, 4),
        (5, 4),
        (5, 3),
    ]


@pytest.mark.parametrize(
    ("op", "more", "now"),
    [
        (TrackerOp.HIGHEST, {"value": CLOSE}, [5, 7, 7, 7]),
        (TrackerOp.LOWEST, {"value": CLOSE}, [5, 5, 3, 3]),
        (TrackerOp.SUM, {"value": CLOSE}, [5, 12, 15, 21]),
        (TrackerOp.COUNT, {"where": compare(CLOSE, ">", 5)}, [0, 1, 1, 2]),
        (TrackerOp.BARS, {}, [1, 2, 3, 4]),
    ],
)
def test_now_is_as_if_this_bar_were_counted(
    op: TrackerOp, more: dict[str, Node], now: list[int]
) -> None:
    run = following(closes(5, 7, 3, 6), tracker("t", op, "first", **more))
    assert column(run, tracked("t", now=True)) == now


def test_now_of_a_field_is_of_the_bar_that_would_be_held() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    calm = tracker(
        "calm", TrackerOp.LATEST, "first", where=compare(CLOSE, "<", 5), fields=(("c", CLOSE),)
    )
    run = following(closes(5, 4, 7, 3), top, calm)
    assert column(run, tracked("top", "row", now=True)) == [1, 1, 3, 3]
    assert column(run, tracked("calm", "c", now=True)) == [None, 4, 4, 3]
    earliest = tracker("e", TrackerOp.EARLIEST, "first", where=compare(CLOSE, "<", 5))
    assert column(following(closes(5, 4, 3), earliest), tracked("e", "row", now=True)) == [
        None,
        2,
        2,
    ]


def test_now_pays_no_heed_to_stages_and_after() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    low = tracker("low", TrackerOp.LOWEST, "second", value=CLOSE, after="top")
    run = following(closes(5, 4, 6), top, low)
    assert column(run, tracked("low", now=True)) == [5, 4, 6]


# --- aggregates -----------------------------------------------------------------------------

WINDOW = closes(4, 6, 1, 7, 5, 0)
"""Five bars counted before the last."""


def over(op: str, operand: Node = CLOSE, part: Part = Part.WHOLE, **more: object) -> Aggregate:
    return Aggregate(op, operand, "bars", part, **more)  # type: ignore[arg-type]


def aggregate(node: Aggregate, market: Market = WINDOW, **more: Node) -> list[Value]:
    return column(following(market, tracker("bars", TrackerOp.BARS, "first", **more)), node)


@pytest.mark.parametrize(
    ("op", "whole", "first", "second"),
    [
        ("highest", 7, 6, 7),
        ("lowest", 1, 4, 1),
        ("sum", 23, 10, 13),
        ("first", 4, 4, 1),
        ("last", 5, 6, 5),
        ("size", 5, 2, 3),
    ],
)
def test_aggregates_of_a_stretch_of_bars_and_its_halves(
    op: str, whole: int, first: int, second: int
) -> None:
    parts = (Part.WHOLE, Part.FIRST_HALF, Part.SECOND_HALF)
    assert [aggregate(over(op, part=part))[-1] for part in parts] == [whole, first, second]


def test_over_no_rows_an_aggregate_is_na_or_nothing() -> None:
    empty = {op: aggregate(over(op))[0] for op in ("highest", "first", "sum", "size")}
    assert empty == {"highest": None, "first": None, "sum": 0, "size": 0}
    assert aggregate(over("count", compare(CLOSE, ">", 5)))[0] == 0
    assert aggregate(over("crossings", level=Const(5)))[0] == 0
    assert aggregate(over("highest", part=Part.FIRST_HALF))[1] is None  # one row, half of it none


def test_a_na_inside_makes_every_aggregate_but_the_size_na() -> None:
    back = Lag(CLOSE, Const(2), across=False)  # unknown on the first bar counted
    for op in ("highest", "sum", "first", "last"):
        assert aggregate(over(op, back))[-1] is None
    assert aggregate(over("count", compare(back, ">", 5)))[-1] is None
    assert aggregate(over("size", back))[-1] == 5
    assert aggregate(over("highest", back, Part.SECOND_HALF))[-1] == 6


def test_count_of_the_rows_on_which_a_condition_is_true() -> None:
    assert aggregate(over("count", compare(CLOSE, ">=", 5))) == [0, 0, 1, 1, 2, 3]


def test_crossings_are_adjacent_rows_on_either_side_of_the_level() -> None:
    assert aggregate(over("crossings", level=Const(5))) == [0, 0, 1, 2, 3, 4]
    assert aggregate(over("crossings", level=Const(7))) == [0] * 6
    counted = over("crossings", level=add(tracked("bars"), 1))  # the level may be a candidate's
    assert aggregate(counted) == [0, 0, 0, 2, 3, 2]  # at last 4 6 1 7 5 against 6
    assert aggregate(over("crossings", level=Lag(CLOSE, Const(99), across=False)))[-1] is None


def test_now_adds_this_bar_at_the_end_where_the_tracker_would_count_it() -> None:
    assert aggregate(over("sum", now=True)) == [4, 10, 11, 18, 23, 23]
    big = compare(CLOSE, ">", 3)
    assert aggregate(over("size", now=True), where=big) == [1, 2, 2, 4, 5, 5]


def test_a_sum_of_reals_adds_from_first_to_last() -> None:
    market = bars_from_closes([0, 1, 3, 7, 0])
    tenth = ToReal(CLOSE, 10)
    assert aggregate(over("sum", tenth), market)[-1] == (0.1 + 0.3) + 0.7


# --- captures, clocks, brackets -------------------------------------------------------------


def test_a_start_capture_is_kept_and_others_are_na() -> None:
    run = interpreter_of(
        closes(1, 2),
        start=Start(
            named(born=ON_THE_FIRST_BAR), True, None, "minutes", (Capture("liq", (("h", HIGH),)),)
        ),
        stages=(stage("first", advance("entry", never=FALSE)),),
    )
    nodes = [captured("liq", field) for field in ("h", "row")] + [captured("later", "h")]
    assert seen(run, *nodes) == [(0, 0, None), (0, 0, None)]


def test_the_clock_of_a_candidate_and_of_its_stage() -> None:
    run = following(closes(1, 1, 1), first_until=2)
    start, entered = CandidateClock("start", "row"), CandidateClock("stage", "row")
    assert seen(run, start, entered) == [(0, 0), (0, 0), (0, 2)]
    assert column(run, sub(MINUTE, CandidateClock("stage", "minute"))) == [1, 2, 1]


def test_row_and_candidate_values_mix_and_the_bracket_is_na_while_there_is_none() -> None:
    top = tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE)
    run = following(closes(5, 7, 6), top)
    assert column(run, compare(CLOSE, ">", tracked("top"))) == [None, True, False]
    assert column(run, add(Bracket("stop"), 1)) == [None] * 3
    assert column(run, Compare("==", TRUE, FALSE)) == [False] * 3


def test_an_unknown_tracker_field_is_an_error_not_a_value() -> None:
    run = following(closes(1), tracker("top", TrackerOp.HIGHEST, "first", value=CLOSE))
    with pytest.raises(KeyError, match="nothing"):
        seen(run, TrackerField("top", "nothing", Kind.INT))
