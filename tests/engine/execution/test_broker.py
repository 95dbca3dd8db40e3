"""The simulated broker, driven order by order, fills as the simulator does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from engine.domain.order import Action, Fill, Order, OrderKind, Withdrawn
from engine.execution import broker as simulated
from engine.execution import records as out
from engine.execution.broker import SimulatedBroker
from engine.execution.records import Kind, Reason
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.execution.terms import Terms
from tests.support.desk import Scene, scenes

if TYPE_CHECKING:
    from engine.domain.order import BrokerEvent
    from engine.ports import Broker
    from tests.support.plain_simulator import Bar, Setup

Deal = tuple[int, str, int, int]
"""row, entry or exit, price, contracts"""


class Driver:
    """Trades setups of fixed size, one position at a time, through a broker."""

    def __init__(self, scene: Scene, broker: Broker) -> None:
        self.scene, self.broker = scene, broker
        self.waiting: dict[str, tuple[int, int]] = {}
        self.legs: set[str] = set()
        self.held = self.entered = 0
        self.action = Action.BUY
        self.deals: dict[tuple[int, str, int], int] = defaultdict(int)

    def before(self, row: int, bar: Bar) -> None:
        """The clock says that the session is over: nothing may be entered, all must be out."""
        if not self.scene.plan.flattens:
            return
        for name, (_, date) in list(self.waiting.items()):
            if bar.over or bar.date != date:
                self.withdraw(name)
        if self.held and (bar.over or bar.date != self.scene.bars[row - 1].date):
            self.flatten(row, OrderKind.MARKET)

    def after(self, row: int, bar: Bar) -> None:
        """The bar is closed: learn what happened, then decide."""
        self.learn(row)
        plan = self.scene.plan
        if self.held and plan.flattens and bar.closing:
            self.flatten(row, OrderKind.CLOSE)
            self.learn(row)
        if self.held and plan.after and row - self.entered + 1 >= plan.after:
            self.flatten(row, OrderKind.MARKET)
        for name, (placed, _) in list(self.waiting.items()):
            if row - placed >= plan.valid:
                self.withdraw(name)
        ended = plan.flattens and (bar.over or bar.closing)
        for index, setup in enumerate(self.scene.setups):
            if setup.row == row and not self.held and not ended:
                self.send(f"{index}", row, setup, bar)

    def learn(self, row: int) -> None:
        for event in self.broker.events():
            if isinstance(event, Withdrawn):
                continue
            is_entry = event.order_id in self.waiting
            self.deals[row, "entry" if is_entry else "exit", event.price] += event.contracts
            if is_entry:
                self.take(event, row)
            else:
                self.held -= event.contracts
                self.legs.discard(event.order_id)

    def take(self, fill: Fill, row: int) -> None:
        setup = self.scene.setups[int(fill.order_id)]
        self.action = Action.BUY if setup.side == "long" else Action.SELL
        self.held, self.entered = fill.contracts, row
        self.waiting.clear()
        self.legs = {leg.id for leg in self.bracket(fill.order_id, setup)}

    def withdraw(self, name: str) -> None:
        self.broker.cancel(name)
        self.waiting.pop(name, None)

    def flatten(self, row: int, kind: OrderKind) -> None:
        for leg in self.legs:
            self.broker.cancel(leg)
        self.legs = {f"flat {row}"}
        self.broker.submit(Order(f"flat {row}", self.action.opposite, kind, self.held))

    def send(self, name: str, row: int, setup: Setup, bar: Bar) -> None:
        plan = self.scene.plan
        action = Action.BUY if setup.side == "long" else Action.SELL
        kind = OrderKind(plan.order)
        price = None if kind is OrderKind.MARKET else setup.price
        size = min(plan.contracts, plan.maximum)
        self.waiting[name] = (row, bar.date)
        self.broker.submit(Order(name, action, kind, size, price, group="entries"))
        for leg in self.bracket(name, setup):
            self.broker.submit(leg)

    def bracket(self, name: str, setup: Setup) -> list[Order]:
        """A stop for each target's part, paired with it, and one for the rest."""
        plan = self.scene.plan
        size = min(plan.contracts, plan.maximum)
        out_again = (Action.BUY if setup.side == "long" else Action.SELL).opposite
        parts = [int(size * share) for share in plan.shares]
        if parts:
            parts[-1] = int(size * sum(plan.shares)) - sum(parts[:-1])
        legs = []
        for index, part in enumerate([*parts, size - sum(parts)]):
            if part:
                pair = (name, f"{name} {index}")
                stop = (OrderKind.STOP, part, setup.stop)
                legs.append(Order(f"{name} stop {index}", out_again, *stop, *pair))
                if index < len(parts):
                    target = (OrderKind.LIMIT, part, setup.targets[index])
                    legs.append(Order(f"{name} target {index}", out_again, *target, *pair))
        return legs


