"""What the engine asks of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.order import BrokerEvent, Order


class Broker(Protocol):
    """Where orders go. What became of them is only ever learnt from `events`."""

    def submit(self, order: Order) -> None:
        """Send an order; an id is used once."""
        ...

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be withdrawn; it may be filled all the same."""
        ...

    def events(self) -> Sequence[BrokerEvent]:
        """What happened since this was last asked, oldest first."""
        ...
