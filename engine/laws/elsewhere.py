"""One run done in another venue: the decisions, the fills and the money are the simulator's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from engine.laws.trying import tried_on
from engine.laws.violation import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from engine.laws.ground import Ground
    from engine.laws.trying import Check
    from engine.laws.violation import Violation
    from engine.run import Run

ROWS: Final = 10_000


class Venue(Protocol):
    """Runs a strategy over a market somewhere, under the ground's terms and the fill rules."""

    def __call__(self, ground: Ground, /) -> Run:
        """What came of it."""
        ...


def alike_in(name: str, venue: Venue) -> Check:
    """The venue law as a check: what happens in `venue` is what happens in the simulator."""

    @tried_on(ROWS)
    def check(ground: Ground, _: Random) -> Iterator[Violation | None]:
        yield parted(name, ground.batch(), venue(ground))

    return check


def parted(name: str, simulated: Run, other: Run) -> Violation | None:
    """Where a run in a venue parts from the simulator's, None where nowhere."""
    pair = Pair("venue", simulated.program, simulated.market, "the simulator", name)
    return pair.decisions(simulated.decisions, other.decisions) or pair.records(
        simulated.records, other.records
    )
