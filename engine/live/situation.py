"""Which case the broker's holdings make of a family: the columns of the reconcile table."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.domain.order import OrderKind
from engine.live.holdings import OrderState
from engine.live.identity import Role

if TYPE_CHECKING:
    from engine.live.family import Family
    from engine.live.holdings import HeldOrder, Holdings
    from engine.live.identity import Leg


class Situation(StrEnum):
    """What the broker holds of one family, its executions booked."""

    NOTHING = "nothing"  # no living order, no position
    RESTING = "resting"  # no position; the entry waits and every leg is there
    SPLIT = "split"  # no position; the entry is held, and what sets it to work is not there
    INCOMPLETE = "incomplete"  # no position; legs are asleep, missing, or without their entry
    PARTLY = "partly"  # a position, and the entry may still bring more
    PROTECTED = "protected"  # a position, and armed stops for exactly all of it
    EXPOSED = "exposed"  # a position, and armed stops for less, or for more: that would turn it
    FLAT = "flat"  # the position came and went; exits still live
    TWICE = "twice"  # one reference lives under two permanent numbers
    REVERSED = "reversed"  # more went out than came in


def situation_of(family: Family, holdings: Holdings) -> Situation:
    """The case at hand. The family's executions are booked before it is asked.

    An order that is being cancelled may still be filled, so it lives; it protects nothing.
    """
    living = list(holdings.living(family.name))
    references = Counter(order.ref for _, order in living)
    if any(count > 1 for count in references.values()):
        return Situation.TWICE
    if family.held < 0:
        return Situation.REVERSED
    if family.held > 0:
        return _holding(family, living)
    return _flat(family, living)


def _holding(family: Family, living: list[tuple[Leg, HeldOrder]]) -> Situation:
    if any(leg.role.opens for leg, _ in living):
        return Situation.PARTLY
    return Situation.PROTECTED if armed(family, living) == family.held else Situation.EXPOSED


def _flat(family: Family, living: list[tuple[Leg, HeldOrder]]) -> Situation:
    if not living:
        return Situation.NOTHING
    if family.entered > 0:
        return Situation.FLAT
    entry_works = any(leg.role.opens and order.state is OrderState.WORKING for leg, order in living)
    asked = {one.leg.ref for one in family.asked}
    whole = asked <= {order.ref for _, order in living}
    if entry_works and whole:
        return Situation.RESTING
    return Situation.SPLIT if _is_split(family, living) else Situation.INCOMPLETE


def _is_split(family: Family, living: list[tuple[Leg, HeldOrder]]) -> bool:
    """Whether the last order of a bracket never came: it alone sets the others to work."""
    entry = any(leg.role.opens for leg, _ in living)
    asleep = all(order.state is OrderState.HELD for _, order in living)
    transmits = family.asked[-1].leg.ref
    return entry and asleep and all(order.ref != transmits for _, order in living)


def armed(family: Family, living: list[tuple[Leg, HeldOrder]]) -> int:
    """Contracts that armed stops of the family would take out of its position.

    Stops of one number share a group in which one cancels the others: the largest of them counts.
    """
    way_out = family.action.opposite
    largest: dict[int, int] = {}
    for leg, order in living:
        if (
            leg.role is Role.STOP
            and order.kind is OrderKind.STOP
            and order.state is OrderState.WORKING
            and order.action is way_out
        ):
            largest[leg.number] = max(order.remaining, largest.get(leg.number, 0))
    return sum(largest.values())
