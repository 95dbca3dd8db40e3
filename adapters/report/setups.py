"""Every candidate of a run, from its start to what became of it, put together from its rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dsl.ir.program import Side, reasons
from engine.execution import records as out
from engine.execution.intents import SIDES
from engine.execution.records import Kind, reason_names
from engine.journal.decisions import CAUSE, DAY, KIND, ORDINAL, ROW, STAGE, Decision

if TYPE_CHECKING:
    from engine.machine.written import Decisions
    from engine.run import Run

Cells = list[int]
"""A row of whole numbers: of a decision or of a record."""


class Fate(StrEnum):
    """What became of a candidate in the end."""

    TRADED = "traded"
    OPEN = "open"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    DEAD = "dead"
    ALIVE = "alive"


@dataclass(frozen=True, slots=True)
class Step:
    """A decision on a candidate: the cells of its row, and the REAL values beside them."""

    cells: Cells
    reals: list[float]

    @property
    def row(self) -> int:
        """The bar it happened on."""
        return self.cells[ROW]

    @property
    def kind(self) -> Decision:
        """What was decided."""
        return Decision(self.cells[KIND])


@dataclass(frozen=True, slots=True)
class Setup:
    """A candidate: who, its decisions in order, and the records of its intent.

    `last` is the last bar it mattered on: of its death, refusal or exit, or of the data.
    `reason` names why it ended, as the program does; empty while it has not.
    `reached` is the number of its furthest stage, and the number of stages once it was complete.
    """

    side: Side
    day: int
    ordinal: int
    steps: tuple[Step, ...]
    records: tuple[Cells, ...]
    fate: Fate
    reason: str
    reached: int
    first: int
    last: int

    @property
    def who(self) -> tuple[int, int]:
        """The candidate among those of its side."""
        return self.day, self.ordinal

    @property
    def is_complete(self) -> bool:
        """Whether it became an entry."""
        return self.steps[-1].kind is Decision.ENTRY

    @property
    def has_advanced(self) -> bool:
        """Whether it ever left its first stage alive."""
        return self.is_complete or any(step.kind is Decision.ADVANCE for step in self.steps)

    def record(self, kind: Kind) -> Cells | None:
        """The record of that kind, if there is one."""
        return next((cells for cells in self.records if cells[out.KIND] == kind), None)


def setups_of(run: Run) -> list[Setup]:
    """Every candidate, by start, SHORT before LONG."""
    of_intent: dict[int, list[Cells]] = defaultdict(list)
    for cells in run.records.tolist():
        if cells[out.INTENT] >= 0:
            of_intent[cells[out.INTENT]].append(cells)
    intents = run.intents
    keys = zip(intents.side.tolist(), intents.day.tolist(), intents.ordinal.tolist(), strict=True)
    records = {key: tuple(of_intent[number]) for number, key in enumerate(keys)}
    found: list[Setup] = []
    teller = _Teller(run)
    for side, decisions in run.decisions.items():
        for (day, ordinal), steps in _by_candidate(decisions).items():
            key = SIDES.index(side.value), day, ordinal
            found.append(teller.setup(side, (day, ordinal), steps, records.get(key, ())))
    return sorted(found, key=lambda setup: (setup.first, setup.side is Side.LONG, setup.ordinal))


def _by_candidate(decisions: Decisions) -> dict[tuple[int, int], list[Step]]:
    """The decisions of each candidate, in order."""
    steps: dict[tuple[int, int], list[Step]] = defaultdict(list)
    for cells, reals in zip(decisions.rows.tolist(), decisions.reals.tolist(), strict=True):
        steps[cells[DAY], cells[ORDINAL]].append(Step(cells, reals))
    return steps


class _Teller:
    """Tells what became of candidates of one run."""

    def __init__(self, run: Run) -> None:
        self._deaths = reasons(run.program)
        self._reasons = reason_names(run.program)
        self._stages = len(run.program.stages)
        self._end = len(run.market) - 1

    def setup(
        self, side: Side, who: tuple[int, int], steps: list[Step], records: tuple[Cells, ...]
    ) -> Setup:
        fate, reason, last = self._ended(steps[-1], records)
        complete = steps[-1].kind is Decision.ENTRY
        stages = [step.cells[CAUSE] for step in steps if step.kind is Decision.ADVANCE]
        return Setup(
            side=side,
            day=who[0],
            ordinal=who[1],
            steps=tuple(steps),
            records=records,
            fate=fate,
            reason=reason,
            reached=self._stages if complete else max([0, steps[-1].cells[STAGE], *stages]),
            first=steps[0].row,
            last=last,
        )

    def _ended(self, step: Step, records: tuple[Cells, ...]) -> tuple[Fate, str, int]:
        """Its fate, the reason, and the bar."""
        if step.kind is Decision.DEAD:
            return Fate.DEAD, self._deaths[step.cells[CAUSE]], step.row
        if step.kind is not Decision.ENTRY:
            return Fate.ALIVE, "", self._end
        for cells in reversed(records):
            fate = _FATES.get(Kind(cells[out.KIND]))
            if fate is not None:
                return fate, self._reasons[cells[out.REASON]], cells[out.ROW]
        filled = any(cells[out.KIND] == Kind.FILL for cells in records)
        return (Fate.OPEN if filled else Fate.WAITING), "", self._end


_FATES = {Kind.CLOSED: Fate.TRADED, Kind.REFUSED: Fate.REFUSED, Kind.CANCELLED: Fate.CANCELLED}
