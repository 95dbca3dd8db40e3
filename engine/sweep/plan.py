"""Which sets of parameters to try: axes, their grid, and a program with other values.

A value is the whole number a `ParamSpec` holds (a person's `0.5` at scale 1,000,000 is 500,000).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from random import Random
from typing import TYPE_CHECKING, Final

from dsl.history import history_of
from dsl.ir.program import Side
from dsl.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dsl.ir.program import History, ParamSpec, Program
    from engine.domain.market import Ints


class PlanError(ValueError):
    """The sets asked for cannot be made as they stand."""


class UnknownParameter(PlanError):
    """No parameter goes by this name."""


class OutOfRange(PlanError):
    """A value is outside the range, or off the choices, that the strategy declares."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter and the values to try; `name.short` or `name.long` sets one side only."""

    name: str
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse an axis that is no choice, or the same one twice."""
        if not self.values:
            raise PlanError(f"the axis {self.name} has no values: give at least one")
        if len(set(self.values)) < len(self.values):
            raise PlanError(f"the axis {self.name} has a value twice: give each once")


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination of the values of some axes, numbered row-major: the last axis runs fastest.

    The number of a set is the same wherever and whenever the grid is made.
    """

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        """Refuse two axes that set the same side of a parameter."""
        taken: dict[tuple[str, Side], str] = {}
        for axis in self.axes:
            name, sides = named(axis.name)
            for side in sides:
                other = taken.setdefault((name, side), axis.name)
                if other != axis.name or self.names.count(axis.name) > 1:
                    raise PlanError(
                        f"the axes {other} and {axis.name} both set {name} of {side}: keep one"
                    )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        """How many sets there are."""
        return prod(self.shape)

    def set_at(self, index: int) -> tuple[int, ...]:
        """The values of one set, an axis each; raises `IndexError` beyond the last."""
        return tuple(
            axis.values[place] for axis, place in zip(self.axes, self.place(index), strict=True)
        )

    def place(self, index: int) -> tuple[int, ...]:
        """Where a set lies: the position of its value on each axis."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no set {index} in a grid of {len(self)}")
        found = []
        for count in reversed(self.shape):
            index, position = divmod(index, count)
            found.append(position)
        return tuple(reversed(found))

    def sample(self, count: int, seed: int) -> list[int]:
        """The numbers of `count` sets (all, if there are fewer) in random order, none twice.

        Of `Random.random` alone, whose numbers Python promises never to change for a seed: the
        first steps of a Fisher-Yates shuffle that remembers only what it moved.
        """
        return list(islice(self._shuffled(Random(seed)), max(0, count)))  # noqa: S311 - no secret

    def _shuffled(self, chance: Random) -> Iterator[int]:
        moved: dict[int, int] = {}
        size = len(self)
        for first in range(size):
            chosen = first + int(chance.random() * (size - first))
            yield moved.get(chosen, chosen)
            moved[chosen] = moved.pop(first, first)


_SIDES: Final = {side.value: (side,) for side in Side}


def named(name: str) -> tuple[str, tuple[Side, ...]]:
    """The parameter of an axis and the sides it sets."""
    parameter, _, side = name.partition(".")
    if side and side not in _SIDES:
        raise UnknownParameter(f"{name}: a parameter has a .short and a .long side only")
    return parameter, _SIDES.get(side, tuple(Side))


def with_values(program: Program, names: Sequence[str], values: Sequence[int]) -> Program:
    """The program with these parameters, just as `--set` would compile it.

    Its machines are the same code: parameters are inputs. Raises `UnknownParameter`, and
    `OutOfRange` for what its declaration does not allow.
    """
    made = with_params(program, names, values)
    return replace(made, history=history_of(made))


def with_params(program: Program, names: Sequence[str], values: Sequence[int]) -> Program:
    """The same but for `history`, which is left as it was: it costs a walk over the program."""
    specs = {spec.name: spec for spec in program.params}
    for name, value in zip(names, values, strict=True):
        parameter, sides = named(name)
        spec = _known(specs, parameter)
        _check(spec, value)
        short = value if Side.SHORT in sides else spec.short
        long = value if Side.LONG in sides else spec.long
        specs[parameter] = replace(spec, short=short, long=long)
    return replace(program, params=tuple(specs.values()))


def check_values(program: Program, names: Sequence[str], sets: Ints) -> None:
    """Refuse what `with_values` would refuse of any of these sets, (n, len(names))."""
    for spec, values in zip(parameters_of(program, names), sets.T, strict=True):
        for value in sorted(set(values.tolist())):
            _check(spec, value)


def parameters_of(program: Program, names: Sequence[str]) -> list[ParamSpec]:
    """The parameter of each axis; raises `UnknownParameter`."""
    specs = {spec.name: spec for spec in program.params}
    return [_known(specs, named(name)[0]) for name in names]


def _known(specs: Mapping[str, ParamSpec], name: str) -> ParamSpec:
    if name not in specs:
        guess = nearest(name, specs)
        known = f"did you mean {guess}?" if guess else "it has " + (", ".join(specs) or "none")
        raise UnknownParameter(f"the strategy has no parameter {name}: {known}")
    return specs[name]


def _check(spec: ParamSpec, value: int) -> None:
    if spec.choices:
        if not 0 <= value < len(spec.choices):
            raise OutOfRange(
                f"{spec.name} has no choice number {value}: choose one of "
                + ", ".join(spec.choices)
            )
        return
    if spec.unit == "switch" and value not in (0, 1):
        raise OutOfRange(f"{spec.name} is a switch: {value} is neither 0 (off) nor 1 (on)")
    below = spec.low is not None and value < spec.low
    above = spec.high is not None and value > spec.high
    if below or above:
        raise OutOfRange(
            f"{spec.name} would be {_shown(spec, value)}, outside its own range "
            f"{_shown(spec, spec.low)} .. {_shown(spec, spec.high)}: "
            "widen the range in the strategy or move the value"
        )


def _shown(spec: ParamSpec, value: int | None) -> str:
    """A value as a person writes it."""
    if value is None:
        return ""
    written = value / spec.scale
    text = str(written) if written.denominator == 1 else f"{float(written):g}"
    return f"{text} {spec.unit}".rstrip()


def longest_history(program: Program, axes: Sequence[Axis]) -> History:
    """The most history that any set of these axes needs: a longer window never needs less."""
    names = [axis.name for axis in axes]
    return with_values(program, names, [max(axis.values) for axis in axes]).history
