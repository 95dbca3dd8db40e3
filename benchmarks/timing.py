"""Honest times on a shared machine: what is compared runs in turn, and ratios are of minima."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of the runs of one thing."""

    samples: tuple[float, ...]

    @property
    def best(self) -> float:
        """The least disturbed run."""
        return min(self.samples)

    @property
    def median(self) -> float:
        """The middle run."""
        return statistics.median(self.samples)


def interleaved(things: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Every thing once a round, in turn, so that a busy neighbour disturbs them alike."""
    samples: dict[str, list[float]] = {name: [] for name in things}
    for thing in things.values():
        thing()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, thing in things.items():
                began = time.perf_counter()
                thing()
                samples[name].append(time.perf_counter() - began)
            gc.collect(0)
    finally:
        gc.enable()
    return {name: Times(tuple(found)) for name, found in samples.items()}


def peak_megabytes() -> float:
    """The most memory this process has held (VmHWM; not inherited across exec)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table, columns aligned."""
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]

    def line(cells: tuple[str, ...]) -> str:
        padded = [
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])
