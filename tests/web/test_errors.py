"""What goes wrong is said in the page's look, and what nobody foresaw is found in the log."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from httpx import Client
from litestar import Router, get
from litestar.params import FromPath
from sqlalchemy import event

from adapters.database.errors import UnreachableError
from adapters.workshop.errors import (
    BadInput,
    Conflict,
    NoRoom,
    NotAllowed,
    NotFound,
    WorkshopError,
)
from web.app import Site, assembled

if TYPE_CHECKING:
    from litestar.testing import TestClient

    from web.app import Site

REFUSALS: list[tuple[Exception, int]] = [
    (NotFound("there is no such thing"), 404),
    (BadInput("that is not it", "write another", "name"), 422),
    (Conflict("olga was faster", "look at hers"), 409),
    (NotAllowed("you may not"), 403),
    (NoRoom("the disk is full", "make room"), 507),
    (WorkshopError("something else"), 400),
    (UnreachableError("it cannot be opened", "see the rights"), 503),
    (RuntimeError("secret detail"), 500),
]
WRONG = dict(enumerate(REFUSALS))


@get("/wrong/{number:int}", include_in_schema=False, sync_to_thread=True)
def wrong(number: FromPath[int]) -> None:
    """Goes wrong in the way that was asked for."""
    raise WRONG[number][0]


@pytest.fixture(scope="module")
def bare() -> Site:
    """An application that has an address at which things go wrong."""
    site = assembled()
    site.register(wrong)
    site.register(Router("/api", route_handlers=[wrong]))
    return site


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{one.getMessage()}\n{one.exc_text or ''}" for one in caplog.records)


@pytest.mark.parametrize(("number", "refusal"), WRONG.items())
def test_every_refusal_is_a_page_a_fragment_and_a_problem(
    client: TestClient[Site], number: int, refusal: tuple[Exception, int]
) -> None:
    error, status = refusal
    words = str(error)[1:] if status != 500 else "mistake of the page"
    page = client.get(f"/wrong/{number}")
    assert page.status_code == status
    assert words in page.text
    assert "<nav" in page.text
    fragment = client.get(f"/wrong/{number}", headers={"hx-request": "true"})
    assert fragment.status_code == status
    assert fragment.headers["hx-retarget"] == "#notices"
    assert "<html" not in fragment.text
    problem = client.get(f"/api/wrong/{number}")
    assert problem.headers["content-type"] == "application/problem+json"
    told = problem.json()
    assert (told["status"], told["instance"]) == (status, f"/api/wrong/{number}")
    assert words in told["detail"]


def test_an_unforeseen_error_says_where_it_is_in_the_log_and_nothing_else(
    client: TestClient[Site], caplog: pytest.LogCaptureFixture
) -> None:
    number = len(WRONG) - 1
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/api/wrong/{number}")
    reference = answer.json()["reference"]
    assert answer.headers["x-request-id"] == reference
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert reference in log_of(caplog)
    page = client.get(f"/wrong/{number}")
    assert page.headers["x-request-id"] in page.text
    assert "secret detail" not in page.text


@pytest.mark.parametrize("path", ["/nothing", "/people/x/y/z", "/static/../app.py", "/%2e%2e/x"])
def test_an_address_where_nothing_is_says_so_in_the_pages_look(
    client: TestClient[Site], path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
    assert "<nav" in answer.text


def test_the_wrong_method_is_refused(client: TestClient[Site]) -> None:
    assert client.post("/about").status_code == 405
    assert client.delete("/api/me").json()["status"] == 405


HOSTILE: list[tuple[str, bytes, str]] = [
    ("/api/me/tokens", b"\x00\xff\xfe", "application/json"),
    ("/api/me/tokens", b"[" * 100_000, "application/json"),
    ("/api/me/tokens", b'{"label": 1e999}', "application/json"),
    ("/api/me/tokens", b"null", "application/json"),
    ("/api/me/tokens", b"{}", "text/plain"),
    ("/people", b"\x00\xff=\xfe", "application/x-www-form-urlencoded"),
    ("/people", b"a=1&" * 20_000, "application/x-www-form-urlencoded"),
    ("/people", b"--x\r\nrubbish", "multipart/form-data; boundary=x"),
    ("/people", b"--x\r\nrubbish", "multipart/form-data"),
    ("/account/password", b"old=%ff%fe&password=%00", "application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize(("path", "body", "kind"), HOSTILE)
def test_whatever_is_sent_is_refused_and_nothing_breaks(
    client: TestClient[Site], path: str, body: bytes, kind: str
) -> None:
    answer = client.post(path, content=body, headers={"content-type": kind})
    assert 400 <= answer.status_code < 500, answer.text
    assert client.get("/about").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "engine=\x80\xff; =; ;;;"},
        {"cookie": "a" * 8000},
        {"authorization": "Bearer"},
        {"authorization": "Basic b2xnYTp4"},
        {"authorization": "Bearer " + "x" * 5000},
        {"hx-current-url": "javascript:alert(1)", "hx-request": "true"},
    ],
)
def test_odd_headers_are_nobody(client: TestClient[Site], headers: dict[str, str]) -> None:
    client.cookies.clear()
    raw: Any = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = client.get("/about", headers=raw)
    assert answer.status_code in {200, 303}
    assert "javascript" not in answer.headers.get("hx-redirect", "")


def test_a_full_disk_is_said_and_nothing_is_half_written(client: TestClient[Site]) -> None:
    keeper = client.app.state.ports.people._keeper

    @event.listens_for(keeper._written, "begin")
    def full(connection: Any) -> None:
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    added = ["olga", "vito"]
    person = {"name": "person", "password": "a-long-enough-one"}
    refused = client.post("/api/people", json=person)
    while refused.status_code == 201 and len(added) < 500:
        added.append(person["name"])
        person["name"] = f"person{len(added)}"
        refused = client.post("/api/people", json=person)
    assert refused.status_code == 507
    assert "the disk is full" in refused.json()["detail"]
    assert "make room" in refused.json()["remedy"]
    assert sorted(one["name"] for one in client.get("/api/people").json()) == sorted(added)
    event.remove(keeper._written, "begin", full)
    with keeper.writing() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count=1000000")
    assert client.post("/api/people", json=person).status_code == 201


def test_two_operators_at_once_are_never_both_right(client: TestClient[Site]) -> None:
    person = {"name": "nora", "password": "a-long-enough-one"}
    headers, cookies = dict(client.headers), {c.name: c.value or "" for c in client.cookies.jar}

    def add(_: int) -> int:
        asked = Client(transport=client._transport, base_url="http://127.0.0.1", cookies=cookies)
        status: int = asked.post("/api/people", json=person, headers=headers).status_code
        return status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(add, range(8)))
    assert statuses == [201] + [409] * 7
    names = [one["name"] for one in client.get("/api/people").json()]
    assert names.count("nora") == 1
    added = [deed for deed in client.get("/api/deeds").json() if deed["on_what"] == "nora"]
    assert len(added) == 1
