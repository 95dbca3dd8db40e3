"""Every law of `engine check` on strategies made up at random."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.laws import LAWS, Law
from tests.support.calendars import FixedHours
from tests.support.specs import Trial, trial, trials

if TYPE_CHECKING:
    from engine.laws import Violation

pytestmark = pytest.mark.law

QUICK = [law for law in LAWS if law.name != "venue"]
(VENUE,) = [law for law in LAWS if law.name == "venue"]
FEW = settings.default.max_examples // 25 if settings.default else 1


def tried(law: Law, made: Trial, seed: int) -> Violation | None:
    return law.check(made.strategy, made.market, FixedHours(), Random(seed), made.events)


@pytest.mark.parametrize("law", QUICK, ids=lambda law: law.name)
@given(made=trials(), seed=st.integers(0, 1 << 16))
def test_the_law_holds_whatever_the_strategy_and_the_bars(law: Law, made: Trial, seed: int) -> None:
    assert tried(law, made, seed) is None


@pytest.mark.parametrize("seed", range(2 * min(FEW, 20)))
def test_compiled_code_does_what_plain_python_does(seed: int) -> None:
    """Few: every one takes the compiler seconds."""
    assert tried(VENUE, trial(Random(seed)), seed) is None
