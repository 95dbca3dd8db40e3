"""What the laws are tried on is worth trying: everything the language can say is said, and happens.

The same strategies are run by the interpreter and by the machine, so this is also the oracle's
law over seeds that never change.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.execution import records as out
from engine.execution.records import Kind, Reason
from engine.journal.decisions import CAUSE, KIND, Decision
from engine.laws.ground import TERMS
from engine.laws.repeated import oracle
from engine.machine.forms import Form
from engine.run import run_batch
from tests.support.calendars import FixedHours
from tests.support.specs import trial, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.run import Run
    from tests.support.specs import Trial

pytestmark = pytest.mark.law

STRATEGIES = {"prove": 6_000}.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"), 300)


@dataclass
class Seen:
    """What came up in a run of strategies."""

    said: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    strategies: int = 0
    completing: int = 0
    trading: int = 0


def seen() -> Seen:
    """Many made-up strategies, compiled and run."""
    found = Seen()
    for seed in range(STRATEGIES):
        made = trial(Random(seed))
        assert (
            oracle(made.strategy, made.market, FixedHours(), Random(seed), made.events) is None
        ), made
        run = run_batch(made.strategy, made.market, FixedHours(), TERMS, made.events, Form.PLAIN)
        found.strategies += 1
        found.said.update(set(said_by(made)))
        found.happened.update(set(happenings(run)))
        found.completing += any(
            Decision.ENTRY in decisions.rows[:, KIND] for decisions in run.decisions.values()
        )
        found.trading += Kind.CLOSED in run.records[:, out.KIND]
    return found


def said_by(made: Trial) -> Iterator[str]:
    """Every kind of node of a program, and every way of the setup, by name."""
    program = made.strategy.program
    for outer in nodes_in(program):
        for node in ir.walk(outer):
            yield type(node).__name__
            yield from flavours(node)
    for tracker in program.trackers:
        yield f"tracker {tracker.op.value}"
        yield f"tracker after {tracker.after is not None}"
        yield f"tracker newest {tracker.newest}"
        yield f"tracker where {tracker.where is not None}"
    for stage in program.stages:
        if stage.within is not None:
            yield f"deadline in {stage.within.unit}"
        yield f"invalidates {bool(stage.invalidate)}"
        for way in stage.advance:
            yield f"this bar {way.this_bar.value}"
            yield f"capture on the way {bool(way.captures)}"
    yield from structure(program)


def flavours(node: ir.Node) -> Iterator[str]:
    """The variants of a node that are worth telling apart."""
    name = type(node).__name__
    for part in ("op", "now", "across", "up", "occurrence", "part", "edge", "unit"):
        if hasattr(node, part):
            yield f"{name} {part} {getattr(node, part)}"
    over = getattr(node, "over", None)
    if over is not None:
        yield f"over before {over.before}"
        yield f"over where {over.where is not None}"
        yield f"over across {over.across}"


def structure(program: prog.Program) -> Iterator[str]:
    """The choices outside of expressions."""
    exits, start = program.exits, program.start
    yield f"written {program.written.value}, sides {len(program.sides)}"
    yield f"stages {len(program.stages)}"
    yield f"merge {program.merge is not None}"
    yield f"start rising {start.rising}"
    yield f"spacing {start.spacing_unit if start.spacing is not None else None}"
    yield f"order {program.entry.order.value}"
    yield f"others {bool(program.entry.others)}"
    yield f"targets {len(program.targets)}"
    yield f"stop cases {min(len(program.stops), 2)}, away {program.stop_away}"
    yield f"flat {exits.flat_by is not None}, after {exits.after is not None}"
    yield f"leave {bool(exits.when)}"
    even = exits.break_even
    yield f"even {None if even is None else even.after_target is not None}"
    yield f"trail {exits.trail is not None}"
    yield f"sizing {getattr(program.risk.method, 'value', None)}"
    yield f"by side {any(one.short != one.long for one in program.params)}"


def happenings(run: Run) -> Iterator[str]:
    """What became of candidates and intents, in kinds."""
    kinds = kinds_of_death(run.program)
    for side, decisions in run.decisions.items():
        reasons = prog.reasons(run.program)
        for row in decisions.rows.tolist():
            kind = Decision(row[KIND])
            yield kind.name
            yield f"{kind.name} {side.value}"
            if kind is Decision.DEAD:
                yield kinds[reasons[row[CAUSE]]]
    names = out.reason_names(run.program)
    for record in run.records.tolist():
        yield Kind(record[out.KIND]).name
        yield reason_kind(run.program, names, record[out.REASON])


def kinds_of_death(program: prog.Program) -> dict[str, str]:
    """Which rule of the language each reason is an instance of."""

    def of(kind: str, rules: Iterable[Any]) -> dict[str, str]:
        return {rule.name: kind for rule in rules}

    found = of("always", program.always) | of("filter", program.filters)
    found |= of("require", program.require)
    for stage in program.stages:
        found |= of("invalidate", stage.invalidate)
        found |= {stage.within.reason: "deadline"} if stage.within else {}
    found |= {program.merge.reason: "merge"} if program.merge else {}
    found |= {program.entry.others: "others"} if program.entry.others else {}
    found |= {name: name for name in (prog.NO_STOP, prog.NO_PRICE, prog.NO_TARGET)}
    return found | {program.overflow: "overflow"}


def reason_kind(program: prog.Program, names: tuple[str, ...], reason: int) -> str:
    """A fixed reason by its name, a target or an exit condition as such."""
    if reason < len(Reason):
        return Reason(reason).name
    return "TARGET" if reason < len(Reason) + len(program.targets) else "CONDITION"


NODES = {kind.__name__ for kind in ir.Node.__subclasses__()}
VARIANTS = {
    *(f"tracker {op.value}" for op in prog.TrackerOp),
    *(f"tracker {what} {yes}" for what in ("after", "newest", "where") for yes in (True, False)),
    *(f"deadline in {unit}" for unit in ("bars", "minutes")),
    *(f"this bar {rest.value}" for rest in prog.ThisBar),
    *(f"Window op {op}" for op in ("highest", "lowest", "sum", "count")),
    *(f"SinceSession op {op}" for op in ("highest", "lowest", "sum")),
    *(f"SessionValue occurrence {one}" for one in ir.Occurrence),
    *(f"SessionClock edge {edge}" for edge in ("since", "until")),
    *(f"Clock unit {unit}" for unit in ir.ClockUnit),
    *(f"CandidateClock unit {unit}" for unit in ("minute", "row")),
    *(f"Aggregate part {part}" for part in ir.Part),
    *(f"Aggregate op {op}" for op in ("highest", "lowest", "sum", "first", "last", "count",
                                      "size", "crossings")),
    *(f"{node} now {yes}" for node in ("TrackerField", "Aggregate") for yes in (True, False)),
    *(f"{node} across {yes}" for node in ("Lag", "BarsSince", "OnFrame") for yes in (True, False)),
    *(f"over {what} {yes}" for what in ("before", "where", "across") for yes in (True, False)),
    *(f"Unary op {op}" for op in ("neg", "abs", "sqrt")),
    *(f"Binary op {op}" for op in ("add", "sub", "mul", "div", "max", "min")),
    *(f"Compare op {op}" for op in ("<", "<=", ">", ">=", "==")),
    *(f"Round up {yes}" for yes in (True, False)),
    *(f"written {side}, sides {count}" for side in ("short", "long") for count in (1, 2)),
    *(f"stages {count}" for count in range(5)),
    *(f"spacing {unit}" for unit in ("minutes", "bars", None)),
    *(f"order {order.value}" for order in prog.OrderType),
    *(f"targets {count}" for count in range(4)),
    *(f"sizing {number}" for number in range(len(prog.Sizing))),
    *(f"even {how}" for how in (None, True, False)),
    *(f"{what} {yes}" for what in ("merge", "start rising", "others", "leave", "trail", "by side")
      for yes in (True, False)),
}  # fmt: skip
OUTCOMES = {
    *(f"{kind.name} {side.value}" for kind in Decision for side in prog.Side),
    *("always", "invalidate", "deadline", "merge", "overflow", "others"),
    *("filter", "require", prog.NO_STOP, prog.NO_PRICE, prog.NO_TARGET),
    *(kind.name for kind in Kind),
    *(reason.name for reason in Reason),
    *("TARGET", "CONDITION"),
}


def test_all_that_can_be_said_is_said_and_all_that_can_happen_happens() -> None:
    """One test, so that the strategies are run once, whoever runs the tests side by side."""
    found = seen()

    assert NODES - found.said.keys() == set()
    assert VARIANTS - found.said.keys() == set()
    assert OUTCOMES - found.happened.keys() == set()
    assert found.completing >= found.strategies * 0.3
    assert found.trading >= found.strategies * 0.12


def test_the_same_seed_writes_the_same_strategy() -> None:
    assert written(Random(3)) == written(Random(3))
    assert len({written(Random(seed)) for seed in range(20)}) == 20
