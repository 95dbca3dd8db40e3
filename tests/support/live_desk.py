"""Short live runs of one plain short: what the tests of the desk begin with."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from engine.live import events as ev
from engine.live.family import Phase
from engine.live.policy import Policy
from tests.support.desk import Scene
from tests.support.live_world import World, scene_setting, world
from tests.support.plain_simulator import Bar, Plan, Setup

if TYPE_CHECKING:
    from engine.live import commands as cmd
    from engine.live.identity import Role
    from tests.support.paper import Profile

FLAT = (100, 101, 99, 100)
COUNTED = Policy(told_equity=False)


def scene(*bars: tuple[int, int, int, int], rows: tuple[int, ...] = (0,), **plan: Any) -> Scene:
    """Shorts from 100 with the stop at 110 and the target at 90, two contracts of 5 USD a tick."""
    facts = Plan(
        Fraction(5), Fraction(50_000),
        **{"contracts": 2, "maximum": 9, "shares": [Fraction(1)], "leaves": False,
           "flat_later": True, **plan},
    )  # fmt: skip
    setups = [Setup(row, "short", 100, 100, 110, [90], None) for row in rows]
    return Scene(facts, [Bar(*bar, date=0) for bar in bars], setups)


def live(
    *bars: tuple[int, int, int, int],
    rows: tuple[int, ...] = (0,),
    profile: Profile | None = None,
    policy: Policy = COUNTED,
    **plan: Any,
) -> World:
    """A live run of such a scene before its first bar; quiet bars unless others are given."""
    found = scene(*(bars or (FLAT,) * 6), rows=rows, **plan)
    return world(scene_setting(found, policy), profile)


def bar(made: World, count: int = 1) -> World:
    """Let bars pass."""
    for _ in range(count):
        made.open_bar()
        made.close_bar()
    return made


def phases(made: World) -> list[Phase]:
    """The phase of every family, in the order they were planned."""
    return [family.phase for family in made.journal.books.families.values()]


def why_done(made: World) -> list[tuple[str, str]]:
    """How families ended, and why."""
    return [
        (event.ending, event.why)
        for event in made.journal.events
        if isinstance(event, ev.Moved) and event.phase is Phase.DONE
    ]


def sent(made: World, role: Role) -> list[cmd.Send]:
    """What was sent of one role."""
    return [one for one in made.sent if one.leg.role is role]
