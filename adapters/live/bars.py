"""Bars between the broker, the journal and the desk: as columns, as rows, as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.database.tables import BarRow
from engine.domain.market import Market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.database.journal import Journal
    from adapters.ib.port import Bar
    from dsl.ir.program import Program
    from engine.live.words import BarClosed

_COLUMNS: Final = ("minute", "open", "high", "low", "close", "volume")
_MOST: Final = 240


def market_of(program: Program, bars: Sequence[Bar | BarRow]) -> Market:
    """Bars as columns."""
    columns = (np.array([getattr(bar, name) for bar in bars], np.int64) for name in _COLUMNS)
    return Market(program.instrument, program.bar_minutes, *columns)


class BarKeeper:
    """Keeps in the journal what the strategy saw: at the latest before a traded bar is recorded.

    A restart takes the bars up to the last traded one from the journal, and later ones, lost with
    the process, from history: nothing was decided on those that counted.
    """

    def __init__(self, journal: Journal, contract: int, source: str) -> None:
        """Nothing is waiting. `source` says where the bars come from."""
        self._journal, self._contract, self._source = journal, contract, source
        self._waiting: list[BarRow] = []

    def keep(self, bar: Bar | BarClosed) -> None:
        """A bar was seen."""
        values = {name: getattr(bar, name) for name in _COLUMNS}
        self._waiting.append(BarRow(contract=self._contract, source=self._source, **values))
        if len(self._waiting) >= _MOST:
            self.write()

    def write(self) -> None:
        """Write what waits. Raises `DatabaseError`."""
        if self._waiting:
            self._journal.keep_bars(self._waiting)
            self._waiting.clear()
