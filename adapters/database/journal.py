"""The live journal: what is recorded is on disk when `record` returns, whatever happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from adapters.database import rows
from adapters.database.connect import database, explained, inspect_health, lock, upgrade
from adapters.database.reader import JournalReader
from adapters.database.statements import Statements, table_of
from adapters.database.tables import BarRow, FamilyRow, Source
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from engine.live.family import Family

_BAR: Final = ("minute", "open", "high", "low", "close", "volume")
_BARS: Final = table_of(BarRow).c
_FAMILIES: Final = table_of(FamilyRow).c


class Journal(JournalReader):
    """The one writer of a database; `books` is what is known now."""

    def __init__(self, engine: Engine, release: Callable[[], None]) -> None:
        """Over a database that is locked, healthy and of this version; see `Journal.begin`."""
        super().__init__(engine)
        self._release = release
        self._write = Statements.of(engine.dialect.name)
        self._seq = self.last()
        self.books, self._endings = self.load()

    @classmethod
    def begin(cls, where: str | Path, *, account: str, client: int) -> Self:
        """Open or make the journal. Raises `DatabaseError`: locked, newer, corrupt, unreachable."""
        engine = database(where)
        release = lock(engine, account, client)
        try:
            inspect_health(engine)
            upgrade(engine)
            return cls(engine, release)
        except BaseException:
            release()
            engine.dispose()
            raise

    def close(self) -> None:
        """Let go of the database; another engine may take it."""
        super().close()
        self._release()

    # --- events ---------------------------------------------------------------------------

    def record(self, *happened: ev.Event) -> Books:
        """Write events down in one transaction; the books after them.

        All or none is written. Raises `JournalError` for events that cannot be, and a
        `DatabaseError` where writing fails; the books are then as they were.
        """
        if not happened:
            return self.books
        books = self.books.after(happened)
        endings = {**self._endings, **dict(_endings(happened))}
        with explained(self._engine), self._engine.begin() as connection:
            for seq, event in enumerate(happened, self._seq + 1):
                if isinstance(event, ev.Planned):
                    _check_new(connection, event.family.name)
                connection.execute(self._write.event, rows.event_row(seq, event))
            self._project(connection, books, happened, endings)
        self._seq += len(happened)
        self.books, self._endings = books, endings
        return books

    def _project(
        self,
        connection: Connection,
        books: Books,
        happened: Sequence[ev.Event],
        endings: Mapping[str, str],
    ) -> None:
        """Bring the other tables to what the events amount to."""
        write = self._write
        for event in happened:
            match event:
                case words.Told(order=order):
                    connection.execute(write.incarnation, rows.incarnation_row(order, event.at))
                case words.Executed(execution=execution):
                    connection.execute(write.told, rows.execution_row(execution))
                case _:
                    pass
        at = max(event.at for event in happened)
        if books.account != self.books.account:
            connection.execute(write.owner, {"account": books.account, "since": at})
        for strategy in programs_changed(self.books, books):
            connection.execute(write.program, rows.program_row(strategy, books, at))
        for family in changed(self.books, books):
            ending = endings.get(family.name, "")
            connection.execute(write.family, rows.family_row(family, ending, at))
            legs = [rows.leg_row(one, books.numbers.get(one.leg.ref, 0)) for one in family.asked]
            if legs:
                connection.execute(write.leg, legs)
            if family.executions:
                executions = [rows.execution_row(one) for one in family.executions]
                connection.execute(write.execution, executions)
        before = (self.books.risk, self.books.latch, self.books.halt)
        if (books.risk, books.latch, books.halt) != before:
            connection.execute(write.risk, rows.risk_row(books))

    # --- bars and checkpoints ----------------------------------------------------------------

    def keep_bars(self, bars: Iterable[BarRow]) -> None:
        """Keep closed bars as they are decided on; one that is kept already stays as it is."""
        self._keep(bars, lambda bar, kept: None if kept else bar)

    def keep_closed(self, contract: int, source: Source, bars: Iterable[Sequence[int]]) -> None:
        """The same for many bars of one contract: minute, open, high, low, close and volume each.

        It makes no object a row, which is most of the time that keeping a bar takes.
        """
        rows = {bar[0]: dict(zip(_BAR, bar, strict=True)) for bar in bars}
        if not rows:
            return
        span = (_BARS.contract == contract, _BARS.minute.between(min(rows), max(rows)))
        common = {"contract": contract, "source": source, "revision": 0}
        with explained(self._engine), self._engine.begin() as connection:
            for minute in connection.scalars(select(_BARS.minute).where(*span)):
                rows.pop(minute, None)
            if rows:
                connection.execute(self._write.bar, [common | row for row in rows.values()])

    def keep_told_later(self, bars: Iterable[BarRow]) -> None:
        """Keep bars as the broker told them afterwards, where that is not what is known.

        What was decided on stays; what differs from it, or was never decided on, is a revision.
        """
        self._keep(bars, _revision)

    def _keep(
        self, bars: Iterable[BarRow], what: Callable[[BarRow, BarRow | None], BarRow | None]
    ) -> None:
        wanted = list(bars)
        if not wanted:
            return
        with explained(self._engine), Session(self._engine) as session:
            newest = _newest(session, wanted)
            for bar in wanted:
                row = what(bar, newest.get((bar.contract, bar.minute)))
                if row is not None:
                    newest[row.contract, row.minute] = row
                    session.add(row)
            session.commit()

    def keep_checkpoint(self, strategy: str, contract: int, minute: int, snapshot: bytes) -> None:
        """Keep what a strategy remembers after the bar at `minute`."""
        row = {"strategy": strategy, "contract": contract, "minute": minute, "snapshot": snapshot}
        with explained(self._engine), self._engine.begin() as connection:
            connection.execute(self._write.checkpoint, row)


def _check_new(connection: Connection, name: str) -> None:
    """Refuse a family that is known, be it so old that it is not at hand any more."""
    if connection.scalar(select(_FAMILIES.name).where(_FAMILIES.name == name)) is not None:
        raise JournalError(f"{name} is planned twice: a setup may enter once")


def _endings(happened: Iterable[ev.Event]) -> Iterator[tuple[str, str]]:
    """How families ended, among these events."""
    for event in happened:
        if isinstance(event, ev.Moved):
            yield event.family, event.ending


def changed(before: Books, now: Books) -> Iterator[Family]:
    """The families that are not what they were, or whose orders were sent."""
    if now.families is before.families and now.numbers is before.numbers:
        return  # most words of a broker: a year's families need not be looked through
    sent = {rows.family_in_ref(ref) for ref, _ in now.numbers.items() - before.numbers.items()}
    for name, family in now.families.items():
        known = before.families.get(name)
        if name in sent or (known is not family and known != family):
            yield family


def programs_changed(before: Books, now: Books) -> set[str]:
    """The programs, by hash, that are kept otherwise than before, or lead, or do not any more."""
    if now.recipes is before.recipes and now.leading is before.leading:
        return set()
    kept = {key for key, one in now.recipes.items() if before.recipes.get(key) != one}
    return kept | (now.leading ^ before.leading)


def _newest(session: Session, bars: Sequence[BarRow]) -> dict[tuple[int, int], BarRow]:
    """The newest revision of every kept bar in the span of these."""
    minutes = [bar.minute for bar in bars]
    query = (
        select_rows(BarRow)
        .where(col(BarRow.contract).in_({bar.contract for bar in bars}))
        .where(BarRow.minute >= min(minutes), BarRow.minute <= max(minutes))
        .order_by(col(BarRow.revision))
    )
    return {(row.contract, row.minute): row for row in session.exec(query)}


def _revision(bar: BarRow, kept: BarRow | None) -> BarRow | None:
    """The bar as the next revision of what is kept; None where it says nothing new."""
    if kept is None:
        bar.revision = 1
        return bar
    if _said(kept) == _said(bar):
        return None
    bar.revision = kept.revision + 1
    return bar


def _said(bar: BarRow) -> tuple[object, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume, bar.source == Source.GONE
