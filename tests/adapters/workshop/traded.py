"""A journal of a strategy that was traded bar by bar; made once, to be read."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from adapters.database.journal import Journal
from adapters.database.tables import BarRow, Source
from engine.laws.ground import Ground
from engine.live.policy import Policy
from engine.window import COLUMNS
from tests.support.live_world import CONTRACT, ground_setting, world
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

TRADED = "vwap_reversion"
SPEC = next(file for file in SHIPPED if file.stem == TRADED)


@cache
def journal() -> Path:
    """The file."""
    folder = Path(tempfile.mkdtemp(prefix="engine-traded-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    where = folder / "traded.db"
    market = bars_for(SPEC).rows(0, 1_560)
    columns = zip(*(getattr(market, name).tolist() for name in COLUMNS), strict=True)
    bars = [dict(zip(COLUMNS, values, strict=True)) for values in columns]
    ground = Ground(strategy_of(SPEC), market, CALENDARS, events_for(SPEC))
    with Journal.begin(where, account="DU1", client=17) as made:
        made.keep_bars([BarRow(contract=CONTRACT, source=Source.LIVE, **bar) for bar in bars])
        world(ground_setting(ground, Policy()), journal=made).finish()
    return where
