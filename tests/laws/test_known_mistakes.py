"""The ten mistakes of earlier implementations (slob_rules.md, section 5), a test named after each.

Those about execution (4, 5, 9) and statistics (6) stand with the rest of those rooms' tests; the
last test here sees to it that all ten are there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from adapters.bars import read_bars
from adapters.sample import sample
from dsl.ir.program import Side
from engine.columns.frame import frame_of, schedule_of
from engine.columns.frames import larger_bars
from engine.domain.clocks import wall_of
from engine.journal.decisions import CAUSE, KIND, ROW, Decision
from engine.laws.ground import Ground, joined
from engine.machine.forms import Form
from engine.run import Run, Strategy
from tests.golden.cases import CASES, read_case
from tests.support.bars import NQ, bars_from_rows, minute_of
from tests.support.shipped import CALENDARS, FOLDER, program_of

CREATOR = FOLDER / "slob_5_1_creator.yaml"
SEED = FOLDER / "slob_5_1.yaml"
TESTS = Path(__file__).parents[1]


@cache
def case(name: str) -> Run:
    """The run of a golden case."""
    return read_case(CASES / name).ground.batch(Form.PLAIN)


def entries(run: Run, side: Side) -> list[int]:
    """The rows on which setups of a side completed."""
    rows = run.decisions[side].rows
    return [int(row) for row in rows[rows[:, KIND] == Decision.ENTRY, ROW]]


@pytest.mark.parametrize(
    ("date", "london", "new_york"),
    [
        ("2026-01-06", "08:00", "14:30"),  # winter
        ("2026-03-10", "08:00", "13:30"),  # New York has changed its clocks, London has not
        ("2026-07-07", "07:00", "13:30"),  # summer
    ],
)
def test_mistake_1_london_hours_are_londons_and_not_utc(
    date: str, london: str, new_york: str
) -> None:
    day = minute_of(f"{date} 00:00")
    market = bars_from_rows((day + minute, 9, 9, 9, 9, 1) for minute in range(1440))

    found = schedule_of(program_of(SEED), market, CALENDARS, {}).occurrences("lse")

    opens, closes = minute_of(f"{date} {london}"), minute_of(f"{date} {new_york}")
    assert (found.begins[0], found.ends[0]) == (opens, closes)
    assert market.minute[[found.first[0], found.stop[0] - 1]].tolist() == [opens, closes - 1]


@pytest.mark.parametrize("strategy", ["creator", "seed"])
def test_mistake_2_long_setups_exist_and_their_no_wick_bar_is_bearish(strategy: str) -> None:
    long, short = (case(f"2026-01-07_{side}_{strategy}_entry_plain") for side in ("long", "short"))

    assert entries(long, Side.LONG) == entries(short, Side.SHORT) != []
    assert entries(long, Side.SHORT) == entries(short, Side.LONG) == []


def test_mistake_3_bar_by_bar_finds_what_the_backtest_finds() -> None:
    ground = Ground(Strategy(program_of(CREATOR)), sample().rows(0, 15_000), CALENDARS, {})
    run = ground.batch(Form.PLAIN)
    found = [row for side in Side for row in entries(run, side)]
    last = min(found) + 30
    first = max(0, last - 2_000)

    session = ground.session()
    session.feed(ground.market.rows(0, first))
    steps = [session.feed(ground.market.rows(row, row + 1)) for row in range(first, last)]
    stepped, _ = joined(ground.strategy, steps)

    live = [
        row
        for made in stepped.values()
        for row in made.rows[made.rows[:, KIND] == Decision.ENTRY, ROW].tolist()
    ]
    assert sorted(live) == [row for row in sorted(found) if first <= row < last] != []


def test_mistake_7_no_bar_is_made_up_for_minutes_without_trades(tmp_path: Path) -> None:
    file = tmp_path / "hole.csv"
    lines = ["timestamp,open,high,low,close,volume", *(
        f"2026-01-06T14:{minute}:00Z,{price},{price + 1},{price - 1},{price},5"
        for minute, price in ((30, 100), (31, 101), (33, 250), (44, 251), (45, 252))
    )]  # fmt: skip
    file.write_text("\n".join(lines) + "\n")

    market = read_bars(file, NQ).market
    program = program_of(SEED)
    frame = frame_of(program, program.written, schedule_of(program, market, CALENDARS, {}))
    fives = larger_bars(frame, 5, None).frame.market

    assert np.diff(market.minute).tolist() == [1, 2, 11, 1]
    assert [f"{minute % 60:02}" for minute in fives.minute.tolist()] == ["30", "40", "45"]
    assert (fives.open / 4).tolist() == [100, 251, 252]  # of their own first bar
    assert (fives.close / 4).tolist() == [250, 251, 252]


def test_mistake_8_one_move_above_the_level_is_one_candidate() -> None:
    run = case("2026-01-06_short_textbook")
    high = 25_450 * 4
    wall = wall_of("America/New_York", run.market.minute) % 1440
    above = (run.market.high > high) & (wall >= 9 * 60 + 30)

    starts = run.decisions[Side.SHORT].rows[:, KIND] == Decision.START

    assert above.sum() > 80
    assert starts.sum() == 1


@pytest.mark.parametrize("strategy", ["creator", "seed"])
def test_mistake_10_each_stage_counts_its_own_bars(strategy: str) -> None:
    """The entry comes on the 20th bar after the sweep, long after the 20th of the setup."""
    run = case(f"2026-01-07_short_{strategy}_entry_on_the_last_bar")
    rows = run.decisions[Side.SHORT].rows
    swept = rows[(rows[:, KIND] == Decision.ADVANCE) & (rows[:, CAUSE] == 2), ROW]
    start = rows[rows[:, KIND] == Decision.START, ROW]

    (entry,) = entries(run, Side.SHORT)

    assert entry - swept[0] == 20
    assert entry - start[0] > 30


def test_each_of_the_ten_mistakes_has_a_test_named_after_it() -> None:
    named = re.compile(r"^def test_mistake_(\d+)_", re.MULTILINE)

    found = {int(n) for file in TESTS.rglob("test_*.py") for n in named.findall(file.read_text())}

    assert found == set(range(1, 11))
