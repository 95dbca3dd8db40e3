"""Copies of the journal that are known to be good, and the way back from one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url

from adapters.database.connect import address, lock_file
from adapters.database.errors import CorruptError, DatabaseError, UnreachableError
from adapters.database.reader import JournalReader
from engine.live.books import JournalError
from engine.live.codec import UnreadableError

ASIDE: Final = ".before_restore"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was read back whole: where it lies and how many events it holds."""

    path: Path
    events: int


def back_up(where: str | Path, target: Path) -> Backup:
    """Copy the journal while it is written, and verify the copy. Raises `DatabaseError`.

    SQLite: a copy as of one instant, in the place of `target` only when it is proven.
    PostgreSQL: the custom format of its own pg_dump, proven by pg_restore's listing.
    """
    if target.exists():
        raise UnreachableError(f"{target} exists", "name another file: no backup is written over")
    url = make_url(address(where))
    target.parent.mkdir(parents=True, exist_ok=True)
    if url.get_backend_name() != "sqlite":
        return _dumped(url, target)
    source = Path(url.database or "")
    if not source.exists():
        raise UnreachableError(f"there is no journal {source}", "name the journal's file")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        copy = Path(folder) / target.name
        try:
            with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as opened:
                opened.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.DatabaseError as fault:
            raise CorruptError(
                f"{source} cannot be copied: {fault}", "see engine doctor"
            ) from fault
        events = verified(copy)
        copy.replace(target)
    return Backup(target, events)


def verified(copy: Path) -> int:
    """How many events a copy holds, each read and folded anew. Raises `DatabaseError`."""
    try:
        with JournalReader.open(copy) as journal:
            return journal.verify()
    except (JournalError, UnreadableError) as fault:
        raise CorruptError(f"{copy.name} does not fold: {fault}", "take another backup") from fault
    finally:
        for ending in (".lock", "-wal", "-shm"):
            Path(f"{copy}{ending}").unlink(missing_ok=True)


def restore(backup: Path, where: Path) -> Path | None:
    """Put a backup in the journal's place; where what was there has gone (None: nothing was).

    The backup is proven first, the journal must not be in use, and what was there is kept beside.
    """
    if not backup.is_file():
        raise UnreachableError(
            f"there is no backup {backup}", "name a file that engine backup made"
        )
    where.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where.parent, prefix=".restore-") as folder:
        copy = Path(shutil.copyfile(backup, Path(folder) / where.name))
        verified(copy)
        release = lock_file(Path(f"{where}.lock"))
        try:
            aside = _put_aside(where)
            copy.replace(where)
        finally:
            release()
    return aside


def _put_aside(where: Path) -> Path | None:
    if not where.exists():
        return None
    number = 1
    while (aside := where.with_name(f"{where.name}{ASIDE}.{number}")).exists():
        number += 1
    for ending in ("", "-wal", "-shm"):
        part = Path(f"{where}{ending}")
        if part.exists():
            part.replace(Path(f"{aside}{ending}"))
    return aside


def _dumped(url: URL, target: Path) -> Backup:
    program, lister = shutil.which("pg_dump"), shutil.which("pg_restore")
    if program is None or lister is None:
        raise UnreachableError(
            "PostgreSQL is copied by its own pg_dump, which is not here",
            "install the PostgreSQL client programs",
        )
    plain = url.set(drivername="postgresql", password=None)
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    words = [program, "--format=custom", "--file", str(target), plain.render_as_string()]
    _must(words, secret)
    _must([lister, "--list", str(target)], {})
    with JournalReader.open(url.render_as_string(hide_password=False)) as journal:
        return Backup(target, journal.verify())


def _must(words: list[str], secret: dict[str, str]) -> None:
    """Run a program of PostgreSQL; its own last words where it fails."""
    environment = {**os.environ, **secret}
    done = subprocess.run(words, env=environment, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DatabaseError(said[0] if said else f"{words[0]} failed", "see the server's log")
