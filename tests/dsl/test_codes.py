"""The table of codes: complete, and its examples tell the truth."""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from pathlib import Path

import pytest

from dsl.codes import CODES, TEXT_WIDTH, Code, explain
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.diagnostics import Diagnostic, Severity
from dsl.document import read_document
from dsl.ir.program import Instrument

DSL = Path(__file__).parents[2] / "dsl"
NAMES = list(CODES)
CODE = r"[EW]\d{3}"

REFUSED_AS_YAML = {"E000"}

BASE = b"""\
lang: 1
strategy: base
instrument: NQ
direction: {write: short, mirror: long}
sessions:
  london: {from: XLON.open, to: XNYS.open}
  ny: {from: XNYS.open, to: XNYS.close}
setup:
  start:
    when: {in_ny: in ny, swept: high > london.high}
  concurrent: {max: 16, overflow: too_many}
  track:
    top: {is: highest(high), in: [waiting]}
  stages:
    waiting:
      within: {limit: 20 bars, else: timed_out}
      advance:
        - {to: entry, when: {closed_back: close < london.high}}
stop: top.price + 1 pt
target: london.low
risk: {per_trade: 1 % of equity, else: too_small}
"""

AROUND = Surroundings(
    instruments={
        "NQ": Instrument("NQ", "CME", Fraction(1, 4), Fraction(1), Fraction(20), currency="USD")
    },
    calendars=frozenset({"XLON", "XNYS", "XTKS"}),
    read={"base.yaml": BASE}.get,
)


def compiled(example: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """The example as a variant of the small strategy, and what the compiler finds."""
    parent = "" if "extends:" in example else "extends: base.yaml\n"
    text = f"strategy: example\n{parent}{example}\n"
    return text, compile_strategy("example.yaml", text.encode(), AROUND).findings


def strings_of(path: Path) -> set[str]:
    """Every string constant of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_code_says_why_it_matters_in_sentences(name: str) -> None:
    code = CODES[name]
    assert re.fullmatch(CODE, name)
    assert code.code == name
    assert (code.severity is Severity.ERROR) == name.startswith("E")
    assert 2 <= len(re.findall(r"[.?](?: |$)", code.why)) <= 4
    assert code.title == code.title.strip(". ")
    assert code.title[0].islower() or code.title[:5] in ("SHORT", "`of` ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", ["wrong", "right"])
def test_every_example_is_yaml_that_the_language_reads(name: str, side: str) -> None:
    text = getattr(CODES[name], side)
    _, document, findings = read_document(f"{name}.yaml", text.encode())
    assert document is not None
    assert bool(findings) == (name in REFUSED_AS_YAML and side == "wrong")


@pytest.mark.parametrize("name", NAMES)
def test_only_the_wrong_example_has_a_marked_line(name: str) -> None:
    code = CODES[name]
    assert code.wrong.count("# <--") == 1
    assert "# <--" not in code.right
    assert code.wrong != code.right


def codes_in_use() -> set[str]:
    """The codes that some pass of the compiler reports."""
    modules = (path for path in DSL.rglob("*.py") if path.name != "codes.py")
    return {text for path in modules for text in strings_of(path) if re.fullmatch(CODE, text)}


@pytest.mark.parametrize("name", NAMES)
def test_the_wrong_example_gets_its_code_on_the_marked_line_and_the_right_one_does_not(
    name: str,
) -> None:
    if name not in codes_in_use():
        pytest.skip("no pass of the compiler reports it yet")
    text, findings = compiled(CODES[name].wrong)
    marked = next(n for n, line in enumerate(text.splitlines(), 1) if "# <--" in line)
    assert (name, marked) in [(finding.code, finding.span.line) for finding in findings]
    _, findings = compiled(CODES[name].right)
    assert [f for f in findings if f.code == name or f.severity is Severity.ERROR] == []


def test_the_small_strategy_of_the_examples_is_itself_without_a_finding_that_matters() -> None:
    found = compile_strategy("base.yaml", BASE, AROUND).findings
    assert [finding for finding in found if finding.severity is not Severity.NOTE] == []


def test_every_code_that_the_compiler_uses_is_in_the_table() -> None:
    used = codes_in_use()
    assert used
    assert used <= set(CODES)


def test_codes_stand_in_order_and_mean_one_thing() -> None:
    assert sorted(NAMES, key=lambda name: (name[0] != "E", name)) == NAMES
    assert len({code.title for code in CODES.values()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_explanation_is_plain_text_for_a_terminal(name: str) -> None:
    text = explain(name.lower())
    code: Code = CODES[name]
    assert text.startswith(f"{code.severity}[{name}]: {code.title}\n")
    assert max(map(len, text.splitlines())) <= 100
    assert code.right.splitlines()[0] in text
    assert TEXT_WIDTH < 100


def test_an_unknown_code_gets_the_nearest_one() -> None:
    assert explain("E211") == "there is no diagnostic 'E211'; did you mean E011?"
    assert explain("banana").startswith("there is no diagnostic 'banana'; codes run from")
