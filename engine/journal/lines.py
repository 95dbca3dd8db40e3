"""Which line of the specification an event goes back to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dsl.ir.program import ENTRY, NO_PRICE, NO_STOP, NO_TARGET
from dsl.source import NOWHERE
from engine.execution.records import Reason, reason_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.ir.program import Named, Program
    from dsl.source import Span


@dataclass(frozen=True)
class Lines:
    """The lines of one program; None for what no line says."""

    program: Program

    @cached_property
    def start(self) -> int | None:
        """The start rule."""
        return _line(self.program.start.span)

    @cached_property
    def entry(self) -> int | None:
        """The entry order."""
        return _line(self.program.entry.span)

    @cached_property
    def advances(self) -> dict[tuple[int, str], int | None]:
        """The first way on from each stage (by number) to each other one (by name)."""
        found: dict[tuple[int, str], int | None] = {}
        for index, stage in enumerate(self.program.stages):
            for way in stage.advance:
                found.setdefault((index, way.to), _line(way.span))
        return found

    def completion(self, stage: int) -> int | None:
        """The way from a stage to the entry; of a program without stages, its start."""
        return self.advances.get((stage, ENTRY), self.start)

    def death(self, stage: int, reason: str) -> int | None:
        """The rule by which a candidate ends in a stage."""
        if (stage, reason) in self._of_stage:
            return self._of_stage[stage, reason]
        return self._of_any.get(reason)

    @cached_property
    def _of_stage(self) -> dict[tuple[int, str], int | None]:
        found: dict[tuple[int, str], int | None] = {}
        always = _named(self.program.always)
        for index, stage in enumerate(self.program.stages):
            own = _named(stage.invalidate)
            if stage.within is not None:
                own.setdefault(stage.within.reason, _line(stage.within.span))
            found |= {(index, name): line for name, line in (own | always).items()}
        return found

    @cached_property
    def _of_any(self) -> dict[str, int | None]:
        program = self.program
        lines = {
            NO_PRICE: self.entry,
            NO_STOP: next((_line(stop.span) for stop in program.stops), None),
            NO_TARGET: next((_line(target.span) for target in program.targets), None),
            program.entry.others: self.entry,
            program.overflow: _line(program.overflow_span),
        }
        if program.merge is not None:
            lines[program.merge.reason] = _line(program.merge.span)
        return lines | _named((*program.filters, *program.require))

    @cached_property
    def _exits(self) -> tuple[int | None, ...]:
        program = self.program
        spans = [*(one.span for one in program.targets), *(one.span for one in program.exits.when)]
        fixed = [None] * (len(reason_names(program)) - len(spans))
        return (*fixed, *map(_line, spans))

    def exit(self, reason: int, stop_case: int) -> int | None:
        """The stop, target or condition by which a position is left (numbers of a record)."""
        exits = self.program.exits
        if reason == Reason.STOP:
            return _line(self.program.stops[stop_case].span)
        if reason == Reason.SESSION_END:
            return _line(exits.flat_by_span)
        if reason == Reason.TIME:
            return _line(exits.after_span)
        return self._exits[reason]


def _named(rules: Iterable[Named]) -> dict[str, int | None]:
    return {rule.name: _line(rule.span) for rule in rules}


def _line(span: Span) -> int | None:
    return None if span == NOWHERE else span.line
