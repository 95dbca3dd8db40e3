"""Markets for tests: from rows written by hand, from a seeded walk, from Hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from dsl.ir.program import Instrument
from engine.domain.market import Market

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from engine.domain.market import Ints

NQ = Instrument("NQ", "CME", Fraction(1, 4), Fraction(1), Fraction(20), "USD")

Ohlcv = tuple[int, int, int, int, int, int]
"""minute, open, high, low, close, volume"""

MINUTES_A_DAY = 1440


def minute_of(text: str) -> int:
    """Minutes since the epoch of a UTC instant written as `2026-01-06 14:30`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


MONDAY = minute_of("2026-01-05 00:00")


def bars_from_rows(
    rows: Iterable[Sequence[int]], *, bar_minutes: int = 1, instrument: Instrument = NQ
) -> Market:
    """A market of `(minute, open, high, low, close, volume)` rows."""
    table = np.array(list(rows), dtype=np.int64).reshape(-1, 6)
    minute, opens, high, low, close, volume = (_column(table[:, i]) for i in range(6))
    return Market(instrument, bar_minutes, minute, opens, high, low, close, volume)


def bars_from_closes(closes: Sequence[int], *, first: int = MONDAY, step: int = 1) -> Market:
    """A market of bars without wicks or bodies, `step` minutes apart."""
    return bars_from_rows((first + i * step, c, c, c, c, 1) for i, c in enumerate(closes))


def random_walk(days: int, seed: int, *, start: int = 80_000) -> Market:
    """One-minute bars 08:00-21:00 UTC on weekdays from 2026-01-05, a walk of whole ticks."""
    rng = np.random.default_rng(seed)
    dates = [day for day in range(days * 2 + 7) if day % 7 < 5][:days]
    opening = np.arange(8 * 60, 21 * 60)
    minute = np.concatenate([MONDAY + day * MINUTES_A_DAY + opening for day in dates])
    n = len(minute)
    close = start + np.cumsum(rng.integers(-12, 13, n))
    opens = np.concatenate(([start], close[:-1])) + rng.integers(-1, 2, n)
    high = np.maximum(opens, close) + rng.integers(0, 8, n)
    low = np.minimum(opens, close) - rng.integers(0, 8, n)
    volume = rng.integers(1, 1000, n)
    columns = (_column(one) for one in (minute, opens, high, low, close, volume))
    return Market(NQ, 1, *columns)


def busy_market(rng: Random, instrument: Instrument = NQ, bar_minutes: int = 1) -> Market:
    """Some hundred bars on a few dates, on which much happens: trends, ranges, gaps, ties, holes.

    From 06:00 to 21:00 UTC on days around a change of clocks or not; prices near 2000 ticks.
    """
    first = minute_of(rng.choice(("2026-01-05", "2026-03-06", "2025-10-24")) + " 00:00")
    chance = np.random.Generator(np.random.PCG64(rng.getrandbits(32)))
    dense = rng.random() < 0.4
    step = chance.choice([1, 1, 2, 3] if dense else [1, 1, 1, 5, 9, 30], 600) * bar_minutes
    minutes = [
        (first + day * MINUTES_A_DAY + (rng.choice([430, 800]) if dense else 360))
        // bar_minutes
        * bar_minutes
        + np.cumsum(step[: rng.randint(20, 130)])
        for day in range(rng.randint(2, 4))
    ]
    minute = np.concatenate(minutes)
    minute = minute[np.concatenate(([True], np.diff(np.maximum.accumulate(minute)) > 0))]
    n = len(minute)
    calm = np.repeat(chance.choice([1, 2, 6], n // 15 + 1), 15)[:n]
    drift = np.repeat(chance.choice([-1, 0, 0, 1], n // 25 + 1), 25)[:n]
    gaps = np.where(chance.random(n) < 0.03, chance.integers(-25, 26, n), 0)
    moves = chance.integers(-calm, calm + 1) + drift
    close = 2000 + np.cumsum(moves + gaps)
    opens = close - moves + chance.choice([0, 0, 0, 1, -1], n)
    wick = np.where(chance.random(n) < 0.08, 12, calm)
    high = np.maximum(opens, close) + chance.integers(0, wick + 1)
    low = np.minimum(opens, close) - chance.integers(0, wick + 1)
    flat = chance.random(n) < 0.04
    opens, high, low = (np.where(flat, close, one) for one in (opens, high, low))
    volume = np.where(chance.random(n) < 0.05, 0, chance.integers(1, 40, n))
    columns = (_column(one) for one in (minute, opens, high, low, close, volume))
    return Market(instrument, bar_minutes, *columns)


def _column(values: Ints) -> Ints:
    column = np.ascontiguousarray(values, dtype=np.int64)
    column.flags.writeable = False
    return column


@st.composite
def ohlcv(draw: st.DrawFn, centre: int = 1000, spread: int = 12) -> tuple[int, int, int, int, int]:
    """One bar's open, high, low, close, volume, within `spread` ticks of `centre`."""
    prices = st.integers(centre - spread, centre + spread)
    opens, close, one, other = (draw(prices) for _ in range(4))
    high, low = max(opens, close, one), min(opens, close, other)
    return opens, high, low, close, draw(st.integers(0, 9))


@st.composite
def markets(
    draw: st.DrawFn, *, max_bars: int = 60, days: int = 3, holes: bool = True, spread: int = 12
) -> Market:
    """Short markets on up to `days` consecutive weekdays from 2026-01-05 12:00 UTC, with holes.

    New York opens at 14:30, so most markets see bars on both sides of it when `max_bars` allows.
    """
    gap = st.integers(1, 90) if holes else st.just(1)
    rows: list[Ohlcv] = []
    for day in range(draw(st.integers(1, days))):
        minute = MONDAY + day * MINUTES_A_DAY + 12 * 60 + draw(st.integers(0, 180))
        for _ in range(draw(st.integers(1, max(1, max_bars // days)))):
            rows.append((minute, *draw(ohlcv(spread=spread))))
            minute += draw(st.one_of(st.just(1), st.just(1), gap))
    return bars_from_rows(rows)
