"""What a gateway serves and how, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.gateway.exchange import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from adapters.gateway.contracts import Steps
    from adapters.gateway.faults import Plan
    from engine.domain.market import Market


class Matching(StrEnum):
    """What orders are matched against.

    `BAR`: each whole bar by the rules of the simulator, so that a live run can equal the backtest.
    `WAY`: the 5-second steps of the way prices took inside the bar (made up from the seed).
    """

    BAR = "bar"
    WAY = "way"


class Stops(StrEnum):
    """Whether a client may act on a bar's close before the bar is over."""

    HELD = "held"
    ALWAYS = "always"
    NEVER = "never"


class Unsent(StrEnum):
    """What becomes of orders that were not transmitted when their client leaves.

    `HIDDEN`: they are kept, and not told of before the client sends them once more.
    """

    KEPT = "kept"
    HIDDEN = "hidden"
    DROPPED = "dropped"


class BadConfig(ValueError):
    """The gateway cannot be what is asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Nightly:
    """Something that happens every day at a time on New York's clock, for so many seconds."""

    clock: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Clock:
    """How a gateway writes times: on the clock of its login's `zone`, with the name it has there.

    `name`: what it is called instead of `zone`; `bare`: executions come without it.
    """

    zone: str = "UTC"
    name: str | None = None
    bare: bool = False

    def greeting(self, now: float) -> str:
        """The time with which a client is greeted."""
        name = self.zone if self.name is None else self.name
        return f"{self._wall(now):%Y%m%d %H:%M:%S} {name}".rstrip()

    def execution(self, when: float) -> str:
        """The time of an execution."""
        return f"{self._wall(when):%Y%m%d  %H:%M:%S}" if self.bare else self.greeting(when)

    def _wall(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Config:
    """Markets to replay (bars of one size) and everything that may be chosen.

    `begins`: seconds since the epoch, or else `first` a trading date, begin the replay; earlier
    bars are history. By default the second trading date begins it, so there is something to warm
    up on. `last`: the last trading date that is played. `stop_at_close` says when a lockstep client
    is also asked at the close of a bar: while something is held, by default. For `unrest` seconds
    after anything happened to an order it is asked every second, too. `unsent`: what becomes of
    orders that were never transmitted when their client leaves. `fine`: play the
    5-second steps even if nobody listens to them. `check_margin`: reject what the account cannot
    bear. `steps`: price steps of instruments, by symbol, where they are coarser than their ticks.
    `archive`: let `truth` tell of orders and executions of all days, though clients are told
    of the last one only; without it memory stays the same for however long it is played.
    """

    markets: tuple[Market, ...]
    begins: float | None = None
    first: date | None = None
    last: date | None = None
    version: int = 176
    accounts: tuple[str, ...] = ("DU1234567",)
    cash: Fraction = Fraction(100_000)
    rules: Rules = Rules()  # noqa: RUF009 - frozen
    matching: Matching = Matching.BAR
    stop_at_close: Stops = Stops.HELD
    unrest: int = 6
    unsent: Unsent = Unsent.KEPT
    fine: bool = False
    check_margin: bool = True
    archive: bool = True
    seed: int = 0
    faults: tuple[Plan, ...] = ()
    clock: Clock = Clock()
    steps: Mapping[str, Steps] = field(default_factory=dict)
    restart: Nightly | None = None
    maintenance: Nightly | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be served."""
        if not self.markets or not any(len(market) for market in self.markets):
            raise BadConfig("there are no bars to serve: name other data or other dates")
        if len({market.bar_minutes for market in self.markets}) > 1:
            raise BadConfig("all markets must have bars of one size")
        if len({market.instrument.symbol for market in self.markets}) < len(self.markets):
            raise BadConfig("each market must be of another instrument")
        if not 157 <= self.version <= 178:
            raise BadConfig(f"there is no server version {self.version} here: 157 to 178")
        if not self.accounts or len(set(self.accounts)) < len(self.accounts):
            raise BadConfig("name at least one account, each once")
