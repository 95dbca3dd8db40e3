"""Row expressions on markets small enough to work by hand; rows are minutes from midnight."""

from __future__ import annotations

import math
from datetime import date

import pytest

from dsl.ir.expression import (
    BarField,
    BarsSince,
    Binary,
    Blackout,
    Clock,
    ClockUnit,
    Const,
    Ema,
    InSession,
    Known,
    Lag,
    Node,
    Occurrence,
    OnFrame,
    Over,
    Param,
    Percentile,
    Rank,
    Row,
    SessionClock,
    SessionValue,
    SinceSession,
    ToReal,
    TrackerField,
    TradingDay,
    Window,
)
from dsl.ir.expression import Kind as ValueKind
from dsl.ir.program import Anchor, EventList, SessionRule, Side
from engine.domain.market import NA, Market
from engine.interpreter import Interpreter
from tests.support.asking import ask, interpreter_of
from tests.support.bars import MINUTES_A_DAY, MONDAY, bars_from_closes, bars_from_rows
from tests.support.calendars import LONDON, Hours
from tests.support.calendars import FixedHours as Exchanges
from tests.support.programs import CLOSE, HIGH, LOW, MINUTE, OPEN, VOLUME, compare, param, tiny

MORNING = SessionRule("morning", Anchor(2, zone="UTC"), Anchor(5, zone="UTC"))
SESSIONS = (MORNING,)
REAL_CLOSE = ToReal(CLOSE, 1)


def days_of(*closes: list[int]) -> Market:
    """Bars from midnight on of one weekday after another, each bar (c, c + 1, c - 1, c)."""
    return bars_from_rows(
        (MONDAY + day * MINUTES_A_DAY + at, c, c + 1, c - 1, c, 10 * c)
        for day, prices in enumerate(closes)
        for at, c in enumerate(prices)
    )


def last(
    bars: int, where: Node | None = None, *, before: bool = False, across: bool = False
) -> Over:
    return Over(Const(bars), before, where, across)


# --- leaves ---------------------------------------------------------------------------------


def test_bar_fields_are_the_bars_own_numbers_and_na_volume_is_na() -> None:
    market = bars_from_rows([(MONDAY, 10, 13, 9, 11, NA)])
    assert [ask(market, BarField(name)) for name in ("open", "high", "low", "close")] == [
        [10],
        [13],
        [9],
        [11],
    ]
    assert ask(market, VOLUME) == [None]
    assert ask(market, MINUTE) == [MONDAY]


def test_the_mirrored_side_sees_the_reflected_bar() -> None:
    market = bars_from_rows([(MONDAY, 10, 13, 9, 11, 5)])
    fields = [ask(market, node, Side.LONG) for node in (OPEN, HIGH, LOW, CLOSE, VOLUME)]
    assert fields == [[-10], [-9], [-13], [-11], [5]]
    assert ask(market, OPEN, Side.LONG, written=Side.LONG) == [10]


def test_a_parameter_has_its_sides_value_unless_another_is_given() -> None:
    market, params = bars_from_closes([1]), (param("n", "min", 1, 5, 3),)
    assert ask(market, Param("n"), params=params) == [5]
    assert ask(market, Param("n"), Side.LONG, params=params) == [3]
    assert interpreter_of(market, given={"n": 7}, params=params).rows.value(Param("n"), 0) == 7


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="has no parameter speed"):
        interpreter_of(bars_from_closes([1]), given={"speed": 1})


def test_the_clock_on_the_wall_of_a_zone() -> None:
    market = bars_from_closes([1])  # Monday 2026-01-05 00:00 UTC, Sunday 19:00 in New York
    shown = {unit: ask(market, Clock(unit, "America/New_York"))[0] for unit in ClockUnit}
    assert shown == {
        ClockUnit.MINUTE_OF_DAY: 19 * 60,
        ClockUnit.WEEKDAY: 7,
        ClockUnit.DAY_OF_MONTH: 4,
        ClockUnit.MONTH: 1,
    }


def test_a_trading_day_is_one_of_the_bars_trading_date() -> None:
    market = days_of([1], [1])
    closed = Hours(LONDON.zone, LONDON.opens, LONDON.closes, frozenset({date(2026, 1, 6)}))
    run = Interpreter(tiny(), market, Side.SHORT, Exchanges({"XLON": closed}))
    assert [run.rows.value(TradingDay("XLON"), row) for row in (0, 1)] == [True, False]


