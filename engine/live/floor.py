"""The executions of a bar as answers to the simulator's kernel: its rules, the broker's fills.

The kernel of the backtest is asked bar by bar, as `engine.execution.hosted` does it. What a real
broker does otherwise than the simulator is told to it here and nowhere else: an entry that came in
part or at several prices, an exit that is late, an exit that nobody planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final

from engine.execution import kernel
from engine.execution import state as at
from engine.execution.fills import LIMIT, NEVER
from engine.execution.hosted import copied
from engine.execution.records import Reason, reason_names
from engine.live.identity import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dsl.ir.program import Program
    from engine.execution.state import Cells, Desk, Tape
    from engine.live.family import Family
    from engine.live.holdings import Execution

_STOP: Final = int(Reason.STOP)
_TARGETS: Final = len(Reason)
_REACHED: Final = -1
FLATTENED: Final = "flattened"


def live_reasons(program: Program) -> tuple[str, ...]:
    """The names of the reasons in live records: the backtest's, and that somebody closed it."""
    return (*reason_names(program), FLATTENED)


@dataclass(frozen=True, slots=True)
class Way:
    """Contracts that left: by a stop, by target `number`, or at the market; `price` in ticks."""

    role: Role
    number: int
    contracts: int
    price: Fraction


@dataclass(frozen=True, slots=True)
class Deal:
    """What the broker did for one setup, and no bar has told the kernel yet.

    `pending`: part of the entry is filled and the rest may still come, so the count is not final.
    `worth` is the sum of price x contracts of the entry, in ticks.
    """

    entered: int = 0
    worth: Fraction = Fraction(0)
    pending: bool = False
    ways: tuple[Way, ...] = ()


def deal_of(
    family: Family, executions: Iterable[Execution], tick: Fraction, *, final: bool
) -> Deal:
    """A deal from executions of a family; `final`: nothing more of the entry can come."""
    entered, worth, ways = 0, Fraction(0), []
    for one in sorted(executions, key=_in_a_bar):
        leg = one.leg
        if leg is None or leg.family != family.name:
            continue
        price = Fraction(one.price) / tick
        if leg.role.opens:
            entered += one.contracts
            worth += price * one.contracts
        else:
            ways.append(Way(leg.role, leg.number, one.contracts, price))
    return Deal(entered, worth, entered > 0 and not final, tuple(_merged(ways)))


def _in_a_bar(one: Execution) -> tuple[int, int, int, str]:
    """The order of a bar's executions, which words of a broker that come in any order do not have.

    Targets as they are numbered, then the stop, then the market: nothing is left after those two.
    """
    leg = one.leg
    role, number = (_LAST, 0) if leg is None else (_TURN[leg.role], leg.number)
    return one.minute, role, number, one.key


def _merged(ways: Sequence[Way]) -> Iterable[Way]:
    """Exits of one kind at one price in a row are one: a stop is sent in as many parts as targets.

    So one exit of the strategy is one record, however many executions it took.
    """

    def alike(way: Way) -> tuple[Role, int, Fraction]:
        return way.role, way.number if way.role is Role.TARGET else 0, way.price

    for (role, number, price), same in groupby(ways, alike):
        yield Way(role, number, sum(way.contracts for way in same), price)


_TURN: Final = {Role.ENTRY: 0, Role.TARGET: 1, Role.STOP: 2, Role.EXIT: 3}
_LAST: Final = 4


class LiveFloor:
    """Answers of one bar; `deals` are by intent."""

    def __init__(self, program: Program) -> None:
        """Before any bar."""
        self.deals: dict[int, Deal] = {}
        self.flattened = len(reason_names(program))

    def show(self, deals: Mapping[int, Deal]) -> None:
        """What there is to ask about on the next bar."""
        self.deals = dict(deals)

    def of(self, intent: int) -> Deal:
        """The deal of an intent."""
        return self.deals.get(intent, Deal())

    def taken(self, intent: int) -> tuple[Way, ...]:
        """The ways out of an intent; each is given once."""
        deal = self.of(intent)
        self.deals[intent] = Deal(deal.entered, deal.worth, deal.pending)
        return deal.ways


def entry_price(deal: Deal, sign: int) -> int:
    """What was paid a contract, in whole ticks, rounded against us."""
    mean = deal.worth / deal.entered
    return ceil(mean) if sign > 0 else floor(mean)


