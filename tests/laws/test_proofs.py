"""What the compiler proves about conditions holds on every bar: W110, W111, W112, E050 cry no wolf.

Strategies and markets are made up at random; the interpreter asks every condition of every
candidate, and nothing may happen that was called impossible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from dsl.analysis.intervals import Bounds, defaults_of
from dsl.analysis.prover import ANYWHERE, Prover
from dsl.ir import expression as ir
from dsl.ir.text import node_text
from engine.interpreter.machine import Interpreter, Nobody
from tests.support.calendars import FixedHours
from tests.support.specs import Trial, trial, trials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.analysis.facts import Setting
    from dsl.ir.program import Named, Program, Side
    from engine.interpreter.candidate import Sight
    from engine.interpreter.machine import Completion

pytestmark = pytest.mark.law

NO_HOLE_IS_TOO_LONG = 1 << 20
"""What is said of deadlines in minutes holds up to a hole that long, in minutes."""


@dataclass(frozen=True)
class Claim:
    """Where all of `given` are true, `then` is true and known; without it, they never all are."""

    given: tuple[ir.Node, ...]
    then: ir.Node | None

    def __str__(self) -> str:
        """The claim as a person may check it."""
        given = " and ".join(map(node_text, self.given)) or "anything"
        return f"{given} => {'never' if self.then is None else node_text(self.then)}"


def claims(prover: Prover, rules: Sequence[Named], setting: Setting) -> Iterator[Claim]:
    """What is proven of some conditions, alone and in pairs."""
    nodes = [rule.node for rule in rules]
    for node in nodes:
        for also in ((), *((other,) for other in nodes if other is not node)):
            if prover.impossible((node, *also), setting):
                yield Claim((node, *also), None)
            elif prover.follows(node, also, setting):
                yield Claim(also, node)


def instants(made: Trial) -> dict[str, list[int]]:
    """The event lists as the interpreter takes them."""
    return {name: events.tolist() for name, events in made.events.items()}


class Doubter(Nobody):
    """Looks over the candidates' shoulders for something that was proven not to be."""

    def __init__(self, machine: Interpreter, provers: Sequence[Prover]) -> None:
        """`provers`: whose claims are doubted."""
        self.machine = machine
        self.program = machine.program
        self.refuted: list[str] = []
        self.made = 0
        self.in_stage = {
            stage.name: self._all(
                provers,
                [*stage.invalidate, *(rule for way in stage.advance for rule in way.when)],
                [prover.in_stage(stage) for prover in provers],
            )
            for stage in self.program.stages
        }
        self.at_entry = self._all(
            provers,
            [*self.program.filters, *self.program.require],
            [prover.at_entry() for prover in provers],
        )

    def _all(
        self, provers: Sequence[Prover], rules: Sequence[Named], settings: Sequence[Setting]
    ) -> list[Claim]:
        found = [
            claim
            for prover, setting in zip(provers, settings, strict=True)
            for claim in claims(prover, rules, setting)
        ]
        self.made += len(found)
        return found

    def asked(self, sight: Sight) -> None:
        """The rules of a stage: the claims speak of candidates that `always` lets live."""
        if not any(self.machine.true(rule.node, sight) for rule in self.program.always):
            stage = self.program.stages[sight.candidate.stage]
            self._doubt(self.in_stage[stage.name], sight)

    def completed(self, sight: Sight, completion: Completion) -> None:
        """The filters and requirements."""
        self._doubt(self.at_entry, sight)

    def _doubt(self, made: Sequence[Claim], sight: Sight) -> None:
        for claim in made:
            given = all(self.machine.true(node, sight) for node in claim.given)
            if given and (claim.then is None or not self.machine.true(claim.then, sight)):
                self.refuted.append(f"row {sight.row}: {claim}")


def doubted(made: Trial, program: Program, side: Side) -> Doubter:
    """The claims about one side of a program, after a run over the market."""
    provers = [Prover(program), Prover(program, defaults_of(program, side))]
    machine = Interpreter(program, made.market, side, FixedHours(), instants(made))
    machine.watcher = doubter = Doubter(machine, provers)
    machine.run()
    rules = [*program.start.when, *program.filters, *program.exits.when]
    for claim in doubter._all(provers, rules, [ANYWHERE] * 2):
        for row in range(len(made.market)):
            given = all(machine.rows.value(node, row) is True for node in claim.given)
            if given and (claim.then is None or machine.rows.value(claim.then, row) is not True):
                doubter.refuted.append(f"row {row}: {claim}")
                break
    return doubter


@given(made=trials())
def test_nothing_happens_that_was_proven_impossible(made: Trial) -> None:
    program = replace(made.strategy.program, max_gap=NO_HOLE_IS_TOO_LONG)

    for side in program.sides:
        assert doubted(made, program, side).refuted == []


def test_something_is_proven_about_strategies_made_up_at_random() -> None:
    """Or the test above would be about nothing."""
    count = 0
    for seed in range(12):
        made = trial(Random(seed))
        program = replace(made.strategy.program, max_gap=NO_HOLE_IS_TOO_LONG)
        count += doubted(made, program, program.written).made
    assert count > 50


@given(made=trials())
def test_every_value_lies_within_its_bounds(made: Trial) -> None:
    program = made.strategy.program
    bounds = Bounds(program)
    for side in program.sides:
        machine = Interpreter(program, made.market, side, FixedHours(), instants(made))
        for node in row_numbers(program):
            held = bounds.of(node)
            for row in range(len(made.market)):
                value = machine.rows.value(node, row)
                assert value is None or held.low <= value <= held.high, (node_text(node), row)


def row_numbers(program: Program) -> Iterator[ir.Node]:
    """The numbers inside the conditions of bars alone, except those of larger bars."""
    for rule in (*program.start.when, *program.filters, *program.exits.when):
        yield from _numbers(rule.node)


def _numbers(node: ir.Node) -> Iterator[ir.Node]:
    if node.kind is not ir.Kind.BOOL:
        yield node
    if not isinstance(node, ir.OnFrame):
        for child in ir.children(node):
            yield from _numbers(child)
