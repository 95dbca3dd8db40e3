"""Row expressions: what a node says on one row of bars, each operator by its definition.

`Rows.at(node)` gives a function from a row number to the node's value there. It looks at that
row and earlier ones only, and remembers what it found.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial, reduce, singledispatchmethod
from typing import TYPE_CHECKING, Any, Final

from dsl.ir.expression import (
    BarField,
    BarsSince,
    Blackout,
    Clock,
    Const,
    Ema,
    InSession,
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
    TradingDay,
    Window,
    children,
)
from engine.interpreter.calendar import CLOCKS, local_time
from engine.interpreter.operators import Value, meaning_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.interpreter.bars import Bar, Bars
    from engine.interpreter.calendar import TradingCalendar

At = Callable[[int], Value]
"""The value of a node on a row."""

Windows = tuple[tuple[int, int], ...]
"""Half-open intervals of instants."""


def total(values: Sequence[Any]) -> Any:
    """The sum, added from first to last one by one (`sum` compensates floats from 3.12 on)."""
    return reduce(lambda a, b: a + b, values)


def count(truths: Sequence[Any]) -> int:
    """How many are true."""
    return sum(truth is True for truth in truths)


SUMMARIES: Final[dict[str, Callable[[Sequence[Any]], Any]]] = {
    "highest": max,
    "lowest": min,
    "sum": total,
    "count": count,
}

SESSION_FIELDS: Final[dict[str, Callable[[Sequence[Bar]], Value]]] = {
    "open": lambda bars: bars[0].open,
    "high": lambda bars: _if_known(max, [bar.high for bar in bars]),
    "low": lambda bars: _if_known(min, [bar.low for bar in bars]),
    "close": lambda bars: bars[-1].close,
    "volume": lambda bars: _if_known(total, [bar.volume for bar in bars]),
    "bars": len,
}


def _if_known(summary: Callable[[Sequence[Any]], Value], values: Sequence[Value]) -> Value:
    return None if any(value is None for value in values) else summary(values)


class Rows:
    """The row expressions of a program over one row of bars."""

    def __init__(
        self,
        bars: Bars,
        calendar: TradingCalendar,
        params: Mapping[str, int],
        blackouts: Mapping[str, Windows],
    ) -> None:
        """`params` are the integers of one side; `blackouts` the windows of each event list."""
        self.bars = bars
        self.calendar = calendar
        self.params = params
        self.blackouts = blackouts
        self._functions: dict[Node, At] = {}
        self._met: dict[int, tuple[Node, At]] = {}
        self._frame = cache(self._make_frame)
        self._members = cache(self._find_members)

    def at(self, node: Node) -> At:
        """The function from a row to the value of the node there."""
        met = self._met.get(id(node))  # the node is kept with it, so its id stays its own
        if met is not None:
            return met[1]
        if node not in self._functions:
            self._functions[node] = cache(self._pointwise(node) or self._value(node))
        self._met[id(node)] = node, self._functions[node]
        return self._functions[node]

    def value(self, node: Node, row: int) -> Value:
        """The value of the node on a row."""
        return self.at(node)(row)

    def _pointwise(self, node: Node) -> At | None:
        meaning = meaning_of(node)
        if meaning is None:
            return None
        operands = [self.at(child) for child in children(node)]
        return lambda row: meaning(*[operand(row) for operand in operands])

    # --- leaves ------------------------------------------------------------------------------

    @singledispatchmethod
    def _value(self, node: Node) -> At:
        raise TypeError(f"{type(node).__name__} is not a function of bars alone")

    @_value.register
    def _const(self, node: Const) -> At:
        return lambda _: node.value

    @_value.register
    def _param(self, node: Param) -> At:
        value = self.params[node.name]
        return lambda _: value

    @_value.register
    def _bar_field(self, node: BarField) -> At:
        return lambda row: getattr(self.bars[row], node.name)

    @_value.register
    def _row(self, _: Row) -> At:
        return lambda row: row

    @_value.register
    def _clock(self, node: Clock) -> At:
        shows = CLOCKS[node.unit]
        return lambda row: shows(local_time(self.bars[row].minute, node.zone))

    @_value.register
    def _trading_day(self, node: TradingDay) -> At:
        return lambda row: self.calendar.hours(node.calendar, self.bars[row].date) is not None

    @_value.register
    def _blackout(self, node: Blackout) -> At:
        windows = self.blackouts[node.events]

        def overlaps(row: int) -> bool:
            bar = self.bars[row]
            return any(bar.minute < stop and start < bar.closes for start, stop in windows)

        return overlaps

    # --- sessions ----------------------------------------------------------------------------

    def _find_members(self, session: str, day: int) -> list[int]:
        """The rows of a trading date that lie inside its occurrence of the session."""
        return [row for row in self.bars.rows_of(day) if self._inside(session, row)]

    def _inside(self, session: str, row: int) -> bool:
        bar = self.bars[row]
        occurrence = self.calendar.occurrence(session, bar.date)
        return occurrence is not None and occurrence.holds(bar.minute, bar.closes)

    @_value.register
    def _in_session(self, node: InSession) -> At:
        return partial(self._inside, node.session)

    @_value.register
    def _session_clock(self, node: SessionClock) -> At:
        def minutes(row: int) -> Value:
            bar = self.bars[row]
            occurrence = self.calendar.occurrence(node.session, bar.date)
            if occurrence is None:
                return None
            since = node.edge == "since"
            return bar.minute - occurrence.begins if since else occurrence.ends - bar.minute

        return minutes

    @_value.register
    def _session_value(self, node: SessionValue) -> At:
        members = {
            Occurrence.FINAL: self._final,
            Occurrence.SO_FAR: self._so_far,
            Occurrence.PREVIOUS: self._previous,
        }[node.occurrence]
        summary = SESSION_FIELDS[node.field]

        def value(row: int) -> Value:
            rows = members(node.session, row)
            return summary([self.bars[member] for member in rows]) if rows else None

        return value

    def _final(self, session: str, row: int) -> Sequence[int]:
        bar = self.bars[row]
        occurrence = self.calendar.occurrence(session, bar.date)
        ended = occurrence is not None and bar.minute >= occurrence.ends
        return self._members(session, bar.day) if ended else ()

    def _so_far(self, session: str, row: int) -> Sequence[int]:
        return [member for member in self._members(session, self.bars[row].day) if member <= row]

    def _previous(self, session: str, row: int) -> Sequence[int]:
        for day in reversed(range(self.bars[row].day)):
            if members := self._members(session, day):
                return members
        return ()

    @_value.register
    def _since_session(self, node: SinceSession) -> At:
        operand, summary = self.at(node.operand), SUMMARIES[node.op]

        def value(row: int) -> Value:
            counted = [operand(member) for member in self._so_far(node.session, row)]
            known = [one for one in counted if one is not None]
            return summary(known) if known else None

        return value

    # --- looking back ------------------------------------------------------------------------

    def _within(self, row: int, *, across: bool) -> range:
        """The rows up to this one that a node may look at."""
        first = 0 if across else self.bars.rows_of(self.bars[row].day)[0]
        return range(first, row + 1)

    @_value.register
    def _lag(self, node: Lag) -> At:
        operand, bars = self.at(node.operand), self.at(node.bars)

        def value(row: int) -> Value:
            ago = bars(row)
            if ago is None or row - ago not in self._within(row, across=node.across):
                return None
            return operand(int(row - ago))

        return value

    @_value.register
    def _bars_since(self, node: BarsSince) -> At:
        operand = self.at(node.operand)
        since: list[int | None] = []  # row after row, so that no search goes back far

        def value(row: int) -> Value:
            while len(since) <= row:
                here = len(since)
                before = since[-1] if len(self._within(here, across=node.across)) > 1 else None
                since.append(0 if operand(here) is True else _later(before))
            return since[row]

        return value

    @_value.register
    def _ema(self, node: Ema) -> At:
        operand, bars = self.at(node.operand), self.at(node.bars)

        def value(row: int) -> Value:
            period = bars(row)
            values = [operand(earlier) for earlier in self._run(node.session, row)]
            if period is None or not values or any(one is None for one in values):
                return None
            return reduce(partial(_smoothed, 2.0 / float(period + 1)), values)

        return value

    def _run(self, session: str | None, row: int) -> Sequence[int]:
        """The rows an exponential mean goes over, from its start to this row."""
        if session is None:
            return self._within(row, across=False)
        return self._so_far(session, row) if self._inside(session, row) else ()

    # --- windows -----------------------------------------------------------------------------

    def _window(self, over: Over, operand: At) -> Callable[[int], list[Any] | None]:
        """The values of the operand in the window seen from a row, None where it is na."""
        bars = self.at(over.bars)
        where = self.at(over.where) if over.where is not None else None

        def counts(row: int) -> bool:
            return where is None or (where(row) is True and operand(row) is not None)

        def window(row: int) -> list[Any] | None:
            wanted = bars(row)
            rows = reversed(self._within(row, across=over.across)[: -1 if over.before else None])
            values = _first(wanted, (operand(earlier) for earlier in rows if counts(earlier)))
            return None if values is None or None in values else values

        return window

    @_value.register
    def _window_summary(self, node: Window) -> At:
        window, summary = self._window(node.over, self.at(node.operand)), SUMMARIES[node.op]

        def value(row: int) -> Value:
            values = window(row)
            return None if values is None else summary(values)

        return value

    @_value.register
    def _percentile(self, node: Percentile) -> At:
        window, share = self._window(node.over, self.at(node.operand)), self.at(node.share)

        def value(row: int) -> Value:
            values, part = window(row), share(row)
            if values is None or part is None:
                return None
            place = max(1, -(-int(part) * len(values) // node.scale))
            return sorted(values)[place - 1] if place <= len(values) else None

        return value

    @_value.register
    def _rank(self, node: Rank) -> At:
        operand = self.at(node.operand)
        window = self._window(node.over, operand)

        def value(row: int) -> Value:
            values, own = window(row), operand(row)
            if values is None or own is None:
                return None
            return count([one <= own for one in values])

        return value

    # --- larger bars -------------------------------------------------------------------------

    def _make_frame(self, minutes: int, session: str | None) -> Rows:
        larger_bars = self.bars.larger(minutes, session, self.calendar)
        return Rows(larger_bars, self.calendar, self.params, self.blackouts)

    @_value.register
    def _on_frame(self, node: OnFrame) -> At:
        frame = self._frame(node.minutes, node.session)
        operand = frame.at(node.operand)

        def value(row: int) -> Value:
            bar = self.bars[row]
            closed = frame.bars.last_closed(bar.closes)
            if closed is None or not (node.across or frame.bars[closed].day == bar.day):
                return None
            return operand(closed)

        return value


def _later(bars: int | None) -> int | None:
    return None if bars is None else bars + 1


def _smoothed(alpha: float, before: float, value: float) -> float:
    return before + alpha * (value - before)


def _first(wanted: Value, values: Iterator[Value]) -> list[Any] | None:
    """The first `wanted` values, None where there are fewer."""
    if wanted is None or wanted < 1:
        return None
    found = [value for _, value in zip(range(int(wanted)), values, strict=False)]
    return found if len(found) == wanted else None
