from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.order import Action, Order, OrderKind
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books, JournalError, Risk
from engine.live.codec import UnreadableError, plain, read_event
from engine.live.family import Asked, Family, Phase
from engine.live.holdings import Execution, HeldOrder, OrderState
from engine.live.identity import Leg, Role, Signal
from tests.support.broker_words import ENTRY, FAMILY, STOP, asked, execution, family, held

TEXT = st.text(max_size=12)
WHOLE = st.integers(-(2**62), 2**62)
AMOUNT = st.decimals(allow_nan=False, allow_infinity=False)
LEG = st.builds(
    Leg, st.just(FAMILY), st.sampled_from(Role), st.integers(0, 99), st.integers(0, 999)
)
ORDER = st.builds(
    lambda leg, action, contracts, price: Order(
        leg.ref,
        action,
        OrderKind.STOP if price is not None else OrderKind.MARKET,
        contracts,
        price,
    ),
    LEG,
    st.sampled_from(Action),
    st.integers(1, 50),
    st.none() | WHOLE,
)
ASKED = st.builds(lambda leg, order: Asked(leg, replace(order, id=leg.ref)), LEG, ORDER)
EXECUTION = st.builds(
    Execution, TEXT, WHOLE, TEXT, WHOLE, WHOLE, st.sampled_from(Action), WHOLE, AMOUNT, WHOLE,
    st.none() | AMOUNT,
)  # fmt: skip
HELD = st.builds(
    HeldOrder,
    *(TEXT, WHOLE, WHOLE, WHOLE, WHOLE, st.sampled_from(Action), st.sampled_from(OrderKind)),
    *(st.none() | WHOLE, WHOLE, WHOLE, st.sampled_from(OrderState), TEXT, st.booleans()),
)
FAMILIES = st.builds(
    Family,
    st.builds(Signal, TEXT, WHOLE, WHOLE, TEXT),
    st.sampled_from(Action),
    st.sampled_from(Phase),
    st.lists(ASKED, max_size=3).map(tuple),
    st.lists(EXECUTION, max_size=2).map(tuple),
)
EVENTS = st.one_of(
    st.builds(ev.Planned, WHOLE, FAMILIES),
    st.builds(ev.Wanted, WHOLE, TEXT, ASKED),
    st.builds(ev.Sending, WHOLE, TEXT, WHOLE),
    st.builds(ev.Withdrawing, WHOLE, TEXT, WHOLE),
    st.builds(words.Told, WHOLE, HELD),
    st.builds(words.Executed, WHOLE, EXECUTION),
    st.builds(words.Charged, WHOLE, TEXT, WHOLE, AMOUNT),
    st.builds(words.Refused, WHOLE, TEXT, WHOLE, TEXT),
    st.builds(ev.Moved, WHOLE, TEXT, st.sampled_from(Phase), TEXT, TEXT),
    st.builds(ev.Noticed, WHOLE, WHOLE, TEXT),
    st.builds(ev.Marked, WHOLE, TEXT, AMOUNT),
    st.builds(ev.Latched, WHOLE, TEXT),
    st.builds(ev.Unlatched, WHOLE, TEXT, TEXT),
    st.builds(ev.Halted, WHOLE, TEXT, TEXT),
    st.builds(ev.Resumed, WHOLE, TEXT, TEXT),
    st.builds(
        ev.Stepped,
        *(WHOLE, TEXT, WHOLE, WHOLE, WHOLE),
        *(st.lists(WHOLE, max_size=3).map(tuple), st.lists(WHOLE, max_size=3).map(tuple)),
        *(st.lists(TEXT, max_size=3).map(tuple), st.lists(WHOLE, max_size=3).map(tuple)),
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(EVENTS)
def test_an_event_is_read_back_as_it_was_written(event: ev.Event) -> None:
    body = json.loads(json.dumps(plain(event)))
    assert read_event(ev.kind_of(event), body) == event


@given(st.sampled_from(sorted(ev.KINDS)), JSON)
def test_what_is_no_event_is_refused_with_its_place(kind: str, body: object) -> None:
    with pytest.raises(UnreadableError, match=f"^{kind}"):
        read_event(kind, body)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "-Infinity", "12,5", ""])
