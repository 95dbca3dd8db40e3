"""Answers to `engine explain`: a minute of a run, or one candidate's life."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from adapters.cli.figures import clock, counted, lasting, utc, when
from adapters.cli.screen import MISTAKE, Failure, Table, heading, progress
from adapters.cli.verdicts import TRUTHS, Reader
from adapters.cli.workbench import Bench, bench
from adapters.moments import BadMoment, moment, zone_named
from dsl.ir.program import Named, Side
from dsl.units import Unit
from engine.execution.rules import rules_of
from engine.inquiry.stretch import stretch_of
from engine.interpreter.explain import BarView, CandidateView, CompletionView, StageView, explain
from engine.interpreter.obituary import NearMiss, Obituary, nearest
from engine.journal.book import Book
from engine.journal.codec import encode
from engine.journal.decisions import Decision
from engine.journal.events import EventKind
from engine.journal.lives import Life, lives_of
from engine.journal.units import Sort, Units, date_text
from engine.run import Run, Strategy, run_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from adapters.cli.options import Choice
    from dsl.ir.program import Program
    from engine.inquiry.stretch import Stretch
    from engine.interpreter.verdict import Verdict
    from engine.journal.events import Event

_ID: Final = re.compile(r"(\d{4}-\d{2}-\d{2})/(short|long)/(\d{1,9})")
_UNITS: Final = {Sort.PRICE: Unit.PRICE, Sort.DISTANCE: Unit.POINTS}
_HEAD: Final = ("rule", "condition", "holds", "written", "values", "margin")


@dataclass(frozen=True)
class Inquiry:
    """A run that can be asked about."""

    bench: Bench
    run: Run

    @property
    def program(self) -> Program:
        """The program that ran."""
        return self.run.program

    @cached_property
    def lives(self) -> Mapping[Side, tuple[Life, ...]]:
        """The candidates of each side."""
        return {side: lives_of(made.rows) for side, made in self.run.decisions.items()}

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The journal."""
        run = self.run
        money = rules_of(run.program, run.terms).money
        book = Book(
            run.program, run.market, run.days, run.decisions, run.intents, run.records, money
        )
        return tuple(book.events())

    def reader(self, side: Side) -> Reader:
        """Who puts the verdicts of a side into words."""
        return Reader(self.program, side, self.bench.text_of)

    def time(self, row: int) -> str:
        """The open of a bar on the strategy's clock."""
        return when(int(self.run.market.minute[row]), self.bench.zone)

    def clock(self, row: int) -> str:
        """The same without the date."""
        return clock(int(self.run.market.minute[row]), self.bench.zone)

    def identifier(self, side: Side, life: Life) -> str:
        """What a candidate is called."""
        return f"{date_text(int(self.run.days.date[life.day]))}/{side}/{life.ordinal}"

    def obituary(self, side: Side, life: Life) -> Obituary | None:
        """Why a candidate died; None while it lives or where it traded."""
        if life.end is not Decision.DEAD or life.ended is None:
            return None
        stretch = stretch_of(self.run, side, self.lives[side], life.started, life.ended + 1)
        return nearest(stretch.interpreter, life.day - stretch.day, life.ordinal, stretch.first)


def inquiry(choice: Choice) -> Inquiry:
    """Run what was asked for, to be asked about."""
    with progress() as told:
        told("reading", 0, 2)
        made = bench(choice)
        told("running", 1, 2)
        run = run_batch(Strategy(made.program), made.market, made.calendars, events=made.events)
    return Inquiry(made, run)


