"""The desk against a broker in memory: what we promise, and what other systems got wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from engine.domain.order import Action, OrderKind
from engine.execution import records as out
from engine.execution.records import Kind
from engine.execution.terms import Terms, TermsError
from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.family import Phase
from engine.live.holdings import HeldOrder, Holdings, OrderState
from engine.live.identity import Role
from engine.live.policy import Policy
from engine.live.trader import Trader
from tests.support.live_desk import COUNTED, FLAT, bar, live, phases, scene, sent, why_done
from tests.support.live_sweep import entries_while_latched
from tests.support.live_world import (
    CONTRACT,
    SceneDecider,
    World,
    scene_setting,
    world,
)
from tests.support.paper import FIVE_SECONDS, Profile

# --- the plain way ----------------------------------------------------------------------------


def test_a_bracket_is_sent_whole_and_only_its_last_order_transmits() -> None:
    made = bar(live())
    roles = [(one.leg.role, one.transmit, one.lasts, one.outside_hours) for one in made.sent]

    assert roles == [
        (Role.ENTRY, False, "DAY", True),
        (Role.TARGET, False, "GTC", True),
        (Role.STOP, True, "GTC", True),
    ]
    entry, target, stop = made.sent
    assert target.parent == stop.parent == entry.number
    assert target.group == stop.group != ""
    assert phases(made) == [Phase.WORKING]


def test_nothing_is_sent_that_was_not_recorded_before() -> None:
    made = live(FLAT, FLAT, (100, 101, 94, 95), (95, 112, 95, 100), FLAT, trails=True)
    seen = 0

    def observe(at: World, step: Any) -> None:
        nonlocal seen
        written = {one.ref for one in (*at.journal.events, *step.events)
                   if isinstance(one, ev.Sending)}  # fmt: skip
        asked = {one.leg.ref for one in step.commands if isinstance(one, cmd.Send)}
        assert asked <= written
        seen += len(asked)

    made.observer = observe
    made.finish()
    assert seen >= 3


def test_a_family_is_done_when_its_exit_is_filled_and_the_rest_withdrawn() -> None:
    made = bar(live(FLAT, (100, 101, 89, 95), FLAT), 3)

    assert phases(made) == [Phase.DONE]
    assert made.paper.position == 0
    assert why_done(made) == [("closed", "nothing")]


def test_a_stop_that_moves_is_replaced_before_the_old_one_is_withdrawn() -> None:
    lower = (95, 96, 94, 95)
    made = live(FLAT, FLAT, (100, 101, 94, 95), lower, lower, even_r=Fraction(1, 2))
    bar(made, 4)
    stops = sent(made, Role.STOP)
    (living,) = [
        one for one in made.paper.orders.values()
        if not one.state.is_over and one.kind is OrderKind.STOP
    ]  # fmt: skip

    assert [one.order.price for one in stops] == [110, 100]
    assert (living.ref, living.price) == (stops[1].leg.ref, 100)
    assert made.paper.naked_longest == 0


def test_a_stop_whose_move_is_refused_stays_where_it_is() -> None:
    lower = (95, 96, 94, 95)
    made = live(FLAT, FLAT, (100, 101, 94, 95), lower, lower, even_r=Fraction(1, 2),
                profile=Profile(reject_repair=16))  # fmt: skip
    bar(made, 5)

    assert [one.order.price for one in sent(made, Role.STOP)] == [110, 100]
    assert (made.paper.position, made.paper.armed(), made.paper.naked_longest) == (-2, 2, 0)
    assert not made.journal.books.latch


@pytest.mark.parametrize("restarts", [0, 1])
def test_a_move_that_got_lost_is_sent_again_and_one_that_was_refused_is_not(restarts: int) -> None:
    lower = (95, 96, 94, 95)
    made = live(FLAT, FLAT, (100, 101, 94, 95), lower, lower, even_r=Fraction(1, 2))
    bar(made, 2)
    made.paper.profile = Profile(swallow=16)
    bar(made)
    made.paper.profile = Profile()
    for _ in range(restarts):
        made.restart()
    bar(made)

    prices = [one.order.price for one in sent(made, Role.STOP)]
    assert (prices[:2], set(prices[1:])) == ([110, 100], {100})
    assert len(prices) > 2
    assert [one.price for one in made.paper.orders.values()
            if one.kind is OrderKind.STOP and not one.state.is_over] == [100]  # fmt: skip
    assert (made.paper.armed(), made.paper.naked_longest) == (2, 0)


def test_a_position_leaves_at_the_next_open_with_its_stop_armed_until_then() -> None:
    made = bar(live(after=2), 3)
    (way_out,) = sent(made, Role.EXIT)

    assert way_out.group == sent(made, Role.STOP)[0].group
    assert made.paper.armed() == 2
    bar(made)
    assert (made.paper.position, made.paper.naked_longest) == (0, 0)


def test_a_close_that_nobody_can_trade_at_is_refused_for_live_trading() -> None:
    found = scene(FLAT)
    with pytest.raises(TermsError, match="--flat next_open"):
        Trader(found.program, Terms(), CONTRACT, lambda simulator: SceneDecider(found, simulator))


# --- a link that goes, words that come late -----------------------------------------------------


def test_an_answer_to_an_earlier_question_does_not_count() -> None:
    made = bar(live(), 2)
    made.is_answering = False
    made.deliver(words.LinkUp(made.paper.now))
    number = made.desk.question
    made.deliver(words.LinkUp(made.paper.now))
    step = made.desk.step(words.Answered(made.paper.now, number, Holdings()))

    assert step.events == ()
    assert not [one for one in step.commands if isinstance(one, cmd.Send | cmd.Cancel)]


def test_a_bar_that_waited_is_traded_on_its_own_executions_and_not_on_later_ones() -> None:
    made = bar(live(FLAT, FLAT, FLAT, (100, 111, 99, 100), FLAT), 2)
    made.is_answering = False
    bar(made)
    made.open_bar()
    made.is_answering = True
    made.close_bar()

    assert made.records[2].tolist()[:2] == [3, Kind.EXIT]


def test_a_word_that_comes_late_brings_no_order_back() -> None:
    made = bar(live(FLAT, (100, 101, 89, 95), FLAT), 3)
    books = made.journal.books
    for order in books.incarnations.values():
        made.deliver(words.Told(made.paper.now, replace(order, state=OrderState.WORKING)))

    assert made.journal.books == books


def test_while_the_link_is_down_nothing_is_sent_and_nothing_asked() -> None:
    made = bar(live(rows=(0, 2)), 2)
    made.deliver(words.LinkDown(made.paper.now))
    step = made.desk.step(made.setting.bar(2))

    assert [one for one in step.commands if not isinstance(one, cmd.Alert)] == []


def test_when_the_link_is_back_the_broker_is_asked_before_anything_else() -> None:
    made = bar(live(), 2)
    made.deliver(words.LinkDown(made.paper.now))
    step = made.desk.step(words.LinkUp(made.paper.now))

    assert [type(one) for one in step.commands] == [cmd.Ask, cmd.WakeAt]
    assert made.desk.question


def test_a_part_that_left_before_a_restart_does_not_leave_again() -> None:
    halves = scene(FLAT, FLAT, (100, 101, 94, 95), (95, 96, 94, 95), (95, 96, 94, 95),
                   shares=[Fraction(1, 2)] * 2)  # fmt: skip
    halves = replace(halves, setups=[replace(halves.setups[0], targets=[95, 80])])
    made = bar(world(scene_setting(halves)), 3)
    made.restart()
    bar(made)

    assert made.paper.position == -1
    assert [kind for kind in made.records[:, 1] if kind == Kind.EXIT] == [Kind.EXIT]
    assert made.desk.trader.account.open_positions == 1


# --- protection -------------------------------------------------------------------------------


def test_a_stop_that_is_refused_is_replaced_within_five_seconds() -> None:
    made = bar(live(profile=Profile(reject_stop=16)), 2)

    assert made.paper.armed() == 2
    assert made.paper.naked_longest <= FIVE_SECONDS
    assert not made.journal.books.latch


def test_a_position_that_cannot_be_protected_is_flattened_after_the_latch_is_on_disk() -> None:
    made = live(profile=Profile(reject_stop=16, reject_repair=16), rows=(0, 3))
    latched: list[bool] = []

    def observe(at: World, step: Any) -> None:
        if any(isinstance(one, cmd.Send) and one.leg.role is Role.EXIT for one in step.commands):
            happened = [*at.journal.events, *step.events]
            latched.append(any(isinstance(one, ev.Latched) for one in happened))

    made.observer = observe
    bar(made, 2)
    assert latched == [True]
    assert made.paper.position == 0
    assert made.paper.naked_longest <= FIVE_SECONDS
    made.restart()
    bar(made, 3)
    assert "could not be protected" in made.journal.books.latch
    assert sum(made.paper.entries.values()) == 2
    assert entries_while_latched(made.journal.events) == 0
    assert ("withheld", f"latched: {made.journal.books.latch}") in why_done(made)


def test_a_way_out_that_is_refused_is_tried_again_after_longer_and_longer_rests() -> None:
    made = bar(live(after=1, profile=Profile(reject_exit=16)), 4)
    tried = [event.at for event in made.journal.events
             if isinstance(event, ev.Sending) and ":X" in event.ref]  # fmt: skip
    rests = [later - before for before, later in pairwise(tried)]

    assert rests[:5] == [1_000, 2_000, 4_000, 8_000, 16_000]
    assert max(rests) <= 64_000
    assert (made.paper.position, made.paper.armed()) == (-2, 2)
    assert any("refuses the way out" in alert.text for alert in made.alerts)


def test_more_that_went_out_than_came_in_is_brought_back_without_haste_if_that_is_refused() -> None:
    made = bar(live(profile=Profile(reject_exit=16)), 2)
    family = next(iter(made.journal.books.families.values()))
    stop = next(one for one in made.paper.orders.values() if one.kind is OrderKind.STOP)
    stop.group, stop.contracts = "", 5
    made.paper._try(stop, (120, 120, 120))
    bar(made)

    assert made.paper.position == 3
    assert 2 <= len(sent(made, Role.EXIT)) <= 8
    assert made.journal.books.families[family.name].phase is Phase.CLOSING


@pytest.mark.parametrize("wakes", [False, True])
def test_the_rest_of_a_partial_entry_is_withdrawn_and_what_is_held_protected(
    wakes: bool,  # noqa: FBT001 - a case
) -> None:
    made = bar(live(contracts=5, profile=Profile(partial=16, wake_on_part=wakes)), 2)

    assert (made.paper.position, made.paper.armed()) == (-2, 2)
    assert made.paper.naked_longest <= FIVE_SECONDS
    assert made.records[1].tolist()[6] == 2  # the fill is of what came
    bar(made)
    assert made.paper.position == -2


def test_a_fill_that_the_account_refuses_is_flattened_at_once_for_the_same_reason() -> None:
    made = bar(live(FLAT, (85, 86, 84, 85), FLAT, profile=Profile(late_told=True)), 1)
    made.open_bar()
    assert made.paper.position == 0
    why = [event.why for event in made.journal.events
           if isinstance(event, ev.Moved) and event.phase is Phase.CLOSING]  # fmt: skip
    made.close_bar()
    refused = made.records[1].tolist()

    assert refused[out.KIND] == Kind.REFUSED
    assert why == [made.desk.trader.reasons[refused[out.REASON]]]
    assert phases(made) == [Phase.DONE]


def test_more_that_went_out_than_came_in_is_brought_back() -> None:
    made = bar(live(), 2)
    exits = [one for one in made.paper.orders.values() if one.parent]
    for one in exits:
        one.group = ""  # a broker that forgot the group
    made.paper._try(exits[0], (100, 120, 80))
    exits[1].state = OrderState.WORKING
    made.paper._try(exits[1], (100, 120, 80))
    assert made.paper.position == 2
    made.settle(made.paper.now + 30_000)
    bar(made)

    assert made.paper.position == 0
    assert made.journal.books.latch


def test_what_brings_it_back_is_left_alone_until_it_is_filled() -> None:
    made = bar(live(FLAT, FLAT, (100, 111, 89, 100), FLAT, profile=Profile(thin=True)), 2)
    for one in made.paper.orders.values():
        one.group = ""  # a broker that forgot the group
    bar(made)
    made.settle(made.paper.now + 30_000)
    waiting = [one.state for one in made.paper.orders.values() if one.number == made.sent[3].number]

    assert (made.paper.position, waiting) == (2, [OrderState.WORKING])
    assert len(sent(made, Role.EXIT)) == 1
    bar(made)
    assert made.paper.position == 0
    assert phases(made) == [Phase.DONE]


# --- who may enter ----------------------------------------------------------------------------

STRANGER = HeldOrder(
    "by hand", 5, 77, 0, CONTRACT, Action.BUY, OrderKind.LIMIT, 50, 1, 0, OrderState.WORKING
)


def test_an_order_of_somebody_else_is_never_touched_and_stops_entries() -> None:
    made = live()
    made.paper.foreign.append(STRANGER)
    bar(made, 2)

    assert made.sent == []
    assert why_done(made) == [("withheld", "1 orders of somebody else are there")]
    assert not [one for one in made.journal.events if isinstance(one, ev.Withdrawing)]


def test_a_position_that_nobody_explains_latches_after_a_second_look() -> None:
    made = live()
    made.paper.position = 3
    bar(made, 2)

    assert "the broker holds 3" in made.journal.books.latch
    assert (made.sent, made.paper.position) == ([], 3)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (lambda at: words.Halt(at, "kim", "lunch"), "halted"),
        (lambda at: words.Data(at, "competing session"), "market data: competing session"),
        (lambda at: words.Clock(at, -11_000), "clock"),
    ],
)
def test_what_forbids_entries_is_named(word: Any, reason: str) -> None:
    made = live()
    made.deliver(word(made.paper.now))
    bar(made)

    assert made.sent == []
    assert reason in why_done(made)[0][1]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(told_equity=False, monitor_only=True), "monitor only"),
        (Policy(told_equity=False, warm_up=9), "1 bars of 9"),
        (Policy(told_equity=False, entries_a_day=0), "0 entries today"),
    ],
)
def test_a_policy_that_forbids_entries_is_named(policy: Policy, reason: str) -> None:
    made = bar(live(policy=policy))

    assert made.sent == []
    assert reason in why_done(made)[0][1]


def test_the_entries_of_a_day_are_counted_over_restarts() -> None:
    out = (100, 101, 89, 95)
    policy = replace(COUNTED, entries_a_day=2)
    made = live(FLAT, out, FLAT, out, FLAT, out, FLAT, rows=(0, 2, 4), policy=policy)
    for _ in range(7):
        bar(made)
        made.restart()

    assert len(made.paper.entries) == 2
    assert ("withheld", "2 entries today already") in why_done(made)


def test_a_bar_that_closed_long_ago_brings_no_entry() -> None:
    made = live()
    made.open_bar()
    made.row += 1
    made.paper.on_close()
    made.paper.advance(made.paper.now + 120_000)
    made.deliver(replace(made.setting.bar(0), at=made.paper.now))
    made.settle(made.paper.now + 5_000)

    assert why_done(made) == [("withheld", "the bar closed too long ago")]


def test_a_halt_withdraws_entries_that_wait_and_leaves_positions_protected() -> None:
    made = bar(live(order="limit", valid=9, rows=(0,)), 1)
    made.deliver(words.Halt(made.paper.now, "kim", "lunch"))
    made.settle(made.paper.now + 5_000)
    assert [one.state for one in made.paper.orders.values()] == [OrderState.CANCELLED] * 3

    held = bar(live(), 2)
    held.deliver(words.Halt(held.paper.now, "kim", "lunch"))
    held.settle(held.paper.now + 5_000)
    assert held.paper.armed() == 2


def test_a_person_is_out_of_everything_after_flatten_and_nothing_enters_until_resumed() -> None:
    made = bar(live(rows=(0, 2)), 2)
    made.open_bar()
    made.deliver(words.Flatten(made.paper.now, "kim", "enough"))
    made.settle(made.paper.now + 5_000)
    assert made.paper.position == 0
    made.close_bar()
    assert len(made.paper.entries) == 1
    made.restart()
    assert made.journal.books.halt == "enough"
    made.deliver(words.Resume(made.paper.now, "kim", "go on"))
    assert made.journal.books.entries_allowed


# --- limits on losses -------------------------------------------------------------------------


def test_the_drawdown_latch_survives_restarts_until_a_person_clears_it() -> None:
    lost = (100, 111, 99, 100)
    made = live(FLAT, lost, FLAT, lost, FLAT, lost, FLAT, rows=(0, 2, 4),
                stop_at=Fraction(1, 1000))  # fmt: skip
    bar(made, 2)
    assert made.journal.books.latch == "drawdown_latch"
    made.restart()
    bar(made, 2)
    assert len(made.paper.entries) == 1
    made.deliver(words.Unlatch(made.paper.now, "kim", "looked"))
    made.restart()
    assert not made.desk.trader.account.latched
    bar(made, 2)
    assert len(made.paper.entries) == 2


def test_after_a_drawdown_sizes_are_reduced_over_restarts() -> None:
    lost = (100, 111, 99, 100)
    made = live(FLAT, lost, FLAT, lost, FLAT, FLAT, rows=(0, 2, 4), method="fixed_risk",
                per_trade=Fraction(1, 100), maximum=99, reduce_at=Fraction(1, 1000),
                reduce_to=Fraction(1, 2))  # fmt: skip
    for _ in range(6):
        bar(made)
        made.restart()

    assert [one.order.contracts for one in sent(made, Role.ENTRY)] == [10, 4, 4]
    assert not made.journal.books.latch


@pytest.mark.parametrize("downs", [1, 3])
def test_after_the_latch_no_entry_is_sent_whatever_restarts(downs: int) -> None:
    lost = (100, 111, 99, 100)
    bars = [FLAT, lost] * 6
    made = live(*bars, rows=tuple(range(0, 12, 2)), stop_at=Fraction(1, 1000))
    for _ in bars:
        bar(made)
        for _ in range(downs):
            made.restart()

    assert made.journal.books.latch == "drawdown_latch"
    assert len(sent(made, Role.ENTRY)) == 1
    assert entries_while_latched(made.journal.events) == 0


def test_the_daily_loss_survives_restarts() -> None:
    lost = (100, 111, 99, 100)
    made = live(FLAT, lost, FLAT, lost, rows=(0, 2), daily_loss=Fraction(1, 1000))
    for _ in range(4):
        bar(made)
        made.restart()

    assert len(made.paper.entries) == 1
    assert made.records[-1].tolist()[1] == Kind.REFUSED


def test_sizes_come_from_the_equity_the_broker_tells_while_nothing_is_open() -> None:
    risk: dict[str, Any] = {"method": "fixed_risk", "per_trade": Fraction(1, 100), "maximum": 99}
    made = live(policy=Policy(), **risk)
    made.paper.cash = Fraction(100_000)
    bar(made)

    assert made.sent[0].order.contracts == 20  # 1000 of 100,000 at 50 a contract


def test_equity_that_is_not_told_forbids_entries() -> None:
    made = live(policy=replace(Policy(), equity_fresh=-1))
    bar(made)

    assert "equity" in why_done(made)[0][1]


def test_other_bars_than_those_before_the_restart_are_refused() -> None:
    made = bar(live(), 2)
    other = live(rows=(0,), contracts=2)
    step = next(iter(made.journal.books.steps.values()))
    with pytest.raises(ValueError, match="not the bars"):
        other.desk.trader.recall(step)


def test_the_same_words_bring_the_same_events() -> None:
    told = [bar(live(profile=Profile(shuffle=True, repeat=True)), 5).journal.events
            for _ in range(2)]  # fmt: skip

    assert told[0] == told[1]
