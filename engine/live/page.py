"""What is known, and what a word makes us write and do: the desk's page while it deals with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.books import after
from engine.live.commands import Level
from engine.live.holdings import HeldOrder, OrderState
from engine.live.identity import Role
from engine.live.standing import came_too_late

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.live.books import Books
    from engine.live.family import Asked, Family, Phase
    from engine.live.holdings import Execution
    from engine.live.meanwhile import Making
    from engine.live.policy import Policy

_LONGEST_REST: Final = 6  # doublings: about a minute


@dataclass(frozen=True, slots=True)
class Step:
    """What a word brings: events to write down, then commands to carry out in this order."""

    events: tuple[ev.Event, ...] = ()
    commands: tuple[cmd.Command, ...] = ()


class Page:
    """The books, the moment, and what is being written; all other parts of the desk share one.

    `trouble`, `ahead` and `equity_at` are what was last told of the data, the broker's clock and
    the account's equity; `unexplained` and `strangers` what the last snapshot found; `sent_at` when
    each order was last sent, of those sent since the start; `making` is the bar in the making, as
    it came with the last snapshot.
    """

    def __init__(self, books: Books, policy: Policy) -> None:
        """An empty page over these books."""
        self.books, self.policy = books, policy
        self.at = 0
        self.trouble = ""
        self.ahead = 0
        self.equity_at: int | None = None
        self.unexplained = self.strangers = ""
        self.look_at: int | None = None
        self.next_number = 0
        self.making: Making | None = None
        self.sent_at: dict[str, int] = {}
        self._refused_at: dict[str, int] = {}
        self._said: set[str] = set()
        self._events: list[ev.Event] = []
        self._commands: list[cmd.Command] = []

    def torn_off(self) -> Step:
        """What was written, once."""
        step = Step(tuple(self._events), tuple(self._commands))
        self._events, self._commands = [], []
        return step

    # --- writing ----------------------------------------------------------------------------

    def record(self, event: ev.Event) -> None:
        """Write an event down; the books follow at once. Raises `JournalError`."""
        self.books = after(self.books, event)
        self._events.append(event)

    def command(self, command: cmd.Command) -> None:
        """Have something done, after the events are on disk."""
        self._commands.append(command)

    def alert(self, level: Level, text: str) -> None:
        """Tell a person, once until the link comes back."""
        if text not in self._said:
            self._said.add(text)
            self.command(cmd.Alert(level, text))

    def forget_alerts(self) -> None:
        """Let everything be said again."""
        self._said.clear()

    def move(self, family: Family, phase: Phase, ending: str, why: str) -> None:
        """A family enters a phase, if it is not in it."""
        if self.books.families[family.name].phase is not phase:
            self.record(ev.Moved(self.at, family.name, phase, ending, why))

    def latch(self, reason: str) -> None:
        """No entries until a person has looked; the first reason counts."""
        if not self.books.latch:
            self.record(ev.Latched(self.at, reason))
            self.alert(Level.ALARM, f"no more entries: {reason}")

    def look(self, at: int) -> None:
        """Have the broker asked at the latest then."""
        if self.look_at is None or at < self.look_at:
            self.look_at = at

    # --- executions and orders --------------------------------------------------------------

    def family_of(self, ref: str) -> Family | None:
        """The family of ours that an order belongs to."""
        family = self.books.families.get(ref.partition(":")[0])
        if family is None or all(one.leg.ref != ref for one in family.asked):
            return None
        return family

    def book(self, execution: Execution) -> bool:
        """Write an execution of ours down unless it is known; whether it was not."""
        family = self.family_of(execution.ref)
        if family is None:
            return False
        known = {one.key: one for one in family.executions}.get(execution.key)
        if known is not None and (known.revision > execution.revision or execution.says_as(known)):
            return False
        self.record(words.Executed(self.at, execution))
        return True

    def write_off(self, family: Family, ref: str, state: OrderState) -> None:
        """An order that the broker refused or never had is over; it has no lasting number."""
        order = next(one.order for one in family.asked if one.leg.ref == ref)
        number = self.books.numbers.get(ref, 0)
        lost = HeldOrder(
            ref=ref,
            permanent=-number,
            number=number,
            client=0,
            contract=family.contract,
            action=order.action,
            kind=order.kind,
            price=order.price,
            contracts=order.contracts,
            filled=0,
            state=state,
        )
        self.record(words.Told(self.at, lost))

    def refused(self, family: Family, ref: str) -> None:
        """The broker would not take an order: the next way out rests, longer each time."""
        leg = next(one.leg for one in family.asked if one.leg.ref == ref)
        if leg.role is Role.EXIT:
            self._refused_at[ref] = self.at

    def resting(self, family: Family) -> set[str]:
        """Ways out of a family that were refused so lately that they are not tried again yet.

        Asked once it is known what was filled: one that only came too late for its group is tried
        again at once, in another, if there is something left to go out.
        """
        found = set()
        for leg in (one.leg for one in family.asked if one.leg.ref in self._refused_at):
            if came_too_late(family, leg.ref):
                continue
            self.alert(Level.ALARM, f"{family.signal.candidate}: the broker refuses the way out")
            rest = self.policy.armed_within * 2 ** min(leg.attempt, _LONGEST_REST)
            due = self._refused_at[leg.ref] + rest
            if self.at < due:
                found.add(leg.ref)
                self.look(due)
        return found

    # --- sending ----------------------------------------------------------------------------

    def send_bracket(self, family: Family, there: Collection[str] = ()) -> None:
        """Entry, targets, stops; the last one sets all of them to work.

        `there` are references of orders that the broker holds already: they are not sent.
        """
        parent = 0
        last = family.asked[-1].leg.ref
        for asked in family.asked:
            ref, opens = asked.leg.ref, asked.leg.role.opens
            if ref not in there:
                self._send(family, asked, parent, transmit=ref == last, opens=opens)
            parent = self.books.numbers[ref] if opens else parent
        self.look(self.at + self.policy.armed_within)

    def send_more(self, family: Family, asked: Asked) -> None:
        """One more order of a family: written down, then sent."""
        self.record(ev.Wanted(self.at, family.name, asked))
        self._send(family, asked, 0, transmit=True, opens=False)
        self.look(self.at + self.policy.armed_within)

    def _send(
        self, family: Family, asked: Asked, parent: int, *, transmit: bool, opens: bool
    ) -> None:
        """Write down that it is sent, then have it sent."""
        number = self._number(asked.leg.ref)
        self.record(ev.Sending(self.at, asked.leg.ref, number))
        self.sent_at[asked.leg.ref] = self.at
        self.command(
            cmd.Send(
                leg=asked.leg,
                order=asked.order,
                number=number,
                contract=family.contract,
                parent=parent,
                group=asked.order.group,
                transmit=transmit,
                lasts="DAY" if opens else "GTC",
            )
        )

    def _number(self, ref: str) -> int:
        """The number an order is sent under; one that was sent before keeps its own."""
        known = self.books.numbers.get(ref)
        return known or max(self.books.highest_number + 1, self.next_number)

    def withdraw_unseen(self, ref: str) -> None:
        """Have an order cancelled by its own number alone, should the broker have it after all."""
        self.record(ev.Withdrawing(self.at, ref, 0))
        self.command(cmd.Cancel(ref, self.books.numbers[ref], 0))

    def withdraw(self, orders: Iterable[HeldOrder]) -> None:
        """Have incarnations cancelled that are not on their way out already."""
        asked = {one.permanent for one in self._commands if isinstance(one, cmd.Cancel)}
        for order in orders:
            if order.permanent not in asked and order.state is not OrderState.CANCELLING:
                self.record(ev.Withdrawing(self.at, order.ref, order.permanent))
                self.command(cmd.Cancel(order.ref, order.number, order.permanent))
                self.look(self.at + self.policy.armed_within)