def test_an_amount_that_is_no_number_is_refused(amount: str) -> None:
    with pytest.raises(UnreadableError, match="is not an amount"):
        read_event("marked", {"at": 1, "date": "2026-01-05", "equity": amount})


def test_an_event_of_a_later_version_asks_for_an_update() -> None:
    with pytest.raises(UnreadableError, match="update the engine"):
        read_event("teleported", {})


@given(EVENTS, st.data())
def test_a_stored_event_with_a_field_lost_is_refused(event: ev.Event, data: st.DataObject) -> None:
    body = plain(event)
    del body[data.draw(st.sampled_from(sorted(body)))]
    with pytest.raises(UnreadableError, match="missing"):
        read_event(ev.kind_of(event), body)


def test_a_family_of_a_version_that_knew_no_session_end_is_read() -> None:
    event = ev.Planned(1, family(Phase.PLANNED))
    body = plain(event)
    del body["family"]["until"]

    assert read_event("planned", body) == event


PLAN = ev.Planned(1, family(Phase.PLANNED))
PATH = (
    PLAN,
    ev.Sending(2, ENTRY.ref, 11),
    words.Told(3, held(ENTRY)),
    words.Executed(4, execution(ENTRY)),
    words.Charged(5, "E0", 1, Decimal("2.25")),
    ev.Moved(6, FAMILY, Phase.HOLDING, "", "protected"),
)


def test_the_books_follow_a_family_from_plan_to_position() -> None:
    books = Books().after(PATH)
    (held_now,) = books.living
    assert (held_now.phase, held_now.position) == (Phase.HOLDING, -2)
    assert held_now.executions[0].commission == Decimal("2.25")
    assert books.highest_number == 11


@given(st.lists(st.sampled_from(PATH[2:5]), max_size=6))
def test_words_of_the_broker_that_come_again_change_nothing(again: list[ev.Event]) -> None:
    before = Books().after(PATH)
    assert before.after(again).families == before.families


def test_a_setup_is_never_planned_twice() -> None:
    with pytest.raises(JournalError, match="may enter once"):
        Books().after((PLAN, PLAN))


def test_nothing_is_sent_that_was_not_written_down() -> None:
    with pytest.raises(JournalError, match="never written down"):
        Books().after((PLAN, ev.Sending(2, STOP.again.ref, 12)))


def test_a_stop_that_protects_is_wanted_once() -> None:
    more = ev.Wanted(2, FAMILY, asked(STOP.again))
    books = Books().after((PLAN, more))
    assert len(books.families[FAMILY].asked) == 4
    with pytest.raises(JournalError, match="twice"):
        books.after((more,))


def test_the_first_latch_gives_the_reason_and_only_a_person_clears_it() -> None:
    marks = (
        ev.Marked(1, "2026-01-05", Decimal(50_000)),
        ev.Marked(2, "2026-01-05", Decimal(37_000)),
    )
    latched = Books().after((*marks, ev.Latched(3, "drawdown"), ev.Latched(4, "naked")))
    assert (latched.latch, latched.entries_allowed) == ("drawdown", False)
    cleared = latched.after((ev.Unlatched(5, "kim", "looked"),))
    assert cleared.entries_allowed
    assert cleared.risk.peak == Decimal(37_000)


def test_a_halt_lasts_until_a_person_resumes() -> None:
    halted = Books().after(
        (ev.Halted(1, "kim", "lunch"), ev.Latched(2, "x"), ev.Unlatched(3, "k", "y"))
    )
    assert not halted.entries_allowed
    assert halted.after((ev.Resumed(4, "kim", "back"),)).entries_allowed


def test_the_day_begins_with_the_first_mark_of_its_date() -> None:
    marks = [("2026-01-05", 100), ("2026-01-05", 90), ("2026-01-06", 95), ("2026-01-06", 99)]
    books = Books().after(
        ev.Marked(at, date, Decimal(equity)) for at, (date, equity) in enumerate(marks)
    )
    assert books.risk == Risk("2026-01-06", Decimal(95), Decimal(99), Decimal(100))


def test_executions_of_others_are_no_part_of_our_position() -> None:
    stranger = replace(execution(ENTRY), ref="by hand")
    books = Books().after((PLAN, words.Executed(2, stranger)))
    assert books.families[FAMILY].position == 0
