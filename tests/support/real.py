"""The real bars of `../shared/data`, for the tests that read them where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
FILES: Final = {
    "es_lean_2013.csv.gz": "ES",
    "6e_nautilus_2024_01.csv.gz": "6E",
    "gbpusd_fxcm_2012.csv.gz": "GBPUSD",
    "btc_freqtrade_unittest.csv.gz": "BTCPAIR",
}
"""Each file with the instrument it has bars of."""

needs_real_bars = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real bars are not here: {DATA} (a folder beside the project's)"
)
