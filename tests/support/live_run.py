"""The whole live engine on a simulated gateway in memory, a real journal, and a virtual clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters import store
from adapters.bars.layout import Layout
from adapters.calendars import ExchangeCalendars
from adapters.database.reader import JournalReader
from adapters.gateway.config import Config
from adapters.gateway.gateway import Gateway
from adapters.gateway.pace import VirtualLoop
from adapters.ib.connection import IbBroker
from adapters.ib.feed import Manner
from adapters.ib.pacing import UNLIMITED
from adapters.ib.settings import Settings
from adapters.live.plan import Plan
from adapters.live.process import trade
from engine.execution import records as out
from engine.execution.terms import Flat, Terms
from engine.live.events import Stepped
from engine.run import run_batch
from tests.support.bars import minute_of
from tests.support.shipped import SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from adapters.ib.port import Broker
    from adapters.live.ending import Ending
    from adapters.live.runner import Runner
    from engine.domain.market import Ints, Market
    from engine.live import commands as cmd
    from engine.live.commands import Level
    from engine.live.events import Event

SPEC = next(file for file in SHIPPED if file.stem == "vwap_reversion")
"""It trades many times a day, and needs no history."""

CALENDARS = ExchangeCalendars()
TERMS = Terms(commission=Fraction("2.25"), flat=Flat.NEXT_OPEN)
"""The gateway's own commission, too."""

PLAYED = 1_020
"""The row of the first bar that is played: 15:00 UTC of the first date."""

BARS = 1_290
"""Until positions of the first date are out: five setups."""

SETTINGS = Settings(messages=0, limits=UNLIMITED, manner=Manner(grace=3.0, verify=0))


def market() -> Market:
    """The bars of the sample's first trading date."""
    return bars_for(SPEC).rows(0, BARS)


def gateway_of(bars: Market, played: int = PLAYED, **changes: Any) -> Gateway:
    """A gateway that begins with the bar of row `played`."""
    begins = float(int(bars.minute[played]) * 60)
    words = {"cash": Fraction(50_000), **changes}
    return Gateway(Config((bars,), begins=begins, **words), CALENDARS)


def plan_of(journal: Path, **changes: Any) -> Plan:
    """The shipped strategy as it is."""
    made = Plan(
        program=strategy_of(SPEC).program,
        file=str(SPEC),
        calendars=CALENDARS,
        events=events_for(SPEC),
        journal=journal,
        terms=TERMS,
        settings=SETTINGS,
    )
    return replace(made, **changes)


@dataclass
class Heard:
    """Everything a run told, and the run."""

    runner: Runner | None = None
    events: list[Event] = field(default_factory=list)
    held_back: list[cmd.Send | cmd.Cancel] = field(default_factory=list)
    alerts: list[tuple[int, Level, str]] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def began(self, runner: Runner) -> None:
        self.runner = runner
        self.ready.set()

    def happened(self, event: Event) -> None:
        self.events.append(event)

    def withheld(self, at: int, what: cmd.Send | cmd.Cancel) -> None:
        self.held_back.append(what)

    def alerted(self, at: int, level: Level, text: str) -> None:
        self.alerts.append((at, level, text))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def said(self, part: str) -> list[tuple[int, Level, str]]:
        return [one for one in self.alerts if part in one[2]]


@dataclass
class Lived:
    """How a run ended, what was heard, and what the gateway saw."""

    gateway: Gateway
    heard: Heard
    ending: Ending | None


def live(
    gateway: Gateway,
    plan: Plan,
    meanwhile: Callable[[Runner, Heard], Coroutine[Any, Any, None]] | None = None,
    *,
    behind: float = 0.0,
) -> Lived:
    """Run a plan until the bars are over; `meanwhile` runs beside it from the moment it trades.

    `behind`: seconds by which our clock is behind the broker's.
    """
    heard = Heard()

    def dial(settings: Settings, now: Callable[[], int]) -> Broker:
        return IbBroker(settings, dial=gateway.connect_memory, now=now)

    def now() -> int:
        return int((gateway.now - behind) * 1000)

    async def beside() -> None:
        await heard.ready.wait()
        assert heard.runner is not None
        if meanwhile is not None:
            await meanwhile(heard.runner, heard)
        while gateway.next_at() is not None:  # noqa: ASYNC110
            await asyncio.sleep(20)
        await asyncio.sleep(20)
        heard.runner.stop()

    async def work() -> Ending:
        aside = asyncio.get_running_loop().create_task(beside())
        try:
            return await trade(plan, heard, dial, now)
        finally:
            aside.cancel()
            (fault,) = await asyncio.gather(aside, return_exceptions=True)
            if isinstance(fault, AssertionError):
                raise fault

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(gateway)) as runner:
        return Lived(gateway, heard, runner.run(work()))


async def until(true: Callable[[], Any], seconds: float = 3_000.0) -> None:
    """Let the market go on until something is so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not true():
        assert loop.time() < end, "it never became so"
        await asyncio.sleep(1)


def records_in(journal: Path) -> Ints:
    """The records that a journal has."""
    with JournalReader.open(journal) as reader:
        events = [event for _, event in reader.events()]
    cells = [cell for one in events if isinstance(one, Stepped) for cell in one.records]
    return np.array(cells, np.int64).reshape(-1, out.WIDTH)


def backtest(bars: Market) -> Ints:
    """The records of the same bars in a backtest under the rule live trading has."""
    return run_batch(strategy_of(SPEC), bars, CALENDARS, TERMS, events_for(SPEC)).records


def rolling() -> tuple[Market, int]:
    """Bars of the night on which a new month is traded, and the row ten minutes before midnight."""
    instrument = strategy_of(SPEC).program.instrument
    bars, _ = store.resolve_with_notes(None, instrument, Layout())
    midnight = minute_of("2025-12-11 05:00")
    first, row, last = bars.minute.searchsorted([midnight - 900, midnight - 10, midnight + 10])
    return bars.rows(int(first), int(last)), int(row - first)
