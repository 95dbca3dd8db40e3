"""Two runs compared, and the place at which they part put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.expression import Kind
from engine.domain.market import NA
from engine.execution import records as out
from engine.execution.records import reason_names
from engine.journal.decisions import CAUSE, KIND, ORDINAL, ROW, STAGE, STARTED, VALUES, Decision
from engine.machine.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.ir.program import Program, Side
    from engine.domain.market import Ints, Market
    from engine.machine.written import Decisions

NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that did not hold: which, at which bar (its open, UTC), and what was said there."""

    law: str
    time: str
    message: str

    def __str__(self) -> str:
        """The law, the place and the two sayings."""
        return f"{self.law}: at {self.time}: {self.message}"


@dataclass(frozen=True)
class Pair:
    """Two runs of a program over a market that ought to say the same, and what to call them."""

    law: str
    program: Program
    market: Market
    expected: str
    got: str

    def decisions(
        self, expected: Mapping[Side, Decisions], got: Mapping[Side, Decisions]
    ) -> Violation | None:
        """Where the decisions of two runs part, bit for bit."""
        layout = Layout(self.program)
        for side, wanted in expected.items():
            found = got[side]
            at = parting(bits(wanted), bits(found))
            if at is not None:
                one, other = (_told(layout, made, at) for made in (wanted, found))
                rows = [made.rows[at, ROW] for made in (wanted, found) if at < len(made)]
                return self._violation(int(min(rows)), f"{side} {{}}", one, other)
        return None

    def records(self, expected: Ints, got: Ints) -> Violation | None:
        """Where the records of two runs part."""
        at = parting(expected, got)
        if at is None:
            return None
        one, other = (_recorded(self.program, records, at) for records in (expected, got))
        rows = [records[at, out.ROW] for records in (expected, got) if at < len(records)]
        return self._violation(int(min(rows)), "{}", one, other)

    def lines(self, expected: list[str], got: list[str]) -> Violation | None:
        """Where two texts part."""
        for number in range(max(len(expected), len(got))):
            one, other = (text[number : number + 1] for text in (expected, got))
            if one != other:
                said = [text[0] if text else NOTHING for text in (one, other)]
                message = f"{self.expected} says {said[0]}, {self.got} says {said[1]}"
                return Violation(self.law, f"line {number + 1} of the journal", message)
        return None

    def broken(self, row: int, message: str) -> Violation:
        """A violation at a bar."""
        return Violation(self.law, time_of(self.market, row), message)

    def _violation(self, row: int, form: str, one: str, other: str) -> Violation:
        said = f"{self.expected} says {form.format(one)}, {self.got} says {form.format(other)}"
        return self.broken(row, said)


def time_of(market: Market, row: int) -> str:
    """The open of a bar in UTC, `the end` past the last."""
    if not 0 <= row < len(market):
        return "the end"
    return f"{np.datetime64(int(market.minute[row]), 'm')}Z"


def parting(one: Ints, other: Ints) -> int | None:
    """The first row in which two tables differ, None where they are the same."""
    common = min(len(one), len(other))
    differ = np.flatnonzero((one[:common] != other[:common]).any(axis=1))
    if len(differ):
        return int(differ[0])
    return None if len(one) == len(other) else common


def bits(made: Decisions) -> Ints:
    """Decisions as one table of whole numbers, floats by their bits, so that equal is equal."""
    reals = np.where(np.isnan(made.reals), np.nan, made.reals)
    table: Ints = np.concatenate([made.rows, reals.view(np.int64)], axis=1)
    return table


def _told(layout: Layout, made: Decisions, at: int) -> str:
    if at >= len(made):
        return NOTHING
    cells, reals = made.rows[at].tolist(), made.reals[at].tolist()
    kind, stage, cause = Decision(cells[KIND]), cells[STAGE], cells[CAUSE]
    named: dict[Decision, Callable[[int], str]] = {
        Decision.START: lambda _: "",
        Decision.ADVANCE: lambda number: f" to {layout.stage_names[number]}",
        Decision.DEAD: lambda number: f" ({layout.reasons[number]})",
        Decision.ENTRY: lambda number: f" (stop {layout.program.stops[number].name})",
    }
    who = f"#{cells[ORDINAL]} of bar {cells[STARTED]}"
    values = [
        f"{name} {_shown(reals[k] if sort is Kind.REAL else cells[VALUES + k])}"
        for k, (name, sort) in enumerate(layout.values(kind, stage, cause))
    ]
    return " ".join([f"{kind.name}{named[kind](cause)} {who} at bar {cells[ROW]}", *values])


def _shown(value: float) -> str:
    return "na" if value in (NA, None) or value != value else repr(value)  # noqa: PLR0124 - NaN


def _recorded(program: Program, records: Ints, at: int) -> str:
    if at >= len(records):
        return NOTHING
    cells = records[at].tolist()
    reason = reason_names(program)[cells[out.REASON]]
    return (
        f"{out.Kind(cells[out.KIND]).name} {reason} of intent {cells[out.INTENT]} at bar "
        f"{cells[out.ROW]}, {cells[out.KIND + 1 :]}"
    )
