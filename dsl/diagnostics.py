"""Findings about a strategy file, as values: what is wrong, where, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsl.source import Span


class Severity(StrEnum):
    """How much a finding matters: only an error stops a compilation."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the text that is certain to be right: `span` becomes `replacement`."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding, with the code that `engine explain` knows it by."""

    code: str
    severity: Severity
    span: Span
    message: str
    help: str = ""
    edit: Edit | None = None


def in_order(findings: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings by place, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: (f.span, f.code, f.message)))
