"""What is drawn: the worked example's levels and story, its mirror, windows and larger bars."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from adapters.report.drawings import Sketcher, remembered_by
from adapters.report.setups import Fate, Setup, setups_of
from adapters.report.windows import (
    AFTER,
    BEFORE,
    LONGEST,
    TOGETHER,
    Piece,
    chosen,
    columns_of,
    pieces_of,
    size_for,
)
from dsl.ir.program import Side
from engine.execution.terms import Terms
from engine.journal.decisions import Decision
from engine.run import Run, Strategy, run_batch
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours
from tests.support.jan6 import TICKS_A_POINT, clock_at, jan6
from tests.support.programs import slob_creator_program
from tests.support.shipped import FOLDER, program_of

RICH = Terms(Fraction(1_000_000))
SLOB = slob_creator_program()


def drawn(run: Run, side: Side) -> tuple[Setup, dict[str, Any]]:
    (setup,) = [one for one in setups_of(run) if one.side is side and one.is_complete]
    return setup, Sketcher(run, remembered_by(run, [setup])).drawing(setup, 0, 1)


@pytest.fixture(scope="module")
def worked() -> tuple[Run, Setup, dict[str, Any]]:
    run = run_batch(Strategy(SLOB), jan6(), FixedHours(), RICH)
    return run, *drawn(run, Side.SHORT)


def points(levels: list[list[Any]]) -> dict[str, float]:
    return {name: price / TICKS_A_POINT for name, price, *_ in levels}


def test_the_worked_example_is_drawn_with_the_authors_levels(
    worked: tuple[Run, Setup, dict[str, Any]],
) -> None:
    _, _, drawing = worked
    levels = points(drawing["l"])
    assert levels["top"] == 25_587
    assert levels["bottom"] == 25_542
    assert levels["london.low"] == 25_300
    close, _, stop, targets = drawing["b"]
    assert (close, stop) == (25_572 * TICKS_A_POINT, 25_593 * TICKS_A_POINT)
    assert targets == [25_299 * TICKS_A_POINT]


def test_levels_begin_at_the_bar_that_made_them(
    worked: tuple[Run, Setup, dict[str, Any]],
) -> None:
    run, _, drawing = worked
    begins = {name: clock_at(int(run.market.minute[first])) for name, _, first, *_ in drawing["l"]}
    assert begins["top"] == "16:01"
    assert begins["bottom"] == "16:11"
    assert begins["london.low"] == "15:30"


def test_the_story_has_every_decision_at_its_minute(
    worked: tuple[Run, Setup, dict[str, Any]],
) -> None:
    run, setup, drawing = worked
    told = [(clock_at(int(run.market.minute[row])), kind) for row, kind, *_ in drawing["s"]]
    assert told == [
        ("15:30", Decision.START),
        ("16:26", Decision.ADVANCE),
        ("16:26", Decision.ADVANCE),
        ("16:31", Decision.ENTRY),
    ]
    assert setup.fate is Fate.TRADED
    marks = {name: clock_at(int(run.market.minute[row])) for row, name in drawing["m"]}
    assert "16:26" in marks.values()


def test_the_mirrored_side_is_drawn_in_real_prices() -> None:
    """The reflected market run LONG shows the negatives of what SHORT showed."""
    same = replace(SLOB, params=tuple(replace(one, long=one.short) for one in SLOB.params))
    short = drawn(run_batch(Strategy(same), jan6(), FixedHours(), RICH), Side.SHORT)[1]
    reflected = run_batch(Strategy(same), jan6().reflected(), FixedHours(), RICH)
    long = drawn(reflected, Side.LONG)[1]
    of_trackers = [[name, -price] for name, price, *_, session in short["l"] if not session]
    assert [[name, price] for name, price, *_, session in long["l"] if not session] == of_trackers
    assert long["b"][:3] == [-price for price in short["b"][:3]]


@pytest.fixture(scope="module")
def walk() -> Run:
    program = program_of(FOLDER / "slob_5_1.yaml")
    return run_batch(Strategy(program), random_walk(30, 5), FixedHours(), RICH)


def test_every_drawn_row_lies_inside_the_piece_that_shows_it(walk: Run) -> None:
    setups, bars = setups_of(walk), len(walk.market)
    numbers = chosen(setups, bars, bars)
    sketcher = Sketcher(walk, remembered_by(walk, [setups[n] for n in numbers]))
    seen: list[int] = []
    for piece in pieces_of(setups, numbers, bars):
        for number in piece.setups:
            drawing = sketcher.drawing(setups[number], piece.first, piece.size)
            rows = [row for part in ("s", "m", "f", "x", "v") for row, *_ in drawing[part]]
            assert 0 <= min(rows) <= max(rows) < piece.stop - piece.first
            assert min(setups[number].first, BEFORE) <= drawing["z"][0]
            seen.append(number)
    assert sorted(seen) == sorted(numbers)


def test_a_level_of_an_extreme_begins_at_the_first_bar_that_made_it(walk: Run) -> None:
    """Also where the program never asks for that bar, so that the machine does not keep it."""
    setups, market = setups_of(walk), walk.market
    complete = [one for one in setups if one.is_complete]
    sketcher = Sketcher(walk, remembered_by(walk, complete))
    found = 0
    for setup in complete:
        extreme = market.high if setup.side is Side.SHORT else market.low
        trigger = max(step.row for step in setup.steps if step.kind is Decision.ADVANCE)
        for name, price, first, *_ in sketcher.drawing(setup, 0, 1)["l"]:
            if name == "spike":
                assert extreme[first] == price
                assert first > trigger
                assert not (extreme[trigger + 1 : first] == price).any()
                found += 1
    assert found


def test_trades_come_before_all_others_when_bars_are_few(walk: Run) -> None:
    setups, bars = setups_of(walk), len(walk.market)
    traded = {n for n, one in enumerate(setups) if one.fate is Fate.TRADED}
    few = set(chosen(setups, bars, 800))
    assert few
    assert few < traded
    assert traded < set(chosen(setups, bars, bars))


def test_pieces_are_joined_where_windows_overlap_and_never_grow_without_end(walk: Run) -> None:
    setups, bars = setups_of(walk), len(walk.market)
    pieces = pieces_of(setups, chosen(setups, bars, bars), bars)
    assert any(len(piece.setups) > 1 for piece in pieces)
    assert max(piece.stop - piece.first for piece in pieces) <= TOGETHER


def test_a_window_too_long_for_the_screen_is_drawn_in_larger_bars(walk: Run) -> None:
    setup = replace(setups_of(walk)[0], first=100, last=100 + 4 * LONGEST)
    (piece,) = pieces_of([setup], [0], len(walk.market))
    assert piece == Piece(100 - BEFORE, 101 + 4 * LONGEST + AFTER, 5, (0,))
    minute, opens, high, low, close, volume = columns_of(walk.market, walk.market.minute, piece)
    part = walk.market.rows(piece.first, piece.stop)
    assert len(minute) == -(-len(part) // 5)
    assert opens[0] == part.open[0]
    assert close[-1] == part.close[-1]
    assert high[1] == part.high[5:10].max()
    assert low[1] == part.low[5:10].min()
    assert volume.sum() == part.volume.sum()
    assert np.array_equal(minute[:3], part.minute[[0, 5, 10]])


@pytest.mark.parametrize(
    ("bars", "size"), [(1, 1), (1500, 1), (1501, 5), (7501, 15), (10**9, 10_080)]
)
def test_the_size_of_larger_bars_grows_with_the_window(bars: int, size: int) -> None:
    assert size_for(bars) == size
