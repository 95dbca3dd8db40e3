"""The page of a sweep as one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.onefile import rendered, with_data, write_whole
from adapters.sweep.page.context import context
from adapters.sweep.page.data import data_text
from adapters.sweep.page.of_study import sweep_input

if TYPE_CHECKING:
    from adapters.sweep.page.source import SweepInput
    from adapters.sweep.study import Study

HERE: Final = Path(__file__).parent
REPORT: Final = HERE.parents[1] / "report"
"""Colours, type, tables and how numbers are unpacked are those of a run's report."""

SCRIPTS: Final = (
    "figures.js",
    "collapse.js",
    "heatmap.js",
    "profiles.js",
    "listing.js",
    "sweep.js",
)


def sweep_html(sweep: SweepInput) -> str:
    """The whole page. The same sweep gives the same text."""
    styles = [REPORT / "report.css", HERE / "sweep.css"]
    scripts = [REPORT / "packing.js", *(HERE / name for name in SCRIPTS)]
    page = rendered(HERE / "sweep.html", context(sweep), styles, scripts)
    return with_data(page, data_text(sweep))


def write_page(path: Path, study: Study, *, version: str = "") -> Path:
    """Write the page of a study to `path`, all of it or nothing; returns the path.

    The folder is made. Raises `OSError` where the folder or the file cannot be written.
    """
    return write_whole(path, sweep_html(sweep_input(study, version=version)))
