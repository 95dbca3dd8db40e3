"""Synthetic bars and the bundled sample: the same bytes everywhere, and worth testing on."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.instruments import INSTRUMENTS, instrument
from adapters.sample import FILE, FIRST_DATE, LAST_DATE, SEED, sample
from adapters.synth import NoTradingDates, synthesize
from engine.domain.market import NA

if TYPE_CHECKING:
    from adapters.calendars import ExchangeCalendars
    from engine.domain.market import Market

COLUMNS = ("minute", "open", "high", "low", "close", "volume")
DAY = 1440


def digest(market: Market) -> str:
    columns = np.stack([getattr(market, name) for name in COLUMNS]).astype("<i8")
    return hashlib.sha256(columns.tobytes()).hexdigest()


def made(calendars: ExchangeCalendars, first: str, last: str, seed: int = 1) -> Market:
    days = (date.fromisoformat(first), date.fromisoformat(last))
    return synthesize(instrument("NQ"), *days, seed, calendars)


def test_the_same_seed_is_the_same_bytes_on_every_machine(calendars: ExchangeCalendars) -> None:
    market = made(calendars, "2025-01-06", "2025-01-10")
    assert digest(market) == "1a78fde1ee1bbbb3248775493f64125531a2f005a039b82a8593eb983676f627"
    assert digest(made(calendars, "2025-01-06", "2025-01-10", seed=2)) != digest(market)


def test_a_longer_span_begins_with_the_shorter(calendars: ExchangeCalendars) -> None:
    short = made(calendars, "2025-01-06", "2025-01-10")
    long = made(calendars, "2025-01-06", "2025-01-17")
    assert digest(long.rows(0, len(short))) == digest(short)


def test_hours_are_those_of_cme(calendars: ExchangeCalendars) -> None:
    market = made(calendars, "2025-11-24", "2025-12-01")
    opens = market.minute[np.flatnonzero(np.diff(market.minute, prepend=0) > 50)]
    ends = market.minute[np.flatnonzero(np.diff(market.minute, append=1 << 60) > 50)]
    # New York is five hours behind: 18:00 is 23:00 UTC, and 16:59 is 21:59
    assert (opens % DAY).tolist() == [23 * 60] * 6
    assert (ends % DAY).tolist() == [21 * 60 + 59] * 3 + [17 * 60 + 59] * 2 + [21 * 60 + 59]


def test_dates_without_trading_are_a_named_error(calendars: ExchangeCalendars) -> None:
    with pytest.raises(NoTradingDates, match="2025-01-04 to 2025-01-05"):
        made(calendars, "2025-01-04", "2025-01-05")


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_bars_of_every_instrument_obey_the_rules_of_the_door(
    calendars: ExchangeCalendars, symbol: str
) -> None:
    days = (date(2025, 1, 6), date(2025, 1, 8))
    market = synthesize(instrument(symbol), *days, 5, calendars)
    assert (np.diff(market.minute) > 0).all()
    assert (market.high >= np.maximum(market.open, market.close)).all()
    assert (market.low <= np.minimum(market.open, market.close)).all()
    assert (market.low > 0).all()
    assert int(market.high.max()) <= market.instrument.price_max
    assert (market.volume >= 1).all()
    assert not market.close.flags.writeable
    assert market.close.flags.c_contiguous


def test_progress_is_told_of_every_date(calendars: ExchangeCalendars) -> None:
    told: list[tuple[int, int]] = []
    days = (date(2025, 1, 6), date(2025, 1, 8))
    synthesize(instrument("NQ"), *days, 5, calendars, lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_sample_is_what_its_recipe_makes(calendars: ExchangeCalendars) -> None:
    assert digest(made(calendars, FIRST_DATE, LAST_DATE, SEED)) == digest(sample())
    assert FILE.stat().st_size < 1_500_000


def test_the_sample_moves_like_a_market(calendars: ExchangeCalendars) -> None:
    market = sample()
    assert market.instrument == instrument("NQ")
    assert 20_000 * 4 < market.low.min() < market.high.max() < 30_000 * 4
    first, last = int(market.minute[0]) // DAY + 1, int(market.minute[-1]) // DAY
    london, _ = calendars.hours("XLON", first, last)
    new_york, ends = calendars.hours("XNYS", first, last)
    both = (london != NA) & (new_york != NA)
    above = below = 0
    for begin, middle, end in zip(london[both], new_york[both], ends[both], strict=True):
        a, b, c = np.searchsorted(market.minute, (begin, middle, end))
        above += int(market.high[b:c].max() > market.high[a:b].max())
        below += int(market.low[b:c].min() < market.low[a:b].min())
    assert int(both.sum()) == 63
    assert 30 <= above <= 60
    assert 30 <= below <= 60
    offsets = np.unique((new_york - london)[both])
    assert offsets.tolist() == [330, 390], "a week in which the clocks disagree is in the sample"


def test_the_opens_of_london_and_new_york_are_the_busy_times(calendars: ExchangeCalendars) -> None:
    market = made(calendars, "2025-01-06", "2025-03-07", seed=3)
    clock = market.minute % DAY
    spread = market.high - market.low

    def median(begin: int, minutes: int) -> float:
        return float(np.median(spread[(clock >= begin) & (clock < begin + minutes)]))

    night, london, new_york, noon = (
        median(*at) for at in ((180, 60), (480, 30), (870, 15), (1050, 60))
    )
    assert new_york > 2 * noon > 2 * night
    assert london > 2 * night
