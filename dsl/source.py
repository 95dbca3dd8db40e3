"""A named text and a place in it, as line and column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file, with the name a person knows it by."""

    name: str
    text: str

    def line(self, number: int) -> str:
        """The text of line `number` (1-based), empty past the end."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where something was written: `length` characters from `line`:`column` (both 1-based)."""

    line: int
    column: int
    length: int = 1
    file: str = ""

    def inside(self, start: int, stop: int) -> Span:
        """The part of this one-line span between two 0-based character offsets."""
        return Span(self.line, self.column + start, max(1, stop - start), self.file)


NOWHERE = Span(1, 1, 1)


class Text(str):
    """A string from a file that remembers its place.

    `span` covers the characters themselves, without the quotes of a quoted scalar.
    """

    __slots__ = ("quoted", "span")

    span: Span
    quoted: bool

    def __new__(cls, value: str, span: Span = NOWHERE, *, quoted: bool = False) -> Self:
        """A `Text` that reads as `value` and was written at `span`."""
        text = str.__new__(cls, value)
        text.span = span
        text.quoted = quoted
        return text


def span_of(value: object, otherwise: Span = NOWHERE) -> Span:
    """The place of a `Text`, or `otherwise` for a value that was written nowhere."""
    return value.span if isinstance(value, Text) else otherwise
