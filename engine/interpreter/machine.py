"""One bar at a time, in the order of R6: every live candidate, oldest first; then the start.

A candidate is asked its rules (R7), its trackers count the bar (R10), its deadline is checked
(R12). The methods of `Interpreter` follow that order from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from dsl.ir.expression import BarField
from dsl.ir.program import (
    ENTRY,
    NO_PRICE,
    NO_STOP,
    NO_TARGET,
    OrderType,
    ThisBar,
    captures_between,
    reasons,
)
from engine.interpreter.bars import bars_of
from engine.interpreter.calendar import TradingCalendar
from engine.interpreter.candidate import Candidate, Eyes, Sight
from engine.interpreter.rows import Rows
from engine.journal.decisions import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dsl.ir.expression import Node
    from dsl.ir.program import Advance, Capture, Deadline, Named, Program, Side, Stage
    from engine.domain.calendar import Calendars
    from engine.domain.market import Market
    from engine.interpreter.operators import Value
    from engine.interpreter.rows import Windows

CLOSE: Final = BarField("close")
NO_STAGE: Final = -1
NO_CAUSE: Final = -1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a candidate on a bar, with the numbers of a decision row.

    `day`, `ordinal`, `started` say which candidate; `stage` and `cause` are as in
    `engine.journal.decisions` (a START has -1 in both). `values` are in the frame of the side:
    START and ADVANCE: the fields of their captures in written order (`captures_between`);
    DEAD: none; ENTRY: close, entry price, stop, targets, features, ATR. A BOOL is a `bool`, a
    REAL a `float`, na `None`.
    """

    row: int
    kind: Decision
    day: int
    ordinal: int
    started: int
    stage: int
    cause: int
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """What came of a setup that is complete: `failed` names the reason why it is no entry.

    `bracket` holds what was known of `entry`, `stop` and the targets; `stop_case` the index of
    the case taken, -1 before one was.
    """

    bracket: Mapping[tuple[str, int], Value]
    stop_case: int = -1
    failed: str | None = None


class Watcher(Protocol):
    """Somebody who looks over a candidate's shoulder; whatever it evaluates changes nothing."""

    def asked(self, sight: Sight) -> None:
        """The rules of the candidate's stage are about to be asked."""
        ...

    def completed(self, sight: Sight, completion: Completion) -> None:
        """The candidate has reached its entry, with the completion's bracket in sight."""
        ...

    def died(self, sight: Sight, reason: str) -> None:
        """The candidate is about to end by a reason."""
        ...


class Nobody:
    """The watcher who does not look."""

    def asked(self, sight: Sight) -> None:
        """Nothing."""

    def completed(self, sight: Sight, completion: Completion) -> None:
        """Nothing."""

    def died(self, sight: Sight, reason: str) -> None:
        """Nothing."""


