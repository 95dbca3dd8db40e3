"""What a setup waits for, in one line of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.cli.verdicts import FLIPPED, Reader, flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.ir.program import Program, Side
    from engine.interpreter.verdict import Verdict
    from engine.live.waiting import Way

NEXT_BAR: Final = "the next bar"
_SIDES: Final = 2
"""Comparisons of one condition that are told with their values."""


def lacks(program: Program, side: Side, ways: Sequence[Way]) -> str:
    """The conditions that are not true, by their names, with both sides and what is missing.

    Of several ways on each is told with where it leads, the one that lacks least first.
    """
    reader = Reader(program, side, lambda _: "")
    ordered = sorted(ways, key=lambda way: len(way.missing))
    told = [(way.to, ", ".join(_named(reader, one) for one in way.missing)) for way in ordered]
    if len(told) == 1:
        return told[0][1] or NEXT_BAR
    return "; ".join(f"to {to}: {words or NEXT_BAR}" for to, words in told)


def _named(reader: Reader, missing: Verdict) -> str:
    values = list(_compared(reader, missing))[:_SIDES]
    return f"{missing.name} ({'; '.join(values)})" if values else missing.name


def _compared(reader: Reader, missing: Verdict) -> Iterator[str]:
    """The comparisons in a condition that do not hold."""
    for part in flat(missing):
        if part.truth is not True and part.op in FLIPPED:
            line = reader.compared(part)
            yield f"{line.values}, {line.margin}" if line.margin else line.values
