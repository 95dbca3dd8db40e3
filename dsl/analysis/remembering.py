"""Values that a candidate is asked for before it remembers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.analysis.memory import COUNTING, memory_of
from dsl.analysis.pieces import pieces
from dsl.analysis.places import places_of
from dsl.analysis.wording import listed
from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.analysis.places import Rule
    from dsl.findings import Findings
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.structure import Spec


def restarts(spec: Spec, _: Scope, program: Program, findings: Findings) -> None:
    """E027: a tracker restarts with one that holds no bar, which would empty it on every bar."""
    kinds = {tracker.name: tracker.op for tracker in program.trackers}
    written = {str(name): track for name, track in (spec.setup.track if spec.setup else {}).items()}
    for tracker in program.trackers:
        leader = tracker.after
        if leader is not None and kinds[leader] in COUNTING:
            text = written[tracker.name].is_
            start = text.rindex(leader)
            findings.error(
                "E027",
                text.span.inside(start, start + len(leader)),
                f"`{leader}` holds no bar",
                f"`{kinds[leader].value}` changes on every bar it counts, so `{tracker.name}` "
                "would never hold one; restart with a highest, lowest, latest or earliest",
            )


def missing_captures(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """W110: captures read where some way comes by without making them."""
    memory = memory_of(program)
    places = places_of(spec, scope, program)
    told: set[str] = set()
    for step in places.steps:
        rules = [*step.invalidate, *(rule for way in step.ways for rule in way.rules)]
        given = memory.ever[step.stage.name] - memory.always[step.stage.name]
        for name, rule in _unguarded(rules, given - told):
            told.add(name)
            _warn(scope, rule, name, f"in `{step.name}`", findings)


def _unguarded(rules: Sequence[Rule], names: frozenset[str]) -> Iterator[tuple[str, Rule]]:
    """The captures that rules read, unless one of them asks whether there is one."""
    nodes = [(rule, node) for rule in rules for node in ir.walk(rule.node)]
    asked = {
        inner.capture
        for _, node in nodes
        if isinstance(node, ir.Known)
        for inner in ir.walk(node)
        if isinstance(inner, ir.CaptureField)
    }
    for rule, node in nodes:
        if isinstance(node, ir.CaptureField) and node.capture in names - asked:
            yield node.capture, rule


def _warn(scope: Scope, rule: Rule, name: str, where: str, findings: Findings) -> None:
    span = rule.text.span
    for piece in pieces(scope, rule.text, rule.level, rule.written_as):
        if isinstance(piece.node, ir.CaptureField) and piece.node.capture == name:
            span = piece.span
    findings.warning(
        "W110",
        span,
        f"not every way captures {listed([name])}: after the others `{rule.name}` can never be "
        f"true {where}",
        f"capture it on every way, or say what holds without it: `exists {name} and ...`",
    )
