"""A live engine from outside: how it stands, or that it does not run and what it left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.database.errors import DatabaseError
from adapters.live import offline
from adapters.live.caller import Caller, NobodyRuns
from adapters.live.places import journal_of, socket_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.live.offline import LastStood
    from adapters.live.status import Status

AGAIN: Final = 1.0
"""Seconds after which an engine that does not run is looked for again."""


@dataclass(frozen=True, slots=True)
class Absent:
    """No engine runs. `left` is what its journal says, None where that cannot be read.

    `last` is how it stood when it was last heard, None where it never was.
    """

    left: LastStood | None
    why: str
    last: Status | None = None


class Window:
    """One live engine, running or not, by its journal."""

    def __init__(self, journal: str | Path = "", socket: str | Path = "") -> None:
        """Empty: the journal of the paper account, and the socket beside the journal."""
        self.journal = journal or journal_of()
        self._caller = Caller(socket or socket_of(self.journal))
        self._last: Status | None = None

    async def watch(self) -> AsyncIterator[Status | Absent]:
        """How it stands, now and at every change, at least every two seconds, for ever."""
        while True:
            try:
                async for status in self._caller.watch():
                    self._last = status
                    yield status
            except NobodyRuns:
                yield await asyncio.to_thread(self.absent)
                await asyncio.sleep(AGAIN)

    def status(self) -> Status | None:
        """How it stands; None: nobody runs."""
        try:
            return self._caller.status()
        except NobodyRuns:
            return None

    def rejects(self) -> int:
        """Orders that the broker would not take, ever; 0 where there is no journal."""
        from adapters.database.reader import JournalReader  # noqa: PLC0415 - 300 ms

        try:
            with JournalReader.open(self.journal) as opened:
                return opened.count("refused")
        except DatabaseError:
            return 0

    def now(self) -> Status | Absent:
        """How it stands."""
        return self.status() or self.absent()

    def absent(self) -> Absent:
        """What the journal of an engine that does not run says."""
        try:
            return Absent(offline.stood(self.journal), "", self._last)
        except DatabaseError as unread:
            return Absent(None, str(unread), self._last)

    def tell(self, do: str, who: str, why: str) -> str:
        """Have it halt, resume, flatten or unlatch; what was done, in words.

        A halt, its end and a cleared latch are written into the journal where no engine runs.
        Raises `EngineRefused`, `NobodyRuns` (flatten: nobody could send the orders) and
        `DatabaseError`.
        """
        try:
            self._caller.tell(do, who, why)
        except NobodyRuns:
            if do not in _OFFLINE:
                raise
            _OFFLINE[do](self.journal, who, why)
            return f"No engine runs: {_LATER[do]}"
        return _DONE[do]


_OFFLINE: Final = {
    "halt": offline.halt_journal,
    "resume": offline.resume_journal,
    "unlatch": offline.unlatch_journal,
}
_LATER: Final = {
    "halt": "its next start is halted. Stops at the broker go on working.",
    "resume": "its next start may enter again.",
    "unlatch": "its next start is not latched.",
}
_DONE: Final = {
    "halt": "Halted: no entries from here on. Open positions stay protected.",
    "resume": "Resumed: entries may happen again.",
    "flatten": "Flattening: everything of ours goes out at the market, and entries are halted.",
    "unlatch": "The latch is cleared; the drawdown is counted from here.",
}