class Interpreter:
    """A program run on one side of a market, by the definitions and without haste.

    The side that is not `program.written` sees the reflected bars, and every price it says is
    in that frame. `alive` holds the candidates, oldest first.
    """

    def __init__(
        self,
        program: Program,
        market: Market,
        side: Side,
        calendars: Calendars,
        blackouts: Mapping[str, Sequence[int]] = MappingProxyType({}),
        params: Mapping[str, int] | None = None,
    ) -> None:
        """`blackouts`: the instants of each event list; `params`: integers to use instead.

        Raises ValueError for a parameter the program does not have and for an event list
        without instants.
        """
        self.program = program
        self.side = side
        self.calendar = TradingCalendar(program.day, program.sessions, calendars)
        frame = market if side is program.written else market.reflected()
        self.bars = bars_of(frame, self.calendar)
        self.rows = Rows(
            self.bars, self.calendar, _params(program, side, params), _windows(program, blackouts)
        )
        self.eyes = Eyes(program, self.rows)
        self.watcher: Watcher = Nobody()
        self.reasons = reasons(program)
        self._stages = {stage.name: index for index, stage in enumerate(program.stages)}
        self.restart()

    def restart(self) -> None:
        """Forget every candidate and every ordinal."""
        self.alive: list[Candidate] = []
        self._starts: dict[int, int] = {}

    def run(self, first: int = 0, stop: int | None = None) -> list[Event]:
        """Every event of the rows `first` to `stop`, starting with no candidate."""
        return list(self.events(first, stop))

    def events(self, first: int = 0, stop: int | None = None) -> Iterator[Event]:
        """The events of `run`, one by one."""
        self.restart()
        for row in range(first, len(self.bars) if stop is None else stop):
            yield from self.step(row)

    def step(self, row: int) -> list[Event]:
        """The events of one bar; rows are to be stepped in order."""
        return self.look(row) + self.start(row)

    def look(self, row: int) -> list[Event]:
        """The first half of a bar: the events of the candidates alive at its start."""
        events: list[Event] = []
        for candidate in tuple(self.alive):
            if candidate in self.alive:  # an entry before it may have ended it
                events += self._look(candidate, row)
        return events

    def start(self, row: int) -> list[Event]:
        """The second half of a bar: the events of the candidate that starts on it, if any."""
        return list(self._start(row))

    # --- one candidate, one bar --------------------------------------------------------------

    def _look(self, candidate: Candidate, row: int) -> Iterator[Event]:
        sight = Sight(candidate, row)
        rest = ThisBar.EXAMINE
        moves = 0
        while rest is ThisBar.EXAMINE:
            answer = self._ask(sight)
            if isinstance(answer, str):
                yield self._dead(sight, answer)
                return
            if answer is None:
                rest = ThisBar.COUNT
                continue
            yield from self._advance(answer, sight)
            if candidate not in self.alive:
                return
            rest = answer.this_bar
            moves += 1
            assert moves <= len(self.program.stages), "E040 lets no bar run round a cycle"
        if rest is ThisBar.COUNT:
            self.eyes.update(candidate, self.stage(candidate).name, row, self.program.trackers)
        yield from self._deadline(sight)

    def stage(self, candidate: Candidate) -> Stage:
        """The stage a candidate is in."""
        return self.program.stages[candidate.stage]

    def _ask(self, sight: Sight) -> str | Advance | None:
        """The first rule that is true: the reason of a death, or the way on."""
        self.watcher.asked(sight)
        stage = self.stage(sight.candidate)
        for rule in (*self.program.always, *stage.invalidate):
            if self.true(rule.node, sight):
                return rule.name
        for advance in stage.advance:
            if all(self.true(rule.node, sight) for rule in advance.when):
                return advance
        return None

    def true(self, node: Node, sight: Sight) -> bool:
        """Whether a condition is true; na is not."""
        return self.eyes.value(node, sight) is True

    def _advance(self, advance: Advance, sight: Sight) -> Iterator[Event]:
        candidate = sight.candidate
        captured = self._captured(advance.captures, sight)
        if advance.to == ENTRY:
            candidate.captures |= captured
            yield from self._complete(sight)
            return
        merge = self.program.merge
        if merge is not None and merge.at == advance.to and self._is_duplicate(candidate):
            yield self._dead(sight, merge.reason)
            return
        candidate.captures |= captured
        reached = self._stages[advance.to]
        told = captures_between(self.stage(candidate), advance.to)
        values = _fields(told, captured)
        yield self._event(Decision.ADVANCE, sight, reached, values)
        candidate.stage, candidate.entered = reached, sight.row

    def _captured(self, captures: Sequence[Capture], sight: Sight) -> dict[str, dict[str, Value]]:
        return {capture.name: self.eyes.captured(capture, sight) for capture in captures}

    def _is_duplicate(self, candidate: Candidate) -> bool:
        """Whether an older candidate, as far on, holds the same bars (R15)."""
        merge = self.program.merge
        assert merge is not None
        held = [candidate.holds(name).last for name in merge.same]
        return None not in held and any(
            other.stage >= self._stages[merge.at]
            and [other.holds(name).last for name in merge.same] == held
            for other in self.alive[: self.alive.index(candidate)]
        )

    def _deadline(self, sight: Sight) -> Iterator[Event]:
        within = self.stage(sight.candidate).within
        if within is None:
            return
        limit = self.rows.value(within.limit, sight.row)
        if limit is not None and self.elapsed(within, sight) >= limit:
            yield self._dead(sight, within.reason)

    def elapsed(self, within: Deadline, sight: Sight) -> int:
        """How long the candidate has been in its stage, in the unit of the deadline."""
        return self._between(sight.candidate.entered, sight.row, within.unit)

    def _between(self, earlier: int, row: int, unit: str) -> int:
        if unit == "bars":
            return row - earlier
        return self.bars[row].minute - self.bars[earlier].minute

    # --- the start ---------------------------------------------------------------------------

    def _start(self, row: int) -> Iterator[Event]:
        if not self.fires(row) or self.spaced_by(row) is not None:
            return
        candidate = self._newborn(row)
        sight = Sight(candidate, row)
        start = self.program.start
        candidate.captures = self._captured(start.captures, sight)
        crowded = len(self.alive) >= self.program.concurrent
        self.alive.append(candidate)
        values = _fields(start.captures, candidate.captures)
        yield replace(self._event(Decision.START, sight, NO_CAUSE, values), stage=NO_STAGE)
        if crowded:
            yield self._dead(sight, self.program.overflow)
        elif not self.program.stages:
            yield from self._complete(sight)

    def begins(self, row: int) -> bool:
        """Whether every condition of the start is true on a row."""
        return all(self.rows.value(rule.node, row) is True for rule in self.program.start.when)

    def fires(self, row: int) -> bool:
        """Whether the start fires on a row: true and, if `rising`, not true on the row before."""
        if not self.begins(row):
            return False
        first_of_date = row - 1 not in self.bars.rows_of(self.bars[row].day)
        return first_of_date or not self.program.start.rising or not self.begins(row - 1)

    def spaced_by(self, row: int) -> Candidate | None:
        """The candidate in the first stage that is too young for another start beside it."""
        start = self.program.start
        spacing = None if start.spacing is None else self.rows.value(start.spacing, row)
        if spacing is None:
            return None
        for candidate in self.alive:
            age = self._between(candidate.started, row, start.spacing_unit)
            if candidate.stage == 0 and age < spacing:
                return candidate
        return None

    def _newborn(self, row: int) -> Candidate:
        day = self.bars[row].day
        self._starts[day] = self._starts.get(day, 0) + 1
        first = 0 if self.program.stages else NO_STAGE
        return Candidate(day, self._starts[day], started=row, stage=first, entered=row)

    # --- the entry ---------------------------------------------------------------------------

    def _complete(self, sight: Sight) -> Iterator[Event]:
        completion = self.completion(sight)
        sight = replace(sight, bracket=completion.bracket)
        self.watcher.completed(sight, completion)
        if completion.failed is not None:
            yield self._dead(sight, completion.failed)
            return
        values = self._entry_values(sight)
        self.alive.remove(sight.candidate)
        yield self._event(Decision.ENTRY, sight, completion.stop_case, values)
        if self.program.entry.others:
            for other in tuple(self.alive):
                yield self._dead(Sight(other, sight.row), self.program.entry.others)

    def completion(self, sight: Sight) -> Completion:
        """What comes of a setup that is complete on a row (R16), without carrying it out."""
        bracket: dict[tuple[str, int], Value] = {}
        sight = replace(sight, bracket=bracket)
        failed = self._first_untrue(self.program.filters, sight)
        if failed is not None:
            return Completion(bracket, failed=failed)
        bracket["entry", 0] = self._entry_price(sight)
        if bracket["entry", 0] is None:
            return Completion(bracket, failed=NO_PRICE)
        case = self._stop_case(sight)
        if case is not None:
            bracket["stop", 0] = self.eyes.value(self.program.stops[case].price, sight)
        if case is None or bracket["stop", 0] is None:
            return Completion(bracket, failed=NO_STOP)
        for index, target in enumerate(self.program.targets):
            bracket["target", index] = self.eyes.value(target.price, sight)
            if bracket["target", index] is None:
                return Completion(bracket, case, NO_TARGET)
        return Completion(bracket, case, self._first_untrue(self.program.require, sight))

    def _first_untrue(self, rules: Sequence[Named], sight: Sight) -> str | None:
        return next((rule.name for rule in rules if not self.true(rule.node, sight)), None)

    def _entry_price(self, sight: Sight) -> Value:
        entry = self.program.entry
        if entry.order is OrderType.MARKET:
            return self.rows.value(CLOSE, sight.row)
        return None if entry.price is None else self.eyes.value(entry.price, sight)

    def _stop_case(self, sight: Sight) -> int | None:
        """The first case whose condition is true or absent."""
        for index, case in enumerate(self.program.stops):
            if case.condition is None or self.true(case.condition, sight):
                return index
        return None

    def _entry_values(self, sight: Sight) -> tuple[Value, ...]:
        bracket, atr = sight.bracket, self.program.risk.atr
        return (
            self.rows.value(CLOSE, sight.row),
            bracket["entry", 0],
            bracket["stop", 0],
            *(bracket["target", index] for index in range(len(self.program.targets))),
            *(self.eyes.value(feature.node, sight) for feature in self.program.features),
            None if atr is None else self.rows.value(atr, sight.row),
        )

    # --- events ------------------------------------------------------------------------------

    def _dead(self, sight: Sight, reason: str) -> Event:
        self.watcher.died(sight, reason)
        self.alive.remove(sight.candidate)
        return self._event(Decision.DEAD, sight, self.reasons.index(reason), ())

    def _event(self, kind: Decision, sight: Sight, cause: int, values: tuple[Value, ...]) -> Event:
        candidate = sight.candidate
        return Event(
            sight.row,
            kind,
            candidate.day,
            candidate.ordinal,
            candidate.started,
            candidate.stage,
            cause,
            values,
        )


def _fields(
    captures: Sequence[Capture], captured: Mapping[str, Mapping[str, Value]]
) -> tuple[Value, ...]:
    return tuple(captured.get(one.name, {}).get(name) for one in captures for name, _ in one.fields)


def _params(program: Program, side: Side, given: Mapping[str, int] | None) -> dict[str, int]:
    names = [param.name for param in program.params]
    if unknown := set(given or ()) - set(names):
        raise ValueError(f"{program.name} has no parameter {min(unknown)}; it has {names}")
    return dict(zip(names, program.side_params(side), strict=True)) | dict(given or {})


def _windows(program: Program, blackouts: Mapping[str, Sequence[int]]) -> dict[str, Windows]:
    if missing := {events.name for events in program.events} - set(blackouts):
        raise ValueError(f"the instants of the event list {min(missing)} are needed: give them")
    return {
        events.name: tuple(
            (instant - events.before, instant + events.after) for instant in blackouts[events.name]
        )
        for events in program.events
    }
