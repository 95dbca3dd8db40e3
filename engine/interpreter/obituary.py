"""Why a candidate died: what ended it, and how near it ever came to going on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.interpreter.explain import deadline, replayed
from engine.interpreter.verdict import Verdict, comparisons, verdict, verdicts
from engine.journal.decisions import Decision

if TYPE_CHECKING:
    from engine.interpreter.candidate import Candidate, Sight
    from engine.interpreter.machine import Completion, Event, Interpreter


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The bar on which a condition was nearest to being true without being it.

    `name` and `to`: the condition and where its advance leads; `comparison`: the part of it that
    was missing, with its margin; `alone`: nothing else of that advance was missing on that bar.
    """

    name: str
    to: str
    row: int
    comparison: Verdict
    alone: bool


@dataclass(frozen=True, slots=True)
class Obituary:
    """The end of a candidate.

    `death` is its DEAD event and `stage` the name of the stage it ended in. `killer` is the
    verdict on the rule, deadline, filter or requirement that ended it, on the bar it did; None
    where another candidate or a missing price did (`reason` says which). `nearest` has, for each
    condition of that stage's advances that was ever asked and missing, its nearest bar.
    `lacking` has, for each of those advances (by where it leads), the conditions that were missing
    when they were asked last.
    """

    death: Event
    reason: str
    stage: str
    killer: Verdict | None
    nearest: tuple[NearMiss, ...]
    lacking: tuple[tuple[str, tuple[Verdict, ...]], ...] = ()


def nearest(interpreter: Interpreter, day: int, ordinal: int, first: int = 0) -> Obituary | None:
    """The obituary of candidate `ordinal` of trading date `day`; None while it lives or traded.

    The replay begins at `first`, as in `explain`.
    """
    replay = replayed(interpreter, first, first)
    witness = _Witness(replay, day, ordinal)
    replay.watcher = witness
    for row in range(first, len(replay.bars)):
        for event in replay.step(row):
            if (event.day, event.ordinal) != (day, ordinal):
                continue
            if event.kind is Decision.DEAD:
                return witness.obituary(event)
            if event.kind is Decision.ENTRY:
                return None
    return None


class _Witness:
    """Follows one candidate and remembers how near it came in each stage."""

    def __init__(self, interpreter: Interpreter, day: int, ordinal: int) -> None:
        self._interpreter = interpreter
        self._candidate = (day, ordinal)
        self._misses: dict[tuple[int, int, str], NearMiss] = {}
        self._killer: Verdict | None = None
        self._lacking: dict[int, tuple[str, tuple[Verdict, ...]]] = {}

    def _follows(self, candidate: Candidate) -> bool:
        return (candidate.day, candidate.ordinal) == self._candidate

    def asked(self, sight: Sight) -> None:
        if not self._follows(sight.candidate):
            return
        stage = self._interpreter.stage(sight.candidate)
        self._lacking = {}
        for index, way in enumerate(stage.advance):
            conditions = verdicts(way.when, self._interpreter.eyes, sight)
            missing = [one for one in conditions if one.truth is not True]
            self._lacking[index] = (way.to, tuple(missing))
            for condition in missing:
                place = (sight.candidate.stage, index, condition.name)
                self._remember(place, way.to, sight.row, condition, alone=len(missing) == 1)

    def _remember(
        self, place: tuple[int, int, str], to: str, row: int, condition: Verdict, *, alone: bool
    ) -> None:
        lacking = [part for part in comparisons(condition) if part.truth is not True]
        for part in lacking:
            known = self._misses.get(place)
            if known is None or _margin(part) < _margin(known.comparison):
                self._misses[place] = NearMiss(condition.name, to, row, part, alone)

    def completed(self, sight: Sight, completion: Completion) -> None:
        """Told again by `died`, if it came to nothing."""

    def died(self, sight: Sight, reason: str) -> None:
        if self._follows(sight.candidate):
            self._killer = self._killed_by(sight, reason)

    def _killed_by(self, sight: Sight, reason: str) -> Verdict | None:
        program, eyes = self._interpreter.program, self._interpreter.eyes
        stage = self._interpreter.stage(sight.candidate) if program.stages else None
        deadly = (*program.always, *(stage.invalidate if stage else ()))
        required = (*program.filters, *program.require)
        for rule in deadly:
            if rule.name == reason and self._interpreter.true(rule.node, sight):
                return verdict(rule, eyes, sight)
        for rule in required:
            if rule.name == reason and not self._interpreter.true(rule.node, sight):
                return verdict(rule, eyes, sight)
        if stage is not None and stage.within is not None and stage.within.reason == reason:
            return deadline(stage.within, eyes, sight)
        return None

    def obituary(self, death: Event) -> Obituary:
        stages = self._interpreter.program.stages
        return Obituary(
            death=death,
            reason=self._interpreter.reasons[death.cause],
            stage=stages[death.stage].name if death.stage >= 0 else "",
            killer=self._killer,
            nearest=tuple(
                miss for (stage, _, _), miss in self._misses.items() if stage == death.stage
            ),
            lacking=tuple(self._lacking.values()),
        )


def _margin(verdict: Verdict) -> Any:
    assert verdict.margin is not None
    return verdict.margin
