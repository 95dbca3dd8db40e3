"""The untyped tree of an expression: what was written, each node with its place.

`start` and `stop` are character offsets into the expression's own text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Syntax:
    """Base of every written node."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Quantity(Syntax):
    """`5 min`, `0.1 %`, `20 bars`; a bare number has an empty unit."""

    value: Fraction
    unit: str


@dataclass(frozen=True, slots=True)
class ClockTime(Syntax):
    """`09:30`, as minutes past midnight."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Zone(Syntax):
    """`Europe/London`."""

    name: str


@dataclass(frozen=True, slots=True)
class Path(Syntax):
    """A name, or names joined by dots."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LagOf(Syntax):
    """`high[1]`: the value some bars ago. `bars` is a whole number or a parameter's name."""

    operand: Syntax
    bars: str
    across: bool


@dataclass(frozen=True, slots=True)
class Argument(Syntax):
    """An argument of a call with what may follow it in a window: before, where, across days."""

    value: Syntax
    before: bool
    where: Syntax | None
    across: bool

    @property
    def plain(self) -> bool:
        """Whether nothing but the value was written."""
        return not (self.before or self.where or self.across)


@dataclass(frozen=True, slots=True)
class SinceOf(Syntax):
    """`since ny`: the window from the first bar of a session's occurrence."""

    session: str


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """A function with its arguments."""

    function: str
    arguments: tuple[Argument | SinceOf, ...]


@dataclass(frozen=True, slots=True)
class Negative(Syntax):
    """`-x`."""

    operand: Syntax


@dataclass(frozen=True, slots=True)
class Arithmetic(Syntax):
    """`+ - * /`, and `of` with a percentage on its left."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Comparison(Syntax):
    """`< <= > >= ==`."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Logic(Syntax):
    """`and` or `or` of two or more conditions."""

    operator: str
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Negation(Syntax):
    """`not x`."""

    operand: Syntax


@dataclass(frozen=True, slots=True)
class Choice(Syntax):
    """`a if condition else b`."""

    then: Syntax
    condition: Syntax
    otherwise: Syntax


@dataclass(frozen=True, slots=True)
class InSessionOf(Syntax):
    """`in ny`."""

    session: str


@dataclass(frozen=True, slots=True)
class Exists(Syntax):
    """`exists calm`: whether a tracker holds a bar, or a capture was made."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrackerSyntax(Syntax):
    """`highest(high where quiet) after top`."""

    function: str
    argument: Syntax | None
    where: Syntax | None
    after: str | None
