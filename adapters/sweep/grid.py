"""`--grid name=a..b/step`: the values that a sweep tries, as a person writes them.

A word is a parameter's name, `=`, and one or more parts between commas: a value, or a range with
a step. Values are written as in the strategy file; a unit that is left out is the parameter's own,
a step that is left out the one its file gives it. Everything is exact, and both ends of a range
are included where the step leads there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NoReturn

from dsl.declare import UNIT_WORD, ParamReader
from dsl.findings import Findings
from dsl.ir.program import Side
from dsl.nearest import nearest
from dsl.quantities import plain
from dsl.source import Source, Span, Text
from dsl.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.diagnostics import Diagnostic
    from dsl.ir.program import ParamSpec, Program

VALUES_MOST: Final = 1_000_000
"""Values of one axis: more of them say that the step was not meant."""

OPTION: Final = "--grid "
_BARE: Final = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
_UNITLESS: Final = frozenset({"", "switch", "time", "choice"})


@dataclass(frozen=True, slots=True)
class WrittenAxis:
    """A parameter and the values it takes in a sweep.

    `values` are whole numbers in the parameter's own scale, each once: rising, or for a choice
    in the order they were written. `side` None: both sides get the value.
    """

    param: ParamSpec
    side: Side | None
    values: tuple[int, ...]

    @property
    def name(self) -> str:
        """As in `--grid`: `consol_min`, or `consol_min.long` for one side."""
        return self.param.name if self.side is None else f"{self.param.name}.{self.side}"

    def text(self, value: int) -> str:
        """A value as it is written in a strategy: `5 min`, `0.25 pt`, `on`, `09:30`, `atr`."""
        return written(self.param, value)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every value as it is written."""
        return tuple(map(self.text, self.values))

    @property
    def ordered(self) -> bool:
        """Whether values lie beside each other; choices and switches do not."""
        return self.param.unit not in ("choice", "switch")

    @property
    def default(self) -> int:
        """What the strategy file says; of two sides that differ, what the first says."""
        return self.param.long if self.side is Side.LONG else self.param.short

    def __str__(self) -> str:
        """The word that makes this axis again."""
        values = self.values
        step = values[1] - values[0] if len(values) > 2 and self.ordered else 0
        if step <= 0 or any(b - a != step for a, b in pairwise(values)):
            return f"{self.name}={','.join(self.texts)}"
        by = f"{step} min" if self.param.unit == "time" else self.text(step)
        return f"{self.name}={self.text(values[0])}..{self.text(values[-1])}/{by}"


def written(param: ParamSpec, value: int) -> str:
    """A whole number of a parameter as it is written in a strategy."""
    if param.unit == "choice":
        return param.choices[value]
    if param.unit == "switch":
        return "on" if value else "off"
    if param.unit == "time":
        return f"{value // 60:02d}:{value % 60:02d}"
    return f"{plain(Fraction(value) / param.scale)} {param.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Reading:
    """Axes, or why there are none: findings with places in the words."""

    axes: tuple[WrittenAxis, ...]
    findings: tuple[Diagnostic, ...]
    sources: tuple[Source, ...]


def read_axes(program: Program, words: Sequence[str]) -> Reading:
    """The axes that the words of `--grid` name, in their order."""
    findings = Findings()
    axes: list[WrittenAxis] = []
    for word in words:
        try:
            axis = _Word(program, word, findings).axis()
        except _Refused:
            continue
        if any(_overlap(axis, other) for other in axes):
            message = f"`{axis.param.name}` is swept twice"
            findings.error("E008", _span(word), message, "give it one --grid with all its values")
            continue
        axes.append(axis)
    sources = tuple(Source(OPTION + word, OPTION + word) for word in words)
    return Reading(tuple(axes), findings.in_order(), sources)


def _overlap(one: WrittenAxis, other: WrittenAxis) -> bool:
    return one.param.name == other.param.name and (
        one.side is None or other.side is None or one.side is other.side
    )


def _span(word: str) -> Span:
    return Span(1, len(OPTION) + 1, max(1, len(word)), OPTION + word)


class _Refused(Exception):
    """The word names no axis; the findings say why."""


