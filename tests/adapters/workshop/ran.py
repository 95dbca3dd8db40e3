"""A workshop with one run that is done: the SLOB on a week of the sample."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.workshop.bars import BarFolder
from adapters.workshop.folders import CONDITIONS, ORDER, SPEC, Order, RunFolder, State, Status
from adapters.workshop.keeper import Keeper
from adapters.workshop.results import open_result
from adapters.workshop.runnable import Ordered, Runnable
from adapters.workshop.runs import Run, Runs
from adapters.workshop.why import Why
from adapters.workshop.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

STRATEGIES = Path(__file__).parents[3] / "strategies"
TEXT = (STRATEGIES / "slob_5_1.yaml").read_text("utf-8")
WEEK = Order("slob_5_1.yaml", first="2025-12-08", last="2025-12-12")
PATIENCE = 120.0


def asked(order: Order = WEEK, text: str = TEXT) -> Ordered:
    """What a person orders."""
    return Ordered("slob_5_1", text, order)


def wait(
    runs: Runs, number: int, until: Callable[[Run], bool] = lambda run: run.state.is_over
) -> Run:
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


@cache
def shop() -> Path:
    """A workshop with one run, done and explained; made once, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="engine-shop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Keeper(folder / "workshop") as keeper:
        runs = Runs(keeper, Runnable(STRATEGIES))
        number = runs.order("olga", asked())
        assert wait(runs, number).state is State.DONE
        explained(runs, number)
    return folder / "workshop"


def copied(to: Path) -> Path:
    """A copy of that workshop, which a test may change."""
    return Path(shutil.copytree(shop(), to))


@cache
def why() -> Why:
    """Its run, opened for questions."""
    return Why(open_result(RunFolder(shop() / "runs" / "1"), BarFolder(shop() / "bars")))


def prepared(folder: Path, order: Order = WEEK, text: str = TEXT) -> Worker:
    """A run's folder as `Runs` prepares it, and its worker, to be worked on in this process."""
    run = RunFolder(folder / "runs" / "1")
    (run.path / SPEC).mkdir(parents=True)
    (run.path / SPEC / order.spec).write_text(text, "utf-8")
    run.write(ORDER, asdict(order))
    run.say(Status())
    return Worker(folder, "1")
