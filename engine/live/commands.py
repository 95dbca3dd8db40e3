"""What the desk asks for. Commands are carried out in order, after their events are on disk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.domain.order import Order
    from engine.live.identity import Leg


@dataclass(frozen=True, slots=True)
class Send:
    """Send an order. `parent` is the number of the order it waits for, 0 for none.

    `transmit` false: the broker keeps it and does nothing, until a later order of its family
    transmits. `group`: one of the orders that share it is filled, and the others are cancelled.
    """

    leg: Leg
    order: Order
    number: int
    contract: int
    parent: int = 0
    group: str = ""
    transmit: bool = True
    lasts: str = "GTC"
    outside_hours: bool = True


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ask for one incarnation of an order to be withdrawn; `permanent` 0: whatever has `number`."""

    ref: str
    number: int
    permanent: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the broker for everything: positions, all open orders, executions. See `Answered`."""

    number: int


class Level(StrEnum):
    """How loud."""

    NOTE = "note"
    WARNING = "warning"
    ALARM = "alarm"  # somebody has to look now


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell a person."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Give a `Tick` at this instant (milliseconds since the epoch, UTC)."""

    at: int


Command = Send | Cancel | Ask | Alert | WakeAt
