"""What it costs to have the bars: reading a file, opening the store."""

from __future__ import annotations

import gzip
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.bars import read_bars
from adapters.instruments import instrument
from adapters.sample import sample
from benchmarks.timing import table

if TYPE_CHECKING:
    from engine.domain.market import Market

ROWS = 500_000


def csv_of(market: Market, path: Path) -> int:
    """The bars as CSV, repeated forward in time to some length; how many rows."""
    lines = ["timestamp,open,high,low,close,volume"]
    tick = float(market.instrument.tick)
    span = int(market.minute[-1] - market.minute[0]) + 1
    columns = [c.tolist() for c in (market.open, market.high, market.low, market.close)]
    for k in range(ROWS):
        lap, row = divmod(k, len(market))
        seconds = (int(market.minute[row]) + lap * span) * 60
        prices = ",".join(f"{column[row] * tick:.2f}" for column in columns)
        lines.append(f"{seconds},{prices},{int(market.volume[row])}")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return ROWS


def load_table() -> str:
    """Nanoseconds a bar of every way in."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "bars.csv"
        count = csv_of(sample(), plain)
        packed = Path(folder) / "bars.csv.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes(), 6))
        for name, path in (("CSV", plain), ("CSV, gzip", packed)):
            read_bars(path, instrument("NQ"))
            began = time.perf_counter()
            read_bars(path, instrument("NQ"))
            spent = time.perf_counter() - began
            rows.append((name, f"{spent / count * 1e9:.0f}", f"{count / spent / 1e6:.1f} M"))
    return table(("reading", "ns a bar", "bars a second"), rows)
