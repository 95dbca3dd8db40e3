"""How the running engine stands: one value, for the command line, the page and machines alike.

Prices and money are decimal numbers as text (exact, on the tick); instants are milliseconds since
the epoch, bars are minutes since the epoch (both UTC); what is not known is None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORM: Final = 1
"""Of this document; another number is another meaning of some field."""


class State(StrEnum):
    """What the engine is doing, in one word."""

    STARTING = "starting"
    CONNECTING = "connecting"
    WARMING_UP = "warming up"
    TRADING = "trading"  # entries may happen
    WATCHING = "watching"  # something stands in the way of entries: see `why_not`
    HALTED = "halted"  # a person stopped the entries
    LATCHED = "latched"  # a limit or a doubt stopped them, until a person clears it
    DOWN = "down"  # the gateway is not reached; stops work at the broker
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Process:
    """The engine and what it trades."""

    pid: int
    started: int
    version: str
    strategy: str
    program: str  # its hash
    file: str  # absolute
    instrument: str
    monitor_only: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """The way to the broker."""

    is_up: bool
    since: int
    host: str
    port: int
    client: int
    server: int | None = None  # version
    library: str = ""
    ahead: int | None = None  # the broker's clock, milliseconds ahead of ours
    attempts: int = 0  # since it was lost
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class AccountStands:
    """The account as the broker told it."""

    number: str
    is_paper: bool
    currency: str = ""
    equity: str | None = None
    available: str | None = None
    told: int | None = None


@dataclass(frozen=True, slots=True)
class MarketStands:
    """The contract and its last closed bar."""

    contract: str  # the broker's local name
    number: int
    expires: str
    is_open: bool
    bar_minutes: int
    last_bar: int | None = None
    price: str | None = None  # its close
    bars: int = 0  # seen, warm-up included
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class CandidateStands:
    """A setup that is alive: where it is, since when, and its levels by name."""

    name: str
    side: str
    stage: str
    started: int
    since: int
    levels: dict[str, str] = field(default_factory=dict)
    waits_for: str = ""  # conditions it lacks on its ways on, by name, as of the last bar


@dataclass(frozen=True, slots=True)
class OrderStands:
    """An order at the broker."""

    ref: str
    role: str
    action: str
    kind: str
    contracts: int
    filled: int
    price: str | None
    state: str
    number: int
    permanent: int


@dataclass(frozen=True, slots=True)
class PositionStands:
    """A position of ours and what protects it."""

    family: str
    side: str
    contracts: int
    entry: str
    stop: str | None
    targets: tuple[str, ...]
    opened: int
    open_profit: str | None
    is_protected: bool
    program: str = ""  # the hash of the one that opened it
    led_by: str = ""  # what leads it, where that is not the program that trades now


@dataclass(frozen=True, slots=True)
class EarlierStands:
    """A program of before whose positions or orders are open still."""

    program: str  # its hash
    name: str
    file: str
    leads: bool
    trouble: str = ""  # why it cannot lead what it opened, and its own orders do

    @property
    def words(self) -> str:
        """It in a sentence."""
        of = f" of {self.file}" if self.file else ""
        what = f"program {self.program} ({self.name or 'no name kept'}{of})"
        if self.leads:
            return f"{what} leads what it opened to its end; nothing enters before"
        why = f": {self.trouble}" if self.trouble else ""
        return f"{what} cannot lead what it opened{why}; its own orders do"


@dataclass(frozen=True, slots=True)
class RiskStands:
    """The limits and how near they are. Money in the account's currency, shares as text."""

    date: str
    profit_today: str
    profit_total: str
    peak: str | None
    drawdown: str | None  # share of the peak
    reduce_at: str | None  # the drawdown that halves sizes
    stop_at: str | None  # the drawdown that latches
    daily_loss_at: str | None
    entries_today: int
    entries_most: int | None
    latch: str = ""
    halted_by: str = ""
    halted_why: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An alert or an error, and when."""

    at: int
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """Everything a person asks of a running engine."""

    at: int
    state: State
    process: Process
    connection: Connection
    account: AccountStands | None = None
    market: MarketStands | None = None
    candidates: tuple[CandidateStands, ...] = ()
    orders: tuple[OrderStands, ...] = ()
    positions: tuple[PositionStands, ...] = ()
    earlier: tuple[EarlierStands, ...] = ()
    risk: RiskStands | None = None
    why_not: str = ""  # why no entry could happen now
    said: tuple[Said, ...] = ()  # the last alerts, newest first
    told: tuple[Said, ...] = ()  # what happened lately, a line each, newest first
    journal: str = ""  # where it is, without a password
    owner: str = ""  # the account that the journal is of
    events: int = 0  # written so far
    form: int = FORM


@cache
def _adapter() -> TypeAdapter[Status]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - 100 ms, and only for those who ask

    return TypeAdapter(Status)


def as_bytes(status: Status) -> bytes:
    """The status as one line of JSON."""
    return _adapter().dump_json(status)


def from_bytes(line: bytes) -> Status:
    """The status of a line of JSON. Raises `ValueError` where it is none."""
    return _adapter().validate_json(line)
