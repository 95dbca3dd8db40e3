"""Everything a live adapter asks of a client library, asked of ours through the real library.

`python -m tests.adapters.gateway.smoke [LIBRARY...]` runs it for these libraries, or for all that
are installed, at every server version they speak, over TCP and in memory, a line for each.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from adapters.gateway.carriers import port_of, serve
from adapters.gateway.exchange import Rules
from tests.support.bars import bars_from_rows
from tests.support.gateway import FIRST, gateway_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.gateway.gateway import Gateway
    from engine.domain.market import Market

VERSIONS = {
    "ib_insync": (157, 163, 164, 176),
    "ib_async": (157, 163, 164, 176, 177, 178),
}
CARRIERS = ("tcp", "memory")


def library(name: str) -> Any:
    """The client library of that name, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def zigzag(count: int = 400) -> Market:
    """Bars that go up 40 ticks and down again, in turns of 20 minutes."""
    rows = []
    for k in range(count):
        height = k % 40 if k % 40 < 20 else 40 - k % 40
        price = 100_000 + 2 * height
        rows.append((FIRST + k, price, price + 6, price - 6, price + 2, 100 + k))
    return bars_from_rows(rows)


class Smoke:
    """One run: `checks` has what was asked and whether it was so."""

    def __init__(self, lib: Any, version: int, carrier: str) -> None:
        """A library, the version the gateway announces, and how bytes are carried."""
        self.lib = lib
        self.carrier = carrier
        self.gateway: Gateway = gateway_of(
            zigzag(), played=60, version=version, cash=Fraction(10**6), rules=Rules()
        )
        self.checks: list[tuple[str, bool]] = []
        self.errors: list[tuple[int, int]] = []
        self.port = 1

    def ok(self, name: str, truth: object) -> None:
        """Note a check."""
        self.checks.append((name, bool(truth)))

    @property
    def failed(self) -> list[str]:
        """What was not as it should be."""
        return [name for name, truth in self.checks if not truth]

    def ib(self) -> Any:
        """A client object, not connected."""
        ib = self.lib.IB()
        ib.client.MaxRequests = 0
        if self.carrier == "memory":
            self.gateway.connect_memory(ib)
        ib.errorEvent += lambda about, code, *_: self.errors.append((about, code))
        return ib

    async def settle(self, until: Callable[[], object] | None = None) -> None:
        """Let messages arrive."""
        for _ in range(200 if until else 1):
            await asyncio.sleep(0.005)
            if until and until():
                return

    async def run(self) -> None:
        """Ask everything."""
        server = None
        if self.carrier == "tcp":
            server = await serve(self.gateway)
            self.port = port_of(server)
        ib = self.ib()
        await ib.connectAsync("127.0.0.1", self.port, clientId=7, timeout=5)
        try:
            nq = await self._contracts(ib)
            await self._data(ib, nq)
            await self._orders(ib, nq)
            await self._account(ib)
            await self._rejects(ib, nq)
            ib = await self._connections(ib)
        finally:
            ib.disconnect()
            await self.settle()
            if server is not None:
                server.close()

    async def _contracts(self, ib: Any) -> Any:
        self.ok("connected", ib.isConnected() and ib.managedAccounts() == ["DU1234567"])
        self.ok("version", ib.client.serverVersion() == self.gateway.config.version)
        self.ok("farms", {2104, 2106, 2158} <= {code for _, code in self.errors})
        now = await ib.reqCurrentTimeAsync()
        self.ok("time", now.timestamp() == int(self.gateway.now))
        found = await ib.reqContractDetailsAsync(self.lib.Future("NQ", exchange="CME"))
        first = found[0]
        self.ok("futures", len(found) > 2 and first.minTick == 0.25)
        self.ok("multiplier", first.contract.multiplier == "20")
        self.ok("zone", first.timeZoneId == "US/Central" and "1700" in first.tradingHours)
        expiry = first.contract.lastTradeDateOrContractMonth
        self.ok("expiry", expiry == first.realExpirationDate == "20260320")
        front = self.lib.ContFuture("NQ", "CME")
        await ib.qualifyContractsAsync(front)
        self.ok("continuous", front.conId == first.contract.conId)
        nq = self.lib.Future("NQ", expiry[:6], "CME")
        await ib.qualifyContractsAsync(nq)
        self.ok("qualified", nq.conId == first.contract.conId and nq.localSymbol == "NQH6")
        pair = await ib.reqContractDetailsAsync(self.lib.Forex("EURUSD"))
        self.ok("pair", [one.contract.localSymbol for one in pair] == ["EUR.USD"])
        stock = await ib.reqContractDetailsAsync(self.lib.Stock("AAPL", "SMART", "USD"))
        self.ok("stock", len(stock) == 1 and stock[0].minTick == 0.01)
        several = await ib.reqContractDetailsAsync(self.lib.Contract(symbol="AAPL", secType="STK"))
        self.ok("ambiguous", len(several) == 2)
        nothing = await ib.reqContractDetailsAsync(self.lib.Future("ZZZ", exchange="CME"))
        self.ok("unknown", not nothing and 200 in {code for _, code in self.errors})
        rule = await ib.reqMarketRuleAsync(int(first.marketRuleIds.split(",")[0]))
        self.ok("market rule", [step.increment for step in rule] == [0.25])
        return nq

    async def _data(self, ib: Any, nq: Any) -> None:
        ask = (nq, "", "3600 S", "1 min", "TRADES", False, 2)
        bars = await ib.reqHistoricalDataAsync(*ask, True)
        self.ok("history", len(bars) == 60 and bars[-1].volume == 159)
        hours = await ib.reqHistoricalDataAsync(nq, "", "1 D", "1 hour", "TRADES", False, 2)
        self.ok("hours", len(hours) == 1 and hours[0].high == max(bar.high for bar in bars))
        updates: list[bool] = []
        bars.updateEvent += lambda _, new: updates.append(new)
        ticker = ib.reqMktData(nq)
        trades = ib.reqTickByTickData(nq, "Last")
        steps = ib.reqRealTimeBars(nq, 5, "TRADES", False)
        await self.settle(lambda: ticker.last == ticker.last)
        for _ in range(3):
            self.gateway.advance()
        await self.settle(lambda: len(bars) >= 62)
        done = self.gateway.tapes["NQ"].at(61)
        got = [bar for bar in bars if bar.date.timestamp() == done.begins]
        price = [0.25 * one for one in (done.open, done.high, done.low, done.close)]
        self.ok("kept up to date", True in updates and len(got) == 1)
        self.ok("bar", [got[0].open, got[0].high, got[0].low, got[0].close] == price)
        self.ok("quotes", ticker.bid < ticker.last < ticker.ask)
        self.ok("ticks", trades.tickByTicks or trades.last > 0)
        self.ok("5 seconds", len(steps) >= 12 and steps[0].open_ == bars[-3].open)
        for stop in (ib.cancelRealTimeBars, ib.cancelHistoricalData):
            stop(steps if stop == ib.cancelRealTimeBars else bars)
        ib.cancelMktData(nq)
        ib.cancelTickByTickData(nq, "Last")

    def _bracket(self, ib: Any, nq: Any, ref: str, away: float) -> list[Any]:
        last = 0.25 * (self.gateway.tapes["NQ"].price or 0)
        orders = ib.bracketOrder(
            "BUY", 2, limitPrice=last + away, takeProfitPrice=last + 2, stopLossPrice=last - 60,
            orderRef=ref, tif="GTC", outsideRth=True,
        )  # fmt: skip
        return [ib.placeOrder(nq, order) for order in orders]

    async def _orders(self, ib: Any, nq: Any) -> None:
        resting = self._bracket(ib, nq, "one", -50)
        await self.settle(lambda: all(one.order.permId for one in resting))
        states = [one.orderStatus.status for one in resting]
        self.ok("resting", states == ["Submitted", "PreSubmitted", "PreSubmitted"])
        self.ok("asleep", [one.orderStatus.whyHeld for one in resting[1:]] == ["child"] * 2)
        mine, all_of_them = await ib.reqOpenOrdersAsync(), await ib.reqAllOpenOrdersAsync()
        self.ok("open orders", len(mine) == len(all_of_them) == 3)
        self.ok("echo", all(one.order.outsideRth and one.order.tif == "GTC" for one in resting))
        resting[0].order.lmtPrice -= 1
        ib.placeOrder(nq, resting[0].order)
        await self.settle(lambda: self.gateway.truth.working[0].ticket.limit)
        ib.cancelOrder(resting[0].order)
        await self.settle(lambda: all(one.isDone() for one in resting))
        self.ok("cancelled", {one.orderStatus.status for one in resting} == {"Cancelled"})
        fills: list[Any] = []
        fees: list[Any] = []
        ib.execDetailsEvent += lambda _, fill: fills.append(fill.execution)
        ib.commissionReportEvent += lambda _trade, _fill, report: fees.append(report)
        filled = self._bracket(ib, nq, "two", 1)
        await self.settle(lambda: fees)
        states = [one.orderStatus.status for one in filled]
        self.ok("armed", states == ["Filled", "Submitted", "PreSubmitted"])
        self.ok("stop armed", filled[2].orderStatus.whyHeld == "trigger")
        self.ok("fill", len(fills) == len(fees) == 1 and fees[0].commission == 4.5)
        held = await ib.reqPositionsAsync()
        self.ok("position", [one.position for one in held] == [2])
        while self.gateway.truth.positions and self.gateway.advance():
            pass
        await self.settle(lambda: filled[2].isDone() and len(fees) == 2)
        states = [one.orderStatus.status for one in filled]
        self.ok("target", states == ["Filled", "Filled", "Cancelled"])
        self.ok("realized", fees[-1].realizedPNL == 2 * 40 - 4.5)
        self.ok("never naked", self.gateway.truth.longest_naked == 0)
        done = await ib.reqExecutionsAsync()
        self.ok("executions", [one.execution.orderRef for one in done] == ["two", "two"])
        completed = await ib.reqCompletedOrdersAsync(False)
        self.ok("completed", len(completed) == 6)
        asked = self.lib.MarketOrder("BUY", 1)
        state = await ib.whatIfOrderAsync(nq, asked)
        self.ok("what if", float(state.initMarginAfter) > 10_000 and state.commission == 2.25)

    async def _account(self, ib: Any) -> None:
        values = {one.tag: one.value for one in ib.accountValues()}
        net = f"{float(self.gateway.exchange.accounts['DU1234567'].net):.2f}"
        self.ok("values", values.get("NetLiquidation") == net)
        summary = await ib.accountSummaryAsync()
        self.ok("summary", any(one.tag == "NetLiquidation" for one in summary))
        pnl = ib.reqPnL("DU1234567")
        await self.settle(lambda: pnl.realizedPnL == pnl.realizedPnL)
        self.ok("pnl", pnl.realizedPnL > 0)

    async def _rejects(self, ib: Any, nq: Any) -> None:
        off = ib.placeOrder(nq, self.lib.LimitOrder("BUY", 1, 24_000.1))
        await self.settle(lambda: (off.order.orderId, 110) in self.errors)
        self.ok("off the grid", (off.order.orderId, 110) in self.errors)
        large = ib.placeOrder(nq, self.lib.MarketOrder("BUY", 500))
        await self.settle(lambda: (large.order.orderId, 201) in self.errors)
        self.ok("margin", (large.order.orderId, 201) in self.errors)
        self.ok("none placed", not self.gateway.truth.working)

    async def _connections(self, ib: Any) -> Any:
        nq = (await ib.reqContractDetailsAsync(self.lib.Future("NQ", exchange="CME")))[0].contract
        stop = self.lib.StopOrder("SELL", 1, 20_000.0, tif="GTC", orderRef="three")
        ib.placeOrder(nq, stop)
        await self.settle(lambda: self.gateway.truth.working)
        twin = self.ib()
        try:
            await twin.connectAsync("127.0.0.1", self.port, clientId=7, timeout=1)
            self.ok("326", truth=False)
        except (TimeoutError, ConnectionError):
            self.ok("326", (-1, 326) in self.errors)
        ib.disconnect()
        await self.settle(lambda: not self.gateway.sessions)
        again = self.ib()
        await again.connectAsync("127.0.0.1", self.port, clientId=7, timeout=5)
        refs = [one.order.orderRef for one in again.openTrades()]
        self.ok("back", refs == ["three"] and len(again.fills()) == 2)
        again.reqGlobalCancel()
        await self.settle(lambda: not self.gateway.truth.working)
        self.ok("all cancelled", not self.gateway.truth.working)
        return again


def main() -> int:
    """Every library, version and carrier; how many runs failed.

    A library that is named and not there is a failure.
    """
    logging.disable(logging.CRITICAL)
    failures = 0
    asked = sys.argv[1:]
    for name in asked or VERSIONS:
        lib = library(name)
        if lib is None:
            print(f"{name}: not installed here")  # noqa: T201 - a report
            failures += bool(asked)
            continue
        for version in VERSIONS[name]:
            for carrier in CARRIERS:
                smoke = Smoke(lib, version, carrier)
                asyncio.run(smoke.run())
                done = len(smoke.checks) - len(smoke.failed)
                words = ", ".join(smoke.failed)
                print(f"{name} {version} {carrier}: {done}/{len(smoke.checks)} {words}")  # noqa: T201
                failures += bool(smoke.failed)
    return failures


if __name__ == "__main__":
    sys.exit(main())
