"""The names every expression may use: the bar's own values and what follows from them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.units import Typed, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.scope import Scope

OPEN, HIGH, LOW, CLOSE = (ir.BarField(name) for name in ("open", "high", "low", "close"))


def true_range(*, across: bool = False) -> ir.Node:
    """The range of the bar, stretched to the close before it where there is one."""
    before = ir.Lag(CLOSE, ir.Const(1), across)
    reach = ir.Binary("sub", ir.Binary("max", HIGH, before), ir.Binary("min", LOW, before))
    return ir.Choose(ir.Known(before), reach, ir.Binary("sub", HIGH, LOW))


def _price(name: str) -> Callable[[Scope], Typed]:
    return lambda _: Typed(ir.BarField(name), Unit.PRICE)


def _typical(_: Scope) -> Typed:
    return Typed(ir.Binary("add", ir.Binary("add", HIGH, LOW), CLOSE), Unit.PRICE, 3)


def _hole(scope: Scope) -> Typed:
    since = ir.Binary(
        "sub",
        ir.BarField("minute"),
        ir.Lag(ir.BarField("minute"), ir.Const(1), across=False),
    )
    return Typed(ir.Binary("sub", since, ir.Const(scope.bar_minutes)), Unit.DURATION)


def _clock(unit: ir.ClockUnit, of: Unit) -> Callable[[Scope], Typed]:
    return lambda scope: Typed(ir.Clock(unit, scope.day.zone), of)


BAR_NAMES: Final[dict[str, Callable[[Scope], Typed]]] = {
    "open": _price("open"),
    "high": _price("high"),
    "low": _price("low"),
    "close": _price("close"),
    "volume": lambda _: Typed(ir.BarField("volume"), Unit.VOLUME),
    "typical": _typical,
    "true_range": lambda _: Typed(true_range(), Unit.POINTS),
    "hole": _hole,
    "time": _clock(ir.ClockUnit.MINUTE_OF_DAY, Unit.TIME),
    "weekday": _clock(ir.ClockUnit.WEEKDAY, Unit.WEEKDAY),
    "day_of_month": _clock(ir.ClockUnit.DAY_OF_MONTH, Unit.RATIO),
    "month": _clock(ir.ClockUnit.MONTH, Unit.RATIO),
}

BAR_DOCS: Final = {
    "open": "the bar's first price",
    "high": "the bar's highest price",
    "low": "the bar's lowest price",
    "close": "the bar's last price",
    "volume": "what was traded during the bar",
    "typical": "(high + low + close) / 3",
    "true_range": "high - low, stretched to the previous close of the trading date",
    "hole": "minutes missing between the bar before and this one",
    "time": "local time at which the bar opened, on the clock of `day:`",
    "weekday": "monday .. sunday, on the clock of `day:`",
    "day_of_month": "1 .. 31, on the clock of `day:`",
    "month": "1 .. 12, on the clock of `day:`",
}

WEEKDAYS: Final = {
    name: number
    for number, name in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), 1
    )
}

SESSION_FIELDS: Final = {
    "high": Unit.PRICE,
    "low": Unit.PRICE,
    "open": Unit.PRICE,
    "close": Unit.PRICE,
    "volume": Unit.VOLUME,
    "bars": Unit.BARS,
}

RESERVED_FIELDS: Final = ("age", "held", "bars")
"""What every remembered bar knows about time: minutes since, complete minutes since, bars since."""


def builtin(name: str, scope: Scope) -> Typed | None:
    """The typed value of a built-in name, or None."""
    make = BAR_NAMES.get(name)
    return make(scope) if make else None
