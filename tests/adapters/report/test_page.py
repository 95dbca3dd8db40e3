"""The page as a file: whole, safe, self-contained, within its size, and true to the run."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.report import ConditionLine, ReportInput, report_html, report_of, write_report
from adapters.report.data import PageData
from adapters.report.setups import Fate, setups_of
from adapters.report.write import BYTES
from engine.domain.clocks import wall_of
from engine.execution.terms import Terms
from engine.journal.decisions import KIND, Decision
from engine.run import Run, Strategy, run_batch
from engine.statistics.ledger import ledger_of
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours
from tests.support.pages import Page, unpacked
from tests.support.programs import slob_creator_program, tiny
from tests.support.shipped import FOLDER, program_of

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.ir.program import Program

TERMS = Terms(Fraction(1_000_000), Fraction(5, 2), 1)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&\u2028"


SLOB = program_of(FOLDER / "slob_5_1.yaml")


def run_of(program: Program, days: int = 30) -> Run:
    return run_batch(Strategy(program), random_walk(days, 5), FixedHours(), TERMS)


@pytest.fixture(scope="module")
def run() -> Run:
    return run_of(SLOB)


@pytest.fixture(scope="module")
def report(run: Run) -> ReportInput:
    return report_of(run, data="a walk", source="strategy: slob", version="0.1.0")


@pytest.fixture(scope="module")
def page(report: ReportInput) -> Page:
    return Page(report_html(report))


def test_the_page_is_well_formed_and_every_id_is_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [
        a[1][name]
        for a in page.tags
        for name in ("aria-controls", "aria-labelledby")
        if name in a[1]
    ]
    linked = [(a["href"] or "").removeprefix("#") for a in page.all("a")]
    assert named
    assert set(named) | set(linked) <= set(ids)


def test_the_page_asks_nothing_of_any_network(page: Page) -> None:
    assert not re.search(r"https?:|\bfetch\(|XMLHttpRequest|@import|url\(", page.text)
    assert not [a for _, a in page.tags if "src" in a]
    assert all((a["href"] or "").startswith("#") for _, a in page.tags if "href" in a)
    (policy,) = [a["content"] or "" for a in page.all("meta") if "http-equiv" in a]
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    assert not re.search(r"script-src[^;]*unsafe-inline", policy)


def test_every_table_has_headers_and_every_picture_has_words(page: Page) -> None:
    assert all("scope" in a for a in page.all("th"))
    pictures = [a for _, a in page.tags if a.get("role") == "img"]
    assert pictures
    assert all(a.get("aria-label") for a in pictures)


def test_all_trades_are_in_the_page_with_a_chart_each(page: Page, run: Run) -> None:
    ledger = ledger_of(run)
    trades = page.data["trades"]
    assert len(ledger.trades) > 5
    assert trades["net"] == pytest.approx((ledger.trades.net / ledger.money.scale).tolist())
    assert trades["entry"] == ledger.trades.entry_price.tolist()
    assert min(trades["piece"]) >= 0


def test_every_setup_that_advanced_is_a_trade_or_listed(page: Page, run: Run) -> None:
    setups = setups_of(run)
    advanced = [one for one in setups if one.has_advanced]
    started = sum(int((d.rows[:, KIND] == Decision.START).sum()) for d in run.decisions.values())
    assert len(setups) == started
    assert len(advanced) == len(page.data["trades"]["net"]) + len(page.data["setups"]["day"])


def test_packed_bars_are_the_bars_of_the_market(page: Page, run: Run) -> None:
    market, wall = run.market, wall_of(run.program.day.zone, run.market.minute)
    bars = 0
    for piece in page.data["pieces"]:
        head, columns = unpacked(piece)
        first = int(np.searchsorted(wall, columns[0][0]))
        rows = slice(first, first + head["n"])
        columns_there = (wall, market.open, market.high, market.low, market.close, market.volume)
        for packed, original in zip(columns, columns_there, strict=True):
            assert np.array_equal(packed, original[rows])
        bars += head["n"]
    assert bars < len(market)


def test_fills_and_exits_are_drawn_where_they_happened(page: Page) -> None:
    data = page.data
    trades = data["trades"]
    for number, (piece, place) in enumerate(zip(trades["piece"], trades["place"], strict=True)):
        head, columns = unpacked(data["pieces"][piece])
        drawing = head["d"]["g"][place]
        ((row, price, contracts, _),) = drawing["f"]
        assert columns[0][row] == trades["opened"][number]
        assert (price, contracts) == (trades["entry"][number], trades["contracts"][number])
        assert columns[0][drawing["x"][-1][0]] == trades["closed"][number]
        assert sum(out[2] for out in drawing["x"]) == contracts


def test_the_same_run_gives_the_same_bytes(report: ReportInput, page: Page) -> None:
    assert report_html(report) == page.text


def test_nothing_a_strategy_says_can_become_markup() -> None:
    program = replace(
        SLOB,
        name=HOSTILE,
        doc=HOSTILE,
        targets=tuple(replace(target, name=HOSTILE) for target in SLOB.targets),
        params=tuple(replace(param, doc=HOSTILE) for param in SLOB.params),
        overflow=HOSTILE,
    )
    condition = ConditionLine(HOSTILE, HOSTILE, HOSTILE, 1, 1, 0, None, HOSTILE)
    report = report_of(
        run_of(program, 3), data=HOSTILE, source=HOSTILE, version=HOSTILE, conditions=[condition]
    )
    page = Page(report_html(replace(report, notes=(HOSTILE,), quality=((HOSTILE, HOSTILE),))))
    assert [a.get("type") for a in page.all("script")] == ["application/json", None]
    assert page.all("img") == []
    assert not [a for _, a in page.tags for name in a if name.startswith("on")]
    assert page.data["meta"]["targets"] == [HOSTILE]
    assert page.shown.count("alert(1)") >= 9


@pytest.mark.parametrize("days", [1, 8])
def test_a_run_without_a_trade_has_a_page_too(days: int) -> None:
    run = run_of(tiny(), days)
    assert len(run.records) == 0
    page = Page(report_html(report_of(run)))
    assert "na" in page.shown
    assert page.data["trades"]["net"] == []


def test_what_was_not_given_is_left_out_and_what_was_is_there(report: ReportInput) -> None:
    bare = Page(report_html(replace(report, source="", version="")))
    assert "as written" not in bare.shown
    assert "not inspected" in bare.shown
    line = ConditionLine("short", "armed to trigger", "swept_again", 1234, 1000, 3, 77, "0.25 pt")
    full = Page(report_html(replace(report, conditions=(line,), quality=(("bars", "23,400"),))))
    for words in ("swept_again", "1,234", "77", "0.25 pt", "23,400", "strategy: slob"):
        assert words in full.shown


def test_the_page_states_costs_fill_rules_and_parameters(page: Page, run: Run) -> None:
    shown = page.shown
    assert "2.5 USD a contract and fill" in shown
    assert "1 tick on market and stop fills" in shown
    assert "the stop comes first" in shown
    for param in run.program.params:
        assert param.name in shown
    for reason in {one.reason for one in setups_of(run) if one.fate is Fate.REFUSED}:
        assert reason in shown


def test_parameters_that_differ_by_side_are_named_with_both_values() -> None:
    page = Page(report_html(report_of(run_of(slob_creator_program(), 2))))
    assert "short 5 min, long 3 min" in page.shown
    assert "mirrors of each other except for hold_trigger, hold_base" in page.shown


def test_for_want_of_room_setups_lose_their_chart_and_trades_keep_their_row(run: Run) -> None:
    data = PageData(run)
    whole = Page(f'<script type="application/json" id="data">{data.text(BYTES)}</script>').data
    least = len(data.text(0))
    room = (len(data.text(BYTES)) + least) // 2
    text = data.text(room)
    part = Page(f'<script type="application/json" id="data">{text}</script>').data
    assert len(text) <= room
    assert part["trades"]["net"] == whole["trades"]["net"]
    drawn = [sum(piece >= 0 for piece in one["setups"]["piece"]) for one in (part, whole)]
    assert drawn[0] < drawn[1]


def test_a_report_on_1800000_bars_stays_small(tmp_path: Path) -> None:
    market = random_walk(2310, 3, start=400_000)
    run = run_batch(Strategy(SLOB), market, FixedHours(), TERMS)
    assert len(market) > 1_800_000
    path = write_report(tmp_path / "report.html", report_of(run))
    assert path.stat().st_size < 5_000_000
    trades = Page(path.read_text("utf-8")).data["trades"]
    assert len(trades["net"]) == len(ledger_of(run).trades) > 100
    assert min(trades["piece"]) >= 0


def test_writing_makes_the_folder_and_replaces_an_older_report(
    tmp_path: Path, report: ReportInput
) -> None:
    path = tmp_path / "some" / "where" / "report.html"
    assert write_report(path, report) == path
    path.write_text("older")
    write_report(path, report)
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, report: ReportInput
) -> None:
    taken = tmp_path / "report.html"
    taken.mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_report(taken, report)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
