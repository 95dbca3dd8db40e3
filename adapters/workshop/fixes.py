"""What a person may change with one click so that a finding goes away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from adapters.workshop.checked import Fix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.diagnostics import Diagnostic

_MEANT: Final = re.compile(r"did you mean `([^`]{1,80})`\?")
_WRITTEN: Final = re.compile(r"`([^`]{1,80})`")
_EITHER: Final = re.compile(r"write (\S+ \S+) or (\S+ \S+)")


def fixes_of(finding: Diagnostic, line: str) -> tuple[Fix, ...]:
    """The fixes of a finding that lies in `line`: the compiler's own edit, else its guess."""
    if finding.edit is not None:
        span, new = finding.edit.span, finding.edit.replacement
        end = span.column + span.length
        return (Fix(_label(new), span.line, span.column, end, new, certain=True),)
    return tuple(_guesses(finding, line))


def _guesses(finding: Diagnostic, line: str) -> Iterator[Fix]:
    span = finding.span
    start, stop = span.column - 1, span.column - 1 + span.length
    either = _EITHER.fullmatch(finding.help) if finding.code == "E010" else None
    if either is not None:
        for new in either.groups():
            yield Fix(
                _label(new), span.line, span.column, span.column + span.length, new, certain=False
            )
        return
    meant = _MEANT.search(finding.help)
    if meant is None:
        return
    # what was meant is one name; the place may be that of the whole expression around it
    for word in (*reversed(_WRITTEN.findall(finding.message)), finding.message.split()[-1]):
        found = list(re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", line[start:stop]))
        if found:
            column = span.column + found[-1].start()
            end = column + len(word)
            yield Fix(_label(meant[1]), span.line, column, end, meant[1], certain=False)
            return


def _label(new: str) -> str:
    return f"change to {new}" if len(new) <= 40 else "change it"
