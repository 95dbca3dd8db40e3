"""What the live journal remembers: every wish of ours and every word of the broker, in order.

Each event carries the instant it was written down (`at`: milliseconds since the epoch, UTC, handed
in); what the broker said is written down as the word it was (`engine.live.words`). Everything
else that is known (`engine.live.books`) is a fold over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from engine.live.words import Charged, Executed, Refused, Told

if TYPE_CHECKING:
    from decimal import Decimal

    from engine.live.family import Asked, Family, Phase
    from engine.live.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Planned:
    """A setup became a family of orders. It is on disk before anything is sent."""

    at: int
    family: Family


@dataclass(frozen=True, slots=True)
class Wanted:
    """One more order of a family: a stop that protects or moves, a way out."""

    at: int
    family: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class Sending:
    """From here on the order may be at the broker. `number` is the one it is sent under."""

    at: int
    ref: str
    number: int


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """The broker is asked to cancel one incarnation of an order; `permanent` 0: it told of none."""

    at: int
    ref: str
    permanent: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A family entered a phase; `ending` names how one ended, `why` what showed it."""

    at: int
    family: str
    phase: Phase
    ending: str
    why: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notice of the broker that concerns no order."""

    at: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """The account as it was told: equity, and the trading date it belongs to."""

    at: int
    date: str
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Latched:
    """No entries from here on, until a person has looked."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unlatched:
    """A person cleared the latch, and said why. The drawdown is counted anew from here."""

    at: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Halted:
    """A person stopped the entries."""

    at: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """A person let entries happen again."""

    at: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A bar was traded: the account after it, and the records it brought, as whole numbers.

    Rows count from the bar that opened at minute `first`; `minute` is the traded bar's. `orders`
    are (intent, contracts, trading date) of the entries that wait, `booked` the keys of the
    executions that open positions have taken into account.
    """

    at: int
    strategy: str
    contract: int
    first: int
    minute: int
    account: tuple[int, ...]
    orders: tuple[int, ...]
    booked: tuple[str, ...]
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Belongs:
    """The journal is of this account, and of no other from here on."""

    at: int
    account: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a program is made of, before it trades; the last word on a program counts."""

    at: int
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Leads:
    """Another program trades from here on; this one goes on leading what it opened."""

    at: int
    strategy: str


@dataclass(frozen=True, slots=True)
class LaidDown:
    """A program that led what it had opened is not needed any more."""

    at: int
    strategy: str
    why: str


Event = (
    Planned
    | Wanted
    | Sending
    | Withdrawing
    | Told
    | Executed
    | Charged
    | Refused
    | Moved
    | Noticed
    | Marked
    | Latched
    | Unlatched
    | Halted
    | Resumed
    | Stepped
    | Belongs
    | Kept
    | Leads
    | LaidDown
)

KINDS: Final[dict[str, type[Event]]] = {kind.__name__.lower(): kind for kind in get_args(Event)}
"""Every kind of event by the name it is stored under. A name is never given to another kind."""


def kind_of(event: Event) -> str:
    """The name an event is stored under."""
    return type(event).__name__.lower()
