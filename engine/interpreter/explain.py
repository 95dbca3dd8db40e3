"""Why, at a bar: every candidate alive, each condition with both sides and what was missing.

Nothing is stored for it. The bars before are run again, which gives the same candidates, and a
watcher takes the conditions apart at the moment the machine asks them.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsl.ir.expression import Binary, CandidateClock, Compare, Kind, Row, TrackerField
from dsl.ir.program import Named
from engine.interpreter.candidate import MINUTE, Candidate, Sight
from engine.interpreter.machine import Nobody
from engine.interpreter.verdict import Verdict, verdict, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node
    from dsl.ir.program import Deadline, Side, Tracker
    from engine.interpreter.candidate import Eyes
    from engine.interpreter.machine import Completion, Event, Interpreter
    from engine.interpreter.operators import Value


@dataclass(frozen=True, slots=True)
class TrackerView:
    """What a tracker held at the start of the bar: `row` is None while it was empty."""

    name: str
    row: int | None
    minute: int | None
    value: Value
    fields: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class AdvanceView:
    """A way on and its conditions."""

    to: str
    when: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class StageView:
    """Every rule of a stage a candidate was asked in, whether or not an earlier one decided."""

    stage: str
    always: tuple[Verdict, ...]
    invalidate: tuple[Verdict, ...]
    advance: tuple[AdvanceView, ...]
    deadline: Verdict | None


@dataclass(frozen=True, slots=True)
class CompletionView:
    """What a complete setup was asked before it could become an entry.

    Prices are ticks in the side's frame, None where they were not reached; `stop_case` is the
    name of the case taken, empty where none was; `failed` the reason, None for an entry.
    """

    filters: tuple[Verdict, ...]
    entry: Value
    stop_case: str
    stop: Value
    targets: tuple[Value, ...]
    require: tuple[Verdict, ...]
    failed: str | None


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A candidate as it was at the start of a bar, and what the bar did to it.

    `date` is in days since the epoch; `started` a row; ages in minutes and bars. `asked` has one
    entry for each stage whose rules it was asked on this bar, in order (several after `examine`,
    none if an entry ended it first).
    """

    side: Side
    day: int
    date: int
    ordinal: int
    started: int
    stage: str
    age_minutes: int
    age_bars: int
    stage_minutes: int
    stage_bars: int
    trackers: tuple[TrackerView, ...]
    captures: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...]
    asked: tuple[StageView, ...] = ()
    completion: CompletionView | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class StartView:
    """The start rule on a bar.

    `repeated`: it was true on the row before too, so a rising start does not fire.
    `spaced_by`: the candidate (day, ordinal) too young for another beside it. `crowded`: as many
    are alive as may be. `completion` is of a program without stages.
    """

    when: tuple[Verdict, ...]
    repeated: bool
    spaced_by: tuple[int, int] | None
    crowded: bool
    completion: CompletionView | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class BarView:
    """Everything a program had to say about one bar of one side, in the side's frame."""

    row: int
    minute: int
    candidates: tuple[CandidateView, ...]
    start: StartView
    events: tuple[Event, ...]


def explain(interpreter: Interpreter, row: int, first: int = 0) -> BarView:
    """What happened on a bar and why; the interpreter's own state is left as it is.

    The replay begins at `first`: give the first row of a trading date before which no candidate
    was left alive, or leave it at the first row of all.
    """
    return next(explained(interpreter, row, row + 1, first))


def explained(interpreter: Interpreter, row: int, stop: int, first: int = 0) -> Iterator[BarView]:
    """The same of rows `row .. stop`, one after the other, from one replay."""
    replay = replayed(interpreter, first, row)
    for number in range(row, stop):
        yield _seen(replay, number)


def _seen(replay: Interpreter, row: int) -> BarView:
    """What a replay that stands at the start of a row has to say of it; it moves on."""
    views = {candidate: _candidate(replay, candidate, row) for candidate in replay.alive}
    recorder = _Recorder(replay)
    replay.watcher = recorder
    looked = replay.look(row)
    start = _start(replay, recorder, row)
    return BarView(
        row=row,
        minute=replay.bars[row].minute,
        candidates=tuple(
            replace(
                view,
                asked=tuple(recorder.asked_in.get(candidate, ())),
                completion=recorder.completions.get(candidate),
                events=tuple(event for event in looked if _is_of(event, candidate)),
            )
            for candidate, view in views.items()
        ),
        start=start,
        events=(*looked, *start.events),
    )


def replayed(interpreter: Interpreter, first: int, row: int) -> Interpreter:
    """Another interpreter of the same program and bars, run from `first` to the start of a row."""
    replay = copy(interpreter)
    replay.watcher = Nobody()
    replay.restart()
    for earlier in range(first, row):
        replay.step(earlier)
    return replay


