"""W113, and the part of a parameter's range in which it does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.analysis.intervals import Interval, is_switch
from dsl.analysis.wording import amount_of, bare_amount_of
from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dsl.analysis.facts import Setting
    from dsl.analysis.places import Rule
    from dsl.analysis.prover import Prover
    from dsl.findings import Findings
    from dsl.ir.program import ParamSpec

SHARE_MIN = 0.05
"""A part of the range smaller than this is not worth a warning."""


def effect_of(prover: Prover, rule: Rule, given: Sequence[ir.Node], setting: Setting) -> str:
    """What may be done about a condition that follows from the given ones at the defaults."""
    lone = _measuring_only(prover, rule)
    if len(lone) != 1:
        return "remove it, or was another limit meant?"
    (param,) = lone
    low, high = param.low, param.high
    if low is None or high is None:
        return "remove it, or was another limit meant?"
    value = int(prover.bounds.ranges[param.name].low)

    def spare(part: Interval) -> bool:
        return _narrowed(prover, param, part).follows(rule.node, given, setting)

    most = _furthest(spare, value, high)
    least = _furthest(spare, value, low)
    if most == high and least == low:
        return f"`{param.name}` has no effect at any value in its range"
    if least == low:
        return f"`{param.name}` has no effect up to {amount_of(param, most)}"
    if most == high:
        return f"`{param.name}` has no effect from {amount_of(param, least)} up"
    span = f"{bare_amount_of(param, least)} to {amount_of(param, most)}"
    return f"`{param.name}` has no effect from {span}"


def parts_without_effect(
    prover: Prover, rules: Sequence[Rule], setting: Setting, findings: Findings
) -> None:
    """W113 for conditions that must all be true: ends of a range at which one cannot decide."""
    for rule in rules:
        for param in _measuring_only(prover, rule):
            if not _is_compared(prover, rule, param):
                continue
            if param.low is not None and param.high is not None and param.low < param.high:
                for words in _dead_ends(prover, rule, param, rules, setting):
                    findings.warning(
                        "W113",
                        param.span,
                        f"`{param.name}` has no effect {words}",
                        "shrink the range to the part that matters",
                    )


def _is_compared(prover: Prover, rule: Rule, param: ParamSpec) -> bool:
    """Whether the rule says anything that can be proven of the parameter."""
    return any(
        atom.node.kind is ir.Kind.INT and ir.Param(param.name) in ir.walk(atom.node)
        for case in prover.expander.cases(rule.node, true=True)
        for form in case.forms
        for atom, _ in form.terms
    )


def _dead_ends(
    prover: Prover, rule: Rule, param: ParamSpec, rules: Sequence[Rule], setting: Setting
) -> Iterator[str]:
    assert param.low is not None
    assert param.high is not None
    others = [other.node for other in rules if other is not rule]

    def never(part: Interval) -> bool:
        return _narrowed(prover, param, part).impossible([*others, rule.node], setting)

    def spare(part: Interval) -> bool:
        return _narrowed(prover, param, part).follows(rule.node, others, setting)

    for dead, why in (
        (never, f"`{rule.name}` is then never true"),
        (spare, f"`{rule.name}` then follows from the other conditions"),
    ):
        if dead(Interval(param.low, param.low)):
            most = _furthest(dead, param.low, param.high)
            if _worth_it(param, most - param.low):
                yield f"up to {amount_of(param, most)}: {why}"
        if dead(Interval(param.high, param.high)):
            least = _furthest(dead, param.high, param.low)
            if _worth_it(param, param.high - least):
                yield f"from {amount_of(param, least)} up: {why}"


def _worth_it(param: ParamSpec, width: int) -> bool:
    assert param.low is not None
    assert param.high is not None
    return width > 0 and width >= max(param.step or 0, SHARE_MIN * (param.high - param.low))


def _furthest(dead: Callable[[Interval], bool], start: int, end: int) -> int:
    """The value nearest to `end` such that all from `start` to it are dead."""
    if dead(_between(start, end)):
        return end
    good, bad = start, end
    while abs(bad - good) > 1:
        middle = (good + bad) // 2
        if dead(_between(start, middle)):
            good = middle
        else:
            bad = middle
    return good


def _between(a: int, b: int) -> Interval:
    return Interval(min(a, b), max(a, b))


def _narrowed(prover: Prover, param: ParamSpec, part: Interval) -> Prover:
    return prover.within({**prover.bounds.ranges, param.name: part})


def _measuring_only(prover: Prover, rule: Rule) -> list[ParamSpec]:
    """The parameters that measure something, in this rule and nowhere else in the program."""
    named = {node.name for node in ir.walk(rule.node) if isinstance(node, ir.Param)}
    return [
        param
        for param in prover.program.params
        if param.name in named and not is_switch(param) and prover.uses[param.name] == 1
    ]
