"""Values of sessions: running, finished, of the date before; against lists of their bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import (
    BarField,
    InSession,
    Occurrence,
    SessionClock,
    SessionValue,
    SinceSession,
)
from engine.columns.sessional import previous_table, session_table
from engine.domain.market import NA
from tests.support.bars import MONDAY, bars_from_rows
from tests.support.expressions import (
    SESSION_NAMES,
    days,
    frame_over,
    frames,
    frames_with_holes,
    plain,
    seen_from_the_other_side,
)

if TYPE_CHECKING:
    from engine.columns.frame import Frame

FIELDS = ["open", "high", "low", "close", "volume", "bars"]
sessions = st.sampled_from(SESSION_NAMES)
SUMMARY: dict[str, Any] = {
    "open": lambda values: values[0],
    "high": max,
    "low": min,
    "close": lambda values: values[-1],
    "volume": sum,
    "bars": len,
}


def summed_up(frame: Frame, field: str, rows: list[int]) -> int | None:
    """The field over some rows, na over none or where a value is na."""
    column = "close" if field == "bars" else field
    values = plain(BarField(column), frame)
    held = [values[row] for row in rows]
    return SUMMARY[field](held) if held and None not in held else None


def inside(frame: Frame, session: str) -> dict[int, list[int]]:
    """The rows of each date that lie in the session."""
    rows: dict[int, list[int]] = {day: [] for day in days(frame)}
    for row, (day, held) in enumerate(
        zip(days(frame), plain(InSession(session), frame), strict=True)
    ):
        rows[day] += [row] if held else []
    return rows


@given(frames_with_holes(), sessions, st.sampled_from(FIELDS))
def test_a_running_value_is_of_the_bars_so_far(frame: Frame, session: str, field: str) -> None:
    rows = inside(frame, session)

    assert plain(SessionValue(session, field, Occurrence.SO_FAR), frame) == [
        summed_up(frame, field, [r for r in rows[day] if r <= row])
        for row, day in enumerate(days(frame))
    ]


@given(frames_with_holes(), sessions, st.sampled_from(FIELDS))
def test_a_final_value_is_known_from_the_first_bar_at_or_after_the_end(
    frame: Frame, session: str, field: str
) -> None:
    rows, ends = inside(frame, session), frame.schedule.occurrences(session).ends.tolist()
    minute = frame.market.minute.tolist()

    assert plain(SessionValue(session, field, Occurrence.FINAL), frame) == [
        summed_up(frame, field, rows[day]) if ends[day] != NA and minute[row] >= ends[day] else None
        for row, day in enumerate(days(frame))
    ]


@given(frames_with_holes(), sessions, st.sampled_from(FIELDS))
def test_a_previous_value_is_of_the_latest_earlier_date_with_bars(
    frame: Frame, session: str, field: str
) -> None:
    rows = inside(frame, session)

    def previous(day: int) -> int | None:
        held = [earlier for earlier in range(day) if rows[earlier]]
        return summed_up(frame, field, rows[held[-1]]) if held else None

    assert plain(SessionValue(session, field, Occurrence.PREVIOUS), frame) == [
        previous(day) for day in days(frame)
    ]


@given(frames(), sessions, st.sampled_from(FIELDS))
def test_tables_have_an_entry_a_date(frame: Frame, session: str, field: str) -> None:
    rows = inside(frame, session)
    final = [summed_up(frame, field, rows[day]) for day in range(len(frame.schedule.days))]
    table = [None if v == NA else v for v in session_table(frame, session, field).tolist()]
    before = [None if v == NA else v for v in previous_table(frame, session, field).tolist()]

    assert table == final
    known = [[value for value in final[:day] if value is not None] for day in range(len(final))]
    assert before == [earlier[-1] if earlier else None for earlier in known]


def test_the_other_side_sees_the_low_as_its_high() -> None:
    lunch = MONDAY + 720
    bars = [(lunch, 5, 9, 2, 6, 1), (lunch + 1, 6, 7, 3, 4, 1), (lunch + 200, 4, 4, 4, 4, 1)]
    mirrored = seen_from_the_other_side(frame_over(bars_from_rows(bars)))

    final = {
        field: plain(SessionValue("lunch", field, Occurrence.FINAL), mirrored)[-1]
        for field in FIELDS
    }

    assert final == {"open": -5, "high": -2, "low": -9, "close": -4, "volume": 2, "bars": 2}


@given(frames_with_holes(), sessions, st.sampled_from(["highest", "lowest", "sum"]))
def test_a_summary_since_the_start_leaves_na_rows_out(frame: Frame, session: str, op: str) -> None:
    operation: Any = {"highest": max, "lowest": min, "sum": sum}[op]
    rows, values = inside(frame, session), plain(BarField("volume"), frame)

    def so_far(row: int, day: int) -> int | None:
        known = [values[r] for r in rows[day] if r <= row and values[r] is not None]
        return operation(known) if known else None

    assert plain(SinceSession(op, BarField("volume"), session), frame) == [
        so_far(row, day) for row, day in enumerate(days(frame))
    ]


@given(frames(), sessions)
def test_a_sessions_clock_counts_from_its_start_and_to_its_end(frame: Frame, session: str) -> None:
    occurrences = frame.schedule.occurrences(session)
    begins, ends = occurrences.begins.tolist(), occurrences.ends.tolist()
    rows = list(zip(frame.market.minute.tolist(), days(frame), strict=True))

    assert plain(SessionClock(session, "since"), frame) == [
        None if begins[day] == NA else minute - begins[day] for minute, day in rows
    ]
    assert plain(SessionClock(session, "until"), frame) == [
        None if ends[day] == NA else ends[day] - minute for minute, day in rows
    ]
