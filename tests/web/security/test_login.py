"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.support import OPERATOR, PASSWORD, VIEWER, sign_in, token_in
from web.security.limits import TRIES, WINDOW, Tries
from web.security.local import local, login_for

if TYPE_CHECKING:
    from litestar.testing import TestClient

    from web.app import Site
    from web.settings import Settings


def cookie_of(client: TestClient[Site], settings: Settings) -> str:
    return client.cookies.get(settings.cookie) or ""


def test_nobody_sees_a_page_without_signing_in(visitor: TestClient[Site]) -> None:
    answer = visitor.get("/people?before=7")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/people%3Fbefore%3D7"


def test_signing_in_leads_on_to_the_page_that_was_asked_for(visitor: TestClient[Site]) -> None:
    token = token_in(visitor.get("/login?next=/people").text)
    form = {"name": OPERATOR, "password": PASSWORD, "next": "/people", "_csrf_token": token}
    answer = visitor.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    assert OPERATOR in visitor.get("/people").text


@pytest.mark.parametrize(
    ("name", "password"), [(OPERATOR, "wrong" * 3), ("nobody", PASSWORD), ("", ""), (OPERATOR, "")]
)
def test_a_wrong_name_or_password_is_refused_in_the_same_words(
    visitor: TestClient[Site], settings: Settings, name: str, password: str
) -> None:
    answer = sign_in(visitor, name, password)
    assert answer.status_code == 401
    assert "That name and password do not go together." in answer.text
    assert cookie_of(visitor, settings) == ""


def test_the_cookie_is_for_the_server_alone(visitor: TestClient[Site], settings: Settings) -> None:
    told = sign_in(visitor, OPERATOR).headers.get_list("set-cookie")
    words = next(line for line in told if line.startswith(f"{settings.cookie}=")).lower()
    assert "httponly" in words
    assert "samesite=lax" in words
    assert "path=/" in words


def test_each_sign_in_gets_a_new_cookie_and_ends_the_old_one(
    visitor: TestClient[Site], settings: Settings
) -> None:
    visitor.cookies.set(settings.cookie, "chosen-by-another", "127.0.0.1")
    sign_in(visitor, OPERATOR)
    first = cookie_of(visitor, settings)
    assert first != "chosen-by-another"
    sign_in(visitor, VIEWER)
    second = cookie_of(visitor, settings)
    assert second not in {first, ""}
    visitor.cookies.clear()
    visitor.cookies.set(settings.cookie, first)
    assert visitor.get("/about").status_code == 303


def test_signing_out_ends_the_sitting_at_the_server_too(
    client: TestClient[Site], settings: Settings
) -> None:
    cookie = cookie_of(client, settings)
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    client.cookies.set(settings.cookie, cookie)
    assert client.get("/about").status_code == 303


def test_a_sixth_try_within_a_minute_is_turned_away_and_told_when_to_come_back(
    visitor: TestClient[Site],
) -> None:
    answers = [sign_in(visitor, OPERATOR, "wrong" * 3) for _ in range(TRIES + 1)]
    assert [answer.status_code for answer in answers] == [401] * TRIES + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= WINDOW
    right = sign_in(visitor, OPERATOR)
    assert right.status_code == 429, "even the right password waits"


def test_tries_count_by_address_and_come_back_with_time() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0])
    assert [tries.take("here") for _ in range(TRIES)] == [0] * TRIES
    assert tries.take("here") == WINDOW
    assert tries.take("there") == 0
    now[0] = WINDOW - 0.5
    assert tries.take("here") == 1
    now[0] = WINDOW
    assert tries.take("here") == 0
    tries.right("here")
    assert [tries.take("here") for _ in range(TRIES)] == [0] * TRIES


def test_the_addresses_that_are_remembered_have_a_limit() -> None:
    tries = Tries(lambda: 0.0)
    for number in range(10_000):
        tries.take(str(number))
    assert len(tries._taken) <= 4096


ELSEWHERE = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "///evil.example",
    "http:evil.example",
    "evil.example",
    "",
    "/login?next=/login",
    "/logout",
    "/strategies\\..\\x",
]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_login_never_leads_to_another_site(path: str) -> None:
    assert local(path) == "/"
    assert login_for(path) == "/login"


@given(st.text(max_size=60))
def test_whatever_is_asked_for_stays_here(path: str) -> None:
    there = local(path)
    assert there.startswith("/")
    assert not there.startswith(("//", "/\\"))
    assert there.isprintable() or all(letter > " " for letter in there)


def test_a_login_form_cannot_be_told_to_lead_elsewhere(visitor: TestClient[Site]) -> None:
    token = token_in(visitor.get("/login?next=//evil.example/x").text)
    form = {
        "name": OPERATOR,
        "password": PASSWORD,
        "next": "//evil.example/x",
        "_csrf_token": token,
    }
    assert visitor.post("/login", data=form).headers["location"] == "/"


def test_who_is_signed_in_is_sent_on_from_the_login_page(client: TestClient[Site]) -> None:
    answer = client.get("/login?next=/people")
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")


def test_a_fragment_of_a_page_that_is_signed_out_sends_the_page_to_the_login(
    visitor: TestClient[Site],
) -> None:
    shown = "http://127.0.0.1/people?before=3"
    headers = {"hx-request": "true", "hx-current-url": shown}
    answer = visitor.get("/people", headers=headers)
    assert answer.headers["hx-redirect"] == "/login?next=/people%3Fbefore%3D3"
