from __future__ import annotations

import pytest

from engine.domain.order import Action, Order, OrderKind
from engine.live.family import Asked, Family, Phase
from engine.live.identity import Leg, Role
from engine.live.meanwhile import Making, too_late
from tests.support.broker_words import FAMILY, SIGNAL

FOLLOWS = SIGNAL.minute + 1
ENTRIES = {OrderKind.MARKET: None, OrderKind.STOP: 102, OrderKind.LIMIT: 98}
"""Where a long from 100 enters; its stop is at 90 and its target at 110."""


def bracket(entry: OrderKind, *, short: bool) -> Family:
    """Such a long, or its mirror image about 100."""

    def asked(role: Role, kind: OrderKind, price: int | None) -> Asked:
        opens, leg = role.opens, Leg(FAMILY, role)
        action = Action.BUY if opens is not short else Action.SELL
        mirrored = 200 - price if short and price is not None else price
        return Asked(leg, Order(leg.ref, action, kind, 1, mirrored))

    legs = (
        asked(Role.ENTRY, entry, ENTRIES[entry]),
        asked(Role.TARGET, OrderKind.LIMIT, 110),
        asked(Role.STOP, OrderKind.STOP, 90),
    )
    return Family(SIGNAL, legs[0].order.action, Phase.SENDING, legs)


@pytest.mark.parametrize("short", [False, True], ids=["long", "short"])
@pytest.mark.parametrize(
    ("entry", "high", "low", "late"),
    [
        (OrderKind.MARKET, 109, 91, False),
        (OrderKind.MARKET, 110, 91, True),
        (OrderKind.MARKET, 109, 90, True),
        (OrderKind.STOP, 101, 91, False),
        (OrderKind.STOP, 102, 91, True),
        (OrderKind.LIMIT, 109, 99, False),
        (OrderKind.LIMIT, 109, 98, True),
        (OrderKind.MARKET, 120, 120, False),  # the first price of all: it would be met there, too
    ],
)
def test_an_entry_is_late_once_the_market_was_at_a_price_of_its_own(
    entry: OrderKind,
    high: int,
    low: int,
    late: bool,  # noqa: FBT001 - a case
    short: bool,  # noqa: FBT001 - a case
) -> None:
    prices = (200 - low, 200 - high) if short else (high, low)
    reason = too_late(bracket(entry, short=short), FOLLOWS, Making(FOLLOWS, *prices))
    assert reason == ("the market was at its prices already" if late else "")


def test_an_entry_is_late_once_another_bar_has_begun_and_not_before() -> None:
    made = bracket(OrderKind.MARKET, short=False)
    assert too_late(made, FOLLOWS, Making(FOLLOWS)) == ""
    assert too_late(made, FOLLOWS, Making(FOLLOWS + 1)) == "another bar has begun since"
