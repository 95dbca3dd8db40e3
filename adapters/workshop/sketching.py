"""A program as its diagram shows it: stages, what ends them, the ways between them, the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.workshop.checked import Rule, Sketch, Step, Way
from dsl.source import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Program, Stage
    from dsl.source import Source, Span


def sketch_of(program: Program, sources: Sequence[Source]) -> Sketch:
    """The sketch of a program that was compiled from these files, the text itself first."""
    words = _Words(sources)
    entry = program.entry
    return Sketch(
        start=tuple(words.rule(one.name, one.span) for one in program.start.when),
        start_line=words.line(program.start.span),
        fires="on the first bar of a row" if program.start.rising else "on every bar",
        always=tuple(words.rule(one.name, one.span) for one in program.always),
        steps=tuple(_step(stage, words) for stage in program.stages),
        entry=f"{entry.order.value} order",
        entry_line=words.line(entry.span),
        stops=tuple(words.rule(one.name, one.span) for one in program.stops),
        targets=tuple(words.rule(one.name, one.span) for one in program.targets),
    )


def _step(stage: Stage, words: _Words) -> Step:
    within = stage.within
    return Step(
        name=stage.name,
        line=words.line(stage.span),
        limit="" if within is None else words.text(within.span),
        limit_reason="" if within is None else within.reason,
        limit_line=0 if within is None else words.line(within.span),
        invalidate=tuple(words.rule(one.name, one.span) for one in stage.invalidate),
        ways=tuple(
            Way(
                way.to,
                way.this_bar.value,
                tuple(words.rule(one.name, one.span) for one in way.when),
                words.line(way.span),
            )
            for way in stage.advance
        ),
    )


class _Words:
    """What stands at a place."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._lines = {source.name: source.text.splitlines() for source in sources}

    def rule(self, name: str, span: Span) -> Rule:
        return Rule(name, self.text(span), self.line(span))

    def text(self, span: Span) -> str:
        lines = self._lines.get(span.file, [])
        line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
        return line[span.column - 1 : span.column - 1 + span.length]

    def line(self, span: Span) -> int:
        """The line in the text itself; 0 for what is written elsewhere or nowhere."""
        return 0 if span.file or span == NOWHERE else span.line
