"""The schema beside the strategies is current, and every strategy file names it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner

from adapters.cli.schema import command
from dsl.document import Items, Node, Table, read_document
from dsl.structure import json_schema

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "strategies" / "strategy.schema.json"
STRATEGIES = [
    *sorted((ROOT / "strategies").glob("*.yaml")),
    *sorted((ROOT / "docs" / "examples").glob("*.yaml")),
]


def test_the_schema_is_the_one_that_the_structure_writes() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(command).stdout
    assert SCHEMA.read_text(encoding="utf-8") == printed


@pytest.mark.parametrize("file", STRATEGIES, ids=lambda file: file.stem)
def test_a_strategy_names_the_schema_on_its_first_line_and_fits_it(file: Path) -> None:
    first, _, _ = file.read_text(encoding="utf-8").partition("\n")
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / named).resolve() == SCHEMA.resolve()
    _, document, findings = read_document(file.name, file.read_bytes())
    assert document is not None
    assert not findings
    jsonschema.validate(plain(document.root), json_schema())


def plain(node: Node) -> object:
    """The tree as a JSON reader would see it."""
    if isinstance(node, Table):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node]
    return str(node)
