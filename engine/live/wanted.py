"""What should live at the broker for a position, and the difference to what does.

A position lies in places: a part a target, and one for what has no target. The stop, the target and
the way out of a place share a group in which a fill cancels the others, so no contract can leave
twice. The difference is empty where all is as it should be, so it may be taken at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.live.holdings import OrderState
from engine.live.identity import Leg, Role
from engine.live.trader import group, way_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.live.family import Asked, Family
    from engine.live.holdings import HeldOrder
    from engine.live.standing import Standing


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a position: its stop, its targets by number, whether to leave now."""

    stop: int
    targets: Mapping[int, int]
    out: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Orders to send, in this order, then incarnations to withdraw."""

    sends: tuple[Asked, ...] = ()
    cancels: tuple[HeldOrder, ...] = ()


def left_in(family: Family, places: Sequence[int]) -> list[int]:
    """The contracts still in each place; their sum is what is held.

    More may have left a place than it had, when an old stop was larger: the others give it.
    """
    left = list(places)
    for one in family.executions:
        leg = one.leg
        if leg is not None and not leg.role.opens:
            left[min(leg.number, len(left) - 1)] -= one.contracts
    owed = -sum(min(0, part) for part in left)
    left = [max(0, part) for part in left]
    for number in reversed(range(len(left))):
        taken = min(owed, left[number])
        left[number] -= taken
        owed -= taken
    return left


def sent_places(family: Family) -> tuple[int, ...]:
    """The parts of what a family entered with, by the stops of its bracket alone.

    Of an entry that came in part each place has its share, rounded down, and the last one the rest.
    """
    first = {
        one.leg.number: one.order.contracts
        for one in family.asked
        if one.leg.role is Role.STOP and one.leg.attempt == 0
    }
    planned, last = sum(first.values()), max(first)
    parts = [first.get(number, 0) * family.entered // planned for number in range(last + 1)]
    parts[last] += family.entered - sum(parts)
    return tuple(parts)


def difference(
    family: Family,
    places: Sequence[int],
    wish: Wish,
    standing: Standing,
) -> Difference:
    """What to send and to withdraw so that the position of a family is as wished.

    `places`: the parts of what it entered with. What was sent and not heard of yet counts as
    living. What was refused is not asked for again while another stop protects, or on the way out;
    a refused way out is, after a rest. A stop is withdrawn only once the one in its place is armed.
    """
    sends: list[Asked] = []
    cancels: list[HeldOrder] = []
    for number, contracts in enumerate(left_in(family, places)):
        place = Place(family, number, contracts, standing)
        found = place.difference(wish) if contracts > 0 else Difference((), place.orders)
        sends += found.sends
        cancels += found.cancels
    cancels += [order for leg, order in standing.living if leg.role.opens]
    going = [one for one in cancels if one.state is not OrderState.CANCELLING]
    return Difference(tuple(sends), tuple(going))


class Place:
    """One part of a position, at the broker."""

    def __init__(self, family: Family, number: int, contracts: int, standing: Standing) -> None:
        """The orders of a place, those on their way included."""
        self.family, self.number, self.contracts = family, number, contracts
        mine = [one for one in family.asked if one.leg.number == number and not one.leg.role.opens]
        self.asked = {one.leg.ref: one for one in mine}
        self.orders = tuple(
            order for leg, order in standing.living if leg.number == number and not leg.role.opens
        )
        self.coming = [one for one in mine if one.leg.ref in standing.unheard]
        self.refused = [one for one in mine if one.leg.ref in standing.refused]
        self.resting = [one for one in mine if one.leg.ref in standing.resting]
        self.group = self._group(mine)

    def _group(self, mine: list[Asked]) -> str:
        """The group its next order belongs to: a new one once the last one did its work."""
        if not mine:
            return group(self.family.name, self.number)
        last = mine[-1].order.group
        filled = {one.ref for one in self.family.executions}
        if any(one.leg.ref in filled for one in mine if one.order.group == last):
            return group(self.family.name, self.number, self._following(Role.STOP).attempt)
        return last

    def _following(self, role: Role) -> Leg:
        """The leg of the next order of a role."""
        attempts = [one.leg.attempt for one in self.asked.values() if one.leg.role is role]
        return Leg(self.family.name, role, self.number, max(attempts, default=-1) + 1)

    def difference(self, wish: Wish) -> Difference:
        """What is missing and what is too much."""
        if wish.out and self._leaves():
            return Difference()
        wanted = self._wanted(wish)
        keep: set[int] = set()
        sends: list[Asked] = []
        armed = False
        for role, price in wanted:
            match = self._match(role, price)
            if match is not None:
                keep.add(match.permanent)
                armed |= role is Role.STOP
            elif not (
                self._asked_for(self.coming, role, price)
                or self._in_the_way(role)
                or ((self._is_armed or wish.out) and self._asked_for(self.refused, role, price))
            ):
                sends.append(self._order(role, price))
        if wish.out and not self._exits:
            sends.append(self._order(Role.EXIT, None))
        cancels = [
            one
            for one in self.orders
            if one.permanent not in keep and (armed or not self._is(Role.STOP, one))
        ]
        return Difference(tuple(sends), tuple(cancels))

    def _wanted(self, wish: Wish) -> list[tuple[Role, int]]:
        """The orders that should work; a place that is left gets no target that it lacks."""
        wanted = [(Role.STOP, wish.stop)]
        price = wish.targets.get(self.number)
        if price is not None and not (wish.out and self._match(Role.TARGET, price) is None):
            wanted.append((Role.TARGET, price))
        return wanted

    @property
    def _exits(self) -> bool:
        """Whether a way out is at the broker or on its way there, or rests."""
        there = any(self._is(Role.EXIT, one) for one in self.orders)
        return there or any(one.leg.role is Role.EXIT for one in (*self.coming, *self.resting))

    def _leaves(self) -> bool:
        """Whether a way out for all of it is at the broker, or on its way with a stop behind it."""
        there = any(
            self._is(Role.EXIT, one) and one.remaining == self.contracts for one in self.orders
        )
        return there or (self._exits and self._is_armed)

    def _in_the_way(self, role: Role) -> bool:
        """Whether another target still lives that could be filled beside a new one."""
        return role is Role.TARGET and any(self._is(role, one) for one in self.orders)

    def _is(self, role: Role, order: HeldOrder) -> bool:
        return self.asked[order.ref].leg.role is role

    def _match(self, role: Role, price: int) -> HeldOrder | None:
        """The living order that does this, if there is one."""
        for one in self.orders:
            fits = (one.price, one.remaining) == (price, self.contracts)
            works = one.state is OrderState.WORKING
            grouped = self.asked[one.ref].order.group == self.group
            if self._is(role, one) and fits and works and grouped:
                return one
        return None

    def _asked_for(self, asked: Sequence[Asked], role: Role, price: int) -> bool:
        """Whether such an order is among those."""
        return any(
            (one.leg.role, one.order.price, one.order.contracts) == (role, price, self.contracts)
            for one in asked
        )

    @property
    def _is_armed(self) -> bool:
        """Whether a stop for all of it works, be it at another price."""
        return any(
            self._is(Role.STOP, one)
            and one.state is OrderState.WORKING
            and one.remaining == self.contracts
            for one in self.orders
        )

    def _order(self, role: Role, price: int | None) -> Asked:
        leg = self._following(role)
        return way_out(self.family.action, leg, self.contracts, price, of=self.group)
