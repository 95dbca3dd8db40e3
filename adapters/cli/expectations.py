"""The tests that a strategy carries: a day whose outcome is known, run and held against it.

A test passes when one candidate of its side went through everything that is expected, in that
order, at those times; what happened besides is its own business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.cli.figures import clock
from adapters.cli.workbench import compiled, program_of, shown
from adapters.instruments import INSTRUMENTS
from dsl.ir.program import reasons
from engine.journal.decisions import CAUSE, DAY, KIND, ORDINAL, ROW, Decision
from engine.journal.units import date_text
from engine.run import Run, Strategy, run_batch

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.cli.options import Choice
    from adapters.cli.workbench import Bench
    from dsl.ir.program import Expectation, Program

Moment = tuple[str, str]
"""What happened and when, as a test writes it: (`armed`, `16:26`)."""

SHOWN = 3
"""Candidates that are shown when a test fails: those that came nearest."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A test that was run; `lines` say what happened instead where it failed."""

    name: str
    passed: bool
    lines: tuple[str, ...] = ()

    @property
    def record(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"test": self.name, "passed": self.passed, "instead": list(self.lines)}


@dataclass(frozen=True, slots=True)
class Timeline:
    """What became of one candidate."""

    candidate: str
    moments: tuple[Moment, ...]

    def met(self, expected: tuple[Moment, ...]) -> int:
        """How many of the expected moments happened, in order, before one did not."""
        happened = iter(self.moments)
        return next(
            (count for count, one in enumerate(expected) if one not in happened), len(expected)
        )

    def __str__(self) -> str:
        return f"{self.candidate}: " + ", ".join(f"{what}@{when}" for what, when in self.moments)


def tried(made: Bench, folder: Path, choice: Choice) -> list[Tried]:
    """Every test of a strategy, run. Raises `DataError` for bars that cannot be used."""
    return [_try(one, made, folder, choice) for one in made.program.tests]


def _try(test: Expectation, made: Bench, folder: Path, choice: Choice) -> Tried:
    from adapters import store  # noqa: PLC0415 - brings the readers of files

    program = _program(test, made.program, choice)
    market = store.resolve(str(folder / test.bars), program.instrument)
    run = run_batch(Strategy(program), market, made.calendars, events=made.events)
    found = timelines(run, test)
    if any(one.met(test.expect) == len(test.expect) for one in found):
        return Tried(test.name, passed=True)
    return Tried(test.name, passed=False, lines=tuple(_instead(found, test)))


def _program(test: Expectation, program: Program, choice: Choice) -> Program:
    """The program with the values of the test."""
    if not test.values:
        return program
    values = {**choice.values, **dict(test.values), "instrument": program.instrument.symbol}
    known = {**INSTRUMENTS, program.instrument.symbol: program.instrument}
    return program_of(shown(choice.spec), compiled(choice.spec, values, known))


def timelines(run: Run, test: Expectation) -> list[Timeline]:
    """What became of each candidate of the test's side, on the test's clock."""
    names = reasons(run.program)
    found: dict[str, list[Moment]] = {}
    decisions = run.decisions.get(test.side)
    for cells in decisions.rows.tolist() if decisions is not None else ():
        day = date_text(int(run.days.date[cells[DAY]]))
        who = f"{day}/{test.side}/{cells[ORDINAL]}"
        what = _happened(run.program, names, Decision(cells[KIND]), cells[CAUSE])
        at = clock(int(run.market.minute[cells[ROW]]), test.clock)
        found.setdefault(who, []).append((what, at))
    return [Timeline(who, tuple(moments)) for who, moments in found.items()]


def _happened(program: Program, names: tuple[str, ...], kind: Decision, cause: int) -> str:
    """What a test calls an event: `start`, the stage reached, the reason of a death, `entry`."""
    match kind:
        case Decision.ADVANCE:
            return program.stages[cause].name
        case Decision.DEAD:
            return names[cause]
        case Decision.START | Decision.ENTRY:
            return kind.name.lower()


def _instead(found: list[Timeline], test: Expectation) -> list[str]:
    """What happened, nearest first."""
    wanted = ", ".join(f"{what}@{when}" for what, when in test.expect)
    lines = [f"expected {wanted} ({test.clock})"]
    if not found:
        return [*lines, f"no {test.side} candidate began"]
    nearest = sorted(found, key=lambda one: -one.met(test.expect))[:SHOWN]
    return [*lines, *(f"instead {one}" for one in nearest)]
