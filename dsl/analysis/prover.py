"""What can be proven about conditions: that they can never hold, or that one follows from others.

Proofs hold for every bar that data may contain, every state a candidate can be in and every value
in the ranges of the parameters. Where nothing can be proven the answer is the harmless one.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dsl.analysis.cases import HERE, Atom, Case, Expander, every
from dsl.analysis.differences import contradictory, work
from dsl.analysis.facts import EVERYTHING, Facts, Family, Setting
from dsl.analysis.intervals import Bounds
from dsl.analysis.memory import memory_of
from dsl.analysis.stretches import bounding_sessions
from dsl.analysis.ways import cyclic
from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir.program import ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.analysis.cases import Group
    from dsl.analysis.intervals import Ranges
    from dsl.ir.program import Program, Stage

ANYWHERE: Final = Setting()

WORK_MAX: Final = 20_000_000
"""Steps (`differences.work`) after which nothing more is proven: seconds, a hundred strategies."""


class Prover:
    """Answers questions about the conditions of one program."""

    def __init__(self, program: Program, ranges: Ranges | None = None) -> None:
        """`ranges`: what the parameters may be; all that they are declared to be by default."""
        self.program = program
        self._sessions = bounding_sessions(program)
        self._memory = memory_of(program)
        self._cyclic = frozenset(cyclic(program))
        self.uses = _uses(program)
        self._meter = [0]
        self._take(Bounds(program, ranges))

    def _take(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.expander = Expander(self.program, bounds)
        self.facts = Facts(self.program, self.expander, self._cyclic)
        self._found: dict[int, tuple[ir.Node, tuple[Case, ...]]] = {}

    def within(self, ranges: Ranges) -> Prover:
        """A prover of the same program with other values of the parameters."""
        other = copy(self)
        other._take(Bounds(self.program, ranges))  # noqa: SLF001 - its own kind
        return other

    # --- settings ----------------------------------------------------------------------------

    def in_stage(self, stage: Stage) -> Setting:
        """Where the rules of a stage are asked, `always` having let the candidate live."""
        return replace(self.before(stage), sessions=self._sessions)

    def before(self, stage: Stage) -> Setting:
        """Where `always` is asked of a candidate in a stage."""
        return Setting(stage, known=self._captured(stage.name), blank=self._blank(stage.name))

    def at_entry(self) -> Setting:
        """Where the bracket, `filters` and `require` are asked."""
        sessions = self._sessions if self.program.stages else frozenset[str]()
        return Setting(
            entry=True, known=self._captured(ENTRY), blank=self._blank(ENTRY), sessions=sessions
        )

    def _captured(self, stage: str) -> frozenset[Group]:
        return frozenset(("capture", name) for name in self._memory.always[stage])

    def _blank(self, stage: str) -> frozenset[Group]:
        memory, captures = self._memory, self.expander.captures
        trackers = {("tracker", name, False) for name in memory.empty[stage]}
        return frozenset(
            trackers | {("capture", name) for name in captures if name not in memory.ever[stage]}
        )

    # --- questions ---------------------------------------------------------------------------

    def impossible(
        self,
        conditions: Sequence[ir.Node],
        setting: Setting = ANYWHERE,
        families: frozenset[Family] = EVERYTHING,
    ) -> bool:
        """Whether the conditions can never all be true."""
        return all(self._refuted(case, setting, families) for case in self._cases(conditions))

    def follows(
        self, condition: ir.Node, given: Sequence[ir.Node], setting: Setting = ANYWHERE
    ) -> bool:
        """Whether the condition is true, and known, whenever all of the given ones are."""
        needed = self.expander.needs(condition)
        if not given and not needed <= self.known(Case(), setting):
            return False
        cases = self._cases(given)
        for case in cases:
            if not needed <= self.known(case, setting) and not self._refuted(case, setting):
                return False
        denied = self.expander.cases(condition, true=False)
        return all(self._refuted(case & no, setting) for case in cases for no in denied)

    def known(self, case: Case, setting: Setting) -> frozenset[Group]:
        """All that is known in a case: also what the rest is known by."""
        found = {*case.known, *setting.known}
        for session in self._inside(case, setting):
            found.add(("session", session, ir.Occurrence.SO_FAR))
        for group in tuple(found):
            if not isinstance(group, tuple):
                continue
            kind, name, last = (*group, None, None)[:3]
            if kind == "tracker" and last is False:
                found.add(("tracker", name, True))
                leader = self.facts.leader(name)
                if leader is not None:
                    found |= {("tracker", leader.name, now) for now in (False, True)}
            elif kind == "session" and last is ir.Occurrence.FINAL:
                found.add(("session", name, ir.Occurrence.SO_FAR))
        return frozenset(found)

    # --- proofs ------------------------------------------------------------------------------

    def _cases(self, conditions: Sequence[ir.Node]) -> tuple[Case, ...]:
        return every([self._cases_of(node) for node in conditions])

    def _cases_of(self, node: ir.Node) -> tuple[Case, ...]:
        if id(node) not in self._found:
            self._found[id(node)] = (node, self.expander.cases(node, true=True))
        return self._found[id(node)][1]  # what is kept keeps its id

    def _refuted(
        self, case: Case, setting: Setting, families: frozenset[Family] = EVERYTHING
    ) -> bool:
        if any((atom, not true) in case.literals for atom, true in case.literals):
            return True
        known = self.known(case, setting)
        if known & setting.blank or any(groups <= known for groups in case.unknown):
            return True
        if Family.SESSION in families:
            inside = self._inside(case, setting)
            if any(("session", s, ir.Occurrence.FINAL) in known for s in inside):
                return True
            if any((Atom(HERE, ir.InSession(s)), False) in case.literals for s in inside):
                return True
        if self._meter[0] > WORK_MAX:
            return False
        forms = [*case.forms, *self.facts.about(case, setting, families)]
        self._meter[0] += work(forms)
        return contradictory(forms)

    def _inside(self, case: Case, setting: Setting) -> frozenset[str]:
        """The sessions that the bar at hand lies in."""
        return setting.sessions | {
            atom.node.session
            for atom, true in case.literals
            if true and atom.frame == HERE and isinstance(atom.node, ir.InSession)
        }


def _uses(program: Program) -> Counter[str]:
    """In how many expressions of the program each parameter stands."""
    return Counter(
        name
        for outer in nodes_in(program)
        for name in {node.name for node in ir.walk(outer) if isinstance(node, ir.Param)}
    )
