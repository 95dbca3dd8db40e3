"""What happened, one event at a time: the journal is a sequence of these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal  # noqa: TC003 - part of a public alias
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | None"
"""What an event may say: whole numbers, exact decimals, names; None where a value is not known."""


class EventKind(StrEnum):
    """The kinds of events."""

    DATA_GAP = "data_gap"  # bars are missing before this one
    START = "start"  # a candidate begins
    ADVANCE = "advance"  # it reaches a stage
    DEAD = "dead"  # it ends, with the reason
    DUPLICATE = "duplicate"  # it ends because an older one is the same setup
    ENTRY = "entry"  # it ends as a completed setup
    INTENT = "intent"  # a position is asked for
    ORDER = "order"  # the intent is admitted, with its size
    REFUSED = "refused"  # the intent is not admitted, or not on these terms
    CANCELLED = "cancelled"  # the entry order is taken back
    FILL = "fill"  # the entry order is done
    POSITION = "position"  # what is held now
    EXIT = "exit"  # a part of the position is out
    REDUCED = "reduced"  # the drawdown reduces the risk a trade
    RESTORED = "restored"  # it no longer does
    LATCH = "latch"  # the drawdown ends trading until a person clears the latch


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal.

    `seq` counts from 0; `time` is the open of bar number `bar` in UTC. `candidate` is
    `DATE/SIDE/ORDINAL`, `stage` the stage the candidate is in afterwards (where it ended: was in),
    `spec_line` the line of the specification that caused it. `values` keeps its order.
    """

    seq: int
    time: str
    bar: int
    kind: EventKind
    candidate: str | None = None
    side: str | None = None
    stage: str | None = None
    reason: str | None = None
    spec_line: int | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
