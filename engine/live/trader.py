"""One strategy on one contract: its decisions, its account, and the orders these imply.

The account is the backtest's (`engine.execution.kernel`), asked by a floor of the broker's
executions. What it knows after a bar is a row of whole numbers, so a restart has the very same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.text import program_hash
from engine.domain.order import Action, Order, OrderKind
from engine.execution import kernel
from engine.execution import state as at
from engine.execution.hosted import ends_here, shares
from engine.execution.rules import rules_of
from engine.execution.simulation import Account, Simulator, new_account, offers_of
from engine.execution.terms import Flat, TermsError
from engine.live.family import Asked, Family, Phase
from engine.live.floor import LiveFloor, entry_price, live_kernel, live_reasons
from engine.live.identity import Leg, Role, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    from dsl.ir.program import Program
    from engine.domain.market import Ints
    from engine.execution.state import Desk
    from engine.execution.terms import Terms
    from engine.live.decider import Decider
    from engine.live.events import Stepped
    from engine.live.floor import Deal
    from engine.live.words import BarClosed

_ORDER: Final = slice(at.OFFER_PLANNED, at.OFFER_TARGETS)
_INHERITED: Final = (at.TOP, at.IS_REDUCED, at.IS_LATCHED, at.TRADES, at.WINS, at.WON, at.LOST)
_ACTIONS: Final = (Action.SELL, Action.BUY)
_KINDS: Final = (OrderKind.MARKET, OrderKind.STOP, OrderKind.LIMIT)


@dataclass(frozen=True, slots=True)
class Held:
    """A position as the account has it: where its stop is, and why it is to be left, if it is."""

    stop: int
    leaving: str


class Trader:
    """Takes bars, and trades each on what the broker did."""

    def __init__(
        self,
        program: Program,
        terms: Terms,
        contract: int,
        decider_of: Callable[[Simulator], Decider],
    ) -> None:
        """Before the first bar. `contract` is the broker's number of what is traded.

        Raises `TermsError` where a position would have to be closed at a close: live, nothing can
        be sent after a close.
        """
        if terms.flat is not Flat.NEXT_OPEN:
            raise TermsError("live, a position is closed at the next open: say --flat next_open")
        self.program, self.contract = program, contract
        self.strategy = program_hash(program)
        self.rules = rules_of(program, terms)
        self.reasons = live_reasons(program)
        self._floor = LiveFloor(program)
        self._simulator = Simulator(self.rules, kernel=live_kernel(self._floor))
        self._decider = decider_of(self._simulator)
        self._names: dict[int, str] = {}
        self._intents: dict[str, int] = {}
        self._scratch = new_account(self.rules).book
        self._scratch[at.TARGETS] = len(self.rules.shares)
        last = at.SHARES + len(self.rules.shares)
        self._scratch[at.SHARES : last] = self.rules.shares

    # --- bars -------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """How many bars it has taken."""
        return self._decider.rows

    @property
    def traded(self) -> int:
        """How many of them were traded, or needed no trading."""
        return self.account.next_row

    @property
    def offered(self) -> int:
        """How many intents the account has been offered."""
        return int(self.account.book[at.NEXT_OFFER])

    @property
    def account(self) -> Account:
        """The account after the last traded bar."""
        return self._simulator.account

    @property
    def is_busy(self) -> bool:
        """Whether something is open or waits, or was decided on a bar not traded yet."""
        return bool(
            self.account.open_positions
            or self.account.waiting
            or self.offered < len(self._decider.intents)
        )

    @property
    def is_free(self) -> bool:
        """Whether nothing is open and nothing waits."""
        return not (self.account.open_positions or self.account.waiting)

    def take(self, bar: BarClosed) -> int:
        """Decide on a closed bar; its row. Raises `BarOrderError`."""
        self._decider.take(bar)
        return self._decider.rows - 1

    def minute(self, row: int) -> int:
        """When a bar opened."""
        return self._decider.minute(row)

    def closes(self, row: int) -> int:
        """When a bar closed, in milliseconds."""
        return (self.minute(row) + self.program.bar_minutes) * 60_000

    def skip(self) -> None:
        """Trade none of the bars so far: they were a warm-up."""
        account = self.account.copy()
        account.book[at.NEXT_ROW] = self.rows
        account.book[[at.NEXT_OFFER, at.OLDEST]] = len(self._decider.intents)
        self._simulator.account = account

    def decide_no_more(self) -> None:
        """Another program trades: only what this one was offered so far is led to its end."""
        self._decider.close(self.offered)

    def trade(self, row: int, deals: Mapping[int, Deal]) -> Ints:
        """The records of a bar on what the broker did."""
        self._floor.show(deals)
        return self._decider.run(row + 1)

    # --- the account over restarts ----------------------------------------------------------

    def remembered(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The account, and the entries that wait: (intent, contracts, trading date) each."""
        account = self.account
        waiting = np.flatnonzero(account.orders[:, 0])
        orders = np.column_stack([waiting, account.orders[waiting]])
        return tuple(account.book.tolist()), tuple(orders.reshape(-1).tolist())

    def recall(self, step: Stepped) -> None:
        """Go on after the bar of a step; the bars up to it were taken, from its first one on.

        Raises `ValueError` where other bars were.
        """
        book = np.array(step.account, np.int64)
        row = int(book[at.NEXT_ROW]) - 1
        if self.rows <= row or (self.minute(0), self.minute(row)) != (step.first, step.minute):
            raise ValueError("these are not the bars that were traded before the restart")
        intents = self._decider.intents
        # what was decided while it only led its positions was never offered, and is not any more
        book[at.NEXT_OFFER] = np.searchsorted(intents.row, row, side="right")
        orders = np.zeros((len(intents), 2), np.int64)
        for intent, *order in np.array(step.orders, np.int64).reshape(-1, 3).tolist():
            orders[intent] = order
        self._simulator.account = Account(book, orders)

    def count_anew(self, equity: Fraction) -> None:
        """The equity the broker told, while nothing is open."""
        account = self.account.copy()
        units = int(equity * self.rules.money.scale)
        account.book[at.CASH] = units
        account.book[at.TOP] = max(units, int(account.book[at.TOP]))
        self._simulator.account = account

    def inherit(self, account: Sequence[int], *, counted: bool) -> None:
        """What an account remembers of its trades, from one that traded another contract's bars.

        `counted`: its money, too, which nobody else tells.
        """
        mine = self.account.copy()
        for cell in (*_INHERITED, at.CASH) if counted else _INHERITED:
            mine.book[cell] = account[cell]
        self._simulator.account = mine

    def remember_peak(self, peak: Fraction) -> None:
        """The most the account ever was worth: its drawdown is counted from there."""
        account = self.account.copy()
        units = int(peak * self.rules.money.scale)
        account.book[at.TOP] = max(units, int(account.book[at.TOP]))
        self._simulator.account = account

    def unlatch(self) -> None:
        """A person cleared the latch: the drawdown is counted anew from here."""
        self._simulator.account = self.account.unlatched()

    # --- names ------------------------------------------------------------------------------

    def signal(self, intent: int) -> Signal:
        """The setup that an intent came of."""
        row = int(self._decider.intents.row[intent])
        return Signal(
            self.strategy, self.contract, self.minute(row), self._decider.candidate(intent)
        )

    def name(self, intent: int) -> str:
        """The name of an intent's orders."""
        if intent not in self._names:
            self._names[intent] = name = self.signal(intent).family
            self._intents[name] = intent
        return self._names[intent]

    def name_all(self) -> None:
        """Name every intent so far, so that the orders of any can be told again."""
        for intent in range(len(self._decider.intents)):
            self.name(intent)

    def intent(self, name: str) -> int | None:
        """The intent whose orders have this name, of those that were named."""
        return self._intents.get(name)

    # --- what the account implies -----------------------------------------------------------

    def waiting(self) -> list[int]:
        """Intents that wait for their entry."""
        return np.flatnonzero(self.account.orders[:, 0]).tolist()

    def awaited(self) -> list[int]:
        """Those of them that may still be filled on the next bar."""
        return [] if ends_here(self.account.book.data) else self.waiting()

    def positions(self) -> dict[int, Held]:
        """Open positions by intent."""
        book = self.account.book.data
        found = {}
        for slot in range(book[at.OPEN]):
            start = kernel.position_at(book, slot)
            leaving = self.reasons[book[start + at.LEAVING]]
            found[book[start + at.INTENT]] = Held(book[start + at.STOP_AT], leaving)
        return found

    @property
    def places_free(self) -> int:
        """How many more positions may be open."""
        return int(self.rules.values[at.POSITIONS]) - self.account.open_positions

    def refusal(self, intent: int, deal: Deal) -> str:
        """Why the account will not take a fill, by the kernel's own check; empty: it will."""
        desk = self._desk()
        cell = kernel.offer_at(desk.book, intent)
        side = desk.offers[cell + at.OFFER_SIDE]
        sign, base = 2 * side - 1, at.RULES + side * at.RULE_CELLS
        paid = entry_price(deal, sign)
        is_limit = _KINDS[desk.book[base + at.ORDER]] is OrderKind.LIMIT
        raw = paid if is_limit else paid - sign * desk.book[base + at.SLIPPAGE]
        return self.reasons[kernel.refusal_on_fill(desk, cell, raw, paid)]

    def _desk(self) -> Desk:
        intents, orders = self._decider.intents, self.account.orders
        offers = offers_of(intents, len(self.rules.shares))
        kept = min(len(intents), len(orders))
        offers[:kept, _ORDER] = orders[:kept]
        empty = np.zeros(0, np.int64)
        return at.Desk(self.account.book.data, offers.reshape(-1).data, empty.data)

    # --- orders -----------------------------------------------------------------------------

    def places(self, contracts: int) -> tuple[int, ...]:
        """How so many contracts are shared out: a part a target, and last what has no target."""
        parts = shares(self._scratch.data, contracts)
        return (*parts, contracts - sum(parts))

    def family(self, intent: int) -> Family:
        """The orders of a setup: the entry, then every target, then every stop.

        A target and its stop have one number and one group: one of them is filled, the other is
        cancelled. Contracts without a target have a stop alone.
        """
        intents, name = self._decider.intents, self.name(intent)
        side = int(intents.side[intent])
        base, action = side * at.RULE_CELLS, _ACTIONS[side]
        kind = _KINDS[int(self.rules.values[base + at.ORDER])]
        price = None if kind is OrderKind.MARKET else int(intents.entry_price[intent])
        planned = int(self.account.orders[intent, 0])
        entry = Leg(name, Role.ENTRY)
        asked = [Asked(entry, Order(entry.ref, action, kind, planned, price))]
        stop, targets = int(intents.stop[intent]), intents.targets[intent].tolist()
        places = self.places(planned)
        for number, part in enumerate(places[:-1]):
            if part > 0:
                leg = Leg(name, Role.TARGET, number)
                asked.append(way_out(action, leg, part, targets[number], entry.ref))
        for number, part in enumerate(places):
            if part > 0:
                leg = Leg(name, Role.STOP, number)
                asked.append(way_out(action, leg, part, stop, entry.ref))
        until = self._decider.session_end
        return Family(self.signal(intent), action, Phase.PLANNED, tuple(asked), until=until)

    def targets(self, family: Family) -> dict[int, int]:
        """The prices of a family's targets, by number."""
        intent = self.intent(family.name)
        if intent is None:
            return {}
        return dict(enumerate(self._decider.intents.targets[intent].tolist()))


def unlatched(step: Stepped, now: int) -> Stepped:
    """The account of a step after a person cleared the latch, as a step without records."""
    orders = np.zeros((0, 2), np.int64)
    account = Account(np.array(step.account, np.int64), orders).unlatched()
    return replace(step, at=now, account=tuple(account.book.tolist()), records=())


_WAYS: Final = {
    Role.STOP: OrderKind.STOP,
    Role.TARGET: OrderKind.LIMIT,
    Role.EXIT: OrderKind.MARKET,
}


def group(name: str, number: int, generation: int = 0) -> str:
    """The name of a group of orders of which one is filled and the others are cancelled."""
    return f"{name}:{number}.{generation}"


def way_out(
    entry: Action, leg: Leg, contracts: int, price: int | None, parent: str = "", of: str = ""
) -> Asked:
    """An order that takes contracts of a position out; `of`: its group, else the first of them."""
    of = of or group(leg.family, leg.number)
    return Asked(leg, Order(leg.ref, entry.opposite, _WAYS[leg.role], contracts, price, parent, of))
