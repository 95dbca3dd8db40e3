"""How findings speak of rules, parameters and times."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dsl.quantities import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.ir.program import ParamSpec


def listed(names: Iterable[str], joint: str = "and") -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def shortened(words: str, limit: int = 60) -> str:
    """Written words, cut where they would fill the line."""
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def amount_of(param: ParamSpec, value: int) -> str:
    """A value of a parameter as a person writes it: `5 min`, `0.1 %`."""
    if param.choices:
        return param.choices[value]
    if param.unit == "switch":
        return "on" if value else "off"
    if param.unit == "time":
        return f"{value // 60:02d}:{value % 60:02d}"
    number = plain(Fraction(value) / param.scale)
    unit = "bar" if param.unit == "bars" and number == "1" else param.unit
    return f"{number} {unit}".rstrip()


def bare_amount_of(param: ParamSpec, value: int) -> str:
    """The same without the unit, for the first end of a range."""
    return amount_of(param, value).split(" ")[0]
