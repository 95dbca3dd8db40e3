"""Where the passes put what they find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.diagnostics import Diagnostic, Edit, Severity, in_order

if TYPE_CHECKING:
    from dsl.source import Span


class Findings:
    """The findings so far, each said once."""

    def __init__(self) -> None:
        """None yet."""
        self._all: list[Diagnostic] = []

    def error(
        self, code: str, span: Span, message: str, remedy: str = "", edit: Edit | None = None
    ) -> None:
        """Something that stops the compilation."""
        self.add(Diagnostic(code, Severity.ERROR, span, message, remedy, edit))

    def warning(
        self, code: str, span: Span, message: str, remedy: str = "", edit: Edit | None = None
    ) -> None:
        """Something that is probably not meant."""
        self.add(Diagnostic(code, Severity.WARNING, span, message, remedy, edit))

    def note(self, code: str, span: Span, message: str, remedy: str = "") -> None:
        """Something worth knowing."""
        self.add(Diagnostic(code, Severity.NOTE, span, message, remedy))

    def add(self, *findings: Diagnostic) -> None:
        """Findings made elsewhere."""
        self._all.extend(findings)

    @property
    def has_errors(self) -> bool:
        """Whether a program must not be made."""
        return any(finding.severity is Severity.ERROR for finding in self._all)

    def in_order(self) -> tuple[Diagnostic, ...]:
        """All of them, by place."""
        return in_order(self._all)
