"""How many fields each message has, at each version, as captured from real gateways."""

from __future__ import annotations

import pytest

from tests.support.gateway import Client, contract_fields, flat_market, gateway_of

# counts of captured frames: openOrder and contractDetails at 164, the others at any version
OPEN_ORDER = {157: 128, 163: 131, 164: 131, 176: 136, 177: 135, 178: 135}
DETAILS = {157: 39, 163: 40, 164: 40, 176: 40, 177: 40, 178: 40}
EXECUTION = {157: 31, 163: 31, 164: 31, 176: 31, 177: 31, 178: 32}

CAPTURED_OPEN_ORDER = (
    "5|13|{con}|NQ|FUT|20260320|0|?|20|CME|USD|NQH6|NQ|BUY|1|MKT|0.0|0.0|DAY||DU1234567||0||1|"
    "{perm}|0|0|0||{perm}.0/DU1234567/100||||||||||0||-1|0||||||2147483647|0|0|0||3|0|0||0|0||0|"
    "None||0||||?|0|0||0|0||||||0|0|0|2147483647|2147483647|||0||IB|0|0||0|0|PreSubmitted|"
    + "1.7976931348623157E308|" * 9
    + "|||||0|0|0|None|"
    + "1.7976931348623157E308|" * 6
    + "0||||0|1|0|0|0|||0"
)


def traded(version: int) -> Client:
    gateway = gateway_of(flat_market(), played=5, version=version)
    client = Client(gateway)
    client.history()
    gateway.advance()
    client.place(13, "BUY", 1, "MKT")
    return client


@pytest.mark.parametrize("version", sorted(OPEN_ORDER))
def test_every_message_has_the_fields_that_the_clients_unpack(version: int) -> None:
    client = traded(version)
    more = [""] if version >= 176 else []
    client.send(9, 8, 6, *contract_fields(client.gateway), 0, "", "", *more)
    assert {len(fields) for fields in client.of(5)} == {OPEN_ORDER[version]}
    assert {len(fields) for fields in client.of(10)} == {DETAILS[version]}
    assert {len(fields) for fields in client.of(11)} == {EXECUTION[version]}
    assert {len(fields) for fields in client.of(3)} == {12}
    assert {len(fields) for fields in client.of(59)} == {8}
    assert {len(fields) for fields in client.of(4)} == {6 if version >= 166 else 5}


def test_an_open_order_is_field_by_field_what_a_real_gateway_sent() -> None:
    client = traded(164)
    order = client.gateway.truth.orders[0]
    wanted = CAPTURED_OPEN_ORDER.format(con=order.contract.con_id, perm=order.perm).split("|")
    assert list(client.of(5)[0]) == wanted


def test_the_callbacks_of_a_market_order_come_in_the_captured_order() -> None:
    client = traded(176)
    start = next(k for k, fields in enumerate(client.heard) if fields[0] == "5")
    kinds = [(fields[0], _status(fields)) for fields in client.heard[start:]]
    assert kinds == [
        ("5", "PreSubmitted"),
        ("3", "PreSubmitted"),
        ("11", ""),
        ("5", "Filled"),
        ("3", "Filled"),
        ("5", "Filled"),
        ("59", ""),
    ]


def _status(fields: tuple[str, ...]) -> str:
    known = ("PreSubmitted", "Submitted", "Filled")
    return next((one for one in fields if one in known), "") if fields[0] in ("3", "5") else ""


def test_positions_have_no_exchange_and_a_cost_with_the_multiplier() -> None:
    client = traded(176)
    client.send(61, 1)
    fields = client.of(61)[-1]
    assert len(fields) == 16
    assert fields[10] == ""
    assert fields[-2:] == ("1", "500000.0")
