"""From a journal and the broker's history to a desk that knows what went before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from adapters.ib.history import enough_for
from adapters.ib.port import Bar
from adapters.live.bars import market_of
from adapters.live.errors import CannotRun
from adapters.live.heirs import Estate, Probate
from engine.execution import state as at
from engine.live.decider import SessionDecider
from engine.live.desk import Desk
from engine.live.trader import Trader
from engine.run import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.database.journal import Journal
    from adapters.database.tables import BarRow
    from adapters.ib.port import Broker, ContractInfo, Figures
    from adapters.live.dates import TradingDates
    from adapters.live.plan import Plan
    from engine.execution.simulation import Simulator
    from engine.live.books import Books
    from engine.live.events import Stepped
    from engine.live.policy import Policy
    from engine.live.stewards import Earlier

_OPEN_ENDED: Final = 10
"""Where a figure looks back over a number of bars that qualify, so many times as many are taken."""

_CENT: Final = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A desk, and what it is still to be told.

    `bars` are bars that it has (the warm-up, or those of before the restart); `fresh` those of
    them that the journal does not have; `missed` the ones kept after the last traded bar: words to
    come. `short` says what the warm-up lacks, empty where nothing. `is_enough` is asked of bars.
    `estate` is what other programs left open, and who leads it.
    """

    desk: Desk
    decider: SessionDecider
    bars: Sequence[Bar | BarRow]
    fresh: Sequence[Bar]
    missed: Sequence[BarRow]
    short: str
    resumed: bool
    is_enough: Callable[[Sequence[Bar]], bool]
    estate: Estate


async def prepared(
    plan: Plan,
    broker: Broker,
    journal: Journal,
    contract: ContractInfo,
    figures: Figures,
    dates: TradingDates,
    policy: Policy,
) -> Prepared:
    """The desk of a strategy on a contract. Raises `CannotRun`, and what the broker raises."""
    books = journal.books
    making = _Making(plan, contract, figures)
    probate = Probate(plan, broker, journal, contract)
    step = making.last_step(books)
    enough = needed(plan, dates)

    async def seen(of: Plan, its: Stepped) -> Sequence[Bar | BarRow] | None:
        return await _seen(of, broker, journal, contract, its)

    def made(of: Plan, bars: Sequence[Bar | BarRow]) -> Trader:
        return _Making(of, contract, figures).trader(bars)

    if step is not None:
        bars = await seen(plan, step)
        if bars is not None:
            estate = await probate.estate(bars, seen, made)
            desk = making.desk(books, bars, policy, estate.earlier, resumed=True)
            later = journal.bars(contract.number, step.minute + 1, 1 << 40)
            fresh = [*estate.fresh, *(bar for bar in bars if isinstance(bar, Bar))]
            short = "" if enough(bars) else lacking(plan, bars)
            return Prepared(
                desk, making.decider, bars, fresh, later, short, resumed=True, is_enough=enough,
                estate=estate,
            )  # fmt: skip
        if making.is_open(books, step):
            raise CannotRun(
                "the bars that were traded on are not to be had any more, and something is open",
                "close it at the broker, then start with a journal of its own: --journal FILE",
            )
    making.refuse_orphans(books)
    found = await broker.warm_up(contract, plan.program.bar_minutes, enough)
    short = "" if enough(found) else lacking(plan, found)
    estate = await probate.estate(found, seen, made)
    desk = making.desk(books, found, policy, estate.earlier, resumed=False)
    return Prepared(
        desk, making.decider, found, [*estate.fresh, *found], (), short, resumed=False,
        is_enough=enough, estate=estate,
    )  # fmt: skip


def needed(plan: Plan, dates: TradingDates) -> Callable[[Sequence[Any]], bool]:
    """Whether bars, of whatever kind, are as many as a program needs before its first decision."""
    needs = plan.program.history
    if needs.unbounded:
        needs = replace(needs, bars=needs.bars * _OPEN_ENDED)
    return enough_for(needs, dates.number)


