"""Checks beside the page say what the command line says, once and soon."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from adapters.cli.validate import command
from adapters.workshop.checking import Checks
from adapters.workshop.dials import applied
from adapters.workshop.examining import Asked, examine
from adapters.workshop.templates import TEMPLATES
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN = TEMPLATES["plain"].text
FOLDER = SHIPPED[0].parent


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    folder = tmp_path_factory.mktemp("strategies")
    (folder / "base.yaml").write_text(PLAIN, encoding="utf-8")
    with Checks(folder) as made:
        yield made


@pytest.fixture
def folder(checks: Checks) -> Path:
    return checks._folder


def test_a_mistake_has_its_place_its_words_and_its_fix(checks: Checks) -> None:
    text = PLAIN.replace("close > highest", "clse > highest")
    (finding,) = checks.check(text).result(30).findings
    assert (finding.code, finding.severity, finding.message) == (
        "E002",
        "error",
        "unknown name `clse`",
    )
    line = text.splitlines()[finding.line - 1]
    assert line[finding.column - 1 : finding.end_column - 1] == "clse"
    (fix,) = finding.fixes
    assert applied(text, fix) == PLAIN
    assert not fix.certain


def test_the_same_text_is_checked_once(checks: Checks) -> None:
    first = checks.check(PLAIN + "# once\n")
    assert checks.check(PLAIN + "# once\n").result(30) == first.result(30)
    assert checks.check(PLAIN + "# once\n").result(0) is first.result(0)


def test_the_prompt_answer_lacks_only_the_proofs(checks: Checks) -> None:
    text = next(path for path in SHIPPED if path.stem == "slob_5_1_creator").read_text("utf-8")
    prompt = checks.check(text).result(30)
    thorough = checks.check(text, thorough=True).result(30)
    assert not prompt.is_thorough
    assert thorough.is_thorough
    assert {one.code for one in thorough.findings} - {one.code for one in prompt.findings} == {
        "W111"
    }
    assert set(prompt.findings) <= set(thorough.findings)
    assert checks.check(text).result(0) is thorough


def test_a_variant_is_checked_again_when_what_it_extends_has_changed(
    checks: Checks, folder: Path
) -> None:
    variant = "lang: 1\nstrategy: v\nextends: base.yaml\n"
    assert checks.check(variant).result(30).count("error") == 0
    (folder / "base.yaml").write_text(PLAIN.replace("close >", "clse >"), encoding="utf-8")
    broken = checks.check(variant).result(30)
    assert broken.count("error") == 1
    assert broken.findings[0].file == "base.yaml"
    assert broken.findings[0].fixes == ()
    (folder / "base.yaml").write_text(PLAIN, encoding="utf-8")
    assert checks.check(variant).result(30).count("error") == 0


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_errors_and_no_warnings(checks: Checks, name: str) -> None:
    found = checks.check(TEMPLATES[name].text, thorough=True).result(30)
    assert found.worst in ("", "note")


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "\x00\x01\x02", "<script>alert(1)</script>", "", "a: [" * 500, "\ud800"],
    ids=["1 MB", "binary", "script", "empty", "deep", "half a letter"],
)
def test_whatever_is_not_a_strategy_gets_an_answer(checks: Checks, text: str) -> None:
    found = checks.check(text).result(30)
    assert found.count("error") >= 1
    assert found.summary is None


def test_a_process_that_dies_is_replaced(checks: Checks) -> None:
    checks.check(PLAIN + "# before\n").result(30)
    for number in list(checks._pools[False]._processes or {}):
        os.kill(number, signal.SIGKILL)
    assert checks.check(PLAIN + "# after\n").result(30).worst == ""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_words_are_those_of_the_command_line(path: Path) -> None:
    said = CliRunner().invoke(command, [str(path), "--json"])
    told = json.loads(said.stdout)["findings"]
    found = examine(Asked(path.read_text("utf-8"), str(FOLDER), thorough=True)).checked.findings
    assert [
        (one["code"], one["line"], one["column"], one["message"], one["help"]) for one in told
    ] == [(one.code, one.line, one.column, one.message, one.help) for one in found]


def test_names_are_read_although_the_text_has_mistakes() -> None:
    text = next(path for path in SHIPPED if path.stem == "slob_5_1_creator").read_text("utf-8")
    broken = text.replace("closed_back: close <", "closed_back: clse <")
    names = {
        one.name: one for one in examine(Asked(broken, str(FOLDER), thorough=False)).checked.names
    }
    assert (names["dwell_min"].kind, names["dwell_min"].type) == ("parameter", "minutes")
    assert (names["top"].kind, names["top"].type) == ("tracker", "price")
    assert names["armed"].kind == "stage"
    assert names["sweep"].kind == "capture"
    assert names["lse"].text == "XLON.open to XNYS.open"
