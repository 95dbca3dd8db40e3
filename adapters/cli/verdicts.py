"""Conditions taken apart, as people read them: both sides in their units, and what was missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from adapters.cli.figures import number, places
from dsl.ir.expression import Compare, Not
from dsl.names import WEEKDAYS
from dsl.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dsl.ir.expression import Node
    from dsl.ir.program import Named, Program, Side
    from engine.interpreter.operators import Value
    from engine.interpreter.verdict import Verdict

TRUTHS: Final = {True: "yes", False: "no", None: "na"}
FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
STRICT: Final = frozenset({"<", ">"})

_SPLIT: Final = re.compile(r"\s+(?:and|or)\s+")
_WEEKDAYS: Final = {number: name for name, number in WEEKDAYS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One condition, or one comparison of it, in words.

    `values` are both sides as numbers, `margin` what was missing or to spare; empty where the
    condition compares nothing.
    """

    name: str
    holds: str
    written: str
    values: str
    margin: str


@dataclass(frozen=True)
class Reader:
    """Reads the verdicts of one side. `text_of` gives the words at a place of the strategy."""

    program: Program
    side: Side
    text_of: Callable[[Any], str]

    @property
    def sign(self) -> int:
        """-1 for the side that sees prices reflected."""
        return 1 if self.side is self.program.written else -1

    def price(self, ticks: Value) -> str:
        """A price of the side's frame as it really is."""
        return self.value(ticks, Unit.PRICE, 1)

    def value(self, value: Value, unit: str, den: int) -> str:
        """A value with its unit; prices as they are in the market."""
        if value is None:
            return "na"
        found = self._exact(value, unit, den)
        if isinstance(found, str):
            return found
        decimals, word = self._style(unit)
        if (found * 10**decimals).denominator != 1:
            decimals += 2
        return f"{number(found, decimals)}{word}"

    def _style(self, unit: str) -> tuple[int, str]:
        """Decimals and the word after the number."""
        traded = self.program.instrument
        styles = {
            Unit.PRICE: (places(traded.tick), ""),
            Unit.POINTS: (places(traded.tick / traded.point), " pt"),
            Unit.DURATION: (0, " min"),
            Unit.BARS: (0, " bars"),
            Unit.VOLUME: (places(traded.volume_step), ""),
            Unit.MONEY: (2, f" {traded.currency}"),
            Unit.PERCENT: (2, " %"),
            Unit.RATIO: (2, ""),
            Unit.R: (2, " R"),
        }
        return styles.get(Unit(unit), (0, "")) if unit else (0, "")

    def _exact(self, value: Value, unit: str, den: int) -> Fraction | str:
        """A value in its unit, exactly; a word where it is no number."""
        traded = self.program.instrument
        exact = Fraction(value) / den if value is not None else Fraction(0)
        match unit:
            case Unit.PRICE:
                return self.sign * exact * traded.tick
            case Unit.POINTS:
                return exact * traded.tick / traded.point
            case Unit.VOLUME:
                return exact * traded.volume_step
            case Unit.PERCENT:
                return exact * 100
            case Unit.TIME:
                return f"{int(exact) // 60:02d}:{int(exact) % 60:02d}"
            case Unit.WEEKDAY:
                return _WEEKDAYS.get(int(exact), str(int(exact)))
            case _:
                return exact

    def lines(self, verdict: Verdict, rule: Named) -> tuple[Line, ...]:
        """A named condition in words; each comparison of an `and` or `or` on a line of its own."""
        written = self.text_of(rule.span)
        parts = list(flat(verdict))
        if len(parts) == 1 and parts[0].op in FLIPPED:
            return (self._line(verdict.name, parts[0], written),)
        head = Line(verdict.name, TRUTHS[verdict.truth], written, "", "")
        texts = self._texts(written, parts)
        return (
            head,
            *(self._line("", part, text) for part, text in zip(parts, texts, strict=True)
              if part.op in FLIPPED),
        )  # fmt: skip

    @staticmethod
    def _texts(written: str, parts: list[Verdict]) -> list[str]:
        """The words of each part, where they can be told apart in the text."""
        pieces = _SPLIT.split(written)
        plain = "(" not in "".join(re.findall(r"\((?=[^)]*\b(?:and|or)\b)", written))
        if plain and len(pieces) == len(parts):
            return [f"  {piece}" for piece in pieces]
        return [""] * len(parts)

    def compared(self, verdict: Verdict) -> Line:
        """One comparison, without its name and its text."""
        return self._line("", verdict, "")

    def _line(self, name: str, verdict: Verdict, written: str) -> Line:
        found = compared(verdict.node)
        unit, den = (found.unit, found.den) if found else ("", 1)
        op = FLIPPED[verdict.op] if unit == Unit.PRICE and self.sign < 0 else verdict.op
        sides = [self.value(side, unit, den) for side in (verdict.left, verdict.right)]
        values = f"{sides[0]} {op} {sides[1]}"
        return Line(name, TRUTHS[verdict.truth], written, values, self.margin(verdict))

    def margin(self, verdict: Verdict) -> str:
        """How far a comparison is from holding, or by how much it holds."""
        missing = verdict.margin
        found = compared(verdict.node)
        unit, den = (found.unit, found.den) if found else ("", 1)
        if missing is None:
            return "not known" if verdict.truth is None else ""
        if unit == Unit.WEEKDAY or (verdict.op == "==" and verdict.truth):
            return ""
        if not missing:
            return "just reached" if verdict.truth else "equal, which is not enough"
        return f"{self._size(abs(missing), unit, den)} {'to spare' if verdict.truth else 'missing'}"

    def _size(self, margin: Value, unit: str, den: int) -> str:
        """A margin with its unit: between two prices it is a distance."""
        told = {Unit.PRICE: Unit.POINTS, Unit.TIME: Unit.DURATION}.get(unit, unit)  # type: ignore[call-overload]
        return self.value(margin, told, den)

    # --- for programs ------------------------------------------------------------------------

    def record(self, verdict: Verdict, rule: Named | None = None) -> dict[str, Any]:
        """The same as plain values: numbers in the unit that is named, prices as they are."""
        found = compared(verdict.node)
        record: dict[str, Any] = {"truth": verdict.truth}
        if rule is not None:
            record = {"name": rule.name, "written": self.text_of(rule.span), **record}
        if verdict.op in FLIPPED and found is not None:
            unit = found.unit
            record |= {
                "left": self._plain(verdict.left, unit, found.den),
                "op": FLIPPED[verdict.op] if unit == Unit.PRICE and self.sign < 0 else verdict.op,
                "right": self._plain(verdict.right, unit, found.den),
                "unit": unit,
                "missing": self._missing(verdict, unit, found.den),
            }
        elif verdict.parts:
            record |= {"op": verdict.op, "parts": [self.record(part) for part in verdict.parts]}
        return record

    def _missing(self, verdict: Verdict, unit: str, den: int) -> object:
        """The margin as a number of the same unit: above 0 it falls short by that much."""
        if verdict.margin is None or unit == Unit.WEEKDAY:
            return None
        if unit == Unit.PRICE:
            return json_number(Fraction(verdict.margin) / den * self.program.instrument.tick)
        return self._plain(verdict.margin, Unit.DURATION if unit == Unit.TIME else unit, den)

    def _plain(self, value: Value, unit: str, den: int) -> object:
        if value is None:
            return None
        found = self._exact(value, unit, den)
        return found if isinstance(found, str) else json_number(found)


def json_number(value: Fraction) -> int | float:
    """A fraction as JSON writes it: whole where it is whole."""
    return value.numerator if value.denominator == 1 else float(Decimal(f"{float(value):.12g}"))


def compared(node: Node) -> Compare | None:
    """The comparison that a condition is, `not` left aside."""
    inner = node.operand if isinstance(node, Not) else node
    return inner if isinstance(inner, Compare) else None


def flat(verdict: Verdict) -> Iterable[Verdict]:
    """The parts of a condition that are no `and` or `or` themselves."""
    if verdict.op in ("and", "or"):
        for part in verdict.parts:
            yield from flat(part)
    else:
        yield verdict
