from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.database.backup import back_up, restore, verified
from adapters.database.errors import CorruptError, LockedError, UnreachableError
from adapters.database.journal import Journal
from adapters.database.reader import JournalReader
from engine.live import events as ev

if TYPE_CHECKING:
    from pathlib import Path


def opened(where: Path) -> Journal:
    return Journal.begin(where, account="DU1", client=7)


def marks(first: int, count: int) -> list[ev.Event]:
    return [ev.Marked(at, "2026-01-06", Decimal(at)) for at in range(first, first + count)]


def test_a_backup_is_taken_while_the_journal_is_written(tmp_path: Path) -> None:
    where = tmp_path / "journal.db"
    stop = threading.Event()
    with opened(where) as journal:
        journal.record(*marks(0, 50))

        def write() -> None:
            at = 50
            while not stop.is_set():
                journal.record(*marks(at, 1))
                at += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            made = [back_up(where, tmp_path / "kept" / f"{n}.db") for n in range(3)]
        finally:
            stop.set()
            writer.join()
        assert [50 <= one.events <= journal.last() for one in made] == [True, True, True]
    for one in made:
        with JournalReader.open(one.path) as copy:
            assert copy.load()[0].risk.equity == one.events - 1


def test_a_restored_journal_goes_on_where_the_backup_was(tmp_path: Path) -> None:
    where, kept = tmp_path / "journal.db", tmp_path / "kept.db"
    with opened(where) as journal:
        journal.record(*marks(0, 10))
    back_up(where, kept)
    with opened(where) as journal:
        journal.record(*marks(10, 5))
    aside = restore(kept, where)
    assert aside is not None
    with opened(where) as journal:
        assert journal.last() == 10
        journal.record(*marks(10, 1))
        assert journal.verify() == 11
    assert verified(aside) == 15


def test_a_journal_in_use_is_not_replaced(tmp_path: Path) -> None:
    where, kept = tmp_path / "journal.db", tmp_path / "kept.db"
    with opened(where) as journal:
        journal.record(*marks(0, 3))
        back_up(where, kept)
        with pytest.raises(LockedError):
            restore(kept, where)
        assert journal.verify() == 3


def test_a_damaged_backup_is_never_put_in_place(tmp_path: Path) -> None:
    where, kept = tmp_path / "journal.db", tmp_path / "kept.db"
    with opened(where) as journal:
        journal.record(*marks(0, 300))
    back_up(where, kept)
    body = bytearray(kept.read_bytes())
    body[len(body) // 2 : len(body) // 2 + 6_000] = bytes(6_000)
    kept.write_bytes(bytes(body))
    with pytest.raises(CorruptError):
        restore(kept, where)
    with opened(where) as journal:
        assert journal.verify() == 300
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".db") == [
        "journal.db",
        "kept.db",
    ]


def test_a_backup_is_never_written_over_and_needs_a_journal(tmp_path: Path) -> None:
    (tmp_path / "kept.db").write_bytes(b"")
    with pytest.raises(UnreachableError, match="exists"):
        back_up(tmp_path / "journal.db", tmp_path / "kept.db")
    with pytest.raises(UnreachableError, match="there is no journal"):
        back_up(tmp_path / "journal.db", tmp_path / "other.db")
    assert not (tmp_path / "journal.db").exists()


def test_a_server_is_dumped_by_its_own_program(server: str, tmp_path: Path) -> None:
    address = f"{server}/postgres"
    with Journal.begin(address, account="DU1", client=9) as journal:
        journal.record(*marks(0, 4))
        made = back_up(address, tmp_path / "kept.dump")
    assert made.events == 4
    assert made.path.stat().st_size > 1000
