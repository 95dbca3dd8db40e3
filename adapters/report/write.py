"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.onefile import rendered, with_data, write_whole
from adapters.report.data import PageData
from adapters.report.page import context

if TYPE_CHECKING:
    from adapters.report.source import ReportInput

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("packing.js", "chart.js", "curve.js", "report.js")

BYTES: Final = 4_500_000
"""A report stays below this, whatever the run: fewer setups are drawn if need be."""


def report_html(report: ReportInput) -> str:
    """The whole page, in at most about `BYTES` bytes. The same run gives the same text."""
    data = PageData(report.run)
    page = rendered(
        HERE / "template.html",
        context(report, data),
        [HERE / "report.css"],
        [HERE / name for name in SCRIPTS],
    )
    return with_data(page, data.text(BYTES - len(page.encode())))


def write_report(path: Path, report: ReportInput) -> Path:
    """Write the report to `path` (its folder is made), all of it or nothing; returns the path.

    Raises `OSError` where the folder or the file cannot be written.
    """
    return write_whole(path, report_html(report))
