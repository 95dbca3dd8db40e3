"""The tree as a strategy: every leaf keeps its place, every misfit is explained."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dsl.diagnostics import Diagnostic, Severity
from dsl.document import Document, Items, Node, Table, read_document
from dsl.render import apply_edits
from dsl.source import Span, Text
from dsl.structure import Section, Spec, Stop, Target, json_schema, read_structure

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

ROOT = Path(__file__).parents[2]

STRATEGY = """\
lang: 1
strategy: example
instrument: NQ
direction: {write: short, mirror: long}
sessions:
  london: {from: XLON.open, to: XNYS.open}
params:
  wait: {default: 20 bars, range: 5 bars .. 40 bars}
  buffer: 1 pt
series:
  body: abs(close - open)
  slow: {is: "mean(close, 20 bars)", on: 5 min}
setup:
  start:
    when: {swept: high > london.high}
    fires: rising
    capture: {first: high}
  track:
    top: {is: highest(high), in: waiting}
  stages:
    waiting:
      within: {limit: wait, else: timed_out}
      advance:
        - to: entry
          when: {closed_back: close < london.high}
entry: {order: market, at: next_open}
stop: top.price + buffer
target:
  - {name: tp1, at: london.low, share: 100 %}
tests:
  - {name: one, bars: a.csv, expect: [entry@16:31]}
