"""What people ask of a journal's past and its books do not hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from engine.live.events import Halted, Marked

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.database.reader import JournalReader
    from engine.live.events import Event

_LOOKED_AT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Past:
    """`equity` is the account's when the journal began, `halted_by` who halted it last."""

    equity: Decimal | None = None
    halted_by: str = ""

    @classmethod
    def of(cls, journal: JournalReader) -> Self:
        """What the journal's first and last events tell of it."""
        found = cls()
        ends = (journal.events(most=_LOOKED_AT), journal.events(after=journal.last() - _LOOKED_AT))
        for events in ends:
            for _, event in events:
                found = found.after(event)
        return found

    def after(self, event: Event) -> Self:
        """After one more event."""
        match event:
            case Marked(equity=equity) if self.equity is None:
                return replace(self, equity=equity)
            case Halted(who=who):
                return replace(self, halted_by=who)
            case _:
                return self
