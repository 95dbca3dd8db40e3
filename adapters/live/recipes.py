"""Programs to recipes, and back: the text that was compiled, compiled once more."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

import numpy as np

from dsl.ir.text import program_hash
from engine.live.recipe import Chosen, File, Moments, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.ir.program import Program
    from dsl.source import Source
    from engine.domain.market import Ints
    from engine.execution.terms import Terms


class NotAgain(Exception):
    """A program cannot be made again, or cannot lead what it opened; the message says why."""


def recipe_of(
    program: Program,
    sources: Sequence[Source],
    values: Mapping[str, str],
    events: Mapping[str, Ints],
    terms: Terms,
    file: str,
) -> Recipe:
    """What a compiled program is made of; `sources` and `values` as the compiler had them."""
    folder = posixpath.dirname(sources[0].name) or "."
    return Recipe(
        strategy=program_hash(program),
        name=program.name,
        file=file,
        files=tuple(File(posixpath.relpath(one.name, folder), one.text) for one in sources),
        values=tuple(Chosen(name, value) for name, value in sorted(values.items())),
        instrument=program.instrument,
        events=tuple(Moments(name, tuple(at.tolist())) for name, at in sorted(events.items())),
        terms=terms,
    )


def program_again(recipe: Recipe) -> Program:
    """The program of a recipe, compiled anew. Raises `NotAgain` where it is not the same one."""
    from adapters.calendar_names import calendar_names  # noqa: PLC0415 - only where one is led
    from adapters.instruments import INSTRUMENTS  # noqa: PLC0415 - as above
    from dsl.compilation import Surroundings  # noqa: PLC0415 - as above
    from dsl.compiler import compile_strategy  # noqa: PLC0415 - as above
    from dsl.diagnostics import Severity  # noqa: PLC0415 - as above

    if not recipe.files:
        raise NotAgain("the journal has no text of it")
    first, *others = recipe.files
    texts = {one.name: one.text.encode() for one in others}
    around = Surroundings(
        instruments={**INSTRUMENTS, recipe.instrument.symbol: recipe.instrument},
        calendars=calendar_names(),
        read=texts.get,
        values={one.name: one.value for one in recipe.values},
    )
    made = compile_strategy(first.name, first.text.encode(), around)
    if made.program is None:
        wrong = next(one for one in made.findings if one.severity is Severity.ERROR)
        place = f"line {wrong.span.line}"
        raise NotAgain(
            f"its text does not compile any more ({wrong.code}, {place}: {wrong.message})"
        )
    found = program_hash(made.program)
    if found != recipe.strategy:
        raise NotAgain(f"its text means something else to this engine: program {found} by now")
    return made.program


def events_of(recipe: Recipe) -> dict[str, Ints]:
    """Its event lists as they were read then."""
    return {one.name: np.array(one.minutes, np.int64) for one in recipe.events}
