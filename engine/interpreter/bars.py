"""Bars one by one: the market's own, and the larger ones made of them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from engine.domain.market import NA
from engine.interpreter.calendar import Occurrence, date_begins, trading_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dsl.ir.program import DayRule
    from engine.domain.market import Ints, Market
    from engine.interpreter.calendar import TradingCalendar


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar, `[minute, closes)`, and the trading date it belongs to.

    `day` counts the trading dates that have bars, `date` is in days since the epoch; prices are
    ticks and na is None.
    """

    minute: int
    closes: int
    day: int
    date: int
    open: int | None
    high: int | None
    low: int | None
    close: int | None
    volume: int | None


class Bars:
    """A row of bars, oldest first, and which of them belong to which trading date."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        """The days and the closes of `bars` never fall."""
        self._bars = tuple(bars)
        self._closes = [bar.closes for bar in bars]
        self._rows: dict[int, range] = {}
        for day, rows in groupby(range(len(bars)), key=lambda row: bars[row].day):
            members = list(rows)
            self._rows[day] = range(members[0], members[-1] + 1)

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self._bars)

    def __getitem__(self, row: int) -> Bar:
        """The bar of a row."""
        return self._bars[row]

    def rows_of(self, day: int) -> range:
        """The rows of a trading date, empty where it has none."""
        return self._rows.get(day, range(0))

    def last_closed(self, instant: int) -> int | None:
        """The last row whose bar has closed by an instant."""
        closed = bisect_right(self._closes, instant)
        return closed - 1 if closed else None

    def larger(self, minutes: int, session: str | None, calendar: TradingCalendar) -> Bars:
        """These bars gathered into bars of `minutes`, from the start of the date or session."""
        gathered: list[Bar] = []
        for rows in self._rows.values():
            bars = [self._bars[row] for row in rows]
            begins = date_begins(bars[0].date, calendar.rule)
            if session is not None:
                occurrence = calendar.occurrence(session, bars[0].date)
                bars = [bar for bar in bars if _inside(bar, occurrence)]
                begins = occurrence.begins if occurrence else begins
            gathered += _slots(bars, begins, minutes)
        return Bars(gathered)


def bars_of(market: Market, calendar: TradingCalendar) -> Bars:
    """The bars of a market, each with its trading date."""
    minutes: list[int] = market.minute.tolist()
    dates = list(_dates(minutes, calendar.rule))
    days = {date: day for day, date in enumerate(dict.fromkeys(dates))}
    columns = (market.open, market.high, market.low, market.close, market.volume)
    return Bars(
        [
            Bar(minute, minute + market.bar_minutes, days[date], date, *values)
            for minute, date, *values in zip(minutes, dates, *map(_known, columns), strict=True)
        ]
    )


def _dates(minutes: Iterable[int], rule: DayRule) -> Iterator[int]:
    """The trading date of each minute; asked for anew only where the last one may be over."""
    date, begins, ends = 0, 0, 0
    for minute in minutes:
        if not begins <= minute < ends:
            date = trading_date(minute, rule)
            begins, ends = date_begins(date, rule), date_begins(date + 1, rule)
        yield date


def _known(column: Ints) -> list[int | None]:
    return [None if value == NA else value for value in column.tolist()]


def _inside(bar: Bar, occurrence: Occurrence | None) -> bool:
    return occurrence is not None and occurrence.holds(bar.minute, bar.closes)


def _slots(bars: list[Bar], begins: int, minutes: int) -> list[Bar]:
    slots = groupby(bars, key=lambda bar: (bar.minute - begins) // minutes)
    starts = ((begins + slot * minutes, list(inside)) for slot, inside in slots)
    return [_gathered(start, start + minutes, inside) for start, inside in starts]


def _gathered(minute: int, closes: int, bars: list[Bar]) -> Bar:
    return Bar(
        minute=minute,
        closes=closes,
        day=bars[0].day,
        date=bars[0].date,
        open=bars[0].open,
        high=_over(max, [bar.high for bar in bars]),
        low=_over(min, [bar.low for bar in bars]),
        close=bars[-1].close,
        volume=_over(sum, [bar.volume for bar in bars]),
    )


def _over(operation: Callable[[list[int]], int], values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return operation(known) if len(known) == len(values) else None