def live_kernel(floor_of_bar: LiveFloor) -> Callable[[Tape, Desk, int], int]:
    """`kernel.simulate` on what the broker did, for `Simulator(kernel=...)`; plain Python only."""
    names = copied()
    names |= {
        **_entries(names, floor_of_bar),
        **_exits(names, floor_of_bar),
        "is_touched": lambda *_: True,  # the broker knows
        "skip_quiet_bars": lambda _tape, _book, row, _stop: row,  # it must see every bar
    }
    run: Callable[[Tape, Desk, int], int] = names["simulate"]
    return run


def _entries(names: Mapping[str, Any], show: LiveFloor) -> dict[str, Callable[..., object]]:
    """The kernel's questions about entries, answered."""
    try_entry, hold = names["try_entry"], names["hold"]

    def entered(desk: Desk, row: int, intent: int) -> None:
        if not show.of(intent).pending:
            try_entry(desk, row, intent)

    def entry_met(desk: Desk, intent: int) -> int:
        deal = show.of(intent)
        if deal.entered == 0:
            return NEVER
        side, base = _side_of(desk, intent)
        sign = 2 * side - 1
        paid = entry_price(deal, sign)
        slippage = desk.book[base + at.SLIPPAGE]
        return paid if desk.book[base + at.ORDER] == LIMIT else paid - sign * slippage

    def held(desk: Desk, row: int, intent: int, raw: int, price: int) -> None:
        deal, book = show.of(intent), desk.book
        side, base = _side_of(desk, intent)
        start = kernel.position_at(book, book[at.OPEN])
        desk.offers[kernel.offer_at(book, intent) + at.OFFER_PLANNED] = deal.entered
        hold(desk, row, intent, raw, price)
        better = (2 * side - 1) * (price * deal.entered - deal.worth)
        book[start + at.GROSS] += floor(better * book[base + at.TICK_VALUE])

    return {"try_entry": entered, "entry_met": entry_met, "hold": held}


def _exits(names: Mapping[str, Any], show: LiveFloor) -> dict[str, Callable[..., object]]:
    """The kernel's questions about positions, answered."""
    take_out, target_met = names["take_out"], names["target_met"]

    def meet(
        desk: Desk, row: int, start: int, first: int, high: int, low: int, _stop_first: int
    ) -> None:
        book = desk.book
        out(desk, row, start, show.flattened, first)
        for target in range(book[at.TARGETS]):
            if book[start + at.LEFT] == 0 or book[start + at.PARTS + target] != 0:
                continue
            if target_met(desk, start, target, first, high, low) != NEVER:
                book[start + at.PARTS + target] = _REACHED
                kernel.find_nearest(desk, start)

    def leave(desk: Desk, row: int, start: int, _price: int, reason: int) -> None:
        out(desk, row, start, reason)
        if desk.book[start + at.LEFT] > 0:
            desk.book[start + at.LEAVING] = reason  # it is late: asked again on the next bar

    def out(desk: Desk, row: int, start: int, reason: int, first: int = NEVER) -> None:
        """Book every way out that the broker told of; those at the market have this reason."""
        book = desk.book
        for way in _opening_first(show.taken(book[start + at.INTENT]), first):
            size = min(way.contracts, book[start + at.LEFT])
            if size == 0:
                continue
            why = {Role.STOP: _STOP, Role.TARGET: _TARGETS + way.number}.get(way.role, reason)
            if way.role is Role.TARGET:
                _reach(book, start, way.number, size)
                kernel.find_nearest(desk, start)
            sign, side = 2 * book[start + at.SIDE] - 1, book[start + at.SIDE]
            price = floor(way.price) if sign > 0 else ceil(way.price)
            take_out(desk, row, start, price, size, why)
            value = book[at.RULES + side * at.RULE_CELLS + at.TICK_VALUE]
            book[start + at.GROSS] += floor(sign * (way.price - price) * size * value)

    return {"meet": meet, "leave": leave}


def _opening_first(ways: Iterable[Way], first: int) -> Iterable[Way]:
    """Targets that were reached at a bar's first price came before all others, as in the kernel."""
    return sorted(ways, key=lambda way: way.role is not Role.TARGET or way.price != first)


def _side_of(desk: Desk, intent: int) -> tuple[int, int]:
    """The side of an intent, and where its rules begin."""
    side = desk.offers[intent * (at.OFFER_TARGETS + desk.book[at.TARGETS]) + at.OFFER_SIDE]
    return side, at.RULES + side * at.RULE_CELLS


def _reach(book: Cells, start: int, target: int, size: int) -> None:
    """So many contracts of a target are out; it is reached with the last of them."""
    cell = start + at.PARTS + target
    left = max(0, book[cell] - size)
    book[cell] = left or _REACHED
