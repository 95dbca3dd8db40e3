"""What charts draw: bars that add up at every size, windows that fit, stories without a hole."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.report.drawings import Sketcher, remembered_by
from adapters.report.setups import Fate
from adapters.sample import sample
from adapters.workshop import charts
from adapters.workshop.bars import DATE, SIZES, WEEK, BarFolder
from adapters.workshop.errors import NotFound
from dsl.ir.program import DayRule
from engine.domain.clocks import wall_of
from engine.domain.dates import days_of
from tests.adapters.workshop.ran import why

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapters.workshop.bars import Level

NEW_YORK = DayRule("America/New_York", 18 * 60)


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Level, ...]:
    """The whole sample in every size."""
    folder = BarFolder(tmp_path_factory.mktemp("bars"))
    return folder.larger(folder.keep(sample()), sample(), NEW_YORK)


def unpacked(told: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """The columns of an answer, as the browser reads them."""
    found: dict[str, list[int]] = {
        name: [] for name in ("minute", "row", "open", "high", "low", "close")
    }
    minute = row = 0
    last = told["opens"]
    for at, rows, jump, above, below, body in zip(
        *(told[name] for name in ("at", "rows", "jump", "above", "below", "body")), strict=True
    ):
        minute, row = minute + at, row + rows
        opens = last + jump
        last = opens + body
        for name, value in (
            ("minute", minute), ("row", row), ("open", opens), ("close", last),
            ("high", max(opens, last) + above), ("low", min(opens, last) - below),
        ):  # fmt: skip
            found[name].append(value)
    return {name: np.array(column) for name, column in found.items()}


# --- larger bars ------------------------------------------------------------------------------


def test_every_size_is_there_finest_first(levels: tuple[Level, ...]) -> None:
    assert [level.size for level in levels] == [1, *SIZES, DATE, WEEK]
    assert [len(level) for level in levels] == sorted(map(len, levels), reverse=True)


def test_larger_bars_hold_the_smaller_ones_without_loss(levels: tuple[Level, ...]) -> None:
    market = sample()
    for level in levels:
        ends = np.append(level.row[1:], len(market))
        assert level.row[0] == 0
        assert (level.volume.sum(), level.high.max(), level.low.min()) == (
            market.volume.sum(), market.high.max(), market.low.min(),
        )  # fmt: skip
        assert (level.open == market.open[level.row]).all()
        assert (level.close == market.close[ends - 1]).all()
        assert (level.minute == market.minute[level.row]).all()
        assert (level.high == np.maximum.reduceat(market.high, level.row)).all()


def test_no_larger_bar_reaches_over_the_end_of_a_trading_date(levels: tuple[Level, ...]) -> None:
    starts = days_of(sample(), NEW_YORK).start[:-1]
    for level in levels[:-1]:
        assert np.isin(starts, level.row).all(), level.size


def test_bars_of_an_hour_begin_on_the_exchanges_clock(levels: tuple[Level, ...]) -> None:
    hours = next(level for level in levels if level.size == 60)
    wall = wall_of(NEW_YORK.zone, hours.minute)
    assert (np.diff(wall // 60) > 0).all()


def test_larger_bars_are_made_once(tmp_path: Path) -> None:
    folder = BarFolder(tmp_path)
    name = folder.keep(sample())
    folder.larger(name, sample(), NEW_YORK)
    written = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    folder.keep(sample())
    folder.larger(name, sample(), NEW_YORK)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == written


def test_bars_that_are_gone_or_damaged_are_said_to_be(tmp_path: Path) -> None:
    folder = BarFolder(tmp_path)
    name = folder.keep(sample())
    file = tmp_path / f"{name}.npy"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(NotFound, match="gone"):
        folder.open(name, sample().instrument, 1)
    folder.forget(name)
    with pytest.raises(NotFound, match="gone"):
        folder.open(name, sample().instrument, 1)


# --- windows ----------------------------------------------------------------------------------


@given(st.integers(-3000, 9000), st.integers(0, 12_000), st.integers(1, 4000))
def test_a_window_holds_the_bars_of_its_stretch_in_the_finest_size_that_fits(
    after: int, span: int, points: int
) -> None:
    opened = why().opened
    first = int(opened.run.market.minute[0]) + after
    told = charts.window(opened, first, first + span, points)
    found = unpacked(told)
    most = min(points, charts.MOST)
    sizes = [level.size for level in opened.levels]
    level = opened.levels[sizes.index(told["size"])]
    begins = max(0, int(np.searchsorted(level.minute, first, side="right")) - 1)
    ends = int(np.searchsorted(level.minute, first + span, side="right"))
    part = slice(begins, ends)
    for name, column in found.items():
        assert column.tolist() == getattr(level, name)[part].tolist()
    assert told["volume"] == level.volume[part].tolist()
    assert (told["before"], told["after"]) == (begins > 0, ends < len(level))
    assert len(told["at"]) <= most or level.size == sizes[-1]
    if level.size != sizes[0]:
        finer = opened.levels[sizes.index(level.size) - 1]
        left = max(0, int(np.searchsorted(finer.minute, first, side="right")) - 1)
        assert int(np.searchsorted(finer.minute, first + span, side="right")) - left > most


def test_an_answer_is_small_and_is_json() -> None:
    opened = why().opened
    told = charts.window(opened, opened.run.market.minute[0], opened.run.market.minute[-1])
    assert len(json.dumps(told, separators=(",", ":"))) < 150_000


def test_the_exchanges_clock_is_told_over_the_change_of_clocks() -> None:
    market = sample()
    zone = "America/New_York"
    ahead = np.zeros(len(market), np.int64)
    turns = charts._ahead(zone, market.minute)
    for number, minutes in turns:
        ahead[number:] = minutes
    assert len(turns) == 2
    assert (market.minute + ahead == wall_of(zone, market.minute)).all()


@given(st.integers(-100, 7200), st.integers(1, 3000))
def test_setups_of_a_window_are_those_that_lie_in_it(after: int, span: int) -> None:
    opened = why().opened
    minute = opened.run.market.minute
    first = int(minute[0]) + after
    told = {one["n"] for one in charts.marked(opened, first, first + span)}
    rows = np.searchsorted(minute, [first, first + span + 1])
    alive = {
        number
        for number, setup in enumerate(opened.setups)
        if setup.last >= rows[0] and setup.first < rows[1]
    }
    assert told == alive


# --- stories ----------------------------------------------------------------------------------


def test_the_stages_of_a_story_follow_one_another_to_its_end() -> None:
    opened = why().opened
    minute = opened.run.market.minute.tolist()
    for number, setup in enumerate(opened.setups):
        told = charts.story(opened, number)
        stages = told["stages"]
        assert stages[0]["from"] == minute[setup.first]
        assert all(one["to"] == two["from"] for one, two in pairwise(stages))
        assert stages[-1]["to"] == minute[setup.steps[-1].row]
        assert (told["death"] is not None) == (setup.fate is Fate.DEAD)
        assert (told["bracket"] is not None) == setup.is_complete
        assert all(told["from"] <= mark["at"] <= told["to"] for mark in told["marks"])


def test_levels_of_a_story_are_prices_of_the_bars_they_begin_on() -> None:
    opened = why().opened
    market = opened.run.market
    seen = 0
    for number, setup in enumerate(opened.setups):
        for level in charts.story(opened, number)["levels"]:
            if level["name"] not in ("top", "bottom", "spike"):
                continue
            row = int(np.searchsorted(market.minute, level["from"]))
            highest = (level["name"] != "bottom") == (setup.side.value == "short")
            assert level["price"] == (market.high if highest else market.low)[row]
            seen += 1
    assert seen > 20


def test_a_story_is_the_same_on_a_part_of_the_data_as_on_all_of_it() -> None:
    opened = why().opened
    for number in range(0, len(opened.setups), 7):
        setup = opened.setups[number]
        whole = Sketcher(opened.run, remembered_by(opened.run, [setup])).drawing(setup, 0, 1)
        told = charts.story(opened, number)
        assert [one["price"] for one in told["levels"]] == [level[1] for level in whole["l"]]
        assert [one["name"] for one in told["levels"]] == [level[0] for level in whole["l"]]


@given(st.integers(0, 10_000), st.sampled_from(sorted(charts.KINDS)))
def test_jumping_on_and_back_leads_where_one_was(number: int, kind: str) -> None:
    opened = why().opened
    number %= len(opened.setups)
    after = charts.beside(opened, kind, 1, 0, number)
    if after is None:
        later = opened.setups[number + 1 :]
        assert all(setup.fate not in charts.KINDS[kind] for setup in later)
        return
    assert after > number
    assert opened.setups[after].fate in charts.KINDS[kind]
    back = charts.beside(opened, kind, -1, 0, after)
    if opened.setups[number].fate in charts.KINDS[kind]:
        assert back == number


def test_a_jump_from_a_bar_goes_to_the_setup_beside_it() -> None:
    opened = why().opened
    row = opened.setups[3].first
    after, before = (charts.beside(opened, "setup", way, row, None) for way in (1, -1))
    assert after is not None
    assert before is not None
    assert opened.setups[before].first < row < opened.setups[after].first
    assert charts.beside(opened, "setup", 1, len(opened.run.market), None) is None


def test_what_stays_the_same_names_the_clock_and_the_sizes() -> None:
    about = charts.about(why().opened)
    assert about["zone"] == "America/New_York"
    assert about["tick"] == [1, 4]
    assert about["sizes"] == [1, *SIZES, DATE, WEEK]
    assert about["stages"] == ["consolidation", "armed", "trigger"]
