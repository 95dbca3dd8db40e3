"""backtrader's broker, asked in the simulator's order, does what the simulator does."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import backtrader as bt
import pytest
from hypothesis import given, settings

from adapters.backtrader.venue import MarketFeed, quiet
from engine.execution import records as out
from engine.execution.records import Kind
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from tests.support.cerebro import play
from tests.support.desk import Scene, log_of, scenes
from tests.support.plain_simulator import Bar, Plan, Setup

FLAT = (100, 100, 100, 100)


def simulated(scene: Scene) -> list[list[int]]:
    simulator = Simulator(rules_of(scene.program, scene.terms), compiled=False)
    records: list[list[int]] = simulator.run(
        scene.market, scene.dates, scene.intents, scene.paths
    ).tolist()
    return records


@pytest.mark.law
@given(scene=scenes())
@settings(deadline=None, max_examples=60)
def test_every_plan_trades_as_in_the_simulator_and_backtrader_counts_the_same_money(
    scene: Scene,
) -> None:
    played = play(scene)
    account, money = played.simulator.account, played.simulator.rules.money

    assert played.records.tolist() == simulated(scene)
    if not account.open_positions:
        assert played.position == 0
        assert abs(played.cash - float(money.amount(account.equity))) < 0.005


@pytest.mark.law
@given(scene=scenes(order="market", positions=1, method="fixed", contracts=3, maximum=9))
@settings(deadline=None, max_examples=15)
def test_a_position_is_one_trade_of_backtraders_with_the_same_result(scene: Scene) -> None:
    played = play(scene)
    trades = played.strategy._trades[played.strategy.data]
    found = {number - 1: trade.pnlcomm for number, (trade,) in trades.items() if trade.isclosed}
    closed = played.records[played.records[:, out.KIND] == Kind.CLOSED]
    money = played.simulator.rules.money

    assert found == pytest.approx(
        {int(row[out.INTENT]): float(money.amount(row[out.NET])) for row in closed}, abs=0.005
    )


def scene(bars: list[tuple[int, int, int, int]], *setups: Setup, **plan: Any) -> Scene:
    """Bars of one date, traded with one contract of 5 USD a tick unless said otherwise."""
    facts = Plan(
        Fraction(5), Fraction(50_000), **{"shares": [Fraction(1)], "leaves": False, **plan}
    )
    return Scene(facts, [Bar(*bar, date=0) for bar in bars], list(setups))


def story(scene: Scene) -> list[str]:
    """The records in words, of backtrader's broker."""
    played = play(scene)
    told = []
    log = log_of(played.records, scene.program, played.simulator.rules)
    for row, kind, _, reason, price, contracts, amount in log:
        words = [f"{row} {kind}", reason, str(price) if price else ""]
        words += [f"x{contracts}" if contracts else "", f"= {amount}" if amount else ""]
        told.append(" ".join(word for word in words if word))
    assert played.records.tolist() == simulated(scene)
    return told


def short(stop: int = 110, *targets: int, price: int = 100) -> Setup:
    return Setup(0, "short", 100, price, stop, list(targets) or [90], None)


def test_the_bar_of_the_entry_is_tested_though_a_bracket_of_backtraders_sleeps_on_it() -> None:
    assert story(scene([FLAT, (101, 103, 89, 95), FLAT], short())) == [
        "0 intent 100 x1",
        "1 fill 101 x1",
        "1 exit target 0 90 x1 = 55",
        "1 closed target 0 x1 = 55",
    ]


def test_a_bracket_of_backtraders_own_lets_the_bar_of_the_entry_pass() -> None:
    """The difference that is configured away: it would leave at a later bar's price."""

    class Plain(bt.Strategy):  # type: ignore[misc]
        def next(self) -> None:
            if len(self) == 1:
                self.sell_bracket(price=None, exectype=bt.Order.Market, stopprice=27.5,
                                  limitprice=22.5)  # fmt: skip

    missed = scene([FLAT, (101, 103, 89, 95), (95, 96, 94, 95)], short())
    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        data = MarketFeed(market=missed.market)
        cerebro.adddata(data)
        cerebro.addstrategy(Plain)
        cerebro.run()

    assert cerebro.broker.getposition(data).size == -1
    assert play(missed).position == 0


def test_the_stop_comes_first_where_one_bar_holds_both() -> None:
    both = scene([FLAT, (100, 112, 88, 95), FLAT], short())

    assert "1 exit stop 110 x1 = -50" in story(both)
    later = replace(both, plan=replace(both.plan, stop_first=False))
    assert "1 exit target 0 90 x1 = 50" in story(later)


def test_a_gap_through_the_stop_is_filled_at_the_open_and_slippage_is_paid_once() -> None:
    gap = scene([FLAT, FLAT, (115, 116, 114, 115), FLAT], short(), slippage=2)

    assert "2 exit stop 117 x1 = -95" in story(gap)


def test_a_target_never_pays_slippage_not_even_at_a_better_open() -> None:
    gap = scene([FLAT, FLAT, (85, 86, 84, 85), FLAT], short(), slippage=2)

    assert "2 exit target 0 85 x1 = 65" in story(gap)


def test_a_stop_after_a_part_is_for_what_is_left() -> None:
    halves = scene(
        [FLAT, (100, 101, 94, 95), (95, 111, 95, 110), FLAT],
        short(110, 95, 80),
        shares=[Fraction(1, 2), Fraction(1, 2)], contracts=4, method="fixed", maximum=9,
    )  # fmt: skip

    told = story(halves)

    assert "1 exit target 0 95 x2 = 50" in told
    assert "2 exit stop 110 x2 = -100" in told


def test_a_part_and_the_stop_of_the_rest_in_one_bar_are_both_filled() -> None:
    halves = scene(
        [FLAT, FLAT, (94, 111, 94, 110), FLAT],
        short(110, 95, 80),
        shares=[Fraction(1, 2), Fraction(1, 2)], contracts=4, method="fixed", maximum=9,
    )  # fmt: skip

    told = story(halves)

    assert "2 exit target 0 94 x2 = 60" in told
    assert "2 exit stop 110 x2 = -100" in told


def test_an_account_below_nothing_trades_on_where_its_rules_let_it() -> None:
    ruin = scene(
        [FLAT, FLAT, (5000, 5001, 4999, 5000), (100, 100, 100, 100), (99, 99, 89, 90), FLAT],
        short(), replace(short(), row=3),
        contracts=5, method="fixed", maximum=9, commission=Fraction(5, 2),
    )  # fmt: skip

    assert story(ruin)[-1] == "4 closed target 0 x5 = 200"


def test_the_fill_that_is_refused_is_never_made_and_its_bracket_is_withdrawn() -> None:
    beyond = scene([FLAT, (111, 112, 110, 111), FLAT], short())
    played = play(beyond)

    assert "1 refused fill_beyond_stop 111 x1" in story(beyond)
    assert played.position == 0
    assert played.strategy.told == [
        *(("0/entry", "Accepted"), ("0/stop", "Accepted"), ("0/0", "Accepted")),
        *(("0/entry", "Canceled"), ("0/stop", "Canceled"), ("0/0", "Canceled")),
    ]


def test_a_stop_at_a_price_of_nothing_is_a_stop_there() -> None:
    low = (-10, -10, -10, -10)
    setup = Setup(0, "short", -10, -10, 0, [-30], None)

    told = story(scene([low, low, (-10, 3, -11, -5), low], setup))

    assert "2 exit stop 0 x1 = -50" in told or "2 exit stop x1 = -50" in told
