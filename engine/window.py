"""The bars a session holds: they grow at their end and are dropped at their front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from engine.domain.market import NA, Market
from engine.growing import Growing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.ir.program import Instrument
    from engine.domain.market import Ints

COLUMNS: Final = ("minute", "open", "high", "low", "close", "volume")

Bar = tuple[int, int, int, int, int, int]
"""One bar as plain numbers, in the order of `COLUMNS`."""


def columns_of(market: Market) -> list[Ints]:
    """Its columns, in the order in which a market takes them."""
    return [getattr(market, name) for name in COLUMNS]


def no_bars(instrument: Instrument, bar_minutes: int) -> Market:
    """A market without bars."""
    return Market(instrument, bar_minutes, *(np.zeros(0, np.int64) for _ in COLUMNS))


def bar_of(market: Market) -> Bar:
    """The bar of a market that has one."""
    minute, opened, high, low, close, volume = (int(column[0]) for column in columns_of(market))
    return minute, opened, high, low, close, volume


def of_one(like: Market, bar: Bar) -> Market:
    """One bar as a market."""
    columns = (np.array([value], np.int64) for value in bar)
    return Market(like.instrument, like.bar_minutes, *columns)


def market_of(like: Market, arrays: Mapping[str, Ints], prefix: str) -> Market:
    """A market from named arrays."""
    return Market(
        like.instrument, like.bar_minutes, *(arrays[f"{prefix}_{name}"] for name in COLUMNS)
    )


class Window:
    """The latest bars of a stream, as they are and reflected: both cost a bar what it brings."""

    def __init__(self, market: Market) -> None:
        """Beginning with a copy of these."""
        self._like = market
        self._columns = Growing(self._both(market))

    def __len__(self) -> int:
        """How many bars it holds."""
        return len(self._columns)

    def put(self, at: int, bars: Market) -> None:
        """Bars from row `at` on, at most the length; whatever was there and after is gone."""
        self._columns.put(at, self._both(bars))

    def append(self, bar: Bar) -> None:
        """One more bar."""
        _, opened, high, low, close, _ = bar
        reflected = [price if price == NA else -price for price in (opened, low, high, close)]
        self._columns.append((*bar, *reflected))

    @property
    def last(self) -> int:
        """The minute of the last bar; there is one."""
        return self._columns.cells[0][len(self._columns) - 1]

    @property
    def cells(self) -> tuple[memoryview, ...]:
        """All columns, then the prices reflected, as `Growing.cells` has them."""
        return self._columns.cells

    def dropped(self, rows: int) -> Window:
        """The same without the first `rows`."""
        return Window(self.market.rows(rows, len(self._columns)))

    @property
    def market(self) -> Market:
        """The bars as they are."""
        return self._market(self._columns.columns[: len(COLUMNS)])

    @property
    def reflected(self) -> Market:
        """The bars as the mirrored side sees them."""
        minute, *_, volume = self._columns.columns[: len(COLUMNS)]
        return self._market((minute, *self._columns.columns[len(COLUMNS) :], volume))

    @staticmethod
    def _both(bars: Market) -> list[Ints]:
        """All columns, and the prices reflected."""
        return [*columns_of(bars), *columns_of(bars.reflected())[1:-1]]

    def _market(self, columns: Sequence[Ints]) -> Market:
        return Market(self._like.instrument, self._like.bar_minutes, *columns)
