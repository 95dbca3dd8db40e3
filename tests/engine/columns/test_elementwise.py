"""Nodes of one row, against Python's own arithmetic and Kleene's tables."""

from __future__ import annotations

import math
import operator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import (
    AllOf,
    AnyOf,
    BarField,
    Binary,
    Blackout,
    Choose,
    Clock,
    ClockUnit,
    Compare,
    Const,
    InSession,
    Kind,
    Known,
    Node,
    Not,
    Param,
    Round,
    Row,
    ToReal,
    TradingDay,
    Unary,
)
from engine.columns.frame import Frame
from engine.columns.schedule import Events
from engine.domain.market import NA
from tests.support.bars import MONDAY, bars_from_rows, minute_of
from tests.support.expressions import (
    EVENTS,
    PARAMS,
    SESSION_NAMES,
    ZONES,
    days,
    frame_over,
    frames,
    plain,
    seen_from_the_other_side,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OPEN, VOLUME = BarField("open"), BarField("volume")
ints = st.one_of(st.integers(-50, 50), st.integers(-(10**9), 10**9), st.none())
pairs = st.lists(st.tuples(ints, ints), min_size=1, max_size=12)


def two_columns(rows: list[tuple[int | None, int | None]]) -> Frame:
    """A frame whose `open` and `volume` hold the two numbers of each row, None for na."""
    bars = [
        (MONDAY + i, NA if a is None else a, 0, 0, 0, NA if b is None else b)
        for i, (a, b) in enumerate(rows)
    ]
    return frame_over(bars_from_rows(bars))


def known(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, na where an operand is na or the result is not a number."""

    def strict(*values: Any) -> Any:
        if None in values:
            return None
        try:
            result = operation(*values)
        except (ZeroDivisionError, ValueError):
            return None
        return None if result != result else result  # noqa: PLR0124

    return strict


def larger(a: Any, b: Any) -> Any:
    return max(b, a)


def smaller(a: Any, b: Any) -> Any:
    return min(b, a)


BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "max": larger,
    "min": smaller,
}
COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


def real(value: int | None) -> float | None:
    return None if value is None else float(value) / 7.0


@given(pairs, st.sampled_from(sorted(BINARY)))
def test_arithmetic_is_pythons_with_na_passed_on(rows: list[Any], op: str) -> None:
    frame = two_columns(rows)
    exact = known(BINARY[op])

    if op != "div":
        assert plain(Binary(op, OPEN, VOLUME), frame) == [exact(a, b) for a, b in rows]
    assert plain(Binary(op, ToReal(OPEN, 7), ToReal(VOLUME, 7)), frame) == [
        exact(real(a), real(b)) for a, b in rows
    ]


@given(pairs)
def test_one_operand_is_turned_round_freed_of_its_sign_or_rooted(rows: list[Any]) -> None:
    frame = two_columns(rows)

    assert plain(Unary("neg", OPEN), frame) == [known(operator.neg)(a) for a, _ in rows]
    assert plain(Unary("abs", OPEN), frame) == [known(abs)(a) for a, _ in rows]
    roots = plain(Unary("sqrt", ToReal(OPEN, 7)), frame)
    assert roots == [known(math.sqrt)(real(a)) for a, _ in rows]


@given(pairs, st.sampled_from(sorted(COMPARE)))
def test_a_comparison_with_na_is_unknown(rows: list[Any], op: str) -> None:
    frame = two_columns(rows)
    exact = known(COMPARE[op])

    assert plain(Compare(op, OPEN, VOLUME), frame) == [exact(a, b) for a, b in rows]
    reals = Compare(op, ToReal(OPEN, 7), ToReal(VOLUME, 7))
    assert plain(reals, frame) == [exact(real(a), real(b)) for a, b in rows]


@given(pairs, st.integers(1, 12))
def test_rounding_goes_up_or_down_and_never_towards_zero(rows: list[Any], by: int) -> None:
    frame = two_columns(rows)

    up, down = (plain(Round(OPEN, by, up=up), frame) for up in (True, False))

    assert down == [known(lambda a: a // by)(a) for a, _ in rows]
    assert up == [known(lambda a: -(-a // by))(a) for a, _ in rows]
    assert plain(Round(ToReal(OPEN, 7), 1, up=True), frame) == [
        known(math.ceil)(real(a)) for a, _ in rows
    ]
    assert plain(Round(ToReal(OPEN, 7), 1, up=False), frame) == [
        known(math.floor)(real(a)) for a, _ in rows
    ]


def test_a_real_beyond_the_whole_numbers_rounds_to_na() -> None:
    frame = two_columns([(10**9, 1), (-(10**9), 1), (3, 1)])
    cubed = Binary("mul", ToReal(OPEN, 1), Binary("mul", ToReal(OPEN, 1), ToReal(OPEN, 1)))

    assert plain(Round(cubed, 1, up=True), frame) == [None, None, 27]


def test_a_quotient_by_either_zero_is_na() -> None:
    frame = two_columns([(1, 0), (0, 0)])
    zero = ToReal(VOLUME, 1)

    assert plain(Binary("div", ToReal(OPEN, 1), zero), frame) == [None, None]
    assert plain(Binary("div", ToReal(OPEN, 1), Unary("neg", zero)), frame) == [None, None]


# --- logic ----------------------------------------------------------------------------------

TRITS = (False, None, True)


def all_three_by_three() -> Frame:
    """`open` and `volume` run through (< 1, na, >= 1) times the same."""
    numbers = {False: 0, None: None, True: 1}
    return two_columns([(numbers[a], numbers[b]) for a in TRITS for b in TRITS])


LEFT, RIGHT = Compare(">=", OPEN, Const(1)), Compare(">=", VOLUME, Const(1))


def test_and_or_and_not_are_kleenes() -> None:
    frame = all_three_by_three()

    assert plain(LEFT, frame) == [a for a in TRITS for _ in TRITS]
    assert plain(AllOf((LEFT, RIGHT)), frame) == [
        *(False, False, False),
        *(False, None, None),
        *(False, None, True),
    ]
    assert plain(AnyOf((LEFT, RIGHT)), frame) == [
        *(False, None, True),
        *(None, None, True),
        *(True, True, True),
    ]
    assert plain(Not(RIGHT), frame) == [True, None, False] * 3


def test_known_asks_whether_there_is_a_value_of_any_kind() -> None:
    frame = all_three_by_three()

    for operand in (VOLUME, ToReal(VOLUME, 3), RIGHT):
        assert plain(Known(operand), frame) == [True, False, True] * 3


@pytest.mark.parametrize("kind", list(Kind))
def test_a_choice_is_na_where_its_condition_is(kind: Kind) -> None:
    frame = all_three_by_three()
    then: Node = {
        Kind.INT: VOLUME,
        Kind.REAL: ToReal(VOLUME, 1),
        Kind.BOOL: RIGHT,
    }[kind]
    otherwise: Node = {
        Kind.INT: Const(9),
        Kind.REAL: ToReal(Const(9), 1),
        Kind.BOOL: Const(True),
    }[kind]
    other = True if kind is Kind.BOOL else 9

    assert plain(Choose(LEFT, then, otherwise), frame) == [
        *([other] * 3),
        *([None] * 3),
        *plain(then, frame)[6:],
    ]


# --- leaves ---------------------------------------------------------------------------------


@given(frames())
def test_constants_parameters_and_bars_are_what_they_are(frame: Frame) -> None:
    assert plain(Const(-7), frame) == [-7] * len(frame)
    assert plain(Const(True), frame) == [True] * len(frame)
    assert plain(Const(1), frame) == [1] * len(frame)
    assert plain(Param("five"), frame) == [PARAMS["five"]] * len(frame)
    assert plain(BarField("low"), frame) == frame.market.low.tolist()


def test_true_and_one_are_not_taken_for_each_other_in_one_frame() -> None:
    frame = two_columns([(1, 1)])

    assert (plain(Const(True), frame), plain(Const(1), frame)) == ([True], [1])
    assert (plain(Known(Const(1)), frame), plain(Const(False), frame)) == ([True], [False])


def test_the_other_side_sees_the_reflected_bar_in_the_same_schedule() -> None:
    frame = frame_over(bars_from_rows([(MONDAY, 5, 9, 2, 6, 40)]))
    mirrored = seen_from_the_other_side(frame)

    seen = {name: plain(BarField(name), mirrored) for name in ("open", "high", "low", "close")}

    assert seen == {"open": [-5], "high": [-2], "low": [-9], "close": [-6]}
    assert plain(BarField("volume"), mirrored) == [40]
    assert plain(BarField("minute"), mirrored) == [MONDAY]
    assert mirrored.schedule is frame.schedule


def test_rows_are_counted_from_the_frames_first() -> None:
    market = bars_from_rows([(MONDAY + i, 1, 1, 1, 1, 1) for i in range(3)])

    assert plain(Row(), frame_over(market, row=70)) == [70, 71, 72]


SHOWN: dict[ClockUnit, Callable[[datetime], int]] = {
    ClockUnit.MINUTE_OF_DAY: lambda local: local.hour * 60 + local.minute,
    ClockUnit.WEEKDAY: datetime.isoweekday,
    ClockUnit.DAY_OF_MONTH: lambda local: local.day,
    ClockUnit.MONTH: lambda local: local.month,
}


@given(frames(), st.sampled_from(list(ClockUnit)), st.sampled_from(ZONES))
def test_clocks_show_local_time(frame: Frame, unit: ClockUnit, zone: str) -> None:
    minutes = frame.market.minute.tolist()
    local = [datetime.fromtimestamp(minute * 60, ZoneInfo(zone)) for minute in minutes]

    assert plain(Clock(unit, zone), frame) == [SHOWN[unit](time) for time in local]


def test_a_clock_repeats_an_hour_in_autumn() -> None:
    starts = [minute_of("2026-10-25 00:30") + 60 * hour for hour in range(3)]
    frame = frame_over(bars_from_rows([(minute, 1, 1, 1, 1, 1) for minute in starts]))

    shown = plain(Clock(ClockUnit.MINUTE_OF_DAY, "Europe/Stockholm"), frame)

    assert shown == [150, 150, 210]


@given(frames(), st.sampled_from(SESSION_NAMES))
def test_a_bar_is_in_a_session_when_it_lies_inside_the_occurrence_of_its_date(
    frame: Frame, session: str
) -> None:
    occurrences = frame.schedule.occurrences(session)
    size = frame.market.bar_minutes

    assert plain(InSession(session), frame) == [
        bool(
            occurrences.begins[day] != NA
            and occurrences.begins[day] <= minute
            and minute + size <= occurrences.ends[day]
        )
        for day, minute in zip(days(frame), frame.market.minute.tolist(), strict=True)
    ]


@given(frames(), st.sampled_from(["XLON", "XNYS"]))
def test_an_exchange_trades_on_weekdays(frame: Frame, calendar: str) -> None:
    dates = frame.schedule.days.date.tolist()

    assert plain(TradingDay(calendar), frame) == [(dates[d] + 3) % 7 < 5 for d in days(frame)]


@given(frames())
def test_a_blackout_holds_every_bar_that_touches_a_window(frame: Frame) -> None:
    news, size = EVENTS["news"], frame.market.bar_minutes
    windows = [range(int(t) - news.before, int(t) + news.after) for t in news.instants]

    assert plain(Blackout("news"), frame) == [
        any(minute in window for minute in range(opens, opens + size) for window in windows)
        for opens in frame.market.minute.tolist()
    ]


def test_windows_of_events_may_overlap_and_leave_the_market() -> None:
    market = bars_from_rows([(MONDAY + i, 1, 1, 1, 1, 1) for i in range(6)])
    frame = frame_over(market)
    events = {"x": Events(MONDAY + np.array([-50, -1, 0, 99]), 1, 3)}
    schedule = type(frame.schedule)(
        market, frame.schedule.rule, {}, frame.schedule.calendars, events
    )

    assert plain(Blackout("x"), Frame(market, schedule, {})) == [True] * 3 + [False] * 3