def lacking(plan: Plan, bars: Sequence[Bar | BarRow]) -> str:
    """What a warm-up lacks, in words."""
    needs = plan.program.history
    wanted = needs.bars * (_OPEN_ENDED if needs.unbounded else 1)
    whole = f" and {needs.dates} whole trading dates" if needs.dates else ""
    return f"{len(bars):,} bars of history, and the strategy needs {wanted:,}{whole}"


async def _seen(
    plan: Plan, broker: Broker, journal: Journal, contract: ContractInfo, step: Stepped
) -> Sequence[Bar | BarRow] | None:
    """The bars from a step's first one to its own: kept, or out of history; None: neither."""
    wanted = step.account[at.NEXT_ROW]
    kept = journal.bars(contract.number, step.first, step.minute)
    if len(kept) == wanted:
        return kept
    minutes = plan.program.bar_minutes
    told = await broker.fetch(contract, minutes, step.first, step.minute + 1)
    known: dict[int, Bar | BarRow] = {bar.minute: bar for bar in told}
    known |= {bar.minute: bar for bar in kept}
    bars = [known[minute] for minute in sorted(known)]
    return bars if len(bars) == wanted else None


def is_unused(step: Stepped) -> bool:
    """Whether an account has done nothing yet: its terms are still those of the next start."""
    account = step.account
    has_acted = account[at.OPEN] or account[at.TRADES] or account[at.IS_LATCHED]
    return not (step.records or step.orders or has_acted)


class _Making:
    """Makes the desk of one strategy on one contract."""

    def __init__(self, plan: Plan, contract: ContractInfo, figures: Figures) -> None:
        self._plan, self._strategy = plan, Strategy(plan.program)
        self._contract, self._figures = contract, figures
        self.decider: SessionDecider

    def trader(self, bars: Sequence[Bar | BarRow]) -> Trader:
        """A trader that has taken these bars."""
        plan = self._plan
        terms, equity = plan.terms, self._figures.equity
        if not plan.counted and equity is not None:
            terms = replace(terms, equity=max(_CENT, Fraction(equity)))

        def decider_of(simulator: Simulator) -> SessionDecider:
            decider = SessionDecider(self._strategy, plan.calendars, simulator, events=plan.events)
            self.decider = decider
            if bars:
                decider.take_all(market_of(plan.program, bars))
            return decider

        return Trader(plan.program, terms, self._contract.number, decider_of)

    def desk(
        self,
        books: Books,
        bars: Sequence[Bar | BarRow],
        policy: Policy,
        earlier: Sequence[Earlier],
        *,
        resumed: bool,
    ) -> Desk:
        """A desk over these books, going on after their last step, else after a warm-up."""
        trader = self.trader(bars)
        before = books.steps.get(trader.strategy)
        is_new = before is not None and is_unused(before)
        if not resumed or is_new:
            others = {key: one for key, one in books.steps.items() if key != trader.strategy}
            books = replace(books, steps=others)
            trader.skip()
            if before is not None and not is_new:
                trader.inherit(before.account, counted=self._plan.counted)
            if books.risk.peak and (before is None or is_new or not self._plan.counted):
                trader.remember_peak(Fraction(books.risk.peak))
        try:
            return Desk(trader, policy, books, earlier)
        except ValueError as other:
            raise CannotRun(
                f"the journal cannot be gone on with: {other}",
                "start with a journal of its own: --journal FILE",
            ) from None

    def last_step(self, books: Books) -> Stepped | None:
        """Where this strategy stood on this contract."""
        from dsl.ir.text import program_hash  # noqa: PLC0415 - one name for it

        step = books.steps.get(program_hash(self._plan.program))
        return step if step is not None and step.contract == self._contract.number else None

    def is_open(self, books: Books, step: Stepped) -> bool:
        """Whether something is open or waits."""
        return bool(books.living or step.orders or step.account[at.OPEN])

    def refuse_orphans(self, books: Books) -> None:
        """Raise where orders or positions are there that this desk would not know how to lead."""
        for family in books.living:
            if family.contract != self._contract.number:
                raise CannotRun(
                    f"{family.signal.candidate} is open on contract {family.contract}, and now "
                    f"{self._contract.local} ({self._contract.number}) would be traded",
                    "close it at the broker and start again",
                )
