"""Plans are read, every fault strikes, alone and in pairs, and does what it says."""

from __future__ import annotations

import os
from fractions import Fraction
from functools import cache
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateway.faults import FAULTS, BadFault, Chance, Faults, Plan, plans
from tests.support.gateway import Client, contract_fields, flat_market, gateway_of

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway

NAMES = sorted(FAULTS)
ASKED = ((61, 1), (5, 1), (7, 3, 8, 0, "", "", "", "", "", ""), (99, 0), (49, 1), (6, 2, 1, ""))
PAIRS = {"dev": 25, "ci": 100, "prove": len(NAMES) * (len(NAMES) - 1) // 2}.get(
    os.environ.get("HYPOTHESIS_PROFILE", "dev"), 100
)


def test_there_are_more_than_thirty_and_each_says_what_it_does() -> None:
    assert len(FAULTS) > 50
    assert all(fault.what and fault.value >= 0 for fault in FAULTS.values())


@given(
    st.builds(
        Plan,
        st.sampled_from(NAMES),
        st.sampled_from([0.0, 1.0, 2.5, 90.0]),
        st.sampled_from(["", "10:31", "10:31:05", "2026-01-06T10:31"]),
        most=st.integers(1, 9),
    )
)
def test_a_plan_is_read_as_it_is_written(plan: Plan) -> None:
    assert plans(str(plan)) == (plan,)


def test_plans_are_read_in_every_form() -> None:
    first, second, third, fourth = plans(
        "link-lost=90@10:31, swallow-order#2,pacing~0.05x3,read-only"
    )
    assert (first.value, first.clock, first.most) == (90, "10:31", 1)
    assert (second.nth, second.most) == (2, 1)
    assert (third.chance, third.most) == (0.05, 3)
    assert (fourth.value, fourth.most) == (0, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("link-lots", "did you mean link-lost"),
        ("link-lost@25:00", "is no time"),
        ("link-lost@", "is no plan"),
        ("link-lost~1.5", "from 0 to 1"),
        ("zzzzzz", "--faults list"),
        ("link-lost=x", "is no plan"),
    ],
)
def test_a_plan_that_is_none_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(BadFault, match=words):
        plans(text)


