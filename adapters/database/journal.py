"""The live journal: what is recorded is on disk when `record` returns, whatever happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import insert
from sqlmodel import Session, col, select

from adapters.database import rows
from adapters.database.connect import database, explained, inspect_health, lock, upgrade
from adapters.database.reader import JournalReader
from adapters.database.tables import BarRow, CheckpointRow, ExecutionRow, FamilyRow, Source
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from engine.live.family import Family

_BAR: Final = ("minute", "open", "high", "low", "close", "volume")


class Journal(JournalReader):
    """The one writer of a database; `books` is what is known now."""

    def __init__(self, engine: Engine, release: Callable[[], None]) -> None:
        """Over a database that is locked, healthy and of this version; see `Journal.begin`."""
        super().__init__(engine)
        self._release = release
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
        books = self.books.after(happened)
        endings = {**self._endings, **dict(_endings(happened))}
        with explained(self._engine), Session(self._engine) as session:
            for seq, event in enumerate(happened, self._seq + 1):
                if isinstance(event, ev.Planned):
                    _check_new(session, event.family.name)
                session.add(rows.event_row(seq, event))
            self._project(session, books, happened, endings)
            session.commit()
        self._seq += len(happened)
        self.books, self._endings = books, endings
        return books

    def _project(
        self,
        session: Session,
        books: Books,
        happened: Sequence[ev.Event],
        endings: Mapping[str, str],
    ) -> None:
        """Bring the other tables to what the events amount to."""
        at = max((event.at for event in happened), default=0)
        for event in happened:
            match event:
                case words.Told(order=order):
                    session.merge(rows.incarnation_row(order, event.at))
                case words.Executed(execution=execution):
                    _merge_execution(session, rows.execution_row(execution))
                case _:
                    pass
        for family in changed(self.books, books):
            session.merge(rows.family_row(family, endings.get(family.name, ""), at))
            for asked in family.asked:
                session.merge(rows.leg_row(asked, books.numbers.get(asked.leg.ref, 0)))
            for execution in family.executions:
                session.merge(rows.execution_row(execution))
        before = (self.books.risk, self.books.latch, self.books.halt)
        if (books.risk, books.latch, books.halt) != before:
            session.merge(rows.risk_row(books))

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
        span = (BarRow.contract == contract, col(BarRow.minute).between(min(rows), max(rows)))
        with explained(self._engine), Session(self._engine) as session:
            for minute in session.exec(select(BarRow.minute).where(*span)):
                rows.pop(minute, None)
            common = {"contract": contract, "source": source, "revision": 0}
            if rows:
                session.execute(insert(BarRow), [{**common, **row} for row in rows.values()])
            session.commit()

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
        row = CheckpointRow(strategy=strategy, contract=contract, minute=minute, snapshot=snapshot)
        with explained(self._engine), Session(self._engine) as session:
            session.merge(row)
            session.commit()


def _check_new(session: Session, name: str) -> None:
    """Refuse a family that is known, be it so old that it is not at hand any more."""
    if session.get(FamilyRow, name) is not None:
        raise JournalError(f"{name} is planned twice: a setup may enter once")


def _endings(happened: Iterable[ev.Event]) -> Iterator[tuple[str, str]]:
    """How families ended, among these events."""
    for event in happened:
        if isinstance(event, ev.Moved):
            yield event.family, event.ending


def changed(before: Books, now: Books) -> Iterator[Family]:
    """The families that are not what they were, or whose orders were sent."""
    for name, family in now.families.items():
        refs = [one.leg.ref for one in family.asked]
        sent = any(before.numbers.get(ref) != now.numbers.get(ref) for ref in refs)
        if sent or before.families.get(name) != family:
            yield family


def _merge_execution(session: Session, row: ExecutionRow) -> None:
    """Keep an execution unless a later revision is kept; a known commission stays known."""
    kept = session.get(ExecutionRow, row.key)
    if kept is not None and kept.revision > row.revision:
        return
    if kept is not None and kept.revision == row.revision and row.commission is None:
        row.commission = kept.commission
    session.merge(row)


def _newest(session: Session, bars: Sequence[BarRow]) -> dict[tuple[int, int], BarRow]:
    """The newest revision of every kept bar in the span of these."""
    minutes = [bar.minute for bar in bars]
    query = (
        select(BarRow)
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
