"""The broker as the runner sees it: a dozen calls, and values of our own.

A broker is never believed to have done what it was not heard to say. A question that is not
answered in time raises `Unanswered`: the answer is then unknown, which is neither yes nor no nor
nothing. What the broker says unasked comes out of `events` in the order it was said, closed bars
included: an order that was filled before a bar closed is told before the bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from engine.live import words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from decimal import Decimal
    from fractions import Fraction

    from dsl.ir.program import Instrument
    from engine.live.commands import Cancel, Send
    from engine.live.holdings import Holdings
    from engine.live.meanwhile import Making


class BrokerError(Exception):
    """The broker cannot be used as asked; the message says why and what to do."""


class NoGateway(BrokerError):
    """Nobody answers at the gateway's address."""


class ClientIdTaken(BrokerError):
    """Another program is connected under our client id, which is fixed: only it can cancel."""


class WrongAccount(BrokerError):
    """The login does not have the account."""


class ReadOnly(BrokerError):
    """The gateway does not take orders from programs."""


class Unanswered(BrokerError):
    """A question was not answered in time, or the connection ended: nothing is known."""


class NotConnected(Unanswered):
    """There is no connection."""


class RequestRefused(BrokerError):
    """The broker answered a question with an error: `code` and its words."""

    def __init__(self, code: int, text: str) -> None:
        """The code and the words of the broker."""
        super().__init__(f"IB answers {code}: {text}")
        self.code = code
        self.text = text


class UnknownZone(BrokerError):
    """The gateway writes times on a clock that is not known."""


class UnknownContract(BrokerError):
    """The broker has no such contract, or more than one, or one that is not as described."""


class DataRefused(BrokerError):
    """Live market data are not to be had: not subscribed, delayed, or taken by another session."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a connection found: every part of it was answered.

    `next_number` is the lowest order number that may be used. `ahead` says by how many
    milliseconds the broker's clock is ahead of ours (its clock shows whole seconds).
    `read_only`: the gateway takes no orders; connecting fails then unless that was allowed.
    `zone`: the clock of the gateway's login, by which it writes times that name none.
    """

    account: str
    accounts: tuple[str, ...]
    version: int
    library: str
    next_number: int
    server_seconds: int
    ahead: int
    read_only: bool
    figures: Figures
    zone: str = ""

    @property
    def is_paper(self) -> bool:
        """Whether the account is one without money: their numbers begin with D."""
        return self.account.startswith("D")


@dataclass(frozen=True, slots=True)
class Figures:
    """What the account is worth, in `currency`, as told at `at` (ms since the epoch, our clock).

    What was not told is None.
    """

    at: int
    currency: str = ""
    equity: Decimal | None = None
    available: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None

    def age(self, now: int) -> int:
        """How many milliseconds ago it was told."""
        return now - self.at


@dataclass(frozen=True, slots=True)
class Margins:
    """What an order would change, by the broker's own reckoning; it was not placed."""

    initial_change: Decimal | None
    maintenance_change: Decimal | None
    equity_after: Decimal | None
    initial_after: Decimal | None
    commission: Decimal | None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is held, each part asked for and answered, with the account's figures.

    `orders_known` is false only where the gateway is read-only and that was allowed: it does not
    tell of orders then.
    """

    at: int
    holdings: Holdings
    next_number: int
    figures: Figures
    orders_known: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """From and to in minutes since the epoch (UTC)."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True, order=True)
class Rung:
    """From the price `low` on, prices come in steps of `step`."""

    low: Fraction
    step: Fraction


