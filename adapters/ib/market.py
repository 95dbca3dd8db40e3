"""Market data of one connection: history in pieces, live bars, and whether they are live at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.ib import history
from adapters.ib.feed import Feed, refused_for
from adapters.ib.port import FeedKind, RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from adapters.ib.history import Request
    from adapters.ib.link import Link
    from adapters.ib.pacing import Pacer
    from adapters.ib.port import Bar, BrokerWord, ContractInfo

_DELAYED = (3, 4)
_LIVE = 1
_DELAYED_CODE = 10167


class MarketData:
    """History and feeds of a connection; it is the `feed.Source` of its feeds."""

    def __init__(self, link: Link, pacer: Pacer) -> None:
        """Nothing is followed yet."""
        self._link = link
        self._pacer = pacer
        self.feeds: list[Feed] = []

    def stop(self) -> None:
        """Follow nothing any more."""
        for feed in self.feeds:
            feed.stop()
        self.feeds.clear()

    def clock_told(self, seconds: float) -> None:
        """The broker has told its clock; what it had to say before was heard."""
        for feed in self.feeds:
            feed.clock_told(seconds)

    async def warm_up(
        self, contract: ContractInfo, bar_minutes: int, enough: Callable[[Sequence[Bar]], bool]
    ) -> list[Bar]:
        """Closed bars up to now, oldest first; see `port.Broker`."""
        await self.see_live_data(contract)
        return await self.history(contract, bar_minutes, enough)

    async def history(
        self, contract: ContractInfo, bar_minutes: int, enough: Callable[[Sequence[Bar]], bool]
    ) -> list[Bar]:
        """The same bars, whether the data are live or not."""
        bars: dict[int, Bar] = {}
        end: int | None = None
        now = self.clock() / 60
        while True:
            told = await self._history(contract, history.before(contract, bar_minutes, end))
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

    async def latest(self, contract: ContractInfo, bar_minutes: int) -> list[Bar]:
        """The last few bars, with the one at hand as far as it has come."""
        return await self._history(contract, history.latest(contract, bar_minutes))

    async def _history(self, contract: ContractInfo, request: Request) -> list[Bar]:
        await self._pacer.turn(contract.number, (contract.number, request))
        try:
            parts = await self._asked(self._link.new_request(), contract, request, keep=False)
        except RequestRefused as refused:
            trouble = history.trouble_of(refused)
            if trouble is history.Trouble.NOTHING:
                return []
            if trouble is history.Trouble.REFUSED:
                raise refused_for(refused, contract) from None
            raise
        return [history.bar_of(contract, told) for told in parts]

    async def _asked(
        self, number: int, contract: ContractInfo, request: Request, *, keep: bool
    ) -> list[Any]:
        """The bars of a request as the library decoded them, with dates in seconds."""
        client, wire = self._link.client, self._link.wire(contract)
        size, what, regular, as_seconds = request.size, request.what, False, 2
        span = (request.end, request.duration)
        return await self._link.ask(
            number,
            lambda: client.reqHistoricalData(
                number, wire, *span, size, what, regular, as_seconds, keep, []
            ),
        )

    async def see_live_data(self, contract: ContractInfo) -> None:
        """Raise `DataRefused` where the market data of a contract are delayed or not given."""
        client, number = self._link.client, self._link.new_request()
        wire = self._link.wire(contract)

        def send() -> None:
            client.reqMarketDataType(_LIVE)
            client.reqMktData(number, wire, "", False, False, [])

        try:
            kinds = await self._link.ask(number, send)
        except RequestRefused as refused:
            raise refused_for(refused, contract) from None
        finally:
            if self._link.line.is_open:
                client.cancelMktData(number)
        if kinds[-1] in _DELAYED:
            delayed = RequestRefused(_DELAYED_CODE, "the data are delayed")
            raise refused_for(delayed, contract)

    async def follow(
        self, contract: ContractInfo, bar_minutes: int, since: int | None, kind: FeedKind
    ) -> None:
        """Let closed bars be said; see `port.Broker.bars`."""
        history.size_of(bar_minutes)
        await self.see_live_data(contract)
        if since is None:
            since = int(self.clock()) // 60 // bar_minutes * bar_minutes - bar_minutes
        feed = Feed(self, contract, bar_minutes, since, kind, self._link.settings.manner)
        self.feeds.append(feed)
        try:
            await feed.start()
        except BaseException as failed:
            feed.stop()
            if feed in self.feeds:  # the connection that it was on may have ended meanwhile
                self.feeds.remove(feed)
            if isinstance(failed, RequestRefused):
                raise refused_for(failed, contract) from None
            raise

    # --- what feeds need (feed.Source) ------------------------------------------------------

    def clock(self) -> float:
        """The broker's clock, in seconds since the epoch."""
        return self._link.clock()

    def now(self) -> int:
        """Our clock, in milliseconds."""
        return self._link.line.now()

    def say(self, word: BrokerWord) -> None:
        """Let a word come out."""
        self._link.line.say(word)

    def trouble(self, what: str, text: str) -> None:
        """Say what is wrong with a part of the data."""
        self._link.line.trouble(what, text)

    def broken(self, what: str) -> None:
        """Say that something could not be understood."""
        self._link.line.broken(what)

    async def subscribe(self, feed: Feed) -> Iterable[Any]:
        """Let a feed hear its data; the bars that came as the first answer."""
        client, line, contract = self._link.client, self._link.line, feed.contract
        number = feed.request = self._link.new_request()
        line.listeners[number] = feed
        if feed.kind is FeedKind.TICKS:
            client.reqTickByTickData(number, self._link.wire(contract), "Last", 0, False)
            return ()
        if feed.kind is FeedKind.STEPS:
            what = history.what_of(contract)
            client.reqRealTimeBars(number, self._link.wire(contract), 5, what, False, [])
            return ()
        request = history.lately(contract, feed.bar_minutes)
        await self._pacer.turn(contract.number, (contract.number, request, number))
        return await self._asked(number, contract, request, keep=True)

    def unsubscribe(self, feed: Feed) -> None:
        """Let a feed hear no more."""
        line, number = self._link.line, feed.request
        if line.listeners.pop(number, None) is None or not line.is_open:
            return
        client = self._link.client
        if feed.kind is FeedKind.TICKS:
            client.cancelTickByTickData(number)
        elif feed.kind is FeedKind.STEPS:
            client.cancelRealTimeBars(number)
        else:
            client.cancelHistoricalData(number)
