from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.live.family import Family, Phase
from engine.live.holdings import Execution, HeldOrder, Holdings, OrderState
from engine.live.reconcile import TABLE, Act, reconcile, verdict
from engine.live.situation import Situation, situation_of
from tests.support.broker_words import (
    ENTRY,
    EXIT,
    FAMILY,
    NQ,
    STOP,
    TARGET,
    execution,
    executions,
    family,
    held,
    holdings,
)

ASLEEP, ARMED = OrderState.HELD, OrderState.WORKING
IN, OUT = execution(ENTRY), execution(STOP)

CASES: dict[str, tuple[tuple[HeldOrder, ...], tuple[Execution, ...], Situation]] = {
    "no order and no execution": ((), (), Situation.NOTHING),
    "the whole bracket waits": (
        (held(ENTRY), held(STOP, ASLEEP), held(TARGET, ASLEEP)),
        (),
        Situation.RESTING,
    ),
    "the target was never sent": ((held(ENTRY), held(STOP, ASLEEP)), (), Situation.INCOMPLETE),
    "the last order was never sent, so nothing was transmitted": (
        (held(ENTRY, ASLEEP), held(STOP, ASLEEP)),
        (),
        Situation.SPLIT,
    ),
    "only the entry was sent": ((held(ENTRY, ASLEEP),), (), Situation.SPLIT),
    "the entry is not transmitted": (
        (held(ENTRY, ASLEEP), held(STOP, ASLEEP), held(TARGET, ASLEEP)),
        (),
        Situation.INCOMPLETE,
    ),
    "children without their entry": ((held(STOP, ASLEEP),), (), Situation.INCOMPLETE),
    "the entry is half filled": (
        (held(ENTRY, filled=1), held(STOP, ASLEEP)),
        (execution(ENTRY, 1),),
        Situation.PARTLY,
    ),
    "filled, the stop armed": ((held(STOP), held(TARGET)), (IN,), Situation.PROTECTED),
    "filled, the stop still asleep": ((held(STOP, ASLEEP),), (IN,), Situation.EXPOSED),
    "filled, the stop being cancelled": (
        (held(STOP, OrderState.CANCELLING),),
        (IN,),
        Situation.EXPOSED,
    ),
    "filled, the stop too short": ((held(STOP, contracts=1),), (IN,), Situation.EXPOSED),
    "filled, the stop too long": ((held(STOP, contracts=3),), (IN,), Situation.EXPOSED),
    "filled, two stops of one group, each for half": (
        (held(STOP, contracts=1), held(STOP.again, contracts=1)),
        (IN,),
        Situation.EXPOSED,
    ),
    "filled, a stop and the one that replaces it": (
        (held(STOP), held(STOP.again)),
        (IN,),
        Situation.PROTECTED,
    ),
    "filled, the stop rejected": (
        (held(STOP, OrderState.REJECTED), held(TARGET)),
        (IN,),
        Situation.EXPOSED,
    ),
    "stopped out, the target still there": ((held(TARGET),), (IN, OUT), Situation.FLAT),
    "stopped out, all gone": ((), (IN, OUT), Situation.NOTHING),
    "both exits hit": ((), (IN, OUT, execution(TARGET)), Situation.REVERSED),
    "one stop lives twice": (
        (held(STOP, permanent=1), held(STOP, permanent=2)),
        (IN,),
        Situation.TWICE,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_case_is_recognised(name: str) -> None:
    orders, done, situation = CASES[name]
    assert situation_of(family(Phase.WORKING, *done), Holdings({}, orders)) is situation


def test_every_phase_meets_every_situation() -> None:
    assert set(TABLE) == set(Phase)
    for row in TABLE.values():
        assert set(row) == set(Situation)


def test_an_order_that_is_nowhere_is_believed_gone_only_after_a_second_look() -> None:
    found = verdict(family(Phase.SENDING), Holdings())
    assert found.acts == (Act.ASK_AGAIN,)
    assert (found.phase, found.ending) == (Phase.DONE, "not_placed")


def test_a_trade_that_came_and_went_unseen_is_closed_not_lost() -> None:
    found = verdict(family(Phase.SENDING, IN, OUT), Holdings())
    assert (found.acts, found.phase, found.ending) == ((), Phase.DONE, "closed")


def test_what_was_never_sent_and_came_and_went_is_not_sent_but_latches() -> None:
    found = verdict(family(Phase.PLANNED, IN, OUT), Holdings())
    assert (found.acts, found.phase, found.ending) == ((Act.LATCH,), Phase.DONE, "closed")


def test_a_zombie_is_cancelled() -> None:
    orders = (held(ENTRY), held(STOP, ASLEEP), held(TARGET, ASLEEP))
    assert Act.CANCEL_ALL in verdict(family(Phase.DONE), Holdings({}, orders)).acts


HOLD = {Situation.PARTLY, Situation.PROTECTED, Situation.EXPOSED}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("situation", sorted(HOLD))
def test_a_position_that_is_not_meant_to_be_is_left_and_one_that_came_back_latches(
    phase: Phase, situation: Situation
) -> None:
    found = TABLE[phase][situation]

    assert (Act.FLATTEN in found.acts) == (phase in {Phase.CLOSING, Phase.DONE})
    assert (Act.LATCH in found.acts) == (phase in {Phase.PLANNED, Phase.DONE})
    if phase is Phase.DONE:
        assert found.phase is Phase.CLOSING


PHASES = st.sampled_from(Phase)
MEANT_TO_BE_IN = {Phase.PLANNED, Phase.SENDING, Phase.WORKING, Phase.HOLDING}


@given(PHASES, holdings())
def test_a_position_is_never_left_without_an_armed_stop_or_a_way_out(
    phase: Phase, found: Holdings
) -> None:
    result = reconcile([family(phase)], found).findings[0]
    if result.family.held == 0 or result.situation is Situation.TWICE:
        return
    safe = result.situation is Situation.PROTECTED and phase in MEANT_TO_BE_IN
    assert safe or {Act.PROTECT, Act.FLATTEN} & set(result.verdict.acts)


@given(PHASES, holdings())
def test_an_entry_that_may_still_fill_is_left_alone_only_while_it_is_wanted(
    phase: Phase, found: Holdings
) -> None:
    result = reconcile([family(phase)], found).findings[0]
    entry_lives = any(leg.role.opens for leg, _ in found.living(FAMILY))
    cancelled = {Act.CANCEL_ALL, Act.CANCEL_ENTRY, Act.CANCEL_EXTRA} & set(result.verdict.acts)
    wanted = result.situation is Situation.RESTING and phase in {Phase.SENDING, Phase.WORKING}
    assert not entry_lives or wanted or cancelled


@given(PHASES, holdings())
def test_only_what_was_never_sent_and_is_nowhere_may_be_sent(phase: Phase, found: Holdings) -> None:
    result = reconcile([family(phase)], found).findings[0]
    if Act.SEND in result.verdict.acts:
        assert phase is Phase.PLANNED
        assert not list(found.living(FAMILY))
        assert result.family.entered == 0 == result.family.left


@given(PHASES, holdings())
def test_only_what_cannot_be_filled_is_completed(phase: Phase, found: Holdings) -> None:
    result = reconcile([family(phase)], found).findings[0]
    if Act.COMPLETE in result.verdict.acts:
        living = list(found.living(FAMILY))
        assert phase is Phase.SENDING
        assert {order.state for _, order in living} == {ASLEEP}
        assert TARGET.ref not in {order.ref for _, order in living}  # it transmits
        assert Act.CANCEL_ALL in result.verdict.acts  # where it is too late
        assert result.family.entered == 0 == result.family.left


@given(PHASES, holdings())
def test_a_family_is_done_only_when_nothing_of_it_lives_and_nothing_is_held(
    phase: Phase, found: Holdings
) -> None:
    result = reconcile([family(phase)], found).findings[0]
    if result.verdict.phase is Phase.DONE:
        assert not list(found.living(FAMILY))
        assert result.family.held == 0


@given(executions(), executions(), st.randoms(use_true_random=False))
def test_executions_are_booked_once_in_whatever_order_they_come(
    first: list[Execution], second: list[Execution], chance: st.DataObject
) -> None:
    def books(found: list[Execution]) -> dict[str, int]:
        booked = family(Phase.WORKING).with_executions(found)
        again = booked.with_executions(found)
        assert again == booked
        return {one.key: one.revision for one in booked.executions}

    everything = [*first, *second]
    shuffled = list(everything)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert books(everything) == books(shuffled)


def test_a_correction_replaces_what_it_corrects() -> None:
    wrong, right = execution(ENTRY, 2, "k", 1), execution(ENTRY, 1, "k", 2)
    for order in ([wrong, right], [right, wrong]):
        assert family(Phase.WORKING).with_executions(order).entered == 1


def test_a_commission_that_came_late_is_kept_when_the_execution_is_told_again() -> None:
    paid = replace(IN, commission=Decimal("2.25"))
    booked = family(Phase.WORKING).with_executions([paid]).with_executions([IN])
    assert booked.executions == (paid,)


def test_a_position_that_no_execution_explains_stops_entries() -> None:
    found = reconcile([family(Phase.HOLDING, IN)], Holdings({NQ: -3}, (held(STOP),)))
    (mismatch,) = found.mismatches
    assert (mismatch.explained, mismatch.held) == (-2, -3)
    assert not found.entries_allowed


def test_orders_of_others_are_named_and_never_touched() -> None:
    manual = replace(held(ENTRY), ref="by hand")
    orders = (held(STOP), manual)
    found = reconcile([family(Phase.HOLDING, IN)], Holdings({NQ: -2}, orders))
    assert found.strangers == (manual,)
    assert not found.entries_allowed
    assert found.findings[0].verdict.acts == ()


def test_an_exit_order_is_never_an_opening_one() -> None:
    done: Family = family(Phase.CLOSING, IN, execution(EXIT))
    assert (done.entered, done.left, done.position) == (2, 2, 0)
