"""One run done in another venue: the decisions, the fills and the money are the simulator's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from engine.laws.ground import Ground
from engine.laws.repeated import NONE
from engine.laws.violation import Pair, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.laws import Check
    from engine.run import Run, Strategy

ROWS: Final = 10_000


class Venue(Protocol):
    """Runs a strategy over a market somewhere, under the ground's terms and the fill rules."""

    def __call__(self, ground: Ground, /) -> Run:
        """What came of it."""
        ...


def alike_in(name: str, venue: Venue) -> Check:
    """The venue law as a check: what happens in `venue` is what happens in the simulator."""

    def check(
        strategy: Strategy,
        market: Market,
        calendars: Calendars,
        rng: Random,
        events: Mapping[str, Ints] = NONE,
    ) -> Violation | None:
        ground = Ground(strategy, market, calendars, events).stretch(rng, ROWS)
        return parted(name, ground.batch(), venue(ground))

    return check


def parted(name: str, simulated: Run, other: Run) -> Violation | None:
    """Where a run in a venue parts from the simulator's, None where nowhere."""
    pair = Pair("venue", simulated.program, simulated.market, "the simulator", name)
    return pair.decisions(simulated.decisions, other.decisions) or pair.records(
        simulated.records, other.records
    )
