"""The broker port on a client library: a new library object for each connection, and nothing believed.

Of the library only its codec and its socket are used: `Client` to write requests, its decoder to read frames
into `ears.Ears`. Questions are serialised and have deadlines; one that is not answered says nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from adapters.ib import contracts, history
from adapters.ib.contracts import Roll
from adapters.ib.ears import ears
from adapters.ib.feed import Feed, Manner, refused_for
from adapters.ib.library import adopt_running_loop, load
from adapters.ib.line import FIRST_REQUEST, NEVER_PLACED, TAGS, Drops, Line, Scale
from adapters.ib.orders import order_of, terms_of
from adapters.ib.pacing import Limits, Pacer
from adapters.ib.port import (
    BrokerError,
    ClientIdTaken,
    FeedKind,
    NoGateway,
    NotConnected,
    ReadOnly,
    RequestRefused,
    Session,
    Snapshot,
    Unanswered,
    UnknownContract,
    WrongAccount,
)
from engine.live import words
from engine.live.holdings import Holdings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from adapters.ib.library import Library
    from adapters.ib.port import Bar, BrokerWord, ContractInfo, Margins
    from dsl.ir.program import Instrument
    from engine.live.commands import Cancel, Send

_NEW_YORK: Final = ZoneInfo("America/New_York")
_CLOCK_STEP: Final = 1000
"""Milliseconds by which the clocks must part before it is said again."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the gateway is and how it is talked to.

    `client` is fixed for an account, for only the client that sent an order can withdraw it; 0 is
    kept for people. `account` may be left out where the login has one. `timeout` is in
    seconds, for each question. `messages`: requests a second at most, 0 for a simulated gateway.
    `zone` is the time zone of the gateway's login, for times it writes without one. `reads_only`:
    no order is ever sent, so a read-only gateway will do. `library`: ib_insync or ib_async, empty
    for the one that is installed.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client: int = 17
    account: str = ""
    timeout: float = 10.0
    messages: int = 45
    zone: str = "UTC"
    reads_only: bool = False
    library: str = ""
    limits: Limits = field(default_factory=Limits)
    roll: Roll = field(default_factory=Roll)
    manner: Manner = field(default_factory=Manner)

    def __post_init__(self) -> None:
        """Refuse a client id that is not a program's."""
        if not 0 < self.client < FIRST_REQUEST:
            raise ValueError(f"the client id must be above 0, not {self.client}: 0 is for people")


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
        self._dial = dial
        self._words: asyncio.Queue[BrokerWord] = asyncio.Queue()
        self._ib: Any = None
        self._line: Line | None = None
        self._scales: dict[int, Scale] = {}
        self._feeds: list[Feed] = []
        self._request = FIRST_REQUEST
        self._number = 1
        self._asking = asyncio.Lock()
        self._timing = asyncio.Lock()
        self._pacer = Pacer(settings.limits, time.monotonic)
        self._anchor = (0.0, 0.0)
        self._ahead: int | None = None

    # --- the connection ---------------------------------------------------------------------

    async def connect(self, *, above: int = 0) -> Session:
        """Connect and have everything answered; see `port.Broker`."""
        await self.close()
        adopt_running_loop()
        line = Line(self.settings.client, self.now, self.say, scales=self._scales)
        try:
            await self._open(line)
            return await self._greet(line, above)
        except BaseException:
            await self.close()
            raise

    async def _open(self, line: Line) -> None:
        ib = self.library.ib()
        ib.TimezoneTWS = self.settings.zone
        ib.wrapper = ears(self.library, ib, line)
        ib.client = client = self.library.client(ib.wrapper)
        client.MaxRequests = self.settings.messages
        client.decoder.logger = logging.Logger("decoder")
        client.decoder.logger.addHandler(Drops(line))
        client.conn.hasData.error_event += lambda _, error: line.broken(f"the socket: {error!r}")
        self._ib, self._line = ib, line
        self._dial(ib)
        settings = self.settings
        reach = f"{settings.host}:{settings.port}"
        refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def api_error(text: str) -> None:
            if not refused.done():
                refused.set_result(None)
            line.closed(text)

        client.apiError += api_error
        opening = asyncio.ensure_future(
            client.connectAsync(settings.host, settings.port, settings.client, settings.timeout)
        )
        await asyncio.wait({opening, refused}, return_when=asyncio.FIRST_COMPLETED)
        failed = opening.exception() if opening.done() else TimeoutError("refused")
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        if line.id_taken:
            raise ClientIdTaken(
                f"client id {settings.client} is in use at {reach}: another engine runs with it; "
                "stop that one, or give this one its own client id and journal"
            )
        if failed is not None:
            raise NoGateway(
                f"no gateway answers at {reach} ({str(failed) or 'no reply'}): start it, enable "
                "its API socket, and check host and port (paper is 4002, or 7497 for TWS)"
            ) from None

    async def _greet(self, line: Line, above: int) -> Session:
        client = self._ib.client
        accounts = tuple(client.getAccounts())
        line.account = self._account_of(accounts)
        self._number = max(self._number, client._reqIdSeq, above + 1)  # noqa: SLF001 - told by 9
        seconds = await self.server_time()
        await self._ask("account values", lambda: client.reqAccountUpdates(True, line.account))
        if line.figures.equity is None:
            raise Unanswered(f"IB does not tell the net liquidation value of {line.account}")
        await self._probe(line)
        await self.snapshot()
        line.greeted = True
        return Session(
            account=line.account,
            accounts=accounts,
            version=client.serverVersion(),
            library=f"{self.library.name} {self.library.version}",
            next_number=self._number,
            server_seconds=seconds,
            ahead=self._ahead or 0,
            read_only=line.read_only,
            figures=line.figures,
        )

    def _account_of(self, accounts: tuple[str, ...]) -> str:
        wanted = self.settings.account
        listed = ", ".join(accounts)
        if wanted and wanted not in accounts:
            raise WrongAccount(f"this login has {listed}, not {wanted}: check account and port")
        if not wanted and len(accounts) != 1:
            raise WrongAccount(f"this login has {listed}: say which account is meant")
        return wanted or accounts[0]

    async def _probe(self, line: Line) -> None:
        """Cancel an order that never was: a read-only gateway refuses, any other does not find it."""
        client = self._ib.client
        try:
            await self._ask("read-only probe", lambda: client.cancelOrder(NEVER_PLACED))
        except ReadOnly:
            if not self.settings.reads_only:
                raise

    async def close(self) -> None:
        """End the connection, if there is one; nothing is cancelled at the broker."""
        for feed in self._feeds:
            feed.stop()
        self._feeds.clear()
        line, ib = self._line, self._ib
        self._line = self._ib = None
        if line is None or ib is None:
            return
        line.greeted = False
        line.closed("closed by us")
        if ib.client.isConnected():
            ib.client.disconnect()
            await asyncio.sleep(0)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the gateway (which may itself have lost IB)."""
        return self._line is not None and self._line.is_open

    @property
    def is_linked(self) -> bool:
        """Whether the gateway is connected and has not lost IB."""
        return self._line is not None and self._line.is_open and self._line.is_linked

    @property
    def is_idle(self) -> bool:
        """Whether every word was taken and no bar waits for an answer of history."""
        return self._words.empty() and not any(feed.is_busy for feed in self._feeds)

    # --- questions --------------------------------------------------------------------------

    def _on(self) -> Line:
        line = self._line
        if line is None or not line.is_open:
            raise NotConnected("there is no connection to the gateway")
        return line

    def _new_request(self) -> int:
        self._request += 1
        return self._request

    async def _ask(self, key: int | str, send: Callable[[], None]) -> list[Any]:
        try:
            return await self._on().questions.ask(key, send, self.settings.timeout)
        except ConnectionError:
            raise NotConnected("there is no connection to the gateway") from None

    async def server_time(self) -> int:
        """The broker's clock in seconds; a simulated gateway in lockstep plays on after it."""
        async with self._timing:
            client = self._client()
            before = self.now()
            parts = await self._ask("time", client.reqCurrentTime)
            seconds = int(parts[-1])
            self._anchor = (float(seconds), asyncio.get_running_loop().time())
            # its clock shows whole seconds, so it is half a second further on average
            ahead = seconds * 1000 + 500 - (before + self.now()) // 2
            if self._ahead is None or abs(ahead - self._ahead) >= _CLOCK_STEP:
                self._ahead = ahead
                self.say(words.Clock(self.now(), ahead))
            return seconds

    def clock(self) -> float:
        """The broker's clock now, counted on from when it was last told."""
        told, at = self._anchor
        return told + asyncio.get_running_loop().time() - at

    def _client(self) -> Any:
        self._on()
        return self._ib.client

    async def contract(self, instrument: Instrument) -> ContractInfo:
        """The contract to trade now; see `port.Broker`."""
        for query in contracts.queries(instrument):
            found = await self._details(query)
            if found:
                today = datetime.fromtimestamp(self.clock(), UTC).astimezone(_NEW_YORK).date()
                one = contracts.chosen(instrument, found, today, self.settings.roll)
                self._scales[one.number] = Scale(one.tick, one.lot)
                return one
        return contracts.chosen(instrument, (), datetime.now(UTC).date(), self.settings.roll)

    async def _details(self, query: contracts.Query) -> list[contracts.Found]:
        client, number = self._client(), self._new_request()
        wanted = self.library.contract(
            conId=query.number, symbol=query.symbol, secType=query.kind, exchange=query.exchange,
            currency=query.currency, tradingClass=query.trading_class,
        )  # fmt: skip
        try:
            parts = await self._ask(number, lambda: client.reqContractDetails(number, wanted))
        except RequestRefused as refused:
            if refused.code == 200:
                return []
            raise
        return [contracts.found(one) for one in parts]

    # --- what is held -----------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """Everything that is held, each part answered; see `port.Broker`."""
        async with self._asking:
            line, client = self._on(), self._client()
            line.answering = line.book.fresh()
            try:
                line.positions.clear()
                await self._ask("positions", client.reqPositions)
                known = await self._ask_orders(line)
                number = self._new_request()
                wanted = self.library.filter(acctCode=line.account)
                executions = await self._ask(number, lambda: client.reqExecutions(number, wanted))
                await self._ask_figures(line)
                await self._learn_scales(line, executions)
                answered = tuple(line.answering)
            finally:
                line.answering = None
            line.book.replaced_by(answered)
            self._number = max(self._number, line.highest + 1)
            return Snapshot(
                at=self.now(),
                holdings=Holdings(
                    positions=self._positions(line),
                    orders=tuple(told for one in answered if (told := line.held(one))),
                    executions=tuple(line.in_lots(one) for one in executions),
                ),
                next_number=self._number,
                figures=line.figures,
                orders_known=known,
            )

    async def _ask_orders(self, line: Line) -> bool:
        if line.read_only and self.settings.reads_only:
            return False
        await self._ask("open orders", self._client().reqAllOpenOrders)
        return True

    async def _ask_figures(self, line: Line) -> None:
        """Ask for the account's figures; unanswered, the old ones keep their old instant."""
        client, number = self._client(), self._new_request()
        try:
            await self._ask(number, lambda: client.reqAccountSummary(number, "All", TAGS))
        except NotConnected:
            raise
        except BrokerError as failed:
            line.broken(f"account figures: {failed}")
        client.cancelAccountSummary(number)

    async def _learn_scales(self, line: Line, executions: Iterable[Any]) -> None:
        """Ask what the price steps are of contracts that nobody has asked for."""
        assert line.answering is not None
        named = {one.terms.contract for one in line.answering if one.terms is not None}
        named |= set(line.positions) | {one.contract for one in executions}
        for number in sorted(named - set(self._scales) - {0}):
            found = await self._details(contracts.Query("", "", "", "", number=number))
            tick = found[0].tick if found else Fraction(0)
            self._scales[number] = Scale(tick or Fraction(1, 10**8))

    def _positions(self, line: Line) -> dict[int, int]:
        return {
            number: held // lot if held >= 0 else -(-held // lot)
            for number, held in line.positions.items()
            if (lot := self._scales.get(number, Scale(Fraction(1))).lot) and held
        }

    # --- bars -------------------------------------------------------------------------------

    async def warm_up(
        self, contract: ContractInfo, bar_minutes: int, enough: Callable[[Sequence[Bar]], bool]
    ) -> list[Bar]:
        """Closed bars up to now; see `port.Broker`."""
        await self._see_live_data(contract)
        bars: dict[int, Bar] = {}
        end: int | None = None
        now = self.clock() / 60
        while True:
            request = history.before(contract, bar_minutes, end)
            told = await self._history(contract, request)
            closed = [bar for bar in told if bar.minute + bar_minutes <= now]
            older = {bar.minute: bar for bar in closed if bar.minute not in bars}
            bars |= older
            ordered = [bars[minute] for minute in sorted(bars)]
            if not older or enough(ordered):
                return ordered
            end = ordered[0].minute

    async def fetch(
        self, contract: ContractInfo, bar_minutes: int, since: int, until: int
    ) -> list[Bar]:
        """The bars that open from minute `since` up to `until`, oldest first."""
        bars: dict[int, Bar] = {}
        end = until
        while end > since:
            request = history.between(contract, bar_minutes, since, end)
            told = await self._history(contract, request)
            older = {bar.minute: bar for bar in told if since <= bar.minute < end}
            bars |= older
            if not older or min(bar.minute for bar in told) <= since:
                break
            end = min(older)
        return [bars[minute] for minute in sorted(bars)]

    async def _history(self, contract: ContractInfo, request: history.Request) -> list[Bar]:
        await self._pacer.turn(contract.number, (contract.number, request))
        client, number = self._client(), self._new_request()
        try:
            parts = await self._ask(
                number,
                lambda: client.reqHistoricalData(
                    number, self._wire(contract), request.end, request.duration, request.size,
                    request.what, False, 2, False, [],
                ),
            )  # fmt: skip
        except RequestRefused as refused:
            trouble = history.trouble_of(refused)
            if trouble is history.Trouble.NOTHING:
                return []
            if trouble is history.Trouble.REFUSED:
                raise refused_for(refused, contract) from None
            raise
        return [history.bar_of(contract, told) for told in parts]

    async def _see_live_data(self, contract: ContractInfo) -> None:
        """Raise `DataRefused` where the market data of a contract are delayed or not given."""
        client, number = self._client(), self._new_request()
        wire = self._wire(contract)

        def send() -> None:
            client.reqMarketDataType(1)
            client.reqMktData(number, wire, "", False, False, [])

        try:
            kinds = await self._ask(number, send)
        except RequestRefused as refused:
            raise refused_for(refused, contract) from None
        client.cancelMktData(number)
        if kinds[-1] in (3, 4):
            raise refused_for(RequestRefused(10167, "the data are delayed"), contract)

    async def bars(
        self,
        contract: ContractInfo,
        bar_minutes: int,
        since: int | None,
        kind: FeedKind = FeedKind.HISTORY,
    ) -> None:
        """Let closed bars come out of `events`; see `port.Broker`."""
        history.size_of(bar_minutes)
        await self._see_live_data(contract)
        if since is None:
            since = int(self.clock()) // 60 // bar_minutes * bar_minutes - bar_minutes
        feed = Feed(self, contract, bar_minutes, since, kind, self.settings.manner)
        self._feeds.append(feed)
        try:
            await feed.start()
        except RequestRefused as refused:
            feed.stop()
            self._feeds.remove(feed)
            raise refused_for(refused, contract) from None

    async def subscribe(self, feed: Feed) -> Iterable[Any]:
        """Let a feed hear its data (feed.Source)."""
        line, client = self._on(), self._client()
        number = feed.request = self._new_request()
        line.listeners[number] = feed
        wire, what = self._wire(feed.contract), history.what_of(feed.contract)
        if feed.kind is FeedKind.TICKS:
            client.reqTickByTickData(number, wire, "Last", 0, False)
            return ()
        if feed.kind is FeedKind.STEPS:
            client.reqRealTimeBars(number, wire, 5, what, False, [])
            return ()
        request = history.before(feed.contract, feed.bar_minutes, None)
        duration = "3600 S" if feed.bar_minutes == 1 else request.duration
        await self._pacer.turn(feed.contract.number, (feed.contract.number, duration))
        return await self._ask(
            number,
            lambda: client.reqHistoricalData(
                number, wire, "", duration, request.size, request.what, False, 2, True, [],
            ),
        )  # fmt: skip

    def unsubscribe(self, feed: Feed) -> None:
        """Let a feed hear no more (feed.Source)."""
        line, number = self._line, feed.request
        if line is None or line.listeners.pop(number, None) is None or not line.is_open:
            return
        client = self._ib.client
        if feed.kind is FeedKind.TICKS:
            client.cancelTickByTickData(number)
        elif feed.kind is FeedKind.STEPS:
            client.cancelRealTimeBars(number)
        else:
            client.cancelHistoricalData(number)

    def trouble(self, what: str, text: str) -> None:
        """What is wrong with a part of the data (feed.Source)."""
        if self._line is not None:
            self._line.trouble(what, text)

    def broken(self, what: str) -> None:
        """Something could not be understood (feed.Source)."""
        if self._line is not None:
            self._line.broken(what)

    def _wire(self, contract: ContractInfo) -> Any:
        return self.library.contract(
            conId=contract.number, symbol=contract.symbol, secType=contract.kind,
            exchange=contract.exchange, currency=contract.currency, localSymbol=contract.local,
        )  # fmt: skip

    # --- orders -----------------------------------------------------------------------------

    def next_number(self) -> int:
        """A number for an order, never given before; see `port.Broker`."""
        if self._line is not None:
            self._number = max(self._number, self._line.highest + 1)
        number = self._number
        self._number += 1
        return number

    def send(self, order: Send, contract: ContractInfo) -> None:
        """Send an order; see `port.Broker`. Raises `NotConnected` and `ReadOnly`."""
        line = self._writable()
        if contract.number != order.contract:
            raise UnknownContract(
                f"the order {order.order.id} is for contract {order.contract}, "
                f"not for {contract.local} ({contract.number})"
            )
        wanted = order_of(self.library, order, contract, line.account)
        line.book.sent(order.number, terms_of(order, contract))
        line.highest = max(line.highest, order.number)
        try:
            self._ib.client.placeOrder(order.number, self._wire(contract), wanted)
        except ConnectionError:
            raise NotConnected("there is no connection to the gateway") from None

    def cancel(self, what: Cancel) -> None:
        """Ask for an order to be withdrawn; see `port.Broker`."""
        self._writable()
        try:
            self._ib.client.cancelOrder(what.number)
        except ConnectionError:
            raise NotConnected("there is no connection to the gateway") from None

    def _writable(self) -> Line:
        line = self._on()
        if self.settings.reads_only or line.read_only:
            raise ReadOnly("this connection sends no orders: it only reads")
        return line

    async def what_if(self, order: Send, contract: ContractInfo) -> Margins:
        """What an order would need; see `port.Broker`."""
        line, client = self._on(), self._client()
        number = self.next_number()
        wanted = order_of(
            self.library,
            replace(order, number=number, parent=0, group="", transmit=True),
            contract,
            line.account,
        )
        wanted.whatIf = True
        parts = await self._ask(
            number, lambda: client.placeOrder(number, self._wire(contract), wanted)
        )
        margins: Margins = parts[-1]
        return margins

    # --- words ------------------------------------------------------------------------------

    def say(self, word: BrokerWord) -> None:
        """Let a word come out of `events`."""
        self._words.put_nowait(word)

    async def events(self) -> AsyncIterator[BrokerWord]:
        """What the broker says, in order; see `port.Broker`."""
        while True:
            yield await self._words.get()
