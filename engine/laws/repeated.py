"""One run done over again in another way: it must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.expression import Kind
from engine.domain.market import NA
from engine.interpreter import Interpreter
from engine.journal.decisions import VALUES
from engine.laws.ground import cuts, joined
from engine.laws.trying import tried_on
from engine.laws.violation import Pair
from engine.machine.forms import Form
from engine.machine.written import Decisions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from dsl.ir.program import Side
    from engine.domain.market import Ints
    from engine.interpreter import Event
    from engine.laws.ground import Ground
    from engine.laws.violation import Violation
    from engine.machine.layout import Layout

INTERPRETED: Final = 6_000
FORMS: Final = 100_000
CHUNKED: Final = 3_000
STEPPED: Final = 150


@tried_on(INTERPRETED)
def oracle(ground: Ground, _: Random) -> Iterator[Violation | None]:
    """The interpreter's decisions are the machine's."""
    program, events = ground.strategy.program, lists(ground.events)
    run = ground.batch()
    interpreted = {
        side: decisions_of(
            Interpreter(program, ground.market, side, ground.calendars, events).run(),
            machine.layout,
        )
        for side, machine in ground.strategy.machines.items()
    }
    pair = Pair("oracle", program, ground.market, "the interpreter", "the machine")
    yield pair.decisions(interpreted, run.decisions)


@tried_on(FORMS)
def venues(ground: Ground, _: Random) -> Iterator[Violation | None]:
    """Plain Python and compiled code decide and trade the same; compiling may take a while."""
    plain, compiled = ground.batch(Form.PLAIN), ground.batch(Form.COMPILED)
    pair = Pair("venue", plain.program, ground.market, "plain Python", "compiled code")
    yield pair.decisions(plain.decisions, compiled.decisions)
    yield pair.records(plain.records, compiled.records)


@tried_on(CHUNKED)
def chunks(ground: Ground, rng: Random) -> Iterator[Violation | None]:
    """A session fed in pieces says what the batch says: first bar by bar, then in chunks."""
    for part, size in ((ground.stretch(rng, STEPPED), 1), (ground, 200)):
        session, run = part.session(), part.batch()
        steps = [
            session.feed(part.market.rows(first, stop))
            for first, stop in cuts(rng, min(len(part.market), STEPPED * size), size)
        ]
        if not steps:
            continue
        made, records = joined(part.strategy, steps)
        seen = len(session)
        pair = Pair("chunk", run.program, part.market, "the batch", "the session")
        yield pair.decisions(until(run.decisions, seen), made)
        yield pair.records(run.records[run.records[:, 0] < seen], records)


@tried_on(CHUNKED)
def replay(ground: Ground, rng: Random) -> Iterator[Violation | None]:
    """A session that is stopped now and then, and restored, writes the journal of the batch."""
    session, steps = ground.session(), []
    run = ground.batch()
    pair = Pair("replay", run.program, ground.market, "the batch", "the restored session")
    for first, stop in cuts(rng, len(ground.market), 300):
        steps.append(session.feed(ground.market.rows(first, stop)))
        if rng.random() < 0.4:
            kept = session.snapshot()
            session = ground.restored(kept)
            if session.snapshot() != kept:
                yield pair.broken(stop - 1, "a restored session snapshots to other bytes")
    if steps:
        made, records = joined(ground.strategy, steps)
        uninterrupted = ground.told(run, run.decisions, run.records)
        yield pair.lines(uninterrupted, ground.told(run, made, records))


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
