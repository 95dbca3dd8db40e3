"""What can be known and done without a running engine: its journal is asked, and written."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapters.database.journal import Journal
    from engine.live.books import Risk
    from engine.live.events import Event
    from engine.live.family import Family

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class LastStood:
    """How an engine stood when it last wrote its journal.

    `living` are the families that are not done, with what was asked and executed; `last` the last
    events with their numbers, oldest first; `at` the instant of the last one (ms, None: there is
    none). `latch` and `halt` say why there are no entries, empty where there may be. `account` is
    whose journal it is (empty: no engine was connected yet), `programs` are the names of those that
    opened what lives, by hash (empty where none was kept).
    """

    at: int | None
    events: int
    risk: Risk
    latch: str
    halt: str
    living: tuple[Family, ...]
    last: tuple[tuple[int, Event], ...]
    account: str = ""
    programs: Mapping[str, str] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """Contracts held, signed, all families together."""
        return sum(family.position for family in self.living)


def stood(where: str | Path, most: int = _SHOWN) -> LastStood:
    """How the engine that writes this journal stood last; it may be running.

    Raises `DatabaseError` where there is no journal or it cannot be read.
    """
    from adapters.database.reader import JournalReader  # noqa: PLC0415 - SQLAlchemy, 300 ms

    with JournalReader.open(where) as journal:
        books, _ = journal.load()
        count = journal.last()
        last = tuple(journal.events(after=max(0, count - most)))
    return LastStood(
        at=last[-1][1].at if last else None,
        events=count,
        risk=books.risk,
        latch=books.latch,
        halt=books.halt,
        living=books.living,
        last=last,
        account=books.account,
        programs={
            strategy: books.recipes[strategy].name if strategy in books.recipes else ""
            for strategy in sorted({one.signal.strategy for one in books.living})
        },
    )


def halt_journal(where: str | Path, who: str, why: str, at: int | None = None) -> None:
    """Write a halt into the journal of an engine that does not run: its next start is halted.

    Raises `LockedError` where an engine writes it (then tell that one), else `DatabaseError`.
    """
    from engine.live.events import Halted  # noqa: PLC0415 - as above

    _write(where, Halted(_now() if at is None else at, who, why))


def resume_journal(where: str | Path, who: str, why: str, at: int | None = None) -> None:
    """Take a halt back in the journal of an engine that does not run. Raises as `halt_journal`."""
    from engine.live.events import Resumed  # noqa: PLC0415 - as above

    _write(where, Resumed(_now() if at is None else at, who, why))


def unlatch_journal(where: str | Path, who: str, why: str, at: int | None = None) -> None:
    """Clear the latch in the journal of an engine that does not run. Raises as `halt_journal`.

    The account that the next start goes on with is unlatched too: its drawdown counts from here.
    """
    from engine.live.events import Unlatched  # noqa: PLC0415 - as above
    from engine.live.trader import unlatched  # noqa: PLC0415 - as above

    now = _now() if at is None else at
    with closing(begun(where)) as journal:
        steps = journal.books.steps.values()
        journal.record(Unlatched(now, who, why), *(unlatched(step, now) for step in steps))


def begun(where: str | Path) -> Journal:
    """The journal as its one writer, made if it is not there. Raises `DatabaseError`.

    One engine a journal, whatever its account and client id: the books are of one account.
    """
    from adapters.database.errors import UnreachableError  # noqa: PLC0415 - as below
    from adapters.database.journal import Journal  # noqa: PLC0415 - SQLAlchemy, 300 ms

    try:
        return Journal.begin(where, account="", client=0)
    except OSError as refused:
        raise UnreachableError(
            f"the journal {where} cannot be kept: {refused.strerror or refused}",
            "name another place: --journal FILE",
        ) from None


def _write(where: str | Path, event: Event) -> None:
    with closing(begun(where)) as journal:
        journal.record(event)


def _now() -> int:
    return time.time_ns() // 1_000_000
