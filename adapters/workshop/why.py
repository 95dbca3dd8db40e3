"""Why, of a kept run: every condition on a bar, a candidate's life, and what would have helped.

All of it as plain values for the page and the API, in the words of `engine explain`. Bars that lie
together are explained in one replay and kept, so that stepping from bar to bar costs nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from adapters.cli.figures import clock, counted, lasting, when
from adapters.cli.inquiry import Fate, rule_of
from adapters.cli.verdicts import Reader
from adapters.report.setups import Fate as Outcome
from adapters.report.words import written
from dsl.ir.program import Named, Side
from dsl.source import NOWHERE
from dsl.units import Unit
from engine.inquiry.rescue import rescue
from engine.inquiry.stretch import stretch_of
from engine.interpreter.explain import explained
from engine.journal.decisions import Decision
from engine.journal.events import EventKind
from engine.journal.units import Sort, Units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapters.report.setups import Setup
    from adapters.workshop.results import Opened
    from dsl.ir.program import ParamSpec, Stage
    from engine.inquiry.rescue import Change
    from engine.interpreter.explain import BarView, CandidateView, CompletionView, TrackerView
    from engine.interpreter.obituary import NearMiss
    from engine.interpreter.verdict import Verdict
    from engine.journal.lives import Life

AROUND: Final = 20
"""Bars before and after the one asked for that are explained with it, where nobody lives longer."""

KEPT: Final = 3000
"""Explained bars that are kept of a run."""

_BETWEEN: Final = frozenset({EventKind.INTENT, EventKind.ORDER, EventKind.POSITION})
"""Events that say nothing which those before and after them do not."""

_UNITS: Final = {Sort.PRICE: Unit.PRICE, Sort.DISTANCE: Unit.POINTS}


class Why:
    """Answers about one opened run. Threads may share it."""

    def __init__(self, opened: Opened) -> None:
        """Nothing is worked out yet."""
        self.opened = opened
        self._lock = Lock()
        self._seen: OrderedDict[tuple[Side, int], tuple[BarView, int]] = OrderedDict()
        self._helped: dict[int, dict[str, Any]] = {}

    # --- a bar --------------------------------------------------------------------------------

    def bar(self, row: int, side: str = "") -> dict[str, Any]:
        """What each side (or one) had to say about a bar; the nearest, where there is none."""
        run, zone = self.opened.run, self.opened.bench.zone
        market = run.market
        row = max(0, min(row, len(market) - 1))
        reader = Reader(run.program, run.program.written, self.opened.bench.text_of)
        minute = int(market.minute[row])
        return {
            "row": row,
            "minute": minute,
            "time": when(minute, zone),
            "bar": {
                name: reader.price(int(getattr(market, name)[row]))
                for name in ("open", "high", "low", "close")
            },
            "volume": int(market.volume[row]),
            "sides": [self._side(one, row) for one in run.program.sides if side in ("", one.value)],
        }

    def _side(self, side: Side, row: int) -> dict[str, Any]:
        view, day = self._view(side, row)
        teller = Teller(self.opened, side, day)
        return {
            "side": side.value,
            "mirrored": side is not self.opened.run.program.written,
            "candidates": [teller.candidate(one) for one in view.candidates],
            "start": {
                "rules": teller.rules("start", view.start.when, teller.program.start.when),
                "completion": list(teller.completion(view.start.completion)),
                "began": [teller.happened(event) for event in view.start.events],
                "notes": list(teller.no_start(view)),
            },
        }

    def _view(self, side: Side, row: int) -> tuple[BarView, int]:
        """The explained bar, and the number of its replay's first trading date."""
        with self._lock:
            if (side, row) not in self._seen:
                self._explain(side, row)
            self._seen.move_to_end((side, row))
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
            return self._seen[side, row]

    def _explain(self, side: Side, row: int) -> None:
        run, lives = self.opened.run, self.opened.asked.lives[side]
        alive = [life for life in lives if life.is_alive_at(row) or life.started == row]
        first = min([row - AROUND, *(life.started for life in alive)])
        stop = max([row + AROUND, *(row if life.ended is None else life.ended for life in alive)])
        first, stop = max(0, row - 150, first), min(len(run.market), row + 150, stop + 1)
        stretch = stretch_of(run, side, lives, first, stop)
        begins = first - stretch.row
        for view in explained(stretch.interpreter, begins, stop - stretch.row, stretch.first):
            self._seen[side, view.row + stretch.row] = view, stretch.day

    # --- a candidate --------------------------------------------------------------------------

    def candidate(self, number: int) -> dict[str, Any]:
        """The life of a setup: what happened, what ended it, how near it came."""
        opened, setup = self.opened, self.opened.setups[number]
        life = self._life(setup)
        fate = Fate(opened.asked, setup.side, life)
        death = fate.obituary
        teller = Teller(opened, setup.side, 0)
        found: dict[str, Any] = {
            "n": number,
            "name": opened.name(setup),
            "side": setup.side.value,
            "fate": setup.fate.value,
            "reason": setup.reason,
            "first": setup.first,
            "last": setup.last,
            "lines": list(fate.lines()),
            "events": [
                self._event(event)
                for event in self._events(opened.name(setup))
                if event.kind not in _BETWEEN
            ],
            "killer": [],
            "line": None,
            "lacking": [],
            "nearest": [],
            "stage": teller.stage_name(life.stage),
        }
        if death is None or life.ended is None:
            return found
        rule = rule_of(teller.program, life.stage, death.reason)
        offset = life.ended - death.death.row
        return found | {
            "line": _line(rule),
            "killer": [] if death.killer is None else teller.rules("", (death.killer,), (rule,)),
            "lacking": [
                {"to": to, "rules": teller.lacking(life.stage, to, missing)}
                for to, missing in death.lacking
            ],
            "nearest": [self._near(teller, miss, offset) for miss in death.nearest],
        }

    def _life(self, setup: Setup) -> Life:
        lives = self.opened.asked.lives[setup.side]
        return next(life for life in lives if (life.day, life.ordinal) == setup.who)

    def _events(self, name: str) -> list[Any]:
        return self._journal.get(name, [])

    @cached_property
    def _journal(self) -> dict[str, list[Any]]:
        """The events of the journal by candidate."""
        found: dict[str, list[Any]] = {}
        for event in self.opened.asked.events:
            if event.candidate is not None:
                found.setdefault(event.candidate, []).append(event)
        return found

    def _event(self, event: Any) -> dict[str, Any]:
        shown = {name: value for name, value in event.values.items() if value is not None}
        return {
            "minute": int(self.opened.run.market.minute[event.bar]),
            "row": event.bar,
            "kind": event.kind.value,
            "stage": event.stage or "",
            "reason": event.reason or "",
            "line": event.spec_line,
            "values": [[name, _plain(value)] for name, value in shown.items() if name != "from"],
        }

    def _near(self, teller: Teller, miss: NearMiss, offset: int) -> dict[str, Any]:
        row = miss.row + offset
        named = Named(miss.name, miss.comparison.node)
        (line,) = teller.reader.lines(miss.comparison, named)
        return {
            "name": miss.name,
            "to": miss.to,
            "row": row,
            "minute": int(self.opened.run.market.minute[row]),
            "values": line.values,
            "margin": line.margin,
            "alone": miss.alone,
        }

    # --- what would have helped -----------------------------------------------------------------

    def helped(self, number: int) -> dict[str, Any]:
        """The smallest changes of one parameter each that would have brought it further."""
        setup = self.opened.setups[number]
        if setup.fate is not Outcome.DEAD:
            return {"further": [], "complete": [], "helpless": [], "tried": 0}
        if number not in self._helped:
            lives = self.opened.asked.lives[setup.side]
            found = rescue(self.opened.run, setup.side, lives, self._life(setup))
            self._helped[number] = {
                "further": [self._change(setup, one) for one in found.further],
                "complete": [self._change(setup, one) for one in found.complete],
                "helpless": list(found.helpless),
                "tried": found.tried,
                "from": int(self.opened.run.market.minute[found.first]),
                "bars": found.stop - found.first,
            }
        return self._helped[number]

    def _change(self, setup: Setup, change: Change) -> dict[str, Any]:
        spec, mirrored = change.parameter, change.parameter.short != change.parameter.long
        name = f"{spec.name}.{setup.side.value}" if mirrored else spec.name
        return {
            "name": name,
            "was": _worded(spec, change.was),
            "value": _worded(spec, change.value),
            "written": written(spec, change.value),
            "share": change.share,
            "least": change.is_least,
            "line": spec.span.line if spec.span != NOWHERE else None,
            "then": self._then(change.life),
            "completes": change.life.end is Decision.ENTRY,
        }

    def _then(self, life: Life) -> str:
        """What becomes of it then, in words."""
        program, zone = self.opened.run.program, self.opened.bench.zone
        stage = program.stages[life.stage].name if program.stages else "its start"
        if life.ended is None:
            return f"it is in {stage} at the end of that date"
        at = clock(int(self.opened.run.market.minute[life.ended]), zone)
        if life.end is Decision.ENTRY:
            return f"it completes at {at}, with the stop {program.stops[life.cause].name}"
        return f"it comes to {stage} and dies at {at}: {self._reasons[life.cause]}"

    @cached_property
    def _reasons(self) -> Sequence[str]:
        from dsl.ir.program import reasons  # noqa: PLC0415 - light, and only here

        return reasons(self.opened.run.program)


