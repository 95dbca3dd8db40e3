"""A program of before leads what it opened to its end, beside the one that trades now."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import pytest

from dsl.ir.text import program_hash
from engine.live import events as ev
from engine.live import words
from engine.live.family import Phase
from engine.live.identity import Role
from engine.live.stewards import OVER
from tests.support.live_desk import FLAT, bar, live, phases, scene, sent, why_done
from tests.support.live_heirs import inheritances
from tests.support.live_sweep import PROFILES, Tally
from tests.support.live_world import Setting, World, scene_setting
from tests.support.paper import FIVE_SECONDS, Profile

DOWN = (95, 96, 94, 95)
HALF_WAY = (100, 101, 94, 95)
UP = (95, 101, 95, 100)
PROFILES_HERE = tuple(one for one in PROFILES if not one.hides)
EVERY, SEEDS = {"ci": (9, 4), "prove": (2, 12)}.get(
    os.environ.get("HYPOTHESIS_PROFILE", ""), (41, 2)
)


def other(made: World, *bars: tuple[int, int, int, int], **plan: Any) -> Setting:
    """The setting of a program of five contracts on the same bars."""
    found = scene(*bars, **{"contracts": 5, **plan})
    return scene_setting(found, made.setting.policy)


def changed(made: World, *bars: tuple[int, int, int, int], **plan: Any) -> World:
    """The same broker and journal after a start with that program; the old one is at hand."""
    made.before = (made.setting,)
    made.setting = other(made, *bars, **plan)
    made.recoveries += 1
    return made.start()


def strategies(made: World, kind: type[Any]) -> list[str]:
    """The programs that events of a kind name."""
    return [one.strategy for one in made.journal.events if isinstance(one, kind)]


@pytest.mark.law
@pytest.mark.parametrize("profile", PROFILES_HERE, ids=lambda profile: profile.name)
def test_a_change_of_program_anywhere_changes_nothing_of_what_is_open(profile: Profile) -> None:
    tally = Tally()
    for seed in range(1, 1 + SEEDS):
        tally += inheritances(seed, profile, every=EVERY)

    assert dict(tally.violations) == {}, tally.first
    assert tally.recoveries > SEEDS
    assert tally.naked <= FIVE_SECONDS
    assert tally.equal or profile.name not in {"plain", "shuffled and duplicated, forgetful"}


@pytest.mark.parametrize("restarts", [0, 2])
def test_its_stop_is_moved_by_its_own_rule_and_by_nobody_else_s(restarts: int) -> None:
    bars = (FLAT, FLAT, HALF_WAY, DOWN, UP, FLAT)
    made = bar(live(*bars, even_r=Fraction(1, 2)), 2)
    changed(made, *bars)
    for _ in range(restarts):
        made.restart()
    bar(made, 3)

    assert [one.order.price for one in sent(made, Role.STOP)] == [110, 100]
    assert (made.paper.position, phases(made)) == (0, [Phase.DONE])
    assert made.paper.naked_longest == 0
    assert strategies(made, ev.Leads) == strategies(made, ev.LaidDown)
    assert not made.journal.books.leading


def test_it_decides_nothing_new_and_the_new_one_enters_after_it() -> None:
    bars = (FLAT, FLAT, FLAT, FLAT, (100, 111, 99, 100), FLAT, FLAT, FLAT)
    made = bar(live(*bars, rows=(0, 2, 5), positions=2), 2)
    old = program_hash(made.setting.program)
    bar(changed(made, *bars, rows=(0, 3, 5)), 6)

    entries = [one.order.contracts for one in sent(made, Role.ENTRY)]
    assert entries == [2, 5]
    assert why_done(made)[0] == ("withheld", "1 positions or orders of another program are open")
    families = made.journal.books.families.values()
    assert [one.signal.strategy == old for one in families] == [True, False, False]


def test_an_entry_that_waits_expires_by_its_own_rule_or_is_filled() -> None:
    bars = (FLAT, *(DOWN,) * 5)
    expired = bar(live(*bars, order="limit", valid=2))
    bar(changed(expired, *bars))
    assert phases(expired) == [Phase.WORKING]
    bar(expired, 2)
    assert (phases(expired), expired.paper.position) == ([Phase.DONE], 0)

    bars = (FLAT, DOWN, DOWN, UP, DOWN, DOWN)
    filled = bar(live(*bars, order="limit", valid=9))
    bar(changed(filled, *bars), 3)
    assert filled.paper.position == -2


def test_its_account_knows_the_end_before_it_is_laid_down_whatever_happens_between() -> None:
    bars = (FLAT, FLAT, FLAT, (100, 101, 89, 95), FLAT, FLAT)
    made = bar(changed(bar(live(*bars), 2), *bars))
    made.open_bar()
    assert phases(made) == [Phase.DONE]
    assert made.journal.books.leading
    made.restart()
    made.finish()

    assert made.records.tolist() == live(*bars).finish().records.tolist()
    assert not made.journal.books.leading


def test_a_program_that_comes_back_goes_on_with_its_own_position() -> None:
    bars = (FLAT, FLAT, FLAT, FLAT, DOWN, FLAT, (100, 111, 99, 100), FLAT)
    made = bar(live(*bars, rows=(0, 3)), 2)
    old = made.setting
    bar(changed(made, *bars), 2)
    made.before, made.setting = (made.setting,), old
    made.start()
    assert strategies(made, ev.LaidDown) == [program_hash(old.program)]
    made.finish()

    assert phases(made) == [Phase.DONE]
    assert made.paper.position == 0
    assert len(sent(made, Role.ENTRY)) == 1


def test_it_is_said_who_leads_and_when_it_is_over() -> None:
    bars = (FLAT, FLAT, FLAT, (100, 101, 89, 95), FLAT)
    made = bar(live(*bars), 2)
    old = program_hash(made.setting.program)[:12]
    bar(changed(made, *bars), 3)
    said = [one.text for one in made.alerts]

    assert any(f"program {old} is not the one that trades now; it leads" in text for text in said)
    assert [one.why for one in made.journal.events if isinstance(one, ev.LaidDown)] == [OVER]
    assert not any("opened by program" in text for text in said)


def test_a_latch_of_its_account_is_the_latch_of_all() -> None:
    bars = (FLAT, FLAT, FLAT, (100, 111, 99, 100), FLAT, FLAT, FLAT)
    made = bar(live(*bars, stop_at=Fraction(1, 5_000)), 2)
    bar(changed(made, *bars, rows=(0, 4)), 4)
    assert made.journal.books.latch == "drawdown_latch"
    assert len(sent(made, Role.ENTRY)) == 1
    made.deliver(words.Unlatch(made.paper.now, "kim", "seen"))
    assert not made.journal.books.latch
