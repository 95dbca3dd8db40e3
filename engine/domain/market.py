"""Bars as columns of whole numbers: what every part of the engine reads.

Prices are ticks, instants are minutes since 1970-01-01T00:00Z, volume is in the instrument's
`volume_step`s. The value `NA` stands for "not known" in every int64 column; its negation is
itself, so reflecting prices keeps it. REAL columns use NaN; BOOL columns hold
`FALSE < UNKNOWN < TRUE`, so that Kleene's `and` is the minimum, `or` the maximum and `not`
the difference from `TRUE`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsl.ir.program import Instrument

    Ints = NDArray[np.int64]
    Reals = NDArray[np.float64]
    Trits = NDArray[np.int8]

NA: Final = -(1 << 63)
FALSE: Final = 0
UNKNOWN: Final = 1
TRUE: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Closed bars of one instrument, oldest first, each minute at most once.

    All columns are contiguous, read-only int64 arrays of the same length; `minute` is the bar's
    open and rises strictly. A bar covers `[minute, minute + bar_minutes)`.
    """

    instrument: Instrument
    bar_minutes: int
    minute: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self.minute)

    def rows(self, first: int, stop: int) -> Market:
        """The bars of rows `first` up to, not including, `stop`; no copy is made."""
        part = slice(first, stop)
        return replace(
            self,
            minute=self.minute[part],
            open=self.open[part],
            high=self.high[part],
            low=self.low[part],
            close=self.close[part],
            volume=self.volume[part],
        )

    def reflected(self) -> Market:
        """The market whose prices are the negatives of these: (o, h, l, c) -> (-o, -l, -h, -c)."""
        return replace(self, open=-self.open, high=-self.low, low=-self.high, close=-self.close)
