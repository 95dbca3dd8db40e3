"""A workshop with one run that is done: the SLOB on a week of the sample."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.workshop.folders import CONDITIONS, Order, State
from adapters.workshop.keeper import Keeper
from adapters.workshop.runs import Ordered, Run, Runs

if TYPE_CHECKING:
    from collections.abc import Callable

STRATEGIES = Path(__file__).parents[3] / "strategies"
TEXT = (STRATEGIES / "slob_5_1.yaml").read_text("utf-8")
WEEK = Order("slob_5_1.yaml", first="2025-12-08", last="2025-12-12")
PATIENCE = 120.0


def asked(order: Order = WEEK, text: str = TEXT) -> Ordered:
    """What a person orders."""
    return Ordered("slob_5_1", text, order)


def wait(runs: Runs, number: int, until: Callable[[Run], bool] = lambda run: run.state.is_over) -> Run:
    """The run, once it is as wanted."""
    end = time.monotonic() + PATIENCE
    while not until(run := runs.get(number)):
        assert time.monotonic() < end, run
        time.sleep(0.02)
    return run


def explained(runs: Runs, number: int) -> None:
    """Wait until the worker has told everything."""
    end = time.monotonic() + PATIENCE
    while not runs.folder(number).has(CONDITIONS):
        assert time.monotonic() < end
        time.sleep(0.05)


def made(folder: Path) -> Path:
    """A workshop with one run, done and explained; to be copied."""
    with Keeper(folder) as keeper:
        runs = Runs(keeper, STRATEGIES)
        number = runs.order("olga", asked())
        assert wait(runs, number).state is State.DONE
        explained(runs, number)
    return folder


def copied(folder: Path, to: Path) -> Path:
    """A copy of a workshop, which a test may change."""
    return Path(shutil.copytree(folder, to))