class _Word:
    """The reading of one word; what is wrong with it is found and raised as `_Refused`."""

    def __init__(self, program: Program, word: str, findings: Findings) -> None:
        self.program = program
        self.findings = findings
        self.reader = ParamReader(program.instrument, findings)
        self.text = Text(word, _span(word))

    def axis(self) -> WrittenAxis:
        equals = self.text.find("=")
        if equals < 0:
            message, way = f"`{self.text}` names no values", "write --grid 'rr_min=0..3/0.5'"
            self._refuse("E001", self.text, message, way)
        param, side = self._param(_part(self.text, 0, equals))
        values: list[int] = []
        for part in _parts(_part(self.text, equals + 1, len(self.text)), ","):
            values += self._values(param, part)
            self._few(self.text, len(values))
        distinct = dict.fromkeys(values)
        axis = WrittenAxis(param, side, tuple(distinct))
        return replace(axis, values=tuple(sorted(distinct))) if axis.ordered else axis

    # --- names ----------------------------------------------------------------------------

    def _param(self, name: Text) -> tuple[ParamSpec, Side | None]:
        alone, dot, rest = name.partition(".")
        known = {param.name: param for param in self.program.params}
        if alone not in known:
            guess = nearest(alone, known)
            listed = "its parameters are " + ", ".join(known) if known else "the strategy has none"
            way = f"did you mean `{guess}`?" if guess else listed
            self._refuse("E002", name, f"there is no parameter `{name}` to sweep", way)
        if not dot:
            return known[alone], None
        sides = {side.value: side for side in self.program.sides}
        if rest not in sides:
            way = f"its sides are {' and '.join(sides)}"
            self._refuse("E002", name, f"the strategy has no side `{rest}`", way)
        return known[alone], sides[rest]

    # --- values ---------------------------------------------------------------------------

    def _values(self, param: ParamSpec, part: Text) -> Sequence[int]:
        if not part:
            way = f"write --grid {param.name}=a,b or {param.name}=a..b/step"
            self._refuse("E001", part, "a value is missing", way)
        if ".." not in part:
            return (self._value(param, part),)
        if param.unit in ("choice", "switch"):
            message = f"`{param.name}` has no values between two others"
            way = "name those to try: " + (", ".join(param.choices) or "on, off")
            self._refuse("E013", part, message, way)
        return self._range(param, part)

    def _range(self, param: ParamSpec, part: Text) -> Sequence[int]:
        ends, slash, _ = part.partition("/")
        span = _part(part, 0, len(ends))
        dots = span.find("..")
        low = self._value(param, _part(span, 0, dots))
        high = self._value(param, _part(span, dots + 2, len(span)))
        if low > high:
            self._refuse("E013", span, "the range runs backwards", "write the smaller end first")
        stated = _part(part, len(ends) + 1, len(part)) if slash else None
        step = param.step if stated is None else self._step(param, stated)
        if step is None:
            way = f"write it, as in {param.name}={span}/..., or give the parameter `step:`"
            self._refuse("E013", part, f"nothing says in what steps `{param.name}` goes", way)
        self._few(part, (high - low) // step + 1)
        return range(low, high + 1, step)

    def _step(self, param: ParamSpec, text: Text) -> int:
        # a time of day goes on by minutes
        unit = "min" if param.unit == "time" else param.unit
        step = self._amount(replace(param, unit=unit), text)
        if step <= 0:
            self._refuse("E013", text, "a step must be more than nothing")
        return step

    def _value(self, param: ParamSpec, text: Text) -> int:
        if param.choices:
            return self._choice(param, text)
        value = self._amount(param, text)
        below = param.low is not None and value < param.low
        above = param.high is not None and value > param.high
        if below or above:
            bounds = " .. ".join(
                written(param, end) for end in (param.low, param.high) if end is not None
            )
            message = f"`{param.name}` cannot be {written(param, value)}: its range is {bounds}"
            self._refuse("E012", text, message, "stay inside, or widen the range in the file")
        return value

    def _choice(self, param: ParamSpec, text: Text) -> int:
        if text not in param.choices:
            guess = nearest(text, param.choices)
            way = f"did you mean `{guess}`?" if guess else "there are " + ", ".join(param.choices)
            self._refuse("E012", text, f"`{text}` is not a choice of `{param.name}`", way)
        return param.choices.index(text)

    def _amount(self, param: ParamSpec, text: Text) -> int:
        bare = param.unit not in _UNITLESS and _BARE.fullmatch(text)
        found = self.reader.literal(Text(f"{text} {param.unit}", text.span) if bare else text)
        if found is None:
            raise _Refused
        unit, value = found
        if self._word_of(unit) != param.unit:
            message = f"`{text}` is {unit.value}, which `{param.name}` is not"
            way = f"write it as the file does: {written(param, param.short)}"
            self._refuse("E021", text, message, way)
        return value

    def _word_of(self, unit: Unit) -> str:
        money = self.program.instrument.currency if unit is Unit.MONEY else ""
        return UNIT_WORD.get(unit, money)

    # --- findings -------------------------------------------------------------------------

    def _few(self, text: Text, count: int) -> None:
        if count > VALUES_MOST:
            message = f"these are {count:,} values; a parameter may take {VALUES_MOST:,}"
            self._refuse("E013", text, message, "write a larger step")

    def _refuse(self, code: str, text: Text, message: str, remedy: str = "") -> NoReturn:
        self.findings.error(code, text.span, message, remedy)
        raise _Refused


def _part(text: Text, start: int, stop: int) -> Text:
    """The characters `start .. stop` without the space around them, and their place."""
    raw = text[start:stop]
    first = start + len(raw) - len(raw.lstrip())
    bare = raw.strip()
    return Text(bare, text.span.inside(first, first + len(bare)))


def _parts(text: Text, mark: str) -> list[Text]:
    """What lies between the marks."""
    made, start = [], 0
    for piece in text.split(mark):
        made.append(_part(text, start, start + len(piece)))
        start += len(piece) + len(mark)
    return made