def test_the_same_seed_strikes_at_the_same_opportunities() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(plans("swallow-order~0.3"), seed, 0.0)
        return [faults.hit("swallow-order", float(k)) is not None for k in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def busy_day(text: str, seed: int = 1) -> tuple[Gateway, list[Client]]:
    """A client does all it can while faults strike; it comes back when it is thrown out."""
    gateway = gateway_of(
        flat_market(30), played=5, faults=plans(text), seed=seed, cash=Fraction(10**7)
    )
    clients: list[Client] = []

    def back() -> Client:
        one = Client(gateway)
        clients.append(one)
        if one.session.client == 1:
            one.history(900)
            one.send(97, 901, *contract_fields(gateway), "Last", 0, 0)
            one.send(1, 11, 902, *contract_fields(gateway), 0, "", 0, 0, "")
        return one

    client = back()
    number = 1
    for turn in range(12):
        if client.closed and gateway.is_up:
            client = back()
        number = max(number, gateway.next_id)
        if turn % 5 == 0:
            client.bracket(number, "BUY", 2, stop=24_000.0, target=26_000.0)
        if turn % 5 == 1:
            client.place(number, "BUY", 1, "LMT", limit=24_500.0, tif="GTC", ref="L")
        if turn % 5 == 2:
            client.place(number - 1, "BUY", 1, "LMT", limit=24_501.0, tif="GTC", ref="L")
        if turn % 5 == 3:
            client.send(4, 1, number - 1, "")
        for request in ASKED:
            client.send(*request)
        client.send(9, 8, 9, *contract_fields(gateway), 0, "", "", "")
        client.history(1000 + turn, keep=False)
        gateway.advance()
    return gateway, clients


@cache
def calm_day() -> list[bytes]:
    """What is heard on the same day when nothing goes wrong."""
    gateway, clients = busy_day("")
    assert gateway.truth.positions
    return [one.raw for one in clients]


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_strikes_alone(name: str) -> None:
    when = "@15:08" if FAULTS[name].chance is Chance.MOMENT else ""
    gateway, clients = busy_day(name + when)
    assert gateway.faults.struck[name] > 0
    again, others = busy_day(name + when)
    assert again.wire.digest == gateway.wire.digest
    assert [one.raw for one in others] == [one.raw for one in clients]
    assert [one.raw for one in clients] != calm_day()


def test_any_two_faults_go_together() -> None:
    rng = Random(3)
    for one, other in rng.sample(list(combinations(NAMES, 2)), PAIRS):
        gateway, _ = busy_day(f"{one}~0.3,{other}~0.3", seed=rng.randrange(99))
        ids = [execution.id for execution in gateway.truth.executions]
        assert len(ids) == len(set(ids))
        held = sum(gateway.truth.positions.values())
        filled = sum(one.quantity * one.order.ticket.sign for one in gateway.truth.executions)
        assert held == filled


def client_of(faults: str, played: int = 5) -> tuple[Gateway, Client]:
    gateway = gateway_of(flat_market(60), played=played, faults=plans(faults))
    client = Client(gateway)
    client.history()
    gateway.advance()
    return gateway, client


def test_a_lost_link_is_silent_then_restored_and_the_fill_was_never_told() -> None:
    gateway, client = client_of("link-lost=90@15:10")
    client.place(1, "BUY", 1, "LMT", limit=24_999.75, tif="GTC")  # filled by the next bar
    gateway.exchange.now = gateway.now
    gateway.strike("link-lost", 90)
    bars = len(client.of(90))
    while not gateway.truth.positions:
        gateway.advance()
    assert client.statuses(1) == ["Submitted"]
    assert len(client.of(90)) == bars
    while gateway.is_cut_off or not client.errors(1102):
        gateway.advance()
    assert client.errors(1100)
    gateway.advance()
    assert len(client.of(90)) > bars
    client.send(7, 3, 8, 0, "", "", "", "", "", "")
    assert len(client.of(11)) == 1


def test_lost_data_ends_subscriptions() -> None:
    gateway, client = client_of("")
    gateway.strike("link-lost-data", 30)
    while not client.errors(1101):
        gateway.advance()
    bars = len(client.of(90))
    for _ in range(5):
        gateway.advance()
    assert len(client.of(90)) == bars


def test_a_swallowed_order_leaves_no_trace() -> None:
    gateway, client = client_of("swallow-order#1")
    heard = len(client.heard)
    client.place(1, "BUY", 1, "MKT")
    assert len(client.heard) == heard
    assert gateway.truth.orders == []
    client.place(2, "BUY", 1, "MKT")
    assert len(gateway.truth.orders) == 1


def test_a_rejected_stop_leaves_the_position_naked() -> None:
    gateway, client = client_of("reject-stop#1")
    client.bracket(1, "BUY", 1, stop=24_900.0, target=25_100.0)
    client.place(9, "BUY", 1, "MKT")
    for _ in range(3):
        gateway.advance()
    assert client.errors(201) == [(3, 201)]
    assert gateway.truth.naked
    assert gateway.truth.longest_naked >= 60


def test_a_position_is_naked_from_when_ib_can_be_reached_again() -> None:
    gateway, client = client_of("reject-stop#1")
    client.bracket(1, "BUY", 1, stop=24_900.0, target=25_100.0)
    client.place(9, "BUY", 1, "MKT")
    begun = gateway.now
    gateway.strike("link-lost")
    while gateway.now < begun + 59:
        gateway.advance()
    assert gateway.truth.naked
    assert gateway.truth.longest_naked == gateway.now - begun - 30


def test_the_order_arrives_though_the_line_died() -> None:
    gateway, client = client_of("lose-after-order#1")
    client.place(1, "BUY", 1, "MKT")
    assert client.closed
    assert client.of(5) == []
    assert gateway.truth.positions == {("DU1234567", "NQH6"): 1}


def test_the_order_is_lost_with_the_line() -> None:
    gateway, client = client_of("lose-before-order#1")
    client.place(1, "BUY", 1, "MKT")
    assert client.closed
    assert gateway.truth.orders == []


def test_a_restart_gives_the_same_ids_out_again() -> None:
    gateway, client = client_of("")
    client.place(41, "BUY", 1, "LMT", limit=24_000.0, tif="GTC")
    assert gateway.next_id == 42
    gateway.strike("restart-rollback", 60)
    assert client.closed
    assert gateway.is_silent("restart")
    while not gateway.is_up:
        gateway.advance()
    again = Client(gateway)
    assert again.of(9) == [("9", "1", "1")]
    again.send(5, 1)
    assert [fields[1] for fields in again.of(5)] == ["41"]


def test_two_orders_of_one_ref_live_after_a_change_in_an_outage() -> None:
    gateway, client = client_of("second-incarnation#1")
    client.place(1, "BUY", 1, "LMT", limit=24_000.0, tif="GTC", ref="a:E")
    client.place(1, "BUY", 1, "LMT", limit=24_001.0, tif="GTC", ref="a:E")
    assert len({order.perm for order in gateway.truth.working}) == 2
    assert {order.ticket.ref for order in gateway.truth.working} == {"a:E"}


def test_a_corrected_execution_has_the_next_suffix_and_the_money_follows() -> None:
    gateway, client = client_of("correct-execution=4#1")
    client.place(1, "BUY", 1, "MKT")
    first, second = (fields[14] for fields in client.of(11))
    assert (first[:-2], first[-2:], second[-2:]) == (second[:-2], "01", "02")
    assert gateway.truth.executions[0].price == 100_004
    account = gateway.exchange.accounts["DU1234567"]
    assert account.positions[gateway.truth.orders[0].contract.con_id].cost == 100_004


def test_read_only_is_said_of_orders_and_nothing_happens() -> None:
    gateway, client = client_of("read-only")
    client.place(1, "BUY", 1, "MKT")
    client.send(4, 1, 99, "")
    assert client.errors(321) == [(1, 321), (99, 321)]
    assert "Read-Only" in client.of(4)[-1][4]
    assert gateway.truth.orders == []


def test_a_client_id_is_given_once() -> None:
    gateway, client = client_of("")
    other = Client(gateway)
    assert other.closed
    assert other.errors() == [(-1, 326)]
    assert not client.closed


def test_a_wrong_live_bar_is_right_in_history() -> None:
    gateway, client = client_of("wrong-bar=8#2")
    for _ in range(3):
        gateway.advance()
    client.history(901, keep=False)
    told = {fields[3]: fields[5] for fields in client.of(90)}
    flat = client.of(17)[-1][5:]
    right = {flat[k]: flat[k + 4] for k in range(0, len(flat), 8)}
    wrong = [stamp for stamp, close in told.items() if right[stamp] != close]
    assert len(wrong) == 1


def test_unanswered_positions_are_not_an_empty_answer() -> None:
    _, client = client_of("silent-positions")
    client.place(1, "BUY", 1, "MKT")
    client.send(61, 1)
    assert client.of(62) == []


def test_a_foreign_trade_is_seen_and_is_nobody_s_order() -> None:
    gateway, client = client_of("")
    client.send(61, 1)
    gateway.strike("foreign-trade", 3)
    assert client.of(61)[-1][-2] == "3"
    gateway.strike("foreign-order", 2)
    client.send(16, 1)
    assert [(fields[1], fields[25 - 1]) for fields in client.of(5)][-1][0] == "0"


def test_slow_lines_deliver_all_at_once_when_the_time_is_over() -> None:
    gateway, client = client_of("")
    gateway.strike("slow-link", 150)
    heard = len(client.heard)
    for _ in range(2):
        gateway.advance()
    assert len(client.heard) == heard
    for _ in range(3):
        gateway.advance()
    assert len(client.heard) > heard + 3
