"""A program replayed over other bars than those it lived, from the account as it stood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.domain.market import Market
from engine.execution import state as at
from engine.execution.intents import SIDES
from engine.execution.rules import Rules
from engine.execution.simulation import Account, Simulator, new_account
from engine.execution.terms import Money
from engine.journal.decisions import CAUSE, DAY, KIND, ORDINAL, ROW, STAGE, STARTED, Decision
from engine.journal.units import date_text
from engine.live.deeds import Deeds, Setup, deeds_of, setups_of
from engine.live.floor import live_reasons
from engine.machine.layout import Layout
from engine.run import Strategy, dates_for, paths_for, prepare
from engine.window import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.ir.program import Program
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints
    from engine.live.events import Stepped
    from engine.run import Run

_KEPT: Final = (at.IS_REDUCED, at.IS_LATCHED, at.TRADES, at.WINS, at.WON, at.LOST)
_PRICES: Final = COLUMNS[1:]

Story = tuple[tuple[int, str], ...]
"""What became of a candidate: (minute, what), in order."""


# --- bars -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BarDiffers:
    """A bar as it was lived and as it is officially: open, high, low, close, volume; None: none."""

    minute: int
    lived: tuple[int, ...] | None
    official: tuple[int, ...] | None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the columns that differ; none where one side has no such bar."""
        if self.lived is None or self.official is None:
            return ()
        pairs = zip(_PRICES, self.lived, self.official, strict=True)
        return tuple(name for name, was, now in pairs if was != now)


def bars_that_differ(lived: Market, official: Market) -> tuple[BarDiffers, ...]:
    """Where two markets differ, from the first minute of `lived` to its last."""
    if not len(lived):
        return ()
    one, other = _by_minute(lived), _by_minute(official)
    first, last = int(lived.minute[0]), int(lived.minute[-1])
    return tuple(
        BarDiffers(minute, one.get(minute), other.get(minute))
        for minute in sorted({*one, *other})
        if first <= minute <= last and one.get(minute) != other.get(minute)
    )


def _by_minute(market: Market) -> dict[int, tuple[int, ...]]:
    columns = [getattr(market, name).tolist() for name in _PRICES]
    return dict(zip(market.minute.tolist(), zip(*columns, strict=True), strict=True))


def with_bar(market: Market, bar: BarDiffers) -> Market:
    """The lived market with one of its bars made official."""
    rows = _by_minute(market)
    rows.pop(bar.minute, None)
    if bar.official is not None:
        rows[bar.minute] = bar.official
    table = np.array([(minute, *rows[minute]) for minute in sorted(rows)], np.int64)
    return Market(market.instrument, market.bar_minutes, *table.T.copy())


# --- replays --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a replay begins: the first minute that is traded, and the account there."""

    minute: int
    rules: Rules
    cash: int
    top: int
    kept: tuple[int, ...] = ()

    def account(self, market: Market, offered: int) -> Account:
        """The account before the first traded bar; `offered`: setups of the bars before it."""
        account = new_account(self.rules)
        book = account.book
        book[at.NEXT_ROW] = int(np.searchsorted(market.minute, self.minute))
        book[[at.NEXT_OFFER, at.OLDEST]] = offered
        book[[at.CASH, at.DATE_CASH]] = self.cash
        book[at.TOP] = self.top
        for cell, value in zip(_KEPT, self.kept, strict=False):
            book[cell] = value
        return account


def opening_of(program: Program, steps: Sequence[Stepped], since: int) -> Opening:
    """The account of a live journal at minute `since`; `steps` are those of one strategy, not none.

    While something was open or waited there, the opening is the last earlier minute at which
    nothing was.
    """
    before = [step for step in steps if step.minute < since]
    if before and not _is_free(before[-1]):
        free = [step for step in before if _is_free(step)]
        since = free[-1].minute + 1 if free else before[0].minute
        before = [step for step in before if step.minute < since]
    after = next((step for step in steps if step.minute >= since), None)
    book = (after or before[-1]).account
    cash = book[at.CASH]  # nothing was open before, so no trade has ended on this very bar
    top = before[-1].account[at.TOP] if before else cash
    return Opening(
        minute=since,
        rules=rules_kept(program, steps[-1]),
        cash=cash,
        top=max(top, cash),
        kept=tuple(before[-1].account[cell] for cell in _KEPT) if before else (),
    )


