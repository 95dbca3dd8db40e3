"""`engine validate` and `engine schema`."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.cli.schema import command as schema
from adapters.cli.validate import command as validate
from tests.adapters.cli.conftest import CREATOR, SIMPLE, SLOB, STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

BAD = SIMPLE.replace("close > close[1]", "clse > close[1]")


@pytest.mark.parametrize("file", sorted(STRATEGIES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_strategy_has_no_errors(file: Path, engine: Callable[..., Said]) -> None:
    said = engine("validate", file)
    assert said.status == 0
    assert said.err == ""


def test_an_error_is_shown_with_its_place_and_remedy(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(BAD)
    said = engine("validate", file)
    assert said.status == 1
    assert "error[E002]" in said.out
    assert f"{file}:12:11" in said.out
    assert "did you mean `close`?" in said.out
    assert said.out.rstrip().endswith(f"{file}: 1 error")


def test_json_is_one_document_with_every_field_of_the_contract(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(BAD)
    said = engine("validate", file, "--json")
    assert said.status == 1
    document = said.document
    (finding,) = document["findings"]
    assert finding["code"] == "E002"
    assert finding["severity"] == "error"
    assert (finding["file"], finding["line"], finding["column"]) == (str(file), 12, 11)
    assert finding["end_column"] == 15
    assert finding["message"]
    assert "close" in finding["help"]
    assert (document["errors"], document["program"]) == (1, None)


def test_json_of_a_right_strategy_names_its_program(engine: Callable[..., Said]) -> None:
    document = engine("validate", SLOB, "--json").document
    assert document["program"]["stages"] == ["consolidation", "armed", "trigger"]
    assert len(document["program"]["hash"]) == 16


def test_several_files_are_checked_and_one_error_is_enough(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("validate", SLOB, spec(BAD), "--json")
    assert said.status == 1
    assert [one["errors"] for one in said.document] == [0, 1]


def test_sarif_is_what_code_scanning_reads(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("validate", spec(BAD), "--format", "sarif")
    document = json.loads(said.out)
    assert document["version"] == "2.1.0"
    (result,) = document["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("E002", "error")


def test_github_annotations_are_a_line_each(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("validate", spec(BAD), "--format", "github")
    assert said.out.startswith("::error file=")
    assert said.out.count("\n") == 1


def test_set_values_are_checked_with_the_file(engine: Callable[..., Said]) -> None:
    assert engine("validate", SLOB, "--set", "rr_min=2").status == 0
    said = engine("validate", SLOB, "--set", "rr_min=abc")
    assert said.status == 1
    assert "--set rr_min=abc" in said.out


def test_notes_are_shown_when_asked_for(engine: Callable[..., Said]) -> None:
    quiet, full = engine("validate", CREATOR), engine("validate", CREATOR, "--notes")
    assert "note[" not in quiet.out
    assert "note[W131]" in full.out


def test_standard_input_is_a_strategy_too(
    engine: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(BAD.encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    said = engine("validate", "-")
    assert said.status == 1
    assert "<standard input>:12:11" in said.out


def test_a_variant_reads_its_parent_beside_it_and_nothing_outside(
    engine: Callable[..., Said], spec: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    spec()
    spec("extends: simple.yaml\nstrategy: wider\n", "wider.yaml")
    assert engine("validate", tmp_path / "wider.yaml").status == 0
    (tmp_path / "inner" / "link.yaml").symlink_to(tmp_path / "simple.yaml")
    out = spec("extends: link.yaml\nstrategy: out\n", "inner/out.yaml")
    said = engine("validate", out)
    assert said.status == 1
    assert "E005" in said.out


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_no_bytes_whatever_end_in_a_traceback(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    file.write_bytes(data)
    ran = CliRunner().invoke(validate, [str(file)])
    assert ran.exit_code == 1
    assert ran.exception is None or isinstance(ran.exception, SystemExit)
    assert "error[" in ran.output


def test_every_malformed_strategy_stops_a_run_before_anything_is_written(
    engine: Callable[..., Said], spec: Callable[..., Path], tmp_path: Path
) -> None:
    journal = tmp_path / "journal.jsonl"
    said = engine("run", spec(BAD), "--events", journal)
    assert said.status == 1
    assert "error[E002]" in said.err
    assert said.out == ""
    assert not journal.exists()


def test_a_run_with_json_tells_the_findings_in_its_document(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("run", spec(BAD), "--json")
    assert said.status == 1
    assert said.document["error"] == "BadStrategy"
    assert said.document["findings"][0]["code"] == "E002"


# --- schema ---------------------------------------------------------------------------------


def test_the_schema_is_printed_and_written_the_same(tmp_path: Path) -> None:
    printed = CliRunner().invoke(schema, [])
    file = tmp_path / "strategy.schema.json"
    written = CliRunner().invoke(schema, [str(file)])
    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert json.loads(printed.output) == json.loads(file.read_text())
    assert "properties" in json.loads(printed.output)
    assert file.stat().st_mode & 0o044 == 0o044


def test_a_folder_that_is_not_there_gets_no_schema(tmp_path: Path) -> None:
    ran = CliRunner().invoke(schema, [str(tmp_path / "nosuch" / "s.json")])
    assert ran.exit_code == 3
    assert "cannot be written" in ran.output
