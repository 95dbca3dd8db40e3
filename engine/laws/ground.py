"""What a law is tried on: a strategy over a part of a market that it can be tried on quickly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.domain.dates import days_of
from engine.execution.rules import rules_of
from engine.execution.terms import Terms
from engine.journal.book import Book
from engine.journal.codec import encode
from engine.machine.forms import Form
from engine.run import run_batch
from engine.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from random import Random

    from dsl.ir.program import Side
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.machine.written import Decisions
    from engine.run import Run, Strategy
    from engine.session import Step

TERMS: Final = Terms(commission=Fraction(9, 4), slippage=1)
"""Terms under which every cost leaves a trace."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A strategy, a market, and what else a run needs."""

    strategy: Strategy
    market: Market
    calendars: Calendars
    events: Mapping[str, Ints]
    terms: Terms = TERMS

    def on(self, market: Market) -> Ground:
        """The same over other bars."""
        return replace(self, market=market)

    def stretch(self, rng: Random, most: int) -> Ground:
        """Whole consecutive dates of the market, `most` bars at most but one date at least."""
        days = days_of(self.market, self.strategy.program.day)
        if len(self.market) <= most:
            return self
        first = rng.randrange(len(days))
        enough = int(np.searchsorted(days.start, days.start[first] + most, side="right")) - 1
        stop = max(first + 1, enough)
        return self.on(self.market.rows(int(days.start[first]), int(days.start[stop])))

    def batch(self, form: Form = Form.PLAIN) -> Run:
        """All at once."""
        return run_batch(self.strategy, self.market, self.calendars, self.terms, self.events, form)

    def session(self) -> Session:
        """A session before the first bar, trading."""
        return Session(self.strategy, self.calendars, events=self.events, terms=self.terms)

    def restored(self, data: bytes) -> Session:
        """A session that goes on from a snapshot."""
        return Session.restore(
            data, self.strategy, self.calendars, events=self.events, terms=self.terms
        )

    def told(self, run: Run, decisions: Mapping[Side, Decisions], records: Ints) -> list[str]:
        """The journal that tells these decisions and records, line by line."""
        money = rules_of(run.program, self.terms).money
        book = Book(run.program, run.market, run.days, decisions, run.intents, records, money)
        return [encode(event) for event in book.events()]


def cuts(rng: Random, rows: int, size: int) -> Iterator[tuple[int, int]]:
    """The rows `0 .. rows` in pieces: single bars, and up to `size`, as chance has it."""
    first = 0
    while first < rows:
        stop = min(rows, first + rng.choice((1, 1, 2, 3, rng.randint(1, size))))
        yield first, stop
        first = stop


def joined(strategy: Strategy, steps: Iterable[Step]) -> tuple[dict[Side, Decisions], Ints]:
    """What some steps of a session said, one after another; at least one."""
    parts = list(steps)
    decisions = {
        side: machine.joined([step.decisions[side] for step in parts])
        for side, machine in strategy.machines.items()
    }
    return decisions, np.concatenate([step.records for step in parts])
