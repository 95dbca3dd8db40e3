"""The unmodified client library against the gateway, and the same bytes for the same seed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from adapters.gateway.carriers import port_of, serve
from adapters.gateway.faults import plans
from adapters.gateway.pace import Lockstep, RealTime, VirtualLoop
from tests.adapters.gateway.smoke import CARRIERS, VERSIONS, Smoke, library, zigzag
from tests.support.gateway import gateway_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.gateway import Gateway

INSTALLED = [name for name in VERSIONS if library(name) is not None]
needs_library = pytest.mark.skipif(
    not INSTALLED, reason="neither ib_insync nor ib_async is installed (the extra `ib`)"
)
PAIRS = [(name, version) for name in INSTALLED for version in VERSIONS[name]]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@needs_library
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(("name", "version"), PAIRS)
def test_the_library_finds_all_it_asks_for(name: str, version: int, carrier: str) -> None:
    smoke = Smoke(library(name), version, carrier)
    asyncio.run(smoke.run())
    assert smoke.failed == []
    assert len(smoke.checks) > 45


class Trader:
    """A client that places a bracket every ten bars; all it knows comes over the wire."""

    def __init__(self, lib: Any) -> None:
        self.lib = lib
        self.ib = lib.IB()
        self.ib.client.MaxRequests = 0
        self.closed: list[tuple[float, float]] = []
        self.contract: Any = None
        self.bars: Any = None

    async def start(self, port: int = 1) -> None:
        await self.ib.connectAsync("127.0.0.1", port, clientId=7, timeout=5)
        found = await self.ib.reqContractDetailsAsync(self.lib.Future("NQ", exchange="CME"))
        self.contract = found[0].contract
        self.bars = await self.ib.reqHistoricalDataAsync(
            self.contract, "", "3600 S", "1 min", "TRADES", False, 2, True
        )
        self.bars.updateEvent += self.on_bar

    def on_bar(self, bars: Any, new: bool) -> None:  # noqa: FBT001 - the library's signature
        if not new:
            return
        bar = bars[-2]
        self.closed.append((bar.date.timestamp(), bar.close))
        if len(self.closed) % 10 == 0:
            for order in self.ib.bracketOrder(
                "BUY", 1, bar.close + 1, bar.close + 4, bar.close - 4,
                orderRef=f"r{len(self.closed)}", tif="GTC", outsideRth=True,
            ):  # fmt: skip
                self.ib.placeOrder(self.contract, order)


async def in_step(gateway: Gateway, trader: Trader, *, tcp: bool, bars: int = 120) -> None:
    server = await serve(gateway) if tcp else None
    if not tcp:
        gateway.connect_memory(trader.ib)
    pace = Lockstep(gateway, patience=30)
    pace.start()
    await trader.start(port_of(server) if server else 1)
    while len(trader.closed) < bars:
        await trader.ib.reqCurrentTimeAsync()
    pace.stop()
    assert pace.lost_patience == 0
    trader.ib.disconnect()
    await asyncio.sleep(0.01)
    if server is not None:
        server.close()


def fresh(**changes: Any) -> Gateway:
    return gateway_of(zigzag(), played=60, **changes)


def fills(gateway: Gateway) -> list[tuple[str, float, int]]:
    return [(one.order.ticket.ref, one.time, one.price) for one in gateway.truth.executions]


@needs_library
def test_a_socket_and_memory_carry_the_same_bytes() -> None:
    digests, traded = set(), []
    for tcp in (True, False, False):
        gateway, trader = fresh(), Trader(library(INSTALLED[0]))
        asyncio.run(in_step(gateway, trader, tcp=tcp))
        digests.add(gateway.wire.digest)
        traded.append(fills(gateway))
    assert len(digests) == 1
    assert traded[0] == traded[1]
    assert len(traded[0]) > 10


@needs_library
def test_after_an_order_a_client_in_lockstep_is_asked_every_second() -> None:
    gateway, trader = fresh(), Trader(library(INSTALLED[0]))

    async def main() -> list[float]:
        server = await serve(gateway)
        pace = Lockstep(gateway)
        pace.start()
        await trader.start(port_of(server))
        ib, lib = trader.ib, trader.lib
        for _ in range(3):
            await ib.reqCurrentTimeAsync()
        contract = (await ib.reqContractDetailsAsync(lib.Future("NQ", exchange="CME")))[0].contract
        begins = gateway.now
        ib.placeOrder(contract, lib.LimitOrder("BUY", 1, 1.0, tif="GTC"))
        told: list[float] = []
        while not told or told[-1] < begins + 60:
            told.append((await ib.reqCurrentTimeAsync()).timestamp())
        pace.stop()
        ib.disconnect()
        await asyncio.sleep(0.01)
        server.close()
        return [when - begins for when in told]

    passed = asyncio.run(main())
    assert set(range(1, gateway.config.unrest + 1)) <= set(passed)
    assert passed[-1] == 60
    assert len(passed) < 15


@needs_library
def test_the_time_is_told_behind_the_news_it_belongs_to() -> None:
    gateway, trader = fresh(), Trader(library(INSTALLED[0]))

    async def main() -> list[tuple[int, float, float]]:
        server = await serve(gateway)
        pace = Lockstep(gateway)
        pace.start()
        await trader.start(port_of(server))
        told: list[tuple[int, float, float]] = []
        for turn in range(1, 31):
            now = await trader.ib.reqCurrentTimeAsync()
            at_hand = trader.bars[-1].date.timestamp()
            told.append((turn, now.timestamp() - at_hand, len(trader.closed) - turn))
        pace.stop()
        trader.ib.disconnect()
        await asyncio.sleep(0.01)
        server.close()
        return told

    # at an open nothing of the bar has passed, at a close, asked while something is held, 59 s,
    # and after an order each of some seconds
    told = asyncio.run(main())
    assert {after for _, after, _ in told} <= {*range(gateway.config.unrest + 1), 59}
    assert [missed for _, after, missed in told[:9] if after == 0] == [0] * 9


@needs_library
def test_faults_of_one_seed_are_the_same_faults() -> None:
    text = "partial-fill~0.3,shuffle-callbacks~0.5,duplicate-callbacks~0.3,late-bar=5~0.1"

    def digest(seed: int) -> str:
        gateway = fresh(seed=seed, faults=plans(text))
        asyncio.run(in_step(gateway, Trader(library(INSTALLED[0])), tcp=False, bars=60))
        assert len(gateway.faults.struck) >= 3
        return gateway.wire.digest

    assert digest(1) == digest(1) != digest(2)


@needs_library
def test_on_the_virtual_loop_hours_pass_at_once_and_the_fills_are_the_same() -> None:
    told = []
    for _ in range(2):
        gateway, trader = fresh(), Trader(library(INSTALLED[0]))
        gateway.connect_memory(trader.ib)
        loop = VirtualLoop(gateway)

        async def main(trader: Trader = trader) -> float:
            started = asyncio.get_running_loop().time()
            await trader.start()
            while len(trader.closed) < 120:  # noqa: ASYNC110 - virtual minutes
                await asyncio.sleep(60)
            trader.ib.disconnect()
            return asyncio.get_running_loop().time() - started

        asyncio.set_event_loop(loop)
        try:
            passed = loop.run_until_complete(main())
        finally:
            loop.close()
            asyncio.set_event_loop(None)
        assert passed >= 120 * 60
        told.append((gateway.wire.digest, fills(gateway)))
    assert told[0] == told[1]
    gateway, trader = fresh(), Trader(library(INSTALLED[0]))
    asyncio.run(in_step(gateway, trader, tcp=False))
    count = min(len(told[0][1]), len(fills(gateway)))
    assert count > 10
    assert fills(gateway)[:count] == told[0][1][:count]


@needs_library
def test_nothing_is_played_before_somebody_listens_nor_while_nobody_is_there() -> None:
    gateway, trader = fresh(), Trader(library(INSTALLED[0]))
    gateway.connect_memory(trader.ib)

    async def main() -> None:
        pace = Lockstep(gateway)
        pace.start()
        await trader.ib.connectAsync("127.0.0.1", 1, clientId=7, timeout=5)
        for _ in range(20):
            await trader.ib.reqCurrentTimeAsync()
        assert gateway.bars_played == 0
        trader.ib.disconnect()
        await asyncio.sleep(0.05)
        await trader.start()
        while len(trader.closed) < 5:
            await trader.ib.reqCurrentTimeAsync()
        played = gateway.bars_played
        trader.ib.disconnect()
        await asyncio.sleep(0.1)
        assert gateway.bars_played == played
        pace.stop()

    asyncio.run(main())


@needs_library
def test_a_client_that_never_asks_for_the_time_is_not_waited_for_for_ever() -> None:
    gateway, trader = fresh(), Trader(library(INSTALLED[0]))
    gateway.connect_memory(trader.ib)

    async def main() -> int:
        pace = Lockstep(gateway, patience=0.05)
        pace.start()
        await trader.start()
        while len(trader.closed) < 3:  # noqa: ASYNC110 - the client tells nobody
            await asyncio.sleep(0.02)
        pace.stop()
        trader.ib.disconnect()
        await asyncio.sleep(0)
        return pace.lost_patience

    assert asyncio.run(main()) >= 3


@needs_library
def test_at_a_thousand_times_real_speed_minutes_come_by_themselves() -> None:
    gateway, trader = fresh(), Trader(library(INSTALLED[0]))
    gateway.connect_memory(trader.ib)

    async def main() -> float:
        loop = asyncio.get_running_loop()
        pace = RealTime(gateway, 600.0)
        pace.start()
        await trader.start()
        begun = loop.time()
        while len(trader.closed) < 5:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        pace.stop()
        trader.ib.disconnect()
        await asyncio.sleep(0)
        return loop.time() - begun

    assert 0.3 < asyncio.run(main()) < 10
    assert gateway.bars_played >= 5
