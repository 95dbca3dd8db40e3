"""Real processes of a sweep: started, waited for in the middle, killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0
QUICK = Path(__file__).parent / "quick.yaml"
"""A strategy that trades often and is decided fast."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a process left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def started(words: list[object], cores: int = 2) -> subprocess.Popen[str]:
    """`engine` with some words, as a process of its own."""
    command = [sys.executable, "-m", "adapters.cli", *map(str, words)]
    surroundings = {**os.environ, "NUMBA_NUM_THREADS": str(cores), "PYTHONWARNINGS": "default"}
    return subprocess.Popen(
        command, cwd=ROOT, env=surroundings, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def left(process: subprocess.Popen[str]) -> Left:
    """The process once it has ended."""
    out, err = process.communicate(timeout=PATIENCE)
    return Left(process.returncode, out, err)


def ran(*words: object) -> Left:
    """`engine` with some words, to its end."""
    return left(started(list(words)))


def until(true: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is true, while a process lives."""
    end = monotonic() + PATIENCE
    while not true():
        assert monotonic() < end, "waited too long"
        if process is not None and process.poll() is not None:
            raise AssertionError(f"it ended too early: {process.communicate()}")
        sleep(0.002)


def kept_some(store: Path) -> bool:
    """Whether the first results lie in the store: its log holds more than its making took."""
    log = store.with_name(f"{store.name}-wal")
    made = 5 * 4120 + 32  # frames of a page each: the tables, the words about the sweep
    return log.exists() and log.stat().st_size >= made


@dataclass(slots=True)
class Workplace:
    """A Dask cluster of processes; `hire` starts another worker."""

    address: str
    scheduler: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]]
    hire: Callable[[], subprocess.Popen[str]]


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[Workplace]:
    """A scheduler and workers without nannies: a killed one stays dead."""
    file = folder / "scheduler.json"
    processes: list[subprocess.Popen[str]] = []

    def dask(*words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *map(str, words)], cwd=ROOT, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        processes.append(process)
        return process

    try:
        scheduler = dask("scheduler", "--port", 0, "--no-dashboard", "--scheduler-file", file)
        until(lambda: file.exists() and file.stat().st_size > 0, scheduler)

        def hire() -> subprocess.Popen[str]:
            return dask("worker", "--scheduler-file", file, "--nthreads", 1, "--no-nanny",
                        "--no-dashboard", "--local-directory", folder)  # fmt: skip

        address = json.loads(file.read_text())["address"]
        yield Workplace(address, scheduler, [hire() for _ in range(workers)], hire)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()
