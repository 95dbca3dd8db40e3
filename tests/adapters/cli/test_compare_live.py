"""`engine compare SPEC --live`: a journal that was really written, beside its replay."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters import store
from adapters.cli.reach import journal_at
from adapters.database.journal import Journal
from adapters.database.tables import BarRow, Source
from adapters.ib.library import installed
from adapters.quality import inspect
from engine.laws.ground import Ground
from engine.live.events import Stepped
from engine.live.policy import Policy
from engine.window import COLUMNS
from tests.adapters.cli.conftest import csv_of
from tests.support.live_world import CONTRACT, ground_setting, world
from tests.support.serving import gateway_process, process
from tests.support.shipped import CALENDARS, SHIPPED, bars_for, events_for, strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.domain.market import Market
    from tests.adapters.cli.conftest import Said

SPEC = next(file for file in SHIPPED if file.stem == "vwap_reversion")
BARS = 1_560
OTHER = next(file for file in SHIPPED if file.stem == "opening_range_breakout")


def lived_market() -> Market:
    return bars_for(SPEC).rows(0, BARS)


def rows_of(market: Market, source: Source) -> list[BarRow]:
    columns = zip(*(getattr(market, name).tolist() for name in COLUMNS), strict=True)
    return [
        BarRow(contract=CONTRACT, source=source, **dict(zip(COLUMNS, values, strict=True)))
        for values in columns
    ]


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of a strategy that was traded bar by bar, its bars kept."""
    where = tmp_path_factory.mktemp("live") / "traded.db"
    ground = Ground(strategy_of(SPEC), lived_market(), CALENDARS, events_for(SPEC))
    with Journal.begin(where, account="DU1", client=17) as journal:
        journal.keep_bars(rows_of(lived_market(), Source.LIVE))
        world(ground_setting(ground, Policy()), journal=journal).finish()
    return where


@pytest.fixture
def journal(traded: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copyfile(traded, tmp_path / "copy.db"))


def revised(market: Market, row: int, **by: int) -> Market:
    """One bar of a market, otherwise."""
    one = market.rows(row, row + 1)
    return replace(one, **{name: getattr(one, name) + ticks for name, ticks in by.items()})


def test_a_live_journal_equals_the_replay_of_its_own_bars(
    engine: Callable[..., Said], traded: Path
) -> None:
    said = engine("compare", SPEC, "--live", "--journal", traded)
    assert (said.status, said.err) == (0, "")
    assert "equal: " in said.out
    assert "the money to the cent" in said.out
    assert "differ" not in said.out
    told = engine("compare", SPEC, "--live", "--journal", traded, "--json").document
    (run,) = told["runs"]
    assert told["equal"]
    assert run["equal"]
    assert run["sums"]["live"] == run["sums"]["official"]
    assert run["sums"]["live"]["trades"] >= 5
    assert run["decisions"] > 20


def test_a_warm_up_alone_is_nothing_to_compare(engine: Callable[..., Said], tmp_path: Path) -> None:
    ground = Ground(strategy_of(SPEC), lived_market(), CALENDARS, events_for(SPEC))
    with Journal.begin(tmp_path / "new.db", account="DU1", client=17) as journal:
        journal.keep_bars(rows_of(lived_market().rows(0, 1_030), Source.WARM_UP))
        world(ground_setting(ground, Policy()), journal=journal, warm_up=1_030)
        assert journal.count("stepped") == 1
    said = engine("compare", SPEC, "--live", "--journal", tmp_path / "new.db")
    assert (said.status, "no setup was decided in this journal yet" in said.err) == (3, True)


def test_it_equals_the_backtest_over_the_data_that_were_replayed(
    engine: Callable[..., Said], traded: Path, tmp_path: Path
) -> None:
    market = bars_for(SPEC)
    file = tmp_path / "bars.csv"
    file.write_text(csv_of(market))
    words = ("compare", SPEC, "--live", "--journal", traded)
    said = engine(*words, "--data", file)
    assert (said.status, said.err) == (0, "")
    assert "equal: " in said.out
    assert "bars.csv" in said.out
    # and from later bars on: what lies before them is as it was lived
    kept = market.rows(900, len(market))
    store.import_bars("later", kept, inspect(kept, CALENDARS))
    said = engine(*words, "--data", "later", "--json")
    assert said.document["equal"]


