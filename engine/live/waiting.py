"""What the setups that are alive wait for: each way on from their stage, and what it still lacks.

The interpreter judges, on the last bar. What a setup remembers is read out of the machine's words,
so no bar is run again; and nothing at all is done until somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.ir.expression import Kind
from dsl.ir.program import TrackerOp
from engine.domain.market import NA
from engine.interpreter.candidate import Candidate, Held, Sight
from engine.interpreter.machine import Interpreter
from engine.interpreter.verdict import verdicts
from engine.machine.layout import DAY, LIVE, ORDINAL, STAGE, STAGE_ROW, START_ROW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.ir.program import Tracker
    from engine.interpreter.candidate import Eyes
    from engine.interpreter.operators import Value
    from engine.interpreter.verdict import Verdict
    from engine.machine.layout import Layout
    from engine.session import Session

_EXTREMES: Final = {TrackerOp.HIGHEST, TrackerOp.LOWEST}


@dataclass(frozen=True, slots=True)
class Way:
    """Where a stage may lead, and which of its conditions are not true, in the spec's order.

    Prices in the verdicts are ticks of the side's frame. Nothing missing: the next bar is asked.
    """

    to: str
    missing: tuple[Verdict, ...]


def waiting_in(session: Session) -> Iterator[tuple[Way, ...]]:
    """The ways on of every setup that is alive, in the order of `alive_in`.

    Conditions are judged on the last bar's prices with what the setup holds after that bar. Of
    tallies (`bars`, aggregates over them) the bars are those the session still has.
    """
    program = session.strategy.program
    for side, machine in session.strategy.machines.items():
        layout, state = machine.layout, session.states[side]
        count = int(state.own[LIVE])
        if not count or not program.stages:
            continue
        events = {name: instants.tolist() for name, instants in session.events.items()}
        judge = Interpreter(program, session.bars, side, session.calendars, events)
        ints = state.ints.reshape(-1, layout.ints)[:count].tolist()
        reals = state.reals.reshape(-1, layout.reals)[:count].tolist()
        for whole, broken in zip(ints, reals, strict=True):
            candidate = _candidate(layout, judge.eyes, whole, broken, len(judge.bars) - 1)
            sight = Sight(candidate, len(judge.bars) - 1)
            yield tuple(_ways(judge, sight))


def _ways(judge: Interpreter, sight: Sight) -> Iterator[Way]:
    for way in judge.stage(sight.candidate).advance:
        found = verdicts(way.when, judge.eyes, sight)
        yield Way(way.to, tuple(one for one in found if one.truth is not True))


# --- from the machine's words to what a candidate holds ----------------------------------------


def _candidate(
    layout: Layout, eyes: Eyes, ints: Sequence[int], reals: Sequence[float], last: int
) -> Candidate:
    candidate = Candidate(
        ints[DAY], ints[ORDINAL], started=ints[START_ROW], stage=ints[STAGE],
        entered=ints[STAGE_ROW],
    )  # fmt: skip
    words: dict[str, dict[str, Value]] = {}
    for (owner, name), slot in layout.slots.items():
        value = reals[slot.index] if slot.kind is Kind.REAL else ints[slot.index]
        words.setdefault(owner, {})[name] = _known(value, slot.kind)
    for tracker in layout.program.trackers:
        held = words.get(tracker.name, {})
        if tracker.name in layout.extremes_only:
            candidate.held[tracker.name] = _extreme(eyes, tracker, held, ints[START_ROW], last)
        else:
            candidate.held[tracker.name] = _held(tracker, held)
    for name in layout.captures:
        held = words.get(name, {})
        if _row(held["row"]) is not None:
            candidate.captures[name] = held
    return candidate


def _known(word: float, kind: Kind) -> Value:
    """A word as the interpreter has it; a remembered condition is 0 or 1 for both."""
    if kind is Kind.REAL:
        return None if word != word else word  # noqa: PLR0124 - NaN is not known
    return None if word == NA else int(word)


def _held(tracker: Tracker, words: dict[str, Value]) -> Held:
    if tracker.op in {TrackerOp.COUNT, TrackerOp.SUM}:
        return Held(total=words["value"] or 0)
    row = _row(words["row"])
    last = _row(words["last"]) if tracker.op is TrackerOp.BARS else row
    return Held(row, last)


def _extreme(eyes: Eyes, tracker: Tracker, words: dict[str, Value], first: int, last: int) -> Held:
    """A bar whose value the extreme is: which of them, nobody asks."""
    assert tracker.value is not None
    if _row(words["row"]) is None:
        return Held()
    value = eyes.rows.at(tracker.value)
    found = next((row for row in range(last, first - 1, -1) if value(row) == words["value"]), None)
    return Held(found, found)


def _row(word: Value) -> int | None:
    """A row; -1 where there is none."""
    return None if word is None or word < 0 else int(word)
