"""W110, W111, W112: conditions that can never hold, that add nothing, that always hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dsl import syntax as syn
from dsl.analysis.intervals import defaults_of, is_switch
from dsl.analysis.pieces import pieces
from dsl.analysis.places import is_condition, places_of
from dsl.analysis.prover import ANYWHERE, Prover
from dsl.analysis.ranges import effect_of, parts_without_effect
from dsl.analysis.reasons import because
from dsl.analysis.ways import reachable
from dsl.analysis.wording import listed
from dsl.ir import expression as ir
from dsl.ir.program import ENTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.analysis.facts import Setting
    from dsl.analysis.pieces import Piece
    from dsl.analysis.places import Places, Rule
    from dsl.findings import Findings
    from dsl.ir.program import Program, Side
    from dsl.scope import Scope
    from dsl.source import Span
    from dsl.structure import Spec

TOGETHER_MAX: Final = 20
"""Conditions of one conjunction beyond which none is compared with the others."""


def decisions(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """Every condition of the strategy, by itself and among those it is asked with."""
    places = places_of(spec, scope, program)
    _Judge(scope, program, findings).judge(places)


@dataclass(slots=True)
class _Judge:
    """Goes through the conditions in the order of the file and says each thing once."""

    scope: Scope
    program: Program
    findings: Findings
    prover: Prover = field(init=False)
    defaults: dict[Side, Prover] = field(init=False)
    told: list[ir.Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Provers for all values of the parameters, and for the defaults of each side."""
        self.prover = Prover(self.program)
        self.defaults = {
            side: self.prover.within(defaults_of(self.program, side)) for side in self.program.sides
        }

    def judge(self, places: Places) -> None:
        """Everything, definitions first: what is wrong there is not said again where it is used."""
        for rule in (*places.definitions, *places.trackers):
            if is_condition(rule):
                self.alone(rule, ANYWHERE)
        self.together(places.start, ANYWHERE)
        reached = reachable(self.program)
        for step in places.steps:
            if step.stage.name not in reached:
                continue
            setting = self.prover.in_stage(step.stage)
            asked = [*places.always]
            for rule in step.invalidate:
                self.one(rule, setting, asked)
                asked.append(rule)
            for way in step.ways:
                self.together(way.rules, setting, asked)
                asked += way.rules if len(way.rules) == 1 else ()
        for n, rule in enumerate(places.always):
            self.one(rule, ANYWHERE, places.always[:n])
        if ENTRY in reached:
            self.judge_entry(places)
        for n, rule in enumerate(places.exits):
            self.one(rule, ANYWHERE, places.exits[:n])

    def judge_entry(self, places: Places) -> None:
        """What is asked of a setup that is complete."""
        entry = self.prover.at_entry()
        for n, rule in enumerate(places.stops):
            self.one(rule, entry, places.stops[:n])
        self.together(places.filters, entry)
        self.together(places.require, entry)

    # --- one condition -----------------------------------------------------------------------

    def one(self, rule: Rule, setting: Setting, asked: Sequence[Rule]) -> None:
        """A condition that decides by itself, after those asked before it."""
        if not self.alone(rule, setting):
            self.covered((rule,), setting, asked)

    def alone(self, rule: Rule, setting: Setting, *, possible: bool = False) -> bool:
        """Whether something is said about the condition by itself; `possible`: it can be true."""
        if self.heard(rule.node):
            return True
        if not possible and self.prover.impossible([rule.node], setting):
            self.never(rule, setting)
            return True
        if self.prover.follows(rule.node, (), setting):
            self.always(rule)
            return True
        return self.dead_branches(rule, setting)

    def heard(self, node: ir.Node) -> bool:
        """Whether the condition is made of one that something was already said about."""
        return any(inner == told for told in self.told for inner in ir.walk(node))

    def never(self, rule: Rule, setting: Setting) -> None:
        span, nodes = rule.text.span, [rule.node]
        for piece in self.conjuncts(rule):
            if self.prover.impossible([piece.node], setting):
                span, nodes = piece.span, [piece.node]
        where = f" in `{setting.stage.name}`" if setting.stage else ""
        self.findings.warning(
            "W110",
            span,
            f"`{rule.name}` can never be true{where}",
            because(self.prover, nodes, setting),
        )
        self.tell(rule)

    def always(self, rule: Rule) -> None:
        if str(rule.text) != "true":
            self.findings.warning(
                "W112",
                rule.text.span,
                f"`{rule.name}` is always true",
                "it decides nothing: remove it, or was another comparison meant?",
            )
        self.tell(rule)

    def tell(self, rule: Rule) -> None:
        if not isinstance(rule.node, ir.Const):
            self.told.append(rule.node)

    def conjuncts(self, rule: Rule) -> Iterator[Piece]:
        """The parts of the rule that must all be true, where it is written as `a and b`."""
        yield from self.operands(rule, "and")

    def operands(self, rule: Rule, operator: str) -> Iterator[Piece]:
        if f" {operator} " not in rule.text:
            return
        made = list(pieces(self.scope, rule.text, rule.level, rule.written_as))
        whole = made[0].syntax if made else None
        if isinstance(whole, syn.Logic) and whole.operator == operator:
            yield from (piece for piece in made if piece.syntax in whole.operands)

    def dead_branches(self, rule: Rule, setting: Setting) -> bool:
        """Whether a part of `a or b` can never be true."""
        found = False
        for piece in self.operands(rule, "or"):
            if not self.heard(piece.node) and self.prover.impossible([piece.node], setting):
                found = True
                self.findings.warning(
                    "W110",
                    piece.span,
                    f"this part of `{rule.name}` can never be true",
                    because(self.prover, [piece.node], setting),
                )
        return found

    # --- conditions together -----------------------------------------------------------------

    def together(self, rules: Sequence[Rule], setting: Setting, asked: Sequence[Rule] = ()) -> None:
        """Conditions that must all be true."""
        nodes = [rule.node for rule in rules]
        possible = not self.prover.impossible(nodes, setting)
        said = [self.alone(rule, setting, possible=possible) for rule in rules]
        if any(said) or len(rules) > TOGETHER_MAX:
            return
        if not possible:
            self.exclusive(self.fewest(rules, setting), setting)
            return
        if self.covered(rules, setting, asked):
            return
        spare = self.superfluous(rules, setting)
        left = [rule for rule in rules if rule not in spare]
        parts_without_effect(self.prover, left, setting, self.findings)

    def fewest(self, rules: Sequence[Rule], setting: Setting) -> list[Rule]:
        """As few of the rules as are impossible together."""
        left = list(rules)
        for rule in rules:
            rest = [other for other in left if other is not rule]
            if self.prover.impossible([other.node for other in rest], setting):
                left = rest
        return left

    def exclusive(self, rules: Sequence[Rule], setting: Setting) -> None:
        names = listed(rule.name for rule in rules)
        where = f" in `{setting.stage.name}`" if setting.stage else ""
        self.findings.warning(
            "W110",
            rules[-1].text.span,
            f"{names} can never be true together{where}",
            because(self.prover, [rule.node for rule in rules], setting),
        )

    def covered(self, rules: Sequence[Rule], setting: Setting, asked: Sequence[Rule]) -> bool:
        """Whether a rule asked before takes every bar on which these are true."""
        nodes = [rule.node for rule in rules]
        for earlier in asked:
            if self.heard(earlier.node):
                continue
            if self.prover.follows(earlier.node, nodes, setting):
                names = listed(rule.name for rule in rules)
                verb = "never decides" if len(rules) == 1 else "never decide"
                self.findings.warning(
                    "W112",
                    rules[-1].text.span,
                    f"{names} {verb}: `{earlier.name}` is asked before and is true whenever "
                    f"{'it is' if len(rules) == 1 else 'they are'}",
                    "put the narrower rule first, or remove it",
                )
                return True
        return False

    # --- conditions that add nothing ---------------------------------------------------------

    def superfluous(self, rules: Sequence[Rule], setting: Setting) -> list[Rule]:
        """The conditions that follow from the others at the default values."""
        found: list[Rule] = []
        for rule in reversed(rules):
            others = [other for other in rules if other is not rule and other not in found]
            if self.switched_off(rule):
                continue
            nodes = [other.node for other in others]
            sides = [s for s, p in self.defaults.items() if p.follows(rule.node, nodes, setting)]
            if sides:
                found.append(rule)
                self.adds_nothing(rule, others, sides, setting)
        return found

    def switched_off(self, rule: Rule) -> bool:
        """Whether a parameter of it stands at 0: a usual way to say that it shall not decide."""
        named = {node.name for node in ir.walk(rule.node) if isinstance(node, ir.Param)}
        used = (param for param in self.program.params if param.name in named)
        return any(0 in (param.short, param.long) and not is_switch(param) for param in used)

    def adds_nothing(
        self, rule: Rule, others: Sequence[Rule], sides: Sequence[Side], setting: Setting
    ) -> None:
        prover = self.defaults[sides[0]]
        needed = list(others)
        for other in others:
            rest = [rule.node for rule in needed if rule is not other]
            if prover.follows(rule.node, rest, setting):
                needed = [rule for rule in needed if rule is not other]
        everywhere = len(sides) == len(self.defaults)
        whom = "" if everywhere else f" for {sides[0].value.upper()}"
        names = listed(other.name for other in needed)
        verb = "is" if len(needed) == 1 else "are"
        message = f"`{rule.name}` adds nothing{whom}: it is true whenever {names} {verb}"
        if not needed:
            message = f"`{rule.name}` is always true{whom} with the default values"
        remedy = effect_of(prover, rule, [other.node for other in needed], setting)
        report = self.findings.warning if everywhere else self.findings.note
        report("W111", _span_of(rule), message, remedy)


def _span_of(rule: Rule) -> Span:
    return rule.text.span
