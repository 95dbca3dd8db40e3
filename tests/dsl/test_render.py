"""Findings as text for people and as data for tools."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.codes import CODES
from dsl.diagnostics import Diagnostic, Edit, Severity
from dsl.render import (
    LINE_MAX,
    apply_edits,
    as_data,
    as_github,
    as_json,
    as_sarif,
    as_text,
    columns,
    safe,
    summary,
)
from dsl.source import NOWHERE, Source, Span


def finding(span: Span, message: str = "wrong", remedy: str = "", **more: object) -> Diagnostic:
    values = {"code": "E021", "severity": Severity.ERROR, "edit": None, **more}
    return Diagnostic(span=span, message=message, help=remedy, **values)  # type: ignore[arg-type]


def carets(text: str) -> str:
    """The characters of the printed line that stand above the carets."""
    *_, line, marks = (row for row in text.splitlines() if "|" in row)
    return line[marks.index("^") : marks.rindex("^") + 1]


# --- for a terminal -------------------------------------------------------------------------


def test_a_finding_looks_as_the_language_reference_shows_it() -> None:
    lines = [""] * 67 + ["            wide_enough: top.price - bottom.price >= range_min"]
    shown = as_text(
        [
            finding(
                Span(68, 26, 37, "slob.yaml"),
                "cannot compare pts with pct",
                "say what it is a percentage OF: `0.1 % of top.price`",
            )
        ],
        [Source("slob.yaml", "\n".join(lines))],
    )
    assert shown == (
        "error[E021]: cannot compare pts with pct\n"
        "  --> slob.yaml:68:26\n"
        "   |\n"
        " 68|             wide_enough: top.price - bottom.price >= range_min\n"
        "   |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "   = help: say what it is a percentage OF: `0.1 % of top.price`"
    )


@pytest.mark.parametrize("line", [1, 10, 999, 1000, 123456])
def test_the_gutter_is_as_wide_as_the_line_number(line: int) -> None:
    source = Source("f.yaml", "\n" * (line - 1) + "abc: def")
    shown = as_text([finding(Span(line, 6, 3, "f.yaml"), remedy="h")], [source]).splitlines()
    bars = {row.index("|") for row in shown if "|" in row}
    assert bars == {max(3, len(str(line)))}
    assert shown[-1].index("=") == max(3, len(str(line)))
    assert carets("\n".join(shown[:-1])) == "def"


def test_a_finding_without_a_place_has_no_snippet() -> None:
    shown = as_text([finding(NOWHERE, remedy="h")], [Source("f.yaml", "a: b")])
    assert shown == "error[E021]: wrong\n   = help: h"


def test_a_place_without_a_file_lies_in_the_first_source() -> None:
    assert "--> f.yaml:1:4" in as_text([finding(Span(1, 4))], [Source("f.yaml", "a: b")])


def test_an_unknown_file_is_named_without_its_line() -> None:
    shown = as_text([finding(Span(2, 4, 1, "gone.yaml"))], [Source("f.yaml", "a: b")])
    assert shown == "error[E021]: wrong\n  --> gone.yaml:2:4"


def test_each_finding_shows_the_line_of_its_own_file_in_the_order_of_places() -> None:
    sources = [Source("child.yaml", "a: b"), Source("base.yaml", "x: y\nz: w")]
    shown = as_text(
        [finding(Span(2, 4, 1, "base.yaml")), finding(Span(1, 4, 1, "child.yaml"))], sources
    )
    assert shown.index("a: b") < shown.index("z: w")
    assert shown.count("\n\n") == 1


@pytest.mark.parametrize(
    ("line", "column", "length", "marked"),
    [
        ("\ta: b", 5, 1, "b"),
        ("a\t: b", 5, 1, "b"),
        ("漢字: b", 5, 1, "b"),
        ("e\u0301: b", 5, 1, "b"),
        ("a: b", 5, 9, None),
        ("a: bc", 4, 99, "bc"),
        ("", 1, 1, None),
    ],
)
def test_carets_stand_under_the_place_in_terminal_columns(
    line: str, column: int, length: int, marked: str | None
) -> None:
    shown = as_text([finding(Span(1, column, length, "f"))], [Source("f", line)]).splitlines()
    text, marks = shown[-2], shown[-1]
    width = marks.count("^")
    assert width >= 1
    if marked is not None:
        before = text[: text.rindex(marked)]
        assert columns(before) == marks.index("^")
        assert columns(marked) == width


def test_wide_characters_get_wide_carets() -> None:
    shown = as_text([finding(Span(1, 4, 2, "f"))], [Source("f", "a: 漢字")])
    assert shown.endswith("|    ^^^^")


def test_a_very_long_line_is_cut_around_the_place() -> None:
    line = f"{'x' * 5000}MARK{'y' * 5000}"
    shown = as_text([finding(Span(1, 5001, 4, "f"))], [Source("f", line)])
    assert carets(shown) == "MARK"
    assert max(map(len, shown.splitlines())) < LINE_MAX + 10


def test_colour_only_when_asked_and_the_text_is_the_same() -> None:
    findings = [finding(Span(1, 4, 1, "f"), remedy="h"), finding(NOWHERE, severity=Severity.NOTE)]
    plain = as_text(findings, [Source("f", "a: b")])
    coloured = as_text(findings, [Source("f", "a: b")], colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31m" in coloured
    assert "\x1b[1;36m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_nothing_in_a_file_can_steer_the_terminal() -> None:
    shown = as_text(
        [finding(Span(1, 1, 1, "f\x1b]0;x\x07"), "m\x1b[2J\u202e", "h\r\n")],
        [Source("f\x1b]0;x\x07", "a\x1b[31mb\x9b1m")],
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


def test_the_summary_counts_by_severity() -> None:
    assert summary([]) == "no findings"
    assert summary([finding(NOWHERE)]) == "1 error"
    two = [finding(NOWHERE), finding(NOWHERE), finding(NOWHERE, severity=Severity.WARNING)]
    assert summary(two) == "2 errors, 1 warning"


TEXTS = st.text(max_size=30)
SPANS = st.builds(Span, st.integers(1, 5), st.integers(1, 40), st.integers(1, 50), st.just("f"))
FINDINGS = st.builds(
    Diagnostic,
    st.sampled_from([*CODES, "X999"]),
    st.sampled_from(Severity),
    SPANS,
    TEXTS,
    TEXTS,
    st.none() | st.builds(Edit, SPANS, TEXTS),
)


@pytest.mark.law
@given(st.lists(FINDINGS, max_size=4), TEXTS)
def test_anything_can_be_shown_in_every_form(findings: list[Diagnostic], text: str) -> None:
    sources = [Source("f", text)]
    shown = as_text(findings, sources)
    assert shown == safe(shown.replace("\n", "")) or "\n" in shown
    assert json.loads(as_json(findings)) == as_data(findings)
    json.dumps(as_sarif(findings, "f"))
    unique = len(set(findings))
    assert len(as_data(findings)) == unique
    assert len(as_github(findings, "f").splitlines()) >= (unique > 0)
    apply_edits(text, findings, "f")


# --- for tools ------------------------------------------------------------------------------


def test_json_has_every_field_of_a_finding() -> None:
    span = Span(2, 4, 3, "f.yaml")
    (row,) = as_data([finding(span, "wrong é", "do", edit=Edit(span, "new"))])
    assert row == {
        "code": "E021",
        "severity": "error",
        "message": "wrong é",
        "help": "do",
        "file": "f.yaml",
        "line": 2,
        "column": 4,
        "end_column": 7,
        "edit": {
            "file": "f.yaml",
            "line": 2,
            "column": 4,
            "end_column": 7,
            "replacement": "new",
        },
    }


def test_sarif_names_tool_rules_places_and_fixes() -> None:
    span = Span(2, 4, 3, "my strategies/é.yaml")
    log = as_sarif(
        [
            finding(span, "wrong", "do", edit=Edit(span, "new")),
            finding(Span(1, 1, 1), code="W101", severity=Severity.WARNING),
            finding(Span(3, 1, 1), code="W130", severity=Severity.NOTE),
        ],
        "main.yaml",
        version="1.2.3",
    )
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("engine validate", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["W101", "E021", "W130"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert [result["level"] for result in run["results"]] == ["warning", "error", "note"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert unquote(place["artifactLocation"]["uri"]) == "my strategies/é.yaml"
    assert " " not in place["artifactLocation"]["uri"]
    assert place["region"] == {"startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 7}
    (change,) = run["results"][1]["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "new"}
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "main.yaml"


def test_github_annotations_escape_what_github_would_read() -> None:
    shown = as_github(
        [
            finding(Span(2, 4, 3, "a:b,c%.yaml"), "50 % of x\nmore: a, b", "do"),
            finding(Span(3, 1, 1), code="W130", severity=Severity.NOTE),
        ],
        "main.yaml",
    )
    assert shown.splitlines() == [
        (
            "::error file=a%3Ab%2Cc%25.yaml,line=2,col=4,endColumn=7,title=error[E021]"
            "::50 %25 of x%0Amore: a, b%0Ahelp: do"
        ),
        "::notice file=main.yaml,line=3,col=1,endColumn=2,title=note[W130]::wrong",
    ]


# --- edits ----------------------------------------------------------------------------------


def edit(line: int, column: int, length: int, new: str, file: str = "f") -> Diagnostic:
    span = Span(line, column, length, file)
    return finding(span, new, edit=Edit(span, new))


def test_edits_are_made_from_places_of_the_text_before_any_edit() -> None:
    text = "one: aaa\r\ntwo: bbb\nthree: ccc"
    findings = [edit(3, 8, 3, "C"), edit(1, 6, 3, "longer"), edit(2, 6, 3, ""), finding(Span(1, 1))]
    assert apply_edits(text, findings, "f") == "one: longer\r\ntwo: \nthree: C"


def test_of_overlapping_edits_the_first_is_made_and_equal_ones_once() -> None:
    findings = [edit(1, 1, 4, "X"), edit(1, 3, 4, "Y"), edit(1, 1, 4, "X"), edit(1, 5, 2, "Z")]
    assert apply_edits("abcdefgh", findings, "f") == "XZgh"


def test_edits_of_other_files_are_left_alone() -> None:
    assert apply_edits("abc", [edit(1, 1, 1, "X", "other")], "f") == "abc"


def test_an_edit_never_reaches_past_its_line_or_the_text() -> None:
    assert apply_edits("ab\ncd", [edit(1, 2, 99, "X")], "f") == "aX\ncd"
    assert apply_edits("ab\ncd", [edit(9, 1, 1, "X")], "f") == "ab\ncd"
