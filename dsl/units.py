"""What a value is measured in, and which arithmetic on units has a meaning.

A price is a place, points are a distance: places can be compared and subtracted, but not added
or scaled, because that would not survive the mirror. The tables below are the whole rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import lcm
from typing import Final

from dsl.ir.expression import Binary, Const, Kind, Node, ToReal


class Unit(StrEnum):
    """The types of the language, by the word a message uses for them."""

    PRICE = "price"
    POINTS = "points"
    PERCENT = "percentage"
    RATIO = "number"
    DURATION = "minutes"
    BARS = "bars"
    VOLUME = "volume"
    MONEY = "money"
    CONTRACTS = "contracts"
    R = "R"
    TIME = "time of day"
    WEEKDAY = "weekday"
    BOOL = "condition"
    ERROR = "error"


CLOSED_UNDER_ADDITION: Final = frozenset(
    {
        Unit.POINTS,
        Unit.PERCENT,
        Unit.RATIO,
        Unit.DURATION,
        Unit.BARS,
        Unit.VOLUME,
        Unit.MONEY,
        Unit.CONTRACTS,
        Unit.R,
    },
)

SUMS: Final = {
    **{(unit, sign, unit): unit for unit in CLOSED_UNDER_ADDITION for sign in "+-"},
    (Unit.PRICE, "-", Unit.PRICE): Unit.POINTS,
    (Unit.PRICE, "+", Unit.POINTS): Unit.PRICE,
    (Unit.POINTS, "+", Unit.PRICE): Unit.PRICE,
    (Unit.PRICE, "-", Unit.POINTS): Unit.PRICE,
    (Unit.TIME, "-", Unit.TIME): Unit.DURATION,
    (Unit.TIME, "+", Unit.DURATION): Unit.TIME,
    (Unit.TIME, "-", Unit.DURATION): Unit.TIME,
}

SCALABLE: Final = CLOSED_UNDER_ADDITION
"""A number times one of these is one of these."""

SHARES: Final = frozenset(
    {Unit.PRICE, Unit.POINTS, Unit.VOLUME, Unit.MONEY, Unit.DURATION, Unit.RATIO},
)
"""`x % of` one of these has a meaning; of a price it is a distance."""

QUOTIENTS: Final = frozenset(
    {
        Unit.POINTS,
        Unit.VOLUME,
        Unit.DURATION,
        Unit.BARS,
        Unit.RATIO,
        Unit.PERCENT,
        Unit.MONEY,
        Unit.R,
    },
)
"""One of these over another of its own is a number."""

ORDERED: Final = frozenset(Unit) - {Unit.BOOL, Unit.ERROR}


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked expression: its node, its unit, and how its integer is scaled.

    An INT node stands for `value / den`. REAL and BOOL have den 1.
    """

    node: Node
    unit: Unit
    den: int = 1

    @property
    def is_real(self) -> bool:
        """Whether the value is a float64."""
        return self.node.kind is Kind.REAL

    @property
    def is_error(self) -> bool:
        """Whether a finding has already been made about this value."""
        return self.unit is Unit.ERROR


POISON: Final = Typed(Const(0), Unit.ERROR)


def condition(node: Node) -> Typed:
    """A checked condition."""
    return Typed(node, Unit.BOOL)


def scaled(node: Node, factor: int) -> Node:
    """An INT node times a positive whole number."""
    if factor == 1:
        return node
    if isinstance(node, Const):
        return Const(node.value * factor)
    return Binary("mul", node, Const(factor))


def to_real(value: Typed) -> Typed:
    """The same value as a float64, divided once."""
    return value if value.is_real else Typed(ToReal(value.node, value.den), value.unit)


def aligned(left: Typed, right: Typed) -> tuple[Node, Node, int]:
    """Both nodes on one denominator, or both REAL when one of them is; and the denominator."""
    if left.is_real or right.is_real:
        return to_real(left).node, to_real(right).node, 1
    den = lcm(left.den, right.den)
    return scaled(left.node, den // left.den), scaled(right.node, den // right.den), den


def combined(op: str, left: Typed, right: Typed, unit: Unit) -> Typed:
    """`add`, `sub`, `max` or `min` of two values."""
    a, b, den = aligned(left, right)
    return Typed(Binary(op, a, b), unit, den)


def product(left: Typed, right: Typed, unit: Unit) -> Typed:
    """Left * right."""
    if left.is_real or right.is_real:
        return Typed(Binary("mul", to_real(left).node, to_real(right).node), unit)
    if isinstance(left.node, Const):
        left, right = right, left
    if isinstance(right.node, Const) and right.node.value > 0:
        return Typed(scaled(left.node, right.node.value), unit, left.den * right.den)
    return Typed(Binary("mul", left.node, right.node), unit, left.den * right.den)


def quotient(left: Typed, right: Typed, unit: Unit) -> Typed:
    """Left / right: exact by a positive literal, else a float64 rounded correctly once."""
    if isinstance(right.node, Const) and not left.is_real and right.node.value > 0:
        return Typed(scaled(left.node, right.den), unit, left.den * right.node.value)
    a, b, _ = aligned(left, right)
    ratio = Binary("div", to_real(Typed(a, unit)).node, to_real(Typed(b, unit)).node)
    return Typed(ratio, unit)
