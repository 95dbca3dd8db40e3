"""`--adapter`: the same strategy in backtrader, from the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.adapters.cli.conftest import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

VWAP = STRATEGIES / "vwap_reversion.yaml"
SOME = ("--set", "instrument=NQ", "--to", "2025-10-03", "--commission", "2.25", "--slippage", "1")


@pytest.fixture
def backtrader() -> None:
    pytest.importorskip("backtrader", reason="the extra `backtrader` is not installed")


@pytest.mark.usefixtures("backtrader")
def test_a_run_inside_backtrader_prints_and_writes_what_a_run_does(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    said, files = [], []
    for adapter in ("vector", "backtrader"):
        words = ("--events", tmp_path / f"{adapter}.jsonl", "--report", tmp_path / adapter)
        said.append(engine("run", VWAP, *SOME, "--adapter", adapter, "--json", *words).document)
        files.append((tmp_path / f"{adapter}.jsonl").read_text("utf-8"))
        assert (tmp_path / adapter / "vwap_reversion.html").stat().st_size > 100_000

    one, other = ({k: v for k, v in told.items() if k not in LOCAL} for told in said)
    assert one == other
    assert one["trades"]
    assert files[0] == files[1]
    assert [told["adapter"] for told in said] == ["vector", "backtrader"]


LOCAL = {"adapter", "written"}


@pytest.mark.usefixtures("backtrader")
def test_people_are_told_where_it_ran(engine: Callable[..., Said]) -> None:
    inside = engine("run", VWAP, *SOME, "--adapter", "backtrader")
    here = engine("run", VWAP, *SOME)

    assert inside.out == f"run inside backtrader\n{here.out}"
    assert inside.err == here.err


@pytest.mark.usefixtures("backtrader")
def test_two_venues_are_compared_to_the_cent(engine: Callable[..., Said]) -> None:
    said = engine("compare", VWAP, "--adapter", "vector,backtrader", *SOME)

    assert said.status == 0
    assert "no difference: " in said.out
    assert "and the money to the cent" in said.out
    assert " 0 moved, " in said.out


@pytest.mark.usefixtures("backtrader")
def test_a_venue_can_be_compared_with_another_setting_too(engine: Callable[..., Said]) -> None:
    words = ("--adapter", "vector,backtrader", "--with", "stretch=4", *SOME, "--json")

    document = engine("compare", VWAP, *words).document

    assert document["venues"] is None
    assert [document[side]["adapter"] for side in "ab"] == ["vector", "backtrader"]
    assert {trade["change"] for trade in document["trades"]} - {"the same"}


def test_one_venue_twice_is_no_comparison(engine: Callable[..., Said]) -> None:
    said = engine("compare", VWAP, "--adapter", "vector,vector", *SOME)

    assert said.status == 2
    assert "--adapter vector,backtrader" in said.err


@pytest.mark.parametrize("names", ["vectr", "vector,backtrader,vector", ""])
def test_a_venue_that_is_not_there_is_wrong_usage(names: str, engine: Callable[..., Said]) -> None:
    said = engine("compare", VWAP, "--adapter", names, *SOME)

    assert said.status == 2
    assert "say vector,backtrader" in said.err


@pytest.mark.usefixtures("backtrader")
def test_check_tries_the_venue_law_where_backtrader_is(engine: Callable[..., Said]) -> None:
    document = engine("check", VWAP, *SOME[:4], "--json").document

    laws = {law["law"]: law["holds"] for law in document["laws"]}
    assert laws["backtrader"] is True


def test_without_the_extra_the_message_names_it(
    engine: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "backtrader", None)
    monkeypatch.delitem(sys.modules, "adapters.backtrader.venue", raising=False)
    monkeypatch.delattr("adapters.backtrader.venue", raising=False)

    said = engine("run", VWAP, *SOME, "--adapter", "backtrader")

    assert said.status == 3
    assert "pip install 'slob-engine[backtrader]'" in said.err
    assert said.out == ""
