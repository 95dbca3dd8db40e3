"""Files a verb writes: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.cli.screen import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator


def write_whole(file: Path, text: str) -> None:
    """Put `text` at `file` in one step, or raise `Failure` and leave what was there."""
    with refusals(file):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
            part.chmod(_usual_mode())
            part.replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise


def _usual_mode() -> int:
    """The permissions a new file would have: a temporary one is its owner's alone."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextmanager
def refusals(file: Path) -> Iterator[None]:
    """What the operating system refuses, as a failure that names the file and the way out."""
    try:
        yield
    except OSError as refused:
        if isinstance(refused, BrokenPipeError) or not _concerns(refused, file):
            raise
        why = refused.strerror or str(refused)
        remedy = "nothing half-written is left; make room, or name a folder that is there and yours"
        raise Failure(f"{file} cannot be written: {why}", remedy) from None


def _concerns(refused: OSError, file: Path) -> bool:
    """Whether what was refused is this file or lies around it: another one is our own mistake."""
    if not isinstance(refused.filename, str):
        return True
    named = Path(refused.filename)
    return named.parent in (file.parent, *file.parent.parents) or named in file.parents
