"""The pages of strategies without a browser: what they answer, above all to what is wrong."""

from __future__ import annotations

import re
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.workshop.checking import Checks
from adapters.workshop.errors import Superseded, TooBusy
from adapters.workshop.turns import Asker
from tests.web.hosting import PATIENCE
from tests.web.support import OPERATOR, VIEWER, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx import Client
    from litestar.testing import TestClient

    from adapters.workshop.checked import Checked
    from tests.web.hosting import Threaded
    from web.app import Site
    from web.settings import Settings

NAME = "vwap_reversion"


def file_of(settings: Settings, name: str = NAME) -> Path:
    return settings.strategies / f"{name}.yaml"


def form(text: str, base: int = 1, why: str = "") -> dict[str, Any]:
    return {"text": text, "base": base, "why": why}


def verdict_of(client: TestClient[Any], name: str) -> str:
    """The findings of a row of the list, once they are known."""
    for _ in range(6):
        said = client.get(f"/strategies/{name}/verdict", headers={"hx-request": "true"}).text
        if ">checking<" not in said:
            return said
        assert f'hx-get="/strategies/{name}/verdict"' in said
    pytest.fail(f"the findings of {name} are not known after a minute")


def test_the_list_names_every_strategy(client: TestClient[Any], settings: Settings) -> None:
    page = client.get("/strategies").text
    for file in settings.strategies.glob("*.yaml"):
        assert f'href="/strategies/{file.stem}"' in page


def test_the_verdict_of_a_strategy_comes_by_itself(client: TestClient[Any]) -> None:
    assert "2 warnings" in verdict_of(client, "slob_5_1_creator")


def test_the_editor_brings_the_text_the_diagram_and_the_parameters(
    client: TestClient[Any], settings: Settings
) -> None:
    answer = client.get("/strategies/slob_5_1_creator")
    assert answer.status_code == 200
    assert "strategy: slob_5_1_creator" in answer.text
    assert '<svg class="diagram"' in answer.text
    assert 'id="p-dwell_min"' in answer.text
    assert "style=" not in answer.text


def test_a_save_leads_back_to_the_editor_and_is_said_there(
    client: TestClient[Any], settings: Settings
) -> None:
    text = file_of(settings).read_text("utf-8") + "# saved\n"
    client.get(f"/strategies/{NAME}")
    answer = client.post(f"/strategies/{NAME}", data=form(text.replace("\n", "\r\n")))
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/strategies/{NAME}?said=saved.2",
    )
    assert file_of(settings).read_text("utf-8") == text
    assert "Saved as version 2." in client.get(answer.headers["location"]).text
    assert (
        client.post(f"/strategies/{NAME}", data=form(text, 2))
        .headers["location"]
        .endswith("same.2")
    )


def test_two_people_meet_in_a_conflict_with_both_differences(
    client: TestClient[Any], another: Client, settings: Settings
) -> None:
    text = file_of(settings).read_text("utf-8")
    client.get(f"/strategies/{NAME}")
    sign_in(another, OPERATOR)
    another.post(f"/strategies/{NAME}", data=form(text + "# theirs\n", why="first"))
    answer = client.post(f"/strategies/{NAME}", data=form(text + "# mine\n"))
    assert answer.status_code == 409
    assert "saved version 2 while you worked on version 1" in answer.text
    assert answer.text.count("# theirs") >= 2
    assert "# mine" in answer.text
    assert 'name="base" value="2"' in answer.text
    assert file_of(settings).read_text("utf-8") == text + "# theirs\n"


def test_a_viewer_looks_and_changes_nothing(visitor: TestClient[Any], settings: Settings) -> None:
    sign_in(visitor, VIEWER)
    text = file_of(settings).read_text("utf-8")
    assert visitor.get(f"/strategies/{NAME}").status_code == 200
    assert visitor.post(f"/strategies/{NAME}", data=form("x: 1")).status_code == 403
    assert visitor.post("/strategies/-/new", data={"name": "x"}).status_code == 403
    assert visitor.put(f"/api/strategies/{NAME}", json={"text": "x", "base": 1}).status_code == 403
    assert visitor.post("/api/language/check", json={"text": text}).status_code == 200
    assert file_of(settings).read_text("utf-8") == text


def test_nobody_is_told_anything(visitor: TestClient[Any]) -> None:
    assert visitor.get("/strategies").status_code == 303
    assert visitor.get("/api/strategies").status_code == 401
    assert visitor.get("/api/language/vocabulary").status_code == 401


SCRIPT = "<script>alert(1)</script>"


