"""Programs of before: each leads what it opened to its end, beside the one that trades now.

A program that was replaced takes the same closed bars and goes on with its own account: its stop
moves, its exits and its expiries are those of its own rules. It decides nothing new. Once nothing
of it is left and its account knows that, it is laid down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.execution import state as at
from engine.live import events as ev
from engine.live.commands import Level
from engine.live.entries import Entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.live.books import Books
    from engine.live.events import Stepped
    from engine.live.page import Page
    from engine.live.trader import Trader
    from engine.live.words import BarClosed

OVER: Final = "the last of what it opened is over"
BACK: Final = "it trades again"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A program of before: its trader has the bars up to its last step, `bars` are those since."""

    trader: Trader
    bars: tuple[BarClosed, ...] = ()


def left_by_others(books: Books, own: str) -> set[str]:
    """The programs, by hash, that have something open, or an account that does not know its end."""
    opened = {family.signal.strategy for family in books.living}
    unaware = {strategy for strategy, step in books.steps.items() if _is_unaware(books, step)}
    return (opened | unaware | books.leading) - {own}


def _is_unaware(books: Books, step: Stepped) -> bool:
    """Whether something was executed after the last bar that an account with open ends traded."""
    if not (step.orders or step.account[at.OPEN]):
        return False
    return any(
        one.minute > step.minute
        for family in books.families.values()
        if family.signal.strategy == step.strategy
        for one in family.executions
    )


class Steward:
    """One program of before, at its work."""

    def __init__(self, page: Page, earlier: Earlier) -> None:
        """Where the journal says its account stands. Raises `ValueError` for other bars."""
        self._page = page
        self._trader = trader = earlier.trader
        self.entries = Entries(page, trader)
        trader.decide_no_more()
        for bar in earlier.bars:
            self.take(bar)

    def take(self, bar: BarClosed) -> None:
        """A closed bar; one that it has is not taken again."""
        trader = self._trader
        if trader.rows == 0 or bar.minute > trader.minute(trader.rows - 1):
            self.entries.due.append(trader.take(bar))

    def unlatch(self) -> None:
        """A person cleared the latch."""
        self._trader.unlatch()
        self.entries.record_step()

    @property
    def is_over(self) -> bool:
        """Whether its account knows that nothing is open, and of all that was filled."""
        trader, families = self._trader, self._page.books.families
        if self.entries.due or trader.account.open_positions:
            return False
        waiting = (families.get(trader.name(intent)) for intent in trader.waiting())
        return all(family is None or family.entered == 0 for family in waiting)


class Stewards:
    """All of them; `traders` by the hash of their program."""

    def __init__(self, page: Page, own: str, earlier: Sequence[Earlier]) -> None:
        """`own`: the hash of the program that trades now."""
        self._page, self._own = page, own
        self.traders: dict[str, Trader] = {one.trader.strategy: one.trader for one in earlier}
        self._all = {one.trader.strategy: Steward(page, one) for one in earlier}

    @property
    def are_waiting(self) -> bool:
        """Whether bars wait to be traded."""
        return any(one.entries.due for one in self._all.values())

    def begin(self) -> None:
        """Write down who leads from here on, and say so."""
        page = self._page
        if self._own in page.books.leading:
            page.record(ev.LaidDown(page.at, self._own, BACK))
        for strategy in self._all:
            if strategy not in page.books.leading:
                page.record(ev.Leads(page.at, strategy))
            page.alert(
                Level.WARNING,
                f"program {strategy[:12]} is not the one that trades now; it leads what it opened "
                "to its end, and nothing enters before",
            )

    def take(self, bar: BarClosed) -> bool:
        """A closed bar; whether anybody took it."""
        for one in self._all.values():
            one.take(bar)
        return bool(self._all)

    def trade_due(self) -> None:
        """Trade every bar that waits."""
        for one in self._all.values():
            one.entries.trade_due()

    def unlatch(self) -> None:
        """A person cleared the latch: theirs, too."""
        for one in self._all.values():
            one.unlatch()

    def lay_down(self) -> None:
        """Let go of those who have nothing to lead any more."""
        page = self._page
        if not page.books.leading:
            return
        busy = {family.signal.strategy for family in page.books.living}
        for strategy in sorted(page.books.leading - busy):
            steward = self._all.get(strategy)
            if steward is None or steward.is_over:
                page.record(ev.LaidDown(page.at, strategy, OVER))
                self._all.pop(strategy, None)
                self.traders.pop(strategy, None)
