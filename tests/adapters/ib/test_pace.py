"""Bars over a whole session with the clock that drives them: in step, or the market's own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.gateway.faults import plans
from adapters.gateway.pace import Lockstep, VirtualLoop
from adapters.ib import feed
from adapters.ib.connection import IbBroker
from adapters.ib.feed import Manner
from adapters.ib.library import installed
from adapters.instruments import instrument
from engine.live.words import BarClosed
from tests.adapters.gateway.smoke import zigzag
from tests.support.gateway import gateway_of
from tests.support.ib import CARRIERS, FAST, run, wired

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")
PLAYED = 60


def check(gateway: Gateway, got: list[BarClosed], least: int) -> None:
    """Every bar of the tape from the first on, once, in order."""
    tape = gateway.tapes["NQ"]
    assert len(got) >= least
    for k, bar in enumerate(got):
        true = tape.at(PLAYED + k)
        assert (bar.minute * 60, bar.open, bar.high, bar.low, bar.close, bar.volume) == (
            true.begins, true.open, true.high, true.low, true.close, true.volume,
        )  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("library", installed())
@pytest.mark.parametrize(
    "faults",
    [
        "missing-bar~0.1,duplicate-bar~0.2,old-bar~0.1,link-lost-data=90~0.01x3",
        "missing-bar~0.1,duplicate-bar~0.2,link-lost=90~0.03x3,history-farm=90~0.02",
        "missing-bar~0.2,old-bar~0.2,duplicate-bar~0.2,pacing~0.2",
        "missing-bar~0.2,silent-history~0.1",
    ],
)
def test_in_lockstep_every_bar_arrives_whatever_befalls_the_data(
    faults: str, carrier: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_PAUSES", (0.001, 0.01))
    gateway = gateway_of(zigzag(300), played=PLAYED, faults=plans(faults), seed=3)

    async def work() -> None:
        pace = Lockstep(gateway, patience=1)
        pace.start()
        async with wired(gateway, carrier, library, timeout=0.4) as one:
            await one.broker.connect()
            nq = await one.broker.contract(instrument("NQ"))
            await one.broker.bars(nq, 1, int(gateway.now) // 60 - 1)
            while not pace.done.is_set():
                await one.until(one.is_idle)
                await one.broker.server_time()
            await asyncio.sleep(0.05)
            check(gateway, one.heard(BarClosed), 235)
        pace.stop()

    run(work())
    assert set(gateway.faults.struck) == {plan.name for plan in plans(faults)}


@pytest.mark.parametrize("library", installed())
@pytest.mark.parametrize("faults", ["missing-bar~0.2", "missing-bar~0.2,late-bar=90~0.2"])
def test_on_the_markets_own_clock_the_last_bar_closes_by_itself(faults: str, library: str) -> None:
    gateway = gateway_of(zigzag(90), played=PLAYED, faults=plans(faults), seed=5)
    settings = replace(FAST, library=library, timeout=10, manner=Manner(grace=3, verify=3))
    got: list[BarClosed] = []

    async def work() -> None:
        broker = IbBroker(settings, dial=gateway.connect_memory)
        await broker.connect()
        nq = await broker.contract(instrument("NQ"))
        await broker.bars(nq, 1, int(gateway.now) // 60 - 1)
        async for word in broker.events():
            if isinstance(word, BarClosed):
                got.append(word)
                if len(got) == 30:
                    break
        await broker.close()

    loop = VirtualLoop(gateway)
    try:
        loop.run_until_complete(work())
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    check(gateway, got, 30)
