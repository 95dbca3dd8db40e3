"""The strategies of a folder and every version they had.

The files are the truth: what the command line and the live engine read. A version is a text that a
file had, or shall have; one that somebody made in an editor of their own is found and kept as
"changed on disk". Nobody's text is ever lost: a save over a newer version is refused, and a
strategy that is being traded gets a draft, which a person switches to. To look needs no room: a
file that changed on a full disk is shown as the version that it will be.
"""

from __future__ import annotations

import re
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Final

from sqlmodel import col, select

from adapters.workshop import texts
from adapters.workshop.errors import BadInput, Conflict, NoRoom, NotFound
from adapters.workshop.tables import Version as Row
from adapters.workshop.versions import ENDING, Entry, NewerVersion, Opened, Version, entry_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlmodel import Session

    from adapters.workshop.keeper import Keeper

DISK: Final = "disk"
"""Who made a version that nobody saved here."""

WHY_MOST: Final = 500
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")


class Strategies:
    """Lists, opens and saves the strategies of a folder.

    `live` says which file is being traded now, None where none is. Every method may raise
    `NoRoom` and `adapters.database.errors.DatabaseError`.
    """

    def __init__(
        self, keeper: Keeper, folder: Path, live: Callable[[], Path | None] = lambda: None
    ) -> None:
        self._keeper = keeper
        self.folder = folder
        self._live = live
        self._lock = RLock()

    # --- to see -------------------------------------------------------------------------------

    def all(self) -> list[Entry]:
        """Every strategy, by name. Files that changed on disk have become versions."""
        names = sorted(
            file.stem
            for file in self.folder.glob(f"*{ENDING}")
            if _NAME.fullmatch(file.stem) and file.is_file()
        )
        live = self._live_file()
        found = []
        for name in names:
            with suppress(NotFound):  # removed between the listing and now
                found.append(entry_of(self._opened(name, live)))
        return found

    def open(self, name: str) -> Opened:
        """The newest version of a strategy. Raises `NotFound`."""
        return self._opened(name, self._live_file())

    def versions(self, name: str) -> list[Version]:
        """Every version, the newest first. Raises `NotFound`."""
        head = self.open(name).head
        with self._keeper.reading() as session:
            query = select(Row).where(Row.strategy == name).order_by(col(Row.number).desc())
            kept = [_version(row) for row in session.exec(query)]
        return kept if head.is_kept else [head, *kept]

    def version(self, name: str, number: int) -> Version:
        """One version. Raises `NotFound`."""
        _require_name(name)
        with self._keeper.reading() as session:
            row = session.exec(
                select(Row).where(Row.strategy == name, Row.number == number)
            ).first()
        if row is not None:
            return _version(row)
        head = self.open(name).head
        if head.number != number:
            raise NotFound(f"{name} has no version {number}")
        return head

    # --- to change ----------------------------------------------------------------------------

    def save(self, name: str, text: str, base: int, who: str, why: str = "") -> Version:
        """Keep a text as the newest version, and write the file unless it is being traded.

        `base` is the version that the text was made from. What is the newest text already makes
        no version. Raises `NewerVersion`, `NotFound`, `BadInput`, `NoRoom`.
        """
        text = texts.clean(text)
        with self._lock:
            opened = self.open(name)
            if opened.head.number != base:
                if opened.head.text == text:
                    return opened.head
                raise NewerVersion(self.version(name, base), opened.head)
            if opened.head.text == text:
                return opened.head
            if not opened.head.is_kept:
                raise NoRoom(opened.head.note, "make room on the disk first")
            return self._put(opened, text, who, why)

    def restore(self, name: str, number: int, base: int, who: str) -> Version:
        """Make an older text the newest version. Raises as `save`."""
        older = self.version(name, number)
        return self.save(name, older.text, base, who, f"version {number} again")

    def switch(self, name: str, number: int, who: str, why: str = "") -> Version:
        """Put a draft into the file; what trades goes on as it is until it is started again.

        Raises `Conflict` where it is not the newest or no draft, `NotFound`, `NoRoom`.
        """
        with self._lock:
            opened = self.open(name)
            if opened.draft is None or opened.draft.number != number:
                raise Conflict(
                    f"version {number} of {name} is not the draft that waits",
                    "load the page again to see what is",
                )
            with self._keeper.writing() as session:
                row = self._row(session, name, number)
                row.is_draft = False
                row.note = "switched to"
                session.add(row)
                self._keeper.deed(session, who, "switched", f"{name} {number}", why[:WHY_MOST])
                session.flush()
                texts.write(self._file(name), row.text)
                return _version(row)

    def create(self, name: str, text: str, who: str, why: str = "") -> Version:
        """A new strategy. Raises `Conflict` where the name is taken, `BadInput`, `NoRoom`."""
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"`{name[:40]}` cannot be the name of a strategy",
                "use letters, digits, _ and -, 80 at most",
                field="name",
            )
        text = texts.clean(text)
        with self._lock:
            if self._file(name).exists():
                raise Conflict(f"there is a strategy {name} already", "choose another name")
            with self._keeper.writing() as session:
                number = self._last(session, name) + 1
                row = self._add(session, name, number, text, who, why or "begun", "")
                self._keeper.deed(session, who, "created", name, why[:WHY_MOST])
                session.flush()
                texts.write(self._file(name), text)
                return _version(row)

    # --- inside -------------------------------------------------------------------------------

    def _opened(self, name: str, live: Path | None) -> Opened:
        _require_name(name)
        with self._lock:
            file = self._file(name)
            text = texts.read(file, name)
            rows = self._newest(name)
            in_file = next((row for row in rows if not row.is_draft), None)
            is_live = live is not None and live == file.resolve()
            if in_file is None or in_file.sha != texts.digest(text):
                try:
                    self._found(name)
                except NoRoom as full:
                    number = rows[0].number + 1 if rows else 1
                    seen = self._unkept(name, number, text, str(full))
                    return Opened(name, seen, seen, is_live)
                rows = self._newest(name)
                in_file = next(row for row in rows if not row.is_draft)
            return Opened(name, _version(rows[0]), _version(in_file), is_live)

    def _unkept(self, name: str, number: int, text: str, why: str) -> Version:
        """What is on disk as the version that it will be, once there is room."""
        note = f"not kept yet: {why}"
        return Version(
            name, number, text, DISK, self._keeper.now(), "", note, is_draft=False, is_kept=False
        )

    def _newest(self, name: str) -> list[Row]:
        """The newest version, and the newest that is no draft."""
        with self._keeper.reading() as session:
            query = select(Row).where(Row.strategy == name).order_by(col(Row.number).desc())
            newest = session.exec(query.limit(1)).first()
            if newest is None:
                return []
            in_file = session.exec(query.where(col(Row.is_draft).is_(False)).limit(1)).first()
            return [newest] + ([in_file] if in_file and in_file.id != newest.id else [])

    def _found(self, name: str) -> None:
        """Keep what somebody wrote into the file without the workshop.

        Another process may be saving: its file is there before its version is. Who may write sees
        both as they are, so both are looked at again.
        """
        with self._keeper.writing() as session:
            text = texts.read(self._file(name), name)
            query = select(Row).where(Row.strategy == name, col(Row.is_draft).is_(False))
            last = session.exec(query.order_by(col(Row.number).desc()).limit(1)).first()
            if last is not None and last.sha == texts.digest(text):
                return
            number = self._last(session, name) + 1
            note = "found on disk" if last is None else "changed on disk"
            self._add(session, name, number, text, DISK, "", note)

    def _put(self, opened: Opened, text: str, who: str, why: str) -> Version:
        name, number = opened.name, opened.head.number + 1
        # after a draft comes a draft: the file changes when somebody switches
        draft = opened.is_live or opened.head.is_draft
        note = ("a draft: it is being traded" if opened.is_live else "a draft") if draft else ""
        with self._keeper.writing() as session:
            if self._last(session, name) != opened.head.number:
                raise NewerVersion(opened.head, self._head(session, name))
            row = self._add(session, name, number, text, who, why, note, is_draft=draft)
            what = "drafted" if draft else "saved"
            self._keeper.deed(session, who, what, f"{name} {number}", why[:WHY_MOST])
            session.flush()
            if not draft:
                self._require_unchanged(name, opened)
                texts.write(self._file(name), text)
            return _version(row)

    def _require_unchanged(self, name: str, opened: Opened) -> None:
        """Raise where the file was written since it was read, a moment ago."""
        if texts.read(self._file(name), name) != opened.in_file.text:
            raise Conflict(
                f"the file of {name} was changed on disk just now", "load it again; save then"
            )

    def _add(
        self,
        session: Session,
        name: str,
        number: int,
        text: str,
        who: str,
        why: str,
        note: str,
        *,
        is_draft: bool = False,
    ) -> Row:
        row = Row(
            strategy=name,
            number=number,
            text=text,
            sha=texts.digest(text),
            who=who,
            at=self._keeper.now(),
            why=" ".join(why.split())[:WHY_MOST],
            note=note,
            is_draft=is_draft,
        )
        session.add(row)
        return row

    @staticmethod
    def _last(session: Session, name: str) -> int:
        query = select(Row.number).where(Row.strategy == name).order_by(col(Row.number).desc())
        return session.exec(query.limit(1)).first() or 0

    @staticmethod
    def _head(session: Session, name: str) -> Version:
        query = select(Row).where(Row.strategy == name).order_by(col(Row.number).desc())
        return _version(session.exec(query.limit(1)).one())

    @staticmethod
    def _row(session: Session, name: str, number: int) -> Row:
        return session.exec(select(Row).where(Row.strategy == name, Row.number == number)).one()

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}{ENDING}"

    def _live_file(self) -> Path | None:
        found = self._live()
        return None if found is None else found.resolve()


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise NotFound(f"there is no strategy {name[:40]!r}", "see the list of strategies")


def _version(row: Row) -> Version:
    return Version(
        row.strategy, row.number, row.text, row.who, row.at, row.why, row.note, row.is_draft
    )
