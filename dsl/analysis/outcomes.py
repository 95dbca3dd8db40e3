"""E060: every outcome has one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.analysis.places import places_of
from dsl.ir.program import NO_PRICE, NO_STOP, NO_TARGET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.analysis.places import Step
    from dsl.findings import Findings
    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.source import Span, Text
    from dsl.structure import Setup, Spec

OWN: Final = {
    NO_PRICE: "the entry order has no price",
    NO_STOP: "no case of the stop applies",
    NO_TARGET: "a target has no price",
}
"""What the engine itself says, at the entry."""

Claim = tuple["Text", str, "Node | None"]
"""A name, what it is the name of, and the condition behind it if there is one."""


def outcomes(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """Names that would stand for two things in one place of the funnel."""
    places = places_of(spec, scope, program)
    setup = spec.setup
    for step in places.steps:
        assert setup is not None
        _distinct(_ends_of(setup, step), f"in `{step.name}`", findings)
        _distinct_conditions(setup, step, findings)
        _distinct_targets(step, findings)
    for name, text in {**spec.filters, **spec.require}.items():
        if name in OWN:
            findings.error(
                "E060",
                name.span,
                f"`{name}` already means that {OWN[name]}",
                f"choose another name for `{text}`",
            )
    filters = [(name, "a filter", None) for name in spec.filters]
    required = [(name, "a requirement", None) for name in spec.require]
    risk = spec.risk.else_ if spec.risk else None
    sized = [(risk, "a size that is too small", None)] if risk is not None else []
    _distinct([*filters, *required, *sized], "at the entry", findings)


def _ends_of(setup: Setup, step: Step) -> Iterator[Claim]:
    """What can end a candidate in a stage."""
    for name, text in setup.always.items():
        yield name, f"the rule `{text}` of `always`", None
    stage = setup.stages[step.name]
    for name, text in stage.invalidate.items():
        yield name, f"the rule `{text}`", None
    if stage.within is not None:
        yield stage.within.else_, "the deadline", None
    merge = setup.merge
    if merge is not None and merge.at == step.name and merge.else_ is not None:
        yield merge.else_, "a duplicate", None


def _distinct(claims: Iterable[Claim], where: str, findings: Findings) -> None:
    first: dict[str, str] = {}
    for name, meaning, _ in claims:
        other = first.setdefault(str(name), meaning)
        if other is not meaning:
            _clash(name, name.span, f"{other} and {meaning}", where, findings)


def _clash(name: str, span: Span, meanings: str, where: str, findings: Findings) -> None:
    findings.error(
        "E060",
        span,
        f"`{name}` means two things {where}: {meanings}",
        "give each a name of its own: the funnel and the journal count by name",
    )


def _distinct_conditions(setup: Setup, step: Step, findings: Findings) -> None:
    """One name for two different conditions of the ways on."""
    first: dict[str, tuple[Text, Node]] = {}
    written = setup.stages[step.name]
    named = [
        (name, text, rule.node)
        for (name, text), rule in zip(written.invalidate.items(), step.invalidate, strict=True)
    ]
    for way in step.ways:
        named += [
            (name, text, rule.node)
            for (name, text), rule in zip(way.written.when.items(), way.rules, strict=True)
        ]
    for name, text, node in named:
        other, before = first.setdefault(str(name), (text, node))
        if before != node:
            _clash(name, name.span, f"`{other}` and `{text}`", f"in `{step.name}`", findings)


def _distinct_targets(step: Step, findings: Findings) -> None:
    first: set[str] = set()
    for way in step.ways:
        to = way.written.to
        if to in first:
            findings.error(
                "E060",
                to.span,
                f"`{step.name}` advances to `{to}` twice",
                "join the two: one way on whose condition is `a or b`",
            )
        first.add(str(to))