class _Recorder:
    """Takes every condition apart when it is asked."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.asked_in: dict[Candidate, list[StageView]] = {}
        self.completions: dict[Candidate, CompletionView] = {}

    def asked(self, sight: Sight) -> None:
        view = stage_view(self._interpreter, sight)
        self.asked_in.setdefault(sight.candidate, []).append(view)

    def completed(self, sight: Sight, completion: Completion) -> None:
        view = _completion(self._interpreter, sight, completion)
        self.completions[sight.candidate] = view

    def died(self, sight: Sight, reason: str) -> None:
        """The event says it all."""


def stage_view(interpreter: Interpreter, sight: Sight) -> StageView:
    """Every rule of the stage a candidate is in, judged on a row."""
    program, eyes = interpreter.program, interpreter.eyes
    stage = interpreter.stage(sight.candidate)
    return StageView(
        stage=stage.name,
        always=verdicts(program.always, eyes, sight),
        invalidate=verdicts(stage.invalidate, eyes, sight),
        advance=tuple(
            AdvanceView(way.to, verdicts(way.when, eyes, sight)) for way in stage.advance
        ),
        deadline=None if stage.within is None else deadline(stage.within, eyes, sight),
    )


def deadline(within: Deadline, eyes: Eyes, sight: Sight) -> Verdict:
    """The verdict on a deadline: the time in the stage against its limit."""
    here: Node = Row() if within.unit == "bars" else MINUTE
    since = CandidateClock("stage", "row" if within.unit == "bars" else "minute")
    node = Compare(">=", Binary("sub", here, since), within.limit, within.unit)
    return verdict(Named(within.reason, node), eyes, sight)


def _completion(interpreter: Interpreter, sight: Sight, completion: Completion) -> CompletionView:
    program, eyes, bracket = interpreter.program, interpreter.eyes, completion.bracket
    case = completion.stop_case
    return CompletionView(
        filters=verdicts(program.filters, eyes, sight),
        entry=bracket.get(("entry", 0)),
        stop_case=program.stops[case].name if case >= 0 else "",
        stop=bracket.get(("stop", 0)),
        targets=tuple(bracket.get(("target", index)) for index in range(len(program.targets))),
        require=verdicts(program.require, eyes, sight),
        failed=completion.failed,
    )


def _candidate(interpreter: Interpreter, candidate: Candidate, row: int) -> CandidateView:
    bars, sight = interpreter.bars, Sight(candidate, row)
    return CandidateView(
        side=interpreter.side,
        day=candidate.day,
        date=bars[candidate.started].date,
        ordinal=candidate.ordinal,
        started=candidate.started,
        stage=interpreter.stage(candidate).name,
        age_minutes=bars[row].minute - bars[candidate.started].minute,
        age_bars=row - candidate.started,
        stage_minutes=bars[row].minute - bars[candidate.entered].minute,
        stage_bars=row - candidate.entered,
        trackers=tuple(
            _tracker(interpreter.eyes, tracker, sight) for tracker in interpreter.program.trackers
        ),
        captures=tuple(
            (name, tuple(values.items())) for name, values in candidate.captures.items()
        ),
    )


def _tracker(eyes: Eyes, tracker: Tracker, sight: Sight) -> TrackerView:
    def value(name: str) -> Value:
        return eyes.value(TrackerField(tracker.name, name, Kind.INT), sight)

    row = sight.candidate.holds(tracker.name).last
    return TrackerView(
        name=tracker.name,
        row=row,
        minute=None if row is None else eyes.rows.bars[row].minute,
        value=value("value"),
        fields=tuple((name, value(name)) for name, _ in tracker.fields),
    )


def _start(interpreter: Interpreter, recorder: _Recorder, row: int) -> StartView:
    program = interpreter.program
    youngest = interpreter.spaced_by(row)
    crowded = len(interpreter.alive) >= program.concurrent
    nobody = Candidate(interpreter.bars[row].day, 0, started=row, stage=0, entered=row)
    seen = set(recorder.completions)
    events = interpreter.start(row)
    newborn = set(recorder.completions) - seen
    return StartView(
        when=verdicts(program.start.when, interpreter.eyes, Sight(nobody, row)),
        repeated=interpreter.begins(row) and not interpreter.fires(row),
        spaced_by=None if youngest is None else (youngest.day, youngest.ordinal),
        crowded=crowded,
        completion=recorder.completions[newborn.pop()] if newborn else None,
        events=tuple(events),
    )


def _is_of(event: Event, candidate: Candidate) -> bool:
    return (event.day, event.ordinal) == (candidate.day, candidate.ordinal)
