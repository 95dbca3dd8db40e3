"""Our side of a bar in somebody else's loop: the session decides, the hosted kernel trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.backtrader import VenueError
from engine.columns.frame import schedule_of
from engine.domain.market import Market
from engine.execution import records as out
from engine.execution.hosted import hosted_kernel
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.laws.ground import joined
from engine.laws.repeated import until
from engine.run import Run
from engine.session import Session
from engine.trading import NOTHING, Trading
from engine.window import COLUMNS

if TYPE_CHECKING:
    from fractions import Fraction

    from adapters.backtrader.ready import Ready
    from engine.domain.market import Ints
    from engine.execution.hosted import Floor
    from engine.execution.terms import Terms
    from engine.session import Step

_NO_RECORDS: Final = np.zeros((0, out.WIDTH), np.int64)


class Deferred(Trading):
    """An account that takes note of what is decided and trades when it is told to."""

    def at_once(self) -> Ints:
        """No records yet: `run` gives them."""
        return NOTHING


class Keeping:
    """Takes closed bars one by one and has each traded on a floor before the next comes."""

    def __init__(
        self, ready: Ready, terms: Terms, floor: Floor, known: Market | None, at_once: int
    ) -> None:
        """`known`: the very bars that will come, to be decided on `at_once`; None: not known."""
        program = ready.strategy.program
        self._ready, self._terms, self._known, self._at_once = ready, terms, known, at_once
        columns = () if known is None else (getattr(known, name).tolist() for name in COLUMNS)
        self._expected: list[tuple[int, ...]] = list(zip(*columns, strict=True))
        self._simulator = Simulator(rules_of(program, terms), kernel=hosted_kernel(floor))
        self._trading = Deferred(program, self._simulator)
        self._session = Session(
            ready.strategy, ready.calendars, events=ready.events, trading=self._trading
        )
        self._steps: list[Step] = []
        self._records: list[Ints] = [_NO_RECORDS]
        self._due: set[int] = set()
        self._row = 0

    def take(self, *bar: int) -> None:
        """A closed bar: minute, open, high, low, close, volume. All it brings about is done."""
        row, self._row = self._row, self._row + 1
        if self._known is not None:
            self._compare(row, bar)
        if row >= len(self._session):
            self._decide(self._coming(row, bar))
        account = self._simulator.account
        if row in self._due or account.waiting or account.open_positions:
            self._records.append(self._trading.run(row + 1))

    def finish(self) -> None:
        """No more bars."""
        if self._row:
            self._records.append(self._trading.run(self._row))

    @property
    def equity(self) -> Fraction | None:
        """The equity of the closed trades; None while a position is open."""
        account = self._simulator.account
        if account.open_positions:
            return None
        return self._simulator.rules.money.amount(account.equity)

    @property
    def run(self) -> Run:
        """What came of the bars so far, as a backtest gives it."""
        ready, program, rows = self._ready, self._ready.strategy.program, self._row
        if not rows:
            raise VenueError("no bar has come yet: there is nothing to tell")
        decided, _ = joined(ready.strategy, self._steps)
        market = self._trading.market.rows(0, rows)
        intents = self._trading.intents
        return Run(
            program=program,
            terms=self._terms,
            market=market,
            schedule=schedule_of(program, market, ready.calendars, ready.events),
            decisions=until(decided, rows),  # more are made already where many are made at once
            intents=intents.first(int(np.searchsorted(intents.row, rows))),
            records=np.concatenate(self._records),
        )

    def _coming(self, row: int, bar: tuple[int, ...]) -> Market:
        if self._known is not None:
            return self._known.rows(row, min(row + self._at_once, len(self._known)))
        program = self._ready.strategy.program
        columns = (np.array([value], np.int64) for value in bar)
        return Market(program.instrument, program.bar_minutes, *columns)

    def _decide(self, bars: Market) -> None:
        step = self._session.feed(bars)
        self._steps.append(step)
        self._due.update(step.intents.row.tolist())

    def _compare(self, row: int, bar: tuple[int, ...]) -> None:
        """What was decided on must be what came."""
        if row >= len(self._expected) or self._expected[row] != bar:
            raise VenueError(
                f"bar {row} came otherwise than the feed's market has it: "
                "leave out filters and fromdate, or say at_once=1"
            )


def no_terms(name: str, remedy: str) -> VenueError:
    """The broker's costs are none that can be counted exactly."""
    return VenueError(
        f"the broker's {name} cannot be counted by contract and tick: use {remedy}, "
        f"or give EngineStrategy terms=Terms(..., {name}=...)"
    )