# --- fates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fate:
    """What became of a candidate."""

    asked: Inquiry
    side: Side
    life: Life

    @cached_property
    def obituary(self) -> Obituary | None:
        """Why it died, taken apart."""
        return self.asked.obituary(self.side, self.life)

    @cached_property
    def traded(self) -> tuple[Event, ...]:
        """What became of it as a position."""
        name = self.asked.identifier(self.side, self.life)
        later = (EventKind.REFUSED, EventKind.CANCELLED, EventKind.FILL, EventKind.EXIT)
        return tuple(
            event for event in self.asked.events if event.candidate == name and event.kind in later
        )

    @property
    def record(self) -> dict[str, Any]:
        """The same as plain values."""
        life, program = self.life, self.asked.program
        if life.ended is None:
            return {"end": "alive", "stage": _stage(program, life.stage)}
        found: dict[str, Any] = {
            "end": "entry" if life.end is Decision.ENTRY else "dead",
            "time": utc(int(self.asked.run.market.minute[life.ended])),
            "stage": _stage(program, life.stage),
        }
        death = self.obituary
        if death is None:
            return found | {"stop_case": program.stops[life.cause].name}
        rule = rule_of(program, life.stage, death.reason)
        reader = self.asked.reader(self.side)
        killer = None if death.killer is None else reader.record(death.killer, rule)
        return found | {
            "reason": death.reason,
            "killed_by": killer,
            "lacking": [
                {"to": to, "conditions": [one.name for one in missing]}
                for to, missing in death.lacking
            ],
            "nearest": [self._missed(miss) for miss in death.nearest],
        }

    def _missed(self, miss: NearMiss) -> dict[str, Any]:
        reader = self.asked.reader(self.side)
        row = miss.row + self._offset
        return {
            "name": miss.name, "to": miss.to, "alone": miss.alone,
            "time": utc(int(self.asked.run.market.minute[row])),
            **reader.record(miss.comparison),
        }  # fmt: skip

    @cached_property
    def _offset(self) -> int:
        """The market's row of the replay's first."""
        assert self.obituary is not None
        assert self.life.ended is not None
        return self.life.ended - self.obituary.death.row

    def lines(self) -> Iterator[str]:
        """What became of it, in sentences."""
        life, program = self.life, self.asked.program
        if life.ended is None:
            yield f"alive at the end of the data, in {_stage(program, life.stage) or 'no stage'}"
            return
        at = self.asked.time(life.ended)
        if life.end is Decision.ENTRY:
            yield f"completed at {at} with the stop `{program.stops[life.cause].name}`"
            yield from map(self._position, self.traded)
            return
        death = self.obituary
        assert death is not None
        place = f" in {death.stage}" if death.stage else ""
        yield f"died at {at}{place}: {death.reason}{self._killed(death)}"
        for to, missing in death.lacking:
            if missing:
                yield f"  to {to} it still lacked {self._lacked(missing)}"
        for miss in death.nearest:
            if miss.alone or miss.name in _names(death):
                yield f"  nearest: {self._near(miss)}"

    def _killed(self, death: Obituary) -> str:
        """The condition that killed it, with both sides, and by how much."""
        if death.killer is None:
            return ""
        rule = rule_of(self.asked.program, self.life.stage, death.reason)
        lines = self.asked.reader(self.side).lines(death.killer, rule)
        if rule.name in _deadlines(self.asked.program, self.life.stage):
            spent, _, limit = lines[0].values.partition(" >= ")
            return f" (after {spent}; the limit, {lines[0].written}, is {limit})"
        told = [
            f"{line.written.strip()}: {line.values}".strip(": ")
            + (f", {line.margin}" if line.margin else "")
            for line in lines
            if line.values and line.holds == TRUTHS[death.killer.truth]
        ]
        return f" ({'; '.join(told) or self.asked.bench.text_of(rule.span)})"

    def _lacked(self, missing: Sequence[Verdict]) -> str:
        """The conditions that were missing at the end, each with its words."""
        program = self.asked.program
        stage = program.stages[self.life.stage]
        written = {rule.name: rule.span for way in stage.advance for rule in way.when}
        return ", ".join(
            f"{one.name} ({self.asked.bench.text_of(written[one.name])})" for one in missing
        )

    def _near(self, miss: NearMiss) -> str:
        reader = self.asked.reader(self.side)
        (line,) = reader.lines(miss.comparison, Named(miss.name, miss.comparison.node))
        alone = ", and nothing else was missing" if miss.alone else ""
        at = self.asked.clock(miss.row + self._offset)
        return f"{miss.name} (to {miss.to}) at {at}: {line.values}, {line.margin}{alone}"

    def _position(self, event: Event) -> str:
        """One event of the position, in a line."""
        at = self.asked.time(event.bar)
        price, contracts = event.values.get("price"), event.values.get("contracts")
        amount = f"{contracts} at {price:,}" if contracts else f"at {price:,}"
        reason = f" ({event.reason})" if event.reason else ""
        return f"  {event.kind.value} at {at}: {amount}{reason}"


