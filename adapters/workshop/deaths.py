"""Which deaths of a run teach most, and how every condition fared: worked out after the run."""

from __future__ import annotations

from dataclasses import dataclass
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
    from dsl.ir.program import Side
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

    side: Side
    life: Life
    obituary: Obituary
    miss: NearMiss | None
    far: float


def instructive(asked: Inquiry) -> Iterator[dict[str, Any]]:
    """The most instructive deaths of a run, the best first; ever more of them, until `complete`."""
    furthest = [(side, life) for side, lives in asked.lives.items() for life in _furthest(lives)]
    furthest.sort(key=lambda one: _rank(one[1]))
    found: list[Death] = []
    for number, (side, life) in enumerate(furthest, start=1):
        death = _looked_into(asked, side, life)
        found += [] if death is None else [death]
        if number % AT_ONCE == 0 or number == len(furthest):
            found.sort(key=lambda one: (-one.life.stage, one.far, -one.life.started))
            complete = number == len(furthest)
            yield {"complete": complete, "deaths": [_record(asked, one) for one in found]}
    if not furthest:
        yield {"complete": True, "deaths": []}


def _rank(life: Life) -> tuple[int, int]:
    """Those that came furthest first, the newest of them."""
    return -life.stage, -life.started


def _furthest(lives: tuple[Life, ...]) -> list[Life]:
    dead = [life for life in lives if life.end is Decision.DEAD]
    return sorted(dead, key=_rank)[:LOOKED_INTO]


def _looked_into(asked: Inquiry, side: Side, life: Life) -> Death | None:
    obituary = asked.obituary(side, life)
    if obituary is None:
        return None
    measured = [(_far(asked, life, obituary, miss), miss) for miss in obituary.nearest]
    alone = [(far, miss) for far, miss in measured if miss.alone]
    far, miss = min(alone, key=lambda one: one[0], default=(float("inf"), None))
    return Death(side, life, obituary, miss, far)


def _far(asked: Inquiry, life: Life, obituary: Obituary, miss: NearMiss) -> float:
    """How far off a miss was, in heights of a bar; what is no price counts by its share."""
    found, margin = compared(miss.comparison.node), miss.comparison.margin
    if found is None or margin is None:
        return float("inf")
    if found.unit not in (Unit.PRICE, Unit.POINTS):
        whole = abs(miss.comparison.right or 0) or found.den
        return 10 * abs(float(margin) / float(whole))
    assert life.ended is not None
    row = miss.row + life.ended - obituary.death.row
    market = asked.run.market
    part = slice(max(0, row - _BARS), row + 1)
    height = float(np.mean(market.high[part] - market.low[part])) or 1.0
    return float(margin) / found.den / height


def _record(asked: Inquiry, death: Death) -> dict[str, Any]:
    fate = Fate(asked, death.side, death.life)
    assert death.life.ended is not None
    return {
        "candidate": asked.identifier(death.side, death.life),
        "side": death.side.value,
        "stage": death.obituary.stage,
        "reason": death.obituary.reason,
        "row": death.life.ended,
        "minute": int(asked.run.market.minute[death.life.ended]),
        "near": None if death.miss is None else _missed(asked, death),
        "lines": list(fate.lines()),
    }


def _missed(asked: Inquiry, death: Death) -> dict[str, Any]:
    """The nearest miss: what was missing, by how much, and when."""
    miss, reader = death.miss, asked.reader(death.side)
    assert miss is not None
    assert death.life.ended is not None
    row = miss.row + death.life.ended - death.obituary.death.row
    (line,) = reader.lines(miss.comparison, Named(miss.name, miss.comparison.node))
    return {
        "name": miss.name,
        "to": miss.to,
        "row": row,
        "minute": int(asked.run.market.minute[row]),
        "values": line.values,
        "margin": line.margin,
    }


def conditions(made: Bench, outcome: Outcome, told: Callable[..., None]) -> list[dict[str, Any]]:
    """Every condition over the last bars of a run: how often asked, true, alone in the way."""
    found = surveys(outcome, LOOKED_AT, told)
    return [condition_records(made, one) for one in found]
