"""Words of the broker in any order and number end in the same state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ib.states import (
    Incarnation,
    Opened,
    OrderBook,
    OrderWord,
    Stood,
    StrangeWord,
    Terms,
    Traded,
    after,
)
from engine.domain.order import Action, OrderKind
from engine.live.holdings import OrderState

US, PERMANENT = 17, 1_500_000_001
STOP = Terms("s", 1, Action.SELL, OrderKind.STOP, 100.0, 3, "GTC", outside_hours=True, parent=4)
ENTRY = Terms("e", 1, Action.BUY, OrderKind.LIMIT, 101.0, 3, "GTC", outside_hours=True)


def opened(status: str, terms: Terms = STOP) -> Opened:
    """Message 5."""
    return Opened(US, 5, PERMANENT, terms, status)


def stood(status: str, filled: int = 0, held: str = "") -> Stood:
    """Message 3."""
    return Stood(US, 5, PERMANENT, status, filled, held)


def traded(cumulative: int) -> Traded:
    """Message 11."""
    return Traded(US, 5, PERMANENT, cumulative)


ASLEEP = (opened("PreSubmitted"), stood("PreSubmitted", held="child"))
ARMED = (opened("PreSubmitted"), stood("PreSubmitted", held="trigger"))
LIVES: dict[str, tuple[tuple[OrderWord, ...], OrderState, int]] = {
    "asleep": (ASLEEP, OrderState.HELD, 0),
    "armed": (ASLEEP + ARMED, OrderState.WORKING, 0),
    "partly filled": (
        (*ARMED, stood("Submitted", 1), traded(1)), OrderState.WORKING, 1,
    ),
    "filled": (
        (*ARMED, traded(1), stood("Submitted", 1), traded(3), opened("Filled"), stood("Filled", 3)),
        OrderState.FILLED, 3,
    ),
    "filled, and no status came": (
        (*ARMED, traded(1), traded(3)), OrderState.FILLED, 3,
    ),
    "cancelled": (
        (*ARMED, stood("PendingCancel"), stood("Cancelled")), OrderState.CANCELLED, 0,
    ),
    "cancelled after a part": (
        (*ARMED, traded(1), stood("PendingCancel", 1), stood("Cancelled", 1)),
        OrderState.CANCELLED, 1,
    ),
    "being cancelled": ((*ARMED, stood("PendingCancel")), OrderState.CANCELLING, 0),
    "filled as the cancel arrived": (
        (*ARMED, stood("PendingCancel"), traded(3), stood("Filled", 3)), OrderState.FILLED, 3,
    ),
    "made inactive": ((*ASLEEP, stood("Inactive")), OrderState.REJECTED, 0),
}  # fmt: skip


@given(st.sampled_from(sorted(LIVES)), st.data())
def test_any_order_and_repetition_of_words_ends_in_the_same_state(
    name: str, data: st.DataObject
) -> None:
    told, state, filled = LIVES[name]
    again = data.draw(st.lists(st.sampled_from(told), max_size=6))
    book = OrderBook(US)
    if data.draw(st.booleans()):
        book.sent(5, STOP)
    last = None
    for word in data.draw(st.permutations([*told, *again])):
        last, _ = book.hear(word)
    assert last is not None
    assert (last.state, last.filled, last.terms) == (state, filled, STOP)
    assert len(list(book)) == 1


@pytest.mark.parametrize(
    ("held", "terms", "state"),
    [
        ("child", STOP, OrderState.HELD),
        ("child,trigger", STOP, OrderState.HELD),
        ("trigger", STOP, OrderState.WORKING),
        ("", STOP, OrderState.HELD),
        ("locate", ENTRY, OrderState.HELD),
        ("", ENTRY, OrderState.WORKING),
    ],
)
def test_a_presubmitted_stop_is_armed_only_where_the_broker_says_trigger(
    held: str, terms: Terms, state: OrderState
) -> None:
    known = Incarnation(US, 5, PERMANENT, terms)
    assert after(known, stood("PreSubmitted", held=held)).state is state


def test_an_echo_alone_arms_no_stop() -> None:
    assert after(Incarnation(US, 5), opened("PreSubmitted")).state is OrderState.HELD


def test_an_order_that_was_sent_is_unknown_until_the_broker_speaks() -> None:
    book = OrderBook(US)
    book.sent(5, ENTRY)
    (one,) = book
    assert one.state is OrderState.UNKNOWN
    assert not one.acknowledged


def test_a_refusal_counts_only_for_an_order_that_was_never_acknowledged() -> None:
    book = OrderBook(US)
    book.sent(5, ENTRY)
    refused = book.refuse(5)
    assert refused is not None
    assert refused.state is OrderState.REJECTED
    assert book.hear(stood("Submitted"))[0].state is OrderState.WORKING
    assert book.refuse(5) is None
    assert book.refuse(6) is None


def test_one_number_may_be_two_orders() -> None:
    book = OrderBook(US)
    book.sent(5, ENTRY)
    book.hear(Opened(US, 5, 1, ENTRY, "Submitted"))
    book.hear(Stood(US, 5, 2, "Submitted", 1, ""))
    first, second = book
    assert (first.permanent, second.permanent) == (1, 2)
    assert first.terms == second.terms == ENTRY
    assert (first.filled, second.filled) == (0, 1)


def test_a_word_without_the_lasting_number_is_of_the_order_that_has_the_number() -> None:
    book = OrderBook(US)
    book.hear(Opened(US, 5, 0, ENTRY, "PendingSubmit"))
    book.hear(Opened(US, 5, 9, ENTRY, "Submitted"))
    book.hear(Stood(US, 5, 0, "Submitted", 2, ""))
    (one,) = book
    assert (one.permanent, one.filled, one.state) == (9, 2, OrderState.WORKING)


def test_the_same_number_of_another_client_is_another_order() -> None:
    book = OrderBook(US)
    book.sent(5, ENTRY)
    now, _ = book.hear(Stood(3, 5, 7, "Submitted", 0, ""))
    assert now.terms is None
    assert len(list(book)) == 2


def test_only_an_answered_snapshot_takes_something_back() -> None:
    book = OrderBook(US)
    for word in (*ARMED, stood("PendingCancel")):
        book.hear(word)
    fresh = book.fresh()
    for word in ARMED:
        fresh.hear(word)
    book.replaced_by(tuple(fresh))
    (one,) = book
    assert one.state is OrderState.WORKING


def test_a_status_nobody_knows_is_said_and_changes_nothing() -> None:
    book = OrderBook(US)
    for word in ARMED:
        book.hear(word)
    with pytest.raises(StrangeWord, match="Submxtted"):
        book.hear(stood("Submxtted"))
    (one,) = book
    assert one.state is OrderState.WORKING
