"""One run done over again in another way: it must say the same."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.expression import Kind
from engine.domain.market import NA
from engine.interpreter import Interpreter
from engine.journal.decisions import VALUES
from engine.laws.ground import Ground, cuts, joined
from engine.laws.violation import Pair, Violation
from engine.machine.forms import Form
from engine.machine.written import Decisions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from dsl.ir.program import Side
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.interpreter import Event
    from engine.machine.layout import Layout
    from engine.run import Strategy

INTERPRETED: Final = 6_000
FORMS: Final = 100_000
CHUNKED: Final = 3_000
STEPPED: Final = 150
NONE: Final[Mapping[str, Ints]] = MappingProxyType({})


def oracle(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    rng: Random,
    events: Mapping[str, Ints] = NONE,
) -> Violation | None:
    """The interpreter's decisions are the machine's."""
    ground = Ground(strategy, market, calendars, events).stretch(rng, INTERPRETED)
    program = strategy.program
    run = ground.batch()
    interpreted = {
        side: decisions_of(
            Interpreter(program, ground.market, side, calendars, lists(events)).run(),
            machine.layout,
        )
        for side, machine in strategy.machines.items()
    }
    pair = Pair("oracle", program, ground.market, "the interpreter", "the machine")
    return pair.decisions(interpreted, run.decisions)


def venues(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    rng: Random,
    events: Mapping[str, Ints] = NONE,
) -> Violation | None:
    """Plain Python and compiled code decide and trade the same; compiling may take a while."""
    ground = Ground(strategy, market, calendars, events).stretch(rng, FORMS)
    plain, compiled = ground.batch(Form.PLAIN), ground.batch(Form.COMPILED)
    pair = Pair("venue", strategy.program, ground.market, "plain Python", "compiled code")
    return pair.decisions(plain.decisions, compiled.decisions) or pair.records(
        plain.records, compiled.records
    )


def chunks(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    rng: Random,
    events: Mapping[str, Ints] = NONE,
) -> Violation | None:
    """A session fed in pieces says what the batch says: first bar by bar, then in chunks."""
    single = Ground(strategy, market, calendars, events).stretch(rng, STEPPED)
    several = Ground(strategy, market, calendars, events).stretch(rng, CHUNKED)
    for ground, size in ((single, 1), (several, 200)):
        session, run = ground.session(), ground.batch()
        steps = [
            session.feed(ground.market.rows(first, stop))
            for first, stop in cuts(rng, min(len(ground.market), STEPPED * size), size)
        ]
        if not steps:
            continue
        made, records = joined(strategy, steps)
        seen = len(session)
        pair = Pair("chunk", strategy.program, ground.market, "the batch", "the session")
        found = pair.decisions(until(run.decisions, seen), made)
        found = found or pair.records(run.records[run.records[:, 0] < seen], records)
        if found is not None:
            return found
    return None


def replay(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    rng: Random,
    events: Mapping[str, Ints] = NONE,
) -> Violation | None:
    """A session that is stopped now and then, and restored, writes the journal of the batch."""
    ground = Ground(strategy, market, calendars, events).stretch(rng, CHUNKED)
    session, steps = ground.session(), []
    run = ground.batch()
    pair = Pair("replay", strategy.program, ground.market, "the batch", "the restored session")
    for first, stop in cuts(rng, len(ground.market), 300):
        steps.append(session.feed(ground.market.rows(first, stop)))
        if rng.random() < 0.4:
            kept = session.snapshot()
            session = ground.restored(kept)
            if session.snapshot() != kept:
                return pair.broken(stop - 1, "a restored session snapshots to other bytes")
    if not steps:
        return None
    made, records = joined(strategy, steps)
    uninterrupted = ground.told(run, run.decisions, run.records)
    return pair.lines(uninterrupted, ground.told(run, made, records))


def lists(events: Mapping[str, Ints]) -> dict[str, Sequence[int]]:
    """Event lists as the interpreter takes them."""
    return {name: instants.tolist() for name, instants in events.items()}


def until(decisions: Mapping[Side, Decisions], rows: int) -> dict[Side, Decisions]:
    """The decisions on the first so many rows."""
    ends = {side: int(np.searchsorted(made.rows[:, 0], rows)) for side, made in decisions.items()}
    return {
        side: Decisions(made.rows[: ends[side]], made.reals[: ends[side]])
        for side, made in decisions.items()
    }


def decisions_of(events: Sequence[Event], layout: Layout) -> Decisions:
    """The interpreter's events as the machine writes them."""
    rows = np.zeros((len(events), layout.width), np.int64)
    reals = np.zeros((len(events), layout.width - VALUES), np.float64)
    for at, event in enumerate(events):
        rows[at, :VALUES] = (
            *(event.row, event.kind, event.day, event.ordinal, event.started),
            *(event.stage, event.cause),
        )
        sorts = layout.values(event.kind, event.stage, event.cause)
        for k, ((_, sort), value) in enumerate(zip(sorts, event.values, strict=True)):
            if sort is Kind.REAL:
                reals[at, k] = np.nan if value is None else value
            else:
                rows[at, VALUES + k] = NA if value is None else value
    return Decisions(rows, reals)
