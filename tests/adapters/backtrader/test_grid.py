"""Ticks, lots and minutes go into backtrader's floats and come back as they were."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import backtrader as bt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.backtrader import VenueError
from adapters.backtrader.grid import Grid, minute_of, moment_of
from adapters.instruments import INSTRUMENTS

instruments = st.sampled_from(sorted(INSTRUMENTS.values(), key=lambda one: one.symbol))


@pytest.mark.law
@given(instrument=instruments, data=st.data())
def test_every_price_comes_back_to_the_very_tick(instrument: object, data: st.DataObject) -> None:
    grid = Grid(instrument)  # type: ignore[arg-type]
    most = grid.instrument.price_max
    ticks = data.draw(st.integers(-most, most))

    price = grid.price(ticks)

    assert grid.ticks(price) == ticks
    assert price == float(Fraction(ticks) * grid.instrument.tick)
    assert grid.prices([ticks]) == [price]


@given(instrument=instruments, lots=st.integers(0, 100_000_000))
def test_volume_comes_back_to_the_very_lot(instrument: object, lots: int) -> None:
    grid = Grid(instrument)  # type: ignore[arg-type]

    assert [grid.lots(volume) for volume in grid.volumes([lots])] == [lots]


@given(minute=st.integers(-(10**7), 6 * 10**7))
def test_every_minute_is_the_one_that_backtrader_reads(minute: int) -> None:
    moment = moment_of(minute)
    instant = datetime(1970, 1, 1) + timedelta(minutes=minute)  # noqa: DTZ001 - as backtrader does

    assert minute_of(moment) == minute
    assert bt.num2date(moment) == instant
    assert minute_of(bt.date2num(instant)) == minute


def test_volume_that_is_not_known_is_none_at_all() -> None:
    assert Grid(INSTRUMENTS["NQ"]).lots(float("nan")) == 0


@pytest.mark.parametrize("price", [100.1, float("nan"), float("inf"), 1e300])
def test_a_price_off_the_grid_is_refused(price: float) -> None:
    with pytest.raises(VenueError, match=r"not on the tick grid of NQ \(0.25\)"):
        Grid(INSTRUMENTS["NQ"]).ticks(price)


def test_a_time_between_minutes_is_refused() -> None:
    with pytest.raises(VenueError, match="not a whole minute"):
        minute_of(moment_of(1000) + 1 / 86_400)


def test_the_prices_of_a_tick_of_one_hundred_millionth_are_exact() -> None:
    grid = Grid(INSTRUMENTS["BTCPAIR"])
    ticks = np.random.default_rng(1).integers(1, 1 << 40, 1000).tolist()

    assert [grid.ticks(price) for price in grid.prices(ticks)] == ticks