def test_one_date_is_compared_alone(engine: Callable[..., Said], traded: Path) -> None:
    def run(*day: str) -> dict[str, Any]:
        told = engine("compare", SPEC, "--live", *day, "--journal", traded, "--json").document
        assert told["equal"]
        only: dict[str, Any] = told["runs"][0]
        return only

    whole, first, last = run(), run("2025-10-20"), run("2025-10-21")
    assert first["first"] == "2025-10-20T00:00:00Z"
    assert first["sums"] == whole["sums"]
    assert (last["last"], last["decisions"]) == (whole["last"], 0)
    assert last["sums"]["live"] == {
        **dict.fromkeys(("setups", "records", "trades"), 0),
        "net": "0.00",
        "equity": whole["sums"]["live"]["equity"],
    }


def test_a_bar_that_was_revised_is_named_with_all_that_follows_from_it(
    engine: Callable[..., Said], journal: Path
) -> None:
    market = lived_market()
    with Journal.begin(journal, account="DU1", client=17) as opened:
        steps = [event for _, event in opened.events(kinds=("stepped",))]
        minute = next(s.minute for s in steps if isinstance(s, Stepped) and s.records)
        row = int(np.searchsorted(market.minute, minute))
        later = [revised(market, row, close=-300, low=-320), revised(market, row - 40, volume=7)]
        for one in later:
            opened.keep_told_later(rows_of(one, Source.LATER))
    said = engine("compare", SPEC, "--live", "--journal", journal)
    assert (said.status, said.err) == (0, "")
    assert "2 revisions" in said.out
    assert "Bars that differ (2)" in said.out
    assert "Decided otherwise" in said.out
    assert "Traded otherwise" in said.out
    assert "low and close: " in said.out
    told = engine("compare", SPEC, "--live", "--journal", journal, "--json").document
    (run,) = told["runs"]
    assert not told["equal"]
    assert [bar["differs"] for bar in run["bars"]] == [["volume"], ["low", "close"]]
    assert run["setups"][0]["cause"]["why"] == "bars"
    assert run["setups"][0]["cause"]["bars"] == [run["bars"][1]["time"]]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ((OTHER, "--live"), 1, "was not traded by this program"),
        ((SPEC, "--live", "2031-01-01"), 3, "nothing was traded live on 2031-01-01"),
        ((SPEC, "--live", "yesterday"), 2, "is no date"),
        ((SPEC, OTHER, "--live"), 2, "leave out the other"),
        ((SPEC, "--live", "--with", "rr_min=2"), 2, "leave out the other"),
    ],
)
def test_what_cannot_be_compared_is_said_with_the_way_out(
    engine: Callable[..., Said], traded: Path, words: tuple[object, ...], status: int, told: str
) -> None:
    said = engine("compare", *words, "--journal", traded)
    assert said.status == status
    assert told in said.err


def test_a_journal_that_is_not_there_is_not_made(
    engine: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_STATE", str(tmp_path / "state"))
    said = engine("compare", SPEC, "--live")
    assert (said.status, "nothing was traded live yet" in said.err) == (3, True)
    assert not Path(journal_at(None)).exists()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "U1234567.db").touch()
    said = engine("compare", SPEC, "--live", "--json")
    assert (said.status, "U1234567.db" in said.document["remedy"]) == (3, True)


@pytest.mark.skipif(not installed(), reason="no client library is installed")
def test_two_terminals_a_gateway_and_an_engine_and_the_journal_equals_the_backtest(
    engine: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the README shows, as it is shown there."""
    monkeypatch.setenv("ENGINE_STATE", str(tmp_path / "state"))
    words = (SPEC, "--instrument", "NQ")
    with (
        gateway_process("--from", "2025-10-07", "--to", "2025-10-07") as port,
        process("run", *words, "--live", "--port", port, "--until-end") as trading,
    ):
        assert trading.wait(120) == 0
    told = engine("compare", *words, "--live", "--data", "sample", "--json").document
    (run,) = told["runs"]
    assert told["equal"]
    assert run["sums"]["live"] == run["sums"]["official"]
    assert run["sums"]["live"]["trades"] >= 3
    assert (run["first"], run["bars"]) == ("2025-10-06T22:00:00Z", [])
    with gateway_process("--from", "2025-10-08", "--stay") as port:
        said = engine("compare", *words, "--live", "2025-10-07", "--fetch", "--port", port)
    assert (said.status, said.err) == (0, "")
    assert f"history fetched from 127.0.0.1:{port}" in said.out
    assert "equal: " in said.out
