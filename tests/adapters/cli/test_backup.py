"""`engine backup`: copies that are proven, and the way back from one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.cli.backup import Shelf
from adapters.database.journal import Journal
from engine.live import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cli.conftest import Said


def marks(first: int, count: int) -> list[ev.Event]:
    return [ev.Marked(at, "2026-01-06", Decimal(at)) for at in range(first, first + count)]


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The paper account's journal, with ten events in it."""
    monkeypatch.setenv("ENGINE_STATE", str(tmp_path / "state"))
    where = tmp_path / "state" / "paper.db"
    with Journal.begin(where, account="DU1", client=17) as opened:
        opened.record(*marks(0, 10))
    return where


def test_a_copy_goes_beside_the_journal_while_it_is_written(
    engine: Callable[..., Said], journal: Path
) -> None:
    with Journal.begin(journal, account="DU1", client=17) as opened:
        said = engine("backup")
        opened.record(*marks(10, 1))
    assert (said.status, said.err) == (0, "")
    assert "10 events" in said.out
    assert "verified" in said.out
    (copy,) = (journal.parent / "backups").iterdir()
    assert copy.name.startswith("paper-")
    told = engine("backup", "--to", journal.parent / "one.db", "--json").document
    assert told["events"] == 11
    assert Path(told["backup"]).name == "one.db"
    again = engine("backup", "--to", journal.parent / "one.db")
    assert (again.status, "exists" in again.err) == (3, True)


def test_the_newest_copies_are_kept_and_no_other_file_is_touched(
    engine: Callable[..., Said], journal: Path
) -> None:
    folder = journal.parent / "kept"
    folder.mkdir()
    older = [folder / f"paper-2025010{day}-120000.db" for day in (1, 2, 3)]
    others = [folder / name for name in ("U1-20250101-120000.db", "paper-old.db", "notes.txt")]
    for file in (*older, *others):
        file.touch()
    told = engine("backup", "--to", folder, "--keep", 2, "--json").document
    assert [Path(name) for name in told["deleted"]] == older[:2]
    left = {file.name for file in folder.iterdir()}
    assert left == {*(file.name for file in others), older[2].name, Path(told["backup"]).name}
    assert Shelf(folder, "paper", ".db").copies()[-1] == Path(told["backup"])


def test_a_copy_is_put_back_and_what_was_there_is_kept(
    engine: Callable[..., Said], journal: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    assert engine("backup", "--to", copy).status == 0
    with Journal.begin(journal, account="DU1", client=17) as opened:
        opened.record(*marks(10, 5))
        held = engine("backup", "--restore", copy, "--journal", journal)
        assert (held.status, "in use by another engine" in held.err) == (3, True)
    told = engine("backup", "--restore", copy, "--journal", journal, "--json").document
    assert told["events"] == 10
    with Journal.begin(told["before"], account="DU1", client=17) as before:
        assert before.last() == 15
    elsewhere = engine("backup", "--restore", copy, "--journal", tmp_path / "new.db")
    assert "Restored: " in elsewhere.out
    assert "engine doctor" in elsewhere.out


def test_a_damaged_copy_is_refused(
    engine: Callable[..., Said], journal: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"SQLite format 3\0" + bytes(5000))
    said = engine("backup", "--restore", bad, "--journal", journal)
    assert said.status == 3
    with Journal.begin(journal, account="DU1", client=17) as opened:
        assert opened.last() == 10


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--restore", "x.db"), "say which one to replace"),
        (("--restore", "x.db", "--journal", "y.db", "--keep", 3), "goes with --journal alone"),
        (("--to", "x.db", "--keep", 3), "--to names a file"),
        (("--keep", 0), "1<=x"),
    ],
)
def test_words_that_contradict_one_another_are_wrong_usage(
    engine: Callable[..., Said], journal: Path, words: tuple[object, ...], told: str
) -> None:
    said = engine("backup", *words)
    assert (said.status, told in said.err) == (2, True)
    assert journal.exists()


def test_without_a_journal_nothing_is_made(
    engine: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_STATE", str(tmp_path / "state"))
    said = engine("backup", "--json")
    assert (said.status, said.document["error"]) == (3, "Failure")
    assert not (tmp_path / "state").exists()
    server = engine("backup", "--restore", "x.dump", "--journal", "postgresql://localhost/x")
    assert (server.status, "pg_restore" in server.err) == (3, True)
