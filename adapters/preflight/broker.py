"""What a gateway must answer before anything is traded over it. Nothing is placed or changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapters.calendars import ExchangeCalendars
from adapters.ib.connection import IbBroker
from adapters.ib.port import (
    BrokerError,
    ClientIdTaken,
    DataRefused,
    NoGateway,
    UnknownContract,
    WrongAccount,
)
from adapters.live.clocks import wall
from adapters.live.connect import for_replay, is_replay
from adapters.live.dates import TradingDates
from adapters.live.errors import BadAccount
from adapters.live.plan import Plan, check_owner, check_words, is_real
from adapters.live.warmup import lacking, needed
from adapters.preflight.check import (
    Checked,
    Found,
    failed,
    ok,
    skipped,
    timed,
    warning,
)
from dsl.quantities import plain
from engine.live.identity import leg_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from adapters.ib.port import Bar, ContractInfo, Session, Snapshot
    from adapters.ib.settings import Settings
    from dsl.ir.program import Program

SKEW, TOO_FAR = 2_000, 10_000
"""Milliseconds by which clocks may part before it is said, and before nothing is entered."""

HISTORY: Final = 90.0
"""Seconds that history may take: requests for it are paced."""

_NO_STRATEGY: Final = "name a strategy: engine doctor SPEC --live"


@dataclass(slots=True)
class Gateway:
    """A gateway that is looked at with a client id; `program` is what is about to be traded.

    `owner` is the account that the journal is of, empty where that is not known.
    """

    settings: Settings
    program: Program | None
    owner: str = ""
    now: Callable[[], int] = field(default_factory=lambda: wall)

    async def checks(self) -> AsyncIterator[Checked]:
        """Every check, as it is made; what rests on one that failed is skipped."""
        settings = self.settings
        yield _at_once("account, port", words(settings.account, settings.port))
        broker = IbBroker(settings, now=self.now)
        try:
            reached, session = await self._reached(broker)
            for checked in reached:
                yield checked
            if session is None:
                for name in ("clock", "orders", "contract", "market data", "history", "holdings"):
                    yield _at_once(name, skipped("there is no connection"))
                return
            yield _at_once("clock", clock(session))
            yield _at_once("orders", orders(session))
            if is_replay(session):
                await broker.close()
                broker = IbBroker(for_replay(settings), now=self.now)
                await broker.connect()
            async for checked in self._of_contract(broker):
                yield checked
        finally:
            await broker.close()

    async def _reached(self, broker: IbBroker) -> tuple[list[Checked], Session | None]:
        """The connection and the account; the session, where there is one."""
        place = f"{self.settings.host}:{self.settings.port}"
        met: list[Session] = []
        other: list[Checked] = []

        async def connect() -> Found:
            try:
                met.append(await broker.connect())
            except ClientIdTaken as taken:
                other.append(_at_once("client id", failed(str(taken), "say --client with another")))
            except WrongAccount as wrong:
                other.append(
                    _at_once("account", failed(str(wrong), "say --account with one of them"))
                )
            if not met:
                return ok(f"{place} answers")
            return ok(f"{place}, server version {met[0].version}, by {met[0].library}")

        checked = await timed("gateway", _as_found(connect()))
        if not met:
            return [checked, *other], None
        found = account(met[0], self.settings.account, self.owner)
        return [checked, _at_once("account", found)], met[0]

    async def _of_contract(self, broker: IbBroker) -> AsyncIterator[Checked]:
        """What rests on the contract that is traded."""
        if self.program is None:
            for name in ("contract", "market data", "history"):
                yield _at_once(name, skipped(_NO_STRATEGY))
            return
        program = self.program
        traded: list[ContractInfo] = []

        async def contract() -> Found:
            traded.append(await broker.contract(program.instrument))
            return told_contract(traded[0], broker.clock())

        yield await timed("contract", _as_found(contract()))
        if not traded:
            for name in ("market data", "history", "holdings"):
                yield _at_once(name, skipped("the contract is not known"))
            return
        one = traded[0]
        yield await timed("market data", _as_found(self._data(broker, one)))
        yield await timed("history", _as_found(self._history(broker, one, program)), HISTORY)
        yield await timed("holdings", _as_found(self._holdings(broker, one)))

    async def _data(self, broker: IbBroker, contract: ContractInfo) -> Found:
        await broker.see_live_data(contract)
        return ok(f"live data of {contract.local}")

    async def _history(self, broker: IbBroker, contract: ContractInfo, program: Program) -> Found:
        calendars = ExchangeCalendars()
        plan = Plan(program, "", calendars, {}, "")
        enough = needed(plan, TradingDates(program.day))
        bars = await broker.history(contract, program.bar_minutes, enough)
        return history(plan, bars, is_enough=enough(bars))

    async def _holdings(self, broker: IbBroker, contract: ContractInfo) -> Found:
        return holdings(await broker.snapshot(), contract)


# --- verdicts on what was heard -------------------------------------------------------------


def account(session: Session, wanted: str, owner: str = "") -> Found:
    """Whether the login is the one that was meant and the journal's, and what it is worth."""
    figures = session.figures
    worth = f"{figures.equity:,} {figures.currency}" if figures.equity is not None else "unknown"
    if is_real(session.account) and session.account != wanted:
        return failed(
            f"{session.account} is an account with money, and nobody typed its number",
            f"log in to the paper account, or say --account {session.account}",
        )
    try:
        check_owner("that would be gone on with", owner, session.account)
    except BadAccount as other:
        return failed(other.message, other.remedy)
    kind = "REAL MONEY" if is_real(session.account) else "paper"
    told = f"{session.account} ({kind}), equity {worth}"
    if figures.equity is None or figures.equity <= 0:
        return failed(told, "see what the account is worth in the broker's own window")
    return ok(told)


