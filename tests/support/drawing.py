"""Bars from a short description of what a market does: prices at certain times, lines between.

A drawing is text, a line a bar that matters:

    2026-01-07                      # the date of the lines that follow
    09:30 25005 h=25010             # the bar of 09:30 closes there, its high is given
    09:38 25012 l=25010 v=50        # 09:31 .. 09:37 close on the line from 25005 to 25012
    10:30 25040 jump                # no bars between the line before and this one
    03:00..04:39 24952 o=24950      # the same bar on every minute

Times are on one clock. A bar opens at the close before it (after a jump: at its own close) and
reaches `WICK` points beyond its open and close, with a volume of 100, unless `o`, `h`, `l`, `v`
say otherwise. Prices lie on a grid of a quarter point.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from tests.support.bars import bars_from_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.program import Instrument
    from engine.domain.market import Market

WICK: Final = 0.5
VOLUME: Final = 100
TICKS_A_POINT: Final = 4
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

LINE: Final = re.compile(
    r"(?P<first>\d\d:\d\d)(?:\.\.(?P<last>\d\d:\d\d))?\s+(?P<close>[\d.]+)(?P<more>.*)"
)
MORE: Final = re.compile(r"([ohlv])=([\d.]+)")


@dataclass(frozen=True)
class Stroke:
    """A line of a drawing: the bars from `first` to `last` (instants) close at `close`."""

    first: int
    last: int
    close: float
    given: dict[str, float] = field(default_factory=dict)
    jumps: bool = False


def drawn(text: str, clock: str, instrument: Instrument, reflect: float | None = None) -> Market:
    """The bars of a drawing; with `reflect`, every price p is `reflect - p` instead."""
    bars = _bars(list(_strokes(text, ZoneInfo(clock))))
    return bars_from_rows([_row(bar, reflect) for bar in bars], instrument=instrument)


Bar = tuple[int, float, float, float, float, float]


def _strokes(text: str, zone: ZoneInfo) -> Iterator[Stroke]:
    day = date.min
    for written in text.splitlines():
        line = written.split("#")[0].strip()
        if not line:
            continue
        if re.fullmatch(r"\d{4}-\d\d-\d\d", line):
            day = date.fromisoformat(line)
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"this is no line of a drawing: {written}")
        first = _instant(day, found["first"], zone)
        last = _instant(day, found["last"], zone) if found["last"] else first
        given = {name: float(value) for name, value in MORE.findall(found["more"])}
        jumps = "jump" in found["more"] or bool(found["last"])
        yield Stroke(first, last, float(found["close"]), given, jumps)


def _instant(day: date, clock: str, zone: ZoneInfo) -> int:
    local = datetime.combine(day, time.fromisoformat(clock), zone)
    return (local - EPOCH) // timedelta(minutes=1)


def _bars(strokes: list[Stroke]) -> Iterator[Bar]:
    minute, before = None, 0.0
    for stroke in strokes:
        if minute is not None and stroke.first <= minute:
            raise ValueError(f"the bars of a drawing rise in time, minute {stroke.first} does not")
        if minute is not None and not stroke.jumps:
            steps = stroke.first - minute
            start = before
            for step in range(1, steps):
                close = _on_grid(start + (stroke.close - start) * step / steps)
                yield _bar(minute + step, before, close, {})
                before = close
        if minute is None or stroke.jumps:
            before = stroke.close
        for at in range(stroke.first, stroke.last + 1):
            yield _bar(at, before, stroke.close, stroke.given)
        minute, before = stroke.last, stroke.close


def _bar(minute: int, before: float, close: float, given: dict[str, float]) -> Bar:
    opens = given.get("o", before)
    high = given.get("h", max(opens, close) + WICK)
    low = given.get("l", min(opens, close) - WICK)
    if not low <= min(opens, close) <= max(opens, close) <= high:
        raise ValueError(f"a bar of {opens}, {high}, {low}, {close} cannot be")
    return minute, opens, high, low, close, given.get("v", VOLUME)


def _on_grid(price: float) -> float:
    return round(price * TICKS_A_POINT) / TICKS_A_POINT


def _row(bar: Bar, reflect: float | None) -> list[int]:
    minute, opens, high, low, close, volume = bar
    if reflect is not None:
        opens, high, low, close = reflect - opens, reflect - low, reflect - high, reflect - close
    prices = [round(price * TICKS_A_POINT) for price in (opens, high, low, close)]
    return [minute, *prices, round(volume)]
