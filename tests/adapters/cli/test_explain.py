"""`engine explain`: the author's worked example asked about, minute by minute."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from adapters.cli.explain import command
from dsl.codes import CODES
from engine.journal.codec import read_journal
from tests.adapters.cli.conftest import CREATOR, SLOB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

NOVEMBER = ("--from", "2025-10-27", "--to", "2025-11-14")
STOCKHOLM = ("--clock", "Europe/Stockholm", "--side", "short")


def condition(view: Any, name: str) -> Any:
    """The verdict on a condition of the first candidate."""
    for stage in view["candidates"][0]["asked"]:
        ways = [one for way in stage["advance"] for one in way["when"]]
        for one in (*stage["always"], *stage["invalidate"], *ways):
            if one["name"] == name:
                return one
    raise KeyError(name)


@pytest.fixture
def at(engine: Callable[..., Said], jan6_csv: Path) -> Callable[..., Any]:
    """The short side of 2026-01-06 at a Stockholm time, as data."""

    def ask(clock: str, *more: str) -> Any:
        words = ("explain", CREATOR, "--data", jan6_csv, "--at", f"2026-01-06 {clock}")
        (side,) = engine(*words, *STOCKHOLM, "--json", *more).document["sides"]
        return side

    return ask


def test_the_trigger_of_2026_01_06_is_found_at_16_31(at: Callable[..., Any]) -> None:
    view = at("16:31")
    (candidate,) = view["candidates"]
    assert candidate["candidate"] == "2026-01-06/short/1"
    assert (candidate["stage"], candidate["stage_minutes"]) == ("trigger", 5)
    closed_back = condition(view, "closed_back")
    assert closed_back == {
        "name": "closed_back",
        "written": "close < calm.low",
        "truth": True,
        "left": 25572,
        "op": "<",
        "right": 25577,
        "unit": "price",
        "missing": -5,
    }
    assert candidate["fate"]["end"] == "entry"


def test_a_condition_that_fails_says_both_sides_and_what_is_missing(
    at: Callable[..., Any],
) -> None:
    dwelt = condition(at("16:25"), "dwelt")
    assert (dwelt["left"], dwelt["op"], dwelt["right"]) == (14, ">=", 15)
    assert (dwelt["unit"], dwelt["missing"], dwelt["truth"]) == ("minutes", 1, False)
    wide = condition(at("16:25"), "wide_enough")
    assert (wide["left"], wide["right"], wide["unit"]) == (45, 25.587, "points")


def test_words_and_numbers_are_those_of_the_trader(
    engine: Callable[..., Said], jan6_csv: Path
) -> None:
    words = ("explain", CREATOR, "--data", jan6_csv, "--at", "2026-01-06 16:31")
    said = engine(*words, *STOCKHOLM)
    assert said.status == 0
    assert "2026-01-06 10:31 America/New_York (2026-01-06 16:31 Europe/Stockholm)" in said.out
    assert re.search(r"stop +plain +25,593\.00", said.out)
    assert re.search(r"sweep at 10:26", said.out)
    assert re.search(
        r"closed_back +yes +close < calm.low +25,572.00 < 25,577.00 +5.00 pt to spare", said.out
    )


@pytest.mark.parametrize(
    "time",
    ["2026-01-06 10:31", "2026-01-06T16:31+01:00", "2026-01-06 15:31Z", "2026-01-06T15:31:20Z"],
)
def test_times_are_on_the_strategys_clock_or_carry_an_offset(
    time: str, engine: Callable[..., Said], jan6_csv: Path
) -> None:
    said = engine("explain", CREATOR, "--data", jan6_csv, "--at", time, "--json")
    assert said.document["time"] == "2026-01-06T15:31:00Z"


@pytest.mark.parametrize(
    ("time", "clock", "status", "words"),
    [
        ("2026-01-06 23:30", "UTC", 1, "the bars go from"),
        ("2025-11-02 01:30", "America/New_York", 2, "happened twice"),
        ("2026-03-08 02:30", "America/New_York", 2, "never was"),
        ("2026-01-06", "UTC", 2, "write it as 2026-01-06 16:31"),
        ("2026-13-06 10:00", "UTC", 2, "is not a time"),
        ("2026-01-06 10:00", "Mars/Olympus", 2, "there is no time zone Mars/Olympus"),
    ],
)
def test_a_minute_that_cannot_be_answered_says_why(
    time: str, clock: str, status: int, words: str, engine: Callable[..., Said], jan6_csv: Path
) -> None:
    said = engine("explain", CREATOR, "--data", jan6_csv, "--at", time, "--clock", clock)
    assert said.status == status
    assert words in said.err


def test_a_hole_in_the_data_names_the_bars_around_it(engine: Callable[..., Said]) -> None:
    said = engine("explain", SLOB, *NOVEMBER, "--at", "2025-11-08 12:00")
    assert said.status == 1
    assert (
        "the nearest bars open at 2025-11-07 16:59 and 2025-11-09 18:00 America/New_York"
        in said.err
    )


def test_inside_a_dead_candidate_the_killer_is_named_and_by_how_much(
    engine: Callable[..., Said],
) -> None:
    said = engine("explain", SLOB, *NOVEMBER, "--at", "2025-11-07 11:20", "--side", "short")
    assert "in trigger for 4 min" in said.out
    assert "later: died at 2025-11-07 11:36 in trigger: entry_timeout" in said.out
    assert "after 20 bars; the limit, entry_wait, is 20 bars" in said.out
    assert "to entry it still lacked closed_back (close < calm.low)" in said.out
    assert re.search(
        r"nearest: closed_back \(to entry\) at 11:23: 23,820.75 < 23,784.25, 36.50 pt missing",
        said.out,
    )


def test_a_rule_that_kills_is_told_with_its_numbers(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    assert engine("run", SLOB, *NOVEMBER, "--events", tmp_path / "journal").status == 0
    name = next(
        event.candidate
        for event in read_journal(tmp_path / "journal")
        if (event.side, event.reason) == ("short", "retraced")
    )
    fate = engine("explain", SLOB, *NOVEMBER, "--candidate", name, "--json").document["fate"]
    rule = fate["killed_by"]
    assert (rule["name"], rule["truth"], rule["op"]) == ("retraced", True, ">")
    assert rule["left"] > rule["right"]
    assert rule["missing"] == pytest.approx(rule["right"] - rule["left"])
    said = engine("explain", SLOB, *NOVEMBER, "--candidate", name)
    assert re.search(r"in trigger: retraced \(high > calm.high .* pt to spare\)", said.out)


def test_the_long_side_is_told_in_real_prices(engine: Callable[..., Said]) -> None:
    said = engine(
        "explain", SLOB, *NOVEMBER, "--at", "2025-11-05 10:34", "--side", "long", "--json"
    )
    (side,) = said.document["sides"]
    gap = condition(side, "gap")
    low_of, high_of = said.document["bar"]["low"], said.document["bar"]["high"]
    assert [part["left"] for part in gap["parts"]] == [high_of, low_of]
    assert [part["op"] for part in gap["parts"]] == ["<", ">"]


def test_with_nobody_alive_the_start_rule_speaks_and_the_neighbours_are_named(
    engine: Callable[..., Said],
) -> None:
    words = ("explain", SLOB, *NOVEMBER, "--at", "2025-11-05 10:31", "--side", "short")
    said = engine(*words)
    assert "No candidate was alive." in said.out
    assert re.search(
        r"swept +no +high > lse.high +23,916.50 > 24,149.00 +232.50 pt missing", said.out
    )
    assert "The candidate before: 2025-11-04/short/2" in said.out
    assert "The candidate after: 2025-11-07/short/1" in said.out
    (side,) = engine(*words, "--json").document["sides"]
    assert side["candidates"] == []
    assert side["start"]["when"][1]["missing"] == 232.5
    assert side["before"]["candidate"] == "2025-11-04/short/2"


def test_a_candidates_whole_life_is_told_by_its_events(
    engine: Callable[..., Said], jan6_csv: Path
) -> None:
    words = ("explain", CREATOR, "--data", jan6_csv, "--candidate", "2026-01-06/short/1")
    document = engine(*words, "--json").document
    stages = [(one["kind"], one["time"][11:16]) for one in document["events"][:4]]
    assert stages == [
        ("start", "14:30"),
        ("advance", "15:26"),
        ("advance", "15:26"),
        ("entry", "15:31"),
    ]
    assert all(event["candidate"] == "2026-01-06/short/1" for event in document["events"])
    said = engine(*words)
    assert re.search(r"10:31 +entry +trigger +line \d+ +stop_case plain", said.out)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("tomorrow", 2, "write it as 2026-01-06/short/1"),
        ("2025-11-07/short/99", 1, "that date has 2025-11-07/short/1"),
        ("2025-11-08/short/1", 1, "the nearest after it is 2025-11-1"),
    ],
)
def test_a_candidate_that_is_not_there_names_others(
    name: str, status: int, words: str, engine: Callable[..., Said]
) -> None:
    said = engine("explain", SLOB, *NOVEMBER, "--candidate", name)
    assert said.status == status
    assert words in said.err


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained_with_a_wrong_and_a_right_example(code: str) -> None:
    ran = CliRunner().invoke(command, [code.lower()])
    assert ran.exit_code == 0
    assert f"[{code}]" in ran.output
    assert "Wrong:" in ran.output
    assert "Right:" in ran.output


def test_a_code_is_a_document_too(engine: Callable[..., Said]) -> None:
    assert engine("explain", "E021", "--json").document["severity"] == "error"