def test_a_blackout_touches_every_bar_that_overlaps_its_half_open_window() -> None:
    market = bars_from_closes([1] * 5, step=5)
    run = Interpreter(
        tiny(bar_minutes=5, events=(EventList("news", "news.csv", 2, 3),)),
        bars_from_rows([(m, 1, 1, 1, 1, 1) for m in market.minute.tolist()], bar_minutes=5),
        Side.SHORT,
        Exchanges(),
        {"news": [MONDAY + 12]},  # window [10, 15): exactly the third bar
    )
    assert [run.rows.value(Blackout("news"), row) for row in range(5)] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_an_event_list_without_instants_is_refused() -> None:
    with pytest.raises(ValueError, match="event list news"):
        interpreter_of(bars_from_closes([1]), events=(EventList("news", "news.csv", 1, 1),))


# --- sessions -------------------------------------------------------------------------------


def session_value(field: str, occurrence: Occurrence) -> SessionValue:
    return SessionValue("morning", field, occurrence)


def test_rows_inside_a_session_and_minutes_to_its_edges() -> None:
    market = days_of([1, 2, 3, 4, 5, 6])
    assert ask(market, InSession("morning"), sessions=SESSIONS) == [
        *[False] * 2,
        *[True] * 3,
        False,
    ]
    since, until = SessionClock("morning", "since"), SessionClock("morning", "until")
    assert ask(market, since, sessions=SESSIONS) == [-2, -1, 0, 1, 2, 3]
    assert ask(market, until, sessions=SESSIONS) == [5, 4, 3, 2, 1, 0]


def test_a_sessions_final_values_are_known_from_the_first_bar_at_its_end() -> None:
    market = days_of([1, 2, 30, 50, 40, 6, 7], [1])
    wanted = {"open": 30, "high": 51, "low": 29, "close": 40, "volume": 1200, "bars": 3}
    for field, value in wanted.items():
        values = ask(market, session_value(field, Occurrence.FINAL), sessions=SESSIONS)
        assert values == [None, None, None, None, None, value, value, None]


def test_a_sessions_running_values_begin_with_its_first_bar_and_freeze_after_its_last() -> None:
    market = days_of([1, 2, 30, 50, 40, 6, 7], [1])
    high, bars = (session_value(field, Occurrence.SO_FAR) for field in ("high", "bars"))
    assert ask(market, high, sessions=SESSIONS) == [None, None, 31, 51, 51, 51, 51, None]
    assert ask(market, bars, sessions=SESSIONS) == [None, None, 1, 2, 3, 3, 3, None]


def test_the_previous_session_is_the_latest_earlier_one_that_had_bars() -> None:
    market = days_of([1, 2, 30, 50, 40], [1], [1, 2, 3])  # Tuesday's session has no bars
    values = ask(market, session_value("close", Occurrence.PREVIOUS), sessions=SESSIONS)
    assert values == [None] * 5 + [40] * 4


def test_a_session_without_bars_has_no_values_not_even_a_count() -> None:
    rows = [(MONDAY + at, 1, 1, 1, 1, 1) for at in (0, 1, 6)]
    for field in ("high", "volume", "bars"):
        node = session_value(field, Occurrence.FINAL)
        assert ask(bars_from_rows(rows), node, sessions=SESSIONS) == [None] * 3


def test_the_mirrored_side_has_mirrored_session_values() -> None:
    market = days_of([1, 2, 30, 50, 40, 6])
    high = ask(market, session_value("high", Occurrence.FINAL), Side.LONG, sessions=SESSIONS)
    assert high[-1] == -29


def test_since_session_leaves_na_out_and_freezes() -> None:
    market = days_of([9, 9, 5, 7, 6, 9], [1, 1, 4])
    risen = Binary("sub", CLOSE, Lag(CLOSE, Const(1), across=False))
    highest = SinceSession("highest", CLOSE, "morning")
    assert ask(market, highest, sessions=SESSIONS) == [None, None, 5, 7, 7, 7, None, None, 4]
    total = ask(market, SinceSession("sum", risen, "morning"), sessions=SESSIONS)
    assert total == [None, None, -4, -2, -3, -3, None, None, 3]
    first_known = SinceSession("lowest", Lag(CLOSE, Const(3), across=False), "morning")
    assert ask(market, first_known, sessions=SESSIONS) == [None] * 3 + [9, 9, 9] + [None] * 3


# --- looking back ---------------------------------------------------------------------------


def test_lag_stops_at_the_trading_date_unless_across() -> None:
    market = days_of([1, 2], [3, 4])
    assert ask(market, Lag(CLOSE, Const(1), across=False)) == [None, 1, None, 3]
    assert ask(market, Lag(CLOSE, Const(1), across=True)) == [None, 1, 2, 3]
    assert ask(market, Lag(CLOSE, Const(0), across=False)) == [1, 2, 3, 4]
    assert ask(market, Known(Lag(Const(1), Const(1), across=False))) == [False, True, False, True]


