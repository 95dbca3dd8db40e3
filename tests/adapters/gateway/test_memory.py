"""What the gateway forgets, what it keeps, and that it does not grow.

A simulated month with faults, through the real library, under `HYPOTHESIS_PROFILE=prove`; a
few days of it otherwise.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from fractions import Fraction
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from adapters.gateway.config import Config, Nightly
from adapters.gateway.faults import plans
from adapters.gateway.gateway import Gateway
from adapters.gateway.orders import COMPLETED, Ticket
from adapters.gateway.pace import VirtualLoop
from tests.adapters.gateway.smoke import VERSIONS, library
from tests.support.bars import MINUTES_A_DAY, bars_from_rows
from tests.support.gateway import CALENDARS, FIRST, Client, gateway_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.domain.market import Market

LIBRARIES = [found for name in VERSIONS if (found := library(name)) is not None]
MONTH = os.environ.get("HYPOTHESIS_PROFILE") == "prove"
DAYS, BAR = (30 if MONTH else 6), 15
DAY = 86_400.0

FAULTS = (
    "partial-fill~0.1,duplicate-callbacks~0.1,shuffle-callbacks~0.1,late-commission~0.1,"
    "silent-status~0.05,children-asleep~0.02,correct-execution~0.02,swallow-order~0.05,"
    "reject-order~0.05,late-order~0.02,late-bar=5~0.01,missing-bar~0.01,duplicate-bar~0.01,"
    "link-lost~0.001,link-lost-data~0.001,market-farm~0.002,slow-link=5~0.002,cut-frames~0.001,"
    "garbage~0.001,socket-lost~0.001,cancel-unasked~0.005,swallow-cancel~0.05,clock-skew~0.01"
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def weeks(days: int, minutes: int) -> Market:
    """Bars of so many minutes around the clock, up and down in waves; Saturdays too."""
    rows = []
    for k in range(days * MINUTES_A_DAY // minutes):
        wave = abs(k % 60 - 30)
        price = 100_000 + 2 * wave
        rows.append((FIRST + k * minutes, price, price + 5, price - 5, price + 1, 100 + wave))
    return bars_from_rows(rows, bar_minutes=minutes)


def by_hand(gateway: Gateway, action: str, kind: str = "MKT", limit: int | None = None) -> None:
    contract = gateway.catalogue.front("NQ", gateway.today())
    assert contract is not None
    ticket = Ticket(action, 1, kind, limit, account="DU1234567", tif="GTC")
    gateway.desk.by_hand(contract, ticket)


@pytest.mark.parametrize("archive", [True, False])
def test_what_clients_can_ask_for_is_kept_and_the_truth_keeps_the_rest_if_told(
    *, archive: bool
) -> None:
    gateway = gateway_of(weeks(4, 5), played=1, archive=archive, cash=Fraction(10**7))
    by_hand(gateway, "BUY", "LMT", 20_000)
    number = 0
    while gateway.advance():
        if not gateway.is_over:
            by_hand(gateway, "SELL" if number % 2 else "BUY")
            number += 1
    book = gateway.exchange
    assert all(
        one.ended >= gateway.day_begins() - COMPLETED for one in book.orders.values() if one.done
    )
    assert all(one.time >= gateway.day_begins() for one in book.executions)
    assert number / 4 < len(book.orders) < number / 1.5
    assert gateway.truth.order_count == number + 1
    assert gateway.truth.execution_count == number
    told = gateway.truth.orders
    assert [one.perm for one in told] == sorted(one.perm for one in told)
    assert told[0].ticket.limit == 20_000
    assert (len(told) == number + 1) is archive
    assert (len(gateway.truth.executions) == number) is archive
    assert (sum(gateway.truth.filled.values()) == number) is archive


def test_a_number_of_a_forgotten_order_is_used_up() -> None:
    gateway = gateway_of(weeks(4, 5), played=1, cash=Fraction(10**7))
    client = Client(gateway)
    gateway.advance()
    client.place(7, "BUY", 1, "LMT", limit=1_000.0)
    client.send(4, 1, 7, "")
    client.place(7, "BUY", 1, "LMT", limit=1_000.0)
    assert client.errors(103) == [(7, 103)]
    until = gateway.now + 3 * DAY
    while gateway.now < until:
        gateway.advance()
    assert gateway.exchange.orders == {}
    client.place(7, "BUY", 1, "LMT", limit=1_000.0)
    assert client.errors(103) == [(7, 103)] * 2
    client.send(4, 1, 7, "")
    assert client.errors(10147) == [(7, 10147)]
    client.place(8, "BUY", 1, "LMT", limit=1_000.0)
    assert client.statuses(8) == ["Submitted"]
    gateway.strike("restart-rollback", 5.0)
    while not gateway.is_up:
        gateway.advance()
    back = Client(gateway)
    back.place(7, "BUY", 1, "LMT", limit=1_000.0)
    assert back.statuses(7) == ["Submitted"]


def test_a_parent_is_not_forgotten_before_its_children_are_done() -> None:
    gateway = gateway_of(weeks(5, 5), played=1, cash=Fraction(10**7))
    client = Client(gateway)
    gateway.advance()
    client.bracket(7, "BUY", 1, stop=20_000.0, target=30_000.0)
    until = gateway.now + 3 * DAY
    while gateway.now < until:
        gateway.advance()
    assert [one.id for one in gateway.exchange.orders.values()] == [7, 8, 9]
    client.send(4, 1, 9, "")
    assert client.statuses(9)[-1] == "Cancelled"


class Soak:
    """A client that trades for ever: a new library object after every night and every loss."""

    def __init__(self, lib: Any, gateway: Gateway) -> None:
        self.lib = lib
        self.gateway = gateway
        self.number = 0
        self.days: list[int] = []

    async def run(self) -> None:
        while not self.gateway.is_over:
            ib = self.lib.IB()
            self.gateway.connect_memory(ib)
            try:
                await ib.connectAsync("memory", 1, clientId=7, timeout=5)
                await self._trade(ib)
            except (TimeoutError, ConnectionError, OSError):
                await asyncio.sleep(5)
            finally:
                ib.disconnect()
                await asyncio.sleep(0.1)

    async def _trade(self, ib: Any) -> None:
        found = await ib.reqContractDetailsAsync(self.lib.Future("NQ", exchange="CME"))
        contract = found[0].contract
        async with asyncio.timeout(30):
            bars = await ib.reqHistoricalDataAsync(
                contract, "", "3600 S", f"{BAR} min{'s' * (BAR > 1)}", "TRADES", False, 2, True
            )
        while ib.isConnected() and not self.gateway.is_over:
            await asyncio.sleep(60 * BAR)
            self.number += 1
            if self.number % 3 == 0 and bars:
                self._bracket(ib, contract, bars[-1].close)
            if self.number % 7 == 0 and ib.openTrades():
                ib.cancelOrder(ib.openTrades()[0].order)
            if self.number % 11 == 0:
                async with asyncio.timeout(30):
                    await ib.reqExecutionsAsync()
            if self.number % 101 == 0:
                async with asyncio.timeout(30):
                    await ib.reqCompletedOrdersAsync(False)
                ib.reqGlobalCancel()
            del bars[:-100]

    def _bracket(self, ib: Any, contract: Any, price: float) -> None:
        action, up = ("BUY", 1) if self.number % 2 else ("SELL", -1)
        for order in ib.bracketOrder(
            action, 2, price + up, price + 3 * up, price - 3 * up,
            orderRef=f"r{self.number}", tif="GTC", outsideRth=True,
        ):  # fmt: skip
            ib.placeOrder(contract, order)


@pytest.mark.skipif(not LIBRARIES, reason="no client library (the extra `ib`)")
def test_memory_is_flat_over_weeks_of_trades_and_faults() -> None:
    market = weeks(DAYS, BAR)
    config = Config(
        (market,),
        begins=float(int(market.minute[20]) * 60),
        cash=Fraction(10**7),
        seed=11,
        faults=plans(FAULTS),
        restart=Nightly("23:45", 120),
        archive=False,
    )
    gateway = Gateway(config, CALENDARS)
    soak = Soak(LIBRARIES[0], gateway)
    sizes: list[tuple[int, int]] = []

    def measure() -> None:
        """Memory blocks in use, and what the gateway remembers; at 15:20 UTC of every day."""
        gc.collect()
        book = gateway.exchange
        kept = len(book.orders) + len(book.executions) + len(gateway._timers)
        sizes.append((sys.getallocatedblocks(), kept))

    for day in range(1, DAYS):
        gateway.at(gateway.now + day * DAY, measure)
    loop = VirtualLoop(gateway, alone=True)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(soak.run())
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    assert gateway.truth.order_count > 50 * DAYS
    assert gateway.truth.execution_count > 20 * DAYS
    assert len(gateway.faults.struck) >= 15
    warm = sizes[2:]
    assert len(warm) == DAYS - 3
    used, kept = ([one[k] for one in warm] for k in (0, 1))
    half = (len(used) + 1) // 2
    print(f"{DAYS} days: {gateway.truth.order_count} orders, {used} blocks, {kept} kept")  # noqa: T201 - figures
    assert mean(used[half:]) < 1.05 * mean(used[:half])
    assert mean(kept[half:]) < 1.15 * mean(kept[:half])
