"""Bytes to a tree: every place is exact, every mistake is a finding, nothing raises."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from dsl import document as reading
from dsl.diagnostics import Severity
from dsl.document import DEPTH_MAX, Document, Items, Node, Table, read_document
from dsl.render import apply_edits, as_text
from dsl.source import Source, Span, Text

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(text: str | bytes) -> tuple[Source, Document | None, list[str]]:
    data = text.encode() if isinstance(text, str) else text
    source, document, findings = read_document("f.yaml", data)
    return source, document, [finding.message for finding in findings]


def tree(text: str) -> Table:
    _, document, messages = read(text)
    assert document is not None
    assert messages == []
    return document.root


def texts(node: Node) -> Iterator[Text]:
    match node:
        case Text():
            yield node
        case Table():
            for key, value in node.items():
                yield key
                yield from texts(value)
        case Items():
            for item in node:
                yield from texts(item)


def slice_of(source: Source, span: Span) -> str:
    return source.line(span.line)[span.column - 1 : span.column - 1 + span.length]


# --- what is read ---------------------------------------------------------------------------


def test_nothing_is_given_a_type() -> None:
    root = tree("a: on\nb: 010\nc: 09:30\nd: 1e3\ne: null\nf: 2026-01-06\ng: 0x1F\n")
    assert list(root.values()) == ["on", "010", "09:30", "1e3", "null", "2026-01-06", "0x1F"]


def test_keys_stay_in_written_order_and_know_their_place() -> None:
    root = tree("b: 1\na: {d: 2,  c: 3}\n")
    assert list(root) == ["b", "a"]
    inner = root[Text("a")]
    assert isinstance(inner, Table)
    assert inner.flow
    assert inner.span == Span(2, 4, 13, "f.yaml")
    assert inner.key("c") is not None
    assert [key.span.column for key in inner] == [5, 12]


def test_quotes_are_not_part_of_the_place() -> None:
    root = tree("""a: "max(x, y)"\nb: 'z'\nc: plain # comment\n""")
    assert [value.span for value in texts(root)][1::2] == [
        Span(1, 5, 9, "f.yaml"),
        Span(2, 5, 1, "f.yaml"),
        Span(3, 4, 5, "f.yaml"),
    ]
    assert [value.quoted for value in texts(root)][1::2] == [True, True, False]


def test_columns_count_characters_beyond_the_basic_plane_and_combining_ones() -> None:
    source, document, messages = read('ä𝄞: "é𝄞x"  \r\nb: [漢字, y]\r\n')
    assert messages == []
    assert document is not None
    for text in texts(document.root):
        assert slice_of(source, text.span) == text


def test_a_byte_order_mark_is_not_a_character() -> None:
    _, document, messages = read(b"\xef\xbb\xbflang: 1\n")
    assert messages == []
    assert document is not None
    key = document.root.key("lang")
    assert key is not None
    assert key.span.column == 1


