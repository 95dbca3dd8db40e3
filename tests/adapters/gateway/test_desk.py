"""Orders as a broker takes, changes and refuses them; schedules; contracts that end."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from adapters.gateway.config import BadConfig, Config, Nightly, Unsent
from adapters.gateway.faults import plans
from adapters.gateway.gateway import Gateway
from tests.support.bars import bars_from_rows, minute_of
from tests.support.gateway import CALENDARS, FIRST, Client, flat_market, gateway_of


def client_of(**changes: Any) -> Client:
    gateway = gateway_of(flat_market(60), played=5, **changes)
    client = Client(gateway)
    client.history()
    gateway.advance()
    return client


def test_what_if_tells_the_margin_and_places_nothing() -> None:
    client = client_of()
    client.place(1, "BUY", 2, "MKT", what_if=True)
    fields = client.of(5)[-1]
    state = fields.index("PreSubmitted")
    before, change, after = (fields[state + 1 + k : state + 4 + k] for k in (0, 3, 6))
    assert before == ("0.0", "0.0", "100000.0")
    assert after == ("70000.0", "63000.0", "99995.5")
    assert change == ("70000.0", "63000.0", "-4.5")
    assert client.gateway.truth.orders == []


def test_an_order_beyond_the_margin_is_rejected_unless_margins_are_off() -> None:
    client = client_of()
    client.place(1, "BUY", 3, "MKT")
    assert client.errors(201) == [(1, 201)]
    assert "INITIAL MARGIN" in client.of(4)[-1][4]
    free = client_of(check_margin=False)
    free.place(1, "BUY", 3, "MKT")
    assert free.gateway.truth.positions == {("DU1234567", "NQH6"): 3}


def test_closing_needs_no_margin() -> None:
    client = client_of(cash=Fraction(40_000))
    client.place(1, "BUY", 1, "MKT")
    client.place(2, "SELL", 1, "MKT")
    assert client.errors(201) == []
    assert client.gateway.truth.positions == {}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"kind": "LMT", "limit": 24_000.1}, 110),
        ({"kind": "STP"}, 403),
        ({"kind": "PEG MID"}, 387),
        ({"kind": "LMT", "limit": 24_000.0, "parent": 77}, 10006),
        ({"kind": "LMT", "limit": 24_000.0, "tif": "OPG"}, 321),
        ({"kind": "LMT", "limit": 24_000.0, "account": "DU9"}, 321),
        ({"kind": "LMT", "limit": 24_000.0, "tif": "GTD", "good_till": "soon"}, 321),
        ({"kind": "TRAIL"}, 321),
    ],
)
def test_an_order_that_nobody_takes_is_refused_by_its_code(
    words: dict[str, object], code: int
) -> None:
    client = client_of()
    kind = str(words.pop("kind"))
    client.place(1, "BUY", 1, kind, **words)
    assert client.errors()[-1] == (1, code)
    assert client.gateway.truth.orders == []


def test_a_change_moves_the_order_and_a_done_one_cannot_change() -> None:
    client = client_of()
    client.place(1, "BUY", 1, "LMT", limit=24_000.0, tif="GTC")
    client.place(1, "BUY", 2, "LMT", limit=24_500.0, tif="GTC")
    order = client.gateway.truth.orders[0]
    assert (order.quantity, order.ticket.limit) == (2, 98_000)
    client.place(1, "SELL", 2, "LMT", limit=24_500.0, tif="GTC")
    assert client.errors()[-1] == (1, 105)
    client.place(1, "BUY", 2, "LMT", limit=25_000.0, tif="GTC")
    assert client.statuses(1)[-1] == "Filled"
    client.place(1, "BUY", 2, "LMT", limit=25_000.0, tif="GTC")
    assert client.errors()[-1] == (1, 104)


def test_only_who_placed_an_order_can_cancel_it() -> None:
    client = client_of()
    client.place(1, "BUY", 1, "LMT", limit=24_000.0, tif="GTC")
    other = Client(client.gateway, 2)
    other.send(4, 1, 1, "")
    assert other.errors()[-1] == (1, 10147)
    other.send(16, 1)
    assert [fields[1] for fields in other.of(5)] == ["1"]
    client.send(4, 1, 1, "")
    assert client.errors()[-1] == (1, 202)
    client.send(4, 1, 1, "")
    assert client.errors()[-1] == (1, 10148)


def test_orders_that_are_not_transmitted_wait_for_the_one_that_is() -> None:
    client = client_of()
    client.place(1, "BUY", 1, "MKT", transmit=False)
    assert client.gateway.truth.positions == {}
    client.place(2, "SELL", 1, "STP", aux=24_000.0, parent=1, tif="GTC", outside=True)
    assert client.gateway.truth.positions == {("DU1234567", "NQH6"): 1}
    assert client.gateway.truth.longest_naked == 0


@pytest.mark.parametrize(
    ("unsent", "told", "reaches"), [("kept", 1, 1), ("hidden", 0, 1), ("dropped", 0, 0)]
)
def test_what_was_not_transmitted_is_kept_hidden_or_dropped_when_its_client_leaves(
    unsent: str, told: int, reaches: int
) -> None:
    client = client_of(unsent=Unsent(unsent))
    client.place(1, "BUY", 1, "MKT", transmit=False)
    client.session.close()
    again = Client(client.gateway)
    again.send(16, 1)
    assert len(again.of(5)) == told
    again.place(2, "SELL", 1, "STP", aux=24_000.0, parent=1, tif="GTC", outside=True)
    assert len(again.gateway.truth.positions) == reaches
    assert len(again.errors(10006)) == 1 - reaches


@pytest.mark.parametrize("unsent", Unsent)
def test_an_order_that_was_not_transmitted_can_be_sent_once_more_by_its_number(
    unsent: Unsent,
) -> None:
    client = client_of(unsent=unsent)
    client.place(1, "BUY", 1, "MKT", transmit=False)
    client.session.close()
    again = Client(client.gateway)
    again.place(1, "BUY", 1, "MKT", transmit=False)
    assert again.gateway.truth.positions == {}
    again.place(2, "SELL", 1, "STP", aux=24_000.0, parent=1, tif="GTC", outside=True)
    assert again.gateway.truth.positions == {("DU1234567", "NQH6"): 1}
    assert [code for number, code in again.errors() if number > 0] == []


def test_nobody_joins_a_group_of_which_one_is_filled() -> None:
    client = client_of()
    group = {"oca": "g", "oca_type": 1, "tif": "GTC"}
    client.place(1, "BUY", 1, "LMT", limit=24_000.0, **group)
    client.place(2, "BUY", 1, "LMT", limit=25_000.0, **group)
    assert client.statuses(2)[-1] == "Filled"
    assert client.statuses(1)[-1] == "Cancelled"
    client.place(3, "BUY", 1, "LMT", limit=25_000.0, **group)
    assert client.errors()[-1] == (3, 201)
    assert "OCA group is already filled" in client.of(4)[-1][4]
    client.place(4, "SELL", 1, "MKT", oca="another", oca_type=1)
    assert client.gateway.truth.positions == {}
    assert client.statuses(3) == []


@pytest.mark.parametrize(("kind", "is_open"), [(1, False), (3, True)])
def test_a_part_that_is_filled_ends_a_group_that_cancels_and_not_one_that_reduces(
    kind: int, *, is_open: bool
) -> None:
    client = client_of(faults=plans("partial-fill=1#1"), check_margin=False)
    client.place(1, "BUY", 2, "LMT", limit=25_000.0, tif="GTC", oca="g", oca_type=kind)
    assert client.gateway.truth.positions == {("DU1234567", "NQH6"): 1}
    client.place(2, "BUY", 2, "LMT", limit=24_000.0, tif="GTC", oca="g", oca_type=kind)
    assert (client.errors(201) == []) is is_open


def test_groups_are_forgotten_with_the_orders_of_a_day_ago() -> None:
    client = client_of(archive=False)
    client.place(1, "BUY", 1, "LMT", limit=25_000.0, oca="g", oca_type=1)
    exchange = client.gateway.exchange
    assert exchange.is_served("DU1234567", "g")
    exchange.forget(client.gateway.now, 0)
    assert exchange.is_served("DU1234567", "g")
    exchange.forget(client.gateway.now + 1, 0)
    assert not exchange.is_served("DU1234567", "g")


def test_completed_orders_say_how_they_ended() -> None:
    client = client_of()
    client.place(1, "BUY", 1, "MKT")
    client.place(2, "BUY", 1, "LMT", limit=24_000.0)
    client.send(4, 1, 2, "")
    client.send(99, 0)
    outcomes = [fields[-6] for fields in client.of(101)]
    assert outcomes == ["Filled Size: 1", "Cancelled by Trader"]


def test_the_nightly_restart_comes_at_its_time_in_new_york() -> None:
    begins = minute_of("2026-01-07 04:30")
    rows = [(begins + k, 1000, 1000, 1000, 1000, 1) for k in range(60)]
    gateway = gateway_of(bars_from_rows(rows), played=5, restart=Nightly("23:45", 120))
    client = Client(gateway)
    while not client.closed:
        assert gateway.advance()
    assert gateway.now == minute_of("2026-01-07 04:45") * 60
    assert gateway.is_silent("restart")
    while not gateway.is_up:
        gateway.advance()
    assert gateway.now >= minute_of("2026-01-07 04:47") * 60


def test_the_maintenance_hour_is_a_lost_link() -> None:
    begins = minute_of("2026-01-07 05:00")
    rows = [(begins + k, 1000, 1000, 1000, 1000, 1) for k in range(60)]
    gateway = gateway_of(bars_from_rows(rows), played=5, maintenance=Nightly("00:15", 600))
    client = Client(gateway)
    while gateway.advance():
        pass
    assert [code for _, code in client.errors() if code in (1100, 1102)] == [1100, 1102]


def test_a_contract_ends_on_its_day_and_takes_its_orders_along() -> None:
    begins = minute_of("2026-03-20 13:00")
    rows = [(begins + k, 1000, 1000, 1000, 1000, 1) for k in range(60)]
    gateway = gateway_of(bars_from_rows(rows), played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "MKT")
    client.place(2, "BUY", 1, "LMT", limit=200.0, tif="GTC")
    while gateway.advance():
        pass
    assert gateway.truth.positions == {}
    assert client.statuses(2)[-1] == "Cancelled"


def test_several_accounts_are_kept_apart() -> None:
    client = client_of(accounts=("DU1", "DU2"))
    client.place(1, "BUY", 1, "MKT", account="DU2")
    assert client.gateway.truth.positions == {("DU2", "NQH6"): 1}
    assert client.of(15) == [("15", "1", "DU1,DU2")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"markets": ()}, "no bars to serve"),
        ({"version": 100}, "no server version"),
        ({"accounts": ()}, "at least one account"),
        ({"begins": (FIRST + 9999) * 60.0}, "after the last bar"),
    ],
)
def test_what_cannot_be_served_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        Gateway(Config(**{"markets": (flat_market(),), **changes}), CALENDARS)