def _names(death: Obituary) -> set[str]:
    """The conditions that were missing when they were asked last."""
    return {one.name for _, missing in death.lacking for one in missing}


def _deadlines(program: Program, stage: int) -> tuple[str, ...]:
    within = program.stages[stage].within if 0 <= stage < len(program.stages) else None
    return () if within is None else (within.reason,)


def rule_of(program: Program, stage: int, reason: str) -> Named:
    """The rule that ends a candidate by this name, in this stage."""
    own = program.stages[stage] if 0 <= stage < len(program.stages) else None
    rules = [*program.always, *(own.invalidate if own else ())]
    if own is not None and own.within is not None and own.within.reason == reason:
        within = Named(reason, own.within.limit, own.within.span)
        rules.append(within)
    for rule in (*rules, *program.filters, *program.require):
        if rule.name == reason:
            return rule
    return Named(reason, program.start.when[0].node if program.start.when else rules[0].node)


def _stage(program: Program, number: int) -> str:
    return program.stages[number].name if 0 <= number < len(program.stages) else ""


# --- a minute -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Minute:
    """What both sides had to say about one bar."""

    asked: Inquiry
    row: int
    clock: str
    sides: Sequence[SideMinute]

    @property
    def record(self) -> dict[str, Any]:
        """The answer as plain values."""
        market, tick = self.asked.run.market, self.asked.program.instrument.tick
        prices = {
            name: float(int(getattr(market, name)[self.row]) * tick)
            for name in ("open", "high", "low", "close")
        }
        return {
            "program": self.asked.program.name,
            "instrument": self.asked.program.instrument.symbol,
            "time": utc(int(market.minute[self.row])),
            "row": self.row,
            "bar": {**prices, "volume": int(market.volume[self.row])},
            "notes": list(self.asked.bench.notes),
            "sides": [side.record for side in self.sides],
        }

    def show(self) -> None:
        """Print it."""
        run, zone = self.asked.run, self.asked.bench.zone
        minute, program = int(run.market.minute[self.row]), self.asked.program
        other = f" ({when(minute, self.clock)} {self.clock})" if self.clock != zone else ""
        click.echo(
            f"{program.name} · {program.instrument.symbol} · {when(minute, zone)} {zone}{other}"
        )
        reader = Reader(program, program.written, self.asked.bench.text_of)
        bar = [
            f"{name} {reader.price(int(getattr(run.market, name)[self.row]))}"
            for name in ("open", "high", "low", "close")
        ]
        click.echo(
            f"bar {self.row:,}: {' · '.join(bar)} · volume {int(run.market.volume[self.row]):,}"
        )
        for side in self.sides:
            side.show()
        for note in self.asked.bench.notes:
            click.echo(f"note: {note}")


