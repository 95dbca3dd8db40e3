"""The passes, in order: a strategy's bytes in, a program or findings out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dsl import declare
from dsl.analysis import ANALYSES, PROMPT
from dsl.compilation import Compiled, Surroundings
from dsl.extends import read_extended
from dsl.findings import Findings
from dsl.history import history_of
from dsl.ir.program import Program, Side
from dsl.lower import Lowering
from dsl.names import BAR_NAMES, WEEKDAYS
from dsl.overrides import override
from dsl.parser import KEYWORDS
from dsl.scope import Definition, Level, Scope
from dsl.structure import read_structure

if TYPE_CHECKING:
    from dsl.document import Document
    from dsl.source import Source, Text
    from dsl.structure import Spec


@dataclass(slots=True)
class Unit:
    """A compilation on its way through the passes; each pass fills in what it makes."""

    name: str
    data: bytes
    around: Surroundings
    findings: Findings
    thorough: bool = True
    sources: tuple[Source, ...] = ()
    document: Document | None = None
    spec: Spec | None = None
    scope: Scope | None = None
    lowering: Lowering | None = None
    program: Program | None = None


def compile_strategy(name: str, data: bytes, around: Surroundings | None = None) -> Compiled:
    """Compile one strategy file. Never raises, whatever the bytes; `name` is shown in findings."""
    return work(Unit(name, data, around or Surroundings(), Findings()))


def work(unit: Unit) -> Compiled:
    """Put a unit through the passes, up to the first with an error; what it came to stays in it.

    Without `thorough`, what takes most of the time is left out: proofs about conditions, which
    are warnings at most.
    """
    for step in PASSES:
        step(unit)
        if unit.findings.has_errors:
            break
    program = None if unit.findings.has_errors else unit.program
    return Compiled(program, unit.findings.in_order(), unit.sources)


# --- passes ---------------------------------------------------------------------------------


def read(unit: Unit) -> None:
    """Bytes to a tree of texts with places, a variant merged over its parents."""
    source, unit.document, found = read_extended(unit.name, unit.data, unit.around.read)
    unit.sources = unit.document.sources if unit.document else (source,)
    unit.findings.add(*found)


def set_values(unit: Unit) -> None:
    """The run's own values over those of the file."""
    assert unit.document is not None
    root = override(unit.document.root, unit.around.values, unit.findings)
    unit.document = replace(unit.document, root=root)


def shape(unit: Unit) -> None:
    """The tree to sections with known keys."""
    assert unit.document is not None
    unit.spec, found = read_structure(unit.document)
    unit.findings.add(*found)


def resolve(unit: Unit) -> None:
    """Declarations to a scope: instrument, sessions, parameters, series."""
    assert unit.spec is not None
    spec, findings = unit.spec, unit.findings
    traded = declare.instrument(spec, unit.around.instruments, findings)
    if traded is None:
        return
    size = declare.bar_size(spec, findings)
    day = declare.day_rule(spec, findings)
    direction = spec.direction
    mirrored = direction is None or direction.mirror != "none"
    scope = Scope(traded, size, day, mirrored, unit.around.calendars)
    declare_names(spec, scope, declare.Clocks(day, unit.around.calendars, findings), findings)
    unit.scope = scope


def declare_names(spec: Spec, scope: Scope, clocks: declare.Clocks, findings: Findings) -> None:
    """Every name of the file that is not the setup's own, each once."""
    taken: dict[str, Text] = {}

    def fresh(name: Text) -> bool:
        if name in KEYWORDS or name in BAR_NAMES or name in WEEKDAYS or name in SETUP_WORDS:
            findings.error(
                "E007", name.span, f"`{name}` is a word of the language", "choose another name"
            )
            return False
        if str(name) in taken:
            findings.error(
                "E008", name.span, f"`{name}` is declared twice", "every name means one thing"
            )
            return False
        taken[str(name)] = name
        return True

    for name, section in spec.sessions.items():
        if fresh(name):
            scope.sessions[str(name)] = clocks.session(name, section)
    reader = declare.ParamReader(scope.instrument, findings)
    for name, param in spec.params.items():
        if fresh(name) and (made := reader.read(name, param)) is not None:
            scope.params[str(name)] = made
    for name, series in spec.series.items():
        if fresh(name):
            text, on = (series, None) if isinstance(series, str) else (series.is_, series.on)
            scope.definitions[str(name)] = Definition(name, text, Level.ROW, on)
    for name in spec.events:
        scope.events[str(name)] = name.span


SETUP_WORDS: Final = frozenset({"entry", "stop", "target", "bar", "true", "false", "age"})


def check(unit: Unit) -> None:
    """Expressions to typed nodes, and the whole to a program."""
    assert unit.spec is not None
    assert unit.scope is not None
    spec, scope, findings = unit.spec, unit.scope, unit.findings
    lowering = Lowering(spec, scope, findings)
    unit.lowering = lowering
    lowering.declare_setup()
    for definition in list(scope.definitions.values()):
        lowering.check.define(definition)
    unit.program = lowered(spec, scope, lowering, findings)


def lowered(spec: Spec, scope: Scope, lowering: Lowering, findings: Findings) -> Program:
    """The program, once every expression has said which remembered values it needs."""
    start, always, stages = lowering.start(), lowering.always(), lowering.stages()
    entry = lowering.entry()
    stops, away = lowering.stops()
    targets = lowering.targets()
    require = lowering.named(spec.require, Level.SETUP)
    filters = lowering.named(spec.filters, Level.ROW)
    exits, risk, features = lowering.exits(), lowering.risk(), lowering.features()
    merge = lowering.merge()
    concurrent, overflow = lowering.concurrent()
    start = replace(start, captures=lowering.complete(start.captures))
    stages = tuple(
        replace(
            stage,
            advance=tuple(
                replace(a, captures=lowering.complete(a.captures)) for a in stage.advance
            ),
        )
        for stage in stages
    )
    other = lowering.written.other
    sides = (lowering.written, other) if scope.mirrored else (lowering.written,)
    program = Program(
        name=str(spec.strategy),
        instrument=scope.instrument,
        bar_minutes=scope.bar_minutes,
        max_gap=declare.minutes_of(
            spec.bars.max_gap if spec.bars else None, 5 * scope.bar_minutes, findings
        ),
        day=scope.day,
        sides=tuple(side for side in Side if side in sides),
        written=lowering.written,
        sessions=tuple(scope.sessions.values()),
        params=tuple(parameter.spec for parameter in scope.params.values()),
        events=tuple(declare.event_list(n, e, findings) for n, e in spec.events.items()),
        filters=filters,
        start=start,
        concurrent=concurrent,
        overflow=overflow,
        merge=merge,
        trackers=lowering.trackers(),
        always=always,
        stages=stages,
        entry=entry,
        stops=stops,
        stop_away=away,
        targets=targets,
        require=require,
        exits=exits,
        risk=risk,
        features=features,
        history=history_of(()),
        tests=lowering.tests(),
        doc=str(spec.doc or ""),
        overflow_span=lowering.overflow_span(),
    )
    return replace(program, history=history_of(program))


def analyse(unit: Unit) -> None:
    """What is allowed and probably not meant, and what cannot go wrong proven so."""
    assert unit.program is not None
    assert unit.scope is not None
    assert unit.spec is not None
    for analysis in ANALYSES if unit.thorough else PROMPT:
        analysis(unit.spec, unit.scope, unit.program, unit.findings)


PASSES: Final = (read, set_values, shape, resolve, check, analyse)