@dataclass(frozen=True)
class Teller:
    """Puts what one side said into words. `day` is the number of the replay's first date."""

    opened: Opened
    side: Side
    day: int

    @property
    def program(self) -> Any:
        """The program that ran."""
        return self.opened.run.program

    @cached_property
    def reader(self) -> Reader:
        """Who reads verdicts."""
        return self.opened.asked.reader(self.side)

    def candidate(self, view: CandidateView) -> dict[str, Any]:
        """A candidate on a bar: where it stands, what it holds, what it was asked, what became."""
        zone, minute = self.opened.bench.zone, self.opened.run.market.minute
        lives = self.opened.asked.lives[self.side]
        who = (view.day + self.day, view.ordinal)
        life = next(one for one in lives if (one.day, one.ordinal) == who)
        name = self.opened.asked.identifier(self.side, life)
        number = self.opened.numbers[name]
        setup = self.opened.setups[number]
        return {
            "n": number,
            "name": name,
            "stage": view.stage,
            "began": clock(int(minute[life.started]), zone),
            "began_at": int(minute[life.started]),
            "age": lasting(view.age_minutes),
            "in_stage": _both(view.stage_minutes, view.stage_bars),
            "holds": [*self._tracked(view.trackers), *self._captured(view)],
            "rules": [rule for stage in view.asked for rule in self._stage(stage.stage, stage)]
            + list(self.completion(view.completion)),
            "events": [self.happened(event) for event in view.events],
            "fate": setup.fate.value,
            "reason": setup.reason,
            "last": setup.last,
        }

    # --- rules ----------------------------------------------------------------------------------

    def rules(
        self, group: str, found: Sequence[Verdict], named: Sequence[Named]
    ) -> list[dict[str, Any]]:
        """Conditions with both sides and what was missing; each comparison of one on its own."""
        return [
            {
                "group": group,
                "name": line.name,
                "holds": line.holds,
                "written": line.written.strip(),
                "values": line.values,
                "margin": line.margin,
                "line": _line(rule),
                "part": not line.name,
            }
            for verdict, rule in zip(found, named, strict=True)
            for line in self.reader.lines(verdict, rule)
        ]

    def _stage(self, name: str, view: Any) -> Iterator[dict[str, Any]]:
        program = self.program
        own: Stage = next(one for one in program.stages if one.name == name)
        yield from self.rules("ends it", view.always, program.always)
        yield from self.rules("ends it", view.invalidate, own.invalidate)
        for way, rule in zip(view.advance, own.advance, strict=True):
            yield from self.rules(f"to {way.to}", way.when, rule.when)
        if view.deadline is not None and own.within is not None:
            within = Named(own.within.reason, own.within.limit, own.within.span)
            yield from self.rules("deadline", (view.deadline,), (within,))

    def completion(self, done: CompletionView | None) -> Iterator[dict[str, Any]]:
        """What a complete setup was asked before it could become an entry."""
        if done is None:
            return
        program, price = self.program, self.reader.price
        yield from self.rules("filter", done.filters, program.filters)
        named = [("entry", done.entry), (f"stop {done.stop_case}".strip(), done.stop)]
        named += [
            (target.name, ticks)
            for target, ticks in zip(program.targets, done.targets, strict=True)
        ]
        for name, ticks in named:
            yield {"group": "bracket", "name": name, "holds": "", "written": "", "values":
                   price(ticks), "margin": "", "line": None, "part": False}  # fmt: skip
        yield from self.rules("requires", done.require, program.require)

    def lacking(self, stage: int, to: str, missing: Sequence[Verdict]) -> list[dict[str, Any]]:
        """The conditions of a way on that were missing when they were asked last."""
        ways = self.program.stages[stage].advance if self.program.stages else ()
        rules = {rule.name: rule for way in ways if way.to == to for rule in way.when}
        known = [one for one in missing if one.name in rules]
        return self.rules(f"to {to}", known, [rules[one.name] for one in known])

    # --- words ----------------------------------------------------------------------------------

    def stage_name(self, number: int) -> str:
        """The name of a stage by its number."""
        stages = self.program.stages
        return stages[number].name if 0 <= number < len(stages) else ""

    def happened(self, event: Any) -> str:
        """A decision in a few words."""
        program = self.program
        match event.kind:
            case Decision.ADVANCE:
                return f"moves on to {program.stages[event.cause].name}"
            case Decision.DEAD:
                from dsl.ir.program import reasons  # noqa: PLC0415 - light, and only here

                return f"ends: {reasons(program)[event.cause]}"
            case Decision.ENTRY:
                return f"completes, with the stop {program.stops[event.cause].name}"
            case _:
                return "begins"

    def no_start(self, view: BarView) -> Iterator[str]:
        """Why no candidate began though the start rule was true."""
        start = view.start
        if start.events or not start.when or not all(one.truth for one in start.when):
            return
        if start.repeated:
            yield "The start rule was true on the bar before too: it begins on the first such bar."
        elif start.spaced_by is not None:
            yield f"Candidate {start.spaced_by[1]} of the date is too young for another beside it."

    def _tracked(self, trackers: Sequence[TrackerView]) -> Iterator[list[str]]:
        units, zone = Units(self.program), self.opened.bench.zone
        rules = {tracker.name: tracker for tracker in self.program.trackers}
        for seen in trackers:
            if seen.row is None:
                yield [seen.name, "nothing yet"]
                continue
            at = f" at {clock(seen.minute, zone)}" if seen.minute is not None else ""
            value = rules[seen.name].value
            if value is not None:
                unit = _UNITS.get(units.sort(value), "")
                yield [seen.name, f"{self.reader.value(seen.value, unit, 1)}{at}"]
            else:
                count = f"{seen.value}" if seen.value is not None else ""
                yield [seen.name, f"{count}{at}".strip()]

    def _captured(self, view: CandidateView) -> Iterator[list[str]]:
        for name, values in view.captures:
            at = dict(values).get("at")
            yield [name, "" if at is None else f"at {clock(int(at), self.opened.bench.zone)}"]


def _line(rule: Named) -> int | None:
    """The line of the strategy that says a rule."""
    return None if rule.span == NOWHERE else rule.span.line


def _both(minutes: int, bars: int) -> str:
    return lasting(minutes) if minutes == bars else f"{lasting(minutes)} ({counted(bars, 'bar')})"


def _worded(spec: ParamSpec, value: int) -> str:
    """A parameter's value as a person writes it."""
    if spec.unit == "switch":
        return "on" if value else "off"
    if spec.unit == "time":
        return f"{value // 60:02d}:{value % 60:02d}"
    return written(spec, value).removesuffix(" choice")


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, (str, bool)):
        return str(value)
    return f"{value:,}" if value == round(value, 4) else f"{value:,.4f}"
