"""The driver and the figures made of it, against the simulator, the ledger and the statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import Days
from engine.execution.rules import rules_of
from engine.execution.simulation import book_of, new_account, offers_of, tape_of
from engine.execution.terms import Money
from engine.sweep.deciding import Offers
from engine.sweep.figures import Account, figures_of
from engine.sweep.folds import Span
from engine.sweep.outcomes import METRICS
from engine.sweep.sweeper import Desk, Windows
from tests.support.desk import scenes
from tests.support.sweeping import Decided, figures_of_window, ledger_of_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Reals
    from tests.support.desk import Scene


def decided_of(scene: Scene) -> Decided:
    dates = scene.dates
    days = Days(20_000 + np.arange(len(dates.start) - 1), dates.start)
    return Decided(
        scene.program, scene.terms, scene.market, days, dates, scene.intents, scene.paths
    )


def span_of(days: Days, first: int, stop: int) -> Span:
    rows, dates = days.start, days.date
    return Span(int(rows[first]), int(rows[stop]), int(dates[first]), int(dates[stop - 1]), "one")


def every_span(days: Days) -> list[Span]:
    """Every run of whole dates, overlapping ones too."""
    count = len(days)
    return [
        span_of(days, first, stop) for first in range(count) for stop in range(first + 1, count + 1)
    ]


def driven(decided: Decided, spans: Sequence[Span], *, compiled: bool) -> dict[str, Reals]:
    """The figures of all windows by the driver."""
    rules = rules_of(decided.program, decided.terms)
    windows = Windows.of(spans, decided.days.start)
    desk = Desk(windows, 1, compiled=compiled)
    tape = tape_of(decided.market, decided.dates, decided.paths, lambda column: column)
    cells = offers_of(decided.intents, len(decided.program.targets)).reshape(-1)
    offers = Offers(cells, np.array([0, len(cells)]))
    desk.take(tape, [book_of(new_account(rules), rules, decided.dates)], offers)
    terms, tick_value = decided.terms, decided.program.instrument.tick_value
    money = Money.for_amounts(tick_value, terms.equity, terms.commission)
    account = Account(money.units(terms.equity), money.scale)
    bars = (windows.stop - windows.first).tolist()
    return figures_of(desk.tally, account, windows.dates.tolist(), bars)


def assert_same(found: dict[str, Reals], wanted: dict[str, float], window: int) -> None:
    for name, value in wanted.items():
        np.testing.assert_equal(found[name][0, window], value, err_msg=name)


@given(scenes())
def test_every_window_has_the_figures_of_a_run_over_it_to_the_last_bit(scene: Scene) -> None:
    decided = decided_of(scene)
    spans = every_span(decided.days)
    found = driven(decided, spans, compiled=False)
    assert set(found) == set(METRICS)
    for window, span in enumerate(spans):
        assert_same(found, figures_of_window(decided, span), window)


@given(scenes())
def test_the_ingredients_of_the_sharpe_ratio_are_those_of_the_ledgers_returns(
    scene: Scene,
) -> None:
    decided = decided_of(scene)
    spans = every_span(decided.days)
    found = driven(decided, spans, compiled=False)
    for window, span in enumerate(spans):
        returns = ledger_of_window(decided, span)[1].returns
        assert found["observations"][0, window] == len(returns)
        if len(returns) < 2 or np.isnan(returns).any():
            assert np.isnan([found[name][0, window] for name in ("mean", "deviation")]).all()
        else:
            assert found["mean"][0, window] == returns.mean()
            assert found["deviation"][0, window] == returns.std(ddof=1)


@given(scenes(most=12, positions=3))
def test_a_desk_too_small_for_a_bar_is_made_larger(scene: Scene) -> None:
    decided = decided_of(scene)
    spans = every_span(decided.days)
    wanted = driven(decided, spans, compiled=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.sweep.sweeper.RECORDS", 1)
        found = driven(decided, spans, compiled=False)
    for name, column in wanted.items():
        np.testing.assert_equal(found[name], column, err_msg=name)


@settings(max_examples=10)
@given(st.data())
def test_compiled_it_gives_the_same(data: st.DataObject) -> None:
    decided = decided_of(data.draw(scenes()))
    spans = every_span(decided.days)
    plain, fast = (driven(decided, spans, compiled=compiled) for compiled in (False, True))
    for name, column in plain.items():
        np.testing.assert_equal(fast[name], column, err_msg=name)
