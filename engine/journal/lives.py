"""Candidates one by one, folded from decision rows: when each began and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.journal.decisions import CAUSE, DAY, KIND, ORDINAL, ROW, STAGE, Decision

if TYPE_CHECKING:
    from engine.domain.market import Ints


@dataclass(frozen=True, slots=True)
class Life:
    """A candidate: ordinal `ordinal` of trading date number `day`, from row `started` on.

    `ended` is the row of its end, None while it lives. `end` is DEAD or ENTRY; `cause` the index of
    the reason or of the stop case; `stage` the index of the stage it is in or ended in.
    """

    day: int
    ordinal: int
    started: int
    stage: int = 0
    ended: int | None = None
    end: Decision | None = None
    cause: int = -1

    def is_alive_at(self, row: int) -> bool:
        """Whether a bar finds it alive: it began on an earlier one and had not ended."""
        return self.started < row and (self.ended is None or self.ended >= row)


def lives_of(rows: Ints) -> tuple[Life, ...]:
    """The candidates of one side, in the order in which they began."""
    found: dict[tuple[int, int], Life] = {}
    for cells in rows.tolist():
        who = (cells[DAY], cells[ORDINAL])
        kind = Decision(cells[KIND])
        if kind is Decision.START:
            found[who] = Life(*who, started=cells[ROW])
        elif kind is Decision.ADVANCE:
            found[who] = replace(found[who], stage=cells[CAUSE])
        else:
            found[who] = replace(
                found[who], ended=cells[ROW], end=kind, cause=cells[CAUSE], stage=cells[STAGE]
            )
    return tuple(found.values())
