"""backtesting.py: the rules in a Strategy, stop and target given with the order.

Its `next` runs at a bar's close and its market orders fill at the next open, so the one thing that
the rules judge at that open (is it still between target and stop?) is asked of the next bar's open
ahead of time. It cannot close at a bar's close without filling all orders there; so every day is
followed by a flat bar at its last close, on which a position left over is closed (1 bar in 841).
Bar values are taken from its data once, in `init`, as lists: faster than its accessors bar by bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from impl_ref import Detector

from benchmarks.rivals.work import Found, Make, Run, days_of, last_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = 0


class Empty(Strategy):
    """Looks at every bar and does nothing."""

    def init(self) -> None:
        """Nothing."""

    def next(self) -> None:
        """Nothing."""


class Rules(Strategy):
    """The benchmark's rules bar by bar."""

    bars: Any = None

    def init(self) -> None:
        """The whole data, once."""
        data, bars = self.data, self.bars
        self.opens = bars.o.tolist()
        prices = zip(
            data.Open.tolist(), data.High.tolist(), data.Low.tolist(), data.Close.tolist(),
            strict=True,
        )  # fmt: skip
        self.feed = self.rows(prices)
        self.last = last_rows(bars)
        self.detector = Detector()
        type(self).found = self.detector
        self.detector.on_bar(*next(self.feed))  # its first `next` is on the second bar

    def rows(self, prices: Iterator[tuple[float, ...]]) -> Iterator[tuple[Any, ...]]:
        """Row, day, minute and prices of each bar; row -1 on the flat bars between the days."""
        minutes, last = self.bars.minute.tolist(), last_rows(self.bars)
        for row, day in enumerate(days_of(self.bars)):
            yield (row, day, minutes[row], *next(prices))
            if row in last:
                next(prices)
                yield (-1,)

    def next(self) -> None:
        """The bar is over."""
        row, *bar = next(self.feed)
        if row < 0:
            return
        self.detector.on_bar(row, *bar)
        if row in self.last:
            if self.position:
                self.position.close()
        elif self.detector.pending:
            busy = bool(self.position)
            for _, side, _, stop, target in self.detector.on_open(row + 1, self.opens[row + 1]):
                if not busy:
                    busy = True
                    order = self.sell if side == SHORT else self.buy
                    order(size=1, sl=stop, tp=target)


def frame_of(bars: Any) -> tuple[pd.DataFrame, np.ndarray]:
    """The bars as it wants them, with a flat bar after every day; and the row of each of them."""
    last = np.array(sorted(last_rows(bars)))
    rows = np.insert(np.arange(len(bars)), last + 1, last)
    flat = np.insert(np.zeros(len(bars), bool), last + 1, values=True)
    columns = {
        name: np.where(flat, bars.c[rows], column[rows])
        for name, column in (("Open", bars.o), ("High", bars.h), ("Low", bars.l), ("Close", bars.c))
    }
    when = pd.DatetimeIndex(bars.ts[rows] + flat * 60_000_000_000)
    return pd.DataFrame(columns | {"Volume": bars.v[rows]}, index=when), rows


def making(strategy: type[Strategy]) -> Make:
    """A run of a strategy."""

    def make(bars: Any, _: Any) -> Run:
        frame, rows = frame_of(bars)

        def run() -> Found | None:
            test = Backtest(frame, strategy, cash=1e9)
            if strategy is Empty:
                test.run()
                return None
            trades = test.run(bars=bars)["_trades"]
            bounds = zip(rows[trades["EntryBar"]].tolist(), rows[trades["ExitBar"]].tolist(),
                         trades["EntryPrice"].tolist(), trades["ExitPrice"].tolist(),
                         strict=True)  # fmt: skip
            return Found(list(bounds), lambda: strategy.found.setups)

        return run

    return make


VARIANTS = {
    "rules + orders per bar": making(Rules),
    "empty strategy": making(Empty),
}
