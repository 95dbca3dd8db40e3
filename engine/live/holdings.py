"""What a broker says it holds: orders, executions, positions, each the answer to a question."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from engine.live.identity import Leg, leg_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from engine.domain.order import Action, OrderKind


class OrderState(StrEnum):
    """How far an order is, by the broker's messages alone; a library's own status is not read."""

    UNKNOWN = "unknown"  # sent, nothing heard: it may be anything
    HELD = "held"  # known to the broker and asleep: not transmitted, or its parent is not filled
    WORKING = "working"  # can be filled; a stop: armed
    CANCELLING = "cancelling"  # the broker was asked to withdraw it and may still fill it
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    LOST = "lost"  # sent, and the broker never had it: nobody refused it, so it may be sent anew

    @property
    def is_over(self) -> bool:
        """Whether nothing can come of it any more."""
        return self in _OVER


_OVER: Final = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.LOST}
)


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """One incarnation of an order at the broker. `price` is in ticks, None for a market order.

    `permanent` is the broker's lasting number; a reference with two of them is one order twice.
    """

    ref: str
    permanent: int
    number: int
    client: int
    contract: int
    action: Action
    kind: OrderKind
    price: int | None
    contracts: int
    filled: int
    state: OrderState
    lasts: str = "GTC"
    outside_hours: bool = True

    @property
    def leg(self) -> Leg | None:
        """Which of our orders it is; None: not one of ours."""
        return leg_of(self.ref)

    @property
    def remaining(self) -> int:
        """Contracts that may still change hands."""
        return 0 if self.state.is_over else self.contracts - self.filled


@dataclass(frozen=True, slots=True)
class Execution:
    """Contracts that changed hands. `key` stays the same when the broker corrects it.

    `price` is as the broker said it; `minute` is since the epoch, UTC.
    """

    key: str
    revision: int
    ref: str
    permanent: int
    contract: int
    action: Action
    contracts: int
    price: Decimal
    minute: int
    commission: Decimal | None = None

    @property
    def leg(self) -> Leg | None:
        """Which of our orders it belongs to; None: not one of ours."""
        return leg_of(self.ref)

    def says_as(self, other: Execution) -> bool:
        """Whether both say the same; what it cost is told apart."""
        return _deal(self) == _deal(other)


_deal: Final = attrgetter(*(one.name for one in fields(Execution) if one.name != "commission"))


@dataclass(frozen=True, slots=True)
class Holdings:
    """A snapshot: every part was asked for and answered, else there is no snapshot.

    `positions` are signed contracts by contract number (0 may be left out).
    """

    positions: Mapping[int, int] = field(default_factory=dict)
    orders: tuple[HeldOrder, ...] = ()
    executions: tuple[Execution, ...] = ()

    def position(self, contract: int) -> int:
        """Signed contracts held."""
        return self.positions.get(contract, 0)

    def living(self, family: str) -> Iterator[tuple[Leg, HeldOrder]]:
        """The orders of a family of which something can still come, with their legs."""
        for order in self.orders:
            leg = order.leg
            if leg is not None and leg.family == family and not order.state.is_over:
                yield leg, order

    def foreign(self, contract: int) -> tuple[HeldOrder, ...]:
        """Living orders on a contract that are not ours: they are never touched."""
        return tuple(
            order
            for order in self.orders
            if order.contract == contract and order.leg is None and not order.state.is_over
        )
