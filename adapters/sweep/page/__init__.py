"""A sweep as one HTML file: opens offline, keeps, shows."""

from adapters.sweep.page.source import (
    Axis,
    Fold,
    Luck,
    Measure,
    Surroundings,
    SweepInput,
    WalkForward,
)
from adapters.sweep.page.write import sweep_html, write_sweep

__all__ = [
    "Axis",
    "Fold",
    "Luck",
    "Measure",
    "Surroundings",
    "SweepInput",
    "WalkForward",
    "sweep_html",
    "write_sweep",
]
