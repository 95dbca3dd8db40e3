"""Row expressions and frames from Hypothesis: every kind of node over short, gappy markets."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from hypothesis import strategies as st

from dsl.ir.expression import (
    AllOf,
    AnyOf,
    BarField,
    BarsSince,
    Binary,
    Blackout,
    Choose,
    Clock,
    ClockUnit,
    Compare,
    Const,
    Ema,
    InSession,
    Kind,
    Known,
    Lag,
    Node,
    Not,
    Occurrence,
    OnFrame,
    Over,
    Param,
    Percentile,
    Rank,
    Round,
    Row,
    SessionClock,
    SessionValue,
    SinceSession,
    ToReal,
    TradingDay,
    Unary,
    Window,
)
from dsl.ir.program import Anchor, DayRule, SessionRule
from engine.columns.evaluate import evaluate
from engine.columns.frame import Frame
from engine.columns.schedule import Events, Schedule
from engine.domain.market import NA
from tests.support.bars import MONDAY, bars_from_rows, ohlcv
from tests.support.calendars import FixedHours

if TYPE_CHECKING:
    from engine.domain.market import Market

SESSIONS: Final = (
    SessionRule("london", Anchor(0, "XLON", "open"), Anchor(0, "XNYS", "open")),
    SessionRule("ny", Anchor(0, "XNYS", "open"), Anchor(-30, "XNYS", "close")),
    SessionRule("lunch", Anchor(720, zone="Europe/London"), Anchor(840, zone="Europe/London")),
    SessionRule("night", Anchor(-240, zone="UTC"), Anchor(180, zone="UTC"), (1, 2, 4, 6)),
)
RULES: Final = (DayRule(), DayRule("America/New_York", 18 * 60), DayRule("UTC", 13 * 60 + 7))
PARAMS: Final = {"two": 2, "five": 5}
EVENTS: Final = {"news": Events(MONDAY + np.array([800, 2200, 5000]), 3, 20)}
SESSION_NAMES: Final = tuple(rule.name for rule in SESSIONS)
ZONES: Final = ("UTC", "America/New_York", "Europe/Stockholm")


@st.composite
def gappy_markets(draw: st.DrawFn, max_bars: int = 60, min_bars: int = 1) -> Market:
    """Bars of 1 or 5 minutes from a day in January 2026 on, with short and with long holes."""
    size = draw(st.sampled_from([1, 5]))
    minute = MONDAY + draw(st.integers(0, 6 * 1440))
    holes = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 7, 45, 130, 400, 900])
    rows = []
    for _ in range(draw(st.integers(min_bars, max_bars))):
        rows.append((minute, *draw(ohlcv())))
        minute += size + draw(holes)
    return bars_from_rows(rows, bar_minutes=size)


def frame_over(market: Market, rule: DayRule = RULES[0], *, row: int = 0) -> Frame:
    """The market as the side that is written sees it, with the sessions above."""
    sessions = {session.name: session for session in SESSIONS}
    schedule = Schedule(market, rule, sessions, FixedHours(), EVENTS)
    return Frame(market, schedule, PARAMS, row)


def seen_from_the_other_side(frame: Frame) -> Frame:
    """The same schedule with reflected prices."""
    return Frame(frame.market.reflected(), frame.schedule, frame.params, frame.row)


@st.composite
def frames(draw: st.DrawFn, max_bars: int = 60) -> Frame:
    """A frame over a gappy market, written or reflected, with one of three rules for dates."""
    frame = frame_over(draw(gappy_markets(max_bars)), draw(st.sampled_from(RULES)))
    return seen_from_the_other_side(frame) if draw(st.booleans()) else frame


def part_of(frame: Frame, first: int, stop: int) -> Frame:
    """The same frame over some of its rows, everything worked out anew."""
    schedule = replace(frame.schedule, market=frame.schedule.market.rows(first, stop))
    return Frame(frame.market.rows(first, stop), schedule, frame.params, frame.row + first)


# --- expressions ----------------------------------------------------------------------------

_fields = st.sampled_from(["open", "high", "low", "close", "volume"]).map(BarField)
_sessions = st.sampled_from(SESSION_NAMES)
_windows = st.one_of(st.integers(1, 7).map(Const), st.sampled_from(["two", "five"]).map(Param))

int_leaves: st.SearchStrategy[Node] = st.one_of(
    _fields,
    st.integers(-3, 1010).map(Const),
    st.sampled_from(["two", "five"]).map(Param),
    st.just(BarField("minute")),
    st.just(Row()),
    st.builds(Clock, st.sampled_from(ClockUnit), st.sampled_from(ZONES)),
    st.builds(
        SessionValue,
        _sessions,
        st.sampled_from(["open", "high", "low", "close", "volume", "bars"]),
        st.sampled_from(Occurrence),
    ),
    st.builds(SessionClock, _sessions, st.sampled_from(["since", "until"])),
)
bool_leaves: st.SearchStrategy[Node] = st.one_of(
    st.builds(Compare, st.sampled_from(["<", ">="]), _fields, _fields),
    _sessions.map(InSession),
    st.booleans().map(Const),
    st.sampled_from(["XLON", "XNYS"]).map(TradingDay),
    st.just(Blackout("news")),
)
real_leaves: st.SearchStrategy[Node] = st.builds(ToReal, _fields, st.integers(1, 9))

LEAVES: Final = {Kind.INT: int_leaves, Kind.BOOL: bool_leaves, Kind.REAL: real_leaves}


@cache
def nodes(kind: Kind | None = None, depth: int = 2) -> st.SearchStrategy[Node]:
    """Row expressions of a kind, or of any, up to `depth` operators deep.

    Only small numbers are multiplied, so no value comes near the end of int64.
    """
    if kind is None:
        return st.sampled_from(Kind).flatmap(lambda one: nodes(one, depth))
    if depth == 0:
        return LEAVES[kind]
    return st.one_of(LEAVES[kind], *(one for one in _operators(kind, depth - 1)))


@cache
def overs(depth: int = 1) -> st.SearchStrategy[Over]:
    """Windows of every sort."""
    # not `one_of`: it would give all the kinds of conditions as much weight as none at all
    where = st.booleans().flatmap(lambda some: nodes(Kind.BOOL, depth) if some else st.none())
    return st.builds(Over, _windows, st.booleans(), where, st.booleans())


def _operators(kind: Kind, depth: int) -> list[st.SearchStrategy[Node]]:
    same, truth = nodes(kind, depth), nodes(Kind.BOOL, depth)
    for_all: list[st.SearchStrategy[Node]] = [
        st.builds(Choose, truth, same, same),
        st.builds(Lag, same, st.one_of(_windows, st.just(Const(0))), st.booleans()),
        st.builds(
            OnFrame,
            same,
            st.sampled_from([5, 10, 15, 60, 240]),
            st.one_of(st.none(), _sessions),
            st.booleans(),
        ),
    ]
    return for_all + _OPERATORS[kind](depth)


def _of_ints(depth: int) -> list[st.SearchStrategy[Node]]:
    ints, reals = nodes(Kind.INT, depth), nodes(Kind.REAL, depth)
    number = st.one_of(ints, reals)
    return [
        st.builds(Unary, st.sampled_from(["neg", "abs"]), ints),
        st.builds(Binary, st.sampled_from(["add", "sub", "max", "min"]), ints, ints),
        st.builds(Binary, st.just("mul"), ints, st.integers(-9, 99).map(Const)),
        st.builds(Round, ints, st.integers(1, 9), st.booleans()),
        st.builds(Round, reals, st.just(1), st.booleans()),
        st.builds(Window, st.sampled_from(["highest", "lowest", "sum"]), ints, overs()),
        st.builds(Window, st.just("count"), nodes(Kind.BOOL, depth), overs()),
        st.builds(Percentile, ints, st.integers(0, 100).map(Const), st.just(100), overs()),
        st.builds(Rank, number, overs()),
        st.builds(BarsSince, nodes(Kind.BOOL, depth), st.booleans()),
        st.builds(SinceSession, st.sampled_from(["highest", "lowest", "sum"]), ints, _sessions),
    ]


def _of_reals(depth: int) -> list[st.SearchStrategy[Node]]:
    ints, reals = nodes(Kind.INT, depth), nodes(Kind.REAL, depth)
    return [
        st.builds(ToReal, ints, st.integers(1, 9)),
        st.builds(Unary, st.sampled_from(["neg", "abs", "sqrt"]), reals),
        st.builds(
            Binary, st.sampled_from(["add", "sub", "mul", "div", "max", "min"]), reals, reals
        ),
        st.builds(Window, st.sampled_from(["highest", "lowest"]), reals, overs()),
        st.builds(Percentile, reals, st.integers(0, 100).map(Const), st.just(100), overs()),
        st.builds(Ema, reals, _windows, st.one_of(st.none(), _sessions)),
    ]


def _of_truths(depth: int) -> list[st.SearchStrategy[Node]]:
    ints, reals, truth = (nodes(kind, depth) for kind in (Kind.INT, Kind.REAL, Kind.BOOL))
    several = st.lists(truth, min_size=2, max_size=3).map(tuple)
    relation = st.sampled_from(["<", "<=", ">", ">=", "=="])
    return [
        st.builds(Compare, relation, ints, ints),
        st.builds(Compare, relation, reals, reals),
        several.map(AllOf),
        several.map(AnyOf),
        st.builds(Not, truth),
        st.builds(Known, st.one_of(ints, reals, truth)),
    ]


_OPERATORS: Final = {Kind.INT: _of_ints, Kind.REAL: _of_reals, Kind.BOOL: _of_truths}


# --- columns as lists -----------------------------------------------------------------------


def plain(node: Node, frame: Frame) -> list[Any]:
    """A column as Python values, None for na."""
    column = evaluate(node, frame).tolist()
    match node.kind:
        case Kind.INT:
            return [None if value == NA else value for value in column]
        case Kind.REAL:
            return [None if math.isnan(value) else value for value in column]
        case Kind.BOOL:
            return [(False, None, True)[value] for value in column]


def days(frame: Frame) -> list[int]:
    """The index of each row's trading date."""
    starts = frame.schedule.days.start.tolist()
    return [sum(start <= row for start in starts) - 1 for row in range(len(frame))]


@st.composite
def frames_with_holes(draw: st.DrawFn, max_bars: int = 30) -> Frame:
    """Frames in whose volume any value may be na."""
    frame = draw(frames(max_bars))
    known = st.integers(-5, 5)
    some = st.lists(
        st.one_of(known, known, known, st.just(NA)), min_size=len(frame), max_size=len(frame)
    )
    volume = np.array(draw(some), np.int64)
    return replace(frame, market=replace(frame.market, volume=volume))
