"""Several markets in one gateway: each contract has its own bars, one clock moves them all."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.gateway.config import BadConfig, Config
from adapters.gateway.gateway import Gateway
from adapters.gateway.orders import Ticket
from adapters.instruments import INSTRUMENTS
from tests.adapters.gateway.smoke import VERSIONS, library
from tests.support.bars import bars_from_rows
from tests.support.gateway import CALENDARS, FIRST
from tests.support.talking import Talk, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.domain.market import Market

LIBRARIES = [found for name in VERSIONS if (found := library(name)) is not None]
needs_library = pytest.mark.skipif(not LIBRARIES, reason="no client library (the extra `ib`)")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def climbing(symbol: str, start: int, step: int, *, minutes: range = range(40)) -> Market:
    """A bar a minute, each `step` ticks above the one before."""
    rows = [(FIRST + k, *(start + step * k + d for d in (0, 3, -3, 1)), 10 + k) for k in minutes]
    return bars_from_rows(rows, instrument=INSTRUMENTS[symbol])


NQ = climbing("NQ", 80_000, 4)
ES = climbing("ES", 20_000, -2)
MNQ = replace(NQ, instrument=INSTRUMENTS["MNQ"])


def served(*markets: Market, played: int = 5) -> Gateway:
    return Gateway(
        Config(markets, begins=float((FIRST + played) * 60), check_margin=False), CALENDARS
    )


@needs_library
@pytest.mark.parametrize("lib", LIBRARIES, ids=lambda lib: lib.__name__)
def test_each_contract_is_filled_and_charged_by_its_own_market(lib: Any) -> None:
    async def words(one: Talk) -> None:
        symbols = ("NQ", "ES", "MNQ")
        contracts = {symbol: await one.front(symbol) for symbol in symbols}
        assert {symbol: one.multiplier for symbol, one in contracts.items()} == {
            "NQ": "20", "ES": "50", "MNQ": "2",
        }  # fmt: skip
        await one.play()
        for contract in contracts.values():
            one.ib.placeOrder(contract, lib.MarketOrder("BUY", 1))
        await one.hear()
        paid = {fill.contract.symbol: fill.execution.price for fill in one.ib.fills()}
        assert paid["NQ"] == paid["MNQ"] == 0.25 * (80_000 + 4 * 5)
        assert paid["ES"] == 0.25 * (20_000 - 2 * 5)
        costs = {held.contract.symbol: held.avgCost for held in one.ib.positions()}
        assert costs == {"NQ": paid["NQ"] * 20, "ES": paid["ES"] * 50, "MNQ": paid["NQ"] * 2}

    talk(served(NQ, ES, MNQ), lib, words)


@needs_library
@pytest.mark.parametrize("lib", LIBRARIES, ids=lambda lib: lib.__name__)
def test_bars_of_all_markets_come_at_one_time_and_gaps_of_one_hold_up_nobody(lib: Any) -> None:
    gappy = climbing("ES", 20_000, -2, minutes=range(0, 40, 3))

    async def words(one: Talk) -> None:
        kept = {}
        for symbol in ("NQ", "ES", "MNQ"):
            kept[symbol] = await one.ib.reqHistoricalDataAsync(
                await one.front(symbol), "", "300 S", "1 min", "TRADES", False, 2, True
            )
        while one.gateway.advance():
            await one.hear()
        minutes = {
            symbol: [int(bar.date.timestamp()) // 60 - FIRST for bar in bars]
            for symbol, bars in kept.items()
        }
        assert minutes["NQ"] == minutes["MNQ"] == list(range(40))
        assert minutes["ES"] == list(range(0, 40, 3))
        assert [bar.close for bar in kept["NQ"]] == [bar.close for bar in kept["MNQ"]]
        assert [bar.close for bar in kept["ES"]] == [0.25 * (20_001 - 2 * k) for k in minutes["ES"]]

    talk(served(NQ, gappy, MNQ), lib, words)


def test_a_stop_of_one_market_is_not_met_by_the_prices_of_another() -> None:
    gateway = served(NQ, ES)
    gateway.advance()
    for symbol in ("NQ", "ES"):
        contract = gateway.catalogue.front(symbol, gateway.today())
        tape = gateway.tapes[symbol]
        assert contract is not None
        assert tape.price is not None
        away = Ticket("SELL", 1, "STP", stop=tape.price - 6, account="DU1234567", outside=True)
        gateway.desk.by_hand(contract, away)
    while gateway.advance():
        pass
    assert list(gateway.truth.positions) == [("DU1234567", "ESH6")]


def test_the_order_in_which_markets_are_named_changes_no_fill() -> None:
    def fills(*markets: Market) -> set[tuple[str, float, int]]:
        gateway = served(*markets)
        for turn in range(30):
            gateway.advance()
            for symbol in sorted(gateway.tapes):
                contract = gateway.catalogue.front(symbol, gateway.today())
                assert contract is not None
                action = "BUY" if turn % 2 else "SELL"
                gateway.desk.by_hand(contract, Ticket(action, 1, "MKT", account="DU1234567"))
        return {(one.order.contract.local, one.time, one.price) for one in gateway.truth.executions}

    assert fills(NQ, ES) == fills(ES, NQ)
    assert len(fills(NQ, ES)) > 20


@pytest.mark.parametrize(
    ("markets", "told"),
    [
        ((NQ, NQ), "another instrument"),
        ((NQ, bars_from_rows([(FIRST, 1, 1, 1, 1, 1)], bar_minutes=5)), "one size"),
        ((), "no bars"),
    ],
)
def test_markets_that_do_not_go_together_are_refused(
    markets: tuple[Market, ...], told: str
) -> None:
    with pytest.raises(BadConfig, match=told):
        served(*markets)
