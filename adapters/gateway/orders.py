"""An order as the gateway keeps it, and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapters.gateway.contracts import Contract
    from adapters.gateway.tape import Range

MARKET: Final = "MKT"
LIMIT: Final = "LMT"
STOP: Final = "STP"
STOP_LIMIT: Final = "STP LMT"
TRAIL: Final = "TRAIL"
TYPES: Final = (MARKET, LIMIT, STOP, STOP_LIMIT, TRAIL)
STOPS: Final = frozenset({STOP, STOP_LIMIT, TRAIL})
"""Types that wait for a trigger, which IB watches itself: in regular hours, unless told else."""

TIMES: Final = ("DAY", "GTC", "GTD", "IOC")

CANCEL_ALL: Final = 1
REDUCE: Final = 3


class Status(StrEnum):
    """The words of orderStatus."""

    PENDING = "PendingSubmit"
    PRESUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"


DONE: Final = frozenset({Status.CANCELLED, Status.FILLED, Status.INACTIVE})


COMPLETED: Final = 86_400.0
"""For so many seconds orders that are done can be asked for; then they are forgotten."""


class Held(StrEnum):
    """Why an order is not at the exchange, as `whyHeld` says it."""

    NOT = ""
    TRANSMIT = "transmit"
    CHILD = "child"
    TRIGGER = "trigger"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a client asks for. Prices are in ticks; `expires` seconds since the epoch (GTD)."""

    action: str
    quantity: int
    type: str
    limit: int | None = None
    stop: int | None = None
    trail_percent: float | None = None
    trail_from: int | None = None
    tif: str = "DAY"
    oca: str = ""
    oca_type: int = 0
    account: str = ""
    ref: str = ""
    parent: int = 0
    transmit: bool = True
    outside: bool = False
    what_if: bool = False
    good_till: str = ""
    expires: int | None = None
    open_close: str = ""
    origin: int = 0

    @property
    def sign(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self.action == "BUY" else -1


@dataclass(slots=True, eq=False)
class Order:
    """An order and how far it has come. `seen`: the part of the bar at hand it can meet yet."""

    id: int
    client: int
    perm: int
    contract: Contract
    ticket: Ticket
    quantity: int
    placed: float
    status: Status = Status.PENDING
    held: Held = Held.TRANSMIT
    filled: int = 0
    paid: int = 0
    last: int = 0
    fees: Fraction = Fraction(0)
    triggered: bool = False
    level: int | None = None
    seen: Range | None = None
    ended: float = 0.0
    outcome: str = ""
    wait_until: float = 0.0
    hidden: bool = False

    @property
    def left(self) -> int:
        """How much is not filled yet."""
        return self.quantity - self.filled

    @property
    def done(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in DONE

    @property
    def works(self) -> bool:
        """Whether it can be filled."""
        return not self.done and self.held in (Held.NOT, Held.TRIGGER)

    @property
    def average(self) -> Fraction:
        """The mean price of its fills, in ticks."""
        return Fraction(self.paid, self.filled) if self.filled else Fraction(0)

    @property
    def type(self) -> str:
        """What kind it is now: a stop that was triggered has become another."""
        if self.triggered:
            return LIMIT if self.ticket.type == STOP_LIMIT else MARKET
        return self.ticket.type

    @property
    def is_stop(self) -> bool:
        """Whether it waits for a trigger."""
        return self.ticket.type in STOPS and not self.triggered


@dataclass(frozen=True, slots=True)
class Execution:
    """Contracts changed hands; `price` in ticks, `realized` None where nothing was closed."""

    id: str
    order: Order
    time: float
    quantity: int
    price: int
    cumulative: int
    average: Fraction
    commission: Fraction
    realized: Fraction | None
