"""`engine run --timings`: every part is there, they add up, and programs get them too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from adapters.cli.timings import Timings, peak_memory, timings_of
from engine.stopwatch import REST, Stopwatch, listening, part

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cli.conftest import Said

ROOT = Path(__file__).parents[3]
SLOB = str(ROOT / "strategies" / "slob_5_1.yaml")
PARTS = (
    *("start-up", "imports", "compile", "bars", "dates and sessions", "columns"),
    *("machine short", "machine long", "intents", "simulator", "journal", "statistics"),
    *("output", "rest"),
)
MONTH = ("--from", "2025-12-01", "--to", "2025-12-31")


def run_alone(*more: str) -> tuple[dict[str, Any], float]:
    """The timings of a run in a process of its own, and the seconds a watch outside counted."""
    begun = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "adapters.cli", "run", SLOB, *MONTH, "--timings", "--json", *more],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    timings: dict[str, Any] = json.loads(done.stdout)["timings"]
    return timings, perf_counter() - begun


@pytest.fixture(scope="module")
def alone() -> tuple[dict[str, Any], float]:
    return run_alone()


def test_every_part_is_told_in_the_order_of_the_work(alone: tuple[dict[str, Any], float]) -> None:
    timings, _ = alone
    named = [one["part"] for one in timings["parts"]]
    assert sorted(named) == sorted(PARTS)
    assert named[0] == "start-up"
    assert named[-1] == "rest"
    assert all(one["ms"] >= 0 for one in timings["parts"])


def test_the_parts_add_up_to_the_total_and_nearly_all_of_it_is_named(
    alone: tuple[dict[str, Any], float],
) -> None:
    timings, _ = alone
    taken = {one["part"]: one["ms"] for one in timings["parts"]}
    assert sum(taken.values()) == pytest.approx(timings["total_ms"], abs=0.1)
    assert taken["rest"] < 0.05 * timings["total_ms"]


def test_the_total_is_what_a_watch_outside_counts(alone: tuple[dict[str, Any], float]) -> None:
    timings, outside = alone
    # start-up is told in processor time, and leaving takes some: less is told, never more
    assert 0.4 * outside < timings["total_ms"] / 1000 < outside + 0.05


def test_figures_a_bar_and_the_memory_go_with_them(alone: tuple[dict[str, Any], float]) -> None:
    timings, _ = alone
    assert set(timings) == {"total_ms", "bars", "ns_per_bar", "peak_memory_mb", "parts"}
    assert timings["ns_per_bar"] == pytest.approx(
        1e6 * timings["total_ms"] / timings["bars"], rel=1e-3
    )
    assert 20 < timings["peak_memory_mb"] < 2_000
    remarks = {one["part"]: one["remark"] for one in timings["parts"]}
    assert remarks["machine short"].split(",")[0] in {"plain", "compiled"}
    assert remarks["machine long"].split(", ")[1] in {"bar by bar", "candidate by candidate"}
    assert remarks["simulator"] in {"plain", "compiled"}


def test_people_get_a_table(engine: Callable[..., Said]) -> None:
    out = engine("run", SLOB, *MONTH, "--timings").out
    table = out.partition("Timings (")[2]
    assert all(f"\n{name} " in table for name in (*PARTS, "total"))
    assert "peak memory" in table
    assert "100.0 %" in table


def test_nothing_is_told_to_those_who_did_not_ask(engine: Callable[..., Said]) -> None:
    assert "timings" not in engine("run", SLOB, *MONTH, "--json").document
    assert "Timings" not in engine("run", SLOB, *MONTH).out


def test_the_report_and_the_journal_are_parts_where_they_are_written(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    words = ("--timings", "--json", "--report", str(tmp_path))
    timings = engine("run", SLOB, *MONTH, *words).document["timings"]
    taken = {one["part"]: one["ms"] for one in timings["parts"]}
    assert taken["report"] > taken["intents"]


def test_a_stopwatch_becomes_a_table_with_the_rest_at_the_end() -> None:
    with listening(Stopwatch()) as watch, part("a"):
        pass
    assert watch is not None
    made = timings_of(watch, 10)
    assert list(made.parts) == ["a", REST]
    assert made.total == sum(made.parts.values())


def test_no_bars_and_no_time_are_told_too() -> None:
    made = Timings({REST: 0.0}, {}, 0, None)
    assert made.record() == {
        "total_ms": 0.0,
        "bars": 0,
        "ns_per_bar": 0.0,
        "peak_memory_mb": None,
        "parts": [{"part": REST, "ms": 0.0, "ns_per_bar": 0.0, "remark": ""}],
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say")
def test_the_peak_of_memory_is_told_in_bytes() -> None:
    peak = peak_memory()
    assert peak is not None
    assert 20e6 < peak < 100e9
