"""What we asked for: the orders of one setup, as the journal has them, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.domain.order import Action, Order
    from engine.live.holdings import Execution
    from engine.live.identity import Leg, Signal


class Phase(StrEnum):
    """How far a family is, by our own journal."""

    PLANNED = "planned"  # written down, never sent
    SENDING = "sending"  # may have been sent: the answer is not known
    WORKING = "working"  # the entry waits
    HOLDING = "holding"  # a position, protected
    CLOSING = "closing"  # we are on our way out
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Asked:
    """An order of ours with its leg; `order.id` is the leg's reference."""

    leg: Leg
    order: Order


@dataclass(frozen=True, slots=True)
class Family:
    """The orders of one setup; `action` is the entry's.

    `until`: the minute since the epoch at which its session ends and it has to go; None: it may
    stay. So a desk that does not know its program can lead it to its end.
    """

    signal: Signal
    action: Action
    phase: Phase
    asked: tuple[Asked, ...]
    executions: tuple[Execution, ...] = ()
    until: int | None = None

    @property
    def name(self) -> str:
        """The name its orders share."""
        return self.signal.family

    @property
    def contract(self) -> int:
        """The broker's number of the contract."""
        return self.signal.contract

    @property
    def entered(self) -> int:
        """Contracts that the entry brought."""
        return sum(one.contracts for one in self.executions if _opens(one))

    @property
    def left(self) -> int:
        """Contracts that exits took out, less those that were bought back after too many went."""
        return sum(
            one.contracts if one.action is not self.action else -one.contracts
            for one in self.executions
            if not _opens(one)
        )

    @property
    def held(self) -> int:
        """Contracts held now; below 0: more went out than came in."""
        return self.entered - self.left

    @property
    def position(self) -> int:
        """The same, signed as the broker does."""
        return self.action.sign * self.held

    def with_executions(self, found: Iterable[Execution]) -> Family:
        """With these booked: each once, and the latest revision of each."""
        kept = {one.key: one for one in self.executions}
        for one in found:
            leg = one.leg
            if leg is None or leg.family != self.name:
                continue
            before = kept.get(one.key)
            if before is None or one.revision >= before.revision:
                kept[one.key] = _with_commission(one, before)
        return replace(self, executions=tuple(kept.values()))


def _opens(execution: Execution) -> bool:
    leg = execution.leg
    return leg is not None and leg.role.opens


def _with_commission(one: Execution, before: Execution | None) -> Execution:
    """A commission that was known stays known: it is told apart from the execution."""
    if one.commission is None and before is not None and before.revision == one.revision:
        return replace(one, commission=before.commission)
    return one
