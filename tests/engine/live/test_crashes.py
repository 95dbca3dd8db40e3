"""Crash everywhere, start again, judge: a share; all of it: `python -m tests.live_figures`."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from engine.live.identity import Role
from tests.support.live_desk import COUNTED, FLAT, scene, sent
from tests.support.live_sweep import PROFILES, Tally, sweep, takeovers
from tests.support.live_world import scene_setting, world
from tests.support.paper import FIVE_SECONDS, Profile


@dataclass(frozen=True)
class Share:
    """So many seeds, each of `every` points of their runs, and recoveries a profile at least."""

    seeds: int
    every: int
    recoveries: int = 0


SHARES = {"ci": Share(20, 6, 560), "prove": Share(20, 1, 3_000)}
SHARE = SHARES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), Share(2, 29))
"""At the desk a glance; for every push over 5,000 recoveries; through the night every point."""


@pytest.mark.law
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_crash_costs_an_order_a_fill_or_a_stop(profile: Profile) -> None:
    tally, seed = Tally(), 0
    while seed < SHARE.seeds or tally.recoveries < SHARE.recoveries:
        tally += sweep(seed, profile, every=SHARE.every)
        seed += 1

    assert dict(tally.violations) == {}, tally.first
    assert tally.recoveries > 3
    assert tally.naked <= FIVE_SECONDS
    assert tally.equal > tally.otherwise


def test_a_setup_decided_before_any_bar_was_traded_outlives_a_crash() -> None:
    setting = scene_setting(scene(*(FLAT,) * 6, rows=(2,)), COUNTED)
    made = world(setting, warm_up=2)
    made.open_bar()
    made.paper.on_close()
    made.row, made.is_mid_bar = 3, False  # its bar closed, and nobody was told
    made.paper.advance(setting.bar(2).at)
    assert sent(made, Role.ENTRY) == []
    made.restart().finish()

    assert len(sent(made, Role.ENTRY)) == 1
    assert made.records.tolist() == world(setting, warm_up=2).finish().records.tolist()


@pytest.mark.law
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_another_program_leaves_nothing_of_the_old_one_behind(profile: Profile) -> None:
    tally = Tally()
    for seed in range(max(1, SHARE.seeds // 10)):
        tally += takeovers(seed, profile, every=max(5, SHARE.every))

    assert dict(tally.violations) == {}, tally.first
    assert tally.recoveries > 3
    assert tally.naked <= FIVE_SECONDS
