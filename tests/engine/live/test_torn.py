"""A bracket of which only some orders left before a crash: completed in time, else withdrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.domain.order import Action, OrderKind
from engine.live import events as ev
from engine.live import words
from engine.live.family import Phase
from engine.live.holdings import HeldOrder, OrderState
from engine.live.identity import Role
from engine.live.meanwhile import Making
from tests.support.live_desk import COUNTED, FLAT, bar, live, phases
from tests.support.live_sweep import forks
from tests.support.live_world import CONTRACT, World
from tests.support.paper import Profile

LEGS = (1, 2)
"""How many of the three orders of a bracket arrived."""


def torn(legs: int, *bars: tuple[int, int, int, int], **words: Any) -> World:
    """A run as a crash leaves it after so many orders of its bracket were sent."""
    start = live(*(bars or (FLAT,) * 4), **words)
    return next(fork for _, fork in forks(start) if len(fork.paper.orders) == legs)


def living(made: World) -> list[Role]:
    """What lives at the broker, by what it is for."""
    legs = [one.leg for one in made.paper.holdings().orders if not one.state.is_over]
    return [leg.role for leg in legs if leg is not None]


def withdrawn(made: World) -> World:
    """The same once more: nothing of it may be left, and nothing may have been entered."""
    made.settle(made.paper.now + 5_000)
    assert (living(made), made.paper.entries) == ([], {})
    assert phases(made) == [Phase.DONE]
    return made


def told(made: World) -> str:
    """What a person was told."""
    return "; ".join(alert.text for alert in made.alerts)


@pytest.mark.parametrize("legs", LEGS)
def test_only_what_the_broker_lacks_is_sent_under_its_own_number(legs: int) -> None:
    made = torn(legs)
    family = made.journal.books.living[0]
    made.restart()

    lacking = family.asked[legs:]
    assert [one.leg for one in made.sent[legs:]] == [one.leg for one in lacking]
    assert [one.number for one in made.sent] == [
        made.journal.books.numbers[one.leg.ref] for one in family.asked
    ]
    assert [one.transmit for one in made.sent] == [False, False, True]
    assert {one.parent for one in made.sent[1:]} == {made.sent[0].number}
    assert living(made) == [Role.ENTRY, Role.TARGET, Role.STOP]
    assert phases(made) == [Phase.WORKING]
    assert "what the broker lacks of it is sent" in told(made)


@pytest.mark.parametrize("profile", [Profile(), Profile(forgets=True), Profile(hides=True)],
                         ids=["kept", "forgotten", "hidden"])  # fmt: skip
@pytest.mark.parametrize("legs", LEGS)
@pytest.mark.parametrize("downs", [1, 3])
def test_the_journal_is_as_if_nothing_had_happened(legs: int, downs: int, profile: Profile) -> None:
    bars = (FLAT, (100, 101, 94, 95), (95, 96, 89, 95), FLAT)
    wanted = live(*bars).finish()
    made = torn(legs, *bars, profile=profile)
    for _ in range(downs):
        made.restart()
    made.finish()

    assert made.records.tolist() == wanted.records.tolist()
    assert made.paper.entries == wanted.paper.entries
    assert made.paper.naked_longest == 0


@pytest.mark.parametrize("legs", LEGS)
def test_when_a_later_bar_has_closed_it_is_withdrawn_and_said(legs: int) -> None:
    made = torn(legs, policy=replace(COUNTED, fresh=1 << 40))
    made.row += 1
    made.paper.advance(made.setting.bar(1).at)
    withdrawn(made.restart())

    assert "is not sent again: another bar has begun since" in told(made)


def test_when_its_bar_closed_too_long_ago_it_is_withdrawn() -> None:
    made = torn(2)
    made.paper.advance(made.paper.now + COUNTED.fresh)
    withdrawn(made.restart())

    assert "the bar closed too long ago" in told(made)


def test_what_the_broker_holds_unseen_is_withdrawn_by_its_number_when_it_is_too_late() -> None:
    made = torn(2, profile=Profile(hides=True))
    made.paper.advance(made.paper.now + COUNTED.fresh)
    withdrawn(made.restart())

    assert {one.state for one in made.paper.orders.values()} == {OrderState.CANCELLED}


@pytest.mark.parametrize(
    ("high", "low", "enters"),
    [
        (110, 109, False),  # the stop
        (91, 90, False),  # the target
        (109, 91, True),  # nothing of it
        (111, 111, True),  # its first price, at which it would have been met in time
    ],
)
def test_once_the_market_was_at_its_prices_it_is_withdrawn(
    high: int,
    low: int,
    enters: bool,  # noqa: FBT001 - a case
) -> None:
    made = torn(2)
    minute = made.setting.bar(1).minute
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "making", property(lambda _: Making(minute, high, low)))
        made.restart()
        made.settle(made.paper.now + 5_000)

    assert living(made) == ([Role.ENTRY, Role.TARGET, Role.STOP] if enters else [])
    if not enters:
        assert "the market was at its prices already" in told(made)


def test_while_nobody_knows_what_has_traded_it_waits_until_the_market_is_followed() -> None:
    made = torn(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "making", property(lambda _: None))
        made.restart(down=0)
        assert made.sent[2:] == []
        assert phases(made) == [Phase.SENDING]
    made.deliver(words.Followed(made.paper.now))
    made.pump()

    assert living(made) == [Role.ENTRY, Role.TARGET, Role.STOP]


def test_what_never_becomes_known_withdraws_it_in_the_end() -> None:
    made = torn(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "making", property(lambda _: None))
        made.restart()
        made.settle(made.paper.now + COUNTED.fresh)

    withdrawn(made)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (OrderState.REJECTED, "the broker refused some of it"),
        (OrderState.CANCELLED, "otherwise than it was sent"),  # a person withdrew it
    ],
)
def test_what_the_broker_ended_of_it_is_not_sent_again(state: OrderState, why: str) -> None:
    made = torn(2)
    stop = made.journal.books.living[0].asked[-1].leg.ref
    entry = made.paper.holdings().orders[0]
    over = replace(entry, ref=stop, permanent=-3, number=3, state=state)
    made.journal.record(words.Told(made.paper.now, over))
    withdrawn(made.restart())

    assert why in told(made)


def test_numbers_that_are_not_ours_are_not_added_to() -> None:
    made = torn(2)
    for one in made.paper.orders.values():
        one.number += 50
    withdrawn(made.restart())

    assert "otherwise than it was sent" in told(made)


def test_an_order_that_is_swallowed_once_more_is_not_tried_a_third_time() -> None:
    made = torn(2)
    made.paper.send = lambda asked: None  # type: ignore[method-assign]
    withdrawn(made.restart())

    assert len(made.sent) == 3


def test_what_forbids_entries_withdraws_it() -> None:
    made = torn(2)
    made.journal.record(ev.Halted(made.paper.now, "kim", "lunch"))
    withdrawn(made.restart())

    stranger = HeldOrder("by hand", 5, 77, 0, CONTRACT, Action.BUY, OrderKind.LIMIT, 50, 1, 0,
                         OrderState.WORKING)  # fmt: skip
    made = torn(2)
    made.paper.foreign.append(stranger)
    made.restart()
    made.settle(made.paper.now + 5_000)
    assert (living(made), made.paper.entries) == ([], {})


def test_the_last_entry_of_a_day_is_not_counted_against_itself() -> None:
    made = torn(2, policy=replace(COUNTED, entries_a_day=1))
    made.restart()

    assert bar(made).paper.position == -2


def test_an_entry_that_works_without_all_of_its_orders_is_withdrawn_as_before() -> None:
    made = torn(2)
    for one in made.paper.orders.values():
        one.transmit, one.state = True, OrderState.WORKING
    withdrawn(made.restart())

    assert len(made.sent) == 2
