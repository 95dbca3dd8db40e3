"""backtrader: the rules in a Strategy, entries by cheat-on-open, exits as orders of its broker.

The rules judge a setup at the open of the next bar, which `next_open` sees; the market order it
sends is filled at that open. The position left at the end of a day is closed at the close of its
last bar (cheat-on-close, which the broker books on the bar after; so a flat bar follows the last).
Tuned as its documentation advises: preloaded, `runonce`, no default observers, no margin check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
from impl_ref import Detector

from benchmarks.rivals.work import Found, Make, Run, Trade, days_of, last_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORT = 0


class ArrayFeed(bt.feed.DataBase):
    """Bars from arrays: less work a bar than backtrader's own pandas feeds, in its favour."""

    params = (("columns", None),)

    def start(self) -> None:
        """From the first bar."""
        super().start()
        self._rows = iter(zip(*self.p.columns, strict=True))

    def _load(self) -> bool:
        row = next(self._rows, None)
        if row is None:
            return False
        lines = self.lines
        (
            lines.datetime[0],
            lines.open[0],
            lines.high[0],
            lines.low[0],
            lines.close[0],
            lines.volume[0],
        ) = row
        lines.openinterest[0] = 0.0
        return True


class Empty(bt.Strategy):
    """Looks at every bar and does nothing."""

    def next(self) -> None:
        """Nothing."""


class Rules(bt.Strategy):
    """The benchmark's rules bar by bar; stop and target are two orders that cancel each other."""

    params = (("bars", None),)

    def __init__(self) -> None:
        self.minutes, self.days = self.p.bars.minute.tolist(), days_of(self.p.bars)
        self.last = last_rows(self.p.bars)
        self.detector = Detector()
        self.exits: Sequence[Any] = ()
        self.busy = False  # an order is on its way or a position is open
        self.fills: list[tuple[float, float]] = []  # when, price; entries and exits in turn

    def next_open(self) -> None:
        """Before the bar trades: what completed on the bar before is judged at this open."""
        row = len(self.data) - 1
        if row == len(self.days) or self.days[row] != self.detector.day:
            return
        for _, side, _, stop, target in self.detector.on_open(row, self.data.open[0]):
            if not self.busy:
                self.busy = True
                self.enter(side, stop, target)

    def enter(self, side: int, stop: float, target: float) -> None:
        """A market order at this open, and its exits, alive from this bar on."""
        into, out = (self.sell, self.buy) if side == SHORT else (self.buy, self.sell)
        into(size=1, coc=False)
        stop_order = out(size=1, exectype=bt.Order.Stop, price=stop)
        self.exits = (
            stop_order,
            out(size=1, exectype=bt.Order.Limit, price=target, oco=stop_order),
        )

    def next(self) -> None:
        """The bar is over."""
        row, data = len(self.data) - 1, self.data
        if row == len(self.days):
            return
        self.detector.on_bar(
            row,
            self.days[row],
            self.minutes[row],
            data.open[0],
            data.high[0],
            data.low[0],
            data.close[0],
        )
        if row in self.last and self.position:
            self.cancel(self.exits[0])
            if self.exits[1].alive():
                self.cancel(self.exits[1])
            self.close()

    def notify_order(self, order: Any) -> None:
        """Notes fills."""
        if order.status == order.Completed:
            self.fills.append((order.executed.dt, order.executed.price))
            self.busy = len(self.fills) % 2 == 1


class Brackets(Rules):
    """The same with backtrader's own bracket orders, whose exits wake one bar after the entry."""

    def enter(self, side: int, stop: float, target: float) -> None:
        """One bracket."""
        bracket = self.sell_bracket if side == SHORT else self.buy_bracket
        _, *self.exits = bracket(
            size=1,
            exectype=bt.Order.Market,
            stopprice=stop,
            limitprice=target,
            oargs={"coc": False},
        )


def columns_of(bars: Any) -> list[Any]:
    """What the feed reads: days as its numbers, prices, and one flat bar at the end."""
    days = bars.ts / 86_400e9 + bt.date2num(np.datetime64(0, "s").item())
    columns = [days, bars.o, bars.h, bars.l, bars.c, bars.v]
    ends = [days[-1] + 1, *[bars.c[-1]] * 4, 0.0]
    return [[*column.tolist(), end] for column, end in zip(columns, ends, strict=True)]


def making(strategy: type[bt.Strategy]) -> Make:
    """A run of a strategy of the rules."""

    def make(bars: Any, _: Any) -> Run:
        columns = columns_of(bars)
        row_at = {when: row for row, when in enumerate(columns[0])}

        def run() -> Found | None:
            cerebro = bt.Cerebro(stdstats=False, cheat_on_open=issubclass(strategy, Rules))
            cerebro.adddata(ArrayFeed(columns=columns))
            cerebro.broker = bt.brokers.BackBroker(cash=1e9, checksubmit=False, coc=True)
            options = {"bars": bars} if issubclass(strategy, Rules) else {}
            cerebro.addstrategy(strategy, **options)
            (ran,) = cerebro.run()
            if not isinstance(ran, Rules):
                return None
            return Found(trades_of(ran.fills, row_at), lambda: ran.detector.setups)

        return run

    return make


def trades_of(fills: list[tuple[float, float]], row_at: dict[float, int]) -> list[Trade]:
    """Fills by pairs."""
    return [
        (row_at[when], row_at[then], paid, got)
        for (when, paid), (then, got) in zip(fills[::2], fills[1::2], strict=True)
    ]


VARIANTS = {
    "rules + orders per bar": making(Rules),
    "rules, its bracket orders": making(Brackets),
    "empty strategy": making(Empty),
}
