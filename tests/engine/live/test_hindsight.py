"""A live run looked back on: equal where the bars are, else every difference with its cause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.domain.market import Market
from engine.execution import records as out
from engine.execution.records import Kind
from engine.laws.ground import Ground
from engine.live import events as ev
from engine.live import words
from engine.live.deeds import Setup, setups_of
from engine.live.hindsight import Hindsight, Said, Why, looked_back
from engine.live.policy import Policy
from engine.live.retelling import BarDiffers, bars_that_differ, opening_of, with_bar
from engine.window import COLUMNS
from tests.support.live_world import Memory, ground_setting, world
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable


BARS = 2_000
FILE = next(file for file in SHIPPED if file.stem == "vwap_reversion")


@dataclass(frozen=True, eq=False)
class Lived:
    """A live run: its ground, its journal."""

    ground: Ground
    events: tuple[ev.Event, ...]

    @property
    def steps(self) -> list[ev.Stepped]:
        """The traded bars."""
        return [event for event in self.events if isinstance(event, ev.Stepped)]

    def beside(
        self,
        official: Market,
        span: tuple[int, int] | None = None,
        *,
        said: Said | None = None,
        knows_bars: bool = True,
    ) -> Hindsight:
        """The run beside its replay on other bars."""
        ground, market = self.ground, self.ground.market
        return looked_back(
            ground.strategy, ground.calendars, ground.events, self.steps, said or Said(),
            market if knows_bars else None, official,
            span or (int(market.minute[0]), int(market.minute[-1])),
        )  # fmt: skip


@cache
def lived(policy: Policy | None = None) -> Lived:
    """A strategy that trades often, lived for two days."""
    market = bars_for(FILE).rows(0, BARS)
    ground = Ground(strategy_of(FILE), market, CALENDARS, events_for(FILE))
    made = world(ground_setting(ground, policy or Policy()), journal=Memory()).finish()
    return Lived(ground, tuple(made.journal.events))


def changed(market: Market, row: int, **by: int) -> Market:
    """The market with a bar of other prices."""
    columns = {name: getattr(market, name).copy() for name in by}
    for name, ticks in by.items():
        columns[name][row] += ticks
    return replace(market, **columns)


def row_of(market: Market, minute: int) -> int:
    return int(np.searchsorted(market.minute, minute))


def test_on_the_bars_that_were_lived_everything_is_equal() -> None:
    made = lived()
    seen = made.beside(made.ground.market)
    assert (seen.bars, seen.setups, seen.candidates) == ((), (), ())
    assert seen.is_equal
    counts = seen.counts(seen.live)
    assert counts == seen.counts(seen.official.deeds)
    assert counts[Kind.CLOSED] >= 5
    assert seen.net(seen.live) == seen.net(seen.official.deeds) != 0
    assert seen.official.cash == made.steps[-1].account[5]


def test_a_single_day_is_equal_too_from_the_account_it_began_with() -> None:
    made = lived()
    market = made.ground.market
    middle = next(step.minute for step in made.steps[len(made.steps) // 2 :] if step.account[4])
    seen = made.beside(market, (middle, int(market.minute[-1])))
    assert seen.is_equal
    assert 0 < seen.counts(seen.live)[Kind.CLOSED] < 20
    opening = opening_of(made.ground.strategy.program, made.steps, middle)
    assert opening.minute < middle, "something was open: the replay begins where nothing was"


def some(seen: Hindsight, kind: Kind) -> tuple[Setup, int]:
    """A setup of the live run, and the minute of its record of a kind."""
    told = [
        (setup, deed.minute)
        for setup, deeds in seen.live.items()
        if setup is not None
        for deed in deeds
        if deed.kind is kind
    ]
    return sorted(told, key=lambda one: one[1])[2]


def test_a_setup_that_only_a_wrong_bar_completed_is_laid_to_that_bar() -> None:
    made = lived()
    market = made.ground.market
    whole = made.beside(market)
    setup, minute = some(whole, Kind.INTENT)
    row = row_of(market, minute)
    middle = (market.high[row] + market.low[row]) // 2
    by = int(middle - market.close[row]) or 1
    far = changed(market, row - 300, volume=1)
    official = changed(far, row, close=by * 3, high=max(0, by * 3) + 400, low=min(0, by * 3) - 400)

    seen = made.beside(official)

    assert not seen.is_equal
    found = next(one for one in seen.setups if one.setup == setup)
    assert found.cause.why is Why.BARS
    assert [bar.minute for bar in found.cause.bars] == [minute]
    assert set(found.cause.bars[0].parts) == {"high", "low", "close"}
    told = {one.name: one for one in seen.candidates}[found.name]
    assert [bar.minute for bar in told.cause.bars] == [minute]
    assert told.live != told.official


def test_a_fill_on_a_wrong_bar_is_laid_to_that_bar() -> None:
    made = lived()
    market = made.ground.market
    whole = made.beside(market)
    setup, minute = some(whole, Kind.FILL)
    row = row_of(market, minute)
    official = changed(market, row, open=1, high=1)

    found = next(one for one in made.beside(official).setups if one.setup == setup)

    assert found.cause.why is Why.BARS
    assert [bar.minute for bar in found.cause.bars] == [minute]


def test_a_fill_at_another_price_on_the_same_bars_is_the_brokers() -> None:
    made = lived()
    setup, _ = some(made.beside(made.ground.market), Kind.FILL)
    count: list[int] = []
    events = [slipped(event, count) for event in made.events]
    seen = replace(made, events=tuple(events)).beside(made.ground.market)
    (found,) = seen.setups
    assert (found.setup, found.cause.why) == (setup, Why.BROKER)
    assert seen.candidates == ()
    assert not seen.is_equal


def slipped(event: ev.Event, count: list[int]) -> ev.Event:
    """The event with its entry a tick elsewhere, where it is the third one."""
    if not isinstance(event, ev.Stepped) or not event.records:
        return event
    records = np.array(event.records, np.int64).reshape(-1, out.WIDTH)
    for row in np.flatnonzero(records[:, out.KIND] == Kind.FILL):
        count.append(int(row))
        if len(count) == 3:
            records[row, out.PRICE] += 1
    return replace(event, records=tuple(records.reshape(-1).tolist()))


def test_an_equity_that_the_trades_do_not_make_is_a_difference() -> None:
    made = lived()
    events = list(made.events)
    for at, event in enumerate(events):
        if isinstance(event, ev.Stepped) and event.records:
            records = np.array(event.records, np.int64).reshape(-1, out.WIDTH)
            records[records[:, out.KIND] == Kind.CLOSED, out.EQUITY] += 1
            events[at] = replace(event, records=tuple(records.reshape(-1).tolist()))
    seen = replace(made, events=tuple(events)).beside(made.ground.market)
    assert (seen.setups, seen.candidates) == ((), ())
    assert seen.account_differs
    assert not seen.is_equal


def test_setups_of_one_bar_and_side_are_told_apart_by_their_order() -> None:
    found = setups_of([(3, 100, 0), (4, 100, 1), (5, 100, 0), (6, 101, 0)])
    assert [found[intent] for intent in (3, 4, 5, 6)] == [
        Setup(100, "short"), Setup(100, "long"), Setup(100, "short", 1), Setup(101, "short"),
    ]  # fmt: skip


def test_a_bar_that_was_never_there_and_one_that_was_missed_are_told() -> None:
    market = lived().ground.market
    there = np.delete(np.arange(len(market)), 700)
    official = Market(
        market.instrument,
        market.bar_minutes,
        *(getattr(market, name)[there] for name in COLUMNS),
    )
    (gone,) = bars_that_differ(market, official)
    assert (gone.official, gone.parts) == (None, ())
    (late,) = bars_that_differ(official, market)
    assert late.lived is None
    assert bars_that_differ(with_bar(official, late), market) == ()
    assert bars_that_differ(with_bar(market, gone), official) == ()
    assert not bars_that_differ(market, market)
    seen = lived().beside(official)
    assert [bar.minute for bar in seen.bars] == [int(market.minute[700])]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (lambda at: words.Halt(at, "ann", "lunch"), Why.WITHHELD),
        (lambda at: words.Flatten(at, "ann", "fear"), Why.CLOSED),
    ],
)
def test_what_a_person_did_is_told_in_the_journals_own_words(
    word: Callable[[int], words.Word], why: Why
) -> None:
    calm = lived()
    setup, minute = some(calm.beside(calm.ground.market), Kind.FILL)
    made = world(ground_setting(calm.ground, Policy()), journal=Memory())
    stop = row_of(calm.ground.market, minute) - (why is Why.WITHHELD)
    while made.row < stop:
        made.open_bar()
        made.close_bar()
    if why is Why.CLOSED:
        made.open_bar()
    made.deliver(word(made.paper.now))
    made.finish()
    run = Lived(calm.ground, tuple(made.journal.events))

    seen = run.beside(calm.ground.market, said=Said.of(run.events))

    found = next(one for one in seen.setups if one.setup == setup)
    assert found.cause.why is why
    assert ("lunch" if why is Why.WITHHELD else "fear") in found.cause.words
    assert seen.candidates == ()


def test_without_the_bars_that_were_lived_no_cause_is_claimed() -> None:
    made = lived()
    market = made.ground.market
    whole = made.beside(market, knows_bars=False)
    assert whole.is_equal
    setup, minute = some(whole, Kind.INTENT)
    row = row_of(market, minute)
    official = changed(market, row, close=-200, low=-400)
    seen = made.beside(official, knows_bars=False)
    found = next(one for one in seen.setups if one.setup == setup)
    assert found.cause.why is Why.UNKNOWN
    assert seen.bars == ()


def test_a_decision_its_own_bars_do_not_give_is_said_to_be_one() -> None:
    made = lived()
    market = made.ground.market
    setup, minute = some(made.beside(market), Kind.INTENT)
    other = changed(market, row_of(market, minute), close=-200, low=-400)
    seen = replace(made, ground=made.ground.on(other)).beside(other)
    found = next(one for one in seen.setups if one.setup == setup)
    assert found.cause.why is Why.DECIDED


def test_a_bar_says_what_differs_in_it() -> None:
    assert BarDiffers(1, (1, 2, 0, 1, 9), (1, 3, 0, 1, 8)).parts == ("high", "volume")
