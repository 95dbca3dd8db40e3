"""From a command to its answer in a fresh process: cold, cached and warm."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.timing import table

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
SLOB = ROOT / "strategies" / "slob_5_1.yaml"
TRIES = 7

FIVE_YEARS = """
import time
began = time.perf_counter()
from adapters.calendars import ExchangeCalendars
from adapters.store import open_set
from benchmarks.rules import SPECS, program_of
from benchmarks.timing import peak_megabytes
from engine.machine.forms import Form
from engine.run import Strategy, prepare
from engine.statistics.statistics import statistics_of
market = open_set("five_years")
strategy = Strategy(program_of(SPECS["slob_5_1"]))
def once():
    run = prepare(strategy, market, ExchangeCalendars()).run(form=Form.{form})
    return statistics_of(run)
ready = time.perf_counter()
once()
first, peak = time.perf_counter(), peak_megabytes()
once()
print(len(market), ready - began, first - began, time.perf_counter() - first)
print(peak, peak_megabytes())
"""


@dataclass(frozen=True, slots=True)
class Process:
    """Seconds of one process: on the clock, and of the processors (less disturbed by others)."""

    wall: float
    cpu: float


def timed(arguments: list[str], environment: dict[str, str]) -> Process:
    """A process from start to end; it must end well."""
    used, began = os.times(), time.perf_counter()
    subprocess.run(arguments, check=True, env=environment, capture_output=True, cwd=ROOT)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - used.children_user - used.children_system
    return Process(wall, cpu)


def engine(*words: str) -> list[str]:
    """The command line in a process of its own."""
    return [sys.executable, "-m", "adapters.cli", *words]


def fresh(folder: str) -> dict[str, str]:
    """An environment whose caches and data lie in a folder; Python keeps its byte code."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "ENGINE_CACHE": folder, "ENGINE_DATA": folder}


def start_table() -> str:
    """Verbs on the bundled sample: with no cache at all, and from then on."""
    verbs: dict[str, Callable[[int, Path], list[str]]] = {
        "python -c pass": lambda _, __: [sys.executable, "-c", "pass"],
        "engine --help": lambda _, __: engine("--help"),
        "engine validate": lambda _, __: engine("validate", str(SLOB)),
        "engine validate, the file changed": lambda n, here: engine("validate", changed(n, here)),
        "engine run (bundled sample)": lambda _, __: engine("run", str(SLOB)),
    }
    rows = []
    for name, words in verbs.items():
        with tempfile.TemporaryDirectory() as folder:
            environment = fresh(folder)
            cold, *warm = (
                timed(words(number, Path(folder)), environment) for number in range(TRIES + 1)
            )
        walls, cpus = [one.wall for one in warm], [one.cpu for one in warm]
        figures = (cold.wall, statistics.median(walls), min(walls), min(cpus))
        rows.append((name, *(f"{seconds:.2f} s" for seconds in figures)))
    head = ("in a fresh process", "nothing cached", "cached", "at best", "of it CPU")
    return table(head, rows)


def changed(number: int, folder: Path) -> str:
    """A copy of the strategy that is nowhere cached."""
    file = folder / SLOB.name
    file.write_text(f"{SLOB.read_text('utf-8')}# {number}\n", "utf-8")
    return str(file)


def five_years_table() -> str:
    """1.8 M bars from the local store to statistics: plain, compiled for the first time, cached.

    Peaks are of the first run, and of that and a second one in the same process.
    """
    rows: list[tuple[str, ...]] = []
    tries = (("plain Python", "PLAIN"), ("compiling", "COMPILED"), ("cached", "COMPILED"))
    with tempfile.TemporaryDirectory() as folder:
        environment = fresh(folder)
        synth = engine("data", "synth", "five_years", "--from", "2021-01-04", "--to", "2026-01-09")
        timed([*synth, "--instrument", "NQ"], environment)
        for name, form in tries:
            out = subprocess.run(
                [sys.executable, "-c", FIVE_YEARS.replace("{form}", form)],
                check=True,
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
            ).stdout.split()
            bars, ready, first, again, peak, most = (float(word) for word in out)
            seconds = (f"{value:.2f} s" for value in (first, ready, again))
            rows.append((f"{name}, {bars:,.0f} bars", *seconds, f"{peak:.0f}", f"{most:.0f}"))
    head = ("slob_5_1 to statistics", "new process", "of it imports", "again")
    return table((*head, "peak MB", "after both"), rows)
