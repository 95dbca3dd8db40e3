"""The parts of a written expression with the nodes they became: the IR itself knows no places."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from dsl import syntax as syn
from dsl.analysis.places import TRACKER
from dsl.check import Checker
from dsl.findings import Findings
from dsl.parser import Rejected, parse_expression, parse_tracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node
    from dsl.scope import Level, Scope
    from dsl.source import Span, Text
    from dsl.units import Typed


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: what it became, what was written and where."""

    node: Node
    words: str
    span: Span
    syntax: syn.Syntax


class _Again(Checker):
    """Asks what a written node came to when the program was made."""

    def check(self, node: syn.Syntax) -> Typed:
        """The same as then; equal texts share their syntax, so any place it was asked at will do.

        A program was made, so nothing in it is an error.
        """
        known = self.scope.became.get((id(node), self.level))
        return super().check(node) if known is None or known[1].is_error else known[1]


def pieces(
    scope: Scope,
    text: Text,
    level: Level,
    written_as: str,
    only: tuple[type[syn.Syntax], ...] = (syn.Syntax,),
) -> Iterator[Piece]:
    """Every part of a text that is a value by itself, outer parts before inner ones.

    `only`: parts that were written so; nothing is worked out for the others.

    The text has been checked before, so checking its parts again finds nothing new; parts that
    mean something only where they stand (the name of a session, the window of a mean) are left out.
    """
    checker = _Again(scope, Findings())
    try:
        whole = (parse_tracker if written_as == TRACKER else parse_expression)(text)
    except Rejected:
        return
    for part in _parts(whole):
        is_value = not isinstance(part, (syn.TrackerSyntax, syn.Argument, syn.SinceOf, syn.Zone))
        if not is_value or not isinstance(part, only):
            continue
        typed = checker.written(part, text, level)
        if not typed.is_error:
            words = str(text)[part.start : part.stop]
            yield Piece(typed.node, words, text.span.inside(part.start, part.stop), part)


def _parts(node: syn.Syntax) -> Iterator[syn.Syntax]:
    yield node
    for child in children(node):
        yield from _parts(child)


def children(node: syn.Syntax) -> tuple[syn.Syntax, ...]:
    """The written nodes directly inside."""
    found: list[syn.Syntax] = []
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, syn.Syntax):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(part for part in value if isinstance(part, syn.Syntax))
    return tuple(found)
