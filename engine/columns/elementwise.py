"""Nodes whose value on a row depends on that row alone: leaves, arithmetic, comparison, logic."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import numpy as np

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
    children,
)
from engine.columns.frame import all_known, bar_column
from engine.columns.values import NA_OF, is_na, truths
from engine.domain.clocks import MINUTES_A_DAY, weekday_of
from engine.domain.market import FALSE, NA, TRUE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.columns.frame import Evaluate, Frame
    from engine.columns.values import Column, Mask
    from engine.domain.market import Ints, Reals

# --- leaves ---------------------------------------------------------------------------------


def const(node: Const, frame: Frame, _: Evaluate) -> Column:
    """The same value on every row; takes no memory."""
    value = np.int8(TRUE * node.value) if node.kind is Kind.BOOL else np.int64(node.value)
    return np.broadcast_to(value, len(frame))


def param(node: Param, frame: Frame, _: Evaluate) -> Column:
    """The side's integer on every row; takes no memory."""
    return np.broadcast_to(np.int64(frame.params[node.name]), len(frame))


def bar_field(node: BarField, frame: Frame, _: Evaluate) -> Column:
    """The market's own column."""
    return bar_column(frame, node.name)


def row(_node: Row, frame: Frame, _: Evaluate) -> Column:
    """Consecutive numbers from the frame's first row."""
    return np.arange(frame.row, frame.row + len(frame))


def _day_of_month(date: Ints) -> Ints:
    days = date.astype("M8[D]")
    since: Ints = (days - days.astype("M8[M]")).astype(np.int64)
    return since + 1


def _month(date: Ints) -> Ints:
    return date.astype("M8[D]").astype("M8[M]").astype(np.int64) % 12 + 1


_CALENDAR: Final[Mapping[ClockUnit, Callable[[Ints], Ints]]] = {
    ClockUnit.WEEKDAY: weekday_of,
    ClockUnit.DAY_OF_MONTH: _day_of_month,
    ClockUnit.MONTH: _month,
}


def clock(node: Clock, frame: Frame, _: Evaluate) -> Column:
    """The local time of the bar's open."""
    wall = frame.schedule.wall(node.zone)
    if node.unit is ClockUnit.MINUTE_OF_DAY or not len(wall):
        return wall % MINUTES_A_DAY
    date = wall // MINUTES_A_DAY
    first = date.min()
    table: Ints = _CALENDAR[node.unit](np.arange(first, date.max() + 1))
    of_rows: Ints = table[date - first]
    return of_rows


def in_session(node: InSession, frame: Frame, _: Evaluate) -> Column:
    """True from the first to the last row inside on each date."""
    occurrences = frame.schedule.occurrences(node.session)
    edges = np.stack([occurrences.first, occurrences.stop], axis=1).ravel()
    lengths = np.diff(edges, prepend=0, append=len(frame))
    inside = np.arange(len(lengths)) % 2 == 1
    return truths(np.repeat(inside, lengths))


def trading_day(node: TradingDay, frame: Frame, _: Evaluate) -> Column:
    """The exchange's dates, spread over their rows."""
    return truths(frame.schedule.by_row(frame.schedule.trades(node.calendar)))


def blackout(node: Blackout, frame: Frame, _: Evaluate) -> Column:
    """The rows of each event's window, one event after the other."""
    events, market = frame.schedule.events[node.events], frame.market
    ends_inside = events.instants - events.before - market.bar_minutes + 1
    first = np.searchsorted(market.minute, ends_inside).tolist()
    stop = np.searchsorted(market.minute, events.instants + events.after).tolist()
    column = np.full(len(frame), FALSE, np.int8)
    for begin, end in zip(first, stop, strict=True):
        column[begin:end] = TRUE
    return column


# --- arithmetic -----------------------------------------------------------------------------

_WHOLE: Final = (BarField, Param, Clock, Row, Const, Known, InSession, TradingDay, Blackout)
_STRICT: Final = (Unary, Binary, Compare, Round)


def never_na(node: Node, frame: Frame) -> bool:
    """Whether a look at the node, and at the bars once, shows that no row is na."""
    if isinstance(node, BarField):
        return all_known(frame, node.name)
    if isinstance(node, ToReal) or (isinstance(node, _STRICT) and node.kind is not Kind.REAL):
        return all(never_na(child, frame) for child in children(node))
    return isinstance(node, _WHOLE)


