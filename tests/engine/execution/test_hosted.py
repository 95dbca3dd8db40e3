"""The kernel on another floor does what it does on its own, and asks for the orders it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from engine.domain.order import Order, OrderKind
from engine.execution import state as at
from engine.execution.fills import LIMIT, MARKET, NEVER, STOP, fill
from engine.execution.hosted import hosted_kernel
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from tests.support.desk import Scene, scenes

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = {
    OrderKind.MARKET: MARKET,
    OrderKind.CLOSE: MARKET,
    OrderKind.STOP: STOP,
    OrderKind.LIMIT: LIMIT,
}
MATTERS = [at.NEXT_ROW, at.NEXT_OFFER, at.OPEN, at.WAITING, at.CASH, at.TOP, at.IS_LATCHED]


class PlainFloor:
    """Fills by the simulator's rule, and takes no order that it was not told of."""

    def __init__(self, slippage: int) -> None:
        self.slippage = slippage
        self.kept: dict[str, Order] = {}
        self.held = 0

    def quote(self, order: Order, first: int, high: int, low: int) -> int:
        assert self.kept[order.id] == order
        return fill(KINDS[order.kind], order.action.sign, order.price or 0, first, high, low, 0)

    def fill(self, order: Order, first: int, high: int, low: int) -> int:
        if order.kind is not OrderKind.CLOSE:
            kept = self.kept[order.id]
            assert (kept.action, kept.kind, kept.price) == (order.action, order.kind, order.price)
            assert kept.contracts >= order.contracts
        paid = (
            fill(
                KINDS[order.kind],
                order.action.sign,
                order.price or 0,
                first,
                high,
                low,
                self.slippage,
            )
            if order.kind is not OrderKind.LIMIT
            else self.quoted(order, first, high, low)
        )
        if paid != NEVER:
            self.held += order.action.sign * order.contracts
        return paid

    def quoted(self, order: Order, first: int, high: int, low: int) -> int:
        return fill(LIMIT, order.action.sign, order.price or 0, first, high, low, 0)

    def keep(self, orders: Sequence[Order]) -> None:
        self.kept = {order.id: order for order in orders}
        assert len(self.kept) == len(orders)


@pytest.mark.law
@given(scene=scenes())
@settings(max_examples=300, deadline=None)
def test_a_floor_that_fills_alike_gives_the_same_records(scene: Scene) -> None:
    rules = rules_of(scene.program, scene.terms)
    floor = PlainFloor(scene.terms.slippage)
    hosted = Simulator(rules, kernel=hosted_kernel(floor))
    own = Simulator(rules, compiled=False)

    records = [
        one.run(scene.market, scene.dates, scene.intents, scene.paths).tolist()
        for one in (hosted, own)
    ]

    assert records[0] == records[1]
    accounts = [one.account for one in (hosted, own)]
    assert accounts[0].book[MATTERS].tolist() == accounts[1].book[MATTERS].tolist()
    assert accounts[0].orders.tolist() == accounts[1].orders.tolist()
    assert (floor.held == 0) or hosted.account.open_positions > 0
