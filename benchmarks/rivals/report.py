"""Runs every row in a process of its own and writes the tables."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.rivals.environments import NotInstalled
from benchmarks.rivals.rows import AS_IT_CHOOSES, BASE, Row
from benchmarks.timing import table
from benchmarks.yardstick import Yardstick, copy_folder

ROOT = Path(__file__).resolve().parents[2]
TRIES = 3

HEAD = (
    "engine",
    "what runs in it",
    "set",
    "time",
    "us a bar",
    "bars a second",
    "x ours",
    "x C",
    "trades against the reference",
    "setups",
    "peak MB (before)",
    "first run",
)
FIRST_HEAD = ("20 days of trades in a fresh process", "nothing cached", "cached", "peak MB")


class Failed(Exception):
    """A measured process ended badly; the message is the last line it wrote."""


def prepare_data(sizes: list[str]) -> None:
    """Bars, kernel and reference result, so that no measured process has to make them."""
    for size in sizes:
        Yardstick(size).write_reference(size)


def process(row: Row, size: str, *mode: str, **changed: str) -> dict[str, Any]:
    """What a measured process told. Raises `NotInstalled` and `Failed`."""
    python = row.environment.interpreter() if row.environment else sys.executable
    words = [row.module, row.variant, size, str(copy_folder()), *mode]
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ran = subprocess.run(
        [python, "-m", "benchmarks.rivals.measure", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment | changed,
    )
    if ran.returncode:
        raise Failed((ran.stderr.strip() or "no word").splitlines()[-1])
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return told


def seconds(span: float) -> str:
    """Seconds or milliseconds, three figures."""
    return f"{span * 1e3:.3g} ms" if span < 1 else f"{span:.3g} s"


def rate(bars: float) -> str:
    """Bars a second."""
    return f"{bars / 1e6:.2g} M" if bars >= 1e6 else f"{bars / 1e3:.0f} k"


def ratio(value: float) -> str:
    """Small ones with decimals, large ones whole."""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def trades(told: dict[str, Any]) -> str:
    """Identical, or how many are not."""
    if "same" not in told:
        return "none made"
    if not told["missed"] and not told["other"]:
        return f"{told['same']:,} identical"
    return f"{told['same']:,} same, {told['missed']} differ"


def setups(told: dict[str, Any]) -> str:
    """Found inside, or given."""
    if "setups" not in told:
        return "given" if "same" in told else ""
    return "identical" if told["setups"] else "DIFFERENT"


def line(row: Row, size: str, told: dict[str, Any], base: dict[str, Any]) -> tuple[str, ...]:
    """A row of the large table. `x ours` divides two ratios to the kernel, a process each."""
    typical, bars = told["median"], told["bars"]
    to_kernel = typical / told["kernel"]
    alone = " (1 run)" if told["runs"] == 1 else ""
    return (
        row.engine,
        row.variant,
        size,
        seconds(typical) + alone,
        f"{typical / bars * 1e6:.3g}",
        rate(bars / typical),
        ratio(to_kernel / (base["median"] / base["kernel"])),
        ratio(to_kernel),
        trades(told),
        setups(told),
        f"{told['peak']:.0f} ({told['before']:.0f})",
        seconds(told["first"]),
    )


def missing(row: Row, size: str, reason: str) -> tuple[str, ...]:
    """A row that was not measured, and why."""
    return (row.engine, row.variant, size, reason, *[""] * (len(HEAD) - 4))


def large_table(rows: list[Row], sizes: list[str]) -> str:
    """Every row on every size."""
    lines = []
    for size in sizes:
        base = process(BASE, size)
        for row in rows:
            if row.is_empty and size != sizes[0]:
                continue  # idle, an engine costs the same a bar at any size
            try:
                told = base if row == BASE else process(row, size)
                lines.append(line(row, size, told, base))
            except (NotInstalled, Failed) as problem:
                lines.append(missing(row, size, str(problem)))
            print("rivals:", *lines[-1], sep=" | ", file=sys.stderr)
    return table(HEAD, lines)


def children_seconds() -> float:
    """Processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def first_line(row: Row) -> tuple[str, ...]:
    """From the start of a process to its end, 20 days in between: with no cache, and with one."""
    if row.environment:
        row.environment.interpreter()
    folder = tempfile.mkdtemp()
    caches = {"ENGINE_CACHE": folder, "NUMBA_CACHE_DIR": folder}
    spans, peak = [], 0.0
    for _ in range(1 + TRIES):
        wall, processor = time.perf_counter(), children_seconds()
        peak = process(row, "20d", "once", **caches)["peak"]
        spans.append(min(time.perf_counter() - wall, children_seconds() - processor))
    shutil.rmtree(folder)
    cached = statistics.median(spans[1:])
    return (f"{row.engine}, {row.variant}", seconds(spans[0]), seconds(cached), f"{peak:.0f}")


def first_table(rows: list[Row]) -> str:
    """The rows that do the whole work, ours as it chooses by itself first."""
    lines = []
    for row in [AS_IT_CHOOSES, *(row for row in rows if row.is_whole)]:
        try:
            lines.append(first_line(row))
        except (NotInstalled, Failed) as problem:
            lines.append((f"{row.engine}, {row.variant}", str(problem), "", ""))
        print("rivals: first result", *lines[-1], sep=" | ", file=sys.stderr)
    return table(FIRST_HEAD, lines)
