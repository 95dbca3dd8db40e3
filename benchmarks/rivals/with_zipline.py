"""zipline-reloaded: an empty `handle_data`, no more: what the engine itself costs a minute.

Its orders are filled on the next bar's close and its stops look at closes only, so the trades of
the benchmark would need a broker written anew. Ingesting the bars into its store is not timed.
"""

from __future__ import annotations

import os
import tempfile
from datetime import time
from typing import TYPE_CHECKING, Any

import exchange_calendars
import pandas as pd
from zipline import run_algorithm
from zipline.data import bundles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.rivals.work import Make, Run

MINUTES = 840  # of a day


class Day(exchange_calendars.ExchangeCalendar):
    """Weekdays from 08:00 to 22:00 in Stockholm, no holidays: the days of the yardstick's data."""

    name = "YARDSTICK"
    tz = "Europe/Stockholm"
    open_times = ((None, time(8)),)
    close_times = ((None, time(22)),)


def frame_of(bars: Any) -> pd.DataFrame:
    """Minutes dated by their end, in UTC, as zipline stores them."""
    columns = dict(
        zip(("open", "high", "low", "close", "volume"),
            (bars.o, bars.h, bars.l, bars.c, bars.v), strict=True)
    )  # fmt: skip
    return pd.DataFrame(columns, index=pd.DatetimeIndex(bars.ts + 60_000_000_000, tz="UTC"))


def ingest(frame: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Puts the bars into a bundle of a folder of its own; its first and last session."""
    os.environ["ZIPLINE_ROOT"] = tempfile.mkdtemp()
    local = frame.index.tz_convert(Day.tz).tz_localize(None).normalize()
    first, last = local[0], local[-1]

    def days(frame: pd.DataFrame) -> pd.DataFrame:
        daily = frame.groupby(local).agg(
            {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        )
        return daily.set_axis(pd.DatetimeIndex(daily.index))

    def minutes() -> Iterator[tuple[int, pd.DataFrame]]:
        yield 0, frame

    def load(*given: Any) -> None:
        _, assets, minute_bars, daily_bars, adjustments, *_ = given
        row = {"symbol": "NQ", "asset_name": "NQ", "start_date": first, "end_date": last,
               "exchange": Day.name}  # fmt: skip
        exchanges = pd.DataFrame({"exchange": [Day.name], "canonical_name": [Day.name],
                                  "country_code": ["SE"]})  # fmt: skip
        assets.write(equities=pd.DataFrame([row]), exchanges=exchanges)
        minute_bars.write(minutes())
        daily_bars.write(iter([(0, days(frame))]))
        adjustments.write()

    exchange_calendars.register_calendar_type(Day.name, Day, force=True)
    bundles.register("yardstick", load, calendar_name=Day.name, start_session=first,
                     end_session=last, minutes_per_day=MINUTES)  # fmt: skip
    bundles.ingest("yardstick", show_progress=False)
    return first, last


def empty(bars: Any, _: Any) -> Run:
    """A run that is called for every minute and does nothing."""
    first, last = ingest(frame_of(bars))
    calendar = exchange_calendars.get_calendar(Day.name, side="right")
    returns = pd.Series(0.0, index=calendar.sessions_in_range(first, last))

    def run() -> None:
        called = 0

        def handle(_context: Any, _data: Any) -> None:
            nonlocal called
            called += 1

        run_algorithm(first, last, lambda _: None, 1e9, handle, data_frequency="minute",
                      bundle="yardstick", trading_calendar=calendar,
                      benchmark_returns=returns)  # fmt: skip
        assert called == len(bars), called

    return run


VARIANTS: dict[str, Make] = {"empty handle_data": empty}
