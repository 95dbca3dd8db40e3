"""Why: the words of `engine explain`, whatever way one comes to a bar."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cli.inquiry import Fate, _side
from adapters.report.setups import Fate as Became
from adapters.workshop.comparing import compared
from adapters.workshop.exports import FORMS, export
from adapters.workshop.why import Why
from engine.inquiry.stretch import stretch_of
from engine.interpreter.explain import explain, explained
from tests.adapters.workshop.ran import why


def truths(record: dict[str, Any]) -> list[str]:
    """Every truth in the verdicts of a record, in order; parts of a condition left aside."""
    words = {True: "yes", False: "no", None: "na"}
    return [
        words[rule["truth"]]
        for one in record["candidates"]
        for stage in one["asked"]
        for rule in (
            *stage["always"], *stage["invalidate"],
            *(rule for way in stage["advance"] for rule in way["when"]),
            *([stage["deadline"]] if stage["deadline"] else []),
        )
    ]  # fmt: skip


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_bar_says_what_engine_explain_says(number: int, after: int) -> None:
    opened = why().opened
    setup = opened.setups[number % len(opened.setups)]
    row = setup.first + after % (setup.last - setup.first + 1)
    told = why().bar(row, setup.side.value)["sides"][0]
    record = _side(opened.asked, setup.side, row).record
    assert [one["name"] for one in told["candidates"]] == [
        one["candidate"] for one in record["candidates"]
    ]
    rules = [
        rule["holds"]
        for one in told["candidates"]
        for rule in one["rules"]
        if not rule["part"] and rule["group"] not in ("bracket", "filter", "requires")
    ]
    assert rules == truths(record)
    assert [one["events"] for one in told["candidates"]] == [
        one["events"] for one in record["candidates"]
    ] or any("stop" in text for one in told["candidates"] for text in one["events"])


def test_bars_of_one_replay_are_those_of_many() -> None:
    opened = why().opened
    setup = next(one for one in opened.setups if one.reached == 2)
    lives = opened.asked.lives[setup.side]
    stretch = stretch_of(opened.run, setup.side, lives, setup.first, setup.last + 1)
    first, stop = setup.first - stretch.row, setup.last + 1 - stretch.row
    together = list(explained(stretch.interpreter, first, stop, stretch.first))
    for row, view in zip(range(first, stop), together, strict=True):
        assert view == explain(stretch.interpreter, row, stretch.first)


def test_the_way_to_a_bar_does_not_matter() -> None:
    opened = why().opened
    row = opened.setups[5].last
    forwards, backwards = Why(opened), Why(opened)
    on = [forwards.bar(at) for at in range(row - 6, row + 3)]
    back = [backwards.bar(at) for at in range(row + 2, row - 7, -1)][::-1]
    assert on == back


def test_beyond_the_data_the_nearest_bar_answers() -> None:
    opened = why().opened
    last = len(opened.run.market) - 1
    assert why().bar(10**9)["row"] == last
    assert why().bar(-5)["row"] == 0


def test_the_life_of_a_death_names_its_reason_its_line_and_what_was_missing() -> None:
    opened = why().opened
    lines = opened.bench.sources[0].text.splitlines()
    dead = [n for n, one in enumerate(opened.setups) if one.fate is Became.DEAD]
    for number in dead[::4]:
        setup = opened.setups[number]
        told = why().candidate(number)
        assert told["reason"] == setup.reason
        assert told["lines"] == list(Fate(opened.asked, setup.side, why()._life(setup)).lines())
        assert told["line"] is None or setup.reason in lines[told["line"] - 1] or told["killer"]
        assert told["events"][-1]["kind"] in ("dead", "duplicate")
        assert all(setup.first <= near["row"] <= setup.last for near in told["nearest"])


def test_the_life_of_a_trade_ends_with_its_exit() -> None:
    opened = why().opened
    trades = [n for n, one in enumerate(opened.setups) if one.fate is Became.TRADED]
    for number in trades:
        told = why().candidate(number)
        assert told["events"][-1]["kind"] == "exit"
        assert told["killer"] == told["nearest"] == []
        assert why().helped(number)["tried"] == 0


def test_what_would_have_helped_is_said_in_the_words_of_the_strategy() -> None:
    opened = why().opened
    number = opened.numbers["2025-12-08/short/1"]
    helped = why().helped(number)
    first = helped["further"][0]
    assert (first["name"], first["was"], first["value"]) == ("entry_wait", "20 bars", "21 bars")
    assert first["completes"]
    assert first["then"] == "it completes at 14:24, with the stop plain"
    assert "entry_wait" in opened.bench.sources[0].text.splitlines()[first["line"] - 1]
    assert why().helped(number) is helped


# --- to take away -----------------------------------------------------------------------------


def test_every_form_holds_every_trade() -> None:
    opened = why().opened
    count = len(opened.outcome.trades)
    rows = list(csv.DictReader(io.StringIO(export(opened, "csv").content.decode())))
    assert len(rows) == count
    told = json.loads(export(opened, "json").content)
    assert len(told["trades"]) == count
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(io.BytesIO(export(opened, "parquet").content)).num_rows == count
    lines = export(opened, "journal").content.decode().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(len(lines)))
    page = export(opened, "html").content.decode()
    assert page.startswith("<!doctype html>")
    assert set(FORMS) == {"csv", "parquet", "json", "journal", "html"}


def test_a_run_beside_itself_has_no_difference() -> None:
    opened = why().opened
    found = compared(opened, opened)
    assert found["counts"]["the same"] == len(opened.outcome.trades)
    assert sum(found["counts"].values()) == len(opened.outcome.trades)
    assert found["parameters"] == found["text"] == []
