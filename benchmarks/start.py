"""From a command to its answer in a fresh process: cold, cached and warm."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import table

ROOT = Path(__file__).resolve().parents[1]
SLOB = str(ROOT / "strategies" / "slob_5_1.yaml")
TRIES = 7

FIVE_YEARS = """
import time
began = time.perf_counter()
from adapters.calendars import ExchangeCalendars
from adapters.store import open_set
from benchmarks.rules import SPECS, program_of
from engine.machine.forms import Form
from engine.run import Strategy, prepare
from engine.statistics import statistics_of
imported = time.perf_counter()
market = open_set("five_years")
strategy = Strategy(program_of(SPECS["slob_5_1"]))
def once():
    run = prepare(strategy, market, ExchangeCalendars()).run(form=Form.{form})
    return statistics_of(run)
once()
first = time.perf_counter()
once()
print(len(market), imported - began, first - began, time.perf_counter() - first)
from benchmarks.timing import peak_megabytes
print(peak_megabytes())
"""


def timed(arguments: list[str], environment: dict[str, str]) -> float:
    """Seconds of one process; it must end well."""
    began = time.perf_counter()
    subprocess.run(arguments, check=True, env=environment, capture_output=True, cwd=ROOT)
    return time.perf_counter() - began


def engine(*words: str) -> list[str]:
    """The command line in a process of its own."""
    return [sys.executable, "-m", "adapters.cli", *words]


def start_table() -> str:
    """Verbs on the bundled sample: the median of several processes, and the first with no cache."""
    verbs = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "engine --help": engine("--help"),
        "engine validate": engine("validate", SLOB),
        "engine run (bundled sample)": engine("run", SLOB),
    }
    rows = []
    for name, words in verbs.items():
        folder = tempfile.mkdtemp()
        environment = {**os.environ, "ENGINE_CACHE": folder}
        cold = timed(words, environment)
        warm = statistics.median(timed(words, environment) for _ in range(TRIES))
        rows.append((name, f"{cold:.2f} s", f"{warm:.2f} s"))
        shutil.rmtree(folder)
    return table(("in a fresh process", "nothing cached", "cached"), rows)


def five_years_table() -> str:
    """1.8 M bars from the local store to statistics: plain, compiled for the first time, cached."""
    folder = tempfile.mkdtemp()
    environment = {**os.environ, "ENGINE_DATA": folder, "ENGINE_CACHE": folder}
    synth = engine("data", "synth", "five_years", "--from", "2021-01-04", "--to", "2026-01-09")
    timed([*synth, "--instrument", "NQ"], environment)
    rows = []
    tries = (("plain Python", "PLAIN"), ("compiling", "COMPILED"), ("cached", "COMPILED"))
    for name, form in tries:
        code = FIVE_YEARS.replace("{form}", form)
        out = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
        ).stdout.split()
        bars, _, first, again, peak = (float(word) for word in out)
        rows.append(
            (f"{name}, {bars:,.0f} bars", f"{first:.2f} s", f"{again:.2f} s", f"{peak:.0f}")
        )
    shutil.rmtree(folder)
    return table(("slob_5_1 to statistics", "new process", "again", "peak MB"), rows)
