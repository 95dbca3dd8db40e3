"""The text of a strategy on its way from a file and back: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from adapters.workshop.errors import BadInput, NoRoom, NotFound
from dsl.document import BYTES_MAX


def read(file: Path, name: str) -> str:
    """The text of a file; what is no text in it is shown as such. Raises `NotFound`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(BYTES_MAX + 1)
    except OSError:
        raise NotFound(f"there is no strategy {name}", "see the list of strategies") from None
    return content.decode("utf-8", errors="replace").replace("\r\n", "\n")


def write(file: Path, text: str) -> None:
    """The whole text at once, or nothing. Raises `NoRoom`; a link stays one."""
    target = file.resolve()
    part = ""
    try:
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{file.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        Path(part).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        Path(part).replace(target)
    except OSError as refused:
        with suppress(OSError):
            Path(part).unlink()
        why = refused.strerror or str(refused)
        raise NoRoom(
            f"{file.name} could not be written: {why}",
            "your text is still in this page and the file is as it was; make room and save again",
        ) from None


def clean(text: str) -> str:
    """The text as it is kept: one way to end lines. Raises `BadInput` for what is no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise BadInput("there is nothing to save", "write a strategy first", field="text")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadInput("this is not text", "save UTF-8 text", field="text") from None
    if size > BYTES_MAX:
        raise BadInput(
            f"the text has {size:,} bytes; a strategy has at most {BYTES_MAX:,}",
            "is this the right text? bars and event lists stay in files of their own",
            field="text",
        )
    if "\x00" in text:
        raise BadInput("this is not text but a binary file", "choose a YAML file", field="text")
    return text if text.endswith("\n") else f"{text}\n"


def digest(text: str) -> str:
    """What two texts share when they are the same."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
