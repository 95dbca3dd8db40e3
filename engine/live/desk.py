"""The desk: a word of the world in; events to write down and commands to carry out, out.

It knows no clock, no file and no socket. The order of things is always: a word comes, `step`
returns events and commands, the events are on disk, the commands are carried out. What it remembers
beyond the journal's books and the trader's bars is how the link stands and when to look again: all
of it begins anew after a restart, on the safe side.

Orders are sent only right after the broker answered a snapshot, so every decision rests on what it
really holds: a start, a reconnect, a closed bar and a doubt are one and the same path. A bar on
which anything is open, waits or was decided is traded once a snapshot taken after its close is
there, for then every execution of it is known.

What another program opened is led by that program, which stays beside the new one until it is out;
nothing enters before. A family carries all that leads it to its end: prices, parts, and when its
session is over. So where its program cannot be had any more, the books alone lead it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books
from engine.live.commands import Level
from engine.live.entries import Entries
from engine.live.family import Phase
from engine.live.holdings import OrderState
from engine.live.judgement import Judgement
from engine.live.page import Page, Step
from engine.live.policy import Policy
from engine.live.positions import Positions
from engine.live.standing import entry_is_over, told_of
from engine.live.stewards import Stewards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from engine.live.holdings import Execution, HeldOrder
    from engine.live.stewards import Earlier
    from engine.live.trader import Trader
    from engine.live.words import Word

__all__ = ["Desk", "Step"]

_ENTRY_PHASES: Final = frozenset({Phase.PLANNED, Phase.SENDING, Phase.WORKING})


class Desk:
    """One strategy on one contract of one account."""

    def __init__(
        self,
        trader: Trader,
        policy: Policy | None = None,
        books: Books | None = None,
        earlier: Sequence[Earlier] = (),
    ) -> None:
        """`books` as the journal has them; `trader` with the bars taken up to the last step's.

        `earlier`: programs that lead what they opened before this one was started.
        Raises `ValueError` where the bars are not those that were traded.
        """
        self.trader, self.policy = trader, policy or Policy()
        self._page = Page(books or Books(), self.policy)
        self._entries = Entries(self._page, trader)
        self._stewards = Stewards(self._page, trader.strategy, earlier)
        self._positions = Positions(self._page, trader, self._stewards.traders)
        self._judgement = Judgement(self._page, trader, self._entries, self._positions)
        self._link = True
        self._asked = self._asked_at = self._questions = 0

    @property
    def books(self) -> Books:
        """What is known: the journal's books once it has recorded the last step."""
        return self._page.books

    @property
    def question(self) -> int:
        """The number of the question that is not answered yet; 0 where there is none."""
        return self._asked

    @property
    def leading(self) -> frozenset[str]:
        """The programs, by hash, that lead what they opened before this one."""
        return frozenset(self._stewards.traders)

    def why_not(self, date: str) -> str:
        """Why a setup decided on the last bar would not be entered; empty: it would."""
        return self._entries.why_not(date) if self._link else "the link is down"

    def begin(self, at: int) -> Step:
        """The first thing after a start: nothing is known until the broker has answered."""
        self._page.at = at
        self._stewards.begin()
        self._entries.record_start()
        self._ask()
        return self._page.torn_off()

    def step(self, word: Word) -> Step:
        """What a word brings.

        Raises `BarOrderError` for a bar that is not later than the last one, and `JournalError`
        where the books do not allow what follows; nothing may be carried out then.
        """
        self._page.at = max(self._page.at, word.at)
        match word:
            case words.BarClosed():
                self._on_bar(word)
            case words.Answered():
                self._on_answer(word)
            case words.Told(order=order):
                self._on_told(order)
            case words.Executed(execution=execution):
                self._on_execution(execution)
            case words.Charged(key=key, revision=revision, commission=commission):
                self._on_charge(key, revision, commission)
            case words.Refused(ref=ref, code=code, text=text):
                self._on_refusal(ref, code, text)
            case words.EquityTold(date=date, equity=equity):
                self._on_equity(date, equity)
            case words.Halt() | words.Resume() | words.Flatten() | words.Unlatch():
                self._on_person(word)
            case words.Tick():
                pass
            case _:
                self._on_circumstance(word)
        self._keep_time()
        return self._page.torn_off()

    # --- the market and the broker ----------------------------------------------------------

    def _on_bar(self, bar: words.BarClosed) -> None:
        row = self.trader.take(bar)
        is_led = self._stewards.take(bar)
        self._entries.record_start()
        if is_led or self.trader.is_busy or self._entries.due or self.books.living:
            self._entries.due.append(row)
            self._ask()

    def _on_told(self, order: HeldOrder) -> None:
        page = self._page
        family = page.family_of(order.ref)
        if family is None:
            return
        kept = page.books.incarnations.get(order.permanent)
        if kept is not None:
            if kept.state.is_over and not order.state.is_over:
                return  # an old word that comes late: only a snapshot brings an order back
            order = replace(order, filled=max(order.filled, kept.filled))
        if order != kept:
            page.record(words.Told(page.at, order))
            if order.state is OrderState.REJECTED:
                page.refused(family, order.ref)
            if order.state in {OrderState.REJECTED, OrderState.CANCELLED}:
                self._ask()

    def _on_execution(self, execution: Execution) -> None:
        page = self._page
        before = page.family_of(execution.ref)
        if before is None or not page.book(execution):
            return
        family = page.books.families[before.name]
        if family.phase in _ENTRY_PHASES and family.entered > 0:
            page.move(family, Phase.HOLDING, "", "an entry was filled")
        partly = not entry_is_over(page.books, family)
        page.look(page.at + (self.policy.partial if partly else self.policy.armed_within))
        if self._positions.refuses_fill(page.books.families[before.name]):
            self._ask()

    def _on_charge(self, key: str, revision: int, commission: Decimal) -> None:
        known = self.books.execution(key)
        if known is not None and known.revision == revision and known.commission != commission:
            self._page.record(words.Charged(self._page.at, key, revision, commission))

    def _on_refusal(self, ref: str, code: int, text: str) -> None:
        """An error ends an order only if the broker never acknowledged it."""
        page = self._page
        family = page.family_of(ref)
        if family is None:
            page.record(ev.Noticed(page.at, code, text))
            return
        page.record(words.Refused(page.at, ref, code, text))
        if not told_of(page.books, family)[ref]:
            page.write_off(family, ref, OrderState.REJECTED)
            page.refused(family, ref)
        self._ask()

    def _on_equity(self, date: str, equity: Decimal) -> None:
        page = self._page
        if (page.books.risk.date, page.books.risk.equity) != (date, equity):
            page.record(ev.Marked(page.at, date, equity))
        page.equity_at = page.at
        self._entries.told(equity)

    def _on_circumstance(
        self,
        word: words.Notice
        | words.LinkDown
        | words.LinkUp
        | words.Data
        | words.Followed
        | words.Clock,
    ) -> None:
        """How the link, the data and the clock stand."""
        page = self._page
        match word:
            case words.Notice(code=code, text=text, ref=ref):
                page.record(ev.Noticed(page.at, code, text))
                if ref:
                    self._ask()
            case words.LinkDown(why=why):
                self._link, self._asked = False, 0
                page.alert(Level.WARNING, why)
            case words.LinkUp():
                self._link = True
                page.forget_alerts()
                self._ask()
            case words.Data(trouble=trouble):
                page.trouble = trouble
                if trouble:
                    page.alert(Level.WARNING, f"market data: {trouble}")
            case words.Followed():
                if self._judgement.doubts:
                    self._ask()
            case words.Clock(ahead=ahead):
                page.ahead = ahead

    def _on_person(self, word: words.Halt | words.Resume | words.Flatten | words.Unlatch) -> None:
        """What a person wants."""
        page = self._page
        match word:
            case words.Halt(who=who, why=why):
                page.record(ev.Halted(page.at, who, why))
                self._ask()
            case words.Resume(who=who, why=why):
                page.record(ev.Resumed(page.at, who, why))
            case words.Flatten(who=who, why=why):
                page.record(ev.Halted(page.at, who, why))
                for family in page.books.living:
                    page.move(family, Phase.CLOSING, "", f"{who}: {why}")
                self._ask()
            case words.Unlatch(who=who, why=why):
                self.trader.unlatch()
                page.record(ev.Unlatched(page.at, who, why))
                self._entries.record_step()
                self._stewards.unlatch()

    # --- asking and answers -----------------------------------------------------------------

    def _ask(self) -> None:
        """Ask the broker for everything; an answer to an earlier question does not count."""
        if self._link:
            self._questions += 1
            self._asked, self._asked_at = self._questions, self._page.at
            self._page.command(cmd.Ask(self._asked))

    def _keep_time(self) -> None:
        """Do what is due by the clock, and say when to be woken."""
        if not self._link:
            return
        page = self._page
        if self._asked and page.at - self._asked_at >= self.policy.answer_within:
            page.alert(Level.WARNING, "the broker does not answer")
            self._ask()
        due = page.look_at is not None and page.at >= page.look_at
        if not self._asked and (due or self._positions.outlives()):
            page.look_at = None
            self._ask()
        if self._asked:
            page.command(cmd.WakeAt(self._asked_at + self.policy.answer_within))
        elif page.look_at is not None:
            page.command(cmd.WakeAt(page.look_at))

    def _on_answer(self, word: words.Answered) -> None:
        if word.number != self._asked:
            return
        page = self._page
        self._asked = 0
        page.next_number = max(page.next_number, word.next_number)
        page.making = word.making
        before = list(page.books.families)
        self._judgement.of(word.holdings)
        doubts = self._judgement.doubts
        if not doubts:
            self._stewards.trade_due()
            self._entries.trade_due()
        wait = bool(self._entries.due) or self._stewards.are_waiting
        for name in before:
            if name not in doubts:
                self._positions.tend(name, bars_wait=wait)
        self._stewards.lay_down()
        page.look(page.at + self.policy.reconcile_every)
