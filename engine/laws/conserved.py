"""Nothing is lost and nothing appears from nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.journal import conservation as book
from engine.journal.folds import SideFunnel, funnel
from engine.laws.trying import tried_on
from engine.laws.violation import Violation, time_of
from engine.run import dates_for, paths_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from engine.laws.ground import Ground

LAW: Final = "conservation"
ROWS: Final = 200_000


@tried_on(ROWS)
def conservation(ground: Ground, _: Random) -> Iterator[Violation | None]:
    """Each candidate, each intent, each contract and each cent comes to exactly one end."""
    run, program = ground.batch(), ground.strategy.program
    simulator = Simulator(rules_of(program, ground.terms))
    records = simulator.run(
        ground.market, dates_for(program, run.schedule), run.intents,
        paths_for(program, run.schedule),
    )  # fmt: skip
    for broken in book.violations(run.decisions, records, simulator.account, simulator.rules):
        where = time_of(ground.market, broken.row)
        yield Violation(LAW, where, f"{broken.law}: {broken.message}")
    for side in funnel(program, run.decisions):
        living = book.alive(run.decisions[side.side].rows)
        if not adds_up(side, living):
            yield Violation(LAW, "the end", f"the funnel of {side.side} does not add up: {side}")


def adds_up(side: SideFunnel, living: int) -> bool:
    """Whether as many candidates came into each stage as left it or are in it."""
    ended = sum(sum(stage.died.values()) + stage.completed for stage in side.stages)
    inside = [stage.alive for stage in side.stages]
    return min(inside) >= 0 and sum(inside) == living and side.started == ended + living
