"""What the desk is told: by the market, the broker, the clock, a person. Each has its instant.

`at` is in milliseconds since the epoch, UTC, as the runner's clock had it when the word came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from engine.live.holdings import Execution, HeldOrder, Holdings
    from engine.live.meanwhile import Making


@dataclass(frozen=True, slots=True)
class BarClosed:
    """A bar that is over, in ticks; `minute` is its open."""

    at: int
    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass(frozen=True, slots=True)
class Told:
    """The broker said how an order stands."""

    at: int
    order: HeldOrder


@dataclass(frozen=True, slots=True)
class Executed:
    """Contracts changed hands, or an execution was corrected."""

    at: int
    execution: Execution


@dataclass(frozen=True, slots=True)
class Charged:
    """What an execution cost."""

    at: int
    key: str
    revision: int
    commission: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker would not take an order that it had never acknowledged."""

    at: int
    ref: str
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the broker said that changes nothing by itself; `ref`: the order it named."""

    at: int
    code: int
    text: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """Nothing is heard from the broker from here on."""

    at: int
    why: str = "the link is down"


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker is there again; what happened meanwhile is not known."""

    at: int
    data_kept: bool = True


@dataclass(frozen=True, slots=True)
class Data:
    """How the market data are: `trouble` says what is wrong with them, empty where nothing is."""

    at: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Followed:
    """The market is followed from here on: what closed before was told, what trades is heard."""

    at: int


@dataclass(frozen=True, slots=True)
class Clock:
    """By how many milliseconds the broker's clock is ahead of ours."""

    at: int
    ahead: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A snapshot that was asked for under `number`, all parts of it answered.

    `next_number` is the lowest order number that the broker takes; `making` what has traded since
    the last closed bar, None where that is not known.
    """

    at: int
    number: int
    holdings: Holdings
    next_number: int = 0
    making: Making | None = None


@dataclass(frozen=True, slots=True)
class EquityTold:
    """The account's equity; `date` is the trading date it belongs to."""

    at: int
    date: str
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""

    at: int


@dataclass(frozen=True, slots=True)
class Halt:
    """A person wants no entries."""

    at: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Resume:
    """A person wants entries again."""

    at: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Flatten:
    """A person wants to be out of everything of ours, and no entries."""

    at: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Unlatch:
    """A person clears the latch."""

    at: int
    who: str
    why: str


Word = (
    BarClosed
    | Told
    | Executed
    | Charged
    | Refused
    | Notice
    | LinkDown
    | LinkUp
    | Data
    | Followed
    | Clock
    | Answered
    | EquityTold
    | Tick
    | Halt
    | Resume
    | Flatten
    | Unlatch
)