"""


def document_of(text: str) -> Document:
    _, document, findings = read_document("f.yaml", text.encode())
    assert findings == []
    assert document is not None
    return document


def spec_of(text: str) -> Spec:
    spec, findings = read_structure(document_of(text))
    assert findings == []
    assert spec is not None
    return spec


def findings_of(text: str) -> list[Diagnostic]:
    spec, findings = read_structure(document_of(text))
    assert spec is None
    assert findings
    return findings


def changed(old: str, new: str) -> str:
    assert STRATEGY.count(old) == 1
    return STRATEGY.replace(old, new)


# --- what is read ---------------------------------------------------------------------------


def test_leaves_and_names_are_the_very_texts_of_the_file() -> None:
    document = document_of(STRATEGY)
    spec, _ = read_structure(document)
    assert spec is not None
    assert spec.stop is document.root[Text("stop")]
    assert spec.setup is not None
    (stage,) = spec.setup.stages
    assert stage.span == Span(21, 5, 7, "f.yaml")
    (advance,) = spec.setup.stages[stage].advance
    assert advance.when[Text("closed_back")].span == Span(25, 31, 19, "f.yaml")
    assert next(iter(advance.when)).span == Span(25, 18, 11, "f.yaml")


def test_reserved_words_of_python_get_an_underscore() -> None:
    spec = spec_of(STRATEGY)
    london = spec.sessions[Text("london")]
    assert (london.from_, london.to) == ("XLON.open", "XNYS.open")
    assert spec.setup is not None
    top = spec.setup.track[Text("top")]
    assert (top.is_, top.in_) == ("highest(high)", ["waiting"])
    within = spec.setup.stages[Text("waiting")].within
    assert within is not None
    assert within.else_ == "timed_out"


def test_sections_know_where_they_and_their_keys_were_written() -> None:
    spec = spec_of(STRATEGY)
    assert spec.key_span("stop") == Span(27, 1, 4, "f.yaml")
    london = spec.sessions[Text("london")]
    assert london.span == Span(6, 11, 32, "f.yaml")
    assert london.key_span("from_") == london.key_span("from") == Span(6, 12, 4, "f.yaml")
    assert london.wrote("from_")
    assert not london.wrote("clock")
    assert london.key_span("clock") == london.span
    assert london.key_span("clock", Span(9, 9)) == Span(9, 9)


def test_short_forms_stay_texts_and_long_forms_become_sections() -> None:
    spec = spec_of(STRATEGY)
    assert isinstance(spec.params[Text("buffer")], Text)
    assert not isinstance(spec.params[Text("wait")], Text)
    assert isinstance(spec.series[Text("body")], Text)
    assert not isinstance(spec.series[Text("slow")], Text)
    assert isinstance(spec.target, list)
    assert isinstance(spec.target[0], Target)
    long = spec_of(changed("stop: top.price + buffer", "stop: {cases: [{name: a, at: top.price}]}"))
    assert isinstance(long.stop, Stop)


def test_what_is_left_out_is_none_or_empty() -> None:
    spec = spec_of("lang: 1\nstrategy: a\nwhen: {up: close > open}\nstop: low\n")
    assert spec.setup is None
    assert spec.params == {}
    assert spec.tests == []
    assert spec.entry is None


def test_every_shipped_strategy_has_the_right_shape() -> None:
    for path in sorted((ROOT / "strategies").glob("*.yaml")):
        _, document, findings = read_document(path.name, path.read_bytes())
        assert findings == []
        assert document is not None
        if "extends" not in document.root:
            assert read_structure(document)[1] == []


# --- what does not fit ----------------------------------------------------------------------

MISFITS = [
    (
        "within: {limit",
        "withing: {limit",
        ("E003", 22, 7, 7, "unknown key `withing` in `waiting`", "did you mean `within`?"),
    ),
    (
        "        - to: entry",
        "        - too: entry",
        ("E003", 24, 11, 3, "unknown key `too` in `advance`", "did you mean `to`?"),
    ),
    (
        "stop: top.price + buffer",
        "stop_loss: top.price + buffer",
        ("E003", 27, 1, 9, "unknown key `stop_loss`", "did you mean `stop`?"),
    ),
    (
        "instrument: NQ",
        "banana: NQ",
        ("E003", 3, 1, 6, "unknown key `banana`", "the keys here: lang, strategy, "),
    ),
    (
        "fires: rising",
        "fires: risng",
        (
            "E003",
            16,
            12,
            5,
            "`fires` is `rising` or `every`, not `risng`",
            "did you mean `rising`?",
        ),
    ),
    (
        "order: market",
        "order: iceberg",
        ("E003", 26, 16, 7, "`order` is `market`, `stop` or `limit`", "write `market`, `stop` or"),
    ),
    ("lang: 1", "lang: 2", ("E003", 1, 7, 1, "`lang` is `1`, not `2`", "write `1`")),
    (
        "stop: top.price + buffer\n",
        "",
        ("E004", 1, 1, 4, "the strategy lacks the key `stop`", "for example `stop: "),
    ),
    (
        "  london: {from: XLON.open, to: XNYS.open}",
        "  london: {from: XLON.open}",
        ("E004", 6, 3, 6, "`london` lacks the key `to`", "for example `to: XNYS.close`"),
    ),
    (
        "{name: tp1, at: london.low, share: 100 %}",
        "{name: tp1, share: 100 %}",
        ("E004", 29, 5, 25, "`target` lacks the key `at`", "for example `at: "),
    ),
    (
        "  body: abs(close - open)",
        "  body: [close, open]",
        ("E003", 11, 3, 4, "`body` holds a list, not a value or a mapping", "write one expression"),
    ),
    (
        "    fires: rising",
        "    fires: {a: b}",
        ("E003", 16, 5, 5, "`fires` holds a mapping, not a value", "write one value or expression"),
    ),
    (
        "entry: {order: market, at: next_open}",
        "entry: market",
        ("E003", 26, 1, 5, "`entry` holds a value, not a mapping", "write `key: value` lines"),
    ),
    (
        "  track:\n    top: {is: highest(high), in: waiting}",
        "  track: highest(high)",
        ("E003", 18, 3, 5, "`track` holds a value, not a mapping of names", "write `name: "),
    ),
    (
        "        - to: entry\n          when: {closed_back: close < london.high}",
        "        to: entry",
        ("E003", 23, 7, 7, "`advance` holds a mapping, not a list", "begin each item with `- `"),
    ),
    (
        "  - {name: tp1, at: london.low, share: 100 %}",
        "  at: london.low",
        (
            "E003",
            28,
            1,
            6,
            "`target` holds a mapping, not a value or a list",
            "write one expression",
        ),
    ),
    (
        "    when: {swept: high > london.high}",
        "    when:",
        ("E003", 15, 5, 4, "nothing is written under `when`", "give it a value"),
    ),
    (
        "    when: {swept: high > london.high}",
        "    when: {}",
        ("E003", 15, 5, 4, "`when` is empty", "give it a value"),
    ),
    (
        "  buffer: 1 pt",
        "  buffer:",
        ("E003", 9, 3, 6, "nothing is written under `buffer`", "give it a value"),
    ),
    (
        "strategy: example",
        "strategy: 5/1 slob",
        ("E007", 2, 11, 8, "`5/1 slob` is not a name", "begins with a letter: `_5_1_slob`"),
    ),
    (
        "capture: {first: high}",
        "capture: {first-high: high}",
        ("E007", 17, 15, 10, "`first-high` is not a name", "begins with a letter: `first_high`"),
    ),
    (
        "    waiting:\n",
        "    nö:\n",
        ("E007", 21, 5, 2, "`nö` is not a name", "a name is letters"),
    ),
    (
        "mirror: long",
        "mirror: short",
        ("E003", 4, 35, 5, "`mirror` names the side that the rules are written for", "`long`"),
    ),
    (
        "{default: 20 bars, range: 5 bars .. 40 bars}",
        "{short: 20 bars}",
        ("E004", 8, 3, 4, "`wait` lacks the key `long`", "a parameter has a `default`"),
    ),
    (
        "{default: 20 bars, range: 5 bars .. 40 bars}",
        "{range: 5 bars .. 40 bars}",
        ("E004", 8, 3, 4, "`wait` lacks the key `default`", "a parameter has a `default`"),
    ),
    (
        "{default: 20 bars, range",
        "{default: 20 bars, long: 3 bars, range",
        ("E003", 8, 28, 4, "`wait` has a `default` and a value for one side", "write `default`"),
    ),
    (
        "{default: 20 bars, range: 5 bars .. 40 bars}",
        "{default: a, choices: [a, b], step: 1}",
        ("E003", 8, 22, 7, "`wait` has `choices` and a `range`", "keep one of them"),
    ),
    (
        "instrument: NQ",
        "when: {up: close > open}",
        ("E003", 3, 1, 4, "`when` and `setup` cannot both", "move the conditions"),
    ),
    (
        "{order: market, at: next_open}",
        "{order: stop}",
        ("E004", 26, 16, 4, "a stop order needs the key `price`", "where the order waits"),
    ),
    (
        "{order: market, at: next_open}",
        "{order: limit, at: next_open, price: low}",
        ("E003", 26, 23, 2, "`at` belongs to market orders", "remove it"),
    ),
    (
        "{order: market, at: next_open}",
        "{price: low}",
        ("E003", 26, 9, 5, "a market order has no `price`", "remove it, or write `order: stop`"),
    ),
]


@pytest.mark.parametrize(("old", "new", "wanted"), MISFITS, ids=[m[2][4] for m in MISFITS])
def test_what_does_not_fit_is_named_with_its_place_and_a_way_out(
    old: str, new: str, wanted: tuple[str, int, int, int, str, str]
) -> None:
    code, line, column, length, message, remedy = wanted
    first = findings_of(changed(old, new))[0]
    assert message in first.message
    assert remedy in first.help
    assert first.span == Span(line, column, length, "f.yaml")
    assert (first.code, first.severity) == (code, Severity.ERROR)


def test_a_misspelt_key_is_one_finding_not_two() -> None:
    text = changed("        - to: entry", "        - too: entry")
    findings = findings_of(text)
    assert len(findings) == 1
    assert apply_edits(text, findings, "f.yaml") == STRATEGY


def test_a_strategy_without_a_way_to_trade_is_refused() -> None:
    (finding,) = findings_of("lang: 1\nstrategy: a\nstop: low\n")
    assert finding.code == "E004"
    assert "`setup` or `when`" in finding.message


def test_a_word_of_another_system_is_translated_without_an_edit() -> None:
    (finding,) = findings_of(changed("series:\n", "indicators:\n"))
    assert (finding.help, finding.edit) == ("did you mean `series`?", None)


def test_a_second_key_for_the_same_thing_says_that_the_first_is_there() -> None:
    (finding,) = findings_of(STRATEGY + "stopp: low\n")
    assert "`stop` is already there" in finding.help


def test_a_file_full_of_unknown_keys_gives_a_bounded_answer() -> None:
    text = "".join(f"k{n}: v\n" for n in range(2000))
    assert len(findings_of(text)) == 50


NODES = st.recursive(
    st.sampled_from(["", "1", "high", "a b", "x" * 500, "é𝄞"]).map(Text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(Items),
        st.dictionaries(
            st.sampled_from(
                [*Spec.keys(), "is", "in", "at", "to", "name", "cases", "start", "stages", "[key]",
                 "<text>", "<table>", "0", "advance", "limit", "else", "from", "x"]
            ).map(Text),
            inner,
            max_size=6,
        ).map(lambda made: Table(list(made.items()))),
    ),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.law
@given(NODES.filter(lambda node: isinstance(node, Table)))
def test_any_tree_is_a_strategy_or_explained(root: Node) -> None:
    assert isinstance(root, Table)
    document = Document(read_document("f.yaml", b"a: b")[0], root)
    spec, findings = read_structure(document)
    assert (spec is None) == bool(findings)
    for finding in findings:
        assert finding.code in {"E003", "E004", "E007"}
        assert finding.message
        assert finding.help


# --- for editors ----------------------------------------------------------------------------


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(schema, list):
        return [found for item in schema for found in objects(item)]
    if not isinstance(schema, dict):
        return []
    inner = {key: value for key, value in schema.items() if key != "examples"}
    return [schema, *(found for value in inner.values() for found in objects(value))]


def test_every_key_has_a_description_and_an_example_for_the_editor() -> None:
    schema = json_schema()
    lacking = []
    for name, section in {"Spec": schema, **schema["$defs"]}.items():
        for key, value in section.get("properties", {}).items():
            described = "description" in value or "description" in schema["$defs"].get(
                value.get("$ref", "").rpartition("/")[2], {}
            )
            if not (described and value.get("examples")):
                lacking.append(f"{name}.{key}")
    assert lacking == []


def test_every_example_of_the_schema_fits_the_models() -> None:
    """An example that an editor offers must not be an error once it is accepted."""
    sections: list[type[Section]] = Section.__subclasses__()
    assert len(sections) > 20
    for section in sections:
        for name, field in section.model_fields.items():
            for example in field.examples or []:
                assert fits(field, node_of(example)), f"{section.__name__}.{name}: {example}"


def fits(field: FieldInfo, value: Node) -> bool:
    whole: Any = Annotated[field.annotation, None, *field.metadata]
    try:
        TypeAdapter(whole).validate_python(value)
    except ValidationError:
        return False
    return True


def node_of(value: object) -> Node:
    if isinstance(value, dict):
        return Table([(Text(key), node_of(inner)) for key, inner in value.items()])
    if isinstance(value, list):
        return Items([node_of(inner) for inner in value])
    return Text(str(value))


def test_the_schema_is_valid_and_accepts_the_strategy_an_editor_sees() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    good = yaml.load(STRATEGY, Loader=yaml.BaseLoader)
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(good)) == []
    assert list(validator.iter_errors({**good, "lang": 1})) == []
    for spoil in ({"stpo": "x"}, {"params": {"a-b": 1}}, {"entry": {"order": "iceberg"}}):
        assert list(validator.iter_errors({**good, **spoil}))


def test_the_schema_says_nothing_of_null_or_of_python() -> None:
    schema = json_schema()
    text = json.dumps(schema)
    assert "null" not in text
    assert '"from_"' not in text
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"lang", "strategy", "stop"}
    assert json.loads(text) == schema


def test_only_the_structure_imports_pydantic() -> None:
    users = [
        path.name
        for path in sorted((ROOT / "dsl").rglob("*.py"))
        if "pydantic" in path.read_text(encoding="utf-8") and path.name != "misfits.py"
    ]
    assert users == ["structure.py"]


def test_the_document_is_read_without_loading_pydantic() -> None:
    code = "import sys, dsl.document, dsl.extends, dsl.render; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
