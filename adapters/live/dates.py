"""Which trading date an instant belongs to, and whether a contract's time is up."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from engine.domain.clocks import MINUTES_A_DAY, wall_of
from engine.domain.dates import date_begins
from engine.journal.units import date_text

if TYPE_CHECKING:
    from adapters.ib.port import ContractInfo
    from dsl.ir.program import DayRule

_NEW_YORK: Final = ZoneInfo("America/New_York")


def rolls(contract: ContractInfo, now: int) -> bool:
    """Whether another month is traded by that instant (ms): dates of contracts are New York's."""
    return bool(contract.rolls) and now >= _begins(contract.rolls)


@lru_cache(maxsize=8)
def _begins(date: str) -> int:
    """The first instant (ms) of a date in New York, written 20260105."""
    midnight = datetime.strptime(date, "%Y%m%d").replace(tzinfo=_NEW_YORK)
    return int(midnight.timestamp()) * 1000


class TradingDates:
    """The trading date of a minute since the epoch (UTC)."""

    def __init__(self, rule: DayRule) -> None:
        """By a strategy's rule."""
        self._rule = rule
        self._span = (0, 0)
        self._date = 0

    def number(self, minute: int) -> int:
        """The date, in days since the epoch."""
        begins, ends = self._span
        if not begins <= minute < ends:
            self._find(minute)
        return self._date

    def text(self, minute: int) -> str:
        """The date, as 2026-01-05."""
        return date_text(self.number(minute))

    def _find(self, minute: int) -> None:
        around = int(wall_of(self._rule.zone, np.array([minute]))[0]) // MINUTES_A_DAY
        dates = np.arange(around - 1, around + 4)
        begins = date_begins(self._rule, dates)
        found = int(np.searchsorted(begins, minute, side="right")) - 1
        self._date = int(dates[found])
        self._span = (int(begins[found]), int(begins[found + 1]))
