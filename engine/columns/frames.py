"""Larger bars: a frame made of a frame, and its columns seen from the smaller bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dsl.ir.expression import Kind, OnFrame
from engine.columns.frame import Frame
from engine.columns.values import all_na, is_na
from engine.domain.calendar import Days
from engine.domain.dates import date_begins
from engine.domain.market import NA

if TYPE_CHECKING:
    from engine.columns.frame import Evaluate
    from engine.columns.values import Column
    from engine.domain.market import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Larger:
    """The larger bars of a frame.

    `first` and `day`: the first row of each larger bar, and the index of its trading date among
    the smaller bars'. `closed`: for each smaller row the last larger bar that has closed with it,
    -1 before any has.
    """

    frame: Frame
    first: Ints
    day: Ints
    closed: Ints


def larger_bars(frame: Frame, minutes: int, session: str | None) -> Larger:
    """The bars of `minutes` from the start of each trading date, or of a session's occurrence."""
    key = ("larger", minutes, session)
    return frame.memo.get(key, lambda: _gather(frame, minutes, session))


def _gather(frame: Frame, minutes: int, session: str | None) -> Larger:
    market, schedule = frame.market, frame.schedule
    day, slot, rows = _slots(frame, minutes, session)
    new = (np.diff(day, prepend=-1) != 0) | (np.diff(slot, prepend=-1) != 0)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows))[: len(first)] - 1
    of, begins = day[first], slot[first]
    merged = replace(
        market,
        bar_minutes=minutes,
        minute=begins,
        open=market.open[rows[first]],
        high=_merge(market.high[rows], first, np.maximum),
        low=_merge(market.low[rows], first, np.minimum),
        close=market.close[rows[last]],
        volume=_merge(market.volume[rows], first, np.add),
    )
    start = np.flatnonzero(np.diff(of, prepend=-1))
    days = Days(schedule.days.date[of[start]], np.append(start, len(first)))
    inner = replace(schedule, market=merged, given=days)
    return Larger(
        Frame(merged, inner, frame.params), rows[first], of, _last_closed(frame, begins + minutes)
    )


def _slots(frame: Frame, minutes: int, session: str | None) -> tuple[Ints, Ints, Ints]:
    """Date and start of the larger bar of each row that is in one, and those rows."""
    schedule = frame.schedule
    day = schedule.by_row(np.arange(len(schedule.days)))
    if session is None:
        rows = np.arange(len(frame))
        origin = date_begins(schedule.rule, schedule.days.date)[day]
    else:
        occurrences = schedule.occurrences(session)
        row = np.arange(len(frame))
        rows = np.flatnonzero((row >= occurrences.first[day]) & (row < occurrences.stop[day]))
        day = day[rows]
        origin = occurrences.begins[day]
    past = frame.market.minute[rows] - origin
    return day, origin + past // minutes * minutes, rows


def _merge(values: Ints, first: Ints, reduce: np.ufunc) -> Ints:
    """Each larger bar's rows reduced to one value, na where one of them is."""
    if not len(first):
        return values
    merged: Ints = reduce.reduceat(values, first)
    missing = is_na(values, Kind.INT)
    if missing.any():
        merged[np.logical_or.reduceat(missing, first)] = NA
    return merged


def _last_closed(frame: Frame, ends: Ints) -> Ints:
    """For each row the last larger bar whose end its close has reached."""
    closing = np.searchsorted(frame.market.minute, ends - frame.market.bar_minutes)
    reached = np.flatnonzero(closing < len(frame))
    closed = np.full(len(frame), -1, np.int64)
    closed[closing[reached]] = reached
    return np.maximum.accumulate(closed)


def on_frame(node: OnFrame, frame: Frame, evaluate: Evaluate) -> Column:
    """The operand on the larger bars, each value taken by the rows that see it as the last."""
    larger = larger_bars(frame, node.minutes, node.session)
    column = all_na(node.kind, len(frame))
    held = larger.closed >= 0
    if not node.across and held.any():
        day = frame.schedule.by_row(np.arange(len(frame.schedule.days)))
        held &= larger.day[larger.closed] == day
    if held.any():
        column[held] = evaluate(node.operand, larger.frame)[larger.closed[held]]
    return column