def _is_free(step: Stepped) -> bool:
    return step.account[at.OPEN] == 0 and step.account[at.WAITING] == 0


def rules_kept(program: Program, step: Stepped) -> Rules:
    """The rules an account was kept by: they are part of its book."""
    book = np.array(step.account, np.int64)
    targets = len(program.targets)
    value = program.instrument.tick_value
    scale = int(book[at.RULES + at.TICK_VALUE]) / value
    return Rules(
        values=book[at.RULES : at.SHARES].copy(),
        shares=book[at.SHARES : at.SHARES + targets].copy(),
        money=Money(int(scale)),
        equity=int(book[at.CASH]),
        price_most=program.instrument.price_max,
    )


@dataclass(frozen=True, eq=False)
class Replay:
    """What a program decides and does on a market, from an opening on."""

    run: Run
    opening: Opening
    setups: Mapping[int, Setup]
    records: Ints
    cash: int

    @cached_property
    def names(self) -> dict[Setup, str]:
        """The candidate of each setup."""
        intents, dates = self.run.intents, self.run.days.date
        columns = (intents.day.tolist(), intents.side.tolist(), intents.ordinal.tolist())
        named = [
            f"{date_text(int(dates[day]))}/{SIDES[side]}/{ordinal}"
            for day, side, ordinal in zip(*columns, strict=True)
        ]
        return {setup: named[intent] for intent, setup in self.setups.items()}

    @cached_property
    def deeds(self) -> Deeds:
        """What was done, by setup."""
        minutes = self.run.market.minute
        return deeds_of(
            self.records, live_reasons(self.run.program), lambda row: int(minutes[row]), self.setups
        )

    @cached_property
    def stories(self) -> dict[tuple[str, int], Story]:
        """What became of every candidate, by side and the minute it started."""
        layout, minutes = Layout(self.run.program), self.run.market.minute
        found: dict[tuple[str, int], list[tuple[int, str]]] = {}
        for side, made in self.run.decisions.items():
            for cells in made.rows.tolist():
                key = (side.value, int(minutes[cells[STARTED]]))
                told = (int(minutes[cells[ROW]]), _told(layout, cells))
                found.setdefault(key, []).append(told)
        return {key: tuple(story) for key, story in found.items()}

    @cached_property
    def candidates(self) -> dict[tuple[str, int], str]:
        """The name of every candidate, by side and the minute it started."""
        minutes, dates = self.run.market.minute, self.run.days.date
        return {
            (side.value, int(minutes[cells[STARTED]])): (
                f"{date_text(int(dates[cells[DAY]]))}/{side}/{cells[ORDINAL]}"
            )
            for side, made in self.run.decisions.items()
            for cells in made.rows.tolist()
        }


def _told(layout: Layout, cells: list[int]) -> str:
    """A decision in words."""
    kind, cause = Decision(cells[KIND]), cells[CAUSE]
    match kind:
        case Decision.START:
            return "starts"
        case Decision.ADVANCE:
            return f"reaches {layout.stage_names[cause]}"
        case Decision.DEAD:
            return f"dies in {layout.stage_names[cells[STAGE]]}: {layout.reasons[cause]}"
        case Decision.ENTRY:
            return "completes"


@dataclass(frozen=True)
class Retelling:
    """Runs a strategy over markets from one opening."""

    strategy: Strategy
    calendars: Calendars
    events: Mapping[str, Ints]
    opening: Opening

    def of(self, market: Market) -> Replay:
        """What is decided and done there. Raises what a run raises."""
        program, opening = self.strategy.program, self.opening
        ready = prepare(self.strategy, market, self.calendars, self.events)
        run = ready.run()
        decided = zip(run.intents.row.tolist(), run.intents.side.tolist(), strict=True)
        setups = setups_of(
            (intent, int(market.minute[row]), side) for intent, (row, side) in enumerate(decided)
        )
        first = int(np.searchsorted(market.minute, opening.minute))
        offered = int(np.searchsorted(run.intents.row, first))
        account = opening.account(market, offered)
        simulator = Simulator(opening.rules, account, compiled=False)
        paths = paths_for(program, ready.schedule)
        records = simulator.run(market, dates_for(program, ready.schedule), run.intents, paths)
        return Replay(run, opening, setups, records, simulator.account.equity)
