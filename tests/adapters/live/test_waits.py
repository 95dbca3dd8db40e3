"""What a setup waits for, in words: by the strategy's own names, prices as they are."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from markupsafe import escape

from adapters.ib.library import installed
from adapters.live.standing import status_of
from adapters.live.status import as_bytes, from_bytes
from adapters.live.waits import NEXT_BAR, lacks
from dsl.ir.program import Side
from engine.live.alive import alive_in
from engine.live.waiting import Way, waiting_in
from engine.session import Session
from tests.proofs.faulty import scene_of
from tests.proofs.rig import Ears, played
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of
from web.pages.live import fragment

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.live.runner import Runner
    from adapters.live.status import Status

SPEC = next(file for file in SHIPPED if file.stem == "slob_5_1")
TICK = Decimal("0.25")
QUIET = 900
"""Rows before New York opens."""


def told_in(stage: str) -> dict[Side, tuple[str, int]]:
    """What is said of the first setup of each side that is seen in a stage, and on which row."""
    bars, found = bars_for(SPEC), dict[Side, tuple[str, int]]()
    session = Session(strategy_of(SPEC), CALENDARS, events=events_for(SPEC))
    row = QUIET
    session.feed(bars.rows(0, row))
    while len(found) < 2:
        session.feed(bars.rows(row, row + 1))
        for one in alive_in(session):
            if one.stage == stage and one.side not in found and one.since < bars.minute[row]:
                told = zip(alive_in(session), waiting_in(session), strict=True)
                ways = next(ways for other, ways in told if other == one)
                found[one.side] = lacks(session.strategy.program, one.side, ways), row
        row += 1
    return found


def price(ticks: int) -> str:
    return f"{ticks * TICK:,.2f}"


def test_both_sides_are_told_with_the_market_s_own_prices_and_what_is_missing() -> None:
    bars = bars_for(SPEC)
    for side, (text, row) in told_in("armed").items():
        price_now = int(bars.low[row] if side is Side.LONG else bars.high[row])
        op = "<" if side is Side.LONG else ">"
        assert text.startswith(f"swept_again ({price(price_now)} {op} "), text
        level = Decimal(text.split()[3].rstrip(",").replace(",", ""))
        away = abs(price_now * TICK - level)
        assert text.endswith(f"{level:,.2f}, {away:,.2f} pt missing)"), text


@pytest.mark.skipif(not installed(), reason="no client library is installed")
def test_a_running_engine_tells_it_and_the_page_shows_it(tmp_path: Path) -> None:
    scene, begins = scene_of(4)
    seen: list[Status] = []

    class Looking(Ears):
        def began(self, runner: Runner) -> None:
            super().began(runner)
            self.watch = lambda _: seen.append(status_of(runner))

    done = played(scene.gateway(begins=begins), scene.plan(tmp_path / "j.db"), ears=Looking())
    assert done.error is None
    told = ((one.candidates[0].waits_for, one) for one in seen if one.candidates)
    waits_for, status = next(one for one in told if one[0] != NEXT_BAR)
    assert waits_for.startswith("goes_on (")
    assert "missing)" in waits_for
    assert from_bytes(as_bytes(status)) == status
    assert f"waits for <code>{escape(waits_for)}</code>" in fragment(status)


def test_of_several_ways_the_nearest_is_told_first_and_one_that_lacks_nothing_waits_for_a_bar() -> (
    None
):
    program = strategy_of(SPEC).program
    session = Session(strategy_of(SPEC), CALENDARS, events=events_for(SPEC))
    bars, row = bars_for(SPEC), QUIET
    session.feed(bars.rows(0, row))
    while not (found := [ways[0] for ways in waiting_in(session) if len(ways[0].missing) > 1]):
        session.feed(bars.rows(row, row + 1))
        row += 1
    way = found[0]
    near = Way("entry", way.missing[:1])
    text = lacks(program, Side.LONG, (way, near))
    assert text.startswith(f"to entry: {way.missing[0].name}")
    assert f"; to {way.to}: {way.missing[0].name}" in text
    assert lacks(program, Side.LONG, (Way("entry", ()),)) == NEXT_BAR
