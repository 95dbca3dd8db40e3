"""The dates of a replay: where it begins and ends, when its contracts trade and expire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from adapters.gateway.config import BadConfig
from adapters.gateway.contracts import Catalogue
from adapters.gateway.hours import STOCK, WEEKS, Hours, hours_of
from adapters.gateway.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.config import Config, Nightly
    from adapters.gateway.contracts import Contract
    from engine.domain.calendar import Calendars
    from engine.domain.market import Market

NEW_YORK: Final = ZoneInfo("America/New_York")
"""Where the broker's day begins and its nights are."""

_BEFORE: Final = timedelta(days=5)
_BEHIND: Final = timedelta(days=10)


class Schedule:
    """The dates of the markets of a `Config`, with the contracts and hours around them."""

    def __init__(self, config: Config, calendars: Calendars) -> None:
        """`calendars` has the hours of the exchanges."""
        self._config = config
        self._calendars = calendars
        self._first, self._last = _dates(config.markets)
        self._hours: dict[str, Hours] = {}
        kinds = [market.instrument for market in config.markets]
        self.catalogue = Catalogue(kinds, self._first, self._last, config.steps)

    def hours_for(self, contract: Contract) -> Hours:
        """When a contract trades."""
        found = self._hours.get(contract.exchange)
        if found is None:
            week = WEEKS.get(contract.exchange, STOCK)
            first, last = self._first - _BEFORE, self._last + _BEHIND
            found = self._hours[contract.exchange] = hours_of(week, self._calendars, first, last)
        return found

    def begins(self) -> float:
        """When the replay begins: as told, or with the second trading date."""
        config = self._config
        latest = max(int(market.minute[-1]) * 60 for market in config.markets if len(market))
        begins = config.begins
        if begins is None and config.first is not None:
            begins = self._edge(config.first, ends=False)
        if begins is None:
            begins = self._second_date(next(one for one in config.markets if len(one)))
        if begins > latest:
            raise BadConfig("the replay would begin after the last bar: choose an earlier date")
        return begins

    def _second_date(self, market: Market) -> float:
        first = int(market.minute[0])
        end = self._hours_of(market).session_end(first)
        row = int(market.minute.searchsorted(first if end is None else end))
        return float(market.minute[row if row < len(market) else 0]) * 60

    def tape(self, market: Market, begins: float) -> Tape:
        """The bars of a market up to the last date, to be played from an instant on."""
        if self._config.last is not None:
            end = self._edge(self._config.last, ends=True) / 60
            market = market.rows(0, int(market.minute.searchsorted(end)))
        row = int(market.minute.searchsorted(-(-begins // 60)))
        if row >= len(market):
            raise BadConfig("there are no bars between the first and the last date to play")
        return Tape(market, self._hours_of(market), row, self._config.seed)

    def _edge(self, day: date, *, ends: bool) -> float:
        """When a trading date begins or ends; where there is none, the next, or the one before."""
        hours = self._hours_of(self._config.markets[0])
        spans = [(span, hours.trading_date(span[0])) for span in hours.sessions]
        if ends:
            held = [span[1] for span, date_of in spans if date_of <= day]
            return held[-1] * 60.0 if held else 0.0
        return next((span[0] * 60.0 for span, date_of in spans if date_of >= day), float("inf"))

    def _hours_of(self, market: Market) -> Hours:
        contract = self.catalogue.front(market.instrument.symbol, self._first)
        assert contract is not None, "every market's instrument is in the catalogue"
        return self.hours_for(contract)

    def nights(self, plan: Nightly, since: float) -> Iterator[float]:
        """The instants of something that happens every day, from one instant on."""
        hour, minute = map(int, plan.clock.split(":"))
        day = self._first - timedelta(days=1)  # the date of the first bar is one in UTC
        while day <= self._last:
            when = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
            if when.timestamp() >= since:
                yield when.timestamp()
            day += timedelta(days=1)

    def expiries(self, instrument: str, since: float) -> Iterator[tuple[float, Contract]]:
        """When the contracts of an instrument are settled, from one instant on."""
        for contract in self.catalogue.contracts:
            if contract.instrument == instrument and contract.expiry:
                day = datetime.strptime(contract.expiry, "%Y%m%d")  # noqa: DTZ007 - zoned below
                zone = ZoneInfo(self.hours_for(contract).zone)
                when = day.replace(hour=8, minute=30, tzinfo=zone).timestamp()
                if when >= since:
                    yield when, contract


def date_at(now: float) -> date:
    """The date in New York."""
    return datetime.fromtimestamp(now, NEW_YORK).date()


def midnight_before(now: float) -> float:
    """The last midnight in New York."""
    day = date_at(now)
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp()


def _dates(markets: tuple[Market, ...]) -> tuple[date, date]:
    """The dates of the first and the last bar (UTC)."""
    filled = [market for market in markets if len(market)]
    first = min(int(market.minute[0]) for market in filled)
    last = max(int(market.minute[-1]) for market in filled)
    return _date_of(first), _date_of(last)


def _date_of(minute: int) -> date:
    return datetime.fromtimestamp(minute * 60, UTC).date()