@dataclass(frozen=True)
class SideMinute:
    """What one side had to say about one bar."""

    asked: Inquiry
    side: Side
    row: int
    view: BarView
    stretch: Stretch

    @cached_property
    def reader(self) -> Reader:
        """Who puts it into words."""
        return self.asked.reader(self.side)

    def life(self, view: CandidateView) -> Life:
        """The whole life of a candidate that is seen."""
        day = view.day + self.stretch.day
        lives = self.asked.lives[self.side]
        return next(one for one in lives if (one.day, one.ordinal) == (day, view.ordinal))

    @property
    def neighbours(self) -> tuple[Life | None, Life | None]:
        """The last candidate that began before this bar, and the first that begins on or after."""
        lives = self.asked.lives[self.side]
        before = [life for life in lives if life.started < self.row]
        after = [life for life in lives if life.started >= self.row]
        return (before[-1] if before else None), (after[0] if after else None)

    # --- for people --------------------------------------------------------------------------

    def show(self) -> None:
        """Print it."""
        mirrored = self.side is not self.asked.program.written
        heading(
            self.side.upper() + (" · the mirror: read low for high, below for above" * mirrored)
        )
        for view in self.view.candidates:
            self._show_candidate(view)
        if not self.view.candidates:
            click.echo("No candidate was alive.")
        self._show_start()

    def _show_candidate(self, view: CandidateView) -> None:
        life, asked = self.life(view), self.asked
        began = asked.clock(life.started)
        inside = f"in {view.stage} for {_both(view.stage_minutes, view.stage_bars)}"
        age = f"began {began}, {lasting(view.age_minutes)} ago"
        click.secho(f"{asked.identifier(self.side, life)} · {inside} · {age}", bold=True)
        remembered = [*self._tracked(view), *self._captured(view)]
        if remembered:
            click.echo(f"  holds {' · '.join(remembered)}")
        rows = [row for stage in view.asked for row in self._stage_rows(stage)]
        rows += self._completion_rows(view.completion)
        if rows:
            Table(_HEAD, rows).show()
        for event in view.events:
            click.echo(f"  on this bar: {self._told(event)}")
        for number, line in enumerate(Fate(asked, self.side, life).lines()):
            click.echo(f"  later: {line}" if not number and life.ended != self.row else f"  {line}")

    def _tracked(self, view: CandidateView) -> Iterator[str]:
        units = Units(self.asked.program)
        rules = {tracker.name: tracker for tracker in self.asked.program.trackers}
        for seen in view.trackers:
            rule = rules[seen.name]
            at = (
                f" at {clock(seen.minute, self.asked.bench.zone)}"
                if seen.minute is not None
                else ""
            )
            if seen.row is None:
                yield f"{seen.name} nothing yet"
            elif rule.value is not None:
                unit = _UNITS.get(units.sort(rule.value), "")
                yield f"{seen.name} {self.reader.value(seen.value, unit, 1)}{at}"
            else:
                count = f" {seen.value}" if seen.value is not None else ""
                yield f"{seen.name}{count}{at}"

    def _captured(self, view: CandidateView) -> Iterator[str]:
        for name, values in view.captures:
            at = dict(values).get("at")
            yield f"{name} at {clock(int(at), self.asked.bench.zone)}" if at is not None else name

    def _stage_rows(self, stage: StageView) -> Iterator[tuple[str, ...]]:
        program = self.asked.program
        own = next(one for one in program.stages if one.name == stage.stage)
        yield from self._rows("ends it", stage.always, program.always)
        yield from self._rows("ends it", stage.invalidate, own.invalidate)
        for way, rule in zip(stage.advance, own.advance, strict=True):
            yield from self._rows(f"to {way.to}", way.when, rule.when)
        if stage.deadline is not None and own.within is not None:
            named = Named(own.within.reason, own.within.limit, own.within.span)
            yield from self._rows("deadline", (stage.deadline,), (named,))

    def _completion_rows(self, done: CompletionView | None) -> Iterator[tuple[str, ...]]:
        if done is None:
            return
        program, price = self.asked.program, self.reader.price
        yield from self._rows("filter", done.filters, program.filters)
        yield ("bracket", "entry", "", "", price(done.entry), "")
        yield ("bracket", "stop", "", done.stop_case, price(done.stop), "")
        for target, ticks in zip(program.targets, done.targets, strict=True):
            yield ("bracket", target.name, "", "", price(ticks), "")
        yield from self._rows("requires", done.require, program.require)

    def _rows(
        self, rule: str, found: Sequence[Verdict], named: Sequence[Named]
    ) -> Iterator[tuple[str, ...]]:
        for verdict, one in zip(found, named, strict=True):
            for line in self.reader.lines(verdict, one):
                yield (rule, line.name, line.holds, line.written, line.values, line.margin)

    def _told(self, event: Any) -> str:
        program = self.asked.program
        match event.kind:
            case Decision.ADVANCE:
                return f"moves on to {program.stages[event.cause].name}"
            case Decision.DEAD:
                return f"ends: {self.stretch.interpreter.reasons[event.cause]}"
            case Decision.ENTRY:
                return f"completes, with the stop `{program.stops[event.cause].name}`"
            case _:
                return "begins"

    def _show_start(self) -> None:
        start = self.view.start
        for event in start.events:
            who = "A candidate" if event.kind is Decision.START else "It"
            click.echo(f"{who} {self._told(event)} on this bar.")
        if self.view.candidates and not start.events:
            return
        Table(_HEAD, list(self._rows("start", start.when, self.asked.program.start.when))).show()
        for why in self._why_no_start():
            click.echo(why)
        rows = list(self._completion_rows(start.completion))
        if rows:
            Table(_HEAD, rows).show()
        before, after = self.neighbours
        for word, life in (("before", before), ("after", after)):
            if life is not None and not (word == "after" and life.started == self.row):
                self._show_neighbour(word, life)

    def _why_no_start(self) -> Iterator[str]:
        start = self.view.start
        if start.events or not all(one.truth for one in start.when):
            return
        if start.repeated:
            yield "The start rule was true on the bar before too: it begins on the first such bar."
        elif start.spaced_by is not None:
            yield f"Candidate {start.spaced_by[1]} of the date is too young for another beside it."

    def _show_neighbour(self, word: str, life: Life) -> None:
        name = self.asked.identifier(self.side, life)
        click.echo(f"The candidate {word}: {name}, began {self.asked.time(life.started)}")
        for line in Fate(self.asked, self.side, life).lines():
            click.echo(f"  {line}")

    # --- for programs ------------------------------------------------------------------------

    @property
    def record(self) -> dict[str, Any]:
        """The same as plain values."""
        start, program = self.view.start, self.asked.program
        before, after = self.neighbours
        return {
            "side": self.side.value,
            "candidates": [self._candidate(view) for view in self.view.candidates],
            "start": {
                "when": self._verdicts(start.when, program.start.when),
                "repeated": start.repeated,
                "spaced": start.spaced_by is not None,
                "crowded": start.crowded,
                "began": bool(start.events),
            },
            "before": None if before is None else self._named(before),
            "after": None if after is None else self._named(after),
        }

    def _named(self, life: Life) -> dict[str, Any]:
        return {
            "candidate": self.asked.identifier(self.side, life),
            "began": utc(int(self.asked.run.market.minute[life.started])),
            "fate": Fate(self.asked, self.side, life).record,
        }

    def _candidate(self, view: CandidateView) -> dict[str, Any]:
        life, program = self.life(view), self.asked.program
        stages = {stage.name: stage for stage in program.stages}
        return {
            **self._named(life),
            "stage": view.stage,
            "stage_minutes": view.stage_minutes,
            "stage_bars": view.stage_bars,
            "age_minutes": view.age_minutes,
            "asked": [
                {
                    "stage": one.stage,
                    "always": self._verdicts(one.always, program.always),
                    "invalidate": self._verdicts(one.invalidate, stages[one.stage].invalidate),
                    "advance": [
                        {"to": way.to, "when": self._verdicts(way.when, rule.when)}
                        for way, rule in zip(one.advance, stages[one.stage].advance, strict=True)
                    ],
                    "deadline": None if one.deadline is None else self.reader.record(one.deadline),
                }
                for one in view.asked
            ],
            "events": [self._told(event) for event in view.events],
        }

    def _verdicts(self, found: Sequence[Verdict], rules: Sequence[Named]) -> list[dict[str, Any]]:
        pairs = zip(found, rules, strict=True)
        return [self.reader.record(verdict, rule) for verdict, rule in pairs]


