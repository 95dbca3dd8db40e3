"""The bundled sample: synthetic NQ-like one-minute bars, October to December 2025.

Nobody ever traded these prices: `adapters.synth` made them up, and `python -m adapters.sample`
makes them again. They are here so that everything can be tried without data: a quarter with the
week in which US and European clocks disagree, Thanksgiving and its half days, and Christmas.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.instruments import instrument
from engine.domain.market import Market

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE: Final = Path(__file__).with_name("nq_synthetic.npy")
SYMBOL: Final = "NQ"
SEED: Final = 51
FIRST_DATE: Final = "2025-10-01"
LAST_DATE: Final = "2025-12-31"

_ORIGIN: Final = (29_321_160, 100_000)
"""The first minute (2025-09-30T22:00Z), and the price in ticks that the first open is told from."""

_MIDDLE: Final = 1 << 15
"""Added to a signed difference, so that every column is unsigned 16-bit."""


@cache
def sample() -> Market:
    """The bars, in a few milliseconds; the same object every time."""
    columns = decode(np.load(FILE))
    columns.flags.writeable = False
    return Market(instrument(SYMBOL), 1, *columns)


def encode(market: Market) -> NDArray[np.uint16]:
    """Bars as differences small enough for 16 bits: six rows, in the order `decode` reads.

    Minutes since the last bar, open from the last close, wick above, wick below, body, volume.
    """
    origin = np.array(_ORIGIN)
    minute = np.diff(market.minute, prepend=origin[0])
    jump = market.open - np.concatenate([origin[1:], market.close[:-1]])
    above = market.high - np.maximum(market.open, market.close)
    below = np.minimum(market.open, market.close) - market.low
    body = market.close - market.open
    rows = np.stack([minute, jump + _MIDDLE, above, below, body + _MIDDLE, market.volume])
    assert rows.min() >= 0
    assert rows.max() < 1 << 16
    return rows.astype("<u2")


def decode(rows: NDArray[np.uint16]) -> NDArray[np.int64]:
    """What `encode` made, as the six columns of a market."""
    steps, jump, above, below, body, volume = rows.astype(np.int64)
    minute = _ORIGIN[0] + np.cumsum(steps)
    body -= _MIDDLE
    jump -= _MIDDLE
    close = _ORIGIN[1] + np.cumsum(jump + body)
    opens = close - body
    high = np.maximum(opens, close) + above
    low = np.minimum(opens, close) - below
    return np.stack([minute, opens, high, low, close, volume])
