"""Every condition of a strategy with where it was written and how it is asked.

A `Program` knows the nodes and a `Spec` the words; here they are brought together, in the written
order that both share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.ir.expression import Kind, Node, TrackerField
from dsl.ir.program import TrackerOp
from dsl.scope import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.ir.program import Advance, Capture, Named, Program, Stage, Tracker
    from dsl.scope import Scope
    from dsl.source import Text
    from dsl.structure import Advance as WrittenAdvance
    from dsl.structure import Spec

EXPRESSION: Final = "expression"
TRACKER: Final = "tracker"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named expression: its name and text as written, its node, and what it may know."""

    name: str
    text: Text
    node: Node
    level: Level
    written_as: str = EXPRESSION


@dataclass(frozen=True, slots=True)
class Way:
    """An advance with its conditions, all of which must be true."""

    advance: Advance
    written: WrittenAdvance
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A stage with its name as written and its rules in the order they are asked."""

    stage: Stage
    name: Text
    invalidate: tuple[Rule, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The conditions of a strategy by the part of it that asks them."""

    start: tuple[Rule, ...]
    always: tuple[Rule, ...]
    steps: tuple[Step, ...]
    filters: tuple[Rule, ...]
    require: tuple[Rule, ...]
    exits: tuple[Rule, ...]
    stops: tuple[Rule, ...]
    definitions: tuple[Rule, ...]
    trackers: tuple[Rule, ...]

    def conditions(self) -> Iterator[Rule]:
        """Every rule that is asked of a bar or a candidate, in the order of the file."""
        yield from self.start
        yield from self.always
        for step in self.steps:
            yield from step.invalidate
            for way in step.ways:
                yield from way.rules
        yield from self.stops
        yield from self.filters
        yield from self.require
        yield from self.exits


def places_of(spec: Spec, scope: Scope, program: Program) -> Places:
    """The conditions of a program that `spec` was lowered to."""
    setup = spec.setup
    start = setup.start.when if setup else spec.when or {}
    return Places(
        start=_rules(start, program.start.when, Level.ROW),
        always=_rules(setup.always if setup else {}, program.always, Level.CANDIDATE),
        steps=_steps(spec, program),
        filters=_rules(spec.filters, program.filters, Level.ROW),
        require=_rules(spec.require, program.require, Level.SETUP),
        exits=_rules(spec.exits.when if spec.exits else {}, program.exits.when, Level.ROW),
        stops=_stops(spec, program),
        definitions=_definitions(scope),
        trackers=_trackers(spec, program),
    )


def _rules(
    written: Mapping[Text, Text], named: tuple[Named, ...], level: Level
) -> tuple[Rule, ...]:
    return tuple(
        Rule(rule.name, text, rule.node, level)
        for text, rule in zip(written.values(), named, strict=True)
    )


def _steps(spec: Spec, program: Program) -> tuple[Step, ...]:
    if spec.setup is None:
        return ()
    return tuple(
        Step(
            stage,
            name,
            _rules(written.invalidate, stage.invalidate, Level.CANDIDATE),
            tuple(
                Way(advance, way, _rules(way.when, advance.when, Level.CANDIDATE))
                for way, advance in zip(written.advance, stage.advance, strict=True)
            ),
        )
        for (name, written), stage in zip(spec.setup.stages.items(), program.stages, strict=True)
    )


def _stops(spec: Spec, program: Program) -> tuple[Rule, ...]:
    if isinstance(spec.stop, str):
        return ()
    return tuple(
        Rule(case.name, case.if_, made.condition, Level.SETUP)
        for case, made in zip(spec.stop.cases, program.stops, strict=True)
        if case.if_ is not None and made.condition is not None
    )


def _definitions(scope: Scope) -> tuple[Rule, ...]:
    return tuple(
        Rule(name, definition.text, definition.checked.node, definition.level)
        for name, definition in scope.definitions.items()
        if definition.checked is not None
    )


def _trackers(spec: Spec, program: Program) -> tuple[Rule, ...]:
    """What each tracker asks of a bar before it counts it."""
    written = spec.setup.track if spec.setup else {}
    texts = {str(name): track.is_ for name, track in written.items()}
    return tuple(
        Rule(tracker.name, texts[tracker.name], tracker.where, Level.ROW, TRACKER)
        for tracker in program.trackers
        if tracker.where is not None
    )


def is_condition(rule: Rule) -> bool:
    """Whether the rule is true or false rather than a number."""
    return rule.node.kind is Kind.BOOL


