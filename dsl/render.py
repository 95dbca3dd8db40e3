"""Findings as text for a terminal, and as JSON, SARIF and GitHub annotations for tools."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from dsl.codes import CODES, explain
from dsl.diagnostics import Diagnostic, Severity, in_order
from dsl.source import NOWHERE, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAB: Final = "    "
LINE_MAX: Final = 200
"""Columns of a source line that are shown; of a longer one, the part around the finding."""

_GUTTER_MIN: Final = 3
_UNSAFE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What could move a terminal's cursor or turn the reading direction of a line."""

_COLOURS: Final = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_BLUE, _BOLD = "1;34", "1"


# --- for a terminal -------------------------------------------------------------------------


def as_text(
    findings: Iterable[Diagnostic], sources: Sequence[Source], *, colour: bool = False
) -> str:
    """The findings by place, each with its line and what to do, blank lines between.

    `sources` are the files that spans name (`Document.sources`); a span without a file lies in
    the first. With `colour`, ANSI escapes for a terminal; never escapes from the file itself.
    """
    paint = _Paint(colour=colour)
    return "\n\n".join(_block(f, sources, paint) for f in in_order(list(findings)))


def summary(findings: Sequence[Diagnostic]) -> str:
    """How many there are: `2 errors, 1 warning`, or `no findings`."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    parts = [f"{n} {word}{'s' * (n > 1)}" for word, n in counts.items() if n]
    return ", ".join(parts) or "no findings"


@dataclass(frozen=True, slots=True)
class _Paint:
    colour: bool

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour else text


def _block(finding: Diagnostic, sources: Sequence[Source], paint: _Paint) -> str:
    style = _COLOURS[finding.severity]
    head = paint(style, f"{finding.severity}[{finding.code}]")
    lines = [f"{head}{paint(_BOLD, ': ' + safe(finding.message))}"]
    gutter = max(_GUTTER_MIN, len(str(finding.span.line)))
    if finding.span != NOWHERE:
        lines += _snippet(finding, _source_of(finding.span, sources), gutter, paint)
    if finding.help:
        lines.append(
            f"{' ' * gutter}{paint(_BLUE, '=')} {paint(_BOLD, 'help')}: {safe(finding.help)}"
        )
    return "\n".join(lines)


def _source_of(span: Span, sources: Sequence[Source]) -> Source | None:
    if not span.file:
        return sources[0] if sources else None
    return next((source for source in sources if source.name == span.file), None)


def _snippet(
    finding: Diagnostic, source: Source | None, gutter: int, paint: _Paint
) -> Iterable[str]:
    span = finding.span
    name = source.name if source else span.file
    pad, bar = " " * gutter, paint(_BLUE, "|")
    yield f"{' ' * (gutter - 1)}{paint(_BLUE, '-->')} {safe(name)}:{span.line}:{span.column}"
    if source is None:
        return
    text, start, width = _shown(source.line(span.line), span)
    carets = paint(_COLOURS[finding.severity], "^" * width)
    yield f"{pad}{bar}"
    yield f"{paint(_BLUE, f'{span.line:>{gutter}}|')} {text}".rstrip()
    yield f"{pad}{bar} {' ' * start}{carets}"


def _shown(line: str, span: Span) -> tuple[str, int, int]:
    """The line as it is printed, and where the carets begin and how many they are, in columns."""
    start = min(span.column - 1, len(line))
    stop = min(start + span.length, max(len(line), start + 1))
    before, marked, after = (_printed(p) for p in (line[:start], line[start:stop], line[stop:]))
    if columns(before) + columns(marked) + columns(after) > LINE_MAX:
        before = before if columns(before) <= LINE_MAX // 3 else f"…{before[-LINE_MAX // 3 :]}"
        marked = marked if columns(marked) <= LINE_MAX // 3 else f"{marked[: LINE_MAX // 3]}…"
        after = after if columns(after) <= LINE_MAX // 3 else f"{after[: LINE_MAX // 3]}…"
    return before + marked + after, columns(before), max(1, columns(marked))


def _printed(text: str) -> str:
    return safe(text).replace("\t", TAB)


def safe(text: str) -> str:
    """The text with every character that could steer a terminal made visible as U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: wide characters two, combining ones none."""
    return sum(_column_width(character) for character in text) if not text.isascii() else len(text)


def _column_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


# --- for tools ------------------------------------------------------------------------------


def as_data(findings: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The findings by place as plain values; lines and columns count characters from 1."""
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message,
            "help": finding.help,
            **_span_data(finding.span),
            "edit": None
            if finding.edit is None
            else {**_span_data(finding.edit.span), "replacement": finding.edit.replacement},
        }
        for finding in in_order(list(findings))
    ]