@dataclass(frozen=True, slots=True)
class ContractInfo:
    """A contract that can be traded, checked against the instrument it stands for.

    `number` is the broker's lasting number; `expires` and `rolls` are dates as YYYYMMDD, empty
    where it does not expire. `sessions` and `regular` are the hours of the coming days. One of our
    contracts is `lot` of the broker's units (10,000 units of currency in a mini lot). `rule` is the
    number of its market rule, `ladder` what that says where some steps are coarser than the tick.
    """

    number: int
    instrument: Instrument
    symbol: str
    local: str
    kind: str
    exchange: str
    currency: str
    tick: Fraction
    multiplier: Fraction
    expires: str
    rolls: str
    zone: str
    sessions: tuple[Span, ...]
    regular: tuple[Span, ...]
    lot: int = 1
    rule: int = 0
    ladder: tuple[Rung, ...] = ()

    def is_open(self, minute: float) -> bool:
        """Whether it trades at that minute, by the hours the broker told."""
        return any(one.begins <= minute < one.ends for one in self.sessions)

    def closed_throughout(self, since: int, until: int) -> bool:
        """Whether it does not trade at all in these minutes, by hours told of both ends."""
        if not self.sessions or since < self.sessions[0].begins or until > self.sessions[-1].ends:
            return False
        return not any(one.begins < until and since < one.ends for one in self.sessions)


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed bar in ticks; `minute` is its open (minutes since the epoch, UTC)."""

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int

    def told(self, at: int) -> words.BarClosed:
        """The word of it."""
        return words.BarClosed(
            at, self.minute, self.open, self.high, self.low, self.close, self.volume
        )


class FeedKind(StrEnum):
    """What bars are made of."""

    HISTORY = "history"  # IB's own bars, kept up to date
    STEPS = "steps"  # 5-second bars
    TICKS = "ticks"


@dataclass(frozen=True, slots=True)
class Integrity:
    """Something could not be understood, or a part of ours failed: ask for everything."""

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """An order may not be as we think: ask for everything. `ref` empty: not one of ours."""

    at: int
    ref: str
    code: int
    why: str


@dataclass(frozen=True, slots=True)
class PositionTold:
    """Contracts that are held now, of one contract number."""

    at: int
    contract: int
    contracts: int


@dataclass(frozen=True, slots=True)
class FiguresTold:
    """The account's equity has changed."""

    at: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone: only `connect` brings another. A `LinkDown` came before it."""

    at: int
    why: str


@dataclass(frozen=True, slots=True)
class BarLate:
    """A bar that came when a later one was closed already: the strategy does not see it."""

    at: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class BarRevised:
    """The broker tells a bar differently than when it closed; `now` None: it has none."""

    at: int
    was: Bar
    now: Bar | None


BrokerWord = (
    words.BarClosed
    | words.Told
    | words.Executed
    | words.Charged
    | words.Refused
    | words.Notice
    | words.LinkDown
    | words.LinkUp
    | words.Data
    | words.Clock
    | Integrity
    | Doubt
    | PositionTold
    | FiguresTold
    | Disconnected
    | BarLate
    | BarRevised
)
"""What comes out of `events`; those of `engine.live.words` are for the desk as they are."""


class Broker(Protocol):
    """A broker.

    `recall` is asked for the price in ticks that an order of ours was to have, by its reference:
    where the broker's price steps are coarser, the order is told of with that price.
    """

    recall: Callable[[str], int | None]

    async def connect(self, *, above: int = 0) -> Session:
        """Connect, and have accounts, positions, orders and executions answered, or raise.

        `above`: order numbers up to this one were used. May be called again after a disconnection;
        nothing of the connection before is kept.
        """
        ...

    async def close(self) -> None:
        """End the connection; nothing is cancelled."""
        ...

    async def server_time(self) -> int:
        """The broker's clock, in seconds since the epoch. Also says: all that was told is done."""
        ...

    async def contract(self, instrument: Instrument) -> ContractInfo:
        """The contract to trade for an instrument now, checked; raises `UnknownContract`."""
        ...

    async def warm_up(
        self,
        contract: ContractInfo,
        bar_minutes: int,
        enough: Callable[[Sequence[Bar]], bool],
    ) -> list[Bar]:
        """Closed bars up to now, as many as `enough` wants if there are, oldest first."""
        ...

    async def fetch(
        self, contract: ContractInfo, bar_minutes: int, since: int, until: int
    ) -> list[Bar]:
        """The bars of history that open from minute `since` up to `until`, oldest first."""
        ...

    async def bars(
        self,
        contract: ContractInfo,
        bar_minutes: int,
        since: int | None,
        kind: FeedKind = FeedKind.HISTORY,
    ) -> None:
        """Let closed bars come out of `events`: all that open after minute `since`."""
        ...

    async def snapshot(self) -> Snapshot:
        """Everything that is held; raises `Unanswered` if any part was not answered."""
        ...

    def next_number(self) -> int:
        """A number for an order, never given before."""
        ...

    def send(self, order: Send, contract: ContractInfo) -> None:
        """Send an order. What becomes of it is only ever learnt from `events` and `snapshot`."""
        ...

    def cancel(self, what: Cancel) -> None:
        """Ask for an order to be withdrawn."""
        ...

    async def what_if(self, order: Send, contract: ContractInfo) -> Margins:
        """What an order would need; it is not placed."""
        ...

    def events(self) -> AsyncIterator[BrokerWord]:
        """What the broker says, in the order it was said, for ever."""
        ...

    @property
    def making(self) -> Making | None:
        """What has traded since the last closed bar that was followed; None: it is not known."""
        ...

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the gateway, which may itself have lost the broker."""
        ...

    @property
    def is_idle(self) -> bool:
        """Whether every word was taken and no bar waits for an answer of history."""
        ...
