"""Nothing is lost and nothing appears from nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.journal import conservation as book
from engine.journal.folds import SideFunnel, funnel
from engine.laws.ground import Ground
from engine.laws.repeated import NONE
from engine.laws.violation import Violation, time_of
from engine.run import dates_for, paths_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.run import Strategy

LAW: Final = "conservation"
ROWS: Final = 200_000


def conservation(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    rng: Random,
    events: Mapping[str, Ints] = NONE,
) -> Violation | None:
    """Each candidate, each intent, each contract and each cent comes to exactly one end."""
    ground = Ground(strategy, market, calendars, events).stretch(rng, ROWS)
    run, program = ground.batch(), strategy.program
    simulator = Simulator(rules_of(program, ground.terms))
    records = simulator.run(
        ground.market, dates_for(program, run.schedule), run.intents,
        paths_for(program, run.schedule),
    )  # fmt: skip
    found = book.violations(run.decisions, records, simulator.account, simulator.rules)
    if found:
        where = time_of(ground.market, found[0].row)
        return Violation(LAW, where, f"{found[0].law}: {found[0].message}")
    for side in funnel(program, run.decisions):
        living = book.alive(run.decisions[side.side].rows)
        if not adds_up(side, living):
            return Violation(LAW, "the end", f"the funnel of {side.side} does not add up: {side}")
    return None


def adds_up(side: SideFunnel, living: int) -> bool:
    """Whether as many candidates came into each stage as left it or are in it."""
    ended = sum(sum(stage.died.values()) + stage.completed for stage in side.stages)
    inside = [stage.alive for stage in side.stages]
    return min(inside) >= 0 and sum(inside) == living and side.started == ended + living
