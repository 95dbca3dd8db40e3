"""vectorbt: whole columns at once. It has no way to state the rules; a user writes them in numba.

"portfolio only" is given the setups, so it does no more than the trades. "numba rules" finds
them too, with the yardstick's own numba kernel: the work all other engines do.
`from_signals` takes stops as fractions of the entry and looks at them from the bar after it; a
fraction is made smaller by 1e-13 of the price so that a touch counts as one despite rounding.
The order function states the rules of the trades exactly, one bar at a time, in numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.enums import Direction
from vectorbt.portfolio.nb import order_nb, order_nothing_nb

from benchmarks.rivals.work import Found, Make, Run, Trade

SHORT = 0
ENTRY, STOP, TARGET = 0, 1, 2  # columns of a setup's prices
NUDGE = 1e-13


def last_bars(bars: Any) -> np.ndarray:
    """Whether a bar is its day's last."""
    last = np.zeros(len(bars), bool)
    last[bars.day_start[1:] - 1] = True
    return last


def earliest(sides: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """The number of the setup offered at each bar, -1 where none: the first of a bar counts."""
    offered = np.full(count, -1)
    offered[rows[::-1]] = np.arange(len(sides))[::-1]
    return offered


def paired(orders: np.ndarray) -> list[Trade]:
    """Order records as trades: entries and exits in turn."""
    rows, prices = orders["idx"].tolist(), orders["price"].tolist()
    return list(zip(rows[::2], rows[1::2], prices[::2], prices[1::2], strict=True))


def from_signals(bars: Any, si: np.ndarray, sf: np.ndarray, engine: str) -> list[Trade]:
    """Trades by entry and exit columns with stops."""
    last = last_bars(bars)
    offered = earliest(si[:, 0], si[:, 6], len(bars))
    rows = np.flatnonzero((offered >= 0) & ~last)
    chosen = offered[rows]
    short = si[chosen, 0] == SHORT
    entries = {True: np.zeros(len(bars), bool), False: np.zeros(len(bars), bool)}
    for is_short, column in entries.items():
        column[rows[short == is_short]] = True
    stops = np.full((2, len(bars)), np.nan)
    for column, price in zip(stops, (STOP, TARGET), strict=True):
        column[rows] = np.abs(sf[chosen, price] / sf[chosen, ENTRY] - 1) - NUDGE
    portfolio = vbt.Portfolio.from_signals(
        bars.c,
        entries=entries[False],
        exits=last,
        short_entries=entries[True],
        short_exits=last,
        size=1.0,
        price=np.where(last, bars.c, bars.o),
        open=bars.o,
        high=bars.h,
        low=bars.l,
        sl_stop=stops[0],
        tp_stop=stops[1],
        stop_entry_price="fillprice",
        stop_exit_price="stoplimit",
        upon_opposite_entry="ignore",
        init_cash=1e9,
        max_orders=4 * len(si) + 2,
        engine=engine,
    )
    return paired(portfolio.order_records)


@njit(cache=True)
def trade_by_trade(context, offered, sides, prices, bars, last, levels):  # noqa: ANN001, ANN201
    """What vectorbt asks for orders at every bar until there are none: compiled, so untyped."""
    opens, highs, lows, closes = bars
    row, position = context.i, context.last_position[0]
    if position == 0:
        number = offered[row]
        if number < 0 or context.call_idx > 0:
            return -1, order_nothing_nb()
        levels[0], levels[1] = prices[number, 1], prices[number, 2]
        size = -1.0 if sides[number] == 0 else 1.0
        return 0, order_nb(size=size, price=opens[row], direction=Direction.Both)
    stop, target = levels[0], levels[1]
    if position < 0:
        if highs[row] >= stop:
            return 0, order_nb(size=1.0, price=max(opens[row], stop))
        if lows[row] <= target:
            return 0, order_nb(size=1.0, price=min(opens[row], target))
    else:
        if lows[row] <= stop:
            return 0, order_nb(size=-1.0, price=min(opens[row], stop))
        if highs[row] >= target:
            return 0, order_nb(size=-1.0, price=max(opens[row], target))
    if last[row]:
        return 0, order_nb(size=-position, price=closes[row])
    return -1, order_nothing_nb()


def from_orders(bars: Any, si: np.ndarray, sf: np.ndarray) -> list[Trade]:
    """Trades by an order function."""
    offered = earliest(si[:, 0], si[:, 6], len(bars))
    portfolio = vbt.Portfolio.from_order_func(
        bars.c,
        trade_by_trade,
        offered,
        np.ascontiguousarray(si[:, 0]),
        sf,
        (bars.o, bars.h, bars.l, bars.c),
        last_bars(bars),
        np.zeros(2),
        flexible=True,
        init_cash=1e9,
        max_orders=2 * len(si) + 2,
    )
    return paired(portfolio.order_records)


def given_setups(trades: Any, *options: str) -> Make:
    """The trades of the reference's setups."""

    def make(bars: Any, reference: Any) -> Run:
        return lambda: Found(trades(bars, reference.si, reference.sf, *options))

    return make


def with_rules(trades: Any, *options: str) -> Make:
    """The setups too, by the yardstick's numba kernel, which a user would have to write."""

    def make(bars: Any, _: Any) -> Run:
        from impl_numba import run as find  # noqa: PLC0415 - only what needs it pays for it

        def run() -> Found:
            setups = find(bars)
            si, sf = setups.si, setups.sf

            def rows() -> list[tuple[Any, ...]]:
                both = zip(si.tolist(), sf.tolist(), strict=True)
                return [(*whole, *real) for whole, real in both]

            return Found(trades(bars, si, sf, *options), rows)

        return run

    return make


VARIANTS = {
    "numba rules + from_signals, numba": with_rules(from_signals, "numba"),
    "numba rules + from_signals, Rust": with_rules(from_signals, "rust"),
    "numba rules + order function": with_rules(from_orders),
    "portfolio only, from_signals, numba": given_setups(from_signals, "numba"),
    "portfolio only, from_signals, Rust": given_setups(from_signals, "rust"),
    "portfolio only, order function": given_setups(from_orders),
}
