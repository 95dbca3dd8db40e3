"""Another program takes over a journal in which something of the old one is still open."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.order import OrderKind
from engine.live import words
from engine.live.family import Phase
from engine.live.holdings import OrderState
from engine.live.identity import Leg, Role
from engine.live.trader import way_out
from engine.live.wanted import sent_places
from tests.support.broker_words import ENTRY, FAMILY, execution, family
from tests.support.live_desk import FLAT, bar, live, phases, scene, sent, why_done
from tests.support.live_world import World, scene_setting
from tests.support.paper import FIVE_SECONDS, Profile
from tests.support.plain_simulator import Bar

DOWN = (100, 101, 89, 95)
UP = (100, 111, 99, 100)


def changed(made: World, *bars: tuple[int, int, int, int], **plan: Any) -> World:
    """The same broker and journal after a start with a program of five contracts."""
    found = scene(*bars, **{"contracts": 5, **plan})
    found = replace(found, bars=[replace(one, date=0) for one in found.bars])
    made.recoveries += 1
    made.setting = scene_setting(found, made.setting.policy)
    return made.start()


@pytest.mark.parametrize("way", [DOWN, UP], ids=["target", "stop"])
def test_stop_and_target_of_the_old_program_stay_as_they_were_sent(
    way: tuple[int, int, int, int],
) -> None:
    bars = (FLAT, FLAT, FLAT, way, FLAT)
    made = changed(bar(live(*bars), 2), *bars)
    assert len(made.sent) == 3
    bar(made)
    assert (made.paper.position, made.paper.armed()) == (-2, 2)
    bar(made)

    assert (made.paper.position, len(made.sent)) == (0, 3)
    assert phases(made) == [Phase.DONE]
    assert made.paper.naked_longest == 0


def test_it_is_said_whose_position_it_is_and_what_becomes_of_it() -> None:
    made = changed(bar(live(), 2), *(FLAT,) * 6)
    old = next(iter(made.journal.books.families.values())).signal.strategy
    (text,) = {alert.text for alert in made.alerts if "opened by" in alert.text}

    assert f"opened by program {old[:12]}" in text
    assert "its last stop and its targets stay" in text


def test_nothing_enters_while_the_old_position_is_open_and_something_does_after_it() -> None:
    bars = (FLAT, FLAT, FLAT, FLAT, DOWN, FLAT, FLAT, FLAT)
    made = changed(bar(live(*bars), 2), *bars, rows=(0, 2, 5))
    bar(made)
    assert why_done(made) == [
        ("withheld", "1 positions or orders of another program are open")
    ]  # fmt: skip
    bar(made, 4)

    assert [one.order.contracts for one in sent(made, Role.ENTRY)] == [2, 5]
    assert made.paper.position == -5


def test_an_entry_of_the_old_program_that_waits_is_withdrawn() -> None:
    made = bar(live(order="limit", valid=9))
    assert phases(made) == [Phase.WORKING]
    changed(made, *(FLAT,) * 6)
    bar(made)

    assert phases(made) == [Phase.DONE]
    assert {one.state for one in made.paper.orders.values()} == {OrderState.CANCELLED}


@pytest.mark.parametrize("restarts", [0, 2])
def test_it_goes_when_its_own_session_is_over(restarts: int) -> None:
    day = [*((FLAT,) * 6)]
    found = scene(*day, flattens=True)
    ends = [Bar(*one, date=0, over=index >= 4, closing=index == 3)
            for index, one in enumerate(day)]  # fmt: skip
    found = replace(found, bars=ends)
    made = live(*day, flattens=True)
    made.setting = scene_setting(found, made.setting.policy)
    bar(made.start(), 2)
    changed(made, *day)
    for _ in range(restarts):
        made.restart()
    bar(made, 2)
    assert made.paper.position == -2
    made.open_bar()

    assert made.paper.position == 0
    assert [one.leg.family for one in sent(made, Role.EXIT)] == [made.sent[0].leg.family]
    made.close_bar()
    assert phases(made) == [Phase.DONE]


def test_its_stop_is_put_back_where_it_last_was_and_latched_if_that_is_refused() -> None:
    lower = (95, 96, 94, 95)
    bars = (FLAT, FLAT, (100, 101, 94, 95), lower, lower, lower)
    made = bar(live(*bars, even_r=Fraction(1, 2)), 4)
    changed(made, *bars)
    made.open_bar()
    lose_stop(made)

    assert [one.order.price for one in sent(made, Role.STOP)] == [110, 100, 100]
    assert (made.paper.armed(), made.journal.books.latch) == (2, "")
    made.paper.profile = Profile(reject_repair=16)
    lose_stop(made)
    assert made.paper.position == 0
    assert made.paper.naked_longest <= FIVE_SECONDS
    assert "could not be protected" in made.journal.books.latch


def lose_stop(made: World) -> None:
    """The broker withdraws the stop that works."""
    stop = next(
        one
        for one in made.paper.orders.values()
        if one.kind is OrderKind.STOP and not one.state.is_over
    )
    made.paper._end(stop, OrderState.CANCELLED)
    made.paper._watch()
    made.settle(made.paper.now + 5_000)


def test_a_person_gets_out_of_what_the_old_program_opened() -> None:
    made = changed(bar(live(), 2), *(FLAT,) * 6)
    made.open_bar()
    made.deliver(words.Flatten(made.paper.now, "kim", "enough"))
    made.settle(made.paper.now + 3_000)

    assert (made.paper.position, phases(made)) == (0, [Phase.DONE])


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_the_places_of_a_family_add_up_to_what_it_entered_with(
    parts: list[int], data: st.DataObject
) -> None:
    plain = family(Phase.HOLDING)
    stops = tuple(
        way_out(plain.action, Leg(FAMILY, Role.STOP, number), part, 110)
        for number, part in enumerate(parts)
    )
    entered = data.draw(st.integers(1, sum(parts)))
    found = replace(plain, asked=(plain.asked[0], *stops))
    found = found.with_executions([execution(ENTRY, entered)])
    places = sent_places(found)

    assert sum(places) == entered
    assert len(places) == len(parts)
    if entered == sum(parts):
        assert list(places) == parts
