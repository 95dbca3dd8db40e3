"""What a viewer may not, and what an operator may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from litestar.routes import HTTPRoute

from tests.web.support import OPERATOR, PASSWORD, VIEWER, sign_in

if TYPE_CHECKING:
    from httpx import Client
    from litestar.testing import TestClient

    from web.app import Site

FOR_ALL = ("/login", "/logout", "/account", "/api/me")
"""Where anybody may send something: their own sitting, password and tokens."""

JUDGED = re.compile(
    r"^/api/language/|/(check|tidy|beside|difference)$|/(trades|trials|compare)(/.*)?$"
)
"""What is sent only to be judged: a text, or two that are compared."""


def changes(site: Site) -> list[tuple[str, str]]:
    """Every address at which something is changed, with its method."""
    return [
        (method, route.path_format)
        for route in site.routes
        if isinstance(route, HTTPRoute)
        for method in sorted(set(route.methods) - {"GET", "HEAD", "OPTIONS"})
    ]


def test_a_viewer_changes_nothing_of_anybody_elses(
    application: Site, visitor: TestClient[Site]
) -> None:
    sign_in(visitor, VIEWER)
    tried, allowed = 0, []
    for method, path in changes(application):
        if path.startswith(FOR_ALL) or JUDGED.search(path):
            continue
        tried += 1
        filled = re.sub(r"\{\w+\}", "1", path.replace("{name}", VIEWER).replace("{role}", "viewer"))
        if visitor.request(method, filled).status_code != 403:
            allowed.append((method, path))
    assert tried > 5
    assert not allowed, allowed


def test_a_viewer_is_told_why(visitor: TestClient[Site]) -> None:
    sign_in(visitor, VIEWER)
    assert "ask an operator" in visitor.get("/people").text
    answer = visitor.get("/api/people")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "A viewer may look; ask an operator to do this."


def test_somebody_new_signs_in_and_the_deed_is_written_down(client: TestClient[Site]) -> None:
    form = {"name": "nora", "password": "a-long-enough-one", "role": "viewer"}
    assert client.post("/people", data=form).status_code == 303
    deeds = client.get("/api/deeds").json()
    assert (deeds[0]["who"], deeds[0]["what"], deeds[0]["on_what"]) == (
        OPERATOR,
        "added as viewer",
        "nora",
    )
    assert sign_in(client, "nora", "a-long-enough-one").status_code == 303


def test_who_is_disabled_is_out_at_once_and_can_come_back(
    client: TestClient[Site], another: Client
) -> None:
    sign_in(another, VIEWER)
    token = another.post("/api/me/tokens", json={"label": "x"}).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert another.get("/about").status_code == 200
    assert another.get("/api/me", headers=bearer).status_code == 200
    assert client.post(f"/people/{VIEWER}/disable").status_code == 303
    assert another.get("/about").status_code == 303
    assert another.get("/api/me", headers=bearer).status_code == 401
    assert sign_in(another, VIEWER).status_code == 401
    assert client.post(f"/people/{VIEWER}/enable").status_code == 303
    assert sign_in(another, VIEWER).status_code == 303
    assert another.get("/api/me", headers=bearer).status_code == 401, "a token stays ended"


def test_another_password_ends_every_sitting(client: TestClient[Site], another: Client) -> None:
    sign_in(another, VIEWER)
    form = {"password": "another-one-altogether"}
    client.post(f"/people/{VIEWER}/password", data=form)
    assert another.get("/about").status_code == 303
    assert sign_in(another, VIEWER).status_code == 401
    assert sign_in(another, VIEWER, form["password"]).status_code == 303


def test_ones_own_password_needs_the_old_one_and_keeps_this_browser(
    client: TestClient[Site],
) -> None:
    form = {"old": "not-the-old-one", "password": "another-one-altogether"}
    assert client.post("/account/password", data=form).status_code == 422
    answer = client.post("/account/password", data={**form, "old": PASSWORD})
    assert answer.status_code == 303
    assert "was changed" in client.get(answer.headers["location"]).text


@pytest.mark.parametrize("way", ["disable", "role/viewer"])
def test_the_last_operator_cannot_be_taken_away(client: TestClient[Site], way: str) -> None:
    answer = client.post(f"/people/{OPERATOR}/{way}")
    assert answer.status_code == 409
    assert "last operator" in answer.text
    assert client.get("/people").status_code == 200


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": OPERATOR, "password": "a-long-enough-one"}, 409),
        ({"name": "Nora X", "password": "a-long-enough-one"}, 422),
        ({"name": "<script>alert(1)</script>", "password": "a-long-enough-one"}, 422),
        ({"name": "nora", "password": "short"}, 422),
        ({"name": "nora", "password": "x" * 201}, 422),
        ({"name": "nora", "password": "a-long-enough-one", "role": "king"}, 400),
        ({"name": "nora"}, 400),
    ],
)
def test_who_cannot_be_added_is_refused_with_a_reason(
    client: TestClient[Site], form: dict[str, str], status: int
) -> None:
    before = client.get("/api/people").json()
    answer = client.post("/people", data=form, headers={"hx-request": "true"})
    assert answer.status_code == status
    assert answer.headers["hx-retarget"] == "#notices"
    assert "<script>alert" not in answer.text
    assert client.get("/api/people").json() == before
