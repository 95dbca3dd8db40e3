"""Variants: a file that starts from another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.document import Document, Items, Node, Table
from dsl.extends import CHAIN_MAX, merged, read_extended
from dsl.render import as_text
from dsl.source import Source, Text

if TYPE_CHECKING:
    from dsl.diagnostics import Diagnostic

BASE = """\
lang: 1
strategy: base
params:
  dwell: {default: 15 min, range: 5 min .. 30 min}
  buffer: 1 pt
series:
  body: abs(close - open)
target:
  - {name: tp1, at: london.low, share: 50 %}
  - {name: tp2, at: london.low - 9 pt, share: 50 %}
tests:
  - {name: jan_6, bars: a.csv, expect: [entry@16:31]}
"""

VARIANT = """\
extends: base.yaml
strategy: variant
params:
  dwell: {default: 20 min}
  extra: 2 pt
target:
  - {name: tp, at: london.low, share: 100 %}
"""


def read(
    files: dict[str, str], name: str = "shown/variant.yaml", path: str = ""
) -> tuple[Source, Document | None, list[Diagnostic]]:
    data = files[path or "variant.yaml"].encode()
    return read_extended(
        name,
        data,
        lambda asked: files[asked].encode() if asked in files else None,
        path=path,
        siblings=sorted(files),
    )


def plain(node: Node) -> object:
    match node:
        case Table():
            return {str(key): plain(value) for key, value in node.items()}
        case Items():
            return [plain(item) for item in node]
        case Text():
            return str(node)


def test_the_variant_goes_over_its_parent_key_by_key() -> None:
    _, document, findings = read({"variant.yaml": VARIANT, "base.yaml": BASE})
    assert findings == []
    assert document is not None
    assert plain(document.root) == {
        "lang": "1",
        "strategy": "variant",
        "params": {
            "dwell": {"default": "20 min", "range": "5 min .. 30 min"},
            "buffer": "1 pt",
            "extra": "2 pt",
        },
        "series": {"body": "abs(close - open)"},
        "target": [{"name": "tp", "at": "london.low", "share": "100 %"}],
        "extends": "base.yaml",
    }
    assert list(document.root) == ["lang", "strategy", "params", "series", "target", "extends"]


def test_every_place_names_its_file() -> None:
    _, document, _ = read({"variant.yaml": VARIANT, "base.yaml": BASE})
    assert document is not None
    params = document.root[Text("params")]
    assert isinstance(params, Table)
    dwell = params[Text("dwell")]
    assert isinstance(dwell, Table)
    places = {str(key): (value.span.file, value.span.line) for key, value in dwell.items()}
    assert places == {"default": ("shown/variant.yaml", 4), "range": ("shown/base.yaml", 4)}
    assert [source.name for source in document.sources] == ["shown/variant.yaml", "shown/base.yaml"]


def test_a_file_that_extends_nothing_is_read_as_it_is() -> None:
    _, document, findings = read({"variant.yaml": BASE})
    assert findings == []
    assert document is not None
    assert document.parents == ()
    assert "tests" in document.root


def test_parents_of_parents_are_merged_from_the_far_end() -> None:
    files = {
        "variant.yaml": "extends: sub/a.yaml\nstrategy: v\nx: 1\n",
        "sub/a.yaml": "extends: ../b.yaml\nx: 2\ny: 2\n",
        "b.yaml": "x: 3\ny: 3\nz: 3\n",
    }
    _, document, findings = read(files)
    assert findings == []
    assert document is not None
    assert plain(document.root) == {
        "x": "1", "y": "2", "z": "3", "extends": "sub/a.yaml", "strategy": "v",
    }  # fmt: skip
    assert [source.name for source in document.sources] == [
        "shown/variant.yaml",
        "shown/sub/a.yaml",
        "shown/b.yaml",
    ]


def test_a_variant_in_a_sub_folder_may_extend_a_file_above_it_inside_the_tree() -> None:
    files = {"wide/v.yaml": "extends: ../base.yaml\nstrategy: v\n", "base.yaml": BASE}
    _, document, findings = read(files, "strategies/wide/v.yaml", "wide/v.yaml")
    assert findings == []
    assert document is not None
    assert document.parents[0].name == "strategies/base.yaml"


OUTSIDE = ["../base.yaml", "/etc/passwd", "a/../../b.yaml", "C:/b.yaml", "~/b.yaml", r"..\b.yaml"]


@pytest.mark.parametrize("path", [*OUTSIDE, "https://example.org/b.yaml", ".."])
def test_a_path_that_leaves_the_folder_is_refused_without_asking_for_it(path: str) -> None:
    def refuse(asked: str) -> bytes | None:
        pytest.fail(f"asked for {asked}")

    text = f"extends: {path}\nstrategy: v\n"
    _, document, findings = read_extended("v.yaml", text.encode(), refuse)
    assert [(f.code, f.span.line, f.span.column, f.span.length) for f in findings] == [
        ("E005", 1, 10, len(path))
    ]
    assert "outside the folder" in findings[0].message
    assert document is not None


def test_a_missing_file_is_named_with_the_one_probably_meant() -> None:
    _, _, findings = read({"variant.yaml": "extends: bsae.yaml\nstrategy: v\n", "base.yaml": BASE})
    assert [(f.code, f.message, f.help) for f in findings] == [
        ("E005", "there is no file `bsae.yaml`", "did you mean `base.yaml`?")
    ]


@pytest.mark.parametrize(
    ("files", "way"),
    [
        (
            {"variant.yaml": "extends: ./variant.yaml\nstrategy: v\n"},
            "variant.yaml -> variant.yaml",
        ),
        (
            {
                "variant.yaml": "extends: a.yaml\nstrategy: v\n",
                "a.yaml": "extends: b.yaml\n",
                "b.yaml": "extends: a.yaml\n",
            },
            "a.yaml -> b.yaml -> a.yaml",
        ),
    ],
)
def test_files_that_extend_each_other_are_refused(files: dict[str, str], way: str) -> None:
    _, _, findings = read(files)
    assert [f.code for f in findings] == ["E005"]
    assert way in findings[0].message


def test_a_long_chain_is_refused() -> None:
    files = {f"{n}.yaml": f"extends: {n + 1}.yaml\n" for n in range(CHAIN_MAX + 3)}
    files["variant.yaml"] = "extends: 0.yaml\nstrategy: v\n"
    _, _, findings = read(files)
    assert [f.code for f in findings] == ["E005"]
    assert f"more than {CHAIN_MAX} files" in findings[0].message


def test_a_broken_parent_is_shown_with_its_own_line() -> None:
    files = {"variant.yaml": VARIANT, "base.yaml": "lang: 1\nseries: {a: b"}
    _, document, findings = read(files)
    assert document is not None
    assert [f.span.file for f in findings] == ["shown/base.yaml"]
    assert "2| series: {a: b" in as_text(findings, document.sources)


def test_a_variant_needs_a_name_of_its_own() -> None:
    _, _, findings = read({"variant.yaml": "extends: base.yaml\n", "base.yaml": BASE})
    assert [(f.code, f.span.line) for f in findings] == [("E004", 1)]


def test_another_shape_of_extends_is_left_to_the_structure() -> None:
    _, document, findings = read({"variant.yaml": "extends: [a]\nstrategy: v\n"})
    assert findings == []
    assert document is not None


TABLES = st.recursive(
    st.text("abc", min_size=1, max_size=3).map(Text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(Items),
        st.dictionaries(st.sampled_from("abcd").map(Text), inner, max_size=4).map(
            lambda made: Table(list(made.items()))
        ),
    ),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(st.sampled_from("abcd").map(Text), TABLES, max_size=4).map(
    lambda made: Table(list(made.items()))
)


@pytest.mark.law
@given(MAPPINGS, MAPPINGS)
def test_the_child_always_wins_and_nothing_of_the_parent_is_lost(a: Table, b: Table) -> None:
    over = merged(a, b)
    assert list(over) == [*b, *(key for key in a if key not in b)]
    assert plain(merged(a, Table())) == plain(merged(Table(), a)) == plain(merged(a, a)) == plain(a)
    for key in over:
        mine, parents = a.get(key), b.get(key)
        if isinstance(mine, Table) and isinstance(parents, Table):
            assert plain(over[key]) == plain(merged(mine, parents))
        else:
            assert over[key] is (parents if mine is None else mine)
