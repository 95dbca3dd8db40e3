"""A page as one HTML file that needs nothing else: put together, made inert, written whole."""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FRAME: Final = Path(__file__).with_suffix(".html")
"""What every page is put into: its head, its policy, its place for data and scripts."""

DATA: Final = '<script type="application/json" id="data">'
"""A page's place for its data."""


@dataclass(frozen=True, slots=True)
class Card:
    """A headline figure of a page."""

    label: str
    value: str
    beside: str = ""
    tone: str = ""


def rendered(
    template: Path, context: Mapping[str, Any], styles: Sequence[Path], scripts: Sequence[Path]
) -> str:
    """The page without its data: styles and scripts in it, all other text escaped.

    The template extends `FRAME`, which gets `style`, `script` and `script_hash` (for its
    Content-Security-Policy) besides the context; a name that nobody gives is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - 50 ms
    from markupsafe import Markup  # noqa: PLC0415 - goes with jinja2

    environment = Environment(
        loader=FileSystemLoader([template.parent, FRAME.parent]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    style, script = ("\n".join(map(_text, paths)) for paths in (styles, scripts))
    return environment.get_template(template.name).render(
        **context,
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(script),  # noqa: S704 - our own files
        script_hash=b64encode(sha256(script.encode()).digest()).decode("ascii"),
    )


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def with_data(page: str, json: str) -> str:
    """The page with its data, which a parser of HTML cannot leave."""
    before, mark, after = page.partition(DATA)
    return "".join((before, mark, inert(json), after))


def inert(json: str) -> str:
    """JSON with every character by which a parser of HTML could leave the element escaped."""
    for sign in "<>&\u2028\u2029":
        json = json.replace(sign, f"\\u{ord(sign):04x}")
    return json


def write_whole(path: Path, text: str) -> Path:
    """Write a text to `path` (its folder is made), all of it or nothing; returns the path.

    Raises `OSError` where the folder or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as part:
            part.write(text.encode())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