def test_a_script_in_a_text_stays_text(client: TestClient[Any], settings: Settings) -> None:
    text = f'lang: 1\nstrategy: {SCRIPT}\ndoc: "{SCRIPT}</textarea></script>"\n'
    file_of(settings, "bad").write_text(text, encoding="utf-8")
    for path in ("/strategies", "/strategies/bad", "/strategies/bad/versions"):
        page = client.get(path)
        assert page.status_code == 200
        assert SCRIPT not in page.text, path
    answer = client.post("/strategies/bad/check", data=form(text + SCRIPT))
    assert SCRIPT not in answer.text
    answer = client.post("/strategies/-/new", data={"name": SCRIPT})
    assert answer.status_code == 422
    assert SCRIPT not in answer.text


@pytest.mark.parametrize("name", ["..%2fone", "a%2Fb", "%3Cscript%3E", "x" * 90, "%00", "-"])
def test_what_is_no_name_is_not_found(client: TestClient[Any], name: str) -> None:
    assert client.get(f"/strategies/{name}").status_code == 404
    assert client.post(f"/strategies/{name}", data=form("a: 1")).status_code == 404
    answer = client.get(f"/api/strategies/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x: 1\n" * 200_000, "1,000,000 bytes"),
        ("a\x00b", "not text but a binary file"),
        ("   ", "nothing to save"),
    ],
    ids=["1 MB", "binary", "blank"],
)
def test_bad_input_is_answered_and_the_text_is_still_there(
    client: TestClient[Any], settings: Settings, text: str, words: str
) -> None:
    before = file_of(settings).read_text("utf-8")
    client.get(f"/strategies/{NAME}")
    answer = client.post(f"/strategies/{NAME}", data=form(text, why="a reason"))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Your text is below as you wrote it." in answer.text
    assert 'value="a reason"' in answer.text
    assert file_of(settings).read_text("utf-8") == before


def test_a_megabyte_is_checked_in_words_and_more_is_refused(client: TestClient[Any]) -> None:
    answer = client.post("/api/language/check", json={"text": "x" * 1_000_000})
    assert answer.status_code == 200
    assert "the file has 1,000,000 bytes" in answer.json()["findings"][0]["message"]
    assert client.post("/api/language/check", json={"text": "x" * 2_100_000}).status_code == 413


def test_a_file_that_is_no_text_is_shown_as_what_it_is(
    client: TestClient[Any], settings: Settings
) -> None:
    file_of(settings, "garbage").write_bytes(bytes(range(256)))
    page = client.get("/strategies/garbage")
    assert page.status_code == 200
    assert "cannot stand in a strategy" in page.text


def test_a_strategy_is_begun_from_a_template_a_copy_and_a_variant(
    client: TestClient[Any], settings: Settings
) -> None:
    for name, source in (("a", "template:stages"), ("b", "copy"), ("c", "variant")):
        answer = client.post("/strategies/-/new", data={"name": name, "source": source, "of": NAME})
        assert answer.headers["location"] == f"/strategies/{name}?said=created.1"
        assert f"strategy: {name}\n" in file_of(settings, name).read_text("utf-8")
        assert "error" not in verdict_of(client, name)
    assert "variant of vwap_reversion" in client.get("/strategies").text
    again = client.post("/strategies/-/new", data={"name": "a", "source": "copy", "of": NAME})
    assert again.status_code == 409
    assert "there is a strategy a already" in again.text


def test_the_api_does_what_the_page_does(client: TestClient[Any], settings: Settings) -> None:
    whole = client.get(f"/api/strategies/{NAME}").json()
    text = whole["text"] + "# api\n"
    saved = client.put(
        f"/api/strategies/{NAME}", json={"text": text, "base": whole["version"], "why": "w"}
    )
    assert (saved.json()["number"], saved.json()["who"]) == (2, OPERATOR)
    refused = client.put(f"/api/strategies/{NAME}", json={"text": "x: 1", "base": 1})
    assert refused.status_code == 409
    assert refused.json()["remedy"]
    versions = client.get(f"/api/strategies/{NAME}/versions").json()
    assert [one["number"] for one in versions] == [2, 1]
    difference = client.get(f"/api/strategies/{NAME}/versions/2/difference").json()
    assert (difference["new"], difference["gone"]) == (1, 0)
    back = client.post(f"/api/strategies/{NAME}/versions/1/restore", json={"base": 2})
    assert back.json()["text"] == whole["text"]
    made = client.post("/api/strategies", json={"name": "by_api"})
    assert made.status_code == 201
    assert client.post("/api/strategies/by_api/versions/1/switch").status_code == 409


def test_the_language_over_the_api(client: TestClient[Any], settings: Settings) -> None:
    text = file_of(settings).read_text("utf-8")
    wrong = client.post("/api/language/check", json={"text": text.replace("close <", "clse <", 1)})
    (finding,) = [one for one in wrong.json()["findings"] if one["severity"] == "error"]
    assert finding["fixes"][0]["replacement"] == "close"
    turned = client.post(
        "/api/language/parameter", json={"text": text, "name": "stretch", "value": "4"}
    ).json()
    assert turned["text"] == text.replace("default: 5.0", "default: 4")
    untidy = client.post("/api/language/tidy", json={"text": text + "\n\n\n"}).json()
    assert untidy["text"] == text
    words = client.get("/api/language/vocabulary").json()
    assert any(one["name"] == "vwap" for one in words["functions"])


