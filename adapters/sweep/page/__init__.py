"""A sweep as one HTML file: opens offline, keeps, shows."""

from adapters.sweep.page.of_study import sweep_input
from adapters.sweep.page.source import (
    Axis,
    Fold,
    Luck,
    Measure,
    Surroundings,
    SweepInput,
    WalkForward,
)
from adapters.sweep.page.write import sweep_html, write_page

__all__ = [
    "Axis",
    "Fold",
    "Luck",
    "Measure",
    "Surroundings",
    "SweepInput",
    "WalkForward",
    "sweep_html",
    "sweep_input",
    "write_page",
]