def _missing(operands: tuple[Node, ...], frame: Frame, evaluate: Evaluate) -> Mask | None:
    """On which rows any operand is na; None where that is none."""
    masks = [is_na(evaluate(o, frame), o.kind) for o in operands if not never_na(o, frame)]
    return reduce(np.logical_or, masks) if masks else None


def _blank(result: Column, missing: Mask | None, kind: Kind) -> Column:
    """The fresh column `result`, na where something it was made of was."""
    if missing is not None:
        np.copyto(result, NA_OF[kind], where=missing)
    return result


def _quotient(left: Reals, right: Reals) -> Column:
    quotient = left / right
    np.copyto(quotient, np.nan, where=right == 0)
    return quotient


def _real_max(left: Reals, right: Reals) -> Column:
    return np.where((left > right) | np.isnan(left), left, right)


def _real_min(left: Reals, right: Reals) -> Column:
    return np.where((left < right) | np.isnan(left), left, right)


_UNARY: Final[Mapping[str, Callable[[Any], Column]]] = {
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
}
_INT: Final[Mapping[str, Callable[[Any, Any], Column]]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}
_REAL: Final[Mapping[str, Callable[[Any, Any], Column]]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _quotient,
    "max": _real_max,
    "min": _real_min,
}
_COMPARE: Final[Mapping[str, Callable[[Any, Any], Mask]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
}


def unary(node: Unary, frame: Frame, evaluate: Evaluate) -> Column:
    """`NA` and NaN are their own negative and absolute value; a negative's root is NaN."""
    with np.errstate(invalid="ignore"):
        return _UNARY[node.op](evaluate(node.operand, frame))


def binary(node: Binary, frame: Frame, evaluate: Evaluate) -> Column:
    """One rounding an operation; NaN takes care of itself, `NA` is put back."""
    left, right = evaluate(node.left, frame), evaluate(node.right, frame)
    if node.kind is Kind.REAL:
        with np.errstate(all="ignore"):
            return _REAL[node.op](left, right)
    missing = _missing((node.left, node.right), frame, evaluate)
    return _blank(_INT[node.op](left, right), missing, Kind.INT)


def to_real(node: ToReal, frame: Frame, evaluate: Evaluate) -> Column:
    """Both rounded to float64, then divided."""
    result = evaluate(node.operand, frame).astype(np.float64)
    result /= float(node.denominator)
    return _blank(result, _missing((node.operand,), frame, evaluate), Kind.REAL)


def rounded(node: Round, frame: Frame, evaluate: Evaluate) -> Column:
    """Floor and ceiling, of the exact quotient."""
    values = evaluate(node.operand, frame)
    if node.operand.kind is Kind.REAL:
        whole = np.ceil(values) if node.up else np.floor(values)
        fits = np.abs(whole) < float(1 << 63)
        return np.where(fits, np.where(fits, whole, 0.0).astype(np.int64), NA)
    result = -(-values // node.denominator) if node.up else values // node.denominator
    return _blank(result, _missing((node.operand,), frame, evaluate), Kind.INT)


# --- comparison and logic -------------------------------------------------------------------


def compare(node: Compare, frame: Frame, evaluate: Evaluate) -> Column:
    """Unknown where either side is na."""
    operands = (node.left, node.right)
    result = truths(_COMPARE[node.op](*(evaluate(operand, frame) for operand in operands)))
    return _blank(result, _missing(operands, frame, evaluate), Kind.BOOL)


def all_of(node: AllOf, frame: Frame, evaluate: Evaluate) -> Column:
    """Kleene's `and` is the least."""
    return reduce(np.minimum, (evaluate(operand, frame) for operand in node.operands))


def any_of(node: AnyOf, frame: Frame, evaluate: Evaluate) -> Column:
    """Kleene's `or` is the greatest."""
    return reduce(np.maximum, (evaluate(operand, frame) for operand in node.operands))


def negation(node: Not, frame: Frame, evaluate: Evaluate) -> Column:
    """Kleene's `not` is the difference from `TRUE`."""
    return np.int8(TRUE) - evaluate(node.operand, frame)


def known(node: Known, frame: Frame, evaluate: Evaluate) -> Column:
    """Never na itself."""
    return truths(~is_na(evaluate(node.operand, frame), node.operand.kind))


def choose(node: Choose, frame: Frame, evaluate: Evaluate) -> Column:
    """Both branches are evaluated; neither can fail."""
    condition = evaluate(node.condition, frame)
    then, otherwise = evaluate(node.then, frame), evaluate(node.otherwise, frame)
    chosen = np.where(condition == TRUE, then, otherwise)
    return _blank(chosen, condition == UNKNOWN, node.kind)
