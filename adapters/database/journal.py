"""The live journal: what is recorded is on disk when `record` returns, whatever happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from sqlmodel import Session, col, func, or_, select

from adapters.database import rows
from adapters.database.connect import database, explained, inspect_health, lock, upgrade
from adapters.database.errors import CorruptError
from adapters.database.tables import (
    BarRow,
    CheckpointRow,
    EventRow,
    ExecutionRow,
    FamilyRow,
    IncarnationRow,
    LegRow,
    RiskRow,
)
from engine.live import events as ev
from engine.live.books import Books, JournalError
from engine.live.family import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Engine

    from engine.live.family import Family

_REMEMBERED: Final = 3 * 24 * 60 * 60 * 1000
"""For so many milliseconds a family that is done is kept at hand: brokers repeat themselves."""


class Journal:
    """The one writer of a database. Use as a context manager, or `close` it."""

    def __init__(self, engine: Engine, release: Callable[[], None]) -> None:
        """Over a database that is locked, healthy and of this version; see `Journal.open`."""
        self._engine = engine
        self._release = release
        self._endings: dict[str, str] = {}
        with explained(engine), Session(engine) as session:
            self._seq = session.exec(select(func.max(EventRow.seq))).one() or 0
            self.books = self._loaded(session)

    @classmethod
    def open(cls, where: str | Path, *, account: str, client: int) -> Self:
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

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the database; another engine may take it."""
        self._engine.dispose()
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

    def events(self, after: int = 0, most: int = 1 << 30) -> list[tuple[int, ev.Event]]:
        """Events with their numbers, from the one after `after` on."""
        query = select(EventRow).where(EventRow.seq > after).order_by(col(EventRow.seq)).limit(most)
        with explained(self._engine), Session(self._engine) as session:
            return [(row.seq, rows.event_of(row)) for row in session.exec(query)]

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
                case ev.Told(order=order):
                    session.merge(rows.incarnation_row(order, event.at))
                case ev.Executed(execution=execution):
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

    def _loaded(self, session: Session) -> Books:
        newest = session.exec(select(func.max(FamilyRow.changed))).one() or 0
        wanted = or_(
            FamilyRow.phase != Phase.DONE,
            FamilyRow.position != 0,
            col(FamilyRow.changed) > newest - _REMEMBERED,
        )
        found = list(session.exec(select(FamilyRow).where(wanted)))
        self._endings = {row.name: row.ending for row in found}
        families = {row.name: rows.family_in(row) for row in found}
        sent = select(LegRow.ref, LegRow.number).where(LegRow.number > 0)
        numbers = dict(session.exec(sent).all())
        living = select(IncarnationRow).where(
            col(IncarnationRow.ref).in_(
                [one.leg.ref for family in families.values() for one in family.asked]
            )
        )
        told = {row.permanent: rows.incarnation_in(row) for row in session.exec(living)}
        books = Books(families=families, incarnations=told, numbers=numbers)
        last = session.exec(select(RiskRow).order_by(col(RiskRow.date).desc()).limit(1)).first()
        return books if last is None else Books(families, told, numbers, **rows.risk_in(last))

    # --- bars and checkpoints ----------------------------------------------------------------

    def keep_bars(self, bars: Iterable[BarRow]) -> None:
        """Keep closed bars; one that differs from the kept one becomes its next revision."""
        with explained(self._engine), Session(self._engine) as session:
            for bar in bars:
                kept = session.get(BarRow, (bar.contract, bar.minute))
                if kept is not None and _prices(kept) != _prices(bar):
                    bar.revision = kept.revision + 1
                elif kept is not None:
                    continue
                session.merge(bar)
            session.commit()

    def bars(self, contract: int, first: int, last: int) -> list[BarRow]:
        """The kept bars of a contract from minute `first` to `last`, both included, in order."""
        query = (
            select(BarRow)
            .where(BarRow.contract == contract, BarRow.minute >= first, BarRow.minute <= last)
            .order_by(col(BarRow.minute))
        )
        with explained(self._engine), Session(self._engine, expire_on_commit=False) as session:
            return list(session.exec(query))

    def keep_checkpoint(self, strategy: str, contract: int, minute: int, snapshot: bytes) -> None:
        """Keep what a strategy remembers after the bar at `minute`."""
        row = CheckpointRow(strategy=strategy, contract=contract, minute=minute, snapshot=snapshot)
        with explained(self._engine), Session(self._engine) as session:
            session.merge(row)
            session.commit()

    def checkpoint(self, strategy: str, contract: int) -> tuple[int, bytes] | None:
        """The last checkpoint of a strategy on a contract: its minute and snapshot."""
        with explained(self._engine), Session(self._engine) as session:
            row = session.get(CheckpointRow, (strategy, contract))
            return None if row is None else (row.minute, row.snapshot)

    # --- proof ----------------------------------------------------------------------------------

    def verify(self) -> int:
        """Fold every event anew and compare with the tables; how many events there are.

        Raises `CorruptError` naming the first thing that differs, `JournalError` and
        `UnreadableError`.
        """
        books, count = Books(), 0
        for seq, event in self.events():
            count += 1
            if seq != count:
                raise CorruptError(f"event {count} is missing", "restore a backup")
            books = books.after((event,))
        with explained(self._engine), Session(self._engine) as session:
            for name, difference in _differences(session, books):
                raise CorruptError(f"{name} is not what the events say: {difference}", "restore")
        return count


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


def _prices(bar: BarRow) -> tuple[int, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def _differences(session: Session, books: Books) -> Iterator[tuple[str, str]]:
    kept = {row.name: row for row in session.exec(select(FamilyRow))}
    for name in sorted(set(kept) | set(books.families)):
        if name not in kept or name not in books.families:
            yield f"family {name}", "it is in one of them only"
        elif rows.family_in(kept[name]) != books.families[name]:
            yield f"family {name}", "its orders or executions differ"
    last = session.exec(select(RiskRow).order_by(col(RiskRow.date).desc()).limit(1)).first()
    said = Books() if last is None else Books(**rows.risk_in(last))
    if (said.risk, said.latch, said.halt) != (books.risk, books.latch, books.halt):
        yield "the account", "equity, peak, latch or halt differ"
