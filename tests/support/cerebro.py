"""backtrader in the tests: scenes of the simulator played on its broker, feeds that live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from adapters.backtrader.grid import Grid
from adapters.backtrader.venue import BacktraderFloor, Costs, EngineBroker, MarketFeed, quiet
from engine.execution import records as out
from engine.execution.hosted import hosted_kernel
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator

if TYPE_CHECKING:
    from engine.domain.market import Ints
    from tests.support.desk import Scene


@dataclass(frozen=True)
class Played:
    """What came of a scene on backtrader's broker."""

    records: Ints
    simulator: Simulator
    strategy: Any
    cash: float
    position: int


class Player(bt.Strategy):  # type: ignore[misc]
    """Trades the setups of a scene, a bar at a time, on backtrader's broker."""

    params = (("scene", None),)

    def start(self) -> None:
        scene, program = self.p.scene, self.p.scene.program
        instrument = program.instrument
        rules = rules_of(program, scene.terms)
        floor = BacktraderFloor(self, self.data, Grid(instrument), scene.terms.slippage)
        costs = Costs(commission=float(scene.terms.commission), mult=float(instrument.multiplier))
        self.broker.addcommissioninfo(costs, name=self.data._name)
        self.simulator = Simulator(rules, kernel=hosted_kernel(floor))
        self.records: list[Ints] = [np.zeros((0, out.WIDTH), np.int64)]
        self.told: list[tuple[str, str]] = []
        self.prices = scene.market, scene.dates, scene.intents, scene.paths
        self.broker.attendants.append(self.attend)

    def attend(self) -> None:
        self.records.append(self.simulator.run(*self.prices, stop=len(self.data)))

    def notify_order(self, order: Any) -> None:
        self.told.append((order.info.name, order.getstatusname()))


def play(scene: Scene, **modes: Any) -> Played:
    """Play a scene."""
    market = scene.market
    with quiet():
        cerebro = bt.Cerebro(stdstats=False, **modes)
        cerebro.setbroker(EngineBroker(cash=float(scene.terms.equity)))
        data = MarketFeed(market=market)
        cerebro.adddata(data, name="it")
        cerebro.addstrategy(Player, scene=scene)
        (strategy,) = cerebro.run()
    broker = cerebro.broker
    return Played(
        np.concatenate(strategy.records), strategy.simulator, strategy, broker.cash,
        broker.getposition(data).size,
    )  # fmt: skip


class LiveFeed(MarketFeed):
    """The same bars as if they came live: nothing is known ahead, and often there is none yet."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0

    def islive(self) -> bool:
        return True

    def _load(self) -> bool | None:
        self._asked += 1
        if self._asked % 3:
            return None
        loaded: bool | None = super()._load()
        return loaded
