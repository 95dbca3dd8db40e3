"""Runs in a rival's own environment: one engine, one size, timed with the C kernel in between.

`python -m benchmarks.rivals.measure MODULE VARIANT SIZE FOLDER [once]` prints a line of JSON.
FOLDER is the yardstick's copy, where the parent has generated the bars and built the kernel.
"""

from __future__ import annotations

import importlib
import json
import platform
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.rivals.work import Found, Run

ENOUGH = 2.5  # seconds of timed runs of the rival
LEAST, MOST = 2, 50  # rounds after the first run
LONG = 20.0  # a run that takes this many seconds is not repeated
KERNEL_SHARE = 0.03  # seconds of C kernel a round


def peak_megabytes() -> float:
    """The most memory this process has held: VmHWM, which is not inherited across exec."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def seconds_of(thing: Callable[[], object]) -> float:
    """Seconds of one call: by the wall or of the processor, whichever is less.

    A long run on a shared machine is disturbed for certain and a short one hardly ever, so the
    wall alone would favour the fast; an engine of several threads has the wall's time.
    """
    wall, processor = time.perf_counter(), time.process_time()
    thing()
    return min(time.perf_counter() - wall, time.process_time() - processor)


def interleaved(run: Run, kernel: Callable[[], int]) -> dict[str, Any]:
    """The rival and the kernel in turn. Garbage is collected as the engine's users have it."""
    kernel()
    theirs: list[float] = []
    kernels: list[float] = []
    while not theirs or (
        theirs[-1] < LONG and len(theirs) < MOST and (len(theirs) < LEAST or sum(theirs) < ENOUGH)
    ):
        theirs.append(seconds_of(run))
        share = 0.0
        while share < KERNEL_SHARE:
            kernels.append(seconds_of(kernel))
            share += kernels[-1]
    return {
        "median": statistics.median(theirs),
        "runs": len(theirs),
        "kernel": statistics.median(kernels),
    }


def compared(found: Found | None, reference: Any) -> dict[str, int | bool]:
    """How many trades are the reference's in bars and prices, and whether all setups are."""
    if found is None:
        return {}
    wanted = {
        (entry, leave): (paid, got)
        for (_, entry, leave, _), (paid, got, _) in zip(
            reference.ti.tolist(), reference.tf.tolist(), strict=True
        )
    }
    same = sum(
        all(abs(a - b) < 1e-6 for a, b in zip(wanted[trade[:2]], trade[2:], strict=True))
        for trade in found.trades
        if trade[:2] in wanted
    )
    verdict: dict[str, int | bool] = {
        "same": same,
        "missed": len(wanted) - same,
        "other": len(found.trades) - same,
    }
    if found.setups is not None:
        rows = zip(reference.si.tolist(), reference.sf.tolist(), strict=True)
        wanted_setups = [(*whole, *real[:3]) for whole, real in rows]
        ours = [tuple(row[:10]) for row in found.setups()]
        verdict["setups"] = sorted(ours) == sorted(wanted_setups)
    return verdict


def main() -> None:
    """Load, run once from cold, then in turn with the kernel; print what was measured."""
    module, variant, size, folder, *mode = sys.argv[1:]
    warnings.simplefilter("ignore")  # the engines' own deprecations, on standard error otherwise
    sys.path.append(folder)
    common = importlib.import_module("common")
    bars, reference = common.load(size), common.reference(size)
    engine = importlib.import_module(f"benchmarks.rivals.{module}")
    run = engine.VARIANTS[variant](bars, reference)
    before = peak_megabytes()
    kept: list[Found | None] = []
    first = seconds_of(lambda: kept.append(run()))
    told: dict[str, Any] = {
        "python": platform.python_version(),
        "bars": len(bars),
        "first": first,
        "before": before,
        "peak": peak_megabytes(),
        **compared(kept.pop(), reference),
    }
    if mode != ["once"]:
        kernel = importlib.import_module("impl_c").Runner(bars, fn="slob_cands")
        told |= interleaved(run, kernel)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
