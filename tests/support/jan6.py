"""The author's worked example, 2026-01-06 SHORT, as bars around the prices he gives.

The prices of `slob_rules.md` section 4 stand where he says, on NQ's grid; between them the
closes go in straight lines, each bar opens at the close before it and reaches a point further.
Times are Stockholm's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.support.bars import bars_from_rows

if TYPE_CHECKING:
    from engine.domain.market import Market

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICKS_A_POINT = 4

CLOSES: dict[str, float] = {
    "09:00": 25_400,  # London: a quiet morning
    "15:29": 25_400,
    "15:30": 25_450,
    "16:00": 25_576,  # a new high on every bar
    "16:01": 25_580,
    "16:10": 25_548,  # a new low on every bar
    "16:11": 25_545,
    "16:13": 25_549,
    "16:14": 25_569,
    "16:24": 25_577,
    "16:25": 25_585,
    "16:26": 25_588,
    "16:30": 25_579,
    "16:31": 25_572,
    "21:59": 25_572,
}
"""The closes that are given; the others lie on the line between their neighbours."""

GIVEN: dict[str, dict[str, float]] = {
    "10:40": {"high": 25_450},  # the London high
    "12:20": {"low": 25_300},  # and low
    "15:30": {"high": 25_452},  # LIQ 1
    "15:49": {"low": 25_503},  # the swing low of the author's target
    "16:01": {"high": 25_587},  # the temporary high
    "16:11": {"low": 25_542},  # and low
    "16:25": {"low": 25_577, "open": 25_577.5},  # no wick: body 7.5, foot 0.5
    "16:26": {"high": 25_592},  # LIQ 2
}


def minute_at(clock: str) -> int:
    """Minutes since the epoch at a Stockholm clock time of the day."""
    local = datetime.fromisoformat(f"2026-01-06 {clock}").replace(tzinfo=STOCKHOLM)
    return (local - EPOCH) // timedelta(minutes=1)


def clock_at(minute: int) -> str:
    """The Stockholm clock time of an instant."""
    return f"{(EPOCH + timedelta(minutes=minute)).astimezone(STOCKHOLM):%H:%M}"


def jan6() -> Market:
    """One-minute bars from the London open to the New York close, in ticks."""
    closes = _closes()
    given = {minute_at(clock): prices for clock, prices in GIVEN.items()}
    rows: list[list[int]] = []
    before = closes[min(closes)]
    for minute, close in sorted(closes.items()):
        here = given.get(minute, {})
        opens = here.get("open", before)
        high = here.get("high", max(opens, close) + 1)
        low = here.get("low", min(opens, close) - 1)
        prices = [round(price * TICKS_A_POINT) for price in (opens, high, low, close)]
        rows.append([minute, *prices, 100])
        before = close
    return bars_from_rows(rows)


def _closes() -> dict[int, float]:
    closes: dict[int, float] = {}
    for (clock, price), (later, other) in pairwise(CLOSES.items()):
        first, last = minute_at(clock), minute_at(later)
        for minute in range(first, last + 1):
            line = price + (other - price) * (minute - first) / (last - first)
            closes[minute] = round(line * TICKS_A_POINT) / TICKS_A_POINT
    return closes