def captures_of(program: Program) -> Iterator[Capture]:
    """Every capture of the program, as often as it is made."""
    yield from program.start.captures
    for stage in program.stages:
        for advance in stage.advance:
            yield from advance.captures


# --- everything that is computed ----------------------------------------------------------------


def written_in(spec: Spec, scope: Scope, program: Program) -> Iterator[Rule]:
    """Every expression of the file with its node: definitions first, then whatever uses them."""
    places = places_of(spec, scope, program)
    yield from places.definitions
    yield from _kept(spec, program)
    yield from _captured(spec, program)
    yield from places.conditions()
    yield from _bracket(spec, program)
    yield from _limits(spec, program)
    for (name, text), feature in zip(spec.features.items(), program.features, strict=True):
        yield Rule(str(name), text, feature.node, Level.SETUP)
    risk = spec.risk
    if risk is not None and risk.atr is not None and program.risk.atr is not None:
        yield Rule("atr", risk.atr, program.risk.atr, Level.ROW)


def _limits(spec: Spec, program: Program) -> Iterator[Rule]:
    """Durations and numbers of bars that are no part of a condition."""
    setup, start = spec.setup, program.start
    if setup is not None and setup.start.spacing is not None and start.spacing is not None:
        yield Rule("spacing", setup.start.spacing, start.spacing, Level.PARAM)
    for name, stage in (setup.stages if setup else {}).items():
        made = next(one for one in program.stages if one.name == name)
        if stage.within is not None and made.within is not None:
            yield Rule(str(name), stage.within.limit, made.within.limit, Level.PARAM)
    if spec.entry is not None and spec.entry.valid is not None:
        yield Rule("valid", spec.entry.valid, program.entry.valid, Level.PARAM)
    if spec.exits is not None and spec.exits.after is not None and program.exits.after is not None:
        yield Rule("after", spec.exits.after, program.exits.after, Level.PARAM)


def _kept(spec: Spec, program: Program) -> Iterator[Rule]:
    written = spec.setup.track if spec.setup else {}
    texts = {str(name): track.is_ for name, track in written.items()}
    for tracker in program.trackers:
        fields = (node for _, node in tracker.fields)
        for node in (tracker.value, tracker.where, *fields, _total_of(tracker)):
            if node is not None:
                yield Rule(tracker.name, texts[tracker.name], node, Level.ROW, TRACKER)


def _total_of(tracker: Tracker) -> Node | None:
    summed = tracker.op is TrackerOp.SUM
    return TrackerField(tracker.name, "value", Kind.INT) if summed else None


def _captured(spec: Spec, program: Program) -> Iterator[Rule]:
    if spec.setup is None:
        return
    yield from _captures(spec.setup.start.capture, program.start.captures, Level.ROW)
    for step in _steps(spec, program):
        for way in step.ways:
            yield from _captures(way.written.capture, way.advance.captures, Level.CANDIDATE)


def _captures(
    written: Mapping[Text, Text], made: tuple[Capture, ...], level: Level
) -> Iterator[Rule]:
    for text, capture in zip(written.values(), made, strict=True):
        for field, node in capture.fields:
            if field == "value":
                yield Rule(capture.name, text, node, level)


def _stop_prices(spec: Spec, program: Program) -> Iterator[Rule]:
    """Where the stop goes, case by case."""
    stop = spec.stop
    if isinstance(stop, str):
        yield Rule("stop", stop, program.stops[0].price, Level.SETUP)
        return
    for case, place in zip(stop.cases, program.stops, strict=True):
        yield Rule(str(case.name), case.at, place.price, Level.SETUP)


def _target_prices(spec: Spec, program: Program) -> Iterator[Rule]:
    """Where the targets are, in order."""
    target = spec.target
    texts = [target] if isinstance(target, str) else [item.at for item in target or ()]
    for text, goal in zip(texts, program.targets, strict=True):
        yield Rule(goal.name, text, goal.price, Level.SETUP)


def _bracket(spec: Spec, program: Program) -> Iterator[Rule]:
    entry = spec.entry
    yield from _stop_prices(spec, program)
    yield from _target_prices(spec, program)
    if entry is not None and entry.price is not None and program.entry.price is not None:
        yield Rule("entry", entry.price, program.entry.price, Level.CANDIDATE)
    trail = spec.exits.trail if spec.exits else None
    if trail is not None and program.exits.trail is not None:
        yield Rule("trail", trail.at, program.exits.trail.price, Level.ROW)
