"""How everything is: what a person or a machine asks before trusting the rest."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from adapters.bars.errors import DataError
from adapters.database.errors import DatabaseError
from adapters.workshop.errors import NoRoom
from adapters.workshop.keeper import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from adapters.store import DataSet
    from adapters.workshop.keeper import Keeper

LEAST: Final = 200_000_000
"""Bytes that should be free on the disk of the workshop."""

KEPT: Final = 30
"""Copies of the workshop that are kept."""

PARTS: Final = (
    *("numpy", "numba", "pandas", "pyarrow", "sqlalchemy", "litestar", "uvicorn", "jinja2"),
    *("argon2-cffi", "exchange-calendars", "ib-insync", "ib-async", "backtrader"),
)
"""What makes a difference to a run or to the page; those that are not installed are left out."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: whether it is as it must be, and how it is in words."""

    name: str
    is_ok: bool
    told: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that lies somewhere: of what, when (ms since the epoch), how large."""

    of: str
    file: str
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class SetQuality:
    """A data set and what is worth knowing about its bars; None: it cannot be read, `told` why."""

    name: str
    bars: int | None
    first: str
    last: str
    missing: int
    gaps: int
    outliers: int
    told: str


class Vitals:
    """The health of a workshop; `journal` is the live journal's file, None: it is a server's."""

    def __init__(self, keeper: Keeper, strategies: Path, journal: Path | None) -> None:
        self._keeper = keeper
        self._strategies = strategies
        self._journal = journal

    def checks(self) -> tuple[Check, ...]:
        """Everything that the page needs in order to work."""
        return (self._database(), self._disk(), self._folder())

    def versions(self) -> tuple[tuple[str, str], ...]:
        """What runs here, by name."""
        found = [("engine", _version("slob-engine")), ("python", platform.python_version())]
        found += [(name, _version(name)) for name in PARTS]
        return tuple((name, number) for name, number in found if number)

    def sets(self) -> tuple[SetQuality, ...]:
        """Every data set, with the report that was made when it was imported."""
        from adapters import store  # noqa: PLC0415 - numpy comes with it
        from dsl.folders import data_folder  # noqa: PLC0415 - as above

        root = data_folder()
        names = sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []
        found = []
        for name in names:
            if not (root / name / store.META).is_file():
                continue
            try:
                found.append(_quality(store.describe(name)))
            except DataError as broken:
                found.append(SetQuality(name, None, "", "", 0, 0, 0, broken.message))
        return tuple(found)

    def copies(self) -> tuple[Copy, ...]:
        """Backups of the workshop and of the live journal, newest first."""
        found = [*_copies(self._keeper.folder / "backups", "workshop")]
        if self._journal is not None:
            found += _copies(self._journal.parent / "backups", self._journal.stem)
        return tuple(sorted(found, key=lambda copy: -copy.at))

    def back_up(self, who: str) -> Copy:
        """Copy the workshop as of this instant, prove the copy, drop those beyond `KEPT`.

        Raises `NoRoom`.
        """
        folder = self._keeper.folder / "backups"
        at = datetime.fromtimestamp(self._keeper.now() / 1000, UTC)
        target = folder / f"workshop-{at:%Y%m%d-%H%M%S}.db"
        part = target.with_suffix(".part")
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            _copied(self._keeper.folder / FILE, part)
            part.replace(target)
        except (OSError, sqlite3.DatabaseError) as refused:
            part.unlink(missing_ok=True)
            raise NoRoom(f"the copy cannot be written: {refused}", "make room for it") from None
        for old in sorted(folder.glob("workshop-*.db"))[:-KEPT]:
            old.unlink()
        with self._keeper.writing() as session:
            self._keeper.deed(session, who, "backed up", target.name)
        return _copy(target, "workshop")

    def _database(self) -> Check:
        try:
            with self._keeper.writing() as session:
                session.connection()  # takes the right to write
        except (DatabaseError, NoRoom) as broken:
            return Check("database", is_ok=False, told=str(broken))
        size = (self._keeper.folder / FILE).stat().st_size
        return Check("database", is_ok=True, told=f"can be written, {size / 1e6:,.1f} MB")

    def _disk(self) -> Check:
        free = shutil.disk_usage(self._keeper.folder).free
        told = f"{free / 1e9:,.1f} GB free"
        return Check("disk", is_ok=free >= LEAST, told=told)

    def _folder(self) -> Check:
        if not self._strategies.is_dir():
            return Check("strategies", is_ok=False, told=f"{self._strategies} is no folder")
        may = os.access(self._strategies, os.R_OK | os.W_OK | os.X_OK)
        count = sum(1 for _ in self._strategies.glob("*.yaml"))
        told = f"{count} in {self._strategies}" + ("" if may else ", which cannot be written")
        return Check("strategies", is_ok=may, told=told)


def _copied(source: Path, target: Path) -> None:
    """A copy that is whole and sound, made while the file is written."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as opened:
        opened.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)
    with closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as opened:
        (said,) = opened.execute("PRAGMA integrity_check").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(said)


def _copies(folder: Path, stem: str) -> Iterator[Copy]:
    if folder.is_dir():
        for file in folder.iterdir():
            if file.suffix in {".db", ".dump"} and file.name.startswith(f"{stem}-"):
                yield _copy(file, stem)


def _copy(file: Path, of: str) -> Copy:
    told = file.stat()
    return Copy(of, file.name, int(told.st_mtime * 1000), told.st_size)


def _quality(entry: DataSet) -> SetQuality:
    counted: Callable[[str], int] = lambda name: int(str(entry.quality.get(name, 0)))  # noqa: E731
    return SetQuality(
        name=entry.name,
        bars=entry.bars,
        first=entry.first,
        last=entry.last,
        missing=counted("missing"),
        gaps=counted("gaps"),
        outliers=counted("outliers"),
        told="; ".join(entry.notes),
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
