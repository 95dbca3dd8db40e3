"""From a closed bar to the account after it, and to the brackets of the setups it admits."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from engine.domain.order import OrderKind
from engine.execution import records as out
from engine.execution.records import Kind
from engine.live import events as ev
from engine.live.commands import Level
from engine.live.family import Phase
from engine.live.floor import Deal, deal_of
from engine.live.guard import Circumstances, why_not
from engine.live.meanwhile import too_late
from engine.live.standing import entry_is_over, refused_of, unheard_of

if TYPE_CHECKING:
    from decimal import Decimal

    from engine.live.family import Family
    from engine.live.holdings import Execution
    from engine.live.identity import Signal
    from engine.live.page import Page
    from engine.live.standing import Living
    from engine.live.trader import Trader

WITHHELD: Final = "withheld"


class Again(Enum):
    """What became of a wish to send a bracket once more."""

    SENT = auto()
    WAITS = auto()  # what has traded since is not known yet
    NEVER = auto()


class Entries:
    """Trades the bars that wait, once every execution up to their close is known."""

    def __init__(self, page: Page, trader: Trader) -> None:
        """Where the journal says the account stands; every setup so far has its name again."""
        self._page, self._trader = page, trader
        self._told: Fraction | None = None
        self._booked: set[str] = set()
        self.due: deque[int] = deque()
        self._sent_again: set[str] = set()
        step = page.books.steps.get(trader.strategy)
        if step is not None:
            trader.recall(step)
            self._booked = set(step.booked)
            trader.name_all()

    # --- the account ------------------------------------------------------------------------

    def told(self, equity: Decimal) -> None:
        """The broker told the equity; it counts while nothing is open."""
        if self._trader.is_free and not self._page.books.living:
            self._told = Fraction(equity)

    def trade_due(self) -> None:
        """Trade every bar that waits."""
        while self.due:
            self._trade(self.due.popleft())

    def _trade(self, row: int) -> None:
        trader = self._trader
        if self._told is not None and trader.is_free and self._page.policy.told_equity:
            trader.count_anew(self._told)
        if not trader.is_busy:
            return
        self._told = None
        before = trader.offered
        shown = {
            intent: self._shown(intent, row) for intent in (*trader.waiting(), *trader.positions())
        }
        records = trader.trade(
            row, {intent: self._deal(intent, found) for intent, found in shown.items()}
        )
        self._take_into_account(shown)
        self.record_step(tuple(records.reshape(-1).tolist()))
        if (records[:, out.KIND] == Kind.LATCH).any():
            self._page.latch("drawdown_latch")
        for intent in trader.awaited():
            if intent >= before:
                self._plan(intent)

    def _take_into_account(self, shown: dict[int, tuple[Execution, ...]]) -> None:
        """Remember which executions open positions have seen, and forget those of closed ones."""
        trader, families = self._trader, self._page.books.families
        positions, waiting = trader.positions(), trader.waiting()
        for intent, found in shown.items():
            family = families.get(trader.name(intent))
            if intent in positions:
                self._booked |= {one.key for one in found}
            elif intent not in waiting and family is not None:
                self._booked -= {one.key for one in family.executions}

    def _shown(self, intent: int, row: int) -> tuple[Execution, ...]:
        """The executions of a setup up to the close of a bar that no bar has seen."""
        family = self._page.books.families.get(self._trader.name(intent))
        if family is None:
            return ()
        over = self._trader.closes(row) // 60_000
        return tuple(
            one for one in family.executions if one.key not in self._booked and one.minute < over
        )

    def _deal(self, intent: int, shown: tuple[Execution, ...]) -> Deal:
        family = self._page.books.families.get(self._trader.name(intent))
        if family is None:
            return Deal()
        tick = self._trader.program.instrument.tick
        return deal_of(family, shown, tick, final=entry_is_over(self._page.books, family))

    def record_start(self) -> None:
        """Write down that the bars so far were a warm-up, so that a restart skips no more of them.

        Not while another program's orders live: its last step is what it would go on from.
        """
        books = self._page.books
        if self._trader.strategy not in books.steps and not books.living:
            self.record_step()

    def record_step(self, records: tuple[int, ...] = ()) -> None:
        """Write the account down as it is now."""
        trader = self._trader
        row = trader.traded - 1
        if row < 0:
            return
        account, orders = trader.remembered()
        self._page.record(
            ev.Stepped(
                at=self._page.at,
                strategy=trader.strategy,
                contract=trader.contract,
                first=trader.minute(0),
                minute=trader.minute(row),
                account=account,
                orders=orders,
                booked=tuple(sorted(self._booked)),
                records=records,
            )
        )

    # --- brackets ---------------------------------------------------------------------------

    def _plan(self, intent: int) -> None:
        """A setup was admitted: its orders are written down, and sent if nothing forbids it."""
        page, family = self._page, self._trader.family(intent)
        if family.name in page.books.families:
            return
        page.record(ev.Planned(page.at, family))
        reason = self._stands_against(family.signal) or self._no_place(family)
        if reason:
            page.move(family, Phase.DONE, WITHHELD, reason)
            page.alert(Level.NOTE, f"{family.signal.candidate} is not entered: {reason}")
        else:
            page.send_bracket(family)

    def send_again(self, family: Family, living: Living) -> Again:
        """Send what the broker lacks of a bracket, under its own numbers, if that is not too late.

        `living` is what it holds of it. An order that is on its way after all has the same number,
        so the broker takes one of them. While it is not known what has traded since, it waits.
        """
        page = self._page
        reason = self._never_again(family, living)
        if reason:
            page.alert(Level.NOTE, f"{family.signal.candidate} is not sent again: {reason}")
            return Again.NEVER
        if page.making is None:
            return Again.WAITS
        self._sent_again.add(family.name)
        page.alert(Level.NOTE, f"{family.signal.candidate}: what the broker lacks of it is sent")
        page.send_bracket(family, {order.ref for _, order in living})
        return Again.SENT

    def _never_again(self, family: Family, living: Living) -> str:
        """Why the orders of a bracket are not sent a second time; empty: they may be."""
        page, trader = self._page, self._trader
        intent = trader.intent(family.name)
        if intent is None:
            return "another program sent it"
        if family.name in self._sent_again:
            return "it was already"
        if refused_of(page.books, family):
            return "the broker refused some of it"
        if living and not self._is_torn(family, living):
            return "the broker holds it otherwise than it was sent"
        forbidden = self._stands_against(family.signal, family.name)
        if forbidden or page.making is None:
            return forbidden
        return too_late(family, family.signal.minute + trader.program.bar_minutes, page.making)

    def _is_torn(self, family: Family, living: Living) -> bool:
        """Whether what lives has its own numbers, and of the rest nothing was ever heard."""
        books = self._page.books
        lacking = {one.leg.ref for one in family.asked} - {order.ref for _, order in living}
        numbered = all(order.number == books.numbers.get(order.ref) for _, order in living)
        return numbered and lacking <= unheard_of(books, family)

    def _no_place(self, family: Family) -> str:
        """Market entries beyond the places that are free would all be filled."""
        entry = family.asked[0].order
        working = sum(
            one.phase in {Phase.SENDING, Phase.WORKING} and one.entered == 0
            for one in self._page.books.living
        )
        full = entry.kind is OrderKind.MARKET and working >= self._trader.places_free
        return "as many entries are on their way as places are free" if full else ""

    def why_not(self, date: str) -> str:
        """Why a setup of that date, decided on the last bar, would not be entered."""
        rows = self._trader.rows
        return self._forbidden(self._trader.minute(rows - 1), date) if rows else "no bar yet"

    def _stands_against(self, signal: Signal, sent: str = "") -> str:
        """Why a setup is not entered; `sent` names its orders where they were sent before."""
        return self._forbidden(signal.minute, signal.candidate.partition("/")[0], sent)

    def _forbidden(self, minute: int, date: str, sent: str = "") -> str:
        page, trader = self._page, self._trader
        now = Circumstances(
            at=page.at,
            closed=(minute + trader.program.bar_minutes) * 60_000,
            is_last_bar=minute == trader.minute(trader.rows - 1),
            date=date,
            bars=trader.rows,
            data=page.trouble,
            ahead=page.ahead,
            equity_at=page.equity_at,
            unexplained=page.unexplained,
            strangers=page.strangers,
            left_behind=self._left_behind,
            family=sent,
        )
        return why_not(page.books, now, page.policy)

    @property
    def _left_behind(self) -> str:
        """What another program opened and is open still, in words."""
        living = self._page.books.living
        count = sum(one.signal.strategy != self._trader.strategy for one in living)
        return f"{count} positions or orders of another program are open" if count else ""
