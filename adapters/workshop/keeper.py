"""The workshop's database: one SQLite file that several threads and processes write."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from sqlmodel import Session

from adapters.database.connect import database, explained, upgrade
from adapters.database.errors import DatabaseError
from adapters.workshop.errors import NoRoom
from adapters.workshop.tables import Deed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE: Final = "workshop.db"
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def clock() -> int:
    """Now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Keeper:
    """The database `workshop.db` in a folder, at this version.

    Sessions are for one thread and short: `reading` never waits, `writing` commits when it ends
    and leaves nothing when it fails. What they hand out may be read after they are closed.
    """

    def __init__(self, folder: Path, now: Callable[[], int] = clock) -> None:
        """Make the folder, open the file and bring its tables to this version.

        Raises `DatabaseError` (damaged, newer, not writable) and `NoRoom`.
        """
        self.folder = folder
        self.now = now
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as refused:
            why = refused.strerror or str(refused)
            message = f"the folder {folder} cannot be made: {why}"
            raise NoRoom(message, "name another with --folder") from None
        self._written = database(folder / FILE)
        upgrade(self._written, MIGRATIONS)
        (folder / FILE).chmod(0o600)
        self._read = database(folder / FILE, reading=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one instant of the database and changes nothing."""
        with explained(self._read), Session(self._read, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that alone may write. Raises `NoRoom` where the disk is full."""
        try:
            with (
                explained(self._written),
                Session(self._written, expire_on_commit=False) as session,
            ):
                yield session
                session.commit()
        except DatabaseError as refused:
            if "full" in str(refused) or "cannot be written" in str(refused):
                raise NoRoom(str(refused), refused.remedy) from refused
            raise

    def deed(
        self, session: Session, who: str, what: str, on_what: str = "", detail: str = ""
    ) -> None:
        """Write down, in the same transaction, that a person did something."""
        session.add(Deed(at=self.now(), who=who, what=what, on_what=on_what, detail=detail))

    def close(self) -> None:
        """Let go of the file."""
        self._read.dispose()
        self._written.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def secret(folder: Path) -> bytes:
    """The workshop's own secret, of which page tokens are made; made at the first asking."""
    file = folder / "secret"
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(made, "wb") as opened:
            opened.write(secrets.token_bytes(32))
    kept = file.read_bytes()
    if len(kept) != 32:
        file.unlink()  # a start was cut short here; only open pages need to be loaded again
        return secret(folder)
    return kept
