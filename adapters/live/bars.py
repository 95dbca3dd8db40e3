"""Bars between the broker, the journal and the desk: as columns, as rows, as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.database.tables import BarRow, Source
from engine.domain.market import Market
from engine.live.words import BarClosed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapters.database.journal import Journal
    from adapters.ib.port import Bar
    from dsl.ir.program import Program

Seen = BarRow | BarClosed
"""A bar out of the journal, or one that just closed; a `port.Bar` has the same columns."""

_COLUMNS: Final = ("minute", "open", "high", "low", "close", "volume")
_MOST: Final = 240


def market_of(program: Program, bars: Sequence[Bar | Seen]) -> Market:
    """Bars as columns."""
    columns = (np.array([getattr(bar, name) for bar in bars], np.int64) for name in _COLUMNS)
    return Market(program.instrument, program.bar_minutes, *columns)


def word_of(bar: Bar | Seen, at: int) -> BarClosed:
    """A bar as it is told to the desk, at an instant."""
    return BarClosed(at, *(getattr(bar, name) for name in _COLUMNS))


class BarKeeper:
    """Keeps in the journal what the strategy saw: at the latest before a traded bar is recorded.

    A restart takes the bars up to the last traded one from the journal, and later ones, lost with
    the process, from history: nothing was decided on those that counted.
    """

    def __init__(self, journal: Journal, contract: int) -> None:
        """Nothing is waiting."""
        self._journal, self._contract = journal, contract
        self._waiting: list[BarClosed] = []

    def keep_now(self, bars: Iterable[Bar], source: Source) -> None:
        """Bars out of history, from before it trades. Raises `DatabaseError`."""
        self._journal.keep_closed(self._contract, source, map(_prices, bars))

    def keep(self, bar: BarClosed) -> None:
        """A bar was seen. Raises `DatabaseError`."""
        self._waiting.append(bar)
        if len(self._waiting) >= _MOST:
            self.write()

    def write(self) -> None:
        """Write what waits. Raises `DatabaseError`."""
        if self._waiting:
            bars = map(_prices, self._waiting)
            self._journal.keep_closed(self._contract, Source.LIVE, bars)
            self._waiting.clear()

    def told_later(self, bar: Bar, source: Source) -> None:
        """The broker tells a bar late, otherwise than before, or not at all any more.

        Raises `DatabaseError`.
        """
        self.write()
        values = dict(zip(_COLUMNS, _prices(bar), strict=True))
        row = BarRow(contract=self._contract, source=source, **values)
        self._journal.keep_told_later([row])


def _prices(bar: Bar | BarClosed) -> tuple[int, ...]:
    return bar.minute, bar.open, bar.high, bar.low, bar.close, bar.volume
