"""The author's SLOB: his worked example, and the laws on random bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.ir.program import Side
from engine.interpreter import Event, Interpreter
from engine.journal.decisions import Decision
from tests.support.bars import bars_from_rows, random_walk
from tests.support.calendars import FixedHours
from tests.support.jan6 import TICKS_A_POINT, clock_at, jan6
from tests.support.programs import slob_creator_program

if TYPE_CHECKING:
    from engine.domain.market import Market

SLOB = slob_creator_program()
MIRROR = replace(SLOB, params=tuple(replace(one, long=one.short) for one in SLOB.params))


def run(market: Market, side: Side = Side.SHORT) -> list[Event]:
    return Interpreter(SLOB, market, side, FixedHours()).run()


WALK = random_walk(2, 1)
WALK_EVENTS = run(WALK)
PRICES = {"open": WALK.open, "high": WALK.high, "low": WALK.low, "close": WALK.close}


def test_the_worked_example_is_found_minute_by_minute() -> None:
    market = jan6()
    told = [(clock_at(int(market.minute[one.row])), one.kind, one.cause) for one in run(market)]
    assert told == [
        ("15:30", Decision.START, -1),
        ("16:26", Decision.ADVANCE, 1),  # armed
        ("16:26", Decision.ADVANCE, 2),  # trigger: the bar that completes the dwell is the sweep
        ("16:31", Decision.ENTRY, 1),  # the plain stop
    ]


def test_the_worked_example_has_the_authors_prices() -> None:
    start, _, sweep, entry = run(jan6())
    assert start.values == (25_452 * TICKS_A_POINT,)
    assert sweep.values[1] == 25_592 * TICKS_A_POINT
    close, price, stop, target, share, dwell, waited, atr = entry.values
    assert close == price == 25_572 * TICKS_A_POINT
    assert stop == 25_593 * TICKS_A_POINT
    assert target == 25_299 * TICKS_A_POINT
    assert share == pytest.approx(45 / 25_587)
    assert (dwell, waited, atr) == (20, 5, None)


def test_one_bar_less_of_dwell_and_the_example_is_not_found() -> None:
    late = Interpreter(SLOB, jan6(), Side.SHORT, FixedHours(), params={"dwell_min": 16}).run()
    assert not [one for one in late if one.kind is Decision.ENTRY]


@pytest.mark.law
@pytest.mark.parametrize("seed", [1, 2])
def test_long_on_the_reflected_market_is_short(seed: int) -> None:
    market = random_walk(6, seed)
    short = Interpreter(MIRROR, market, Side.SHORT, FixedHours()).run()
    long = Interpreter(MIRROR, market.reflected(), Side.LONG, FixedHours()).run()
    assert short == long
    assert any(one.kind is Decision.ADVANCE for one in short)


@pytest.mark.law
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_bars_to_come_change_no_event(data: st.DataObject) -> None:
    now = data.draw(st.integers(1, len(WALK) - 1))
    later = data.draw(st.integers(-900, 900))
    prices: dict[str, Any] = {
        name: np.concatenate((column[:now], column[now:] + later))
        for name, column in PRICES.items()
    }
    changed = replace(WALK, **prices)
    before = [one for one in WALK_EVENTS if one.row < now]
    assert [one for one in run(changed) if one.row < now] == before


@pytest.mark.law
def test_every_candidate_ends_once_or_is_alive() -> None:
    interpreter = Interpreter(SLOB, random_walk(12, 3), Side.SHORT, FixedHours())
    events = interpreter.run()
    born = [(one.day, one.ordinal) for one in events if one.kind is Decision.START]
    ended = [
        (one.day, one.ordinal) for one in events if one.kind in {Decision.DEAD, Decision.ENTRY}
    ]
    alive = [(one.day, one.ordinal) for one in interpreter.alive]
    assert len(set(born)) == len(born) > 10
    assert sorted(born) == sorted([*ended, *alive])


def test_the_day_before_gives_the_day_nothing_but_history() -> None:
    market = random_walk(4, 5)
    interpreter = Interpreter(SLOB, market, Side.SHORT, FixedHours())
    third = interpreter.bars.rows_of(2)[0]
    assert interpreter.run(third) == [one for one in interpreter.run() if one.row >= third]


def test_a_date_on_which_an_exchange_is_closed_has_no_setup() -> None:
    market = jan6()
    rows = zip(
        (market.minute + 4 * 1440).tolist(),  # the Saturday after
        *(getattr(market, name).tolist() for name in ("open", "high", "low", "close", "volume")),
        strict=True,
    )
    assert run(bars_from_rows(list(rows))) == []
