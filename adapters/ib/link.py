"""An open connection as it is written to: the library's client, numbered requests, the clock."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from adapters.ib import contracts
from adapters.ib.ears import ears
from adapters.ib.greeting import Greeting
from adapters.ib.library import adopt_running_loop
from adapters.ib.line import FIRST_REQUEST, Drops
from adapters.ib.port import (
    ClientIdTaken,
    NoGateway,
    NotConnected,
    RequestRefused,
    UnknownZone,
)
from engine.live import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.ib.library import Library
    from adapters.ib.line import Line
    from adapters.ib.port import ContractInfo
    from adapters.ib.settings import Settings

_CLOCK_STEP = 1000
"""Milliseconds by which the clocks must part before it is said again."""

_NO_CONTRACT = 200

_EXECUTION, _ABOUT, _TIME = 11, 1, 15
"""The number of the message of an execution, and where in it are its question and its time."""


class Link:
    """One connection. `open` connects; every question has a deadline."""

    def __init__(self, library: Library, settings: Settings, line: Line) -> None:
        """A new object of the library, not connected."""
        self.library = library
        self.settings = settings
        self.line = line
        self.ahead = 0
        self._ib = ib = library.ib()
        ib.wrapper = ears(library, ib, line)
        ib.client = client = library.client(ib.wrapper)
        client.MaxRequests = settings.messages
        client.decoder.logger = logging.Logger("decoder")  # noqa: LOG001 - of this one alone
        client.decoder.logger.addHandler(Drops(line))
        decode = client.decoder.handlers
        decode[_EXECUTION] = in_seconds(line, decode[_EXECUTION])
        self._greeting = Greeting()
        client.conn.hasData += self._greeting.heard
        client.conn.hasData.error_event += lambda _, error: line.broken(f"the socket: {error!r}")
        self._client = client
        self._request = FIRST_REQUEST
        self._timing = asyncio.Lock()
        self._anchor = (0.0, 0.0)
        self._told_ahead: int | None = None

    async def open(self, dial: Callable[[Any], None]) -> None:
        """Connect and shake hands; raises `NoGateway` and `ClientIdTaken`."""
        adopt_running_loop()
        dial(self._ib)
        settings, client, line = self.settings, self._client, self.line
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
        try:
            await asyncio.wait({opening, refused}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not opening.done():
                opening.cancel()
                await asyncio.gather(opening, return_exceptions=True)
        if line.id_taken:
            raise ClientIdTaken(
                f"client id {settings.client} is in use at {reach}: another engine runs with it; "
                "stop that one, or give this one its own client id and journal"
            )
        failed = TimeoutError("hung up") if opening.cancelled() else opening.exception()
        if failed is not None:
            raise NoGateway(
                f"no gateway answers at {reach} ({str(failed) or 'no reply'}): start it, enable "
                "its API socket, and check host and port (paper is 4002, or 7497 for TWS)"
            ) from None

    async def close(self) -> None:
        """End the connection."""
        self.line.greeted = False
        self.line.closed("closed by us")
        if self._client.isConnected():
            self._client.disconnect()
            await asyncio.sleep(0)

    @property
    def greeting(self) -> str:
        """The gateway's time when it greeted, as it wrote it: on its login's clock."""
        return self._greeting.time

    @property
    def client(self) -> Any:
        """The library's client; raises `NotConnected`."""
        if not self.line.is_open:
            raise NotConnected("there is no connection to the gateway")
        return self._client

    def new_request(self) -> int:
        """A number for a request."""
        self._request += 1
        return self._request

    async def ask(self, key: int | str, send: Callable[[], None]) -> list[Any]:
        """Ask, and wait for all of the answer; see `questions.Questions.ask`."""
        try:
            return await self.line.questions.ask(key, send, self.settings.timeout)
        except ConnectionError:
            raise NotConnected("there is no connection to the gateway") from None

    async def server_time(self) -> int:
        """The broker's clock in seconds."""
        async with self._timing:
            before = self.line.now()
            parts = await self.ask("time", self.client.reqCurrentTime)
            seconds = int(parts[-1])
            self._anchor = (float(seconds), asyncio.get_running_loop().time())
            now = self.line.now()
            # its clock shows whole seconds, so it is half a second further on average
            self.ahead = seconds * 1000 + 500 - (before + now) // 2
            told = self._told_ahead
            if told is None or abs(self.ahead - told) >= _CLOCK_STEP:
                self._told_ahead = self.ahead
                self.line.say(words.Clock(now, self.ahead))
            return seconds

    def clock(self) -> float:
        """The broker's clock now, counted on from when it was last told."""
        told, at = self._anchor
        return told + asyncio.get_running_loop().time() - at

    async def details(self, query: contracts.Query) -> list[contracts.Found]:
        """Every contract that may be meant; none where the broker knows of none."""
        client, number = self.client, self.new_request()
        wanted = self.library.contract(
            conId=query.number,
            symbol=query.symbol,
            secType=query.kind,
            exchange=query.exchange,
            currency=query.currency,
            tradingClass=query.trading_class,
        )
        try:
            parts = await self.ask(number, lambda: client.reqContractDetails(number, wanted))
        except RequestRefused as refused:
            if refused.code == _NO_CONTRACT:
                return []
            raise
        return [contracts.found(one) for one in parts]

    async def price_steps(self, rule: int) -> list[tuple[float, float]]:
        """The price steps of a market rule: from which price on, and the step."""
        return await self.ask(f"market rule {rule}", lambda: self.client.reqMarketRule(rule))

    def wire(self, contract: ContractInfo) -> Any:
        """A contract as the library writes it."""
        return self.library.contract(
            conId=contract.number,
            symbol=contract.symbol,
            secType=contract.kind,
            exchange=contract.exchange,
            currency=contract.currency,
            localSymbol=contract.local,
        )


def in_seconds(line: Line, decode: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """A library's decoder of executions, given their times in seconds since the epoch.

    Left to itself it reads times without a zone on this computer's clock.
    """

    def decoded(fields: list[str]) -> None:
        try:
            fields[_TIME] = str(line.login.seconds(fields[_TIME]))
        except UnknownZone as unknown:
            line.timeless(int(fields[_ABOUT]), unknown)
        else:
            decode(fields)

    return decoded
