"""A bar more on a trading date gives what a whole window gives, however rarely one looks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dsl.ir.program import Anchor, DayRule, SessionRule
from engine.domain.dates import days_of, occurrences_of
from engine.domain.market import NA
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator, dates_of
from engine.execution.terms import Terms
from engine.growing import Growing
from engine.machine.forms import Form
from engine.run import run_batch
from engine.session import BarOrderError, Session
from engine.today import Running
from engine.trading import NOTHING, Trading
from engine.window import Window, bar_of, no_bars
from tests.support.bars import MONDAY, NQ, bars_from_closes, bars_from_rows
from tests.support.calendars import FixedHours
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.domain.market import Ints, Market
    from engine.session import Step

BARS = 4_500
WHOLE = st.integers(-50, 50) | st.just(NA)


def with_holes(market: Market, rng: Random) -> Market:
    """Some of the bars, so that now and then the last one of a session lacks."""
    kept = [row for row in range(len(market)) if rng.random() > 0.02 or row % 60 == 59]
    columns = ("minute", "open", "high", "low", "close", "volume")
    return replace(market, **{name: getattr(market, name)[kept] for name in columns})


def cuts(rng: Random, length: int) -> list[int]:
    """Mostly single bars, with a block between now and then."""
    edges = [0]
    while edges[-1] < length:
        edges.append(edges[-1] + (rng.randint(2, 90) if rng.random() < 0.003 else 1))
    return [*edges[:-1], length]


class Later(Trading):
    """An account that trades when it is told to."""

    def at_once(self) -> Ints:
        return NOTHING


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_bars_one_by_one_with_blocks_between_give_the_batch(file: Path) -> None:
    """Traded now and then only: by then a date may have passed that the window has forgotten."""
    rng = Random(file.stem)
    strategy, market = strategy_of(file), with_holes(bars_for(file).rows(0, BARS), rng)
    batch = run_batch(strategy, market, CALENDARS, Terms(), events_for(file), form=Form.PLAIN)
    trading = Later(strategy.program, Simulator(rules_of(strategy.program, Terms())))
    session = Session(strategy, CALENDARS, events=events_for(file), trading=trading)
    steps, records = [], []

    for first, stop in pairwise(cuts(rng, len(market))):
        steps.append(session.feed(market.rows(first, stop)))
        if rng.random() < 0.001:
            records.append(trading.run(stop))
    records.append(trading.run())

    assert any(map(len, batch.decisions.values()))
    for side, decisions in batch.decisions.items():
        found = [step.decisions[side] for step in steps]
        assert np.array_equal(np.concatenate([one.rows for one in found]), decisions.rows)
        reals = np.concatenate([one.reals for one in found])
        assert np.array_equal(reals, decisions.reals, equal_nan=True)
    assert np.array_equal(np.concatenate(records), batch.records)


def test_one_bar_that_is_not_later_is_refused_and_changes_nothing() -> None:
    file = SHIPPED[0]
    market = bars_for(file)
    session = Session(strategy_of(file), CALENDARS, events=events_for(file))
    for row in range(3):
        session.feed(market.rows(row, row + 1))
    before = session.snapshot()

    for row in (2, 0):
        with pytest.raises(BarOrderError, match="not later than the one before"):
            session.feed(market.rows(row, row + 1))

    assert session.snapshot() == before
    steps: list[Step] = [session.feed(market.rows(row, row + 1)) for row in (3, 4)]
    assert len(steps) == len(session) - 3


# --- a session among the rows -----------------------------------------------------------------


@given(
    gaps=st.lists(st.integers(1, 6), min_size=1, max_size=60),
    start=st.integers(0, 300),
    length=st.integers(-5, 300),
    size=st.sampled_from([5, 1, 30]),
    weekdays=st.sampled_from([(1, 2, 3, 4, 5), (2,)]),
)
@example(gaps=[1, 1, 1, 1], start=3, length=14, size=5, weekdays=(1, 2, 3, 4, 5))  # ends in a bar
def test_a_session_at_hand_is_what_the_tables_of_all_dates_say_of_the_last(
    gaps: list[int], start: int, length: int, size: int, weekdays: tuple[int, ...]
) -> None:
    minutes = [MONDAY + size * at for at in np.cumsum(gaps).tolist() if size * at < 1440]
    rows = [(minute, 1, 1, 1, 1, 1) for minute in minutes] or [(MONDAY, 1, 1, 1, 1, 1)]
    market = bars_from_rows(rows, bar_minutes=size)
    ends = Anchor(start + length, zone="UTC")
    rule = SessionRule("s", Anchor(start, zone="UTC"), ends, weekdays)
    running = None
    for count in range(1, len(market) + 1):
        seen = market.rows(0, count)
        days = days_of(seen, DayRule())
        whole = occurrences_of(seen, days, rule, FixedHours())
        out_by = dates_of(seen, days, whole)
        if running is None:
            running = Running(int(whole.begins[-1]), int(whole.ends[-1]), size, 0, 0, 0)
        running.passed(int(seen.minute[-1]), count - 1)

        edges = (running.first, running.stop, running.ended)
        assert edges == (whole.first[-1], whole.stop[-1], whole.ended[-1])
        assert (running.closing, running.past) == (out_by.closing[-1], out_by.over[-1])


# --- bars that grow ---------------------------------------------------------------------------


@given(first=st.integers(0, 5), values=st.lists(st.tuples(WHOLE, WHOLE), max_size=40))
def test_values_one_by_one_are_the_column_with_room_behind_it(
    first: int, values: list[tuple[int, int]]
) -> None:
    begun = np.arange(first)
    growing = Growing([begun, begun])
    for value in values:
        growing.append((0, 0))
        growing.replace_last(value)

    for number, column in enumerate(growing.columns):
        wanted = [*begun.tolist(), *(value[number] for value in values)]
        assert column.tolist() == wanted
        assert growing.cells[number][: len(growing)].tolist() == wanted


@given(prices=st.lists(st.tuples(WHOLE, WHOLE, WHOLE, WHOLE), min_size=1, max_size=8))
def test_a_bar_is_reflected_as_a_block_is(prices: list[tuple[int, int, int, int]]) -> None:
    bars = bars_from_rows((MONDAY + row, *four, 7) for row, four in enumerate(prices))
    block, single = Window(no_bars(NQ, 1)), Window(no_bars(NQ, 1))
    block.put(0, bars)
    for row in range(len(bars)):
        single.append(bar_of(bars.rows(row, row + 1)))

    assert single.last == bars.minute[-1]
    for mine, theirs in ((single.market, block.market), (single.reflected, block.reflected)):
        for name in ("minute", "open", "high", "low", "close", "volume"):
            assert getattr(mine, name).tolist() == getattr(theirs, name).tolist()


def test_a_window_begins_with_what_it_is_given() -> None:
    window = Window(bars_from_closes([1, 2, 3]))

    window.append((MONDAY + 9, 4, 4, 4, 4, 1))

    assert len(window) == 4
    assert window.market.close.tolist() == [1, 2, 3, 4]
    assert window.reflected.close.tolist() == [-1, -2, -3, -4]
