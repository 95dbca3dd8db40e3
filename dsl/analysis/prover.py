"""What can be proven about conditions: that they can never hold, or that one follows from others.

Proofs hold for every bar that data may contain, every state a candidate can be in and every value
in the ranges of the parameters. Where nothing can be proven the answer is the harmless one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dsl.analysis.cases import HERE, Atom, Case, Expander, every
from dsl.analysis.differences import contradictory
from dsl.analysis.facts import EVERYTHING, Facts, Family, Setting
from dsl.analysis.intervals import Bounds
from dsl.analysis.stretches import bounding_sessions
from dsl.analysis.ways import cyclic, ways
from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dsl.analysis.cases import Group
    from dsl.analysis.intervals import Ranges
    from dsl.ir.program import Program, Stage

ANYWHERE: Final = Setting()


class Prover:
    """Answers questions about the conditions of one program."""

    def __init__(self, program: Program, ranges: Ranges | None = None) -> None:
        """`ranges`: what the parameters may be; all that they are declared to be by default."""
        self.program = program
        self.bounds = Bounds(program, ranges)
        self.expander = Expander(program, self.bounds)
        self.facts = Facts(program, self.expander, frozenset(cyclic(program)))
        self._sessions = bounding_sessions(program)

    def within(self, ranges: Ranges) -> Prover:
        """A prover of the same program with other values of the parameters."""
        return Prover(self.program, ranges)

    # --- settings ----------------------------------------------------------------------------

    def in_stage(self, stage: Stage) -> Setting:
        """Where the rules of a stage are asked, `always` having let the candidate live."""
        return Setting(stage, known=self._captured(stage.name), sessions=self._sessions)

    def at_entry(self) -> Setting:
        """Where `require` is asked."""
        return Setting(entry=True, known=self._captured(None))

    def _captured(self, stage: str | None) -> frozenset[Group]:
        """The captures that every candidate there has made: those of the start."""
        del stage
        return frozenset(("capture", capture.name) for capture in self.program.start.captures)

    # --- questions ---------------------------------------------------------------------------

    def impossible(
        self,
        conditions: Iterable[ir.Node],
        setting: Setting = ANYWHERE,
        *,
        untrue: Sequence[ir.Node] = (),
        families: frozenset[Family] = EVERYTHING,
    ) -> bool:
        """Whether the conditions can never all be true where none of `untrue` is true."""
        return not any(self._ways(conditions, setting, untrue, families))

    def follows(
        self, condition: ir.Node, given: Iterable[ir.Node], setting: Setting = ANYWHERE
    ) -> bool:
        """Whether the condition is true, and known, whenever all of the given ones are."""
        needed = self.expander.needs(condition)
        denied = self.expander.cases(condition, true=False)
        for case in self._ways(given, setting, (), EVERYTHING):
            if not needed <= self.known(case, setting):
                return False
            if any(not self._refuted(case & no, setting, EVERYTHING) for no in denied):
                return False
        return True

    def known(self, case: Case, setting: Setting) -> frozenset[Group]:
        """All that is known in a case: also what the rest is known by."""
        found = {*case.known, *setting.known}
        for session in self._inside(case, setting):
            found.add(("session", session, ir.Occurrence.SO_FAR))
        for group in tuple(found):
            match group:
                case ("tracker", name, False):
                    found.add(("tracker", name, True))
                    leader = self.facts.leader(name)
                    if leader is not None:
                        found |= {("tracker", leader.name, now) for now in (False, True)}
                case ("session", session, ir.Occurrence.FINAL):
                    found.add(("session", session, ir.Occurrence.SO_FAR))
                case _:
                    pass
        return frozenset(found)

    # --- proofs ------------------------------------------------------------------------------

    def _ways(
        self,
        conditions: Iterable[ir.Node],
        setting: Setting,
        untrue: Sequence[ir.Node],
        families: frozenset[Family],
    ) -> Iterator[Case]:
        """The cases of the conditions that are not refuted."""
        for case in every([self.expander.cases(node, true=True) for node in conditions]):
            if self._refuted(case, setting, families):
                continue
            known = self.known(case, setting)
            denied = [
                self.expander.cases(node, true=False)
                for node in untrue
                if self.expander.needs(node) <= known
            ]
            for whole in every([(case,), *denied]) if denied else (case,):
                if not denied or not self._refuted(whole, setting, families):
                    yield whole

    def _refuted(self, case: Case, setting: Setting, families: frozenset[Family]) -> bool:
        if any((atom, not true) in case.literals for atom, true in case.literals):
            return True
        known = self.known(case, setting)
        if any(groups <= known for groups in case.unknown):
            return True
        if Family.SESSION in families:
            inside = self._inside(case, setting)
            if any(("session", s, ir.Occurrence.FINAL) in known for s in inside):
                return True
            if any((Atom(HERE, ir.InSession(s)), False) in case.literals for s in inside):
                return True
        forms = [*case.forms, *self.facts.about(case, setting, families)]
        return contradictory(forms)

    def _inside(self, case: Case, setting: Setting) -> frozenset[str]:
        """The sessions that the bar at hand lies in."""
        return setting.sessions | {
            atom.node.session
            for atom, true in case.literals
            if true and atom.frame == HERE and isinstance(atom.node, ir.InSession)
        }


__all__ = ["ANYWHERE", "Prover", "Setting", "replace", "ways"]
