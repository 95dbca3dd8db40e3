"""Open bugs of other systems, by their numbers: what the desk does where they went wrong.

What concerns the wire alone is in tests/adapters/ib: statuses that a library makes up (ib_insync
502, ib_async 191) in test_states, subscriptions after a reconnect (nautilus 3733) in test_broker.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.order import OrderKind
from engine.execution.records import Kind
from engine.live import words
from engine.live.family import Phase
from engine.live.holdings import Execution, Holdings, OrderState
from engine.live.identity import Role
from tests.support.live_desk import FLAT, bar, live, phases, sent
from tests.support.live_world import CONTRACT
from tests.support.paper import Profile


def test_lean_ib_93_an_order_that_is_swallowed_is_sent_again_under_its_own_number() -> None:
    made = bar(live(profile=Profile(swallow=16)))
    first, again = made.sent[:3], made.sent[3:]

    assert [one.number for one in again] == [one.number for one in first]
    assert bar(made).paper.position == -2
    assert sum(made.paper.entries.values()) == 2


def test_lean_ib_242_numbers_that_roll_back_are_not_given_out_twice() -> None:
    made = bar(live(FLAT, (100, 101, 89, 95), FLAT, FLAT, FLAT, rows=(0, 2)), 2)
    made.paper.next_number = 1
    made.restart()
    bar(made, 2)
    numbers = [one.number for one in made.sent]

    assert len(numbers) == len(set(numbers)) == 6


def test_nautilus_4247_numbers_of_another_session_are_beyond_ours() -> None:
    made = live()
    made.paper.next_number = 500
    bar(made)

    assert [one.number for one in made.sent] == [500, 501, 502]


def test_lean_ib_249_fills_while_the_link_is_down_are_booked_when_it_is_back() -> None:
    made = bar(live(FLAT, (100, 111, 99, 100), FLAT, FLAT))
    made.deliver(words.LinkDown(made.paper.now))
    made.paper.link = False
    bar(made)
    assert made.journal.books.living[0].executions == ()
    made.paper.link = True
    made.deliver(words.LinkUp(made.paper.now))
    made.settle(made.paper.now + 5_000)
    (family,) = made.journal.books.families.values()

    assert (family.entered, family.left, family.phase) == (2, 2, Phase.DONE)
    kinds = made.records[:, 1].tolist()
    assert kinds == [Kind.INTENT, Kind.FILL, Kind.EXIT, Kind.CLOSED]


def test_nautilus_4564_of_two_orders_with_one_reference_one_is_withdrawn() -> None:
    made = bar(live(), 2)
    stop = next(one for one in made.paper.orders.values() if one.kind is OrderKind.STOP)
    twin = replace(stop, permanent=99_999, number=999)
    made.paper.orders[twin.permanent] = twin
    made.restart()
    made.settle(made.paper.now + 3_000)

    assert (stop.state, twin.state) == (OrderState.WORKING, OrderState.CANCELLED)
    assert made.paper.position == -2


def test_nautilus_3176_a_restart_in_the_middle_of_an_entry_enters_once() -> None:
    made = bar(live())
    for _ in range(5):
        made.restart()
    bar(made)

    assert (made.paper.position, len(made.sent)) == (-2, 3)


def test_nautilus_3176_orders_of_nobody_are_not_made_up_from_a_position() -> None:
    made = bar(live(), 2)
    made.paper.position -= 1
    made.restart()
    made.settle(made.paper.now + 10_000)

    assert len(made.sent) == 3
    assert [family.entered for family in made.journal.books.families.values()] == [2]
    assert "the broker holds -3" in made.journal.books.latch


@pytest.mark.parametrize("bars", [1, 2], ids=["asleep", "armed"])
@pytest.mark.parametrize("code", [103, 105, 110, 161, 200, 201, 202, 203, 321, 329, 10147, 10349])
def test_ib_insync_502_and_ib_async_191_an_error_does_not_end_an_order_that_lives(
    code: int, bars: int
) -> None:
    made = bar(live(), bars)
    stop = sent(made, Role.STOP)[0].leg.ref
    made.deliver(words.Refused(made.paper.now, stop, code, "no"))
    made.settle(made.paper.now + 5_000)

    assert all(one.permanent > 0 for one in made.journal.books.incarnations.values())
    assert phases(made) == [Phase.WORKING if bars == 1 else Phase.HOLDING]
    bar(made, 3 - bars)
    assert (made.paper.armed(), len(made.sent)) == (2, 3)


@pytest.mark.parametrize("number", [0, 777])
def test_nautilus_4970_a_fill_under_a_number_nobody_knows_finds_its_order_by_its_reference(
    number: int,
) -> None:
    made = bar(live(profile=Profile(late_told=True)))
    entry = next(one for one in made.paper.orders.values() if not one.parent)
    fill = Execution("x0", 1, entry.ref, number, CONTRACT, entry.action, 2, Decimal(25), 29_459_521)
    made.is_answering = False
    made.deliver(words.Executed(made.paper.now, fill))
    made.deliver(words.Executed(made.paper.now, fill))
    (family,) = made.journal.books.families.values()

    assert (family.phase, family.entered, len(family.executions)) == (Phase.HOLDING, 2, 1)


def test_nautilus_3733_bars_that_were_missed_are_traded_in_order_when_the_link_is_back() -> None:
    bars = (FLAT, FLAT, FLAT, (100, 111, 99, 100), FLAT, FLAT)
    wanted = bar(live(*bars, rows=(0, 4)), 6).records.tolist()
    made = bar(live(*bars, rows=(0, 4)), 2)
    made.deliver(words.LinkDown(made.paper.now))
    made.paper.link = False
    for row in (2, 3):
        made.open_bar()
        made.paper.on_close()
        made.row, made.is_mid_bar = row + 1, False
    made.paper.link = True
    made.deliver(words.LinkUp(made.paper.now, data_kept=False))
    for row in (2, 3):
        made.deliver(replace(made.setting.bar(row), at=made.paper.now))
    made.settle(made.paper.now + 5_000)

    assert bar(made, 2).records.tolist() == wanted


def test_freqtrade_431_an_order_that_one_snapshot_misses_is_not_believed_gone() -> None:
    made = bar(live(), 1)
    made.is_answering = False
    made.deliver(words.LinkUp(made.paper.now))
    made.deliver(words.Answered(made.paper.now, made.desk.question, Holdings()))
    assert phases(made) == [Phase.WORKING]
    made.is_answering = True
    made.settle(made.paper.now + 5_000)

    assert phases(made) == [Phase.WORKING]
    assert bar(made).paper.position == -2
