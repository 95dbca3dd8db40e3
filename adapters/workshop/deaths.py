"""Which deaths of a run teach most, and how every condition fared: worked out after the run."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.cli.funnel import LOOKED_AT, condition_records, surveys
from adapters.cli.inquiry import Fate
from adapters.cli.verdicts import compared
from dsl.ir.program import Named
from dsl.units import Unit
from engine.journal.decisions import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapters.cli.inquiry import Inquiry
    from adapters.cli.outcome import Outcome
    from adapters.cli.workbench import Bench
    from engine.interpreter.obituary import NearMiss, Obituary
    from engine.journal.lives import Life

LOOKED_INTO: Final = 12
"""So many deaths of a side are looked into, those that came furthest first, the newest of them."""

AT_ONCE: Final = 4
"""So many are looked into before those found so far are told: somebody may be waiting."""

_BARS: Final = 30
"""A miss is measured in the mean height of so many bars before it."""


@dataclass(frozen=True, slots=True)
class Death:
    """A death worth looking at: it came far, and one comparison alone was missing by little."""

    fate: Fate
    obituary: Obituary
    miss: NearMiss | None
    far: float

    @property
    def worth(self) -> tuple[int, float, int]:
        """Sorts those first that teach most."""
        return -self.fate.life.stage, self.far, -self.fate.life.started


def instructive(asked: Inquiry) -> Iterator[dict[str, Any]]:
    """The most instructive deaths of a run, the best first; ever more of them, until `complete`."""
    furthest = [(side, life) for side, lives in asked.lives.items() for life in _furthest(lives)]
    furthest.sort(key=lambda one: _rank(one[1]))
    found: list[tuple[tuple[int, float, int], dict[str, Any]]] = []
    for number, (side, life) in enumerate(furthest, start=1):
        death = _looked_into(Fate(asked, side, life))
        found += [] if death is None else [(death.worth, _record(death))]
        complete = number == len(furthest)
        if number % AT_ONCE == 0 or complete:
            found.sort(key=itemgetter(0))
            yield {"complete": complete, "deaths": [record for _, record in found]}
    if not furthest:
        yield {"complete": True, "deaths": []}


def _rank(life: Life) -> tuple[int, int]:
    """Those that came furthest first, the newest of them."""
    return -life.stage, -life.started


def _furthest(lives: tuple[Life, ...]) -> list[Life]:
    dead = [life for life in lives if life.end is Decision.DEAD]
    return sorted(dead, key=_rank)[:LOOKED_INTO]


def _looked_into(fate: Fate) -> Death | None:
    obituary = fate.obituary
    if obituary is None:
        return None
    measured = [(_far(fate, obituary, miss), miss) for miss in obituary.nearest]
    alone = [(far, miss) for far, miss in measured if miss.alone]
    far, miss = min(alone, key=itemgetter(0), default=(float("inf"), None))
    return Death(fate, obituary, miss, far)


def _row(fate: Fate, obituary: Obituary, miss: NearMiss) -> int:
    """The market's row of a miss."""
    assert fate.life.ended is not None
    return miss.row + fate.life.ended - obituary.death.row


def _far(fate: Fate, obituary: Obituary, miss: NearMiss) -> float:
    """How far off a miss was, in heights of a bar; what is no price counts by its share."""
    found, margin = compared(miss.comparison.node), miss.comparison.margin
    if found is None or margin is None:
        return float("inf")
    if found.unit not in (Unit.PRICE, Unit.POINTS):
        whole = abs(miss.comparison.right or 0) or found.den
        return 10 * abs(float(margin) / float(whole))
    row, market = _row(fate, obituary, miss), fate.asked.run.market
    part = slice(max(0, row - _BARS), row + 1)
    height = float(np.mean(market.high[part] - market.low[part])) or 1.0
    return float(margin) / found.den / height


def _record(death: Death) -> dict[str, Any]:
    fate, asked = death.fate, death.fate.asked
    assert fate.life.ended is not None
    return {
        "candidate": asked.identifier(fate.side, fate.life),
        "side": fate.side.value,
        "stage": death.obituary.stage,
        "reason": death.obituary.reason,
        "row": fate.life.ended,
        "minute": int(asked.run.market.minute[fate.life.ended]),
        "near": None if death.miss is None else _missed(fate, death.obituary, death.miss),
        "lines": list(fate.lines()),
    }


def _missed(fate: Fate, obituary: Obituary, miss: NearMiss) -> dict[str, Any]:
    """The nearest miss: what was missing, by how much, and when."""
    row = _row(fate, obituary, miss)
    named = Named(miss.name, miss.comparison.node)
    (line,) = fate.asked.reader(fate.side).lines(miss.comparison, named)
    return {
        "name": miss.name,
        "to": miss.to,
        "row": row,
        "minute": int(fate.asked.run.market.minute[row]),
        "values": line.values,
        "margin": line.margin,
    }


def conditions(made: Bench, outcome: Outcome, told: Callable[..., None]) -> list[dict[str, Any]]:
    """Every condition over the last bars of a run: how often asked, true, alone in the way."""
    found = surveys(outcome, LOOKED_AT, told)
    return [condition_records(made, one) for one in found]
