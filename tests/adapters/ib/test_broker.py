"""The broker port, on every client library that is installed, over a socket and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from adapters.gateway.faults import plans
from adapters.ib.feed import Manner
from adapters.ib.library import installed
from adapters.ib.port import (
    BarRevised,
    ClientIdTaken,
    ContractInfo,
    DataRefused,
    Disconnected,
    Doubt,
    FeedKind,
    Integrity,
    NoGateway,
    NotConnected,
    ReadOnly,
    Unanswered,
    UnknownContract,
    WrongAccount,
)
from adapters.instruments import described, instrument
from engine.domain.order import Action
from engine.live import words
from engine.live.commands import Cancel, Send
from engine.live.holdings import OrderState
from engine.live.words import BarClosed
from tests.adapters.gateway.smoke import VERSIONS, zigzag
from tests.support.gateway import gateway_of
from tests.support.ib import CARRIERS, Wired, bracket, run, wired

NQ = instrument("NQ")
Body = Callable[[Wired], Awaitable[None]]

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")


@pytest.fixture(params=[(lib, carrier) for lib in installed() for carrier in CARRIERS])
def line(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A library and a carrier."""
    pair: tuple[str, str] = request.param
    return pair


def on_gateway(
    line: tuple[str, str], body: Body, faults: str = "", settings: Any = None, **config: Any
) -> None:
    """Run a test on a gateway that has played an hour."""
    library, carrier = line

    async def work() -> None:
        made = {"cash": Fraction(10**6), "played": 60, **config}
        gateway = gateway_of(zigzag(), faults=plans(faults), **made)
        async with wired(gateway, carrier, library, **(settings or {})) as one:
            await body(one)

    run(work())


async def watching(one: Wired, *, plays: int = 2) -> ContractInfo:
    """Connected, and the bars of NQ followed for so many stops of the market."""
    if not one.broker.is_connected:
        await one.broker.connect()
    nq = await one.broker.contract(NQ)
    if plays:
        await one.broker.bars(nq, 1, None)
        await one.play(plays)
    return nq


def sent(
    one: Wired, nq: ContractInfo, *, entry: int | None = -200, stop: int = -400, target: int = 400,
    legs: int = 3, **words: Any,
) -> list[Send]:  # fmt: skip
    """A bracket around the last price, in ticks from it; only its first `legs` leave."""
    last = one.gateway.tapes["NQ"].price or 0
    first = one.broker.next_number()
    at = None if entry is None else last + entry
    made = bracket(nq, first, entry=at, stop=last + stop, target=last + target, **words)
    made[legs - 1] = replace(made[legs - 1], transmit=True)
    for leg in made[:legs]:
        one.broker.send(leg, nq)
    return made