def test_lag_counts_rows_and_a_parameter_may_say_how_many() -> None:
    market = bars_from_closes([1, 2, 3], step=7)
    node = Lag(CLOSE, Param("n"), across=False)
    assert ask(market, node, params=(param("n", "bars", 1, 2),)) == [None, None, 1]


def test_bars_since_counts_from_the_last_true_row_of_the_date() -> None:
    market = days_of([1, 9, 1, 1], [1, 9])
    up = compare(CLOSE, ">", 5)
    assert ask(market, BarsSince(up, across=False)) == [None, 0, 1, 2, None, 0]
    assert ask(market, BarsSince(up, across=True)) == [None, 0, 1, 2, 3, 0]


def test_bars_since_may_be_asked_anywhere_first() -> None:
    market = days_of([1, 9] + [1] * 1200)
    at = interpreter_of(market).rows.at(BarsSince(compare(CLOSE, ">", 5), across=False))
    assert at(1201) == 1200


def test_row_numbers_the_rows() -> None:
    assert ask(days_of([1, 1], [1]), Row()) == [0, 1, 2]


def test_an_ema_starts_anew_each_date() -> None:
    market = days_of([8, 12, 10], [4])
    third = 10.0 + 0.5 * (10.0 - 10.0)
    assert ask(market, Ema(REAL_CLOSE, Const(3), None)) == [8.0, 10.0, third, 4.0]


def test_an_ema_of_a_session_is_na_outside_it() -> None:
    market = days_of([8, 8, 4, 8, 8, 8])
    values = ask(market, Ema(REAL_CLOSE, Const(3), "morning"), sessions=SESSIONS)
    assert values == [None, None, 4.0, 6.0, 7.0, None]


def test_a_na_makes_the_rest_of_an_ema_run_na() -> None:
    market = days_of([8, 0, 8], [8])
    inverse = Binary("div", REAL_CLOSE, REAL_CLOSE)
    assert ask(market, Ema(inverse, Const(3), None)) == [1.0, None, None, 1.0]


# --- windows --------------------------------------------------------------------------------


def test_windows_are_na_until_they_are_full_and_stop_at_the_date() -> None:
    market = days_of([3, 1, 2], [5, 4])
    assert ask(market, Window("highest", CLOSE, last(2))) == [None, 3, 2, None, 5]
    assert ask(market, Window("lowest", CLOSE, last(2, across=True))) == [None, 1, 1, 2, 4]
    assert ask(market, Window("sum", CLOSE, last(2, before=True))) == [None, None, 4, None, None]


def test_a_na_inside_makes_a_window_na() -> None:
    market = days_of([3, 1, 2, 4])
    before = Lag(CLOSE, Const(1), across=False)
    assert ask(market, Window("sum", before, last(2))) == [None, None, 4, 3]


def test_a_window_with_a_condition_holds_the_last_rows_that_count() -> None:
    market = days_of([1, 9, 2, 8, 3, 7])
    high = compare(CLOSE, ">", 5)
    assert ask(market, Window("sum", CLOSE, last(2, high))) == [None, None, None, 17, 17, 15]
    before = last(2, high, before=True)
    assert ask(market, Window("sum", CLOSE, before)) == [None, None, None, None, 17, 17]
    known = last(2, compare(CLOSE, ">", 0))
    lagged = Lag(CLOSE, Const(1), across=False)
    assert ask(market, Window("sum", lagged, known)) == [None, None, 10, 11, 10, 11]


def test_count_counts_the_true_rows_and_is_na_with_a_na_among_them() -> None:
    market = days_of([1, 9, 8, 2])
    risen = compare(CLOSE, ">", Lag(CLOSE, Const(1), across=False))
    assert ask(market, Window("count", compare(CLOSE, ">", 5), last(3))) == [None, None, 2, 2]
    assert ask(market, Window("count", risen, last(2))) == [None, None, 1, 0]


def test_a_percentile_is_the_nearest_rank() -> None:
    market = days_of([50, 20, 40, 10, 30])
    shares = {0: 10, 200: 10, 201: 20, 500: 30, 900: 50, 1000: 50}
    for share, value in shares.items():
        node = Percentile(CLOSE, Const(share), 1000, last(5))
        assert ask(market, node) == [*[None] * 4, value]
    assert ask(market, Percentile(CLOSE, Const(1001), 1000, last(5)))[-1] is None


def test_a_rank_counts_the_values_at_most_this_one() -> None:
    market = days_of([5, 2, 2, 9])
    assert ask(market, Rank(CLOSE, last(3))) == [None, None, 2, 3]
    assert ask(market, Rank(CLOSE, last(3, before=True))) == [None, None, None, 3]
    high = last(1, compare(CLOSE, ">", 4), before=True)
    assert ask(market, Rank(CLOSE, high)) == [None, 0, 0, 1]
    lagged = Lag(CLOSE, Const(1), across=False)
    assert ask(market, Rank(lagged, last(1, Known(CLOSE)))) == [None, 1, 1, 1]


