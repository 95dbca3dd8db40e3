"""What people ask of a journal: how far candidates came, what was traded, how the money went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from dsl.ir.program import Side, reasons
from engine.journal.decisions import CAUSE, KIND, STAGE, Decision
from engine.journal.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from dsl.ir.program import Program
    from engine.domain.market import Ints
    from engine.journal.book import DecisionRows
    from engine.journal.events import Event, Value


@dataclass(frozen=True, slots=True)
class StageCount:
    """What became of the candidates that were in a stage.

    entered = advanced + died + completed + alive, each summed. `entered` counts a candidate each
    time it comes; `advanced` by the stage reached, `died` by reason, both without zeros.
    """

    stage: str
    entered: int
    advanced: Mapping[str, int] = field(default_factory=dict)
    died: Mapping[str, int] = field(default_factory=dict)
    completed: int = 0

    @property
    def alive(self) -> int:
        """How many are still in it."""
        gone = sum(self.advanced.values()) + sum(self.died.values()) + self.completed
        return self.entered - gone


@dataclass(frozen=True, slots=True)
class SideFunnel:
    """One side: candidates started, its stages in order, setups completed.

    A program without stages has one row, named `""`.
    """

    side: Side
    started: int
    stages: tuple[StageCount, ...]
    completed: int


def funnel(program: Program, decisions: Mapping[Side, DecisionRows]) -> tuple[SideFunnel, ...]:
    """The funnel of each side, counted on the decision rows without telling them."""
    return tuple(_side_funnel(program, side, found.rows) for side, found in decisions.items())


def _side_funnel(program: Program, side: Side, rows: Ints) -> SideFunnel:
    names = tuple(stage.name for stage in program.stages) or ("",)
    kind, stage, cause = rows[:, KIND], np.maximum(rows[:, STAGE], 0), rows[:, CAUSE]
    started = int((kind == Decision.START).sum())
    completed = kind == Decision.ENTRY
    moves = _table(stage, cause, kind == Decision.ADVANCE, len(names), len(names))
    deaths = _table(stage, cause, kind == Decision.DEAD, len(names), len(reasons(program)))
    done = np.bincount(stage[completed], minlength=len(names))
    entered = moves.sum(axis=0)
    entered[0] += started
    counts = tuple(
        StageCount(
            name,
            int(entered[index]),
            _without_zeros(names, moves[index]),
            _without_zeros(reasons(program), deaths[index]),
            int(done[index]),
        )
        for index, name in enumerate(names)
    )
    return SideFunnel(side, started, counts, int(completed.sum()))


def _table(stage: Ints, cause: Ints, chosen: Ints, stages: int, causes: int) -> Ints:
    """How often each cause came in each stage."""
    flat = np.bincount(stage[chosen] * causes + cause[chosen], minlength=stages * causes)
    return flat.reshape(stages, causes)


def _without_zeros(names: Iterable[str], counts: Ints) -> dict[str, int]:
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def funnel_of_events(program: Program, events: Iterable[Event]) -> tuple[SideFunnel, ...]:
    """The same funnel from a journal, for runs of which nothing else is left."""
    names = tuple(stage.name for stage in program.stages) or ("",)
    tallies = {side: Counter[tuple[str, str, str]]() for side in program.sides}
    for event in events:
        if event.kind in _OF_CANDIDATES:
            tally, stage = tallies[Side(event.side or "")], event.stage or ""
            left = str(event.values.get("from", "")) if event.kind is EventKind.ADVANCE else stage
            what = stage if event.kind is EventKind.ADVANCE else event.reason or ""
            tally[_OF_CANDIDATES[event.kind], left, what] += 1
    return tuple(_tallied(program, side, names, tally) for side, tally in tallies.items())


_OF_CANDIDATES: dict[EventKind, str] = {
    EventKind.START: "start",
    EventKind.ADVANCE: "advance",
    EventKind.DEAD: "dead",
    EventKind.DUPLICATE: "dead",
    EventKind.ENTRY: "entry",
}


def _tallied(
    program: Program, side: Side, names: tuple[str, ...], tally: Counter[tuple[str, str, str]]
) -> SideFunnel:
    started = sum(count for (kind, _, _), count in tally.items() if kind == "start")
    counts: list[StageCount] = []
    for index, name in enumerate(names):
        arrived = sum(tally["advance", other, name] for other in names)
        moved = {to: tally["advance", name, to] for to in names}
        died = {reason: tally["dead", name, reason] for reason in reasons(program)}
        counts.append(
            StageCount(
                name,
                arrived + (started if index == 0 else 0),
                {to: count for to, count in moved.items() if count},
                {reason: count for reason, count in died.items() if count},
                tally["entry", name, ""],
            )
        )
    return SideFunnel(side, started, tuple(counts), sum(one.completed for one in counts))


def closed_trades(events: Iterable[Event]) -> Iterator[tuple[Event, Mapping[str, Value]]]:
    """Each round trip of a journal: the event that closed it, and its fill's values."""
    fills: dict[str | None, Mapping[str, Value]] = {}
    for event in events:
        if event.kind is EventKind.FILL:
            fills[event.candidate] = event.values
        elif event.kind is EventKind.POSITION and event.reason == "closed":
            yield event, fills.pop(event.candidate)


def equity_curve(events: Iterable[Event]) -> Iterator[tuple[int, Decimal]]:
    """The bar of each round trip's end, and the equity after it."""
    for event, _ in closed_trades(events):
        yield event.bar, cast("Decimal", event.values["equity"])
