"""W120, W121, W130, W131: what is as it should be and worth knowing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import syntax as syn
from dsl.analysis.intervals import Bounds
from dsl.analysis.pieces import pieces
from dsl.analysis.places import written_in
from dsl.analysis.wording import amount_of, bare_amount_of, listed
from dsl.calls import looks_across
from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.analysis.places import Rule
    from dsl.findings import Findings
    from dsl.ir.program import Anchor, ParamSpec, Program, SessionRule
    from dsl.scope import Scope
    from dsl.structure import Spec

EXACT: int = 1 << 53
"""Whole numbers up to here are float64 values themselves."""


def history(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """W120: what must lie before the first decision."""
    needs = program.history
    parts = []
    if needs.bars:
        parts.append(f"{needs.bars} bars of earlier dates")
    if needs.dates:
        parts.append(
            "the sessions of the date before"
            if needs.dates == 1
            else f"the sessions of {needs.dates} dates before"
        )
    if needs.unbounded:
        parts.append("as many bars as it takes to find those that a window counts")
    first = next(
        (
            rule
            for rule in written_in(spec, scope, program)
            if any(_looks_back(node) for node in ir.distinct((rule.node,)))
        ),
        None,
    )
    if parts and first is not None:
        findings.note(
            "W120",
            first.text.span,
            f"before the first decision there must be {' and '.join(parts)}",
            "with that much, decisions are exact and do not depend on where the data begin; "
            "until then what is not known yet lets no rule fire",
        )


def _looks_back(node: ir.Node) -> bool:
    previous = ir.Occurrence.PREVIOUS
    return looks_across(node) or (isinstance(node, ir.SessionValue) and node.occurrence is previous)


def reals(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """W121: the conditions that compare divided values."""
    deciding: dict[str, Rule] = {}
    divides = _Dividing()
    for rule in written_in(spec, scope, program):
        if rule.name not in deciding and divides(rule.node) and _compares(rule, scope, divides):
            deciding[rule.name] = rule
    if not deciding:
        return
    bounds = Bounds(program)
    huge = [name for name, rule in deciding.items() if _loses(rule.node, bounds)]
    more = f"; in {listed(huge)} whole numbers beyond 2^53 are rounded first" if huge else ""
    findings.note(
        "W121",
        next(iter(deciding.values())).text.span,
        f"divided values decide in {listed(deciding)}",
        f"they are rounded to 53 bits, the same way everywhere{more}",
    )


class _Dividing:
    """Whether a REAL is compared somewhere inside a node; shared parts are looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[ir.Node, bool]] = {}

    def __call__(self, node: ir.Node) -> bool:
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        itself = isinstance(node, ir.Compare) and node.left.kind is ir.Kind.REAL
        found = itself or any(self(child) for child in ir.children(node))
        self._known[id(node)] = (node, found)
        return found


COMPARING: Final = (syn.Comparison, syn.Call)
"""How a comparison is written: by its sign, or as a function that compares, such as `between`."""


def _compares(rule: Rule, scope: Scope, divides: _Dividing) -> bool:
    """Whether the comparison stands in this text, not in a definition that it names."""
    return any(
        isinstance(piece.node, (ir.Compare, ir.AllOf)) and divides(piece.node)
        for piece in pieces(scope, rule.text, rule.level, rule.written_as, COMPARING)
    )


def _loses(node: ir.Node, bounds: Bounds) -> bool:
    """Whether a whole number may be too large to be a float64 itself."""
    return any(
        isinstance(inner, ir.ToReal) and bounds.of(inner.operand).magnitude > EXACT
        for inner in ir.distinct((node,))
    )


def sides(_spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """W130: the parameters that make one side more than the mirror of the other."""
    if len(program.sides) < 2:
        return
    written = program.written
    differing = [param for param in program.params if param.short != param.long]
    if not differing:
        return
    values = []
    for param in differing:
        own, other = (param.short, param.long)
        if written.value == "long":
            own, other = other, own
        values.append(f"{param.name} {_changed(param, own, other)}")
    findings.note(
        "W130",
        scope.params[differing[0].name].span,
        f"{written.other.value.upper()} is the mirror of {written.value.upper()} "
        f"except {', '.join(values)}",
        "results of one side say less about the other",
    )


def _changed(param: ParamSpec, own: int, other: int) -> str:
    return f"{bare_amount_of(param, own)} -> {amount_of(param, other)}"


def lengths(spec: Spec, _scope: Scope, program: Program, findings: Findings) -> None:
    """W131: sessions whose two ends follow different clocks."""
    written = {str(name): section for name, section in spec.sessions.items()}
    for session in program.sessions:
        for why in _why_it_varies(session):
            findings.note(
                "W131",
                written[session.name].from_.span,
                f"the length of `{session.name}` varies: {why}",
                "rules on its prices see more or less of the market on those dates",
            )


def _why_it_varies(session: SessionRule) -> Iterator[str]:
    start, end = session.start, session.end
    if start.calendar and end.calendar and start.calendar != end.calendar:
        yield (
            f"the clocks of {start.calendar} and {end.calendar} change on different dates, and "
            "there is none when either is closed"
        )
    elif bool(start.calendar) != bool(end.calendar):
        exchange, clock = (start, end) if start.calendar else (end, start)
        yield (
            f"one end follows {_edge(exchange)}, the other the clock of {clock.zone}, and half "
            "days move only the first"
        )
    elif start.zone != end.zone:
        yield f"its ends follow the clocks of {start.zone} and {end.zone}"


def _edge(anchor: Anchor) -> str:
    return f"{anchor.calendar}.{anchor.edge}"