# --- larger bars ----------------------------------------------------------------------------


def on_frame(
    operand: Node, minutes: int = 3, session: str | None = None, *, across: bool = False
) -> OnFrame:
    return OnFrame(operand, minutes, session, across)


def test_a_larger_bar_is_seen_from_the_row_whose_close_reaches_its_end() -> None:
    market = days_of([1, 5, 3, 8, 7, 6, 2])
    assert ask(market, on_frame(HIGH)) == [None, None, 6, 6, 6, 9, 9]
    assert ask(market, on_frame(LOW)) == [None, None, 0, 0, 0, 5, 5]
    assert ask(market, on_frame(OPEN)) == [None, None, 1, 1, 1, 8, 8]
    assert ask(market, on_frame(CLOSE)) == [None, None, 3, 3, 3, 6, 6]
    assert ask(market, on_frame(VOLUME)) == [None, None, 90, 90, 90, 210, 210]
    assert ask(market, on_frame(MINUTE))[-1] == MONDAY + 3


def test_a_larger_bar_closes_on_the_first_row_past_its_end_when_minutes_are_missing() -> None:
    rows = [(MONDAY + at, c, c, c, c, 1) for at, c in [(0, 1), (4, 2), (10, 3)]]
    assert ask(bars_from_rows(rows), on_frame(CLOSE)) == [None, 1, 2]
    assert ask(bars_from_rows(rows), on_frame(Row())) == [None, 0, 1]
    closed_by_itself = bars_from_rows([*rows, (MONDAY + 11, 4, 4, 4, 4, 1)])
    assert ask(closed_by_itself, on_frame(Row())) == [None, 0, 1, 2]  # none for 6 .. 9


def test_lags_inside_a_frame_are_of_larger_bars_of_the_same_date() -> None:
    market = days_of([1, 2, 3, 4], [5, 6, 7, 8])
    before = Lag(CLOSE, Const(1), across=False)
    assert ask(market, on_frame(before, 2)) == [None, None, None, 2, None, None, None, 6]


def test_across_keeps_the_last_closed_larger_bar_of_an_earlier_date() -> None:
    market = days_of([1, 2, 3], [5, 6])
    assert ask(market, on_frame(CLOSE, 2, across=True)) == [None, 2, 2, 3, 6]
    assert ask(market, on_frame(CLOSE, 2)) == [None, 2, 2, None, 6]
    before = Lag(CLOSE, Const(1), across=True)
    assert ask(market, on_frame(before, 2, across=True)) == [None, None, None, 2, 3]


def test_larger_bars_of_a_session_hold_only_its_rows() -> None:
    market = days_of([9, 9, 1, 2, 3, 9, 9], [9])
    close, opens = on_frame(CLOSE, 2, "morning"), on_frame(OPEN, 2, "morning")
    assert ask(market, close, sessions=SESSIONS) == [None, None, None, 2, 2, 3, 3, None]
    assert ask(market, opens, sessions=SESSIONS) == [None, None, None, 1, 1, 3, 3, None]


def test_larger_bars_of_a_date_without_the_session_do_not_exist() -> None:
    sunday = SessionRule("morning", MORNING.start, MORNING.end, (7,))
    market = days_of([1, 2, 3, 4, 5])
    assert ask(market, on_frame(CLOSE, 1, "morning"), sessions=(sunday,)) == [None] * 5


def test_larger_bars_start_with_the_trading_date_not_with_the_first_row() -> None:
    rows = [(MONDAY + at, at, at, at, at, 1) for at in range(4, 10)]
    assert ask(bars_from_rows(rows), on_frame(OPEN, 5)) == [4, 4, 4, 4, 4, 5]


# --- everything else ------------------------------------------------------------------------


def test_a_true_constant_is_not_the_number_one() -> None:
    run = interpreter_of(bars_from_closes([1]))
    assert run.rows.value(Const(1), 0) == 1
    assert run.rows.value(Const(True), 0) is True


def test_reals_are_floats_and_never_nan() -> None:
    zero = ToReal(Binary("sub", CLOSE, CLOSE), 1)
    values = ask(bars_from_closes([3]), Binary("mul", Binary("div", zero, zero), REAL_CLOSE))
    assert values == [None]
    assert not any(isinstance(value, float) and math.isnan(value) for value in values)


def test_a_row_expression_may_not_look_at_a_candidate() -> None:
    with pytest.raises(TypeError, match="TrackerField is not a function of bars alone"):
        ask(bars_from_closes([1]), TrackerField("top", "value", ValueKind.INT))
