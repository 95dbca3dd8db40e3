"""Whose address counts: that of a proxy, or of whoever is behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from httpx import Client
from hypothesis import example, given
from hypothesis import strategies as st

from tests.web.hosting import threaded
from tests.web.support import OPERATOR, PASSWORD, token_in
from web.security.limits import TRIES
from web.security.peers import HOPS_MOST, peer_behind
from web.settings import Settings

PROXY, INNER, CLIENT, LIAR = "10.0.0.1", "10.9.9.9", "203.0.113.7", "198.51.100.1"


def networks(*words: str) -> Settings:
    return Settings(folder=Path(), strategies=Path(), trusted_proxies=words)


def peer(connected: str, *lines: str, trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> str:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in lines]
    return peer_behind(connected, [(b"host", b"x"), *headers], networks(*trusted).proxies)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), PROXY),
        ((CLIENT,), CLIENT),
        ((f"{LIAR}, {CLIENT}",), CLIENT),
        ((LIAR, CLIENT), CLIENT),
        ((f"{LIAR}, {CLIENT}, {INNER}",), CLIENT),
        ((f"{INNER}",), INNER),
        ((f"{LIAR}, unknown",), PROXY),
        ((f"{LIAR}, <script>, {INNER}",), INNER),
        (("",), PROXY),
        ((f"{CLIENT}:4711",), CLIENT),
        (("[2001:db8::1]:4711",), "2001:db8::1"),
        (("2001:db8::1",), "2001:db8::1"),
        ((f"::ffff:{CLIENT}",), CLIENT),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy_is_who_asks(
    lines: tuple[str, ...], found: str
) -> None:
    assert peer(PROXY, *lines) == found


@given(st.lists(st.one_of(st.ip_addresses().map(str), st.text("0123456789.,:[] x", max_size=30))))
def test_what_stands_left_of_the_one_who_asks_changes_nothing(made_up: list[str]) -> None:
    assert peer(PROXY, ", ".join([*made_up, CLIENT])) == CLIENT


@given(st.lists(st.text("0123456789abcdef.,:[] x", max_size=40), max_size=5))
@example([LIAR])
@example([f"{LIAR}, {INNER}"])
def test_nobody_is_believed_where_no_proxy_is_trusted(made_up: list[str]) -> None:
    assert peer(CLIENT, *made_up) == CLIENT
    assert peer(CLIENT, *made_up, trusted=()) == CLIENT


def test_only_so_many_hops_are_read() -> None:
    assert peer(PROXY, ", ".join([CLIENT, *[INNER] * HOPS_MOST])) == INNER


@pytest.mark.parametrize(
    ("connected", "trusted"),
    [("::1", "::1"), ("::ffff:127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.0/8")],
)
def test_a_proxy_is_known_by_any_way_of_writing_it(connected: str, trusted: str) -> None:
    assert peer(connected, CLIENT, trusted=(trusted,)) == CLIENT


def test_what_is_no_address_is_whoever_it_says() -> None:
    assert peer("testclient", CLIENT) == "testclient"


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)])
def test_tries_are_counted_for_each_who_is_behind_a_trusted_proxy(
    settings: Settings, trusted: tuple[str, ...]
) -> None:
    page = threaded(replace(settings, trusted_proxies=trusted))
    try:
        with Client(base_url=page.address, timeout=60) as client:

            def tried(whom: str, password: str) -> int:
                token = token_in(client.get("/login").text)
                form = {"name": OPERATOR, "password": password, "_csrf_token": token}
                headers = {"x-forwarded-for": f"{LIAR}, {whom}"}
                return client.post("/login", data=form, headers=headers).status_code

            wrong = [tried(CLIENT, "wrong" * 3) for _ in range(TRIES + 1)]
            assert wrong == [401] * TRIES + [429]
            assert tried("203.0.113.8", PASSWORD) == (303 if trusted else 429)
    finally:
        page.end()


def test_who_signed_in_through_a_proxy_is_written_down_with_their_own_address(
    settings: Settings,
) -> None:
    page = threaded(replace(settings, trusted_proxies=("127.0.0.1",)))
    try:
        with Client(base_url=page.address, timeout=60) as client:
            token = token_in(client.get("/login").text)
            form = {"name": OPERATOR, "password": PASSWORD, "_csrf_token": token}
            client.post("/login", data=form, headers={"x-forwarded-for": CLIENT})
            assert CLIENT in client.get("/people").text
        near = {"x-forwarded-for": "127.0.0.1", "host": "localhost"}
        with Client(base_url=page.address, timeout=60, headers=near) as stranger:
            answer = stranger.get("/metrics")
            assert answer.headers["location"].startswith("/login"), "nobody is near by saying so"
    finally:
        page.end()
