"""At what price an order is filled: the one place where that is decided.

Written for buying; selling is buying in the market whose prices are the negatives. Runs
as plain Python and compiled, with the same results.
"""

from __future__ import annotations

from typing import Final

MARKET: Final = 0
STOP: Final = 1
LIMIT: Final = 2

NEVER: Final = -(1 << 63)
"""The price of an order that is not filled."""


def fill(order: int, sign: int, level: int, first: int, high: int, low: int, slippage: int) -> int:
    """The price an order to buy (`sign` 1) or sell (-1) gets on a bar, or `NEVER`.

    `first` is the first price it can meet, the bar's open as a rule; `high` and `low` bound the
    rest. Market: at `first`. Stop: at its level, or at `first` when that is beyond it. Both are
    worse by `slippage` ticks. Limit: at its level, or at `first` when better, without slippage.
    Touching a level is enough.
    """
    opened = sign * first
    if order == MARKET:
        return sign * (opened + slippage)
    wanted = sign * level
    top, bottom = (high, low) if sign > 0 else (-low, -high)
    if order == STOP:
        return sign * (max(opened, wanted) + slippage) if top >= wanted else NEVER
    return sign * min(opened, wanted) if bottom <= wanted else NEVER


def rest_of_bar(sign: int, price: int, high: int, low: int, close: int) -> tuple[int, int]:
    """The high and low that count after a limit entry inside a bar; `sign` 1: it bought.

    What the bar did before the fill is not known. Its worst price counts as if it came after (from
    the fill on it did pass there), of its best ones only the close surely did.
    """
    if sign > 0:
        return max(price, close), low
    return high, min(price, close)
