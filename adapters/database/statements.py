"""The statements that write the tables, built once: composing one costs more than running it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import case, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from adapters.database import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Table

    Insert = sqlite.Insert | postgresql.Insert

_INSERTS: Final[Mapping[str, Callable[[Table], Insert]]] = {
    "sqlite": sqlite.Insert,
    "postgresql": postgresql.Insert,
}


@dataclass(frozen=True, slots=True)
class Statements:
    """Each takes the columns of a row by their names.

    `event` and `bar` add a row; the others put a row in the place of the one with its key.
    `told` is the word of the broker on an execution: it never goes behind a later revision, and a
    commission that is known stays known.
    """

    event: Insert
    bar: Insert
    owner: Insert
    program: Insert
    family: Insert
    leg: Insert
    incarnation: Insert
    execution: Insert
    told: Insert
    risk: Insert
    checkpoint: Insert

    @classmethod
    def of(cls, dialect: str) -> Self:
        """In the words of a database: `sqlite` or `postgresql`."""

        def added(row: type[SQLModel]) -> Insert:
            return _INSERTS[dialect](table_of(row))

        return cls(
            event=added(tables.EventRow),
            bar=added(tables.BarRow),
            owner=_replacing(added(tables.OwnerRow)),
            program=_replacing(added(tables.ProgramRow)),
            family=_replacing(added(tables.FamilyRow)),
            leg=_replacing(added(tables.LegRow)),
            incarnation=_replacing(added(tables.IncarnationRow)),
            execution=_replacing(added(tables.ExecutionRow)),
            told=_told(added(tables.ExecutionRow)),
            risk=_replacing(added(tables.RiskRow)),
            checkpoint=_replacing(added(tables.CheckpointRow)),
        )


def table_of(row: type[SQLModel]) -> Table:
    """The table whose rows these are."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


def _replacing(added: Insert) -> Insert:
    return added.on_conflict_do_update(index_elements=_keys(added), set_=_values(added))


def _told(added: Insert) -> Insert:
    kept, said = added.table.c, added.excluded
    known = func.coalesce(said.commission, kept.commission)
    commission = case((kept.revision == said.revision, known), else_=said.commission)
    return added.on_conflict_do_update(
        index_elements=_keys(added),
        set_={**_values(added), "commission": commission},
        where=kept.revision <= said.revision,
    )


def _keys(added: Insert) -> list[str]:
    return [column.name for column in added.table.primary_key]


def _values(added: Insert) -> Mapping[str, object]:
    keys = _keys(added)
    return {name: column for name, column in added.excluded.items() if name not in keys}
