"""How the orders of a family stand, by the journal's books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.live.holdings import OrderState
from engine.live.identity import Role

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from engine.live.books import Books
    from engine.live.family import Family
    from engine.live.holdings import HeldOrder
    from engine.live.identity import Leg

Living = list[tuple["Leg", "HeldOrder"]]


@dataclass(frozen=True, slots=True)
class Standing:
    """The orders of a family, by what is known of them.

    `living`: incarnations of which something can still come. `unheard`: references sent and not
    heard of yet. `refused`: those the broker would not take; `resting`: those of them that were
    refused so lately that the same is not asked for again yet.
    """

    living: Living
    unheard: AbstractSet[str] = frozenset()
    refused: AbstractSet[str] = frozenset()
    resting: AbstractSet[str] = frozenset()


def standing_of(books: Books, family: Family, resting: AbstractSet[str]) -> Standing:
    """How the orders of a family stand by the books."""
    return Standing(
        living_of(books, family), unheard_of(books, family), refused_of(books, family), resting
    )


def told_of(books: Books, family: Family) -> dict[str, list[HeldOrder]]:
    """Every incarnation the broker told of, by reference."""
    found: dict[str, list[HeldOrder]] = {one.leg.ref: [] for one in family.asked}
    for order in books.incarnations.values():
        if order.ref in found:
            found[order.ref].append(order)
    return found


def living_of(books: Books, family: Family) -> Living:
    """The incarnations of which something can still come, with their legs."""
    told = told_of(books, family)
    return [
        (one.leg, order)
        for one in family.asked
        for order in told[one.leg.ref]
        if not order.state.is_over
    ]


def unheard_of(books: Books, family: Family) -> set[str]:
    """References that were sent and of which no word and no execution has come."""
    told = told_of(books, family)
    executed = {one.ref for one in family.executions}
    sent = {ref for ref in told if ref in books.numbers}
    return {ref for ref in sent if not told[ref] and ref not in executed}


def entry_is_over(books: Books, family: Family) -> bool:
    """Whether nothing more of the entry can come: filled, or withdrawn for good."""
    told = told_of(books, family)
    for one in family.asked:
        if one.leg.role.opens and family.entered < one.order.contracts:
            orders = told[one.leg.ref]
            if not orders or not all(order.state.is_over for order in orders):
                return False
    return True


def refused_of(books: Books, family: Family) -> set[str]:
    """References of orders that the broker would not take; what it never had was not refused.

    Nor was what came too late for its group: the broker takes no order into one of which another
    was filled, and the next one is of another group.
    """
    rejected = _ended(books, family, OrderState.REJECTED)
    return {ref for ref in rejected if not came_too_late(family, ref)}


def came_too_late(family: Family, ref: str) -> bool:
    """Whether another order of its group was filled, so that the broker takes no more into it."""
    group = next(one.order.group for one in family.asked if one.leg.ref == ref)
    filled = {one.ref for one in family.executions} - {ref}
    return bool(group) and any(
        one.leg.ref in filled for one in family.asked if one.order.group == group
    )


@dataclass(frozen=True, slots=True)
class Repairs:
    """Stops that were to protect a position anew and came to nothing, over all restarts.

    `lost` is the count of the place that lost most: a crash loses one in each.
    """

    refused: int
    lost: int


def repairs_of(books: Books, family: Family) -> Repairs:
    """What became of the stops sent after the first ones."""
    refused, lost = refused_of(books, family), _ended(books, family, OrderState.LOST)
    later = [one.leg for one in family.asked if one.leg.role is Role.STOP and one.leg.attempt > 0]
    places = Counter(leg.number for leg in later if leg.ref in lost)
    return Repairs(sum(leg.ref in refused for leg in later), max(places.values(), default=0))


def _ended(books: Books, family: Family, state: OrderState) -> set[str]:
    """References of which every incarnation ended so."""
    return {
        ref
        for ref, orders in told_of(books, family).items()
        if orders and all(order.state is state for order in orders)
    }
