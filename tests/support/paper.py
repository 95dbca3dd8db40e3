"""A broker in memory, at the level of words: orders, groups, executions, snapshots, faults.

Prices are met as `engine.execution.fills` says, a whole bar at its open ("exact bars"): an order
that was there before is filled inside it, one that comes while the bar runs meets its close.
What goes wrong is decided by the reference of an order and a seed, so a run that was interrupted
meets the same faults as one that was not. It keeps its own watch on positions without a stop.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from engine.domain.order import Action, OrderKind
from engine.execution import fills
from engine.execution.fills import NEVER, fill, rest_of_bar
from engine.live import words
from engine.live.holdings import Execution, HeldOrder, Holdings, OrderState
from engine.live.identity import Role, leg_of

if TYPE_CHECKING:
    from engine.execution.terms import Terms
    from engine.live.commands import Cancel, Send
    from engine.live.words import Word

KINDS = {
    OrderKind.MARKET: fills.MARKET,
    OrderKind.STOP: fills.STOP,
    OrderKind.LIMIT: fills.LIMIT,
}
FIVE_SECONDS = 5_000


@dataclass(frozen=True)
class Profile:
    """What goes wrong. Shares are of 16 (0: never, 16: always)."""

    name: str = "plain"
    seed: int = 0
    partial: int = 0  # entries that come in two parts, the second a bar later
    reject_stop: int = 0  # stops that are refused when their entry is filled
    reject_repair: int = 0  # stops that are to protect anew and are refused
    reject_exit: int = 0  # ways out at the market that are refused
    thin: bool = False  # what arrives within a bar waits for the next one
    swallow: int = 0  # orders that vanish without a word
    shuffle: bool = False
    repeat: bool = False
    reduce: bool = False  # groups are reduced instead of cancelled
    wake_on_part: bool = False  # children of an entry that is filled in part are armed
    late_told: bool = False  # executions are told before their order, orders not at all
    forgets: bool = False  # what was not transmitted is dropped when its client leaves
    hides: bool = False  # it is kept, and not told of to the next one until that sends it, too

    def hits(self, what: str, ref: str) -> bool:
        """Whether a fault strikes an order."""
        share = getattr(self, what)
        digest = sha256(f"{self.seed}|{what}|{ref}".encode()).digest()
        return bool(digest[0] % 16 < share)


@dataclass
class PaperOrder:
    """An order at the broker."""

    ref: str
    permanent: int
    number: int
    action: Action
    kind: OrderKind
    price: int | None
    contracts: int
    parent: int
    group: str
    transmit: bool
    state: OrderState = OrderState.HELD
    filled: int = 0
    seen: tuple[int, int, int] | None = None
    hidden: bool = False

    @property
    def left(self) -> int:
        return self.contracts - self.filled


@dataclass
class Paper:
    """The broker of one account and one contract."""

    contract: int
    terms: Terms
    tick: Fraction
    multiplier: Fraction
    profile: Profile = field(default_factory=Profile)
    now: int = 0
    orders: dict[int, PaperOrder] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    triggered: set[str] = field(default_factory=set)
    outbox: list[Word] = field(default_factory=list)
    told: int = 0
    link: bool = True
    position: int = 0
    cash: Fraction = Fraction(0)
    paid: Fraction = Fraction(0)
    bar: tuple[int, int, int, int] = (0, 0, 0, 0)
    minute: int = 0
    between: bool = True
    naked_since: int | None = None
    naked_longest: int = 0
    entries: dict[str, int] = field(default_factory=dict)
    swallowed: set[int] = field(default_factory=set)
    foreign: list[HeldOrder] = field(default_factory=list)
    next_number: int = 1

    def copy(self) -> Paper:
        """The same, to go on from elsewhere."""
        made = replace(self)
        made.orders = {key: replace(one) for key, one in self.orders.items()}
        made.executions, made.triggered = list(self.executions), set(self.triggered)
        made.outbox, made.entries = list(self.outbox), dict(self.entries)
        made.swallowed, made.foreign = set(self.swallowed), list(self.foreign)
        return made

    # --- requests ---------------------------------------------------------------------------

    def send(self, asked: Send) -> None:
        """Take an order."""
        ref, order = asked.leg.ref, asked.order
        if not self.link:
            return
        if self.profile.hits("swallow", ref) and asked.number not in self.swallowed:
            self.swallowed.add(asked.number)
            return
        known = next((one for one in self.orders.values() if one.number == asked.number), None)
        if known is not None and known.hidden:
            known.hidden = False
            self._arrive(known, transmit=asked.transmit)
            return
        if known is not None:
            self._tell(words.Notice(self.now, 103, "duplicate order id"))
            return
        if asked.leg.role is Role.STOP and asked.leg.attempt and self._rejects(ref):
            self._tell(words.Refused(self.now, ref, 201, "rejected by the exchange"))
            return
        if asked.leg.role is Role.EXIT and self.profile.hits("reject_exit", ref):
            self._tell(words.Refused(self.now, ref, 201, "rejected by the exchange"))
            return
        permanent = max(self.orders, default=8_999) + 1
        one = PaperOrder(
            ref, permanent, asked.number, order.action, order.kind, order.price,
            order.contracts, asked.parent, asked.group, asked.transmit,
        )  # fmt: skip
        self.orders[permanent] = one
        self.next_number = max(self.next_number, asked.number + 1)
        if one.group in self.triggered:
            self._end(one, OrderState.CANCELLED)
            return
        self._arrive(one, transmit=asked.transmit)

    def _arrive(self, one: PaperOrder, *, transmit: bool) -> None:
        """An order is there; the one that transmits sets all of its family to work."""
        if not transmit:
            self._say(one)
            return
        kin = [
            other
            for other in self._living()
            if other is one or (one.parent and one.parent in {other.number, other.parent})
        ]
        for other in kin:
            self._wake(other)
        if not (self.between or self.profile.thin):
            self._meet_close(kin)
        self._watch()

    def leave(self) -> None:
        """The client is gone, and with it what was on its way to it."""
        self.outbox = []
        for permanent, one in list(self.orders.items()):
            if one.state is OrderState.HELD and not one.transmit:
                one.hidden = self.profile.hides
                if self.profile.forgets:
                    del self.orders[permanent]

    def _rejects(self, ref: str) -> bool:
        return self.profile.hits("reject_repair", ref)

    def _wake(self, one: PaperOrder) -> None:
        parent = self._by_number(one.parent)
        asleep = parent is not None and parent.left > 0
        one.state = OrderState.HELD if asleep else OrderState.WORKING
        one.transmit = True
        self._say(one)

    def cancel(self, asked: Cancel) -> None:
        """Withdraw an order, and the children that wait for it."""
        one = self.orders.get(asked.permanent) or self._by_number(asked.number)
        if self.link and one is not None and not one.state.is_over:
            self._withdraw(one)
            self._watch()

    def _withdraw(self, one: PaperOrder) -> None:
        if one.state.is_over:
            return
        self._end(one, OrderState.CANCELLED)
        if one.filled == 0:
            for child in self._living():
                if child.parent == one.number:
                    self._withdraw(child)

    def holdings(self) -> Holdings:
        """Everything, at this instant."""
        living = tuple(self._held(one) for one in self._living() if not one.hidden)
        positions = {self.contract: self.position}
        return Holdings(positions, (*living, *self.foreign), tuple(self.executions))

    # --- the market -------------------------------------------------------------------------

    def on_bar(self, minute: int, opens: int, high: int, low: int, close: int) -> None:
        """A bar begins, and with it all that it holds happens."""
        self.minute, self.bar, self.between = minute, (opens, high, low, close), False
        self.advance(max(self.now, minute * 60_000))
        for one in self._living():
            one.seen = None
        stop_first = self.terms.same_bar.value == "stop_first"
        reach = (opens, high, low)
        at_open = (opens, opens, opens)
        for one in self._living():
            if not self._is_exit(one):
                self._try(one, reach)
        for one in self._living():
            if self._is_exit(one) and one.kind is OrderKind.MARKET:
                self._try(one, at_open)
        for at_first, stops in ((True, True), (True, False), (False, stop_first),
                                (False, not stop_first)):  # fmt: skip
            for one in self._living():
                if self._is_exit(one) and (one.kind is OrderKind.STOP) == stops:
                    seen = one.seen or reach
                    self._try(one, (seen[0],) * 3 if at_first else seen)
        self._watch()

    def on_close(self) -> None:
        """The bar is over; nothing trades until the next one."""
        self.between = True

    def advance(self, now: int) -> None:
        """The clock."""
        if self.naked_since is not None:
            self.naked_longest = max(self.naked_longest, now - self.naked_since)
        self.now = now

    @property
    def equity(self) -> Decimal:
        """The account at the last price."""
        cash = self.cash + self.position * self.bar[3] * self.tick * self.multiplier
        return Decimal(cash.numerator) / Decimal(cash.denominator)

    def _is_exit(self, one: PaperOrder) -> bool:
        return bool(one.parent or one.group)

    def _meet_close(self, orders: list[PaperOrder]) -> None:
        close = self.bar[3]
        for one in orders:
            self._try(one, (close, close, close))

    def _try(self, one: PaperOrder, reach: tuple[int, int, int]) -> None:
        if one.state is not OrderState.WORKING:
            return
        first, high, low = reach
        slip = self.terms.slippage
        price = fill(KINDS[one.kind], one.action.sign, one.price or 0, first, high, low, slip)
        if price == NEVER:
            return
        size = one.left
        leg = leg_of(one.ref)
        opens = leg is not None and leg.role.opens
        if opens and one.filled == 0 and size > 1 and self.profile.hits("partial", one.ref):
            size = max(1, size // 2)
        raw = price - (0 if one.kind is OrderKind.LIMIT else one.action.sign * slip)
        after = (raw, high, low)
        stop_first = self.terms.same_bar.value == "stop_first"
        if one.kind is OrderKind.LIMIT and raw != first and stop_first:
            after = (raw, *rest_of_bar(one.action.sign, raw, high, low, self.bar[3]))
        self._execute(one, size, price)
        for child in self._living():
            if child.parent == one.number:
                child.seen = after

    def _execute(self, one: PaperOrder, size: int, price: int) -> None:
        one.filled += size
        sign = one.action.sign
        self.position += sign * size
        cost = price * self.tick * self.multiplier * size
        self.cash -= sign * cost + size * self.terms.commission
        told = Decimal(price) * Decimal(self.tick.numerator) / Decimal(self.tick.denominator)
        execution = Execution(
            f"x{len(self.executions)}", 1, one.ref, one.permanent, self.contract, one.action,
            size, told, self.minute,
        )  # fmt: skip
        self.executions.append(execution)
        leg = leg_of(one.ref)
        if leg is not None and leg.role.opens:
            self.entries[one.ref] = self.entries.get(one.ref, 0) + size
        self._tell(words.Executed(self.now, execution))
        commission = Decimal(str(float(self.terms.commission * size)))
        self._tell(words.Charged(self.now, execution.key, 1, commission))
        if one.left == 0:
            self._end(one, OrderState.FILLED)
            self._wake_children(one)
        else:
            self._say(one)
            if self.profile.wake_on_part:
                self._wake_children(one)
        if one.group:
            self._group_filled(one, size)

    def _wake_children(self, one: PaperOrder) -> None:
        for child in self._living():
            if child.parent == one.number and child.state is OrderState.HELD:
                stop = child.kind is OrderKind.STOP
                if stop and self.profile.hits("reject_stop", child.ref):
                    self._end(child, OrderState.REJECTED)
                else:
                    child.state = OrderState.WORKING
                    self._say(child)

    def _group_filled(self, one: PaperOrder, size: int) -> None:
        if not self.profile.reduce or one.left == 0:
            self.triggered.add(one.group)
        for other in self._living():
            if other is not one and other.group == one.group:
                if self.profile.reduce and other.left > size:
                    other.contracts -= size
                    self._say(other)
                else:
                    self._withdraw(other)

    # --- telling ----------------------------------------------------------------------------

    def _living(self) -> list[PaperOrder]:
        return [one for one in self.orders.values() if not one.state.is_over]

    def _by_number(self, number: int) -> PaperOrder | None:
        return next((one for one in self.orders.values() if number and one.number == number), None)

    def _end(self, one: PaperOrder, state: OrderState) -> None:
        one.state = state
        self._say(one)

    def _held(self, one: PaperOrder) -> HeldOrder:
        return HeldOrder(
            one.ref, one.permanent, one.number, 7, self.contract, one.action, one.kind, one.price,
            one.contracts, one.filled, one.state,
        )  # fmt: skip

    def _say(self, one: PaperOrder) -> None:
        if not self.profile.late_told:
            self._tell(words.Told(self.now, self._held(one)))

    def _tell(self, word: Word) -> None:
        if not self.link:
            return
        self.outbox.append(word)
        self.told += 1
        if self.profile.repeat and self.told % 3 == 0:
            self.outbox.append(word)

    def flush(self) -> list[Word]:
        """The words since the last time, in the order they arrive."""
        found, self.outbox = self.outbox, []
        if self.profile.shuffle:
            Random(self.profile.seed * 1_000_003 + self.told).shuffle(found)
        return found

    # --- the watch --------------------------------------------------------------------------

    def armed(self) -> int:
        """Contracts that armed stops would take out, a group counted once."""
        sign = 1 if self.position > 0 else -1
        largest: dict[str, int] = {}
        for one in self._living():
            stops = one.kind is OrderKind.STOP and one.state is OrderState.WORKING
            if stops and one.action.sign == -sign and self._is_exit(one):
                name = one.group or one.ref
                largest[name] = max(largest.get(name, 0), one.left)
        return sum(largest.values())

    def _watch(self) -> None:
        """Note since when a position has no armed stop for all of it."""
        if self.position == 0 or self.armed() >= abs(self.position):
            self.naked_since = None
        elif self.naked_since is None:
            self.naked_since = self.now
