"""What a client library hears of data, contracts, orders' ends and money."""

from __future__ import annotations

import logging
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from adapters.gateway.config import Config
from adapters.gateway.faults import plans
from adapters.gateway.gateway import Gateway
from adapters.instruments import INSTRUMENTS
from dsl.ir.program import Instrument
from tests.adapters.gateway.smoke import VERSIONS, library
from tests.support.bars import bars_from_rows
from tests.support.gateway import CALENDARS, FIRST, flat_market, gateway_of
from tests.support.talking import Talk, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.domain.market import Market

LIBRARIES = [found for name in VERSIONS if (found := library(name)) is not None]
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="no client library (the extra `ib`)")

APPLE = Instrument("AAPL", "NASDAQ", Fraction(1, 100), Fraction(1), Fraction(1), "USD")

SESSION_END = FIRST + 7 * 60
"""16:00 in Chicago."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(params=LIBRARIES, ids=lambda lib: lib.__name__)
def lib(request: pytest.FixtureRequest) -> Any:
    """Each installed client library."""
    return request.param


def served(symbol: str, market: Market, played: int = 5) -> Gateway:
    """A gateway that serves some bars as those of another instrument."""
    market = replace(market, instrument=INSTRUMENTS[symbol])
    return Gateway(Config((market,), begins=float(market.minute[played]) * 60), CALENDARS)


def across_a_night() -> Market:
    """Twenty bars before a session's end and twenty after the next one's begin."""
    rows = [SESSION_END - 20 + k for k in range(20)] + [SESSION_END + 60 + k for k in range(20)]
    return bars_from_rows((minute, 1000, 1004, 996, 1000, 10) for minute in rows)


async def asked(one: Talk, contract: Any, what: str, **words: Any) -> list[Any]:
    found: list[Any] = await one.ib.reqHistoricalDataAsync(
        contract, "", "300 S", "1 min", what, False, 2, **words
    )
    return found


def prices(bar: Any) -> tuple[float, ...]:
    return (bar.open, bar.high, bar.low, bar.close)


def test_quotes_lie_one_tick_beside_the_trades(lib: Any) -> None:
    bars = [(FIRST + k, 1000, 1008, 992, 1004, 50) for k in range(10)]

    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        shown = {what: (await asked(one, nq, what))[-1] for what in ("TRADES", "BID", "ASK")}
        shown["MIDPOINT"] = (await asked(one, nq, "MIDPOINT"))[-1]
        shown["BID_ASK"] = (await asked(one, nq, "BID_ASK"))[-1]
        assert prices(shown["TRADES"]) == (250.0, 252.0, 248.0, 251.0)
        assert prices(shown["BID"]) == (249.75, 251.75, 247.75, 250.75)
        assert prices(shown["ASK"]) == (250.25, 252.25, 248.25, 251.25)
        assert prices(shown["MIDPOINT"]) == prices(shown["TRADES"])
        assert prices(shown["BID_ASK"]) == (250.0, 252.25, 247.75, 250.5)
        assert shown.pop("TRADES").volume == 50
        assert {(bar.volume, bar.average, bar.barCount) for bar in shown.values()} == {(-1, -1, -1)}

    talk(gateway_of(bars_from_rows(bars), played=5), lib, words)


@pytest.mark.parametrize(("what", "shift"), [("TRADES", 0), ("BID", -0.25), ("ASK", 0.25)])
def test_live_bars_and_five_second_bars_show_the_same_side(
    lib: Any, what: str, shift: float
) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        bars = await asked(one, nq, what, keepUpToDate=True)
        steps = one.ib.reqRealTimeBars(nq, 5, what, False)
        await one.hear()
        await one.play_until((FIRST + 7) * 60)
        minute = next(bar for bar in bars if bar.date.timestamp() == (FIRST + 6) * 60)
        parts = [bar for bar in steps if bar.time.timestamp() >= (FIRST + 6) * 60]
        assert prices(minute) == (25_000 + shift, 25_001 + shift, 24_999 + shift, 25_000 + shift)
        assert len(parts) == 12
        assert max(bar.high for bar in parts) == minute.high
        assert min(bar.low for bar in parts) == minute.low
        assert (minute.volume > 0) is (parts[0].volume >= 0) is (what == "TRADES")

    talk(gateway_of(flat_market(), played=5), lib, words)


def test_a_bar_of_a_day_grows_with_its_session_and_the_one_before_stays(lib: Any) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        days = await one.ib.reqHistoricalDataAsync(nq, "", "3 D", "1 day", "TRADES", False, 1, True)
        assert [(str(day.date), day.volume) for day in days] == [("2026-01-06", 150)]
        await one.play_until((SESSION_END + 80) * 60 - 1)
        told = [(str(day.date), *prices(day), day.volume) for day in days]
        assert told == [
            ("2026-01-06", 250, 251, 249, 250, 200),
            ("2026-01-07", 250, 251, 249, 250, 200),
        ]

    talk(gateway_of(across_a_night(), played=15), lib, words)


def test_a_line_of_market_data_tells_the_session(lib: Any) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        await one.play_until((SESSION_END + 61) * 60)
        ticker = one.ib.reqMktData(nq)
        await one.hear()
        assert (ticker.open, ticker.high, ticker.low, ticker.close) == (250, 251, 249, 250)
        assert ticker.volume == 10
        await one.play_until((SESSION_END + 63) * 60)
        assert (ticker.bid, ticker.last, ticker.ask) == (249.75, 250, 250.25)
        assert ticker.volume == 30

    talk(gateway_of(across_a_night(), played=20), lib, words)


@pytest.mark.parametrize(("wanted", "told"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_the_type_of_the_data_is_told_with_them(lib: Any, wanted: int, told: int) -> None:
    async def words(one: Talk) -> None:
        one.ib.reqMarketDataType(wanted)
        ticker = one.ib.reqMktData(await one.front("NQ"))
        await one.hear()
        assert ticker.marketDataType == told
        assert ticker.last == 25_000

    talk(gateway_of(flat_market(), played=5), lib, words)


def test_without_a_subscription_the_data_are_delayed_and_a_notice_says_so(lib: Any) -> None:
    async def words(one: Talk) -> None:
        ticker = one.ib.reqMktData(await one.front("NQ"))
        await one.hear()
        assert ticker.marketDataType == 3
        assert 10167 in {code for _, code in one.errors}

    talk(gateway_of(flat_market(), played=5, faults=plans("delayed-data")), lib, words)


@pytest.mark.parametrize("kind", ["Last", "AllLast", "BidAsk", "MidPoint"])
def test_every_kind_of_tick_arrives(lib: Any, kind: str) -> None:
    async def words(one: Talk) -> None:
        ticker = one.ib.reqTickByTickData(await one.front("NQ"), kind)
        heard: list[Any] = []
        ticker.updateEvent += lambda told: heard.extend(told.tickByTicks)
        await one.play(3)
        assert heard
        first = heard[0]
        if kind == "BidAsk":
            assert (first.bidPrice, first.askPrice) == (24_999.75, 25_000.25)
        else:
            assert (first.midPoint if kind == "MidPoint" else first.price) == 25_000

    talk(gateway_of(flat_market(), played=5), lib, words)


def test_a_stock_has_its_market_hours_and_its_step(lib: Any) -> None:
    async def words(one: Talk) -> None:
        found = await one.ib.reqContractDetailsAsync(lib.Stock("AAPL", "SMART", "USD"))
        (stock,) = found
        assert stock.contract.primaryExchange == "NASDAQ"
        assert (stock.minTick, stock.stockType) == (0.01, "COMMON")
        assert stock.timeZoneId == "US/Eastern"
        assert "20260106:0930-20260106:1600" in stock.liquidHours
        assert "20260106:0400-20260106:2000" in stock.tradingHours
        assert "20260110:CLOSED" in stock.tradingHours
        bars = await asked(one, stock.contract, "TRADES")
        assert (len(bars), bars[-1].close) == (5, 1000.0)
        bought = one.ib.placeOrder(stock.contract, lib.MarketOrder("BUY", 100))
        await one.play(2)
        assert (bought.orderStatus.status, bought.orderStatus.avgFillPrice) == ("Filled", 1000.0)
        assert [(held.position, held.avgCost) for held in one.ib.positions()] == [(100, 1000.0)]

    market = replace(flat_market(), instrument=APPLE)
    gateway = Gateway(
        Config((market,), begins=float(market.minute[5]) * 60, check_margin=False), CALENDARS
    )
    talk(gateway, lib, words)


def test_a_pair_has_quotes_and_no_trades(lib: Any) -> None:
    async def words(one: Talk) -> None:
        (pair,) = await one.ib.reqContractDetailsAsync(lib.Forex("EURUSD"))
        assert (pair.contract.exchange, pair.contract.localSymbol) == ("IDEALPRO", "EUR.USD")
        assert pair.contract.currency == "USD"
        bars = await asked(one, pair.contract, "MIDPOINT")
        tick = INSTRUMENTS["EURUSD"].tick
        assert bars[-1].close == float(100_000 * tick)
        assert not await asked(one, pair.contract, "TRADES")
        assert 162 in {code for _, code in one.errors}

    talk(served("EURUSD", flat_market()), lib, words)


def test_profit_and_loss_are_told_as_they_change(lib: Any) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        whole = one.ib.reqPnL("DU1234567")
        single = one.ib.reqPnLSingle("DU1234567", "", nq.conId)
        await one.hear()
        assert (whole.realizedPnL, single.position) == (0, 0)
        await one.play()
        one.ib.placeOrder(nq, lib.MarketOrder("BUY", 2))
        await one.hear()
        assert single.position == 2
        await one.play(3)
        one.ib.placeOrder(nq, lib.MarketOrder("SELL", 2))
        await one.hear()
        assert single.position == 0
        assert whole.unrealizedPnL == 0
        gain = sum(
            (1 if fill.execution.side == "SLD" else -1) * fill.execution.price * 2 * 20
            for fill in one.ib.fills()
        )
        assert gain > 0
        assert single.realizedPnL == gain
        assert whole.realizedPnL == whole.dailyPnL == gain - 9

    rising = bars_from_rows(
        (FIRST + k, 1000 + k, 1004 + k, 999 + k, 1001 + k, 9) for k in range(20)
    )
    talk(gateway_of(rising, played=5), lib, words)


def test_orders_that_are_done_are_told_with_how_they_ended(lib: Any) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        await one.play()
        one.ib.placeOrder(nq, lib.MarketOrder("BUY", 1, orderRef="bought"))
        rests = one.ib.placeOrder(nq, lib.LimitOrder("BUY", 1, 20_000, orderRef="withdrawn"))
        await one.hear()
        one.ib.cancelOrder(rests.order)
        await one.hear()
        again = Talk(one.gateway, lib)
        ib = await again.connect(2)
        done = await ib.reqCompletedOrdersAsync(False)
        ended = {trade.order.orderRef: trade.orderStatus.status for trade in done}
        assert ended == {"bought": "Filled", "withdrawn": "Cancelled"}
        assert {trade.contract.localSymbol for trade in done} == {"NQH6"}
        ib.disconnect()

    talk(gateway_of(flat_market(), played=5), lib, words)


def test_an_order_for_the_day_ends_with_the_session_and_one_until_cancelled_does_not(
    lib: Any,
) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        day = one.ib.placeOrder(nq, lib.LimitOrder("BUY", 1, 200, tif="DAY"))
        gtc = one.ib.placeOrder(nq, lib.LimitOrder("BUY", 1, 200, tif="GTC"))
        await one.play_until(SESSION_END * 60 - 1)
        assert day.orderStatus.status == "Submitted"
        await one.play_until((SESSION_END + 61) * 60)
        assert day.orderStatus.status == "Cancelled"
        assert day.log[-1].time.timestamp() > 0
        assert gtc.orderStatus.status == "Submitted"
        (done,) = [one for one in one.gateway.truth.orders if one.done]
        assert done.ended == SESSION_END * 60

    talk(gateway_of(across_a_night(), played=5), lib, words)


def test_an_order_until_a_time_ends_at_that_time(lib: Any) -> None:
    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        order = lib.LimitOrder("BUY", 1, 20_000, tif="GTD", goodTillDate="20260106 15:10:30 UTC")
        trade = one.ib.placeOrder(nq, order)
        await one.play_until((FIRST + 10) * 60 + 29)
        assert trade.orderStatus.status == "Submitted"
        await one.play_until((FIRST + 10) * 60 + 30)
        assert trade.orderStatus.status == "Cancelled"
        (done,) = one.gateway.truth.orders
        assert done.ended == (FIRST + 10) * 60 + 30

    talk(gateway_of(flat_market(), played=5), lib, words)


def test_a_future_that_expires_is_settled_and_its_orders_die(lib: Any) -> None:
    morning = FIRST - FIRST % 1440 + 73 * 1440 + 13 * 60 + 20  # 2026-03-20, 08:20 in Chicago
    bars = bars_from_rows((morning + k, 1000, 1004, 996, 1000, 9) for k in range(30))

    async def words(one: Talk) -> None:
        nq = await one.front("NQ")
        assert nq.lastTradeDateOrContractMonth == "20260320"
        await one.play()
        one.ib.placeOrder(nq, lib.MarketOrder("BUY", 1))
        rests = one.ib.placeOrder(nq, lib.LimitOrder("BUY", 1, 200, tif="GTC"))
        await one.hear()
        assert [held.position for held in one.ib.positions()] == [1]
        await one.play_until((morning + 10) * 60)
        assert rests.orderStatus.status == "Cancelled"
        assert one.ib.positions() == []
        assert one.gateway.truth.positions == {}

    talk(gateway_of(bars, played=2), lib, words)
