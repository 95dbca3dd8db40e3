"""docs/language.md tells the truth: examples compile, output and tables are what they would be."""

from __future__ import annotations

import re

import pytest

from dsl.calls import FUNCTIONS
from dsl.diagnostics import Severity
from dsl.ir.program import NO_PRICE, NO_STOP, NO_TARGET, TrackerOp
from dsl.names import BAR_NAMES, SESSION_FIELDS
from dsl.parser import KEYWORDS
from dsl.quantities import UNIT_WORDS
from dsl.render import as_text
from engine.execution.records import Reason
from tests.docs.manual import (
    ROOT,
    TABLE,
    Example,
    commands,
    compiled,
    examples,
    fenced,
    printed,
    tables,
    text_of_manual,
    wholes,
)

TEXT = text_of_manual()
KEYS = {
    key for found in re.finditer(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) for key in found.groups()
}
EXAMPLES = examples(TEXT)
FILES = wholes(TEXT)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_every_example_compiles_or_gets_the_code_that_it_names(example: Example) -> None:
    made = compiled(example, FILES)
    told = as_text(made.findings, made.sources)
    if example.code:
        assert example.code in {found.code for found in made.findings}, told
        return
    assert made.program is not None, told
    # a piece may declare what only another piece uses; a whole strategy may not
    grave = {Severity.ERROR} if example.is_piece else {Severity.ERROR, Severity.WARNING}
    assert not [found for found in made.findings if found.severity in grave], told


def test_there_are_whole_strategies_pieces_and_wrong_ones() -> None:
    assert len(FILES) >= 3
    assert sum(example.is_piece for example in EXAMPLES) > 20
    assert sum(bool(example.code) for example in EXAMPLES) > 5


@pytest.mark.parametrize(("line", "command", "output"), commands(TEXT))
def test_a_command_prints_what_the_manual_shows(line: int, command: str, output: str) -> None:
    assert printed(command, FILES) == output, f"line {line}: python -m tests.docs.manual"


def test_the_tables_are_those_of_the_code() -> None:
    shown = {found[2]: found[0] for found in TABLE.finditer(TEXT)}
    assert set(shown) == set(tables())
    for name, table in tables().items():
        assert table in shown[name], f"{name}: python -m tests.docs.manual"


def test_every_word_of_the_language_is_in_the_manual() -> None:
    words = {
        *(word for word in UNIT_WORDS if word),
        *("pt", "pip", "pips", "tick", "ticks"),
        *KEYWORDS,
        *FUNCTIONS,
        *BAR_NAMES,
        *SESSION_FIELDS,
        *("so_far", "previous", "elapsed", "left"),
        *("age", "age_bars", "stage_age", "stage_bars", "held", "price", "now"),
        *("first_half", "second_half"),
        *(op.value for op in TrackerOp),
        *(reason.name.lower() for reason in Reason if reason is not Reason.NONE),
        *(NO_PRICE, NO_STOP, NO_TARGET),
    }
    told = set(re.findall(r"[A-Za-z_0-9%]+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))
    assert words - told == set()


def test_every_rule_of_the_semantics_has_its_number() -> None:
    assert re.findall(r"^\*\*R(\d+)\.", TEXT, re.MULTILINE) == [str(n) for n in range(1, 23)]


def test_every_construct_of_the_benchmark_rules_is_in_the_manual() -> None:
    """A newcomer must be able to write them from the manual alone."""
    spec = (ROOT / "docs" / "examples" / "benchmark_rules.yaml").read_text(encoding="utf-8")
    rules = re.sub(r"#.*|doc: .*", "", spec)
    own = set(re.findall(r"(\w+):", rules)) - KEYS | set(re.findall(r"(?:name|else): (\w+)", rules))
    words = set(re.findall(r"\b[a-z_]\w*", rules)) - own
    told = set(re.findall(r"\w+", " ".join(block for _, block in fenced(TEXT, "yaml"))))
    told |= set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))
    assert words - told == set()


def test_the_manual_has_no_line_that_is_too_long_to_read() -> None:
    prose = re.sub(r"^(```.*?^```$|\|.*$)", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.splitlines() if len(line) > 120] == []
