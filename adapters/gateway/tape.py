"""What the market did: bars, the way prices took inside them, and history of any bar size.

All prices are ticks. Inside a bar nothing is known but its four prices and its volume; the way is
made up from the seed: from the open over one extreme and the other to the close, in 5-second
steps, so that every bar built from the steps is the bar again.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.hours import Hours
    from engine.domain.market import Market

STEP: Final = 5
"""Seconds of the shortest bar."""

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Range:
    """Prices between two instants (seconds), in ticks: the bar of any size."""

    begins: int
    open: int
    high: int
    low: int
    close: int
    volume: int

    @property
    def average(self) -> float:
        """The mean price, for want of the real one, in ticks."""
        return (self.open + self.high + self.low + self.close) / 4


def joined(parts: list[Range], begins: int) -> Range:
    """One bar of several."""
    return Range(
        begins,
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        sum(part.volume for part in parts),
    )


def way_of(bar: Range, seconds: int, seed: int) -> list[Range]:
    """The 5-second bars inside a bar: together they are the bar, and the same for the same seed."""
    steps = seconds // STEP
    chance = Random(f"{seed}/{bar.begins}")  # noqa: S311 - dice
    first = chance.randint(1, max(1, steps - 2))
    second = chance.randint(min(first + 1, steps - 1), steps - 1)
    rising = bar.close >= bar.open
    corners = (0, first, second, steps)
    prices = (bar.open, *((bar.low, bar.high) if rising else (bar.high, bar.low)), bar.close)
    at = [bar.open]
    for corner in range(3):
        begin, end = corners[corner], corners[corner + 1]
        low, high = prices[corner], prices[corner + 1]
        at += [low + (high - low) * (k - begin) // (end - begin) for k in range(begin + 1, end + 1)]
    weights = [chance.randint(1, 100) for _ in range(steps)]
    whole, done, given = sum(weights), 0, 0
    parts = []
    for step in range(steps):
        done += weights[step]
        upto = bar.volume * done // whole
        start, stop = at[step], at[step + 1]
        begins = bar.begins + step * STEP
        parts.append(Range(begins, start, max(start, stop), min(start, stop), stop, upto - given))
        given = upto
    return parts


class Tape:
    """The bars of one market, played from some row on.

    `price` is the last one; `trades` says whether somebody trades now, so that a market order is
    filled at once, or whether it has to wait for the next bar.
    """

    __slots__ = (
        "_closes",
        "_highs",
        "_lows",
        "_minutes",
        "_opens",
        "_reached",
        "_traded",
        "_volumes",
        "bar",
        "hours",
        "market",
        "name",
        "price",
        "row",
        "seconds",
        "seed",
        "seen",
        "trades",
        "way",
    )

    def __init__(self, market: Market, hours: Hours, first: int, seed: int) -> None:
        """Begin before row `first`; earlier bars are history."""
        self.market = market
        self.name = market.instrument.symbol
        self.hours = hours
        self.seconds = market.bar_minutes * 60
        self.seed = seed
        self.row = first
        self._minutes = market.minute.tolist()
        columns = (market.open, market.high, market.low, market.close, market.volume)
        self._opens, self._highs, self._lows, self._closes, self._volumes = (
            column.tolist() for column in columns
        )
        self.price: int | None = self._closes[first - 1] if first else None
        self.trades = False
        self._reached = 0
        self._traded = np.concatenate(([0], np.cumsum(market.volume)))
        self.bar: Range | None = None
        self.seen: Range | None = None
        self.way: list[Range] = []

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self._minutes)

    def begins(self, row: int) -> int | None:
        """When a bar begins, in seconds; None beyond the last."""
        return self._minutes[row] * 60 if row < len(self._minutes) else None

    def at(self, row: int) -> Range:
        """A whole bar."""
        return Range(
            self._minutes[row] * 60,
            self._opens[row],
            self._highs[row],
            self._lows[row],
            self._closes[row],
            self._volumes[row],
        )

    def known_until(self) -> float:
        """The end of the last bar that has traded, or will have when the one at hand is over."""
        if self.seen is not None:
            return self.seen.begins + self.seconds
        return self._minutes[self.row - 1] * 60 + self.seconds if self.row else 0.0

    @property
    def day_volume(self) -> int:
        """What traded in the session so far."""
        last = self.known_until() / 60 - self.market.bar_minutes
        begins = self.hours.session_begin(last)
        first = self.market.minute.searchsorted(last if begins is None else begins)
        before = int(self._traded[self.row] - self._traded[first])
        return max(0, before) + (self.seen.volume if self.seen is not None else 0)

    def begin(self) -> Range:
        """The next bar opens."""
        self.bar = bar = self.at(self.row)
        self.price, self.trades, self.way, self._reached = bar.open, True, [], 0
        self.seen = Range(bar.begins, bar.open, bar.open, bar.open, bar.open, 0)
        return bar

    def walk(self) -> list[Range]:
        """The 5-second bars of the bar at hand."""
        if not self.way:
            assert self.bar is not None
            self.way = way_of(self.bar, self.seconds, self.seed)
        return self.way

    @property
    def has_traded(self) -> bool:
        """Whether anybody trades in the bar at hand, as far as it tells."""
        bar = self.bar
        return bar is not None and (bar.volume > 0 or bar.low < bar.high)

    def reach(self, parts: int) -> None:
        """So many 5-second bars are over."""
        done = self.walk()[:parts]
        self._reached = parts
        assert self.bar is not None
        self.seen = joined(done, self.bar.begins)
        self.price = done[-1].close

    def finish(self) -> Range:
        """The bar has traded its last."""
        assert self.bar is not None
        self.seen, self.price = self.bar, self.bar.close
        self._reached = self.seconds // STEP
        return self.bar

    def end(self) -> None:
        """The bar is over; until the next one nobody trades."""
        self.trades = False
        self.row += 1
        self.bar = self.seen = None

    def history(
        self, since: float, until: float, size: int, *, regular: bool = False
    ) -> Iterator[Range]:
        """Bars of `size` seconds that begin in [since, until), as far as they are known now.

        Sizes below the bars' own come from the way inside them; of `size` 86,400 and more each is a
        trading date, and begins at its midnight. The bar at hand is as far as it has come.
        """
        since = since - _DAY if size >= _DAY else since - since % size
        low, high = np.searchsorted(self.market.minute, [since / 60, until / 60]).tolist()
        bucket: list[Range] = []
        start = 0
        for part in self._parts(low, high, size):
            if regular and not self.hours.is_regular(part.begins / 60):
                continue
            key = self._bucket(part.begins, size)
            if bucket and key != start:
                yield joined(bucket, start)
                bucket = []
            start = key
            bucket.append(part)
        if bucket:
            yield joined(bucket, start)

    def _bucket(self, begins: int, size: int) -> int:
        if size < _DAY:
            return begins - begins % size
        day = self.hours.trading_date(begins / 60)
        number = (day - day.fromordinal(719_163)).days
        return number * _DAY if size == _DAY else (number - (number + 3) % 7) * _DAY

    def _parts(self, low: int, high: int, size: int) -> Iterator[Range]:
        """The shortest bars that bars of `size` are made of, from row `low` to `high` or now."""
        for row in range(low, min(high, self.row)):
            bar = self.at(row)
            if size >= self.seconds:
                yield bar
            else:
                yield from way_of(bar, self.seconds, self.seed)
        if self.seen is not None and low <= self.row < high:
            if size >= self.seconds or not self._reached:
                yield self.seen
            else:
                yield from self.walk()[: self._reached]