def _both(minutes: int, bars: int) -> str:
    """How long in minutes, and in bars where that is not the same number."""
    return lasting(minutes) if minutes == bars else f"{lasting(minutes)} ({counted(bars, 'bar')})"


def minute(asked: Inquiry, at: str, zone: str | None, side: str | None) -> Minute:
    """The answer about the bar that holds an instant."""
    clock_zone = zone or asked.bench.zone
    try:
        instant = moment(at, zone_named(clock_zone))
    except BadMoment as bad:
        raise click.UsageError(f"--at: {bad}") from None
    row = row_at(asked, instant, clock_zone)
    sides = [one for one in asked.program.sides if side in (None, one.value)]
    if not sides:
        raise click.UsageError(f"{asked.program.name} has no {side} side")
    return Minute(asked, row, clock_zone, [_side(asked, one, row) for one in sides])


def _side(asked: Inquiry, side: Side, row: int) -> SideMinute:
    stretch = stretch_of(asked.run, side, asked.lives[side], row, row + 1)
    view = explain(stretch.interpreter, row - stretch.row, stretch.first)
    return SideMinute(asked, side, row, view, stretch)


def row_at(asked: Inquiry, instant: int, zone: str) -> int:
    """The row of the bar that holds an instant; raises `Failure` where there is none."""
    market = asked.run.market
    row = int(np.searchsorted(market.minute, instant, side="right")) - 1
    if row >= 0 and instant < int(market.minute[row]) + market.bar_minutes:
        return row
    last = len(market) - 1
    if row in (-1, last):
        first, end = (when(int(market.minute[edge]), zone) for edge in (0, last))
        remedy = f"the bars go from {first} to {end} {zone}"
    else:
        near = (when(int(market.minute[edge]), zone) for edge in (row, row + 1))
        remedy = "the nearest bars open at " + " and ".join(near) + f" {zone}"
    message = f"there is no bar at {when(instant, zone)} {zone}"
    raise Failure(message, remedy, MISTAKE)