def clock(session: Session) -> Found:
    """How far the broker's clock is from ours."""
    if is_replay(session):
        at = datetime.fromtimestamp(session.server_seconds, UTC)
        return ok(f"{at:%Y-%m-%d %H:%M} UTC there: it replays another day, so its clock counts")
    told = f"{abs(session.ahead) / 1000:.1f} s {'behind' if session.ahead > 0 else 'ahead of'} IB's"
    remedy = "let this computer set its clock by the network: timedatectl set-ntp true"
    if abs(session.ahead) > TOO_FAR:
        return failed(f"this computer's clock is {told}", remedy)
    if abs(session.ahead) > SKEW:
        return warning(f"this computer's clock is {told}", remedy)
    return ok(f"this computer's clock is {told}")


def orders(session: Session) -> Found:
    """Whether the gateway takes orders from programs."""
    if session.read_only:
        return failed(
            "the gateway takes no orders from programs",
            "in its settings, API, clear Read-Only API; or trade with --monitor-only",
        )
    return ok("the gateway takes orders from programs")


def told_contract(contract: ContractInfo, now: float) -> Found:
    """Which contract it is; the broker's figures agree with the strategy's, or it is not found."""
    ends = (
        f", expires {contract.expires}, traded until {contract.rolls}" if contract.expires else ""
    )
    is_open = "open" if contract.is_open(now / 60) else "closed now"
    return ok(
        f"{contract.local} ({contract.number}){ends}; tick {plain(contract.tick)}, multiplier "
        f"{plain(contract.multiplier)}, {is_open}"
    )


def history(plan: Plan, bars: list[Bar], *, is_enough: bool) -> Found:
    """Whether there are bars enough for the first decision."""
    if not bars:
        return failed("history has no bar at all", "see whether the market data are subscribed")
    if not is_enough:
        return failed(f"only {lacking(plan, bars)}", "trade a contract that has traded for longer")
    return ok(
        f"{len(bars):,} bars of {plan.program.bar_minutes} min, enough for the first decision"
    )


def holdings(snapshot: Snapshot, contract: ContractInfo) -> Found:
    """What the account holds of the contract; it is never touched unless it is ours."""
    held = snapshot.holdings.positions.get(contract.number, 0)
    living = [
        order
        for order in snapshot.holdings.orders
        if order.contract == contract.number and not order.state.is_over
    ]
    others = sum(leg_of(order.ref) is None for order in living)
    told = f"{held:+d} {contract.local}, {len(living)} orders of it"
    if others:
        return warning(
            f"{told}, {others} of them by hand or by another program",
            "nothing is entered while they are there",
        )
    return ok(told)


def words(account_: str, port: int) -> Found:
    """Whether account and port, as they were typed, agree."""
    try:
        check_words(account_, port)
    except BadAccount as bad:
        return failed(bad.message, bad.remedy)
    return ok(f"account {account_ or 'of the login'}, port {port}")


def _at_once(name: str, found: Found) -> Checked:
    """What is known already."""
    return Checked(name, found, 0.0)


_REMEDIES: Final[dict[type[BrokerError], str]] = {
    NoGateway: "",
    UnknownContract: "name what you mean: --instrument, or correct it in the strategy",
    DataRefused: "",
}


async def _as_found(looking: Awaitable[Found]) -> Found:
    """What was found; the broker's refusal is a finding too."""
    try:
        return await looking
    except BrokerError as refused:
        remedy = _REMEDIES.get(type(refused), "see whether the gateway is logged in and answers")
        return failed(str(refused), remedy)
