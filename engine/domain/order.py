"""What is asked of a broker, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """Which way contracts go."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """1 for BUY, -1 for SELL."""
        return 1 if self is Action.BUY else -1

    @property
    def opposite(self) -> Action:
        """The way out again."""
        return Action.SELL if self is Action.BUY else Action.BUY


class OrderKind(StrEnum):
    """How an order is filled."""

    MARKET = "market"  # at the next price
    STOP = "stop"
    LIMIT = "limit"
    CLOSE = "close"  # at the close of the bar at hand


@dataclass(frozen=True, slots=True)
class Order:
    """An order. Its `id` is derived from the candidate, never random; `price` is in ticks.

    `parent`: works only once that order is filled. `group`: a fill takes as many contracts from
    every other order of the group (one cancels the other).
    """

    id: str
    action: Action
    kind: OrderKind
    contracts: int
    price: int | None = None
    parent: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        """Refuse an order that no broker could carry out."""
        if self.contracts < 1:
            raise ValueError(f"order {self.id} is for {self.contracts} contracts: give 1 or more")
        if (self.kind in (OrderKind.STOP, OrderKind.LIMIT)) != (self.price is not None):
            raise ValueError(f"order {self.id}: {self.kind} and the price {self.price} do not fit")


@dataclass(frozen=True, slots=True)
class Fill:
    """Contracts changed hands: `price` in ticks, `minute` the open of the bar it happened on."""

    order_id: str
    minute: int
    price: int
    contracts: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An order works no longer without being filled: cancelled, or its group was."""

    order_id: str
    minute: int


BrokerEvent = Fill | Withdrawn
