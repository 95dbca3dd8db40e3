"""Prices come in the steps of the exchange: where they are coarser than the tick, orders follow."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ib.contracts import found
from adapters.ib.ladder import ladder_of, on_ladder
from adapters.ib.library import installed
from adapters.ib.line import Line, Scale
from adapters.ib.port import Rung, UnknownContract
from adapters.ib.states import Incarnation, Terms
from adapters.instruments import instrument
from engine.domain.order import Action, OrderKind
from engine.live import words
from engine.live.holdings import OrderState
from tests.adapters.gateway.smoke import zigzag
from tests.support.gateway import Client, contract_fields, flat_market, gateway_of
from tests.support.ib import CARRIERS, Wired, bracket, run, wired

NQ = instrument("NQ")
TICK = NQ.tick
COARSE = (Rung(Fraction(0), TICK), Rung(Fraction(24_000), Fraction(1)))
STEPS = {"NQ": ((Fraction(0), TICK), (Fraction(24_000), Fraction(1)))}
"""Quarters below 24,000, whole points from there on."""


def test_steps_that_are_the_tick_or_part_of_it_ask_for_nothing() -> None:
    assert ladder_of(NQ, [(0, 0.25)]) == ()
    assert ladder_of(NQ, [(0, 0.01), (1, 0.05), (10, 0.25)]) == ()
    assert ladder_of(NQ, []) == ()


def test_coarser_steps_are_kept_in_the_order_of_their_prices() -> None:
    assert ladder_of(NQ, [(24_000, 1.0), (0, 0.25)]) == COARSE


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            [(0, 0.5), (100, 1)],
            "the tick is 0.25 in the spec, and prices at IB come in steps of 0.5",
        ),
        ([(0, 0.25), (100, 0.4)], "from 100 on prices at IB come in steps of 0.4, which do not go"),
        ([(0, 0.1)], "from 0 on prices at IB come in steps of 0.1, which do not go"),
        ([(0, 0.0)], "gives a price step of 0"),
    ],
)
def test_a_tick_that_does_not_go_with_the_steps_is_refused(
    steps: list[tuple[float, float]], said: str
) -> None:
    with pytest.raises(UnknownContract, match=said):
        ladder_of(NQ, steps)


@pytest.mark.parametrize(
    ("kind", "action", "opens", "goes"),
    [
        (OrderKind.LIMIT, Action.BUY, True, 96_000),  # an entry pays no more than was asked for
        (OrderKind.LIMIT, Action.SELL, True, 96_004),
        (OrderKind.STOP, Action.BUY, True, 96_004),  # and is no more eager
        (OrderKind.STOP, Action.SELL, True, 96_000),
        (OrderKind.LIMIT, Action.SELL, False, 96_000),  # a target comes nearer
        (OrderKind.LIMIT, Action.BUY, False, 96_004),
        (OrderKind.STOP, Action.SELL, False, 96_000),  # a stop gives way
        (OrderKind.STOP, Action.BUY, False, 96_004),
    ],
)
def test_each_order_goes_to_the_step_that_is_right_for_it(
    kind: OrderKind, action: Action, *, opens: bool, goes: int
) -> None:
    assert on_ladder(96_001, TICK, COARSE, kind=kind, action=action, opens=opens) == goes
    assert on_ladder(95_999, TICK, COARSE, kind=kind, action=action, opens=opens) == 95_999


@given(
    st.integers(0, 400), st.lists(st.tuples(st.integers(1, 90), st.integers(1, 8)), max_size=4),
    st.sampled_from([OrderKind.LIMIT, OrderKind.STOP]), st.sampled_from(Action), st.booleans(),
)  # fmt: skip
def test_a_price_on_the_ladder_stays_and_any_other_gets_there_at_once(
    ticks: int,
    steps: list[tuple[int, int]],
    kind: OrderKind,
    action: Action,
    opens: bool,  # noqa: FBT001
) -> None:
    rungs = {0: 1} | dict(steps)
    ladder = ladder_of(NQ, [(float(low), 0.25 * step) for low, step in rungs.items()])
    words = {"kind": kind, "action": action, "opens": opens}
    goes = on_ladder(ticks, TICK, ladder, **words)  # type: ignore[arg-type]
    assert on_ladder(goes, TICK, ladder, **words) == goes  # type: ignore[arg-type]
    step = [rungs[low] for low in sorted(rungs) if low <= goes * TICK][-1]
    assert goes % step == 0
    upwards = (action is Action.BUY) is not (opens and kind is OrderKind.LIMIT)
    assert goes >= ticks if upwards else goes <= ticks


def test_the_rule_is_that_of_the_contract_s_own_exchange() -> None:
    class Details:
        class contract:  # noqa: N801 - as the libraries have it
            conId, symbol, localSymbol, secType = 1, "NQ", "NQH6", "FUT"  # noqa: N815
            exchange, currency, tradingClass, multiplier = "CME", "USD", "NQ", "20"  # noqa: N815
            lastTradeDateOrContractMonth = "20260320"  # noqa: N815

        minTick, realExpirationDate, timeZoneId = 0.25, "20260320", "US/Central"  # noqa: N815
        tradingHours = liquidHours = ""  # noqa: N815
        validExchanges, marketRuleIds = "QBALGO,CME", "12,67"  # noqa: N815

    assert found(Details).rule == 67
    Details.marketRuleIds = ""
    assert found(Details).rule == 0


def test_a_gateway_tells_the_steps_of_each_instrument_and_takes_no_price_between() -> None:
    client = Client(gateway_of(flat_market(), played=5, steps=STEPS, check_margin=False))
    client.send(9, 8, 44, *contract_fields(client.gateway), 0, "", "", "")
    (details,) = client.of(10)
    rule = details[-6]
    client.send(91, rule)
    assert client.of(93) == [("93", rule, "2", "0.0", "0.25", "24000.0", "1.0")]
    client.place(1, "BUY", 1, "LMT", limit=24_000.25)
    client.place(2, "BUY", 1, "LMT", limit=23_999.75)
    assert client.errors(110) == [(1, 110)]
    assert client.statuses(2) == ["Submitted"]


@pytest.mark.skipif(not installed(), reason="no client library is installed")
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("library", installed())
def test_orders_go_to_the_steps_and_are_told_of_as_they_were_asked_for(
    library: str, carrier: str
) -> None:
    gateway = gateway_of(zigzag(), played=60, cash=Fraction(10**6), steps=STEPS)

    async def body(one: Wired) -> None:
        await one.broker.connect()
        nq = await one.broker.contract(NQ)
        assert nq.ladder == COARSE
        last = (one.gateway.tapes["NQ"].price or 0) // 4 * 4
        asked = (last - 201, last + 401, last - 401)
        sends = bracket(nq, one.broker.next_number(), entry=asked[0], target=asked[1],
                        stop=asked[2])  # fmt: skip
        for send in sends:
            one.broker.send(send, nq)
        await one.until(lambda: len(one.gateway.truth.orders) == 3)
        tickets = [order.ticket for order in one.gateway.truth.orders]
        assert [one.limit if one.stop is None else one.stop for one in tickets] == [
            last - 204, last + 400, last - 404,
        ]  # fmt: skip
        held = (await one.broker.snapshot()).holdings
        assert {order.price for order in held.orders} == {last - 204, last + 400, last - 404}
        # who remembers what was asked for is told of that
        recalled = {send.order.id: price for send, price in zip(sends, asked, strict=True)}
        await one.broker.close()
        one.broker.recall = recalled.get
        await one.broker.connect(above=sends[-1].number)
        again = (await one.broker.snapshot()).holdings
        assert {order.ref: order.price for order in again.orders} == recalled
        assert {order.state for order in again.orders} == {OrderState.WORKING, OrderState.HELD}
        assert not one.heard(words.Refused)

    async def refused(one: Wired) -> None:
        await one.broker.connect()
        with pytest.raises(UnknownContract, match=r"come in steps of 0\.5 or more"):
            await one.broker.contract(NQ)

    async def work(body: Any, steps: Any) -> None:
        gateway.catalogue.rules |= {
            one.rule: steps for one in gateway.catalogue.contracts if one.symbol == "NQ"
        }
        async with wired(gateway, carrier, library) as one:
            await body(one)

    run(work(body, STEPS["NQ"]))
    run(work(refused, ((Fraction(0), Fraction(1, 2)),)))


@pytest.mark.parametrize(("price", "told"), [(24_000.0, 96_001), (24_001.0, 96_004)])
def test_an_order_whose_price_is_not_ours_on_a_step_is_told_of_as_it_is(
    price: float, told: int
) -> None:
    ref = f"{'a' * 16}:S0.0"
    scales = {1: Scale(TICK, 1, COARSE)}
    line = Line(17, lambda: 0, lambda _: None, scales=scales, recall={ref: 96_001}.get)
    terms = Terms(ref, 1, Action.SELL, OrderKind.STOP, price, 2, "GTC", outside_hours=True)
    held = line.held(Incarnation(17, 3, 99, terms))
    assert held is not None
    assert held.price == told
