"""Crash everywhere, start again, judge: a share; all of it: `python -m tests.live_figures`."""

from __future__ import annotations

import os

import pytest

from tests.support.live_sweep import PROFILES, sweep
from tests.support.paper import FIVE_SECONDS, Profile

MORE = os.environ.get("HYPOTHESIS_PROFILE") == "prove"
SEEDS = range(12 if MORE else 2)
EVERY = 1 if MORE else 29
"""Some points of two runs a profile; through the night every point of a dozen."""


@pytest.mark.law
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_crash_costs_an_order_a_fill_or_a_stop(profile: Profile, seed: int) -> None:
    tally = sweep(seed, profile, every=EVERY)

    assert dict(tally.violations) == {}, tally.first
    assert tally.recoveries > 3
    assert tally.naked <= FIVE_SECONDS
    assert tally.equal > tally.otherwise
