"""What a broker does otherwise than the simulator, told to its kernel."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.execution import records as out
from engine.execution.records import Kind
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.live.family import Phase
from engine.live.floor import Deal, LiveFloor, Way, deal_of, live_kernel, live_reasons
from engine.live.identity import Role
from tests.support.broker_words import ENTRY, STOP, execution, family
from tests.support.desk import Scene
from tests.support.plain_simulator import Bar, Plan, Setup

TICK = Fraction(1, 4)


def scene(**plan: Any) -> Scene:
    """A short of two contracts from 100 on five quiet bars; the stop is at 110."""
    facts = Plan(
        Fraction(5), Fraction(50_000),
        **{"contracts": 2, "maximum": 9, "shares": [Fraction(1)], "leaves": False, **plan},
    )  # fmt: skip
    bars = [Bar(100, 101, 99, 100, 0) for _ in range(5)]
    return Scene(facts, bars, [Setup(0, "short", 100, 100, 110, [90] * len(facts.shares), None)])


def told(found: Scene, *deals: Deal) -> list[tuple[int, str, str, int, int, Fraction]]:
    """The records of bars on which the broker did this, one deal a bar from bar 1 on.

    Row, kind, reason, price, contracts, and gross for an exit, net for what is closed.
    """
    floor = LiveFloor(found.program)
    rules = rules_of(found.program, found.terms)
    simulator = Simulator(rules, kernel=live_kernel(floor))
    names, log = live_reasons(found.program), []
    for row in range(len(found.bars)):
        floor.show({0: deals[row - 1]} if 0 < row <= len(deals) else {})
        records = simulator.run(found.market, found.dates, found.intents, found.paths, row + 1)
        for one in records.tolist():
            kind = Kind(one[out.KIND])
            amount = rules.money.amount(one[out.GROSS] if kind is Kind.EXIT else one[out.NET])
            log.append(
                (one[out.ROW], kind.name.lower(), names[one[out.REASON]], one[out.PRICE],
                 one[out.CONTRACTS], amount)
            )  # fmt: skip
    return log


def entered(contracts: int, *prices: int, pending: bool = False) -> Deal:
    return Deal(contracts, Fraction(sum(prices)), pending)


def left(role: Role, contracts: int, price: Fraction | int, number: int = 0) -> Deal:
    return Deal(ways=(Way(role, number, contracts, Fraction(price)),))


def test_an_entry_whose_count_is_not_final_waits() -> None:
    log = told(scene(), entered(1, 100, pending=True), entered(1, 100))

    assert [one[:2] for one in log] == [(0, "intent"), (2, "fill")]
    assert log[1][4] == 1


def test_an_entry_at_several_prices_is_counted_to_the_cent() -> None:
    log = told(scene(), entered(2, 100, 99), left(Role.STOP, 2, 110))

    assert log[1][3] == 99  # rounded against us
    assert log[-1][5] == -(10 + 11) * 5


def test_an_exit_that_is_late_is_asked_for_until_it_comes() -> None:
    log = told(scene(after=1), entered(2, 100, 100), Deal(), left(Role.EXIT, 2, 99))

    assert log[2][:3] == (3, "exit", "time")


def test_an_exit_in_parts_is_a_record_a_part() -> None:
    log = told(
        scene(), entered(2, 100, 100), left(Role.STOP, 1, 110), left(Role.STOP, 1, Fraction(221, 2))
    )

    assert [one[:3] for one in log[2:]] == [
        (2, "exit", "stop"), (3, "exit", "stop"), (3, "closed", "stop")
    ]  # fmt: skip
    assert log[-1][5] == -(10 + Fraction(21, 2)) * 5


def test_a_way_out_that_nobody_planned_is_called_flattened() -> None:
    log = told(scene(), entered(2, 100, 100), left(Role.EXIT, 2, 101))

    assert log[2][:3] == (2, "exit", "flattened")


def test_a_target_reached_at_a_bars_first_price_comes_before_the_others_of_the_bar() -> None:
    both = (*left(Role.TARGET, 1, 95).ways, *left(Role.TARGET, 1, 100, number=1).ways)
    log = told(scene(shares=[Fraction(1, 2)] * 2), entered(2, 100, 100), Deal(ways=both))

    assert [one[2] for one in log[2:]] == ["target 1", "target 0", "target 0"]


def test_executions_at_one_price_are_one_way_out() -> None:
    done = (execution(ENTRY), execution(STOP, 1, "a"), execution(STOP, 1, "b"))
    deal = deal_of(family(Phase.HOLDING), done, TICK, final=True)

    price = Fraction(Decimal("25500.25")) / TICK
    assert deal == Deal(2, 2 * price, pending=False, ways=(Way(Role.STOP, 0, 2, price),))


def test_a_deal_is_pending_while_part_of_an_entry_is_there_and_the_rest_may_come() -> None:
    part = (execution(ENTRY, 1, "a"),)
    found = family(Phase.HOLDING)

    assert deal_of(found, part, TICK, final=False).pending
    assert not deal_of(found, part, TICK, final=True).pending
    assert not deal_of(found, (), TICK, final=False).pending
