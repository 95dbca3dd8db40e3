"""The setups that are alive, as people are told them, against the decisions that made them so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.journal.decisions import CAUSE, DAY, KIND, ORDINAL, Decision
from engine.live.alive import alive_in
from engine.session import Session
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from engine.live.alive import Alive
    from engine.session import Step

SPEC = next(file for file in SHIPPED if file.stem == "slob_5_1")
BARS = bars_for(SPEC).rows(0, 1_180)


def followed(known: dict[tuple[str, int, int], str], step: Step) -> None:
    """What a step makes of the setups and their stages."""
    for side, made in step.decisions.items():
        stages = strategy_of(SPEC).machines[side].layout.stage_names
        for cells in made.rows.tolist():
            key = (side.value, cells[DAY], cells[ORDINAL])
            match Decision(cells[KIND]):
                case Decision.START:
                    known[key] = stages[0]
                case Decision.ADVANCE:
                    known[key] = stages[cells[CAUSE]]
                case _:
                    del known[key]


def prices(one: Alive) -> set[int]:
    return set(one.levels.values())


def test_every_setup_that_lives_is_told_with_its_stage_and_the_prices_it_holds() -> None:
    session = Session(strategy_of(SPEC), CALENDARS, events=events_for(SPEC))
    known: dict[tuple[str, int, int], str] = {}
    session.feed(BARS.rows(0, 900))
    stages = set()
    for row in range(900, len(BARS)):
        followed(known, session.feed(BARS.rows(row, row + 1)))
        told = list(alive_in(session))
        found = sorted((one.side.value, one.name.split("/")[2], one.stage) for one in told)
        assert found == sorted((side, str(n), stage) for (side, _, n), stage in known.items())
        stages |= {one.stage for one in told}
        for one in told:
            assert one.started <= one.since <= int(BARS.minute[row])
            assert all(
                int(BARS.low.min()) <= price <= int(BARS.high.max()) for price in prices(one)
            )
            if "top" in one.levels:
                since = int(BARS.minute.searchsorted(one.started))
                seen = BARS.rows(since, row + 1)
                extremes = {*seen.high.tolist(), *seen.low.tolist()}
                assert {one.levels["top"], one.levels["bottom"]} <= extremes
    assert {"consolidation", "trigger"} <= stages
