"""Where the end of a session closes a position: at its last close, or at the next open."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from tests.support.desk import Scene, log_of
from tests.support.plain_simulator import Bar, Plan, Setup


@pytest.mark.parametrize(("later", "row", "price"), [(False, 2, 98), (True, 3, 96)])
def test_a_position_is_closed_where_the_terms_say(*, later: bool, row: int, price: int) -> None:
    plan = Plan(Fraction(5), Fraction(50_000), flattens=True, flat_later=later, leaves=False)
    bars = [
        Bar(100, 101, 99, 100, 0),
        Bar(100, 101, 99, 100, 0),
        Bar(100, 101, 97, 98, 0, closing=True),
        Bar(96, 97, 95, 96, 0, over=True),
    ]
    scene = Scene(plan, bars, [Setup(0, "short", 100, 100, 110, [], None)])
    rules = rules_of(scene.program, scene.terms)

    records = Simulator(rules).run(scene.market, scene.dates, scene.intents, scene.paths)

    found = [one for one in log_of(records, scene.program, rules) if one[1] == "exit"]
    assert [(one[0], one[3], one[4]) for one in found] == [(row, "session_end", price)]