def deals_of_driver(scene: Scene) -> list[Deal]:
    broker = SimulatedBroker(scene.terms)
    driver = Driver(scene, broker)
    for row, bar in enumerate(scene.bars):
        driver.before(row, bar)
        broker.on_bar(simulated.Bar(row, bar.open, bar.high, bar.low, bar.close))
        driver.after(row, bar)
    return sorted((*key, size) for key, size in driver.deals.items())


def without_bad_fills(scene: Scene) -> tuple[Scene, list[Deal]]:
    """The scene without setups whose fill the simulator refuses: a broker fills those."""
    while True:
        simulator = Simulator(rules_of(scene.program, scene.terms), compiled=False)
        records = simulator.run(scene.market, scene.dates, scene.intents, scene.paths)
        bad = {
            int(record[out.INTENT])
            for record in records
            if record[out.REASON] in (Reason.FILL_BEYOND_STOP, Reason.RR_AFTER_FILL)
        }
        if not bad:
            break
        kept = [one for index, one in enumerate(scene.setups) if index not in bad]
        scene = replace(scene, setups=kept)
    deals: dict[tuple[int, str, int], int] = defaultdict(int)
    names = {Kind.FILL: "entry", Kind.EXIT: "exit"}
    for record in records.tolist():
        if record[out.KIND] in names:
            key = (record[out.ROW], names[Kind(record[out.KIND])], record[out.PRICE])
            deals[key] += record[out.CONTRACTS]
    return scene, sorted((*key, size) for key, size in deals.items())


SIMPLE: dict[str, Any] = {
    "method": "fixed",
    "minimum": 1,
    "reduce_at": None,
    "stop_at": None,
    "daily_loss": None,
    "positions": 1,
    "even_target": None,
    "even_r": None,
    "trails": False,
    "flat_later": False,
}


@pytest.mark.law
@given(scene=scenes(**SIMPLE))
@settings(max_examples=200, deadline=None)
def test_a_driver_over_the_broker_gets_the_fills_of_the_simulator(scene: Scene) -> None:
    for bar in scene.bars:
        bar.leave = {}
    scene, expected = without_bad_fills(scene)
    assert deals_of_driver(scene) == expected


def bracket(broker: SimulatedBroker) -> None:
    broker.submit(Order("in", Action.BUY, OrderKind.MARKET, 3))
    for index, part in enumerate((1, 2)):
        pair = ("in", f"{index}")
        broker.submit(Order(f"stop {index}", Action.SELL, OrderKind.STOP, part, 90, *pair))
        price = 110 + 10 * index
        broker.submit(Order(f"target {index}", Action.SELL, OrderKind.LIMIT, part, price, *pair))


def events_of(broker: SimulatedBroker, *bars: tuple[int, int, int, int]) -> list[BrokerEvent]:
    for minute, bar in enumerate(bars):
        broker.on_bar(simulated.Bar(minute, *bar))
    return broker.events()


def test_one_leg_of_a_pair_withdraws_the_other_and_leaves_the_next_pair() -> None:
    broker = SimulatedBroker(Terms())
    bracket(broker)
    assert events_of(broker, (100, 111, 99, 105), (105, 106, 89, 91)) == [
        Fill("in", 0, 100, 3),
        Fill("target 0", 0, 110, 1),
        Withdrawn("stop 0", 0),
        Fill("stop 1", 1, 90, 2),
        Withdrawn("target 1", 1),
    ]


def test_cancelling_an_entry_withdraws_its_bracket() -> None:
    broker = SimulatedBroker(Terms())
    bracket(broker)
    broker.cancel("in")
    assert {event.order_id for event in broker.events()} == {
        *("in", "stop 0", "stop 1", "target 0", "target 1")
    }
    assert events_of(broker, (100, 200, 1, 100)) == []


def test_an_order_of_no_contracts_or_without_its_price_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Order("x", Action.BUY, OrderKind.MARKET, 0)
    with pytest.raises(ValueError, match="do not fit"):
        Order("x", Action.BUY, OrderKind.STOP, 1)
    with pytest.raises(ValueError, match="do not fit"):
        Order("x", Action.BUY, OrderKind.MARKET, 1, 100)


def test_an_order_id_works_once_at_a_time() -> None:
    broker = SimulatedBroker(Terms())
    broker.submit(Order("x", Action.BUY, OrderKind.LIMIT, 1, 1))
    with pytest.raises(ValueError, match="works already"):
        broker.submit(Order("x", Action.BUY, OrderKind.LIMIT, 1, 1))
