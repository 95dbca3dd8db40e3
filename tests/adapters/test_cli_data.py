"""`engine data` as a person and a program use it: words, JSON, exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapters import store
from adapters.cli.data import command

GOOD = (
    "timestamp,open,high,low,close,volume\n"
    "2025-01-06T14:30:00Z,100,101,99.5,100.25,7\n"
    "2025-01-06T14:31:00Z,100.25,100.5,100,100,8\n"
    "2025-01-06T14:32:00Z,100,100,99,99.75,9\n"
)
pytestmark = pytest.mark.usefixtures("store_folder")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path_factory.getbasetemp() / "cli-cache"
    monkeypatch.setenv("ENGINE_CACHE", str(shared))


def engine_data(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def document(result: Result) -> Any:
    assert result.stderr == ""
    return json.loads(result.stdout)


def written(folder: Path, text: str = GOOD, name: str = "bars.csv") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_import_list_check_and_remove_are_one_life(tmp_path: Path) -> None:
    file = written(tmp_path)
    imported = engine_data("import", file, "--instrument", "NQ")
    assert imported.exit_code == 0, imported.output
    assert re.search(r"^bars +3 of 1 min$", imported.stdout, re.MULTILINE)
    assert "note: times are taken as the open of their bar" in imported.stdout
    assert imported.stdout.endswith("Ready: --data bars\n")
    (_, listed) = engine_data("list").stdout.splitlines()
    assert listed.split()[:4] == ["bars", "NQ", "3", "1"]
    assert re.search(r"^missing bars +0$", engine_data("check", "bars").stdout, re.MULTILINE)
    removed = engine_data("remove", "bars", "--yes")
    assert (removed.exit_code, removed.stdout) == (0, "Removed bars (3 bars).\n")
    assert "no data sets yet" in engine_data("list").stdout


def test_every_subcommand_prints_one_json_document(tmp_path: Path) -> None:
    file = written(tmp_path)
    imported = document(engine_data("import", file, "--instrument", "NQ", "--name", "x", "--json"))
    assert (imported["name"], imported["bars"], imported["instrument"]["tick"]) == ("x", 3, "0.25")
    assert document(engine_data("list", "--json")) == [imported]
    assert document(engine_data("check", "x", "--json"))["bars"] == 3
    assert document(engine_data("check", file, "--instrument", "NQ", "--json"))["bars"] == 3
    days = ("--from", "2025-01-06", "--to", "2025-01-07")
    synthetic = document(engine_data("synth", "made", *days, "--seed", "3", "--json"))
    assert synthetic["notes"] == ["synthetic: made up with seed 3, never traded"]
    assert document(engine_data("remove", "x", "--yes", "--json"))["removed"] == imported


def test_a_bad_file_ends_with_3_and_leaves_nothing(tmp_path: Path, store_folder: Path) -> None:
    file = written(tmp_path, GOOD.replace("99.5", "99.6"))
    refused = engine_data("import", file, "--instrument", "NQ")
    assert refused.exit_code == 3
    assert refused.stdout == ""
    assert refused.stderr == (
        f"error: {file}:2: the low 99.6 is not a multiple of 0.25 "
        "(check the instrument and its tick; adjusted prices do not lie on the grid)\n"
    )
    assert not store_folder.exists()
    as_json = engine_data("import", file, "--instrument", "NQ", "--json")
    assert as_json.exit_code == 3
    assert document(as_json)["error"] == "OffGrid"
    assert document(as_json)["line"] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("import", "none.csv", "--instrument", "NQ"),
        ("check", "none"),
        ("remove", "none", "--yes"),
        ("import", "{file}", "--instrument", "NQ", "--name", "a/b"),
        ("check", "{file}", "--instrument", "GC", "--zone", "UTC", "--delimiter", ";"),
    ],
)
def test_data_that_cannot_be_used_ends_with_3(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = written(tmp_path)
    result = engine_data(*(word.format(file=file) for word in words))
    assert result.exit_code == 3, result.output
    assert result.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import",), "Missing argument"),
        (("import", "{file}"), "--instrument NQ"),
        (("import", "{file}", "--instrument", "NQQ"), "did you mean NQ"),
        (("import", "{file}", "--instrument", "NQ", "--stamp", "middle"), "--stamp"),
        (("import", "{file}", "--instrument", "NQ", "--columns", "close=Last,x"), "role=name"),
        (("check", "{file}", "--instrument", "NQ", "--calendar", "XNYZ"), "did you mean XNYS"),
        (("synth", "x", "--from", "2025-01-04", "--to", "2025-01-05"), "no trading date"),
        (("synth", "x", "--from", "soon", "--to", "2025-01-05"), "--from"),
        (("burn",), "No such command"),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    file = written(tmp_path)
    result = engine_data(*(word.format(file=file) for word in words))
    assert result.exit_code == 2, result.output
    assert says in result.stderr


def test_nothing_is_removed_without_a_yes(tmp_path: Path) -> None:
    engine_data("import", written(tmp_path), "--instrument", "NQ")
    assert engine_data("remove", "bars").exit_code == 2
    assert [entry.name for entry in store.list_sets()] == ["bars"]


def test_the_layout_options_reach_the_reader(tmp_path: Path) -> None:
    text = GOOD.replace(",", ";").replace(".", ",").replace("Z", "").replace("close", "Last")
    file = written(tmp_path, text.replace("T", " ").replace(":00;", ";"))
    imported = engine_data(
        *("import", file, "--instrument", "NQ", "--zone", "America/New_York", "--json"),
        *("--stamp", "close", "--delimiter", ";", "--decimal", ",", "--columns", "close=Last"),
        *("--time-format", "%Y-%m-%d %H:%M", "--bar", "1", "--calendar", "XNYS"),
    )
    entry = document(imported)
    assert (entry["first"], entry["zone"]) == ("2025-01-06T19:29Z", "America/New_York")
    assert entry["stamp"] == "close"
    assert entry["quality"]["against"] == "calendar XNYS"


def test_a_set_is_replaced_when_told_to(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert engine_data("import", file, "--instrument", "NQ").exit_code == 0
    assert engine_data("import", file, "--instrument", "NQ").exit_code == 3
    assert engine_data("import", file, "--instrument", "NQ", "--replace").exit_code == 0


@pytest.mark.parametrize("name", ["import", "list", "check", "synth", "remove"])
def test_every_subcommand_has_help_with_an_example(name: str) -> None:
    helped = engine_data(name, "--help")
    assert helped.exit_code == 0
    assert f"Example: engine data {name}" in helped.stdout


def test_help_is_there_without_pandas_arrow_or_rich() -> None:
    script = (
        "import sys; from adapters.cli.data import command\n"
        "try: command(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'pandas', 'pyarrow', 'rich', 'exchange_calendars'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": "."},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.endswith("[]\n")
