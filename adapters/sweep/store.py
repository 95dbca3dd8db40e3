"""The results of a sweep on disk: a file that grows while it runs and is never half-written.

It is an SQLite database (`application_id` "SWEP", `user_version` the version of this layout) in
WAL mode, written in one transaction a chunk, so a process that is ended in any way loses the chunk
it was working on and nothing else. Two tables:

    about (name TEXT PRIMARY KEY, value TEXT)
        key       SHA-256 of everything that makes a result, the swept values apart
        parts     JSON: the same by name, to say in words what differs
        swept     JSON: the names of the swept parameters, in order
        spans     the number of stretches of dates that figures are kept of
        figures   JSON: the names of the figures, in order
    tried (setting TEXT PRIMARY KEY, figures BLOB)
        setting   the whole numbers of the swept parameters, between commas
        figures   spans x figures little-endian float64, a span after the other; NaN: not known

One process writes at a time: the others are told so. What is kept is read with `tried`.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from engine.domain.market import Reals

APPLICATION: Final = int.from_bytes(b"SWEP", "big")
VERSION: Final = 1
FLOAT: Final = np.dtype("<f8")

Setting = tuple[int, ...]
"""A value for each swept parameter, in order."""

_LAYOUT: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tried (setting TEXT PRIMARY KEY, figures BLOB NOT NULL) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The store cannot be used: which file, why, and what to do."""

    def __init__(self, file: Path, message: str, remedy: str) -> None:
        """`message` says what is wrong without naming the file."""
        super().__init__(f"{file}: {message} ({remedy})")
        self.file = file
        self.message = message
        self.remedy = remedy


class OtherStudy(StoreError):
    """The file holds results of something else."""


class StoreBusy(StoreError):
    """Another process is writing the file."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a result depends on besides the swept values.

    `parts` are digests and texts by name; `key` is a digest of them all.
    """

    key: str
    parts: Mapping[str, str]
    swept: tuple[str, ...]
    spans: int
    figures: tuple[str, ...]

    @property
    def record(self) -> dict[str, str]:
        """What the table `about` holds."""
        return {
            "key": self.key,
            "parts": json.dumps(dict(self.parts)),
            "swept": json.dumps(self.swept),
            "spans": str(self.spans),
            "figures": json.dumps(self.figures),
        }


class Store:
    """The results of one sweep, open for writing; a context manager that closes the file."""

    def __init__(self, file: Path, identity: Identity) -> None:
        """Open the file or make it. Raises `StoreError`: nothing has changed then."""
        self.file = file
        self.identity = identity
        self._shape = (identity.spans, len(identity.figures))
        with self._refusals():
            file.parent.mkdir(parents=True, exist_ok=True)
            # commits are ours to say; a second process must hear of the first at once
            self._base = sqlite3.connect(file, timeout=0, isolation_level=None)
        try:
            with self._refusals():
                self._begin()
        except BaseException:
            self._base.close()
            raise

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the file; what was added is kept."""
        self.close()

    def close(self) -> None:
        """Fold the log into the file and give it free."""
        with contextlib.suppress(sqlite3.Error):
            self._base.close()

    # --- results --------------------------------------------------------------------------

    def tried(self) -> dict[Setting, Reals]:
        """The figures (spans x figures) of every setting that was tried."""
        with self._refusals():
            rows = self._base.execute("SELECT setting, figures FROM tried").fetchall()
        return {self._setting(text): self._figures(kept) for text, kept in rows}

    def add(self, settings: Sequence[Setting], figures: Reals) -> None:
        """Keep the figures (settings x spans x figures) of some settings: all of them, or none."""
        kept = np.ascontiguousarray(figures, FLOAT)
        assert kept.shape == (len(settings), *self._shape)
        rows = [
            (",".join(map(str, setting)), part.tobytes())
            for setting, part in zip(settings, kept, strict=True)
        ]
        with self._refusals(), self._transaction():
            self._base.executemany("INSERT OR IGNORE INTO tried VALUES (?, ?)", rows)

    def _setting(self, text: str) -> Setting:
        try:
            setting = tuple(map(int, text.split(",")))
        except (AttributeError, ValueError):
            setting = ()
        if len(setting) != len(self.identity.swept):
            raise self._broken("a setting in it is damaged")
        return setting

    def _figures(self, kept: object) -> Reals:
        spans, figures = self._shape
        if not isinstance(kept, bytes) or len(kept) != spans * figures * FLOAT.itemsize:
            raise self._broken("a result in it is damaged")
        return np.frombuffer(kept, FLOAT).reshape(self._shape)

    # --- the file -------------------------------------------------------------------------

    def _begin(self) -> None:
        # the lock lasts as long as the connection, and goes with the process however that ends
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        application, version = self._number("application_id"), self._number("user_version")
        empty = not self._number("schema_version")
        if not empty and application != APPLICATION:
            message = "this is a database of something else"
            raise StoreError(self.file, message, "name another file: --store")
        if not empty and version != VERSION:
            message = f"it was written by another version of the engine (layout {version})"
            raise StoreError(self.file, message, "name another file (--store), or delete it")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        with self._transaction():
            if empty:
                self._create()
            else:
                self._compare()

    def _create(self) -> None:
        for statement in _LAYOUT.strip().split(";")[:-1]:
            self._base.execute(statement)
        rows = list(self.identity.record.items())
        self._base.executemany("INSERT INTO about VALUES (?, ?)", rows)
        self._base.execute(f"PRAGMA application_id = {APPLICATION}")
        self._base.execute(f"PRAGMA user_version = {VERSION}")

    def _compare(self) -> None:
        kept = dict(self._base.execute("SELECT name, value FROM about").fetchall())
        wanted = self.identity.record
        if kept == wanted:
            return
        try:
            differ = sorted(set(_differences(kept, self.identity)))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._broken("what it says about itself is damaged") from None
        message = f"it holds another sweep (not the same: {', '.join(differ)})"
        raise OtherStudy(self.file, message, "name another file: --store")

    def _number(self, pragma: str) -> int:
        return int(self._base.execute(f"PRAGMA {pragma}").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            # on some errors the database has rolled back by itself
            with contextlib.suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What SQLite and the operating system refuse, in words."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._refused(error) from None
        except OSError as error:
            why = error.strerror or str(error)
            remedy = "name a file in a folder of yours: --store"
            raise StoreError(self.file, f"it cannot be written: {why}", remedy) from None

    def _refused(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            remedy = "wait for it or end it, or name another file: --store"
            return StoreBusy(self.file, "another process is writing this sweep", remedy)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return self._broken("it is damaged, or no store of a sweep")
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            message = f"it could not grow ({error}); what was kept before is safe"
            return StoreError(self.file, message, "make room, then run the same command again")
        remedy = "name a file in a folder of yours: --store"
        return StoreError(self.file, f"it cannot be written: {error}", remedy)

    def _broken(self, message: str) -> StoreError:
        remedy = "delete it and sweep again, or name another file: --store"
        return StoreError(self.file, message, remedy)


def _differences(kept: Mapping[str, str], identity: Identity) -> Iterator[str]:
    """The names of what a store was made with and this sweep is not."""
    old: dict[str, Any] = json.loads(kept["parts"])
    for name in {**old, **identity.parts}:
        if old.get(name) != identity.parts.get(name):
            yield name
    wanted = identity.record
    for name, words in (("swept", "swept parameters"), ("spans", "windows")):
        if kept[name] != wanted[name]:
            yield words
    if kept["figures"] != wanted["figures"]:
        yield "figures"
