"""Nodes of a session: its values on each trading date, running, finished and of the date before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dsl.ir.expression import Kind, Occurrence, SessionClock, SessionValue, SinceSession
from engine.columns.frame import all_known, bar_column
from engine.columns.values import is_na
from engine.domain.market import NA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column
    from engine.domain.calendar import Occurrences
    from engine.domain.market import Ints

_MOST: Final = np.iinfo(np.int64).max


def _ones(frame: Frame) -> Ints:
    return np.ones(len(frame), np.int64)


def _values(frame: Frame, field: str) -> Ints:
    """What a field of a session is made of, one value a bar; every bar counts 1 in `bars`."""
    return _ones(frame) if field == "bars" else bar_column(frame, field)


def _may_hide_na(frame: Frame, field: str) -> bool:
    """Whether a summary of the field must look out for na: of the bars, not of one of them."""
    return field in {"high", "low", "volume"} and not all_known(frame, field)


# --- one value a trading date ---------------------------------------------------------------


def _first_of(values: Ints, edges: Ints) -> Ints:
    return values[edges[::2]]


def _last_of(values: Ints, edges: Ints) -> Ints:
    return values[edges[1::2] - 1]


def _over(reduce: np.ufunc) -> Callable[[Column, Ints], Ints]:
    def over(values: Column, edges: Ints) -> Ints:
        inner = edges[:-1] if edges[-1] == len(values) else edges
        reduced: Ints = reduce.reduceat(values, inner)[::2]
        return reduced

    return over


_TABLE: Final[Mapping[str, Callable[[Ints, Ints], Ints]]] = {
    "open": _first_of,
    "high": _over(np.maximum),
    "low": _over(np.minimum),
    "close": _last_of,
    "volume": _over(np.add),
    "bars": _over(np.add),
}


def session_table(frame: Frame, session: str, field: str) -> Ints:
    """A field of a session's occurrence on each trading date, over all its bars there are.

    `NA` where it has no bars. On a date whose session has not ended yet this is the value so
    far: a row may use the entry of its own date d only from row `ended[d]` on.
    """
    rows = frame.schedule.occurrences(session).ended
    is_over = len(rows) > 0 and rows[-1] < len(frame)
    kept = frame.dated if is_over else frame.memo
    return kept.get(("session", session, field), lambda: _table(frame, session, field))


def _table(frame: Frame, session: str, field: str) -> Ints:
    occurrences = frame.schedule.occurrences(session)
    table = np.full(len(occurrences.first), NA, np.int64)
    held = np.flatnonzero(occurrences.first < occurrences.stop)
    if not len(held):
        return table
    values = _values(frame, field)
    edges = np.stack([occurrences.first[held], occurrences.stop[held]], axis=1).ravel()
    table[held] = _TABLE[field](values, edges)
    if _may_hide_na(frame, field):
        missing = is_na(values, Kind.INT)
        table[held[_over(np.logical_or)(missing, edges)]] = NA
    return table


def previous_table(frame: Frame, session: str, field: str) -> Ints:
    """For each trading date the field's value on the latest earlier date that had bars inside.

    `NA` where there is none.
    """
    return frame.dated.get(("previous", session, field), lambda: _previous(frame, session, field))


def _previous(frame: Frame, session: str, field: str) -> Ints:
    occurrences = frame.schedule.occurrences(session)
    table = session_table(frame, session, field)
    dates = np.arange(len(table))
    latest = np.maximum.accumulate(np.where(occurrences.first < occurrences.stop, dates, -1))
    latest = np.concatenate([[-1], latest[:-1]])[: len(table)]
    return np.where(latest >= 0, table[latest], NA)


# --- one value a row ------------------------------------------------------------------------


def session_value(node: SessionValue, frame: Frame, _: Evaluate) -> Column:
    """A table of dates spread over the rows that may know it, or the running value."""
    match node.occurrence:
        case Occurrence.PREVIOUS:
            return frame.schedule.by_row(previous_table(frame, node.session, node.field))
        case Occurrence.FINAL:
            return _final(frame, node.session, session_table(frame, node.session, node.field))
        case Occurrence.SO_FAR:
            return _so_far(frame, node.session, node.field)


def _final(frame: Frame, session: str, table: Ints) -> Column:
    """Not known up to the row at which the occurrence has ended, its value from there on."""
    ended = frame.schedule.occurrences(session).ended
    unknown = np.full(len(table), NA, np.int64)
    edges = np.stack([ended, frame.schedule.days.start[1:]], axis=1).ravel()
    return np.repeat(np.stack([unknown, table], axis=1).ravel(), np.diff(edges, prepend=0))


def _run(values: Column, frame: Frame, session: str, accumulate: Callable[[Any], Column]) -> Column:
    """The running result over each occurrence's rows, held until the end of its date."""
    occurrences: Occurrences = frame.schedule.occurrences(session)
    column = np.full(len(frame), NA, np.int64)
    after = frame.schedule.days.start[1:]
    held = np.flatnonzero(occurrences.first < occurrences.stop)
    bounds = (occurrences.first[held], occurrences.stop[held], after[held])
    for first, stop, end in zip(*(bound.tolist() for bound in bounds), strict=True):
        column[first:stop] = accumulate(values[first:stop])
        column[stop:end] = column[stop - 1]
    return column


def _same_first(values: Ints) -> Ints:
    return np.broadcast_to(values[0], len(values))


def _as_they_are(values: Ints) -> Ints:
    return values


_RUNNING: Final[Mapping[str, Callable[[Any], Column]]] = {
    "open": _same_first,
    "high": np.maximum.accumulate,
    "low": np.minimum.accumulate,
    "close": _as_they_are,
    "volume": np.cumsum,
    "bars": np.cumsum,
}


def _so_far(frame: Frame, session: str, field: str) -> Column:
    values = _values(frame, field)
    column = _run(values, frame, session, _RUNNING[field])
    if _may_hide_na(frame, field):
        missing = is_na(values, Kind.INT)
        column[_run(missing, frame, session, np.logical_or.accumulate) == 1] = NA
    return column


_WITHOUT_NA: Final[Mapping[str, tuple[int, Callable[[Any], Column]]]] = {
    "highest": (NA, np.maximum.accumulate),
    "lowest": (_MOST, np.minimum.accumulate),
    "sum": (0, np.cumsum),
}
"""What stands in for a na so that it leaves the result alone, and how results run on."""


def since_session(node: SinceSession, frame: Frame, evaluate: Evaluate) -> Column:
    """A na operand is replaced by what changes nothing, and rows that counted none are na."""
    values = evaluate(node.operand, frame)
    missing = is_na(values, Kind.INT)
    neutral, accumulate = _WITHOUT_NA[node.op]
    column = _run(np.where(missing, neutral, values), frame, node.session, accumulate)
    counted = _run(~missing, frame, node.session, np.logical_or.accumulate)
    column[counted != 1] = NA
    return column


def session_clock(node: SessionClock, frame: Frame, _: Evaluate) -> Column:
    """From the start, or to the end, at the bar's open; na on a date without the session."""
    occurrences = frame.schedule.occurrences(node.session)
    minute = frame.market.minute
    begins = frame.schedule.by_row(occurrences.begins)
    if node.edge == "since":
        minutes = minute - begins
    else:
        minutes = frame.schedule.by_row(occurrences.ends) - minute
    return np.where(begins == NA, NA, minutes)
