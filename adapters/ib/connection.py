"""The broker port on a client library: a new object of it for each connection, nothing believed.

Of the library only its codec and its socket are used: its client to write requests, its decoder to
read frames into `ears.Ears`. Questions are serialised and have deadlines; one that is not answered
says nothing.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from adapters.ib import contracts
from adapters.ib.ladder import ladder_of
from adapters.ib.library import load
from adapters.ib.line import NEVER_PLACED, TAGS, Line, Scale
from adapters.ib.link import Link
from adapters.ib.market import MarketData
from adapters.ib.orders import order_of, terms_of
from adapters.ib.pacing import Pacer
from adapters.ib.port import (
    BrokerError,
    FeedKind,
    NotConnected,
    ReadOnly,
    Session,
    Snapshot,
    Unanswered,
    UnknownContract,
    WrongAccount,
)
from adapters.ib.times import login_of
from engine.live.holdings import Holdings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from adapters.ib.library import Library
    from adapters.ib.port import Bar, BrokerWord, ContractInfo, Margins
    from adapters.ib.settings import Settings
    from adapters.ib.states import OrderBook
    from dsl.ir.program import Instrument
    from engine.live.commands import Cancel, Send
    from engine.live.meanwhile import Making

_NEW_YORK: Final = ZoneInfo("America/New_York")
_FINEST: Final = Fraction(1, 10**8)
"""The price step of a contract that the broker does not describe."""


class IbBroker:
    """`port.Broker` on ib_insync or ib_async.

    `dial` is given the library's new object before each connection (a simulated gateway in
    memory hooks in there); `now` is our clock in milliseconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        dial: Callable[[Any], None] = lambda _: None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Not connected; raises `NoLibrary` where there is no client library."""
        self.settings = settings
        self.library: Library = load(settings.library)
        self.now = now
        self.recall: Callable[[str], int | None] = lambda _: None
        self._dial = dial
        self._words: asyncio.Queue[BrokerWord] = asyncio.Queue()
        self._link: Link | None = None
        self._market: MarketData | None = None
        self._scales: dict[int, Scale] = {}
        self._number = 1
        self._asking = asyncio.Lock()
        self._pacer = Pacer(settings.limits, time.monotonic)

    # --- the connection ---------------------------------------------------------------------

    async def connect(self, *, above: int = 0) -> Session:
        """Connect and have everything answered; see `port.Broker`."""
        await self.close()
        line = Line(
            self.settings.client, self.now, self._words.put_nowait, scales=self._scales,
            recall=self.recall,
        )  # fmt: skip
        self._link = link = Link(self.library, self.settings, line)
        self._market = MarketData(link, self._pacer)
        try:
            await link.open(self._dial)
            return await self._greet(link, above)
        except BaseException:
            await self.close()
            raise

    async def _greet(self, link: Link, above: int) -> Session:
        client, line = link.client, link.line
        accounts = tuple(client.getAccounts())
        line.account = self._account_of(accounts)
        told = client._reqIdSeq  # noqa: SLF001 - the library keeps nextValidId there only
        self._number = max(self._number, told, above + 1)
        seconds = await link.server_time()
        line.login = login_of(self.settings.zone, link.greeting, seconds)
        await link.ask("account values", lambda: client.reqAccountUpdates(True, line.account))
        if line.figures.equity is None:
            raise Unanswered(f"IB does not tell the net liquidation value of {line.account}")
        await self._probe(link)
        await self.snapshot()
        line.greeted = True
        return Session(
            account=line.account,
            accounts=accounts,
            version=client.serverVersion(),
            library=f"{self.library.name} {self.library.version}",
            next_number=self._number,
            server_seconds=seconds,
            ahead=link.ahead,
            read_only=line.read_only,
            figures=line.figures,
            zone=str(line.login),
        )

    def _account_of(self, accounts: tuple[str, ...]) -> str:
        wanted = self.settings.account
        listed = ", ".join(accounts)
        if wanted and wanted not in accounts:
            raise WrongAccount(f"this login has {listed}, not {wanted}: check account and port")
        if not wanted and len(accounts) != 1:
            raise WrongAccount(f"this login has {listed}: say which account is meant")
        return wanted or accounts[0]

    async def _probe(self, link: Link) -> None:
        """Cancel an order that never was: only a gateway that is not read-only looks for it."""
        client = link.client
        try:
            await link.ask("read-only probe", lambda: client.cancelOrder(NEVER_PLACED))
        except ReadOnly:
            if not self.settings.reads_only:
                raise

    async def close(self) -> None:
        """End the connection, if there is one; nothing is cancelled at the broker."""
        if self._market is not None:
            self._market.stop()
        link, self._link, self._market = self._link, None, None
        if link is not None:
            await link.close()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the gateway (which may itself have lost IB)."""
        return self._link is not None and self._link.line.is_open

    @property
    def is_linked(self) -> bool:
        """Whether the gateway is connected and has not lost IB."""
        return self._link is not None and self._link.line.is_open and self._link.line.is_linked

    @property
    def is_idle(self) -> bool:
        """Whether every word was taken and no bar waits for an answer of history."""
        feeds = () if self._market is None else self._market.feeds
        return self._words.empty() and not any(feed.is_busy for feed in feeds)

    def _on(self) -> Link:
        if self._link is None or not self._link.line.is_open:
            raise NotConnected("there is no connection to the gateway")
        return self._link

    def _data(self) -> MarketData:
        self._on()
        assert self._market is not None
        return self._market

    @property
    def making(self) -> Making | None:
        """What has traded since the last closed bar; see `port.Broker`."""
        feeds = () if self._market is None else self._market.feeds
        return feeds[-1].making if feeds else None

    async def server_time(self) -> int:
        """The broker's clock in seconds; a simulated gateway in lockstep plays on after it."""
        seconds = await self._on().server_time()
        if self._market is not None:
            self._market.clock_told(seconds)
        return seconds

    def clock(self) -> float:
        """The broker's clock now, in seconds, counted on from when it was last told."""
        return self._on().clock()

    async def contract(self, instrument: Instrument) -> ContractInfo:
        """The contract to trade now; see `port.Broker`."""
        link = self._on()
        today = datetime.fromtimestamp(link.clock(), UTC).astimezone(_NEW_YORK).date()
        found: list[contracts.Found] = []
        for query in contracts.queries(instrument):
            found = await link.details(query)
            if found:
                break
        one = contracts.chosen(instrument, found, today, self.settings.roll)
        if one.rule:
            one = replace(one, ladder=ladder_of(instrument, await link.price_steps(one.rule)))
        self._scales[one.number] = Scale(one.tick, one.lot, one.ladder)
        return one

    # --- what is held -----------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """Everything that is held, each part answered; see `port.Broker`."""
        async with self._asking:
            link = self._on()
            line = link.line
            answering = line.answering = line.book.fresh()
            try:
                line.positions.clear()
                await link.ask("positions", link.client.reqPositions)
                known = await self._ask_orders(link)
                executions = await self._ask_executions(link)
                await self._ask_figures(link)
                await self._learn_scales(link, answering, executions)
            finally:
                line.answering = None
            heard = tuple(one for one in answering if one.is_told)
            line.book.replaced_by(heard)
            self._number = max(self._number, line.highest + 1)
            return Snapshot(
                at=self.now(),
                holdings=Holdings(
                    positions=line.positions_in_lots(),
                    orders=tuple(told for one in heard if (told := line.held(one))),
                    executions=tuple(line.in_lots(one) for one in executions),
                ),
                next_number=self._number,
                figures=line.figures,
                orders_known=known,
            )

    async def _ask_orders(self, link: Link) -> bool:
        """Ask for everybody's open orders; a read-only gateway tells of none."""
        if link.line.read_only and self.settings.reads_only:
            return False
        await link.ask("open orders", link.client.reqAllOpenOrders)
        return True

    async def _ask_executions(self, link: Link) -> list[Any]:
        client, number = link.client, link.new_request()
        wanted = self.library.filter(acctCode=link.line.account)
        return await link.ask(number, lambda: client.reqExecutions(number, wanted))

    async def _ask_figures(self, link: Link) -> None:
        """Ask for the account's figures; unanswered, the old ones keep their old instant."""
        client, number = link.client, link.new_request()
        try:
            await link.ask(number, lambda: client.reqAccountSummary(number, "All", TAGS))
        except NotConnected:
            raise
        except BrokerError as failed:
            link.line.broken(f"account figures: {failed}")
        client.cancelAccountSummary(number)

    async def _learn_scales(
        self, link: Link, answering: OrderBook, executions: Iterable[Any]
    ) -> None:
        """Ask what the price steps are of contracts that nobody has asked for."""
        named = {one.terms.contract for one in answering if one.terms is not None}
        named |= set(link.line.positions) | {one.contract for one in executions}
        for number in sorted(named - set(self._scales) - {0}):
            found = await link.details(contracts.Query("", "", "", "", number=number))
            tick = found[0].tick if found else _FINEST
            self._scales[number] = Scale(tick or _FINEST)

    # --- bars -------------------------------------------------------------------------------

    async def warm_up(
        self, contract: ContractInfo, bar_minutes: int, enough: Callable[[Sequence[Bar]], bool]
    ) -> list[Bar]:
        """Closed bars up to now; see `port.Broker`."""
        return await self._data().warm_up(contract, bar_minutes, enough)

    async def history(
        self, contract: ContractInfo, bar_minutes: int, enough: Callable[[Sequence[Bar]], bool]
    ) -> list[Bar]:
        """The bars of `warm_up`, from a broker whose data need not be live."""
        return await self._data().history(contract, bar_minutes, enough)

    async def see_live_data(self, contract: ContractInfo) -> None:
        """Raise `DataRefused` where the market data of a contract are delayed or not given."""
        await self._data().see_live_data(contract)

    async def fetch(
        self, contract: ContractInfo, bar_minutes: int, since: int, until: int
    ) -> list[Bar]:
        """The bars of history that open from minute `since` up to `until`, oldest first."""
        return await self._data().fetch(contract, bar_minutes, since, until)

    async def bars(
        self,
        contract: ContractInfo,
        bar_minutes: int,
        since: int | None,
        kind: FeedKind = FeedKind.HISTORY,
    ) -> None:
        """Let closed bars come out of `events`; see `port.Broker`."""
        await self._data().follow(contract, bar_minutes, since, kind)

    # --- orders -----------------------------------------------------------------------------

    def next_number(self) -> int:
        """A number for an order, never given before; see `port.Broker`."""
        if self._link is not None:
            self._number = max(self._number, self._link.line.highest + 1)
        number = self._number
        self._number += 1
        return number

    def send(self, order: Send, contract: ContractInfo) -> None:
        """Send an order; see `port.Broker`. Raises `NotConnected` and `ReadOnly`."""
        link = self._writable()
        line = link.line
        if contract.number != order.contract:
            raise UnknownContract(
                f"the order {order.order.id} is for contract {order.contract}, "
                f"not for {contract.local} ({contract.number})"
            )
        wanted = order_of(self.library, order, contract, line.account)
        line.book.sent(order.number, terms_of(order, contract))
        line.highest = max(line.highest, order.number)
        try:
            link.client.placeOrder(order.number, link.wire(contract), wanted)
        except ConnectionError:
            raise NotConnected("there is no connection to the gateway") from None

    def cancel(self, what: Cancel) -> None:
        """Ask for an order to be withdrawn; see `port.Broker`."""
        link = self._writable()
        try:
            link.client.cancelOrder(what.number)
        except ConnectionError:
            raise NotConnected("there is no connection to the gateway") from None

    def _writable(self) -> Link:
        link = self._on()
        if self.settings.reads_only or link.line.read_only:
            raise ReadOnly("this connection sends no orders: it only reads")
        return link

    async def what_if(self, order: Send, contract: ContractInfo) -> Margins:
        """What an order would need; see `port.Broker`."""
        link = self._on()
        client, number = link.client, self.next_number()
        alone = replace(order, number=number, parent=0, group="", transmit=True)
        wanted = order_of(self.library, alone, contract, link.line.account)
        wanted.whatIf = True
        parts = await link.ask(
            number, lambda: client.placeOrder(number, link.wire(contract), wanted)
        )
        margins: Margins = parts[-1]
        return margins

    # --- words ------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[BrokerWord]:
        """What the broker says, in order; see `port.Broker`."""
        while True:
            yield await self._words.get()
