"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.report.data import PageData
from adapters.report.page import context

if TYPE_CHECKING:
    from adapters.report.source import ReportInput

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("chart.js", "curve.js", "report.js")

DATA: Final = '<script type="application/json" id="data">'
"""The page's place for its data."""

BYTES: Final = 4_500_000
"""A report stays below this, whatever the run: fewer setups are drawn if need be."""


def report_html(report: ReportInput) -> str:
    """The whole page, in at most about `BYTES` bytes. The same run gives the same text."""
    data = PageData(report.run)
    before, mark, after = _page(report, data).partition(DATA)
    room = BYTES - len((before + mark + after).encode())
    return "".join((before, mark, _unable_to_end_a_script(data.text(room)), after))


def _page(report: ReportInput, data: PageData) -> str:
    """The page without its data."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - 50 ms
    from markupsafe import Markup  # noqa: PLC0415 - goes with jinja2

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    script = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    return environment.get_template("template.html").render(
        **context(report, data),
        style=Markup((HERE / "report.css").read_text("utf-8")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        script_hash=b64encode(sha256(script.encode()).digest()).decode("ascii"),
    )


def _unable_to_end_a_script(json: str) -> str:
    """JSON with every character by which a parser of HTML could leave the element escaped."""
    for sign in "<>&\u2028\u2029":
        json = json.replace(sign, f"\\u{ord(sign):04x}")
    return json


def write_report(path: Path, report: ReportInput) -> Path:
    """Write the report to `path` (its folder is made), all of it or nothing; returns the path.

    Raises `OSError` where the folder or the file cannot be written.
    """
    text = report_html(report).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as part:
            part.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
