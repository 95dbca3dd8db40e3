"""The whole live engine, bar by bar, on a gateway in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.ib.library import installed
from adapters.live.runner import Ending
from engine.live.events import Planned
from tests.support.live_run import (
    PLAYED, backtest, gateway_of, live, market, plan_of, records_in,
)  # fmt: skip

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")



def test_the_journal_of_a_live_day_has_the_records_of_its_backtest(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    lived = live(gateway_of(market()), plan_of(journal))
    assert lived.ending is Ending.STOPPED
    wanted = backtest(market())
    got = records_in(journal)
    assert np.array_equal(got, wanted)
    assert len(lived.heard.of(Planned)) >= 4
    assert lived.gateway.truth.longest_naked <= 5
