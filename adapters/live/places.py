"""Where things lie: the journals, the sockets beside them, the folder of both."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

from dsl.folders import state_folder

PAPER: Final = "paper"
_LONGEST: Final = 104
"""Bytes that the address of a Unix socket may have on every system, its last zero included."""


def journal_of(account: str = "", *, monitor_only: bool = False) -> Path:
    """The journal of an account; empty: of the paper account.

    Who only watches writes one of its own: what it would have done never happened.
    """
    name = account or PAPER
    return state_folder() / f"{name}{'-monitor' if monitor_only else ''}.db"


def socket_of(journal: str | Path) -> Path:
    """Where the engine that writes a journal listens: beside it, or beside the other journals.

    Where that name is longer than a socket's may be, it is one made from it, in a folder of the
    user's own below the temporary one.
    """
    words = str(journal)
    if "://" in words and not words.startswith("sqlite"):
        beside = state_folder() / f"{_short(words)}.sock"
    else:
        file = Path(words.removeprefix("sqlite:///")).expanduser().resolve()
        beside = file.with_name(f"{file.name}.sock")
    if len(os.fsencode(beside)) < _LONGEST:
        return beside
    return _own_folder() / f"{_short(str(beside))}.sock"


def _own_folder() -> Path:
    folder = Path(tempfile.gettempdir())
    if len(os.fsencode(folder)) > _LONGEST // 2:
        folder = Path("/tmp")  # noqa: S108 - the folder below is the user's own
    return folder / f"slob-engine-{os.getuid()}"


def make_folder_of(socket: Path) -> None:
    """Make the folder of a socket, for this user alone.

    Raises `PermissionError` where somebody else made it: what lies there cannot be trusted.
    """
    folder = socket.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.name.startswith("slob-engine-"):
        found = folder.lstat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{folder} is not this user's alone: remove it")


def _short(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:16]
