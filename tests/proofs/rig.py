"""The real engine on a simulated gateway, in one process: over a socket or in memory."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.database.journal import Journal
from adapters.gateway.carriers import port_of, serve
from adapters.gateway.config import Config
from adapters.gateway.exchange import Rules
from adapters.gateway.gateway import Gateway
from adapters.gateway.pace import Lockstep
from adapters.ib import feed
from adapters.ib.connection import IbBroker
from adapters.ib.settings import Settings
from adapters.live import connect, lifeline
from adapters.live.ending import Ending
from adapters.live.plan import Plan
from adapters.live.runner import Runner
from engine.execution.terms import Flat, Terms
from tests.support.patience import within
from tests.support.shipped import CALENDARS, events_for, program_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dsl.ir.program import Program
    from engine.domain.market import Ints, Market
    from engine.live import events as ev
    from engine.live.commands import Level

SCALP = Path(__file__).with_name("scalp.yaml")
ACCOUNT, CLIENT = "DU1234567", 17
TERMS = Terms(equity=Fraction(250_000), commission=Fraction(9, 4), slippage=1, flat=Flat.NEXT_OPEN)
"""Terms under which every cost leaves a trace, and nothing is refused for want of margin."""


@dataclass
class Ears:
    """Hears what the engine says; see `adapters.live.listener.Listener`."""

    alerts: list[tuple[str, str]] = field(default_factory=list)
    began_at: float = 0.0
    watch: Callable[[ev.Event], None] | None = None

    def began(self, runner: Runner) -> None:
        self.began_at = asyncio.get_running_loop().time()

    def happened(self, event: ev.Event) -> None:
        if self.watch is not None:
            self.watch(event)

    def withheld(self, at: int, what: object) -> None:
        raise AssertionError("nothing is withheld here")

    def alerted(self, at: int, level: Level, text: str) -> None:
        self.alerts.append((level.value, text))


@dataclass(frozen=True)
class Scene:
    """What is traded: a program, its market, under which terms."""

    program: Program
    market: Market
    terms: Terms = TERMS
    events: Mapping[str, Ints] = field(default_factory=dict)
    name: str = ""

    @classmethod
    def of(cls, spec: Path, market: Market, terms: Terms = TERMS) -> Scene:
        program = program_of(spec)
        return cls(program, market, terms, events_for(spec), spec.stem)

    def gateway(self, **changes: Any) -> Gateway:
        """A gateway that plays the market under the same terms."""
        terms = self.terms
        rules = Rules(
            terms.slippage, terms.same_bar.value == "stop_first", commission=terms.commission
        )
        words: dict[str, Any] = {"cash": terms.equity, "rules": rules, "check_margin": False}
        return Gateway(Config((self.market,), **(words | changes)), CALENDARS)

    def plan(self, journal: Path, **changes: Any) -> Plan:
        """A plan to trade it, sized from what is counted unless told otherwise."""
        plan = Plan(
            program=self.program, file=str(self.name), calendars=CALENDARS, events=self.events,
            journal=journal, terms=self.terms, counted=True, account=ACCOUNT,
            settings=Settings(client=CLIENT, timeout=2, messages=0),
        )  # fmt: skip
        return replace(plan, **changes)


@dataclass
class Outcome:
    """What came of a run."""

    gateway: Gateway
    alerts: list[tuple[str, str]]
    seconds: float
    journal: Path
    error: BaseException | None = None
    lost_patience: int = 0


@contextmanager
def impatient() -> Iterator[None]:
    """Seconds that a person would wait, as hundredths: a market in lockstep has none to lose.

    Between attempts to connect, to have live bars, and to have a hole filled by history.
    """
    before = (connect._FIRST, connect._LONGEST, lifeline._DATA_PAUSE, feed._PAUSES)
    connect._FIRST, connect._LONGEST, lifeline._DATA_PAUSE = 0.01, 0.05, 0.05  # type: ignore[misc]
    feed._PAUSES = (0.01, 0.02, 0.05)  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        connect._FIRST, connect._LONGEST, lifeline._DATA_PAUSE, feed._PAUSES = before  # type: ignore[misc]


async def _played(
    gateway: Gateway, plan: Plan, carrier: str, ears: Ears, patience: float
) -> Outcome:
    """Run the engine until the market is over."""
    loop = asyncio.get_running_loop()
    pace = Lockstep(gateway, patience=patience)
    pace.start()
    server = await serve(gateway) if carrier == "tcp" else None
    port = port_of(server) if server is not None else 4002
    plan = replace(plan, settings=replace(plan.settings, port=port))
    reach = gateway.connect_memory if carrier == "memory" else _by_socket
    journal = Journal.begin(plan.journal, account=ACCOUNT, client=CLIENT)
    began = loop.time()
    try:

        def dial(settings: Settings, now: Callable[[], int]) -> IbBroker:
            quick = replace(settings, timeout=plan.settings.timeout)
            return IbBroker(quick, dial=reach, now=now)

        engine = Runner(plan, journal, dial, ears)

        async def lived() -> None:
            """One run a contract, as `adapters.live.process` has it."""
            nonlocal engine
            while await engine.run() is Ending.ROLLED:
                engine = Runner(plan, journal, dial, ears)

        running = asyncio.ensure_future(lived())
        over = asyncio.ensure_future(pace.done.wait())
        await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
        for _ in range(20):
            await asyncio.sleep(0)
        engine.end(Ending.OVER)
        over.cancel()
        (error,) = await asyncio.gather(running, return_exceptions=True)
    finally:
        pace.stop()
        journal.close()
        if server is not None:
            server.close()
        for session in gateway.lines:
            session.close()
        for _ in range(5):
            await asyncio.sleep(0)
    return Outcome(
        gateway, ears.alerts, loop.time() - began, Path(plan.journal),
        error if isinstance(error, BaseException) else None, pace.lost_patience,
    )  # fmt: skip


def _by_socket(_: object) -> None:
    """Nothing has to be put in between."""


def played(
    gateway: Gateway,
    plan: Plan,
    carrier: str = "memory",
    *,
    patience: float = 10.0,
    ears: Ears | None = None,
    seconds: float = 600.0,
) -> Outcome:
    """Run the engine on a gateway until its market is over."""
    work = _played(gateway, plan, carrier, ears or Ears(), patience)
    with impatient(), asyncio.Runner(loop_factory=asyncio.new_event_loop) as loop:
        return loop.run(within(seconds, work))
