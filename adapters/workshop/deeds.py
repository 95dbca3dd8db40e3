"""What people did, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from adapters.workshop.tables import Deed as DeedRow

if TYPE_CHECKING:
    from adapters.workshop.keeper import Keeper


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a person did; `at` in milliseconds since the epoch."""

    id: int
    at: int
    who: str
    what: str
    on_what: str
    detail: str


class Deeds:
    """The deeds of a workshop."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def add(self, who: str, what: str, on_what: str = "", detail: str = "") -> None:
        """Write one down that changes nothing else here."""
        with self._keeper.writing() as session:
            self._keeper.deed(session, who, what, on_what, detail)

    def last(self, most: int = 100, before: int | None = None) -> list[Deed]:
        """The newest, or those before the one numbered `before`."""
        query = select(DeedRow).order_by(col(DeedRow.id).desc()).limit(most)
        if before is not None:
            query = query.where(col(DeedRow.id) < before)
        with self._keeper.reading() as session:
            return [
                Deed(row.id or 0, row.at, row.who, row.what, row.on_what, row.detail)
                for row in session.exec(query)
            ]
