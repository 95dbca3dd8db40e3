"""A change must come from a page of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.support import OPERATOR, PASSWORD, VIEWER, sign_in, token_in

if TYPE_CHECKING:
    from litestar.testing import TestClient

    from web.app import Site


def test_a_change_without_the_token_is_refused_and_changes_nothing(
    client: TestClient[Site],
) -> None:
    del client.headers["x-csrftoken"]
    answer = client.post(f"/people/{VIEWER}/disable")
    assert answer.status_code == 403
    assert "not since" not in client.get("/people").text


@pytest.mark.parametrize("token", ["", "0" * 64, "no token at all", "\N{SNOWMAN}"])
def test_a_wrong_token_is_refused(client: TestClient[Site], token: str) -> None:
    del client.headers["x-csrftoken"]
    assert client.post("/logout", data={"_csrf_token": token}).status_code == 403


def test_the_token_of_another_sitting_is_refused(client: TestClient[Site]) -> None:
    before = client.headers["x-csrftoken"]
    assert sign_in(client, OPERATOR).status_code == 303
    client.headers["x-csrftoken"] = before
    assert client.post("/logout").status_code == 403


def test_a_login_needs_the_token_of_its_own_page_too(visitor: TestClient[Site]) -> None:
    form = {"name": OPERATOR, "password": PASSWORD}
    assert visitor.post("/login", data=form).status_code == 403
    token = token_in(visitor.get("/login").text)
    visitor.cookies.clear()
    assert visitor.post("/login", data={**form, "_csrf_token": token}).status_code == 403


def test_a_request_that_a_browser_says_comes_from_elsewhere_is_refused(
    client: TestClient[Site],
) -> None:
    for site in ("cross-site", "same-site"):
        assert client.post("/logout", headers={"sec-fetch-site": site}).status_code == 403
    assert client.post("/logout", headers={"sec-fetch-site": "same-origin"}).status_code == 303


def test_the_api_is_guarded_in_the_same_way(client: TestClient[Site]) -> None:
    label = {"label": "sheet"}
    assert client.post("/api/me/tokens", json=label).status_code == 201
    del client.headers["x-csrftoken"]
    answer = client.post("/api/me/tokens", json=label)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_program_with_a_token_needs_no_page(client: TestClient[Site]) -> None:
    token = client.post("/api/me/tokens", json={"label": "sheet"}).json()["token"]
    client.headers.clear()
    client.cookies.clear()
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/me", headers=bearer).json()["name"] == OPERATOR
    made = client.post("/api/me/tokens", json={"label": "another"}, headers=bearer)
    assert made.status_code == 201
    numbers = [key["id"] for key in client.get("/api/me/tokens", headers=bearer).json()]
    for number in numbers:
        client.delete(f"/api/me/tokens/{number}", headers=bearer)
    assert client.get("/api/me", headers=bearer).status_code == 401


def test_a_wrong_token_of_a_program_is_not_saved_by_a_cookie(client: TestClient[Site]) -> None:
    assert client.get("/api/me", headers={"authorization": "Bearer engine_no"}).status_code == 401
