"""What bars show: trades as they were, or the quotes around them.

No quotes are known, so the bid is one tick below every price that traded and the ask one above.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.gateway.tape import Range

SPREAD: Final = 1
"""Ticks between a price that traded and the bid, or the ask."""

NO_TRADES: Final = -1
"""The volume of a bar of quotes."""


def _shifted(bar: Range, ticks: int) -> Range:
    return replace(
        bar,
        open=bar.open + ticks,
        high=bar.high + ticks,
        low=bar.low + ticks,
        close=bar.close + ticks,
        volume=NO_TRADES,
    )


def _both(bar: Range) -> Range:
    """Mean bid, highest ask, lowest bid, mean ask."""
    mean = round(bar.average)
    return replace(
        bar,
        open=mean - SPREAD,
        high=bar.high + SPREAD,
        low=bar.low - SPREAD,
        close=mean + SPREAD,
        volume=NO_TRADES,
    )


def _trades(bar: Range) -> Range:
    return bar


VIEWS: Final[Mapping[str, Callable[[Range], Range]]] = {
    "TRADES": _trades,
    "ADJUSTED_LAST": _trades,
    "AGGTRADES": _trades,
    "MIDPOINT": lambda bar: _shifted(bar, 0),
    "BID": lambda bar: _shifted(bar, -SPREAD),
    "ASK": lambda bar: _shifted(bar, SPREAD),
    "BID_ASK": _both,
}
"""A bar of trades as `whatToShow` wants to see it; the mid point is the price that traded."""

STREAMED: Final = frozenset({"TRADES", "MIDPOINT", "BID", "ASK"})
"""What 5-second bars can show."""
