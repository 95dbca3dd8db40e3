"""What a live journal must be, and what it says a person should know before it is gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapters.preflight.check import Check, Found, failed, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.ir.program import Program


def checks(where: str | Path, program: Program | None, account: str = "") -> Iterator[Check]:
    """The checks; `program` is the one that is about to trade, if there is one.

    `account` is the one that was typed, empty where none was.
    """
    yield Check("journal", lambda: journal(where))
    yield Check("engine", lambda: engine(where))
    yield Check("entries", lambda: entries(where))
    yield Check("owner", lambda: owner(where, account))
    yield Check("positions", lambda: positions(where, program))


def is_there(where: str | Path) -> bool:
    """Whether there is something to read."""
    return "://" in str(where) or Path(where).expanduser().exists()


def journal(where: str | Path) -> Found:
    """Sound, of this version, and every event folds into what the tables say."""
    from adapters.database.connect import shown  # noqa: PLC0415 - SQLAlchemy, 300 ms
    from adapters.database.errors import DatabaseError  # noqa: PLC0415 - as above
    from adapters.database.reader import JournalReader  # noqa: PLC0415 - as above
    from engine.live.books import JournalError  # noqa: PLC0415 - as above
    from engine.live.codec import UnreadableError  # noqa: PLC0415 - as above

    if not is_there(where):
        return ok(f"none yet at {where}: the first start makes it")
    try:
        with JournalReader.open(where) as opened:
            events = opened.verify()
    except DatabaseError as broken:
        return failed(str(broken), broken.remedy)
    except (JournalError, UnreadableError) as broken:
        return failed(f"{shown(where)}: {broken}", "restore a backup: engine backup --restore FILE")
    return ok(f"{events:,} events in {shown(where)}, sound")


def engine(where: str | Path) -> Found:
    """Whether one runs with this journal."""
    from adapters.live.caller import Caller, EngineRefused, NobodyRuns  # noqa: PLC0415
    from adapters.live.places import socket_of  # noqa: PLC0415 - its one use

    try:
        found = Caller(socket_of(where)).status()
    except NobodyRuns:
        return ok("none runs with this journal")
    except EngineRefused as refused:
        return warning(f"one runs and says: {refused.text}", refused.remedy)
    return ok(f"process {found.process.pid} runs {found.process.strategy}: {found.state.value}")


def entries(where: str | Path) -> Found:
    """Whether a latch or a person forbids them."""
    if not is_there(where):
        return ok("nothing forbids them")
    from adapters.live.offline import stood  # noqa: PLC0415 - SQLAlchemy, 300 ms

    found = stood(where)
    if found.latch:
        return warning(f"latched: {found.latch}", "look into it, then: engine unlatch --why TEXT")
    if found.halt:
        return warning(f"halted: {found.halt}", "engine live resume")
    return ok("nothing forbids them")


def owner(where: str | Path, account: str) -> Found:
    """Whose account the journal is of."""
    if not is_there(where):
        return ok("whose account it will be is written down by the first start")
    from adapters.live.errors import BadAccount  # noqa: PLC0415 - its one use
    from adapters.live.offline import stood  # noqa: PLC0415 - SQLAlchemy, 300 ms
    from adapters.live.plan import check_owner  # noqa: PLC0415 - as above

    found = stood(where).account
    if not found:
        return ok("no engine was connected with this journal yet")
    try:
        check_owner(str(where), found, account)
    except BadAccount as other:
        return failed(other.message, other.remedy)
    return ok(f"the journal is of account {found}")


def positions(where: str | Path, program: Program | None) -> Found:
    """What is open by the journal, and whose it is."""
    if not is_there(where):
        return ok("none")
    from adapters.live.offline import stood  # noqa: PLC0415 - SQLAlchemy, 300 ms
    from dsl.ir.text import program_hash  # noqa: PLC0415 - its one use

    found = stood(where)
    if not found.living:
        return ok("none by the journal")
    told = ", ".join(f"{one.signal.candidate} ({one.position:+d})" for one in found.living)
    others = found.programs.keys() - ({program_hash(program)} if program is not None else set())
    if program is None or not others:
        return ok(f"{told} by the journal")
    whose = ", ".join(sorted(others))
    lost = not_again(where, others)
    if lost:
        return failed(
            f"{told}: opened by another program ({whose}), which cannot lead it: {lost}",
            "start the strategy file as it was then until it is out, or engine live flatten; "
            "else its own orders and its session's end lead it",
        )
    return warning(
        f"{told}: opened by another program ({whose})",
        "the engine makes that one again and has it lead them to their end; nothing enters before",
    )


def not_again(where: str | Path, programs: Iterable[str]) -> str:
    """Why one of these programs cannot be made again from the journal; empty: all can."""
    from adapters.database.reader import JournalReader  # noqa: PLC0415 - SQLAlchemy, 300 ms
    from adapters.live.recipes import NotAgain, program_again  # noqa: PLC0415 - brings numpy

    with JournalReader.open(where) as journal:
        recipes = journal.load()[0].recipes
    for strategy in sorted(programs):
        if strategy not in recipes:
            return "the journal has no text of it: an older engine wrote it down"
        try:
            program_again(recipes[strategy])
        except NotAgain as why:
            return str(why)
    return ""