# --- a life ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class WholeLife:
    """One candidate from its start to its end, and what was traded on it."""

    asked: Inquiry
    side: Side
    life: Life

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What the journal says of it."""
        name = self.asked.identifier(self.side, self.life)
        return tuple(event for event in self.asked.events if event.candidate == name)

    @property
    def record(self) -> dict[str, Any]:
        """The same as plain values."""
        import json  # noqa: PLC0415 - the journal's own form, read back

        return {
            "candidate": self.asked.identifier(self.side, self.life),
            "began": utc(int(self.asked.run.market.minute[self.life.started])),
            "fate": Fate(self.asked, self.side, self.life).record,
            "events": [json.loads(encode(event)) for event in self.events],
            "notes": list(self.asked.bench.notes),
        }

    def show(self) -> None:
        """Print it."""
        asked = self.asked
        click.echo(f"{asked.identifier(self.side, self.life)} · times are {asked.bench.zone}")
        rows = [
            (asked.time(event.bar), event.kind.value, event.stage or "", event.reason or "",
             f"line {event.spec_line}" if event.spec_line else "", self._values(event))
            for event in self.events
        ]  # fmt: skip
        Table(("time", "event", "stage", "reason", "rule", "values"), rows).show()
        for line in Fate(asked, self.side, self.life).lines():
            click.echo(line)
        for note in asked.bench.notes:
            click.echo(f"note: {note}")

    @staticmethod
    def _values(event: Event) -> str:
        shown = {k: v for k, v in event.values.items() if v is not None and k != "from"}
        return " · ".join(f"{name} {_written(value)}" for name, value in shown.items())


def _written(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return str(value) if isinstance(value, (str, bool)) else f"{value:,}"


def life(asked: Inquiry, name: str) -> WholeLife:
    """The life of the candidate of that name; raises `Failure` where there is none."""
    found = _ID.fullmatch(name.strip())
    if found is None:
        raise click.UsageError(f"`{name}` is no candidate: write it as 2026-01-06/short/1")
    day, side, ordinal = found[1], Side(found[2]), int(found[3])
    for one in asked.lives.get(side, ()):
        if one.ordinal == ordinal and date_text(int(asked.run.days.date[one.day])) == day:
            return WholeLife(asked, side, one)
    raise Failure(f"there is no candidate {name}", _others(asked, day, side), MISTAKE)


def _others(asked: Inquiry, day: str, side: Side) -> str:
    """The candidates there are near a date."""
    lives = asked.lives.get(side, ())
    names = [asked.identifier(side, one) for one in lives]
    same = [name for name in names if name.startswith(day)]
    if same:
        return f"that date has {', '.join(same[:8])}"
    if not names:
        return f"there is no {side} candidate in these bars"
    close = sorted(names, key=lambda name: (name[:10] < day, name))
    return f"that date has none; the nearest after it is {close[0]}"
