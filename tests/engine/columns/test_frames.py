"""Larger bars, against bars gathered by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import BarField, Const, InSession, Lag, OnFrame, Over, Row, ToReal, Window
from engine.domain.dates import date_begins
from tests.support.bars import MONDAY, bars_from_rows
from tests.support.expressions import SESSION_NAMES, days, frame_over, frames, plain

if TYPE_CHECKING:
    from engine.columns.frame import Frame

sizes = st.sampled_from([5, 7, 15, 60, 390])
session_or_none = st.one_of(st.none(), st.sampled_from(SESSION_NAMES))


def gathered(frame: Frame, minutes: int, session: str | None) -> list[dict[str, Any]]:
    """The larger bars as dictionaries, oldest first."""
    schedule, market = frame.schedule, frame.market
    inside = [True] * len(frame) if session is None else plain(InSession(session), frame)
    bars: dict[tuple[int, int], list[int]] = {}
    for row, day in enumerate(days(frame)):
        if session is None:
            origin = int(date_begins(schedule.rule, schedule.days.date[day : day + 1])[0])
        else:
            origin = int(schedule.occurrences(session).begins[day])
        if inside[row]:
            start = origin + (int(market.minute[row]) - origin) // minutes * minutes
            bars.setdefault((day, start), []).append(row)
    return [
        {
            "day": day,
            "minute": start,
            "open": int(market.open[rows[0]]),
            "high": max(market.high[rows].tolist()),
            "low": min(market.low[rows].tolist()),
            "close": int(market.close[rows[-1]]),
            "volume": sum(market.volume[rows].tolist()),
        }
        for (day, start), rows in bars.items()
    ]


@given(frames(), sizes, session_or_none, st.booleans())
def test_a_larger_bar_is_seen_once_a_row_closes_it(
    frame: Frame,
    minutes: int,
    session: str | None,
    across: bool,  # noqa: FBT001
) -> None:
    bars, size = gathered(frame, minutes, session), frame.market.bar_minutes

    def seen(row: int, day: int) -> dict[str, Any] | None:
        close = int(frame.market.minute[row]) + size
        closed = [bar for bar in bars if bar["minute"] + minutes <= close]
        return closed[-1] if closed and (across or closed[-1]["day"] == day) else None

    visible = [seen(row, day) for row, day in enumerate(days(frame))]
    for field in ("minute", "open", "high", "low", "close", "volume"):
        assert plain(OnFrame(BarField(field), minutes, session, across), frame) == [
            None if bar is None else bar[field] for bar in visible
        ]


def minute_bars(*closes: int, first: int = MONDAY) -> Frame:
    return frame_over(bars_from_rows([(first + i, c, c, c, c, 1) for i, c in enumerate(closes)]))


def test_operators_inside_count_larger_bars() -> None:
    frame = minute_bars(1, 2, 3, 4, 5, 6, 7, 8, 9)
    previous = Lag(BarField("close"), Const(1), across=False)
    over = Over(Const(2), before=False, where=None, across=False)

    assert plain(OnFrame(previous, 3, None, across=False), frame) == [None] * 5 + [3] * 3 + [6]
    highest = Window("highest", BarField("high"), over)
    assert plain(OnFrame(highest, 3, None, across=False), frame) == [None] * 5 + [6] * 3 + [9]
    assert plain(OnFrame(Row(), 3, None, across=False), frame)[2:] == [0, 0, 0, 1, 1, 1, 2]


def test_every_kind_of_value_comes_back_from_larger_bars() -> None:
    frame = minute_bars(*range(6))

    assert plain(OnFrame(ToReal(BarField("open"), 2), 3, None, across=False), frame) == [
        *(None, None, 0.0, 0.0, 0.0, 1.5)
    ]
    assert plain(OnFrame(InSession("night"), 3, None, across=False), frame)[1:3] == [None, True]


def test_larger_bars_of_larger_bars_are_larger_still() -> None:
    frame = minute_bars(*range(12))
    inner = OnFrame(BarField("open"), 6, None, across=False)

    assert plain(OnFrame(inner, 3, None, across=False), frame) == [None] * 5 + [0] * 6 + [6]


@pytest.mark.parametrize(("across", "first"), [(True, 4), (False, None)])
def test_only_across_days_does_yesterdays_last_bar_count(across: bool, first: int | None) -> None:  # noqa: FBT001
    rows = [(MONDAY + i, i, i, i, i, 1) for i in range(5)]
    rows += [(MONDAY + 1440 + i, 9, 9, 9, 9, 1) for i in range(3)]
    frame = frame_over(bars_from_rows(rows))

    column = plain(OnFrame(BarField("close"), 3, None, across), frame)

    assert column == [None, None, 2, 2, 2, first, first, 9]