def test_doc_may_be_prose_over_several_lines() -> None:
    root = tree("doc: |\n  first\n  second\nother: x\n")
    assert root[Text("doc")] == "first\nsecond\n"
    root = tree('doc: "it said \\"no\\" and\n  went on"\n')
    assert root[Text("doc")] == 'it said "no" and went on'


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", None)])
def test_both_yaml_parsers_give_the_same_tree(
    loader: type[yaml.SafeLoader] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loader is None:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(reading, "_LOADER", loader)
    text = "a: {b: 'c', d: [e, \"f\"]}\ndoc: >\n  g\n  h\ni:\n- j: k\n  l: m\n- n\n"
    _, document, messages = read(text)
    assert messages == []
    assert document is not None
    places = [(str(t), t.span.line, t.span.column, t.quoted) for t in texts(document.root)]
    assert places == [
        ("a", 1, 1, False),
        ("b", 1, 5, False),
        ("c", 1, 9, True),
        ("d", 1, 13, False),
        ("e", 1, 17, False),
        ("f", 1, 21, True),
        ("doc", 2, 1, False),
        ("g h\n", 2, 6, True),
        ("i", 5, 1, False),
        ("j", 6, 3, False),
        ("k", 6, 6, False),
        ("l", 7, 3, False),
        ("m", 7, 6, False),
        ("n", 8, 3, False),
    ]


# --- what is refused ------------------------------------------------------------------------

REFUSED = {
    "not UTF-8": (b"a: b\nc: \xff", 2, 4, "the file is not UTF-8 text"),
    "UTF-16": ("a: b".encode("utf-16"), 1, 1, "the file is not UTF-8 text"),
    "a NUL": (b"a: b\x00", 1, 5, "invisible character U+0000"),
    "a zero-width mark inside": ("a: b\nc: \ufeffd".encode(), 2, 4, "U+FEFF"),
    "a line separator": ("a: b\u2028c".encode(), 1, 5, "U+2028"),
    "nothing": (b"", 1, 1, "the file is empty"),
    "only comments": (b"# hello\n", 1, 1, "the file is empty"),
    "a list": (b"- a\n- b\n", 1, 1, "not a mapping"),
    "a word": (b"hello\n", 1, 1, "not a mapping"),
    "a key twice": (b"a: 1\nb: 2\na: 3\n", 3, 1, "`a` is written twice"),
    "an anchor": (b"a: &x 1\n", 1, 4, "the anchor `&x`"),
    "an anchored mapping": (b"a: &x {b: c}\n", 1, 4, "the anchor `&x`"),
    "an alias": (b"a: &x 1\nb: *x\n", 1, 4, "the anchor `&x`"),
    "an undefined alias": (b"b: *x\n", 1, 4, "the alias `*x`"),
    "a tag": (b"a: !ready\n", 1, 4, "a YAML tag"),
    "a standard tag": (b"a: !!int 3\n", 1, 4, "a YAML tag"),
    "a merge": (b"a: b\n<<: {c: d}\n", 2, 1, "`<<` merges"),
    "a folded text": (b"a: >\n  b\n", 1, 4, "`>` text runs over several lines"),
    "a literal text": (b"a: |\n  b\n", 1, 4, "`|` text runs over several lines"),
    "a plain value on two lines": (b"a: b\n  c\n", 1, 4, "this value runs over several lines"),
    "a quoted value on two lines": (b'a: "b\n  c"\n', 1, 4, "this value runs over several lines"),
    "an escape": (b'a: "b\\tc"\n', 1, 5, "escapes"),
    "a doubled quote": (b"a: 'it''s'\n", 1, 5, "doubled quotes"),
    "a second document": (b"a: b\n---\nc: d\n", 2, 1, "a second document"),
    "a list as key": (b"? [a]\n: b\nc: d\n", 1, 3, "cannot be a key"),
    "a missing key": (b"'': b\n", 1, 2, "there is no key"),
    "a tab": (b"a:\n\tb: c\n", 2, 1, "a tab cannot indent"),
    "two colons": (b"a: b: c\n", 1, 5, "a second `: `"),
    "an open quote": (b'a: "b\nc: d\n', 1, 4, "never closed"),
    "an open brace": (b"a: {b: c", 1, 4, "this `{` is never closed"),
    "an at sign": (b"a: @b\n", 1, 4, "cannot begin with `@`"),
    "a percent sign": (b"a: %b\n", 1, 4, "cannot begin with `%`"),
    "a greater sign": (b"a: > 5\n", 1, 6, "cannot begin with `>`"),
    "a star": (b"a: * 5\n", 1, 5, "cannot begin with `*`"),
    "an index in braces": (b"a: {b: high[1] > 3}\n", 1, 12, "inside `{`"),
    "a crooked indent": (b"a:\n  - b\n c: d\n", 3, 2, "does not fit the lines around it"),
    "a line without colon": (b"a: b\nword\nc: d\n", 2, 1, "neither `key: value`"),
    "a directive": (b"%YAML 3.0\n---\na: b\n", 1, 1, "YAML cannot read this"),
}


@pytest.mark.parametrize(("data", "line", "column", "words"), REFUSED.values(), ids=REFUSED)
def test_what_would_hide_or_move_characters_is_refused_by_name_and_place(
    data: bytes, line: int, column: int, words: str
) -> None:
    _, _, findings = read_document("f.yaml", data)
    first = findings[0]
    assert words in first.message
    assert (first.span.line, first.span.column, first.span.file) == (line, column, "f.yaml")
    assert first.code == "E000"
    assert first.severity is Severity.ERROR
    assert first.help


def test_lesser_mistakes_leave_a_tree_for_later_checks() -> None:
    _, document, messages = read("a: 1\na: 2\nb: 'it''s'\n")
    assert len(messages) == 2
    assert document is not None
    assert dict(document.root) == {"a": "1", "b": "it's"}


def test_a_comma_that_yaml_took_from_an_expression_is_given_back() -> None:
    text = "{a: min(x, y) > 3, b: [max(u, (v, w)), z], c: d}\n"
    source, document, findings = read_document("f.yaml", text.encode())
    assert [finding.message.split(",")[0] for finding in findings] == [
        "YAML ends a value at a comma inside `{ }` and `[ ]`"
    ] * 2
    assert document is not None
    assert dict(document.root) == {"a": "min(x, y) > 3", "b": ["max(u, (v, w))", "z"], "c": "d"}
    for value in texts(document.root):
        assert slice_of(source, value.span) == value
    mended = apply_edits(text, findings, "f.yaml")
    assert mended == '{a: "min(x, y) > 3", b: ["max(u, (v, w))", z], c: d}\n'
    assert dict(tree(mended)) == dict(document.root)


def test_a_parenthesis_that_never_closes_stays_as_it_is() -> None:
    _, document, messages = read("{a: min(x, b: c}\n")
    assert document is not None
    assert messages == []
    assert document.root[Text("a")] == "min(x"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_before_it_can_hurt(opening: str) -> None:
    _, document, messages = read(opening * 60_000)
    assert document is None
    assert messages == [f"nested deeper than {DEPTH_MAX} levels"]


def test_a_file_as_deep_as_allowed_is_read() -> None:
    _, document, messages = read("a: " + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1))
    assert messages == []
    assert document is not None


