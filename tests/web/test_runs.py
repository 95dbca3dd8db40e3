"""The pages and the API of runs: who may do what, what is shown, how it is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Role
from engine.statistics.table import groups
from tests.adapters.workshop.ran import copied, why
from tests.web.support import OPERATOR, PASSWORD, VIEWER, sign_in
from web.views.formulas import FORMULAS

if TYPE_CHECKING:
    from pathlib import Path

    from httpx import Client
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workshop with people and with a run that is done."""
    folder = copied(tmp_path_factory.mktemp("ran") / "workshop")
    with Keeper(folder) as keeper:
        people = People(keeper)
        people.add("test", OPERATOR, Role.OPERATOR, PASSWORD)
        people.add("test", VIEWER, Role.VIEWER, PASSWORD)
    return folder


def words_of(page: str) -> str:
    """The text of a page, as a person reads it."""
    body = re.sub(
        r"<(script|style|template).*?</\1>", "", page.partition("<main")[2], flags=re.DOTALL
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()


def part(page: str, begin: str, end: str) -> str:
    """What a page says between two words."""
    return page.partition(begin)[2].partition(end)[0].strip()


# --- what is shown ----------------------------------------------------------------------------


def test_the_numbers_of_a_result_are_these(client: Client, snapshot: SnapshotAssertion) -> None:
    text = words_of(client.get("/runs/1").text)
    found = {
        "figures": part(text, "Delete", "Deaths worth a look"),
        "trades": part(text, "Why", "Funnel, short"),
        "funnel": part(text, "Funnel, short", "Setups"),
        "statistics": part(text, "Loading… Result", "Parameters"),
    }
    assert found == snapshot


def test_the_deaths_worth_a_look_are_these(client: Client, snapshot: SnapshotAssertion) -> None:
    page = client.get("/runs/1/deaths?most=4").text
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)) == snapshot


def test_why_says_in_a_page_what_was_missing_and_what_would_have_helped(
    client: Client, snapshot: SnapshotAssertion
) -> None:
    page = client.get("/runs/1/why?candidate=2025-12-08/short/1").text
    assert "1.00 pt missing" in page
    assert 'data-decided="97"' in page
    number = why().opened.numbers["2025-12-08/short/1"]
    rescue = client.get(f"/runs/1/why/rescue/{number}").text
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", rescue)) == snapshot
    bar = client.get(f"/runs/1/why/bar/{why().opened.setups[number].last}?n={number}").text
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bar)) == snapshot


def test_why_without_a_choice_begins_with_the_death_that_teaches_most(client: Client) -> None:
    deaths = client.get("/api/runs/1/deaths").json()
    assert deaths["complete"]
    assert deaths["deaths"][0]["candidate"] in client.get("/runs/1/why").text


def test_every_figure_has_its_formula() -> None:
    labels = {label for group in groups(why().opened.outcome.statistics) for label, _ in group.rows}
    assert labels <= set(FORMULAS)


def test_the_first_page_shows_the_last_run_and_its_deaths(client: Client) -> None:
    page = client.get("/").text
    assert "Deaths worth a look" in page
    assert 'hx-get="/runs/1/deaths' in page


def test_setups_are_narrowed_by_what_became_of_them(client: Client) -> None:
    dead = client.get("/runs/1/setups?fate=dead&side=short").text
    assert "short/1" in dead
    assert "/long/" not in dead
    assert ">traded<" not in dead


def test_a_name_with_a_script_in_it_is_a_text(client: Client) -> None:
    answer = client.get("/runs?strategy=<script>alert(1)</script>")
    assert "<script>alert" not in answer.text


# --- the API ----------------------------------------------------------------------------------


def test_the_chart_and_the_story_come_as_json(client: Client) -> None:
    about = client.get("/api/runs/1/chart/about").json()
    told = client.get(
        "/api/runs/1/chart",
        params={"first": about["first"], "last": about["last"], "points": 500},
    ).json()
    assert 0 < len(told["at"]) <= 500
    number = told["setups"][0]["n"]
    assert client.get(f"/api/runs/1/setups/{number}").json()["name"] == told["setups"][0]["name"]
    after = client.get("/api/runs/1/next", params={"row": 0, "n": number}).json()
    assert after["n"] == number + 1


