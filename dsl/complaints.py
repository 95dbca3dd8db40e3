"""What PyYAML says about a broken file, in plain words and at the right place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostic, Edit, Severity
from dsl.source import Source, Span

if TYPE_CHECKING:
    from yaml.error import Mark


def document_error(span: Span, message: str, remedy: str, edit: Edit | None = None) -> Diagnostic:
    """An E000: the file has no tree, or not the one it seems to have."""
    return Diagnostic("E000", Severity.ERROR, span, message, remedy, edit)


class Unreadable(Exception):
    """There is no tree to be had; `finding` says why."""

    def __init__(self, span: Span, message: str, remedy: str) -> None:
        super().__init__(message)
        self.finding = document_error(span, message, remedy)


@dataclass(frozen=True, slots=True)
class _Advice:
    """How to say a problem of the YAML scanner; `opening`: point at where it began."""

    problem: str
    message: str
    remedy: str
    opening: bool = False


_QUOTE_IT: Final = "put the whole value in quotes"
_ADVICE: Final = (
    _Advice(
        "mapping values are not allowed",
        "a second `: ` on this line, or a key indented under a value",
        f"{_QUOTE_IT} if the colon belongs to it; otherwise line the key up with its neighbours",
    ),
    _Advice(
        "found unexpected end of stream",
        "the quote that opens here is never closed",
        "close it on the same line",
        opening=True,
    ),
    _Advice(
        "found unexpected document indicator",
        "the quote that opens here is never closed",
        "close it on the same line",
        opening=True,
    ),
    _Advice(
        "could not find expected ':'",
        "this line is neither `key: value` nor `- item`",
        "add the colon and a space after the key",
        opening=True,
    ),
    _Advice(
        "block sequence entries are not allowed",
        "a list item `- ` cannot begin here",
        "put the items on lines of their own below the key",
    ),
    _Advice(
        "did not find expected '-' indicator",
        "this line does not continue the list above it",
        "start it with `- `, or line it up with the key that it belongs to",
    ),
    _Advice(
        "did not find expected comment or line break",
        "a value cannot begin with `>` or `|`: YAML reads a folded text",
        _QUOTE_IT,
    ),
    _Advice(
        "did not find expected alphabetic or numeric character",
        "a value cannot begin with `*` or `&`: YAML reads an alias or an anchor",
        f"{_QUOTE_IT}, or begin the expression with a name",
    ),
    _Advice(
        "found unknown escape character",
        "a backslash in double quotes begins an escape that YAML does not know",
        "use single quotes, or `/` in file names",
    ),
    _Advice(
        "did not find expected node content",
        "a value is missing here",
        "write it, or remove the stray punctuation",
    ),
    _Advice(
        "did not find expected <document start>",
        "this line does not belong to the mapping above it",
        "every line of the file is `key: value`, indented with spaces",
    ),
)


def syntax_error(source: Source, error: Exception) -> Diagnostic:
    """What the YAML scanner or parser stumbled over, as an E000 with its place and the remedy."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    here: Mark | None = getattr(error, "problem_mark", None)
    began: Mark | None = getattr(error, "context_mark", None)
    span = _mark_span(source, here or began)
    character = source.line(span.line)[span.column - 1 : span.column]
    advice = next((a for a in _ADVICE if a.problem in problem), None)
    if advice is not None:
        place = _mark_span(source, began) if advice.opening and began else span
        return document_error(place, advice.message, advice.remedy)
    if "tab" in problem or ("cannot start any token" in problem and character == "\t"):
        return document_error(span, "a tab cannot indent YAML", "indent with spaces, two a level")
    if "cannot start any token" in problem:
        return document_error(
            span, f"a value cannot begin with `{character}`", _bracket_advice(source, span)
        )
    if "expected ',' or" in problem and began is not None:
        return _unclosed(source, span, began)
    if "expected key" in problem or "<block end>" in problem:
        return document_error(
            span,
            "this line does not fit the lines around it",
            "keys of one mapping begin in the same column; is a quote or bracket left open above?",
        )
    return document_error(span, f"YAML cannot read this: {problem}", "see the line above it too")


def _unclosed(source: Source, span: Span, began: Mark) -> Diagnostic:
    opening = _mark_span(source, began)
    bracket = source.line(opening.line)[opening.column - 1 : opening.column]
    if span.line == opening.line and span.column <= len(source.line(span.line)):
        return document_error(
            span,
            f"inside `{bracket}` a value ends at `,`, `[`, `]`, `{{` and `}}`",
            "put expressions with such characters in quotes",
        )
    return document_error(
        opening, f"this `{bracket}` is never closed", "close it, or quote the value"
    )


def _bracket_advice(source: Source, span: Span) -> str:
    before = source.line(span.line)[: span.column - 1]
    indexed = before.count("{") > before.count("}") and "[" in before
    return "inside `{ }` put expressions with `[ ]` or commas in quotes" if indexed else _QUOTE_IT


def _mark_span(source: Source, mark: Mark | None) -> Span:
    """A mark as a span inside the text: libyaml points past the end where input is missing."""
    lines = source.text.splitlines() or [""]
    if mark is None:
        return Span(1, 1, 1, source.name)
    if mark.line >= len(lines):
        return Span(len(lines), len(lines[-1]) + 1, 1, source.name)
    return Span(mark.line + 1, min(mark.column, len(lines[mark.line])) + 1, 1, source.name)
