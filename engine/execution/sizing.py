"""How many contracts a setup is worth, in whole numbers only; runs as plain Python and compiled.

Formulas: `slob_rules.md`, section 2. Shares are fractions in lowest terms, so that a size is
rounded once, down.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Final

from engine.execution import state as at

if TYPE_CHECKING:
    from engine.execution.state import Cells

MILLION: Final = 1_000_000
UNKNOWN_SIZE: Final = -1

FIXED: Final = 0  # the numbers of `dsl.ir.program.Sizing`, in declaration order
FIXED_RISK: Final = 1
ATR: Final = 2
KELLY: Final = 3

KELLY_TRADES: Final = 10
KELLY_UNTIL_THEN: Final = 20_000

ATR_PARTS: Final = 1 << 20
"""The ATR is counted in 1/ATR_PARTS of a tick."""
_LOTS_MOST: Final = 1 << 40
_PARTS_MOST: Final = 1 << 61
LARGEST_SIZE: Final = 1 << 15
"""The largest maximum: sizes beyond it are not told apart where the ATR is tiny."""


def portion_up(money: int, share: int) -> int:
    """`share` millionths of an amount >= 0, rounded up, without ever leaving an int64."""
    return money // MILLION * share + (money % MILLION * share + MILLION - 1) // MILLION


def scaled(number: int, times: int, parts: int) -> int:
    """Floor of number * times / parts, numbers >= 0 (parts < 2**62), where the product may not fit.

    Schoolbook long division, a binary digit of `number` at a time.
    """
    whole, rest = times // parts, times % parts
    quotient, remainder = 0, 0
    for bit in range(62, -1, -1):
        quotient *= 2
        remainder *= 2
        if remainder >= parts:
            remainder -= parts
            quotient += 1
        if (number >> bit) & 1:
            remainder += rest
            if remainder >= parts:
                remainder -= parts
                quotient += 1
    return number * whole + quotient


def product(above: int, below: int, times: int, parts: int) -> tuple[int, int]:
    """The product of two fractions from 0 to 1, in lowest terms.

    Exact while the denominator stays below 2**61; beyond that a little less, never more.
    """
    common, crossed = gcd(above, parts), gcd(times, below)
    above, parts = above // common, parts // common
    times, below = times // crossed, below // crossed
    while below > _PARTS_MOST // parts:
        if below > parts:
            above, below = above // 2, (below + 1) // 2
        else:
            times, parts = times // 2, (parts + 1) // 2
    return above * times, below * parts


def kelly_share(book: Cells, base: int) -> tuple[int, int]:
    """The fraction f* x `KELLY_FRACTION` of the equity, f* = (p b - q) / b over the closed trades.

    With W won on w of n trades and L lost on the others, f* is w (W - L) / (n W); it is at most
    a half. A trade that nets nothing is a lost one. Too few trades, no win or no loss: f* is 2 %.
    Nothing to expect (f* <= 0): the fixed share of the equity instead.
    """
    won, lost = book[at.WON], book[at.LOST]
    if book[at.TRADES] < KELLY_TRADES or won == 0 or lost == 0:
        above, below = KELLY_UNTIL_THEN, MILLION
    elif won <= lost:
        return book[base + at.PER_TRADE], MILLION
    else:
        above, below = product(won - lost, won, book[at.WINS], book[at.TRADES])
        if above > below // 2:
            above, below = 1, 2
    return product(above, below, book[base + at.KELLY_FRACTION], MILLION)


def atr_contracts(budget: int, atr: int, tick_value: int) -> int:
    """The floor of budget / (ATR x tick value), with the ATR in 1/ATR_PARTS ticks."""
    if atr <= 0:
        return UNKNOWN_SIZE
    if budget // tick_value < _LOTS_MOST:
        return scaled(budget, ATR_PARTS, tick_value) // atr
    return _LOTS_MOST * ATR_PARTS // atr


def contracts(book: Cells, base: int, distance: int, atr: int) -> int:
    """The size for a stop `distance` ticks away, at most the maximum, or `UNKNOWN_SIZE`.

    `base` is where the side's rules begin. A reduced account risks `REDUCE_TO` of the share; a
    fixed number of contracts is not a share and stays as it is.
    """
    method = book[base + at.METHOD]
    if method == FIXED:
        return min(book[base + at.FIXED_SIZE], book[base + at.MAXIMUM])
    if method == KELLY:
        above, below = kelly_share(book, base)
    else:
        above, below = book[base + at.PER_TRADE], MILLION
    if book[at.IS_REDUCED] == 1:
        above, below = product(above, below, book[base + at.REDUCE_TO], MILLION)
    budget = scaled(max(book[at.CASH], 0), above, below)
    tick_value = book[base + at.TICK_VALUE]
    if method == ATR:
        wanted = atr_contracts(budget, atr, tick_value)
    elif distance <= 0:
        wanted = UNKNOWN_SIZE
    else:
        wanted = budget // (distance * tick_value)
    return min(wanted, book[base + at.MAXIMUM])


def lost_too_much_today(book: Cells, share: int) -> bool:
    """Whether the date's closed trades together lost `share` of the equity it began with."""
    if share < 0:
        return False
    return book[at.DATE_CASH] - book[at.CASH] >= portion_up(max(book[at.DATE_CASH], 0), share)