def test_a_run_is_read_compared_and_taken_away_over_the_api(client: Client) -> None:
    (run,) = client.get("/api/runs").json()
    result = client.get("/api/runs/1/result").json()
    assert run["figures"]["trades"] == len(result["trades"])
    assert client.get("/api/runs/compare", params={"a": 1, "b": 1}).json()["parameters"] == []
    file = client.get("/api/runs/1/export/csv")
    assert file.headers["content-disposition"].endswith("slob_5_1-run-1.csv")
    assert file.text.count("\n") == len(result["trades"]) + 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/runs/9", 404),
        ("/api/runs/9/result", 404),
        ("/api/runs/1/setups/99999", 404),
        ("/api/runs/1/why/setups/99999", 404),
        ("/api/runs/1/chart?first=5&last=1", 422),
        ("/api/runs/1/chart?first=x&last=1", 400),
        ("/api/runs/1/next?row=1&kind=wedding", 422),
        ("/api/runs/1/why/bars/1?side=sideways", 422),
        ("/api/runs/1/export/xls", 404),
        ("/api/runs/compare?a=1&b=77", 404),
    ],
)
def test_what_there_is_not_is_refused_as_a_problem(client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]


# --- changes ----------------------------------------------------------------------------------


def test_a_form_with_a_mistake_says_which_and_begins_nothing(client: Client) -> None:
    form = {"strategy": "slob_5_1", "equity": "a lot", "commission": "0", "slippage": "0"}
    answer = client.post("/runs", data=form, headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert "is no amount" in answer.text
    assert len(client.get("/api/runs").json()) == 1


def test_only_parameters_that_were_changed_are_ordered(client: Client) -> None:
    page = client.get("/runs/new?strategy=slob_5_1").text
    fields = dict(re.findall(r'name="(param\.[\w.]+)" value="([^"]*)"', page))
    assert fields["param.entry_wait"] == "20"
    form = {"strategy": "slob_5_1", "data": "", "first": "2025-12-08", "last": "2025-12-08",
            "venue": "vector", "equity": "50000", "commission": "0", "slippage": "0",
            "same_bar": "stop_first", "flat": "close", **fields}  # fmt: skip
    form["param.entry_wait"] = "25"
    answer = client.post("/runs", data=form)
    assert answer.status_code == 303
    run = client.get(f"/api{answer.headers['location']}").json()
    assert run["order"]["values"] == {"entry_wait": "25 bars"}


def test_the_bars_of_a_setup_can_be_read_as_a_table(client: Client) -> None:
    opened = why().opened
    number = opened.numbers["2025-12-08/short/1"]
    page = client.get(f"/runs/1/why/table/{number}").text
    setup = opened.setups[number]
    assert page.count("data-go=") == setup.last - setup.first + 1
    assert "dead entry_timeout" in page
    assert client.get("/runs/1/why/table/99999").status_code == 404


def test_a_run_is_of_the_version_that_was_chosen(client: Client) -> None:
    page = client.get("/runs/new?strategy=slob_5_1&version=1").text
    assert '<option value="1" selected>' in page
    form = {"strategy": "slob_5_1", "version": "1", "first": "2025-12-08", "last": "2025-12-08"}
    answer = client.post("/runs", data=form)
    assert client.get(f"/api{answer.headers['location']}").json()["version"] == 1
    for wrong, status in (("77", 404), ("one", 422)):
        assert client.post("/runs", data={**form, "version": wrong}).status_code == status
    assert client.get("/runs/new/parameters?strategy=slob_5_1&version=").status_code == 200


def test_a_viewer_looks_and_changes_nothing(visitor: Client) -> None:
    sign_in(visitor, VIEWER)
    for path in ("/runs", "/runs/1", "/runs/1/why", "/api/runs/1/result"):
        assert visitor.get(path).status_code == 200, path
    assert visitor.get("/runs/new").status_code == 403
    for path in ("/runs", "/runs/sample", "/runs/1/again", "/runs/1/delete", "/runs/1/cancel"):
        assert visitor.post(path, data={}).status_code == 403, path
    assert visitor.delete("/api/runs/1").status_code == 403
    assert "Run again" not in visitor.get("/runs/1").text


def test_nobody_sees_a_run_without_signing_in(visitor: Client) -> None:
    assert visitor.get("/runs/1").status_code == 303
    assert visitor.get("/api/runs/1/chart/about").status_code == 401


def test_a_deed_is_kept_of_every_run_that_is_deleted(client: Client) -> None:
    assert client.post("/runs/1/delete").status_code == 303
    assert client.get("/runs/1").status_code == 404
    deeds = client.get("/api/deeds").json()
    assert ("run deleted", "1", OPERATOR) in {
        (one["what"], one["on_what"], one["who"]) for one in deeds
    }
