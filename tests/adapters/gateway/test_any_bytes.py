"""Whatever a client sends, the gateway answers as a gateway does, and never breaks."""

from __future__ import annotations

import os
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from adapters.gateway.session import Line, Session
from tests.support.gateway import (
    Client,
    contract_fields,
    flat_market,
    frame_of,
    gateway_of,
    order_fields,
)

FRAMES = {"dev": 8_000, "ci": 25_000, "prove": 200_000}.get(
    os.environ.get("HYPOTHESIS_PROFILE", "dev"), 25_000
)
NONSENSE = ("", "-1", "x", "9" * 30, "nan", "1e308", "\u00e9", "\u0661", "0.1", "1", "2147483647",
            "-0", "20251399 10:00:00", "BUY", "'; drop", "1.7976931348623157E308")  # fmt: skip


def sound_requests(client: Client) -> list[list[str]]:
    gateway, contract = client.gateway, contract_fields(client.gateway)
    found: list[list[object]] = [
        order_fields(gateway, client.version, 50, "BUY", 1, "LMT", limit=24_000.0),
        order_fields(gateway, client.version, 51, "SELL", 1, "STP", aux=24_000.0, what_if=True),
        order_fields(gateway, client.version, 52, "SELL", 2, "TRAIL", aux=5.0, tif="GTC"),
        [1, 11, 7, *contract, 0, "", 0, 0, ""], [2, 2, 7], [4, 1, 50, ""], [5, 1],
        [6, 2, 1, "DU1234567"], [7, 3, 8, 0, "", "", "", "", "", ""], [8, 1, 1],
        [9, 8, 9, *contract, 0, "", "", ""], [15, 1, 1], [16, 1], [17, 1],
        [20, 10, *contract, 0, "", "1 min", "3600 S", 0, "TRADES", 2, 1, ""], [25, 1, 10],
        [49, 1], [50, 3, 11, *contract, 5, "TRADES", 0, ""], [51, 1, 11], [58, 1], [59, 1, 3],
        [61, 1], [62, 1, 12, "All", "NetLiquidation"], [63, 1, 12], [64, 1], [71, 2, 1, ""],
        [74, 1, 13, "", ""], [76, 1, 14, "", "", 0], [77, 1, 14], [81, 15, "N"],
        [87, 16, *contract, 0, 0, "TRADES", 1], [91, 1], [92, 17, "", ""], [93, 17],
        [94, 18, "", "", contract[0]], [97, 19, *contract, "Last", 0, 0], [98, 19], [99, 0],
        [104, 20],
    ]  # fmt: skip
    return [[str(int(x) if isinstance(x, bool) else x or "") for x in one] for one in found]


def spoiled(fields: list[str], rng: Random) -> list[str]:
    found = list(fields)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(found)) if found else 0
        kind = rng.randrange(6)
        if kind == 0:
            found = found[:at]
        elif kind == 1 and found:
            found[at] = rng.choice(NONSENSE)
        elif kind == 2:
            found += [rng.choice(NONSENSE)] * rng.randint(1, 4)
        elif kind == 3 and found:
            found[0] = str(rng.randint(-3, 130))
        elif kind == 4:
            rng.shuffle(found)
        elif found:
            found.insert(at, rng.choice(NONSENSE))
    return found


def bombarded(count: int, seed: int = 7) -> Client:
    """A client of a gateway that was sent so many spoiled requests, and asked for the time since.

    Whoever is hung up on is followed by another.
    """
    rng = Random(seed)
    gateway = gateway_of(flat_market(300), played=5)
    client = Client(gateway)
    sound = sound_requests(client)
    for number in range(count):
        body = "\0".join(spoiled(rng.choice(sound), rng)) + "\0"
        client.session.feed(frame_of(body.encode()))
        if client.closed:
            client = Client(gateway)
        if number % 200 == 0:
            client.heard.clear()
            client.send(58, 1)
            gateway.advance()
    client.heard.clear()
    client.send(49, 1)
    return client


def test_mutated_requests_are_answered_and_break_nothing() -> None:
    client = bombarded(FRAMES)
    assert client.of(49) == [("49", "1", str(int(client.gateway.now)))]
    codes = {code for _, code in client.errors()}
    assert codes <= {202}


def test_a_request_that_cannot_be_read_is_answered_320() -> None:
    client = Client(gateway_of(flat_market(), played=5))
    client.send(20, "x")
    client.send(9, 8, 44, "x")
    client.send(4711, 1)
    assert client.errors(320) == [(-1, 320), (44, 320), (-1, 320)]


def test_a_request_that_makes_no_sense_is_answered_321() -> None:
    client = Client(gateway_of(flat_market(), played=5))
    client.history(5, size="7 mins")
    client.place(6, "HOLD", 1, "MKT")
    client.place(7, "BUY", -1, "MKT")
    client.history(8, what="TEA")
    assert client.errors(321) == [(5, 321), (6, 321), (7, 321), (8, 321)]


def test_every_sound_request_is_taken() -> None:
    client = Client(gateway_of(flat_market(), played=5))
    for fields in sound_requests(client):
        if fields[0] != "71":
            client.send(*fields)
    assert {code for _, code in client.errors()} <= {2104, 2106, 2158, 162, 202}


@given(st.binary(max_size=400))
def test_any_bytes_at_all_end_in_silence_or_a_closed_line(data: bytes) -> None:
    gateway = gateway_of(flat_market(8), played=5)
    closed: list[int] = []
    session = Session(gateway, Line(lambda _: None, lambda: closed.append(1)))
    gateway.connect(session)
    session.feed(data)
    session.feed(b"API\0" + data)
    assert session.open or closed


@given(st.binary(max_size=60))
def test_any_version_line_is_agreed_on_or_ends_the_line(data: bytes) -> None:
    gateway = gateway_of(flat_market(8), played=5)
    closed: list[int] = []
    session = Session(gateway, Line(lambda _: None, lambda: closed.append(1)))
    gateway.connect(session)
    session.feed(b"API\0" + frame_of(data))
    assert session.version or closed or not data