def test_a_bomb_of_aliases_is_not_expanded() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    _, document, messages = read("\n".join(lines))
    assert document is None
    assert "anchor" in messages[0]


def test_a_file_with_too_many_mistakes_is_not_read_to_its_end() -> None:
    _, document, messages = read("a: b\n" * 20_000)
    assert document is None
    assert len(messages) == 101
    assert "100 mistakes" in messages[-1]


def test_a_huge_file_is_refused_by_its_size() -> None:
    _, document, messages = read(b"x" * 256_001)
    assert document is None
    assert messages == ["the file has 256,001 bytes; a strategy has at most 256,000"]


@pytest.mark.parametrize(
    "seed", [b"\xfe", b"{", b'"', b"&a ", b"a: b\n", b"\t", b"- [", b"%", b"(,"]
)
def test_a_megabyte_of_junk_is_only_a_finding(seed: bytes) -> None:
    for size in (250_000, 1_000_000):
        _, _, findings = read_document("f.yaml", seed * (size // len(seed)))
        assert findings


def test_a_long_list_of_open_parentheses_takes_no_longer_than_its_length() -> None:
    _, document, messages = read("a: [" + "(, " * 80_000 + "]")
    assert messages == []
    assert document is not None


# --- for every input ------------------------------------------------------------------------

EXPRESSIONS = st.text(st.sampled_from(string.ascii_letters + " ()+-*/.<>=%é𝄞漢"), min_size=1)
YAMLISH = st.text(st.sampled_from("ab:-?#{}[],&*!|>'\"% \n\t\r@`<~é𝄞0."), max_size=60)


def assert_within(source: Source, span: Span) -> None:
    last = max(1, len(source.text.splitlines()))
    assert 1 <= span.line <= last
    assert 1 <= span.column <= len(source.line(span.line)) + 1
    assert span.length >= 1
    assert span.file == source.name


@pytest.mark.law
@given(st.one_of(st.binary(max_size=200), YAMLISH.map(str.encode), st.text().map(str.encode)))
@example(b"\xef\xbb\xbf\xff")
@example(b"a: \r\n  b\r")
@example(b"? |\n a\n: b")
@example(b"{? [a]: (, b}")
def test_no_bytes_raise_and_every_place_lies_in_the_file(data: bytes) -> None:
    source, document, findings = read_document("f.yaml", data)
    assert document is not None or findings
    for finding in findings:
        assert_within(source, finding.span)
        assert finding.message
        assert finding.help
    as_text(findings, [source])
    if document is not None:
        for text in texts(document.root):
            assert_within(source, text.span)
    if document is not None and not findings:
        for text in texts(document.root):
            assert text == "" or slice_of(source, text.span) == text


@pytest.mark.law
@given(
    st.lists(
        st.tuples(EXPRESSIONS, st.sampled_from(["plain", '"', "'"]), st.integers(0, 6)),
        min_size=1,
        max_size=8,
    )
)
def test_every_value_is_found_at_the_characters_that_wrote_it(
    values: list[tuple[str, str, int]],
) -> None:
    lines = []
    for number, (value, quote, indent) in enumerate(values):
        written = f"x{value.strip()}" if quote == "plain" else f"{quote}{value}{quote}"
        lines.append(f"k{number}:{' ' * (indent + 1)}{written.replace(': ', ' ')}")
    source, document, findings = read_document("f.yaml", "\n".join(lines).encode())
    assert findings == []
    assert document is not None
    for text in texts(document.root):
        assert slice_of(source, text.span) == text
