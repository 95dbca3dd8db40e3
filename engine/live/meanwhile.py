"""What has traded since a bar closed, and whether an entry decided on it comes too late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.domain.order import OrderKind

if TYPE_CHECKING:
    from engine.domain.order import Order
    from engine.live.family import Family


@dataclass(frozen=True, slots=True)
class Making:
    """The bar in the making: its open (minutes since the epoch), its prices so far, in ticks.

    `high` and `low` are None while nothing has traded since the last closed bar; `minute` is then
    where the next bar may begin.
    """

    minute: int
    high: int | None = None
    low: int | None = None


def too_late(family: Family, follows: int, making: Making) -> str:
    """Why an entry comes too late, in plain words; empty: it does not.

    `follows` is the minute at which the bar after its deciding bar opens. While that bar has traded
    at one price only, an order meets what it would have met in time.
    """
    if making.minute > follows:
        return "another bar has begun since"
    high, low = making.high, making.low
    if high is None or low is None or high == low:
        return ""
    met = [one.leg.ref for one in family.asked if _is_met(one.order, high, low)]
    return "the market was at its prices already" if met else ""


_ABOVE: Final = frozenset({(OrderKind.STOP, 1), (OrderKind.LIMIT, -1)})
"""Kinds of orders, with their signs, that are met from their price on upwards."""


def _is_met(order: Order, high: int, low: int) -> bool:
    """Whether prices up to `high` and down to `low` have met an order's price."""
    if order.price is None:
        return False
    is_above = (order.kind, order.action.sign) in _ABOVE
    return high >= order.price if is_above else low <= order.price
