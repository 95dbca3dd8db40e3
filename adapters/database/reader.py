"""Reading a live journal, beside the engine that writes it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from sqlmodel import Session, col, func, or_, select

from adapters.database import rows
from adapters.database.connect import database, explained, inspect_health, require_version
from adapters.database.errors import CorruptError
from adapters.database.tables import (
    BarRow,
    CheckpointRow,
    EventRow,
    FamilyRow,
    IncarnationRow,
    LegRow,
    OwnerRow,
    ProgramRow,
    RiskRow,
    Source,
)
from engine.live import events as ev
from engine.live.books import Books
from engine.live.family import Phase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Engine

_REMEMBERED: Final = 3 * 24 * 60 * 60 * 1000
"""For so many milliseconds a family that is done is kept at hand: brokers repeat themselves."""

_FEW: Final = 20


class JournalReader:
    """What a journal says. Use as a context manager, or `close` it."""

    def __init__(self, engine: Engine) -> None:
        """Over a database of this version; see `JournalReader.open`."""
        self._engine = engine

    @classmethod
    def open(cls, where: str | Path) -> Self:
        """Open a journal that is there. Raises `DatabaseError`; nothing is made or changed."""
        engine = database(where, reading=True)
        require_version(engine)
        return cls(engine)

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
        """Let go of the database."""
        self._engine.dispose()

    def events(
        self, after: int = 0, most: int = 1 << 30, kinds: Collection[str] = ()
    ) -> list[tuple[int, ev.Event]]:
        """Events with their numbers, from the one after `after` on; of all kinds unless named."""
        query = select(EventRow).where(EventRow.seq > after).order_by(col(EventRow.seq)).limit(most)
        if kinds:
            query = query.where(col(EventRow.kind).in_(kinds))
        with explained(self._engine), Session(self._engine) as session:
            return [(row.seq, rows.event_of(row)) for row in session.exec(query)]

    def last(self) -> int:
        """The number of the last event; 0 where there is none."""
        with explained(self._engine), Session(self._engine) as session:
            return session.exec(select(func.max(EventRow.seq))).one() or 0

    def count(self, kind: str) -> int:
        """How many events of a kind there are."""
        query = select(func.count()).where(EventRow.kind == kind)
        with explained(self._engine), Session(self._engine) as session:
            return session.exec(query).one()

    def load(self) -> tuple[Books, dict[str, str]]:
        """The books as the tables have them, and how the families in them ended.

        Families that are done, flat and old are left out.
        """
        with explained(self._engine), Session(self._engine) as session:
            return _loaded(session)

    def bars(self, contract: int, first: int, last: int) -> list[BarRow]:
        """The bars of a contract that were decided on, from minute `first` to `last`, in order."""
        return [bar for bar in self._bars(contract, first, last) if bar.revision == 0]

    def official_bars(self, contract: int, first: int, last: int) -> list[BarRow]:
        """The same bars as the broker told them last; what it took back is not among them."""
        newest = {bar.minute: bar for bar in self._bars(contract, first, last)}
        return [bar for bar in newest.values() if bar.source != Source.GONE]

    def contracts(self) -> list[int]:
        """The contracts that bars are kept of, those first whose bars began first."""
        began = func.min(col(BarRow.minute))
        query = select(BarRow.contract).group_by(col(BarRow.contract)).order_by(began)
        with explained(self._engine), Session(self._engine) as session:
            return list(session.exec(query))

    def _bars(self, contract: int, first: int, last: int) -> list[BarRow]:
        """Every revision, both ends included, in order of minutes and then of revisions."""
        query = (
            select(BarRow)
            .where(BarRow.contract == contract, BarRow.minute >= first, BarRow.minute <= last)
            .order_by(col(BarRow.minute), col(BarRow.revision))
        )
        with explained(self._engine), Session(self._engine, expire_on_commit=False) as session:
            return list(session.exec(query))

    def checkpoint(self, strategy: str, contract: int) -> tuple[int, bytes] | None:
        """The last checkpoint of a strategy on a contract: its minute and snapshot."""
        with explained(self._engine), Session(self._engine) as session:
            row = session.get(CheckpointRow, (strategy, contract))
            return None if row is None else (row.minute, row.snapshot)

    # --- proof ----------------------------------------------------------------------------------

    def verify(self) -> int:
        """Prove the file sound, fold every event anew, compare with the tables; count the events.

        Raises `CorruptError` naming the first thing that differs, `JournalError` and
        `UnreadableError`.
        """
        inspect_health(self._engine)
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


def _loaded(session: Session) -> tuple[Books, dict[str, str]]:
    newest = session.exec(select(func.max(FamilyRow.changed))).one() or 0
    wanted = or_(
        FamilyRow.phase != Phase.DONE,
        FamilyRow.position != 0,
        col(FamilyRow.changed) > newest - _REMEMBERED,
    )
    found = list(session.exec(select(FamilyRow).where(wanted)))
    endings = {row.name: row.ending for row in found}
    families = {row.name: rows.family_in(row) for row in found}
    sent = select(LegRow.ref, LegRow.number).where(LegRow.number > 0)
    numbers = dict(session.exec(sent).all())
    living = select(IncarnationRow).where(
        col(IncarnationRow.ref).in_(
            [one.leg.ref for family in families.values() for one in family.asked]
        )
    )
    told = {row.permanent: rows.incarnation_in(row) for row in session.exec(living)}
    books = _with_programs(session, Books(families=families, incarnations=told, numbers=numbers))
    open_of = {family.signal.strategy for family in books.living}
    books = replace(books, steps=_steps(session, open_of | books.leading))
    last = session.exec(select(RiskRow).order_by(col(RiskRow.date).desc()).limit(1)).first()
    if last is not None:
        books = replace(books, **rows.risk_in(last))
    return books, endings


def _with_programs(session: Session, books: Books) -> Books:
    """The books with whose they are, and with the programs that wrote them."""
    owner = session.exec(select(OwnerRow.account)).first()
    found = list(session.exec(select(ProgramRow)))
    return replace(
        books,
        account=owner or "",
        recipes={row.strategy: rows.recipe_in(row) for row in found if row.body},
        leading=frozenset(row.strategy for row in found if row.leads),
    )


def _steps(session: Session, wanted: AbstractSet[str]) -> dict[str, ev.Stepped]:
    """The last step of the strategy that traded last, and of those that only began after it.

    By strategy, the one that traded last first; so the newest step is the last. Of `wanted`
    strategies, which have something open, too, be it before all those.
    """
    query = select(EventRow).where(EventRow.kind == "stepped").order_by(col(EventRow.seq).desc())
    newest: dict[str, ev.Stepped] = {}
    has_traded = False
    with closing(session.exec(query.execution_options(yield_per=_FEW))) as found:
        for row in found:
            event = rows.event_of(row)
            assert isinstance(event, ev.Stepped)
            newest.setdefault(event.strategy, event)
            has_traded = has_traded or bool(event.records)
            if has_traded and wanted <= newest.keys():
                break
    return dict(reversed(newest.items()))


def _differences(session: Session, books: Books) -> Iterator[tuple[str, str]]:
    kept = {row.name: row for row in session.exec(select(FamilyRow))}
    for name in sorted(set(kept) | set(books.families)):
        if name not in kept or name not in books.families:
            yield f"family {name}", "it is in one of them only"
        elif rows.family_in(kept[name]) != books.families[name]:
            yield f"family {name}", "its orders or executions differ"
    programs = _with_programs(session, Books())
    if (programs.account, programs.recipes, programs.leading) != (
        books.account, books.recipes, books.leading,
    ):  # fmt: skip
        yield "the programs", "whose account it is, what they are made of or who leads differ"
    last = session.exec(select(RiskRow).order_by(col(RiskRow.date).desc()).limit(1)).first()
    said = Books() if last is None else Books(**rows.risk_in(last))
    if (said.risk, said.latch, said.halt) != (books.risk, books.latch, books.halt):
        yield "the account", "equity, peak, latch or halt differ"