def test_connecting_tells_account_clock_and_figures(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        session = await one.broker.connect(above=41)
        assert session.account == "DU1234567"
        assert session.is_paper
        assert not session.read_only
        assert session.version == 176
        assert session.next_number == 42
        assert session.server_seconds == int(one.gateway.now)
        assert session.figures.equity == Decimal("1000000.00")
        assert session.figures.currency == "USD"
        assert session.library.startswith(line[0])
        assert one.broker.is_linked
        held = await one.broker.snapshot()
        assert held.holdings.orders == ()
        assert held.holdings.executions == ()
        assert held.holdings.positions == {}

    on_gateway(line, body)


@pytest.mark.parametrize(
    "fault", ["silent-positions", "silent-orders", "silent-executions", "silent-account"]
)
def test_what_is_not_answered_is_no_connection(line: tuple[str, str], fault: str) -> None:
    async def body(one: Wired) -> None:
        with pytest.raises(Unanswered, match="did not answer"):
            await one.broker.connect()
        assert not one.broker.is_connected

    on_gateway(line, body, faults=fault, settings={"timeout": 0.15})


def test_after_an_unanswered_question_a_new_connection_works(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        with pytest.raises(Unanswered):
            await one.broker.connect()
        assert (await one.broker.connect()).account == "DU1234567"

    on_gateway(line, body, faults="silent-positions#1", settings={"timeout": 0.15})


def test_the_front_month_is_traded_and_checked_in_every_figure(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        assert (nq.local, nq.kind, nq.expires, nq.lot) == ("NQH6", "FUT", "20260320", 1)
        assert (nq.tick, nq.multiplier) == (Fraction(1, 4), Fraction(20))
        assert nq.rolls == "20260312"
        assert nq.is_open(nq.sessions[0].begins)
        assert not nq.is_open(nq.sessions[0].ends)
        assert (await one.broker.contract(instrument("MNQ"))).local == "MNQH6"
        assert (await one.broker.contract(instrument("6E"))).kind == "FUT"
        pair = await one.broker.contract(instrument("EURUSD"))
        assert (pair.kind, pair.lot) == ("CASH", 10_000)
        stock = described({"symbol": "AAPL", "tick": "0.01", "multiplier": 1, "currency": "USD"})
        assert (await one.broker.contract(stock)).exchange == "SMART"
        nothing = described({"symbol": "ZZZ", "exchange": "CME", "tick": "0.25", "multiplier": 20,
                             "currency": "USD"})  # fmt: skip
        with pytest.raises(UnknownContract, match="IB has no contract for ZZZ"):
            await one.broker.contract(nothing)
        wrong = described({"symbol": "NQ", "exchange": "CME", "tick": "0.25", "multiplier": 2,
                           "currency": "USD"})  # fmt: skip
        with pytest.raises(UnknownContract, match="multiplier is 2 in the spec and 20 at IB"):
            await one.broker.contract(wrong)

    on_gateway(line, body)


@pytest.mark.parametrize("kind", list(FeedKind))
def test_bars_are_those_of_the_tape(line: tuple[str, str], kind: FeedKind) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        warm = await one.broker.warm_up(nq, 1, lambda bars: len(bars) >= 50)
        assert [bar.minute for bar in warm] == list(range(warm[0].minute, warm[0].minute + 60))
        since = warm[-1].minute
        await one.broker.bars(nq, 1, since, kind)
        await one.play(12)
        got = one.heard(BarClosed)
        assert len(got) >= 5
        tape = one.gateway.tapes["NQ"]
        for k, bar in enumerate(got):
            true = tape.at(60 + k)
            told = (bar.minute * 60, bar.open, bar.high, bar.low, bar.close, bar.volume)
            assert told == (true.begins, true.open, true.high, true.low, true.close, true.volume)
        assert not one.heard(Integrity)

    on_gateway(line, body)


def test_bars_that_were_never_told_are_fetched_before_any_later_one(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        first = int(one.gateway.now) // 60 - 1
        await one.broker.bars(nq, 1, first)
        await one.play(20)
        got = one.heard(BarClosed)
        assert [bar.minute for bar in got] == list(range(first + 1, first + 1 + len(got)))
        assert len(got) >= 12
        assert one.gateway.faults.struck["missing-bar"] > 3
        tape = one.gateway.tapes["NQ"]
        assert [bar.close for bar in got] == [tape.at(60 + k).close for k in range(len(got))]

    on_gateway(line, body, faults="missing-bar~0.4,duplicate-bar~0.3,old-bar~0.2")


@pytest.mark.parametrize(
    "faults",
    ["late-bar=20", "late-bar=70", "missing-bar", "broken-frame", "late-bar,duplicate-bar",
     "late-bar~0.5,missing-bar~0.5,broken-frame~0.3,old-bar~0.3"],
)  # fmt: skip
def test_a_bar_is_given_out_as_it_closes_though_its_words_are_late_or_lost(
    line: tuple[str, str], faults: str
) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        first = int(one.gateway.now) // 60 - 1
        await one.broker.bars(nq, 1, first)
        tape = one.gateway.tapes["NQ"]
        got: list[BarClosed] = []
        for _ in range(24):
            await one.play()
            got = one.heard(BarClosed)
            over = (int(one.gateway.now) // 60 - 1) - first
            assert [bar.minute for bar in got] == list(range(first + 1, first + 1 + over))
        assert [(bar.high, bar.low, bar.close, bar.volume) for bar in got] == [
            (true.high, true.low, true.close, true.volume)
            for true in (tape.at(60 + k) for k in range(len(got)))
        ]
        assert len(got) >= 4
        assert one.gateway.faults.struck
        assert not one.heard(BarRevised)

    on_gateway(line, body, faults=faults)


def test_live_bars_come_even_if_their_history_is_empty(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        first = int(one.gateway.now) // 60 - 1
        await one.broker.bars(nq, 1, first)
        await one.play(6)
        minutes = [bar.minute for bar in one.heard(BarClosed)]
        assert minutes == list(range(first + 1, first + 1 + len(minutes)))
        assert len(minutes) >= 4

    on_gateway(line, body, faults="empty-history")


def test_prices_that_stand_still_without_a_trade_are_no_market(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await watching(one, plays=10)
        assert "bars in a row without a trade" in one.heard(words.Data)[-1].trouble

    on_gateway(line, body, faults="frozen-price")


def test_a_bar_that_history_tells_differently_is_said_so(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        await one.broker.bars(nq, 1, int(one.gateway.now) // 60 - 1)
        await one.play(14)
        await one.until(lambda: one.heard(BarRevised))
        revised = one.heard(BarRevised)[0]
        assert revised.now is not None
        assert revised.was.close - revised.now.close == 3

    manner = Manner(grace=None, verify=2)
    on_gateway(line, body, faults="wrong-bar=3#2", settings={"manner": manner})


def test_a_bracket_lives_from_resting_to_filled_and_never_naked(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        broker = one.broker
        nq = await watching(one)
        entry, target, stop = sent(one, nq, target=40)
        await one.until(lambda: state_of(one, entry) is OrderState.WORKING)
        await one.until(lambda: state_of(one, stop) is OrderState.HELD)
        assert state_of(one, target) is OrderState.HELD
        held = (await broker.snapshot()).holdings
        states = {order.ref: order.state for order in held.orders}
        assert states[entry.order.id] is OrderState.WORKING
        assert states[stop.order.id] is OrderState.HELD
        echo = {order.ref: order for order in held.orders}[stop.order.id]
        assert (echo.price, echo.contracts, echo.lasts, echo.outside_hours) == (
            stop.order.price, 2, "GTC", True,
        )  # fmt: skip
        assert echo.number == entry.number + 2
        assert echo.permanent > 0
        assert echo.client == 17
        broker.cancel(Cancel(entry.order.id, entry.number, echo.permanent))
        await one.until(lambda: state_of(one, stop) is OrderState.CANCELLED)
        assert state_of(one, entry) is OrderState.CANCELLED
        # and now one that is filled
        entry, target, stop = sent(one, nq, entry=None, target=4, candidate="2026-01-06/long/2")
        await one.until(lambda: one.heard(words.Charged))
        assert state_of(one, entry) is OrderState.FILLED
        await one.until(lambda: state_of(one, stop) is OrderState.WORKING)
        held = (await broker.snapshot()).holdings
        assert held.positions == {nq.number: 2}
        (execution,) = held.executions
        assert (execution.ref, execution.contracts, execution.action) == (
            entry.order.id, 2, Action.BUY,
        )  # fmt: skip
        assert execution.commission == Decimal("4.5")
        assert execution.minute * 60 == int(one.gateway.now) // 60 * 60
        while one.gateway.truth.positions:
            await one.play()
        await one.until(lambda: state_of(one, stop) is OrderState.CANCELLED)
        assert state_of(one, target) is OrderState.FILLED
        told = [word.execution for word in one.heard(words.Executed)]
        assert [one.ref for one in told] == [entry.order.id, target.order.id]
        assert (await broker.snapshot()).holdings.positions == {}
        assert one.gateway.truth.longest_naked == 0
        assert not one.heard(Integrity)

    on_gateway(line, body)


def state_of(one: Wired, send: Any) -> OrderState | None:
    """The last told state of an order."""
    told = [word.order.state for word in one.heard(words.Told) if word.order.ref == send.order.id]
    return told[-1] if told else None


@pytest.mark.parametrize("trouble", ["shuffle-callbacks", "duplicate-callbacks", "silent-status"])
def test_partial_fills_add_up_whatever_the_order_of_the_words(
    line: tuple[str, str], trouble: str
) -> None:
    async def body(one: Wired) -> None:
        broker = one.broker
        nq = await watching(one)
        sends = sent(one, nq, contracts=3, entry=None, target=4000)
        await one.play(8)
        await one.until(lambda: state_of(one, sends[0]) is OrderState.FILLED)
        told = [word.order for word in one.heard(words.Told) if word.order.ref == sends[0].order.id]
        assert told[-1].filled == 3
        assert [order.filled for order in told] == sorted(order.filled for order in told)
        got = {word.execution.key: word.execution for word in one.heard(words.Executed)}
        assert sum(execution.contracts for execution in got.values()) == 3
        assert len(got) == 3
        held = (await broker.snapshot()).holdings
        assert held.positions == {nq.number: 3}
        assert sum(execution.contracts for execution in held.executions) == 3

    on_gateway(line, body, faults=f"partial-fill=1,{trouble}")


@pytest.mark.parametrize("code", [201, 203, 110, 103, 200])
def test_a_new_order_that_is_refused_is_rejected(line: tuple[str, str], code: int) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one, plays=0)
        entry, *_ = sent(one, nq, legs=1)
        await one.until(lambda: one.heard(words.Refused))
        refused = one.heard(words.Refused)[0]
        assert (refused.ref, refused.code) == (entry.order.id, code)
        assert state_of(one, entry) is OrderState.REJECTED
        assert (await one.broker.snapshot()).holdings.orders == ()

    on_gateway(line, body, faults=f"reject-order={code}")


@pytest.mark.parametrize("fault", ["warning-399", "warning-2109", "unknown-code", "preset-tif"])
def test_a_code_about_a_living_order_leaves_it_alive_and_asks(
    line: tuple[str, str], fault: str
) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one, plays=0)
        sends = sent(one, nq)
        await one.until(lambda: state_of(one, sends[0]) is OrderState.WORKING)
        assert {word.ref for word in one.heard(Doubt)} == {send.order.id for send in sends}
        held = (await one.broker.snapshot()).holdings
        assert len([order for order in held.orders if not order.state.is_over]) == 3
        lasts = {order.lasts for order in held.orders}
        assert lasts == ({"DAY"} if fault == "preset-tif" else {"GTC"})

    on_gateway(line, body, faults=fault)


def test_a_cancel_that_is_refused_leaves_the_order_alive(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one, plays=0)
        entry, *_ = sent(one, nq, legs=1)
        await one.until(lambda: state_of(one, entry) is OrderState.WORKING)
        one.broker.cancel(Cancel(entry.order.id, entry.number, 0))
        await one.until(lambda: one.heard(Doubt))
        assert state_of(one, entry) is OrderState.WORKING
        assert [order.state for order in (await one.broker.snapshot()).holdings.orders] == [
            OrderState.WORKING
        ]

    on_gateway(line, body, faults="reject-cancel=161")


def test_an_order_that_vanishes_is_in_no_snapshot(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one, plays=0)
        sent(one, nq, legs=1)
        held = (await one.broker.snapshot()).holdings
        assert held.orders == ()
        assert not one.heard(words.Told)

    on_gateway(line, body, faults="swallow-order")


def test_what_only_executions_tell_of_is_in_no_snapshot_as_an_order(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        broker = one.broker
        nq = await watching(one)
        entry, *_ = sent(one, nq, entry=None, contracts=3, legs=1)
        await one.until(lambda: one.heard(words.Executed))
        (living,) = (await broker.snapshot()).holdings.orders
        assert (living.filled, living.state) == (1, OrderState.WORKING)
        broker.cancel(Cancel(entry.order.id, entry.number, living.permanent))
        await one.until(lambda: state_of(one, entry) is OrderState.CANCELLED)
        held = (await broker.snapshot()).holdings
        assert held.orders == ()
        assert [execution.contracts for execution in held.executions] == [1]
        assert state_of(one, entry) is OrderState.CANCELLED

    on_gateway(line, body, faults="partial-fill=1#1")


def test_a_link_that_comes_back_is_subscribed_anew_and_no_bar_is_lost(
    line: tuple[str, str],
) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        first = int(one.gateway.now) // 60 - 1
        await one.broker.bars(nq, 1, first)
        await one.play(3)
        for kind, kept in (("link-lost-data", False), ("link-lost", True)):
            before = len(one.heard(words.LinkUp))
            one.gateway.strike(kind, 200)
            await one.until(lambda: not one.broker.is_linked)
            assert one.heard(words.LinkDown)
            while len(one.heard(words.LinkUp)) == before:
                one.gateway.advance()
                await one.settle()
            assert one.heard(words.LinkUp)[-1].data_kept is kept
            await one.until(lambda: not any(feed._renewing for feed in one.feeds))
            await one.play(6)
        got = one.heard(BarClosed)
        assert [bar.minute for bar in got] == list(range(first + 1, first + 1 + len(got)))
        assert len(got) >= 14
        tape = one.gateway.tapes["NQ"]
        assert [bar.close for bar in got] == [tape.at(60 + k).close for k in range(len(got))]

    on_gateway(line, body)


def test_a_connection_that_breaks_is_said_once_and_another_finds_everything(
    line: tuple[str, str],
) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one, plays=0)
        sends = sent(one, nq)
        number = sends[0].number
        await one.until(lambda: state_of(one, sends[2]) is OrderState.HELD)
        one.gateway.strike("restart-rollback", 0)
        await one.until(lambda: one.heard(Disconnected))
        assert len(one.heard(words.LinkDown)) == 1
        assert not one.broker.is_connected
        with pytest.raises(Unanswered):
            await one.broker.snapshot()
        with pytest.raises(Unanswered):
            one.broker.send(sends[0], nq)
        await one.broker.connect(above=number + 2)
        assert one.broker.next_number() == number + 3
        held = (await one.broker.snapshot()).holdings
        assert {order.ref for order in held.orders} == {send.order.id for send in sends}

    on_gateway(line, body)


def test_a_question_ends_when_the_connection_does(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        asking = asyncio.ensure_future(one.broker.fetch(nq, 1, 29_461_000, 29_461_010))
        await one.until(lambda: one.gateway.faults.struck.get("silent-history"))
        one.gateway.strike("socket-lost")
        with pytest.raises(NotConnected):
            async with asyncio.timeout(10):
                await asking

    on_gateway(line, body, faults="silent-history")


def test_a_bracket_waits_for_its_last_leg_and_its_exits_cancel_each_other(
    line: tuple[str, str],
) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one, plays=0)
        sends = sent(one, nq)
        await one.until(lambda: len(one.gateway.truth.orders) == 3)
        tickets = [order.ticket for order in one.gateway.truth.orders]
        assert [ticket.transmit for ticket in tickets] == [False, False, True]
        assert [ticket.parent for ticket in tickets] == [0, sends[0].number, sends[0].number]
        assert [ticket.oca_type for ticket in tickets] == [0, 1, 1]
        assert tickets[1].oca == tickets[2].oca != ""
        assert {(ticket.tif, ticket.outside, ticket.account) for ticket in tickets} == {
            ("GTC", True, "DU1234567")
        }

    on_gateway(line, body)


def test_data_farms_that_go_and_come_are_told(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        one.gateway.strike("market-farm", 1)
        one.gateway.strike("history-farm", 1)
        await one.until(lambda: len(one.heard(words.Data)) == 2)
        assert "usfarm" in one.heard(words.Data)[-1].trouble
        await one.play(4)
        assert one.heard(words.Data)[-1].trouble == ""
        assert one.broker.is_linked

    on_gateway(line, body)


@pytest.mark.parametrize("fault", ["delayed-data", "no-subscription"])
def test_data_that_are_not_live_are_refused(line: tuple[str, str], fault: str) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        with pytest.raises(DataRefused, match="no live market data for NQH6"):
            await one.broker.warm_up(nq, 1, lambda _: True)
        with pytest.raises(DataRefused, match="no live market data for NQH6"):
            await one.broker.bars(nq, 1, None)

    on_gateway(line, body, faults=fault)


def test_a_gateway_that_takes_no_orders_is_seen_at_the_start(line: tuple[str, str]) -> None:
    async def refused(one: Wired) -> None:
        with pytest.raises(ReadOnly, match="takes no orders"):
            await one.broker.connect()

    async def reading(one: Wired) -> None:
        session = await one.broker.connect()
        assert session.read_only
        held = await one.broker.snapshot()
        assert not held.orders_known
        nq = await one.broker.contract(NQ)
        sends = bracket(nq, 5, entry=1000, stop=1, target=2000)
        with pytest.raises(ReadOnly):
            one.broker.send(sends[0], nq)

    on_gateway(line, refused, faults="read-only")
    on_gateway(line, reading, faults="read-only", settings={"reads_only": True})


def test_a_client_id_in_use_and_a_gateway_that_is_not_there(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        async with wired(one.gateway, line[1], line[0]) as two:
            with pytest.raises(ClientIdTaken, match="client id 17 is in use"):
                await two.broker.connect()
        assert (await one.broker.snapshot()).holdings.orders == ()

    async def nobody(one: Wired) -> None:
        one.gateway.strike("restart", 60)
        with pytest.raises(NoGateway, match="no gateway answers"):
            await one.broker.connect()

    async def stranger(one: Wired) -> None:
        with pytest.raises(WrongAccount, match="not U7654321"):
            await one.broker.connect()

    on_gateway(line, body)
    on_gateway(line, nobody)
    on_gateway(line, stranger, settings={"account": "U7654321"})


def test_frames_that_cannot_be_read_are_said(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        await one.broker.bars(nq, 1, None)
        one.gateway.strike("garbage")
        await one.until(lambda: one.heard(Integrity))
        before = len(one.heard(Integrity))
        await one.play(4)
        assert len(one.heard(Integrity)) > before

    on_gateway(line, body, faults="broken-frame#2")


def test_what_an_order_needs_is_told_without_placing_it(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        entry, *_ = bracket(nq, one.broker.next_number(), entry=None, stop=1, target=200_000)
        margins = await one.broker.what_if(entry, nq)
        assert margins.initial_change is not None
        assert margins.initial_change > 10_000
        assert margins.commission == Decimal("4.5")
        assert not one.gateway.truth.orders

    on_gateway(line, body)


@pytest.mark.parametrize("version", sorted({one for some in VERSIONS.values() for one in some}))
def test_every_server_version_that_a_library_speaks_serves(
    line: tuple[str, str], version: int
) -> None:
    async def body(one: Wired) -> None:
        broker = one.broker
        session = await broker.connect()
        assert session.version == min(version, max(VERSIONS[line[0]]))
        nq = await broker.contract(NQ)
        await broker.bars(nq, 1, None)
        await one.play(3)
        assert one.heard(BarClosed)
        sends = sent(one, nq, entry=None, target=4)
        await one.until(lambda: state_of(one, sends[2]) is OrderState.WORKING)
        assert (await broker.what_if(sends[0], nq)).commission == Decimal("4.5")
        while one.gateway.truth.positions:
            await one.play()
        held = (await broker.snapshot()).holdings
        assert [execution.ref for execution in held.executions] == [
            sends[0].order.id,
            sends[1].order.id,
        ]
        assert held.positions == {}
        assert not one.heard(Integrity)

    on_gateway(line, body, version=version)


def test_an_execution_that_is_corrected_keeps_its_key(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        nq = await watching(one)
        sent(one, nq, entry=None, target=4000)
        await one.until(lambda: len(one.heard(words.Executed)) == 2)
        first, second = (word.execution for word in one.heard(words.Executed))
        assert first.key == second.key
        assert (first.revision, second.revision) == (1, 2)
        assert second.price - first.price == Decimal("0.5")

    on_gateway(line, body, faults="correct-execution=2")


def test_orders_of_other_people_are_seen_and_are_not_ours(line: tuple[str, str]) -> None:
    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        await one.play(2)
        one.gateway.strike("foreign-order")
        held = (await one.broker.snapshot()).holdings
        (other,) = held.foreign(nq.number)
        assert other.leg is None
        assert other.client == 0
        assert other.price is not None

    on_gateway(line, body)