def as_json(findings: Iterable[Diagnostic]) -> str:
    """`as_data` as one JSON array."""
    return json.dumps(as_data(findings), ensure_ascii=False, indent=2)


def _span_data(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_column": span.column + span.length,
    }


_SARIF_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}


def as_sarif(
    findings: Iterable[Diagnostic], file: str, *, version: str = "0.1.0"
) -> dict[str, Any]:
    """The findings as a SARIF 2.1.0 log: what code-scanning pages and editors read.

    `file` is the file of spans that name none; `version` is the engine's.
    """
    ordered = in_order(list(findings))
    rules = list(dict.fromkeys(finding.code for finding in ordered))
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "engine validate",
                        "semanticVersion": version,
                        "rules": [_sarif_rule(code) for code in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(f, rules.index(f.code), file) for f in ordered],
            }
        ],
    }


def _sarif_rule(name: str) -> dict[str, Any]:
    code = CODES.get(name)
    if code is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why},
        "help": {"text": explain(name)},
        "defaultConfiguration": {"level": _SARIF_LEVELS[code.severity]},
    }


def _sarif_result(finding: Diagnostic, index: int, file: str) -> dict[str, Any]:
    text = f"{finding.message}. {finding.help}" if finding.help else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _sarif_file(finding.span, file),
                    "region": _sarif_region(finding.span),
                }
            }
        ],
    }
    if finding.edit is not None:
        change = {
            "artifactLocation": _sarif_file(finding.edit.span, file),
            "replacements": [
                {
                    "deletedRegion": _sarif_region(finding.edit.span),
                    "insertedContent": {"text": finding.edit.replacement},
                }
            ],
        }
        result["fixes"] = [{"description": {"text": finding.help}, "artifactChanges": [change]}]
    return result


def _sarif_file(span: Span, file: str) -> dict[str, str]:
    return {"uri": quote((span.file or file).replace("\\", "/"))}


def _sarif_region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.line,
        "endColumn": span.column + span.length,
    }


_GITHUB_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def as_github(findings: Iterable[Diagnostic], file: str) -> str:
    """The findings as GitHub workflow commands, a line each: annotations on a pull request."""
    return "\n".join(_annotation(finding, file) for finding in in_order(list(findings)))


def _annotation(finding: Diagnostic, file: str) -> str:
    span = finding.span
    properties = {
        "file": span.file or file,
        "line": span.line,
        "col": span.column,
        "endColumn": span.column + span.length,
        "title": f"{finding.severity}[{finding.code}]",
    }
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    text = f"{finding.message}\nhelp: {finding.help}" if finding.help else finding.message
    return f"::{_GITHUB_LEVELS[finding.severity]} {listed}::{_command_data(text)}"


def _command_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _command_data(text).replace(":", "%3A").replace(",", "%2C")


# --- edits ----------------------------------------------------------------------------------


def apply_edits(text: str, findings: Iterable[Diagnostic], file: str = "") -> str:
    """The text of `file` with every suggested edit made; of two that overlap, the first."""
    edits = sorted(
        {
            (finding.edit.span, finding.edit.replacement)
            for finding in findings
            if finding.edit is not None and finding.edit.span.file in ("", file)
        }
    )
    lines = text.splitlines(keepends=True)
    pieces: list[str] = []
    done = 0
    for span, replacement in edits:
        start, stop = _offsets(span, lines)
        if start < done or span.line > max(1, len(lines)):
            continue
        pieces += [text[done:start], replacement]
        done = stop
    return "".join([*pieces, text[done:]])


def _offsets(span: Span, lines: list[str]) -> tuple[int, int]:
    """Where a span begins and ends in the text; never past the end of its line."""
    before = sum(len(line) for line in lines[: span.line - 1])
    length = len(lines[span.line - 1].rstrip("\r\n")) if span.line <= len(lines) else 0
    start = min(span.column - 1, length)
    return before + start, before + min(start + span.length, length)
