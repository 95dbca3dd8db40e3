"""The programs of before that have something open: made again from the journal, to lead it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adapters.ib.port import Bar
from adapters.live.bars import word_of
from adapters.live.recipes import NotAgain, events_of, program_again
from dsl.ir.text import program_hash
from engine.live.stewards import Earlier, left_by_others

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from adapters.database.journal import Journal
    from adapters.database.tables import BarRow
    from adapters.ib.port import Broker, ContractInfo
    from adapters.live.plan import Plan
    from engine.live.books import Books
    from engine.live.events import Stepped
    from engine.live.recipe import Recipe
    from engine.live.trader import Trader

    Bars = Sequence[Bar | BarRow]
    Seen = Callable[[Plan, Stepped], Awaitable[Bars | None]]
    """The bars from a step's first one to its own; None where they are not to be had."""

    Made = Callable[[Plan, Bars], Trader]
    """A trader of a plan that has taken these bars."""


@dataclass(frozen=True, slots=True)
class Estate:
    """What was left by programs that do not trade any more.

    `earlier` are those that lead it; `troubles` says, by hash, why one cannot: then its own orders
    do, and its session's end. `fresh` are bars that had to be fetched for it.
    """

    earlier: tuple[Earlier, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    fresh: tuple[Bar, ...] = ()


class Probate:
    """Finds who leads what other programs opened."""

    def __init__(
        self, plan: Plan, broker: Broker, journal: Journal, contract: ContractInfo
    ) -> None:
        """`plan` is what trades now."""
        self._plan, self._broker = plan, broker
        self._journal, self._contract = journal, contract

    async def estate(self, bars: Bars, seen: Seen, made: Made) -> Estate:
        """All there is; `bars` are those of the program that trades now, up to its last one.

        Raises what the broker raises.
        """
        books = self._journal.books
        missed = {one.signal.strategy for one in books.living} | books.leading
        earlier, troubles, fresh = [], {}, list[Bar]()
        for strategy in sorted(left_by_others(books, program_hash(self._plan.program))):
            try:
                one, told = await self._one(books, strategy, bars, seen, made)
            except NotAgain as why:
                if strategy in missed:
                    troubles[strategy] = str(why)
            else:
                earlier.append(one)
                fresh += told
        return Estate(tuple(earlier), troubles, tuple(fresh))

    async def _one(
        self, books: Books, strategy: str, bars: Bars, seen: Seen, made: Made
    ) -> tuple[Earlier, list[Bar]]:
        recipe, step = books.recipes.get(strategy), books.steps.get(strategy)
        if recipe is None:
            raise NotAgain("the journal has no text of it: an older engine wrote it down")
        if step is None:
            raise NotAgain("the journal has no account of it")
        if step.contract != self._contract.number:
            raise NotAgain(f"it traded contract {step.contract}, which is not traded now")
        plan = self._plan_of(recipe)
        before = await seen(plan, step)
        if before is None or (before[0].minute, before[-1].minute) != (step.first, step.minute):
            raise NotAgain("the bars it was decided on are not to be had any more")
        later, fresh = await self._since(step.minute, bars)
        size = plan.program.bar_minutes
        return (
            Earlier(
                made(plan, before),
                tuple(word_of(bar, (bar.minute + size) * 60_000) for bar in later),
            ),
            fresh,
        )

    def _plan_of(self, recipe: Recipe) -> Plan:
        program = program_again(recipe)
        now = self._plan.program
        if program.bar_minutes != now.bar_minutes:
            raise NotAgain(
                f"it decides on bars of {program.bar_minutes} min, and now bars of "
                f"{now.bar_minutes} min come"
            )
        return replace(self._plan, program=program, terms=recipe.terms, events=events_of(recipe))

    async def _since(self, minute: int, bars: Bars) -> tuple[Bars, list[Bar]]:
        """The bars after a minute up to the last of `bars`, and those of them just fetched."""
        if not bars or bars[-1].minute <= minute:
            return (), []
        first, last, size = bars[0].minute, bars[-1].minute, self._plan.program.bar_minutes
        told: Sequence[Bar] = ()
        if first > minute + size:
            told = await self._broker.fetch(self._contract, size, minute + 1, first)
        known: dict[int, Bar | BarRow] = {bar.minute: bar for bar in (*told, *bars)}
        kept = self._journal.bars(self._contract.number, minute + 1, last)
        known |= {bar.minute: bar for bar in kept}
        return [known[at] for at in sorted(known) if at > minute], list(told)


def not_led(books: Books, strategy: str, why: str) -> str:
    """That a program cannot lead what it opened, why, and what does, in words."""
    recipe = books.recipes.get(strategy)
    name = f" ({recipe.name})" if recipe is not None else ""
    return (
        f"program {strategy[:12]}{name} cannot lead what it opened: {why}; its last stop, its "
        "targets and its session's end do"
    )