def test_a_difference_in_trades_is_asked_for_until_it_is_known(
    client: TestClient[Any], settings: Settings
) -> None:
    text = file_of(settings).read_text("utf-8")
    client.get(f"/strategies/{NAME}")
    begun = client.post(
        f"/api/strategies/{NAME}/trials",
        json={"against": 1, "text": text.replace("default: 5.0", "default: 6.0")},
    )
    assert begun.status_code == 202
    trial = begun.json()
    until = time.monotonic() + PATIENCE
    while not trial["is_over"]:
        assert time.monotonic() < until, trial
        trial = client.get(f"/api/strategies/{NAME}/trials/{trial['id']}").json()
    assert re.match(r"this change removes \d+ trades", trial["sentence"])
    page = client.get(f"/strategies/{NAME}/trades/{trial['id']}").text
    assert "This change removes" in page
    assert client.get(f"/strategies/{NAME}/trades/none").status_code == 404


def test_what_is_traded_is_saved_as_a_draft_and_switched_to(
    client: TestClient[Any], application: Site, settings: Settings
) -> None:
    text = file_of(settings).read_text("utf-8")
    strategies = application.state.ports.strategies
    strategies._live = lambda: file_of(settings)
    assert "This file is being traded." in client.get(f"/strategies/{NAME}").text
    answer = client.post(f"/strategies/{NAME}", data=form(text + "# next\n"))
    assert answer.headers["location"].endswith("said=drafted.2")
    page = client.get(answer.headers["location"]).text
    assert "Kept as draft version 2" in page
    assert "Switch to version 2" in page
    assert "draft 2 waits" in client.get("/strategies").text
    assert file_of(settings).read_text("utf-8") == text
    assert client.post(f"/strategies/{NAME}/versions/2/switch").status_code == 303
    assert file_of(settings).read_text("utf-8") == text + "# next\n"


def test_a_full_disk_keeps_the_text_in_the_page(
    client: TestClient[Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file_of(settings).read_text("utf-8")
    client.get(f"/strategies/{NAME}")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adapters.workshop.texts.tempfile.mkstemp", full)
    answer = client.post(f"/strategies/{NAME}", data=form(text + "# precious\n"))
    monkeypatch.undo()
    assert answer.status_code == 507
    assert "No space left on device" in answer.text
    assert "# precious" in answer.text
    assert file_of(settings).read_text("utf-8") == text
    assert client.post(f"/strategies/{NAME}", data=form(text + "# precious\n")).status_code == 303


def test_a_file_that_was_removed_is_not_there_and_its_page_says_so(
    client: TestClient[Any], settings: Settings
) -> None:
    client.get(f"/strategies/{NAME}")
    file_of(settings).unlink()
    assert client.get(f"/strategies/{NAME}").status_code == 404
    assert client.post(f"/strategies/{NAME}", data=form("a: 1")).status_code == 404
    assert NAME not in client.get("/strategies").text


def test_a_restart_of_the_page_forgets_nothing(
    host: Callable[..., Threaded], tmp_path: Path
) -> None:
    served = host(tmp_path)
    file = served.settings.strategies / f"{NAME}.yaml"
    with httpx.Client(base_url=served.address, timeout=PATIENCE) as one:
        sign_in(one, OPERATOR)
        text = file.read_text("utf-8") + "# kept\n"
        one.get(f"/strategies/{NAME}")
        assert one.post(f"/strategies/{NAME}", data=form(text)).status_code == 303
    served.end()
    again = host(tmp_path)
    with httpx.Client(base_url=again.address, timeout=PATIENCE) as other:
        sign_in(other, OPERATOR)
        assert len(other.get(f"/api/strategies/{NAME}/versions").json()) == 2


def test_a_text_that_a_newer_one_of_its_editor_replaced_is_answered_409(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Asker] = []

    def refused(_: Checks, text: str, *, thorough: bool, asker: Asker) -> Future[Checked]:
        asked.append(asker)
        assert not thorough
        if text == "many":
            raise TooBusy("400 texts wait to be checked already", "try again in a second")
        answer: Future[Checked] = Future()
        answer.set_exception(Superseded("a newer text of this editor has come"))
        return answer

    monkeypatch.setattr(Checks, "check", refused)
    gone = client.post("/api/language/check", json={"text": "old", "editor": "tab"})
    assert (gone.status_code, gone.json()["detail"]) == (
        409,
        "A newer text of this editor has come",
    )
    busy = client.post("/api/language/check", json={"text": "many", "editor": "tab"})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
    assert busy.json()["remedy"] == "try again in a second"
    assert asked == [Asker(OPERATOR, "tab")] * 2
    assert client.post("/api/language/check", json={"text": "", "editor": "x" * 41}).is_error
