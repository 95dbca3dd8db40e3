"""The gateway fills as the simulator does, bar by bar: the venue law begins here."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateway.exchange import Children, Rules
from adapters.gateway.faults import plans
from adapters.gateway.orders import Status
from engine.domain.order import Action, Fill, Order, OrderKind
from engine.execution.broker import Bar, SimulatedBroker
from engine.execution.terms import SameBar, Terms
from tests.support.bars import bars_from_rows
from tests.support.gateway import FIRST, Client, flat_market, gateway_of, market_of

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway

KINDS = {"MKT": OrderKind.MARKET, "LMT": OrderKind.LIMIT, "STP": OrderKind.STOP}


def walk(rng: Random, count: int) -> list[tuple[int, int, int, int]]:
    """Bars of some ticks that jump about 1000."""
    bars, last = [], 1000
    for _ in range(count):
        opened = last + rng.choice((0, 0, 0, 1, -1, 5, -5))
        close = opened + rng.randint(-6, 6)
        high, low = max(opened, close) + rng.randint(0, 5), min(opened, close) - rng.randint(0, 5)
        bars.append((opened, high, low, close))
        last = close
    return bars


@pytest.mark.law
@given(
    seed=st.integers(0, 1 << 32),
    stop_first=st.booleans(),
    slippage=st.integers(0, 2),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_a_bracket_is_filled_as_the_simulator_fills_it(
    seed: int, *, stop_first: bool, slippage: int, kind: str
) -> None:
    rng = Random(seed)
    bars = walk(rng, 12)
    sign = rng.choice((1, -1))
    action = "BUY" if sign > 0 else "SELL"
    level = bars[0][3] + rng.randint(-6, 6)
    base = bars[0][3] if kind == "MKT" else level
    stop, target = base - sign * rng.randint(8, 14), base + sign * rng.randint(8, 14)

    order = SameBar.STOP_FIRST if stop_first else SameBar.TARGET_FIRST
    broker = SimulatedBroker(Terms(slippage=slippage, same_bar=order))
    side = Action.BUY if sign > 0 else Action.SELL
    broker.submit(Order("E", side, KINDS[kind], 2, None if kind == "MKT" else level))
    for name, way, price in (("T", OrderKind.LIMIT, target), ("S", OrderKind.STOP, stop)):
        broker.submit(Order(name, side.opposite, way, 2, price, parent="E", group="G"))
    for row, prices in enumerate(bars[1:], start=1):
        broker.on_bar(Bar(FIRST + row, *prices))
    wanted = [(e.order_id, e.minute, e.price) for e in broker.events() if isinstance(e, Fill)]

    market = bars_from_rows((FIRST + k, *prices, 9) for k, prices in enumerate(bars))
    gateway = gateway_of(market, played=0, rules=Rules(slippage, stop_first))
    client = Client(gateway)
    gateway.advance()
    while gateway.tapes["NQ"].row == 0:
        gateway.step()
    words = {"LMT": {"limit": level / 4}, "STP": {"stop_price": level / 4}, "MKT": {}}[kind]
    client.bracket(1, action, 2, stop=stop / 4, target=target / 4, **words)
    while gateway.advance():
        pass
    got = [
        (one.order.ticket.ref, int(one.time // 60), one.price) for one in gateway.truth.executions
    ]
    assert got == wanted
    assert client.errors(201) == []


def test_both_inside_one_bar_is_the_stop() -> None:
    gateway = gateway_of(market_of((1000, 1002, 998, 1000), (1000, 1040, 960, 1000)), played=4)
    client = Client(gateway)
    gateway.advance()
    client.bracket(1, "BUY", 1, stop=245.0, target=255.0)
    while gateway.advance():
        pass
    assert [(one.order.ticket.ref, one.price) for one in gateway.truth.executions] == [
        ("E", 1000),
        ("S", 980),
    ]
    assert client.statuses(2)[-1] == "Cancelled"


def test_a_market_order_after_the_close_waits_for_the_next_open() -> None:
    gateway = gateway_of(market_of((1000, 1000, 1000, 1000), (1008, 1010, 1006, 1010)), played=4)
    client = Client(gateway)
    while gateway.now < FIRST * 60 + 359:
        gateway.step()
    gateway.step()  # the bar is over
    client.place(1, "BUY", 1, "MKT")
    assert client.statuses(1) == ["PreSubmitted"]
    gateway.step()  # the next one opens
    assert gateway.truth.executions == []
    gateway.step()  # and trades at its first price
    assert [one.price for one in gateway.truth.executions] == [1008]


def at_the_gap() -> tuple[Gateway, Client]:
    """Long by order 1, a stop (3) and a target (2) in one group; the bar opens below the stop."""
    bars = [(1000, 1000, 1000, 1000), (1000, 1000, 1000, 1000), (960, 965, 950, 955)]
    gateway = gateway_of(market_of(*bars), played=5)
    client = Client(gateway)
    gateway.advance()
    client.bracket(1, "BUY", 1, stop=245.0, target=255.0)
    while gateway.tapes["NQ"].price != 960:
        gateway.advance()
    assert [one.price for one in gateway.truth.executions] == [1000]
    return gateway, client


def test_who_hears_a_bars_first_price_can_still_leave_at_it_before_the_stop_is_met() -> None:
    gateway, client = at_the_gap()
    group = gateway.truth.working[0].ticket.oca
    client.place(4, "SELL", 1, "MKT", oca=group, oca_type=1, ref="X", parent=0)
    while gateway.advance():
        pass
    ways = [(one.order.ticket.ref, one.price) for one in gateway.truth.executions]
    assert ways[:2] == [("E", 1000), ("X", 960)]


def test_who_does_nothing_at_a_bars_first_price_is_stopped_out_at_it() -> None:
    gateway, client = at_the_gap()
    while gateway.advance():
        pass
    ways = [(one.order.ticket.ref, one.price) for one in gateway.truth.executions]
    assert ways == [("E", 1000), ("S", 960)]
    assert client.statuses(2)[-1] == "Cancelled"


def test_an_entry_withdrawn_at_a_bars_first_price_is_not_filled_at_it() -> None:
    bars = [(1000, 1000, 1000, 1000), (1000, 1000, 1000, 1000), (960, 965, 950, 955)]
    gateway = gateway_of(market_of(*bars), played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "LMT", limit=242.5, tif="GTC")
    while gateway.tapes["NQ"].price != 960:
        gateway.advance()
    client.send(4, 1, 1, "")
    while gateway.advance():
        pass
    assert gateway.truth.executions == []
    assert client.statuses(1)[-1] == "Cancelled"


def test_of_two_orders_waiting_for_the_open_the_way_out_goes_before_the_stop() -> None:
    bars = [(1000, 1000, 1000, 1000), (1000, 1000, 1000, 1000), (960, 965, 950, 955)]
    gateway = gateway_of(market_of(*bars), played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "MKT", ref="E")
    client.place(2, "SELL", 1, "STP", aux=245.0, oca="G", oca_type=1, tif="GTC", ref="S")
    while gateway.tapes["NQ"].row < 7:
        gateway.step()
    client.place(3, "SELL", 1, "MKT", oca="G", oca_type=1, ref="X")
    assert client.statuses(3) == ["PreSubmitted"]
    while gateway.advance():
        pass
    ways = [(one.order.ticket.ref, one.price) for one in gateway.truth.executions]
    assert ways == [("E", 1000), ("X", 960)]


def test_a_market_order_at_the_close_is_filled_at_the_close() -> None:
    gateway = gateway_of(market_of((1000, 1010, 990, 1005), (1100, 1100, 1100, 1100)), played=5)
    client = Client(gateway)
    while gateway.now < (FIRST + 5) * 60 + 59:
        gateway.step()
    client.place(1, "BUY", 1, "MKT")
    assert [one.price for one in gateway.truth.executions] == [1005]


def test_children_of_an_unfilled_parent_protect_nothing_and_say_so() -> None:
    gateway = gateway_of(flat_market(), played=5)
    client = Client(gateway)
    gateway.advance()
    client.bracket(1, "BUY", 1, limit=24_900.0, stop=24_800.0, target=25_100.0)
    held = {fields[1]: fields[10] for fields in client.of(3)}
    assert held == {"1": "", "2": "child", "3": "child"}


def test_an_armed_stop_waits_for_its_trigger() -> None:
    gateway = gateway_of(flat_market(), played=5)
    client = Client(gateway)
    gateway.advance()
    client.bracket(1, "BUY", 1, stop=24_800.0, target=25_100.0)
    assert client.of(3)[-1][1:3] != ()
    held = {fields[1]: (fields[2], fields[10]) for fields in client.of(3)}
    assert held["3"] == ("PreSubmitted", "trigger")
    assert held["2"] == ("Submitted", "")


@pytest.mark.parametrize("outside", [True, False])
def test_a_stop_without_outside_rth_sleeps_at_night(*, outside: bool) -> None:
    night = market_of((1000, 1000, 1000, 1000), (1000, 1000, 900, 900), first=FIRST + 12 * 60)
    gateway = gateway_of(night, played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "MKT")
    client.place(2, "SELL", 1, "STP", aux=240.0, tif="GTC", outside=outside)
    while gateway.advance():
        pass
    assert len(gateway.truth.executions) == (2 if outside else 1)
    assert (gateway.truth.longest_naked > 5) is not outside


def test_day_orders_die_with_their_session_and_gtc_orders_do_not() -> None:
    market = bars_from_rows((FIRST + 30 * k, 1000, 1000, 1000, 1000, 1) for k in range(40))
    gateway = gateway_of(market, played=1)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "LMT", limit=200.0)
    client.place(2, "BUY", 1, "LMT", limit=200.0, tif="GTC")
    client.place(3, "BUY", 1, "LMT", limit=200.0, tif="GTD", good_till="20260106 18:00:00 UTC")
    ends: dict[int, float] = {}
    while gateway.advance():
        for number in (1, 2, 3):
            if client.statuses(number)[-1] == "Cancelled":
                ends.setdefault(number, gateway.now)
    assert set(ends) == {1, 3}
    assert ends[3] == (FIRST + 180) * 60
    assert ends[1] == (FIRST + 7 * 60) * 60  # 16:00 in Chicago


def test_one_fill_cancels_its_oca_group() -> None:
    gateway = gateway_of(market_of((1000, 1000, 1000, 1000), (1000, 1030, 1000, 1030)), played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "SELL", 1, "LMT", limit=255.0, oca="G", oca_type=1)
    client.place(2, "SELL", 1, "LMT", limit=256.0, oca="G", oca_type=1)
    while gateway.advance():
        pass
    assert client.statuses(1)[-1] == "Filled"
    assert client.statuses(2)[-1] == "Cancelled"


def test_a_partly_filled_parent_wakes_its_children_only_when_full_unless_told() -> None:
    for children, held in ((Children.FULL, "child"), (Children.PARTIAL, "trigger")):
        rules = Rules(children=children)
        gateway = gateway_of(flat_market(), played=5, rules=rules, faults=plans("partial-fill#1"))
        client = Client(gateway)
        gateway.advance()
        client.bracket(1, "BUY", 2, stop=24_800.0, target=25_100.0)
        assert gateway.truth.positions == {("DU1234567", "NQH6"): 1}
        assert [fields[10] for fields in client.of(3) if fields[1] == "3"][-1] == held
        while gateway.now % 60 < 59:
            gateway.step()
        assert gateway.truth.positions == {("DU1234567", "NQH6"): 2}


def test_a_trailing_stop_follows_and_never_goes_back() -> None:
    bars = [(1000, 1000, 1000, 1000), (1000, 1100, 1000, 1100), (1100, 1100, 1060, 1060),
            (1060, 1070, 1000, 1000)]  # fmt: skip
    gateway = gateway_of(market_of(*bars), played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "MKT")
    client.place(2, "SELL", 1, "TRAIL", aux=12.5, tif="GTC")  # 50 ticks
    while gateway.advance():
        pass
    assert gateway.truth.executions[-1].price == 1050


def test_a_stop_limit_becomes_a_limit_when_the_price_has_run_past_it() -> None:
    bars = [(1000, 1000, 1000, 1000), (1000, 1000, 1000, 1000), (1050, 1060, 1050, 1060),
            (1060, 1060, 1010, 1010)]  # fmt: skip
    gateway = gateway_of(market_of(*bars), played=5)
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 1, "STP LMT", aux=252.5, limit=255.0, tif="GTC")
    while gateway.advance():
        pass
    assert [one.price for one in gateway.truth.executions] == [1020]


def test_money_adds_up() -> None:
    rules = Rules(commission=Fraction("2.25"))
    gateway = gateway_of(
        market_of((1000, 1000, 1000, 1000), (1010, 1010, 1010, 1010)), played=5, rules=rules
    )
    client = Client(gateway)
    gateway.advance()
    client.place(1, "BUY", 2, "MKT")
    while gateway.tapes["NQ"].price != 1010:
        gateway.step()
    client.place(2, "SELL", 2, "MKT")
    account = gateway.exchange.accounts["DU1234567"]
    assert account.net == Fraction(100_000) + 10 * 2 * 5 - 4 * Fraction("2.25")
    assert client.of(59)[-1][5] == "95.5"  # 100 gained, 4.50 paid to close
    assert gateway.truth.orders[0].status is Status.FILLED


def test_a_limit_entry_inside_a_bar_gains_nothing_from_what_the_bar_did_before() -> None:
    gateway = gateway_of(market_of((1000, 1000, 1000, 1000), (1000, 1040, 980, 985)), played=5)
    client = Client(gateway)
    gateway.advance()
    client.bracket(1, "BUY", 1, limit=247.5, stop=225.0, target=257.5)
    while gateway.advance():
        pass
    assert [(one.order.ticket.ref, one.price) for one in gateway.truth.executions] == [("E", 990)]


def test_a_stop_that_waits_for_its_parent_leaves_the_position_naked() -> None:
    gateway = gateway_of(flat_market(), played=5, faults=plans("partial-fill#1"))
    client = Client(gateway)
    gateway.advance()
    client.bracket(1, "BUY", 2, stop=24_800.0, target=25_100.0)
    seen = [gateway.truth.naked]
    while gateway.now % 60 < 59:
        gateway.step()
    seen.append(gateway.truth.naked)
    assert seen == [True, False]
    assert gateway.truth.longest_naked == 59
