"""The desk: a word of the world in, events to write down and commands to carry out, out.

It knows no clock, no file and no socket. The order of things is always: a word comes, `step`
returns events and commands, the events are on disk, the commands are carried out. What it remembers
beyond the journal's books and the trader's bars is how the link stands and when to look again: all
of it begins anew after a restart, on the safe side.

Orders are sent only right after the broker answered a snapshot, so every decision rests on what it
really holds: a start, a reconnect, a closed bar and a doubt are one and the same path. A bar on
which anything is open, waits or was decided is traded once a snapshot taken after its close is
there, for then every execution of it is known.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from engine.domain.order import Order, OrderKind
from engine.execution import records as out
from engine.execution.records import Kind
from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books, after
from engine.live.commands import Level
from engine.live.family import Asked, Family, Phase
from engine.live.floor import Deal, deal_of
from engine.live.guard import Circumstances, why_not
from engine.live.holdings import HeldOrder, OrderState
from engine.live.identity import Leg, Role
from engine.live.policy import Policy
from engine.live.protect import Naked, Remedy
from engine.live.reconcile import ABANDONED, NOT_PLACED, Act, mismatches, verdict
from engine.live.situation import Situation, situation_of
from engine.live.standing import entry_is_over, failed_stops, living_of, told_of, unheard_of
from engine.live.wanted import Wish, difference

if TYPE_CHECKING:
    from engine.live.holdings import Execution, Holdings
    from engine.live.trader import Trader
    from engine.live.words import Word

WITHHELD: Final = "withheld"
UNWANTED: Final = "the account does not want it"
_ENTRY_PHASES: Final = frozenset({Phase.PLANNED, Phase.SENDING, Phase.WORKING})


@dataclass(frozen=True, slots=True)
class Step:
    """What a word brings: events to write down, then commands to carry out in this order."""

    events: tuple[ev.Event, ...] = ()
    commands: tuple[cmd.Command, ...] = ()


class Desk:
    """One strategy on one contract of one account."""

    def __init__(
        self, trader: Trader, policy: Policy | None = None, books: Books | None = None
    ) -> None:
        """`books` as the journal has them; `trader` with the bars taken up to the last step's.

        Raises `ValueError` where the bars are not those that were traded.
        """
        self.trader, self.policy = trader, policy or Policy()
        self.books = books or Books()
        self.link, self.data, self.ahead = True, "", 0
        self.unexplained = self.strangers = ""
        self._asked, self._asked_at, self._questions = 0, 0, 0
        self._look_at: int | None = None
        self._due: deque[int] = deque()
        self._doubts: dict[str, tuple[Situation, int]] = {}
        self._missing: dict[str, int] = {}
        self._again: set[str] = set()
        self._naked = Naked({})
        self._equity_at: int | None = None
        self._told_free: Fraction | None = None
        self._mismatch_at: int | None = None
        self._next_number = 0
        self._booked: set[str] = set()
        self._said: set[str] = set()
        self._events: list[ev.Event] = []
        self._commands: list[cmd.Command] = []
        self._at = 0
        step = self.books.steps.get(trader.strategy)
        if step is not None:
            trader.recall(step)
            self._booked = set(step.booked)
            trader.name_all()

    # --- words ------------------------------------------------------------------------------

    def begin(self, at: int) -> Step:
        """The first thing after a start: nothing is known until the broker has answered."""
        self._at = at
        self._ask()
        return self._finished()

    def step(self, word: Word) -> Step:
        """What a word brings.

        Raises `BarOrderError` for a bar that is not later than the last one.
        """
        self._at = max(self._at, word.at)
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
            case words.Tick():
                pass
            case _:
                self._on_other(word)
        self._keep_time()
        return self._finished()

    def _on_other(
        self,
        word: words.Notice
        | words.LinkDown
        | words.LinkUp
        | words.Data
        | words.Clock
        | words.Halt
        | words.Resume
        | words.Flatten
        | words.Unlatch,
    ) -> None:
        """What concerns the link, the data, or is a person's wish."""
        match word:
            case words.Notice(code=code, text=text, ref=ref):
                self._record(ev.Noticed(self._at, code, text))
                if ref:
                    self._ask()
            case words.LinkDown(why=why):
                self.link, self._asked = False, 0
                self._alert(Level.WARNING, why)
            case words.LinkUp():
                self.link = True
                self._said.clear()
                self._ask()
            case words.Data(trouble=trouble):
                self.data = trouble
                if trouble:
                    self._alert(Level.WARNING, f"market data: {trouble}")
            case words.Clock(ahead=ahead):
                self.ahead = ahead
            case words.Halt(who=who, why=why):
                self._record(ev.Halted(self._at, who, why))
                self._ask()
            case words.Resume(who=who, why=why):
                self._record(ev.Resumed(self._at, who, why))
            case words.Flatten(who=who, why=why):
                self._flatten_all(who, why)
            case words.Unlatch(who=who, why=why):
                self.trader.unlatch()
                self._record(ev.Unlatched(self._at, who, why))
                self._record_step(())

    def _on_bar(self, bar: words.BarClosed) -> None:
        row = self.trader.take(bar)
        if self.trader.is_busy or self._due or self.books.living:
            self._due.append(row)
            self._ask()

    def _on_told(self, order: HeldOrder) -> None:
        if self._family_of(order.ref) is None:
            return
        kept = self.books.incarnations.get(order.permanent)
        if kept is not None:
            if kept.state.is_over and not order.state.is_over:
                return  # an old word that comes late: only a snapshot brings an order back
            order = replace(order, filled=max(order.filled, kept.filled))
        if order != kept:
            self._record(ev.Told(self._at, order))
            if order.state in {OrderState.REJECTED, OrderState.CANCELLED}:
                self._ask()

    def _on_execution(self, execution: Execution) -> None:
        before = self._family_of(execution.ref)
        if before is None or not self._book(execution):
            return
        family = self.books.families[before.name]
        if family.phase in _ENTRY_PHASES and family.entered > 0:
            self._move(family, Phase.HOLDING, "", "an entry was filled")
        partly = not entry_is_over(self.books, family)
        self._look(self._at + (self.policy.partial if partly else self.policy.armed_within))
        if self._refused_fill(family):
            self._ask()

    def _book(self, execution: Execution) -> bool:
        """Write an execution down unless it is known; whether it was not."""
        leg = execution.leg
        family = self._family_of(execution.ref)
        assert leg is not None
        assert family is not None
        known = {one.key: one for one in family.executions}.get(execution.key)
        if known is not None and (
            known.revision > execution.revision
            or replace(execution, commission=known.commission) == known
        ):
            return False
        self._record(ev.Executed(self._at, execution))
        return True

    def _on_charge(self, key: str, revision: int, commission: Decimal) -> None:
        known = self.books.execution(key)
        if known is not None and known.revision == revision and known.commission != commission:
            self._record(ev.Charged(self._at, key, revision, commission))

    def _on_refusal(self, ref: str, code: int, text: str) -> None:
        family = self._family_of(ref)
        if family is None:
            self._record(ev.Noticed(self._at, code, text))
            return
        self._record(ev.Refused(self._at, ref, code, text))
        if not told_of(self.books, family)[ref]:
            self._write_off(family, ref)
        self._ask()

    def _on_equity(self, date: str, equity: Decimal) -> None:
        risk = self.books.risk
        if (risk.date, risk.equity) != (date, equity):
            self._record(ev.Marked(self._at, date, equity))
        self._equity_at = self._at
        if self.trader.is_free and not self.books.living:
            self._told_free = Fraction(equity)

    # --- asking -----------------------------------------------------------------------------

    def _ask(self) -> None:
        """Ask the broker for everything; an answer to an earlier question does not count."""
        if not self.link:
            return
        self._questions += 1
        self._asked, self._asked_at = self._questions, self._at
        self._commands.append(cmd.Ask(self._asked))

    def _look(self, at: int) -> None:
        """Ask again at the latest then."""
        if self._look_at is None or at < self._look_at:
            self._look_at = at

    def _keep_time(self) -> None:
        """Do what is due by the clock, and say when to be woken."""
        if not self.link:
            return
        if self._asked and self._at - self._asked_at >= self.policy.answer_within:
            self._alert(Level.WARNING, "the broker does not answer")
            self._ask()
        if self._ends_now():
            self._look(self._at)
        if not self._asked and self._look_at is not None and self._at >= self._look_at:
            self._look_at = None
            self._ask()
        if self._asked:
            self._commands.append(cmd.WakeAt(self._asked_at + self.policy.answer_within))
        elif self._look_at is not None:
            self._commands.append(cmd.WakeAt(self._look_at))

    def _ends_now(self) -> bool:
        """Whether the clock ended a session of which a position is not leaving yet."""
        if not self.books.living or not self.trader.is_over(self._at, self.policy.session_grace):
            return False
        return any(
            family.phase is not Phase.CLOSING and self.trader.intent(family.name) is not None
            for family in self.books.living
        )

    # --- answers ----------------------------------------------------------------------------

    def _on_answer(self, word: words.Answered) -> None:
        if word.number != self._asked:
            return
        self._asked = 0
        self._next_number = max(self._next_number, word.next_number)
        holdings = word.holdings
        self._take_note(holdings)
        before = list(self.books.families)
        for name in before:
            self._judge(self.books.families[name], holdings)
        self._add_up(holdings)
        if not self._doubts:
            self._trade_due()
        for name in before:
            self._tend(name)
        self._look(self._at + self.policy.reconcile_every)

    def _take_note(self, holdings: Holdings) -> None:
        """Write down what the broker holds and did: executions first, then orders."""
        for execution in holdings.executions:
            if self._family_of(execution.ref) is not None:
                self._book(execution)
        said = {order.permanent for order in holdings.orders}
        for order in holdings.orders:
            known = self._family_of(order.ref) is not None
            if known and self.books.incarnations.get(order.permanent) != order:
                self._record(ev.Told(self._at, order))
        for family in self.books.living:
            for _, order in living_of(self.books, family):
                if order.permanent not in said:
                    self._record(ev.Told(self._at, _gone(order, family)))
            if family.phase is not Phase.SENDING:
                self._miss(family, holdings)

    def _miss(self, family: Family, holdings: Holdings) -> None:
        """Write off orders that were sent and that two snapshots do not know."""
        there = {order.ref for order in holdings.orders}
        for ref in sorted(unheard_of(self.books, family) - there):
            since = self._missing.setdefault(ref, self._at)
            patience = self._patience(family)
            if self._at - since >= patience:
                self._record(ev.Refused(self._at, ref, 0, "the broker never had it"))
                self._write_off(family, ref)
                del self._missing[ref]
            else:
                self._look(since + patience)

    def _patience(self, family: Family) -> int:
        """How long an order may be nowhere; one that protects, not so long."""
        return self.policy.armed_within if family.held > 0 else self.policy.second_look

    def _write_off(self, family: Family, ref: str) -> None:
        """An order that the broker never took is over; it never had a lasting number."""
        order = next(one.order for one in family.asked if one.leg.ref == ref)
        number = self.books.numbers.get(ref, 0)
        lost = HeldOrder(
            ref, -number, number, 0, family.contract, order.action, order.kind, order.price,
            order.contracts, 0, OrderState.REJECTED,
        )  # fmt: skip
        self._record(ev.Told(self._at, lost))

    def _judge(self, family: Family, holdings: Holdings) -> None:
        """Do what the table says of a family."""
        name, situation = family.name, situation_of(family, holdings)
        if situation is Situation.EXPOSED:
            self._naked = self._naked.seen(name, self._at)
        else:
            self._naked = self._naked.over(name)
        if family.phase is Phase.DONE and situation is Situation.NOTHING:
            return
        found = verdict(family, holdings)
        if Act.ASK_AGAIN in found.acts and self._doubted(name, situation, family):
            return
        self._doubts.pop(name, None)
        if found.ending == NOT_PLACED and self._send_again(family):
            return
        if Act.SEND in found.acts and not self._send_again(family):
            self._move(family, Phase.DONE, ABANDONED, situation)
        if found.phase not in (None, family.phase):
            assert found.phase is not None
            self._move(family, found.phase, found.ending, situation)
        self._act(name, found.acts, holdings)

    def _doubted(self, name: str, situation: Situation, family: Family) -> bool:
        """Whether it is too early to believe it."""
        before = self._doubts.get(name)
        if before is None or before[0] is not situation:
            self._doubts[name] = before = (situation, self._at)
        due = before[1] + self._patience(family)
        if self._at < due:
            self._look(due)
            return True
        return False

    def _act(self, name: str, acts: tuple[Act, ...], holdings: Holdings) -> None:
        if Act.LATCH in acts:
            self._latch(f"family {name} is not as the journal has it")
        if Act.FLATTEN in acts:
            self._move(self.books.families[name], Phase.CLOSING, "", "it has to go")
        living = list(holdings.living(name))
        if Act.CANCEL_ALL in acts:
            self._withdraw([order for _, order in living])
        elif Act.CANCEL_ENTRY in acts:
            self._withdraw([order for leg, order in living if leg.role.opens])
        if Act.CANCEL_EXTRA in acts:
            self._withdraw(_extra([order for _, order in living]))
        if Act.ALERT in acts:
            self._alert(Level.ALARM, f"family {name}: the broker holds what it should not")

    def _send_again(self, family: Family) -> bool:
        """Send a family once more under its own numbers, if its bar is still the last one.

        An order that is on its way after all has the same number, so the broker takes one of them.
        """
        intent = self.trader.intent(family.name)
        if intent is None or family.name in self._again or self._why_not(intent):
            return False
        self._again.add(family.name)
        self._send_bracket(family)
        self._look(self._at + self.policy.armed_within)
        return True

    def _add_up(self, holdings: Holdings) -> None:
        """Compare the position with what the executions explain, and look for strangers."""
        ours = {asked.leg.ref for one in self.books.families.values() for asked in one.asked}
        foreign = [
            order
            for order in holdings.orders
            if order.contract == self.trader.contract
            and order.ref not in ours
            and not order.state.is_over
        ]
        self.strangers = f"{len(foreign)} orders of somebody else are there" if foreign else ""
        wrong = mismatches(self.books.families.values(), holdings, (self.trader.contract,))
        self.unexplained = "; ".join(
            f"our executions make {one.explained} contracts, the broker holds {one.held}"
            for one in wrong
        )
        for text in (self.strangers, self.unexplained):
            if text:
                self._alert(Level.ALARM, text)
        if not wrong:
            self._mismatch_at = None
        elif self._mismatch_at is None:
            self._mismatch_at = self._at
            self._look(self._at + self.policy.second_look)
        elif self._at - self._mismatch_at >= self.policy.second_look:
            self._latch(self.unexplained)

    # --- bars -------------------------------------------------------------------------------

    def _trade_due(self) -> None:
        """Trade the bars that waited for this answer."""
        while self._due:
            self._trade(self._due.popleft())

    def _trade(self, row: int) -> None:
        trader = self.trader
        if self._told_free is not None and trader.is_free and self.policy.told_equity:
            trader.count_anew(self._told_free)
        if not trader.is_busy:
            return
        self._told_free = None
        before = int(trader.account.book[_NEXT_OFFER])
        shown = {intent: self._shown(intent, row) for intent in self._alive()}
        records = trader.trade(
            row, {intent: self._deal(intent, found) for intent, found in shown.items()}
        )
        open_now, waiting = set(trader.positions()), set(trader.waiting())
        gone = set(shown) - open_now - waiting
        self._booked |= {one.key for intent in open_now for one in shown.get(intent, ())}
        for intent in gone:
            name = trader.name(intent)
            executions = self.books.families[name].executions if name in self.books.families else ()
            self._booked -= {one.key for one in executions}
        self._record_step(tuple(records.reshape(-1).tolist()))
        if (records[:, out.KIND] == Kind.LATCH).any():
            self._latch("drawdown_latch")
        for intent in trader.awaited():
            if intent >= before:
                self._plan(intent)

    def _alive(self) -> list[int]:
        return [*self.trader.waiting(), *self.trader.positions()]

    def _shown(self, intent: int, row: int) -> tuple[Execution, ...]:
        """The executions of a setup up to the close of a bar, not yet taken into account."""
        family = self.books.families.get(self.trader.name(intent))
        if family is None:
            return ()
        over = self.trader.closes(row) // 60_000
        return tuple(
            one for one in family.executions if one.key not in self._booked and one.minute < over
        )

    def _deal(self, intent: int, shown: tuple[Execution, ...]) -> Deal:
        family = self.books.families.get(self.trader.name(intent))
        if family is None:
            return Deal()
        tick = self.trader.program.instrument.tick
        return deal_of(family, shown, tick, final=entry_is_over(self.books, family))

    def _record_step(self, records: tuple[int, ...]) -> None:
        trader = self.trader
        account, orders = trader.remembered()
        row = trader.account.next_row - 1
        if row < 0:
            return
        self._record(
            ev.Stepped(
                self._at,
                trader.strategy,
                trader.contract,
                trader.minute(0),
                trader.minute(row),
                account,
                orders,
                tuple(sorted(self._booked)),
                records,
            )  # fmt: skip
        )

    # --- entries ----------------------------------------------------------------------------

    def _plan(self, intent: int) -> None:
        """A setup was admitted: its orders are written down, and sent if nothing forbids it."""
        family = self.trader.family(intent)
        if family.name in self.books.families:
            return
        self._record(ev.Planned(self._at, family))
        reason = self._why_not(intent) or self._no_place(family)
        if reason:
            self._move(family, Phase.DONE, WITHHELD, reason)
            self._alert(Level.NOTE, f"{family.signal.candidate} is not entered: {reason}")
            return
        self._send_bracket(family)
        self._look(self._at + self.policy.armed_within)

    def _no_place(self, family: Family) -> str:
        """Market entries beyond the places that are free would all be filled."""
        entry = family.asked[0].order
        working = sum(
            one.phase in {Phase.SENDING, Phase.WORKING} and one.entered == 0
            for one in self.books.living
        )
        full = entry.kind is OrderKind.MARKET and working >= self.trader.places_free
        return "as many entries are on their way as places are free" if full else ""

    def _why_not(self, intent: int) -> str:
        signal = self.trader.signal(intent)
        closed = (signal.minute + self.trader.program.bar_minutes) * 60_000
        last = self.trader.minute(self.trader.rows - 1)
        now = Circumstances(
            self._at, closed, signal.minute == last, signal.candidate.partition("/")[0],
            self.trader.rows, self.data, self.ahead, self._equity_at,
            self.unexplained, self.strangers,
        )  # fmt: skip
        return why_not(self.books, now, self.policy)

    def _send_bracket(self, family: Family) -> None:
        """Entry, targets, stops; the last one sets all of them to work."""
        parent = 0
        last = family.asked[-1].leg.ref
        for asked in family.asked:
            number = self._number(asked.leg.ref)
            self._record(ev.Sending(self._at, asked.leg.ref, number))
            opens = asked.leg.role.opens
            self._commands.append(
                cmd.Send(
                    asked.leg,
                    asked.order,
                    number,
                    family.contract,
                    parent,
                    asked.order.group,
                    transmit=asked.leg.ref == last,
                    lasts="DAY" if opens else "GTC",
                )  # fmt: skip
            )
            parent = number if opens else parent

    def _number(self, ref: str) -> int:
        """The number an order is sent under; one that was sent before keeps its own."""
        known = self.books.numbers.get(ref)
        return known or max(self.books.highest_number + 1, self._next_number)

    # --- positions --------------------------------------------------------------------------

    def _tend(self, name: str) -> None:
        """Bring what lives at the broker to what is wanted of a family."""
        family = self.books.families[name]
        if family.phase is Phase.DONE or name in self._doubts:
            return
        if family.held <= 0:
            self._tend_entry(family)
            self._turn_back(family)
            return
        if self._refused_fill(family):
            family = self.books.families[name]
        wish = self._wish(family)
        if wish.out and family.phase is not Phase.CLOSING:
            self._move(family, Phase.CLOSING, "", "its time is over")
        self._watch(name)
        family = self.books.families[name]
        wish = replace(wish, out=wish.out or family.phase is Phase.CLOSING)
        self._change(family, wish)

    def _change(self, family: Family, wish: Wish) -> None:
        places = self.trader.places(family.entered)
        found = difference(
            family, places, wish, living_of(self.books, family), unheard_of(self.books, family)
        )
        for asked in found.sends:
            self._send_more(family, asked)
        self._withdraw(found.cancels)

    def _wish(self, family: Family) -> Wish:
        """What is wanted of a position: by the account where it knows it, else as it was sent."""
        trader = self.trader
        intent = trader.intent(family.name)
        targets = trader.targets(family)
        stop = _last_stop(family)
        if intent is None:
            return Wish(stop, _sent_targets(family), out=False)
        late = trader.is_over(self._at, self.policy.session_grace)
        held = trader.positions().get(intent)
        if held is not None:
            return Wish(held.stop, targets, out=bool(held.leaving) or late)
        waits = intent in trader.waiting() or bool(self._due)
        return Wish(stop, targets, out=late or not waits)

    def _tend_entry(self, family: Family) -> None:
        """Withdraw an entry that nobody wants any more."""
        if family.phase not in {Phase.SENDING, Phase.WORKING}:
            return
        intent = self.trader.intent(family.name)
        late = self.trader.is_over(self._at, self.policy.session_grace)
        wanted = intent is not None and intent in self.trader.awaited() and not late
        reason = self.books.latch or self.books.halt or ("" if wanted else UNWANTED)
        if reason and not self._due:
            living = [order for _, order in living_of(self.books, family)]
            self._move(family, Phase.CLOSING, "", reason)
            self._withdraw(living)
            self._look(self._at + self.policy.armed_within)

    def _turn_back(self, family: Family) -> None:
        """More went out than came in: bring it back, at the market."""
        back = [one for one in family.asked if one.order.action is family.action]
        refs = {one.leg.ref for one in back if not one.leg.role.opens}
        coming = refs & unheard_of(self.books, family)
        living = any(order.ref in refs for _, order in living_of(self.books, family))
        if family.held == 0 or coming or living:
            return
        leg = Leg(family.name, Role.EXIT, 0, _attempts(family))
        order = Order(leg.ref, family.action, OrderKind.MARKET, -family.held)
        self._send_more(family, Asked(leg, order))

    def _send_more(self, family: Family, asked: Asked) -> None:
        """One more order of a family: written down, then sent."""
        number = self._number(asked.leg.ref)
        self._record(ev.Wanted(self._at, family.name, asked))
        self._record(ev.Sending(self._at, asked.leg.ref, number))
        self._commands.append(
            cmd.Send(asked.leg, asked.order, number, family.contract, 0, asked.order.group)
        )
        self._look(self._at + self.policy.armed_within)

    def _refused_fill(self, family: Family) -> bool:
        """Whether the account refuses an entry that was filled; it is closed at once then."""
        intent = self.trader.intent(family.name)
        if intent is None or intent not in self.trader.waiting() or family.phase is Phase.CLOSING:
            return False
        if family.entered == 0 or not entry_is_over(self.books, family):
            return False
        tick = self.trader.program.instrument.tick
        reason = self.trader.refusal(intent, deal_of(family, family.executions, tick, final=True))
        if reason:
            self._move(family, Phase.CLOSING, "", reason)
        return bool(reason)

    def _watch(self, name: str) -> None:
        """Protect what is exposed; what cannot be protected is flattened, and latched first."""
        family = self.books.families[name]
        if name not in self._naked.since:
            return
        self._look(self._at + self.policy.armed_within)
        if family.phase is Phase.CLOSING:
            return
        refused = failed_stops(self.books, family)
        remedy = self._naked.remedy(name, self._at, refused, self.policy.flatten_after)
        if remedy is Remedy.FLATTEN:
            self._latch(f"{family.signal.candidate} could not be protected")
            self._move(family, Phase.CLOSING, "", "it could not be protected")

    def _flatten_all(self, who: str, why: str) -> None:
        self._record(ev.Halted(self._at, who, why))
        for family in self.books.living:
            if family.phase is not Phase.CLOSING:
                self._move(family, Phase.CLOSING, "", f"{who}: {why}")
        self._ask()

    # --- small things -----------------------------------------------------------------------

    def _family_of(self, ref: str) -> Family | None:
        """The family of ours that an order belongs to."""
        name = ref.partition(":")[0]
        family = self.books.families.get(name)
        if family is None or all(one.leg.ref != ref for one in family.asked):
            return None
        return family

    def _withdraw(self, orders: list[HeldOrder] | tuple[HeldOrder, ...]) -> None:
        asked = {one.permanent for one in self._commands if isinstance(one, cmd.Cancel)}
        for order in orders:
            if order.permanent not in asked and order.state is not OrderState.CANCELLING:
                self._record(ev.Withdrawing(self._at, order.ref, order.permanent))
                self._commands.append(cmd.Cancel(order.ref, order.number, order.permanent))
                self._look(self._at + self.policy.armed_within)

    def _move(self, family: Family, phase: Phase, ending: str, why: str) -> None:
        if self.books.families[family.name].phase is not phase:
            self._record(ev.Moved(self._at, family.name, phase, ending, why))

    def _latch(self, reason: str) -> None:
        if not self.books.latch:
            self._record(ev.Latched(self._at, reason))
            self._alert(Level.ALARM, f"no more entries: {reason}")

    def _alert(self, level: Level, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._commands.append(cmd.Alert(level, text))

    def _record(self, event: ev.Event) -> None:
        self.books = after(self.books, event)
        self._events.append(event)

    def _finished(self) -> Step:
        step = Step(tuple(self._events), tuple(self._commands))
        self._events, self._commands = [], []
        return step


_NEXT_OFFER: Final = 1


def _gone(order: HeldOrder, family: Family) -> HeldOrder:
    """An order that lived and that a snapshot does not know: filled, if its executions say so."""
    filled = sum(one.contracts for one in family.executions if one.ref == order.ref)
    state = OrderState.FILLED if filled >= order.contracts else OrderState.CANCELLED
    return replace(order, filled=max(filled, order.filled), state=state)


def _extra(orders: list[HeldOrder]) -> list[HeldOrder]:
    """Incarnations beside the first of each reference."""
    first: dict[str, int] = {}
    for order in orders:
        first[order.ref] = min(order.permanent, first.get(order.ref, order.permanent))
    return [order for order in orders if order.permanent != first[order.ref]]


def _attempts(family: Family) -> int:
    """The attempt of its next way out in the first place."""
    legs = [one.leg for one in family.asked]
    mine = [leg.attempt for leg in legs if leg.role is Role.EXIT and leg.number == 0]
    return max(mine, default=-1) + 1


def _last_stop(family: Family) -> int:
    """Where the stop was last sent."""
    prices = [one.order.price for one in family.asked if one.leg.role is Role.STOP]
    price = prices[-1]
    assert price is not None
    return price


def _sent_targets(family: Family) -> list[int]:
    """The prices of the targets as they were sent, by number."""
    found = {one.leg.number: one.order.price for one in family.asked if one.leg.role is Role.TARGET}
    return [price for number in range(len(found)) if (price := found.get(number)) is not None]
