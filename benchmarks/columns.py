"""What a bar costs in each operator: nanoseconds a bar on one year and on ten of minute bars.

Run with `python -m benchmarks.columns [operator ...]` from the root of the repository. Operands
are evaluated beforehand, so a line is the cost of the operator itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir import expression as ir
from dsl.ir.program import Anchor, DayRule, SessionRule
from engine.columns.evaluate import OPERATORS, column
from engine.columns.frame import Frame
from engine.columns.schedule import Events, Schedule
from engine.domain.clocks import instants_of
from engine.domain.market import NA, Market
from tests.support.bars import NQ

if TYPE_CHECKING:
    from engine.domain.market import Ints

BARS: Final = (210_000, 2_100_000)
MONDAY: Final = int(np.datetime64("2015-01-05", "D").astype(np.int64))


@dataclass(frozen=True, slots=True)
class NewYorkHours:
    """Half past nine to four in New York, Monday to Friday; London eight to half past four."""

    def hours(self, calendar: str, first: int, last: int) -> tuple[Ints, Ints]:
        """Open and close of each date."""
        zone, opens, closes = {
            "XNYS": ("America/New_York", 570, 960),
            "XLON": ("Europe/London", 480, 990),
        }[calendar]
        date = np.arange(first, last + 1)
        weekend = (date + 3) % 7 >= 5
        edges = (instants_of(zone, date * 1440 + minutes) for minutes in (opens, closes))
        at_open, at_close = (np.where(weekend, NA, edge) for edge in edges)
        return at_open, at_close


def walk(bars: int) -> Market:
    """Minute bars 08:00-22:00 UTC on weekdays."""
    rng = np.random.default_rng(7)
    day = np.arange(bars // 840 + 1)
    opening = (MONDAY + day // 5 * 7 + day % 5) * 1440 + 480
    minute = (opening[:, None] + np.arange(840)).ravel()[:bars]
    close = 60_000 + np.cumsum(rng.integers(-12, 13, bars))
    start = np.concatenate([[60_000], close[:-1]])
    high = np.maximum(start, close) + rng.integers(0, 8, bars)
    low = np.minimum(start, close) - rng.integers(0, 8, bars)
    return Market(NQ, 1, minute, start, high, low, close, rng.integers(1, 1000, bars))


HIGH, LOW, CLOSE, VOLUME = (ir.BarField(name) for name in ("high", "low", "close", "volume"))
REAL: Final = ir.ToReal(CLOSE, 4)
RISES: Final = ir.Compare(">", CLOSE, ir.Lag(CLOSE, ir.Const(1), across=False))
RARE: Final = ir.Compare(">", VOLUME, ir.Const(900))


def over(bars: int, where: ir.Node | None = None, *, across: bool = False) -> ir.Over:
    """A window that ends with the row itself."""
    return ir.Over(ir.Const(bars), before=False, where=where, across=across)


def percentile(bars: int, where: ir.Node | None = None) -> ir.Percentile:
    """The ninetieth percentile of the volume."""
    return ir.Percentile(VOLUME, ir.Const(90), 100, over(bars, where, across=True))


CASES: Final[dict[str, ir.Node]] = {
    "clock": ir.Clock(ir.ClockUnit.MINUTE_OF_DAY, "America/New_York"),
    "weekday": ir.Clock(ir.ClockUnit.WEEKDAY, "America/New_York"),
    "in session": ir.InSession("ny"),
    "trading day": ir.TradingDay("XNYS"),
    "blackout": ir.Blackout("news"),
    "final": ir.SessionValue("london", "high", ir.Occurrence.FINAL),
    "so far": ir.SessionValue("london", "high", ir.Occurrence.SO_FAR),
    "previous": ir.SessionValue("london", "high", ir.Occurrence.PREVIOUS),
    "session clock": ir.SessionClock("ny", "until"),
    "sub": ir.Binary("sub", HIGH, LOW),
    "sub with na": ir.Binary("sub", HIGH, ir.Lag(CLOSE, ir.Const(1), across=False)),
    "to real": REAL,
    "real mul": ir.Binary("mul", REAL, REAL),
    "real div": ir.Binary("div", REAL, REAL),
    "real max": ir.Binary("max", REAL, ir.Binary("mul", REAL, REAL)),
    "sqrt": ir.Unary("sqrt", REAL),
    "round": ir.Round(CLOSE, 7, up=True),
    "compare": ir.Compare(">", HIGH, LOW),
    "all of": ir.AllOf((RISES, RARE)),
    "choose": ir.Choose(RISES, HIGH, LOW),
    "lag": ir.Lag(CLOSE, ir.Const(3), across=False),
    "highest 20": ir.Window("highest", HIGH, over(20)),
    "highest 200": ir.Window("highest", HIGH, over(200)),
    "highest 20 where": ir.Window("highest", HIGH, over(20, RISES)),
    "sum 20": ir.Window("sum", VOLUME, over(20)),
    "count 20": ir.Window("count", RISES, over(20)),
    "percentile 20": percentile(20),
    "percentile 100": percentile(100),
    "percentile 500": percentile(500),
    "percentile 20 where": percentile(20, RARE),
    "rank 20": ir.Rank(VOLUME, over(20)),
    "rank 100": ir.Rank(VOLUME, over(100)),
    "rank 20 where": ir.Rank(VOLUME, over(20, RARE)),
    "bars since": ir.BarsSince(RARE, across=False),
    "since session": ir.SinceSession("highest", HIGH, "london"),
    "ema": ir.Ema(REAL, ir.Const(20), None),
    "ema in session": ir.Ema(REAL, ir.Const(20), "ny"),
    "on frame": ir.OnFrame(ir.Window("highest", HIGH, over(4)), 15, None, across=False),
}


def frame_over(market: Market) -> Frame:
    """A frame with the London and New York sessions and one event a week."""
    sessions = {
        "london": SessionRule("london", Anchor(0, "XLON", "open"), Anchor(0, "XNYS", "open")),
        "ny": SessionRule("ny", Anchor(0, "XNYS", "open"), Anchor(0, "XNYS", "close")),
    }
    events = {"news": Events(np.arange(market.minute[0], market.minute[-1], 7 * 1440), 5, 20)}
    schedule = Schedule(market, DayRule(), sessions, NewYorkHours(), events)
    return Frame(market, schedule, {})


def nanoseconds(node: ir.Node, frame: Frame) -> float:
    """The best of three, a bar, with everything the node is made of at hand."""
    best = float("inf")
    for child in ir.children(node):
        column(child, frame)
    column(node, frame)
    for _ in range(3):
        begun = perf_counter()
        OPERATORS[type(node)](node, frame, column)
        best = min(best, perf_counter() - begun)
    return best / len(frame) * 1e9


def main(wanted: list[str]) -> None:
    """A line for each operator, a column for each length of market."""
    frames = []
    for bars in BARS:
        market = walk(bars)
        begun = perf_counter()
        frame = frame_over(market)
        frame.schedule.occurrences("london")
        milliseconds = (perf_counter() - begun) * 1e3
        print(f"{bars:>9} bars, {len(frame.schedule.days)} dates: calendar {milliseconds:.1f} ms")
        frames.append(frame)
    for name, node in CASES.items():
        if not wanted or name in wanted:
            costs = "".join(f"{nanoseconds(node, frame):>10.1f}" for frame in frames)
            print(f"{name:<22}{costs}  ns a bar")


if __name__ == "__main__":
    main(sys.argv[1:])
