from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlmodel import Session, SQLModel, text

from adapters.database.connect import MIGRATIONS, database
from adapters.database.errors import (
    CorruptError,
    DatabaseError,
    LockedError,
    NewerError,
    UnreachableError,
)
from adapters.database.journal import Journal
from adapters.database.tables import BarRow, Source
from engine.live import events as ev
from engine.live import words
from engine.live.books import JournalError
from engine.live.family import Phase
from tests.support.broker_words import (
    ENTRY,
    FAMILY,
    NQ,
    STOP,
    asked,
    execution,
    family,
    held,
    recipe,
)

if TYPE_CHECKING:
    from pathlib import Path

PATH: tuple[ev.Event, ...] = (
    ev.Marked(1, "2026-01-06", Decimal("50000.25")),
    ev.Planned(2, family(Phase.PLANNED)),
    ev.Sending(3, ENTRY.ref, 11),
    words.Told(4, held(ENTRY)),
    words.Executed(5, execution(ENTRY)),
    words.Charged(6, "E0", 1, Decimal("2.25")),
    ev.Wanted(7, FAMILY, asked(STOP.again)),
    ev.Moved(8, FAMILY, Phase.HOLDING, "", "protected"),
    ev.Latched(9, "looked odd"),
)


def opened(where: str) -> Journal:
    return Journal.begin(where, account="DU1", client=7)


def told(where: str, statement: str) -> None:
    """Do something to a database behind the journal's back."""
    engine = database(where)
    with Session(engine) as session:
        session.exec(text(statement))  # type: ignore[call-overload]
        session.commit()
    engine.dispose()


def test_what_was_recorded_is_known_after_a_restart(where: str) -> None:
    with opened(where) as journal:
        for event in PATH:
            journal.record(event)
        before = journal.books
    with opened(where) as journal:
        assert journal.books == before
        assert [event for _, event in journal.events()] == list(PATH)
        assert journal.verify() == len(PATH)


def test_events_of_one_call_are_written_together_or_not_at_all(where: str) -> None:
    with opened(where) as journal:
        journal.record(*PATH[:2])
        before = journal.books
        with pytest.raises(JournalError):
            journal.record(PATH[2], PATH[1])
        assert journal.books == before
        assert len(journal.events()) == 2
        journal.record(PATH[2])
        assert [seq for seq, _ in journal.events()] == [1, 2, 3]


def test_a_setup_that_ended_long_ago_is_not_at_hand_and_still_enters_only_once(where: str) -> None:
    month = 30 * 24 * 3_600_000
    old = family(Phase.PLANNED)
    new = replace(old, signal=replace(old.signal, minute=old.signal.minute + 43_200))
    with opened(where) as journal:
        journal.record(ev.Planned(1, old), ev.Moved(2, FAMILY, Phase.DONE, "abandoned", "old"))
        journal.record(ev.Planned(month, new))
    with opened(where) as journal:
        assert set(journal.books.families) == {new.name}
        with pytest.raises(JournalError, match="may enter once"):
            journal.record(ev.Latched(month + 1, "with it"), ev.Planned(month + 1, old))
        assert len(journal.events()) == 3
        assert not journal.books.latch


def test_a_bar_stays_as_it_was_decided_on_and_a_correction_is_a_revision(where: str) -> None:
    def bar(minute: int, close: int, source: Source = Source.LIVE) -> BarRow:
        prices = {"open": 1, "high": 9, "low": 0, "close": close, "volume": 5}
        return BarRow(contract=NQ, minute=minute, source=source, **prices)

    def told(bars: list[BarRow]) -> list[tuple[int, int, int]]:
        return [(one.minute, one.close, one.revision) for one in bars]

    with opened(where) as journal:
        journal.keep_bars([bar(1, 4), bar(2, 4), bar(1, 5)])
        journal.keep_bars([bar(2, 5), bar(4, 4), bar(5, 4)])
        journal.keep_told_later([bar(1, 4), bar(2, 6), bar(3, 7), bar(2, 6)])
        journal.keep_told_later([bar(2, 7), bar(4, 4, Source.GONE), bar(4, 4, Source.GONE)])
        assert told(journal.bars(NQ, 1, 4)) == [(1, 4, 0), (2, 4, 0), (4, 4, 0)]
        assert told(journal.official_bars(NQ, 1, 5)) == [(1, 4, 0), (2, 7, 2), (3, 7, 1), (5, 4, 0)]


def test_a_journal_of_the_first_version_is_brought_up_to_date_with_its_bars(where: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = database(where)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001_first")
        connection.exec_driver_sql(f"INSERT INTO bar VALUES ({NQ}, 7, 1, 9, 0, 4, 5, 'history', 0)")
    engine.dispose()
    with opened(where) as journal:
        (bar,) = journal.bars(NQ, 0, 9)
        assert (bar.minute, bar.open, bar.close, bar.volume, bar.source) == (7, 1, 4, 5, "history")
        journal.keep_told_later([BarRow(contract=NQ, minute=7, open=1, high=9, low=0, close=5,
                                        volume=5, source=Source.LATER)])  # fmt: skip
        assert [bar.close for bar in journal.official_bars(NQ, 0, 9)] == [5]
        assert journal.contracts() == [NQ]
        assert journal.verify() == 0


def test_bars_kept_in_one_go_are_those_kept_one_by_one(where: str) -> None:
    with opened(where) as journal:
        journal.keep_closed(NQ, Source.WARM_UP, [(1, 1, 9, 0, 4, 5), (2, 1, 9, 0, 5, 5)])
        journal.keep_closed(NQ, Source.LIVE, [(2, 1, 9, 0, 7, 5), (3, 1, 9, 0, 6, 5)])
        journal.keep_closed(NQ, Source.LIVE, [])
        found = [
            (one.minute, one.close, one.source, one.revision) for one in journal.bars(NQ, 1, 3)
        ]
    assert found == [
        (1, 4, Source.WARM_UP, 0),
        (2, 5, Source.WARM_UP, 0),
        (3, 6, Source.LIVE, 0),
    ]


def test_a_checkpoint_replaces_the_one_before(where: str) -> None:
    with opened(where) as journal:
        assert journal.checkpoint("s", NQ) is None
        journal.keep_checkpoint("s", NQ, 1, b"old")
        journal.keep_checkpoint("s", NQ, 2, bytes(range(256)))
        assert journal.checkpoint("s", NQ) == (2, bytes(range(256)))


def test_a_second_engine_on_the_same_journal_is_refused(where: str) -> None:
    with opened(where), pytest.raises(LockedError, match="in use by another engine"):
        opened(where)
    opened(where).close()


def test_a_journal_of_a_later_version_is_left_alone(where: str) -> None:
    opened(where).close()
    told(where, "UPDATE alembic_version SET version_num = '9999_later'")
    with pytest.raises(NewerError, match="9999_later"):
        opened(where)


def test_a_table_that_says_something_else_than_the_events_is_found(where: str) -> None:
    with opened(where) as journal:
        journal.record(*PATH)
    told(where, "UPDATE risk SET peak = '60000'")
    with opened(where) as journal, pytest.raises(CorruptError, match="the account"):
        journal.verify()


def test_a_journal_knows_its_account_and_what_its_programs_are_made_of(where: str) -> None:
    first, second = recipe("ab" * 8), recipe("cd" * 8)
    with opened(where) as journal:
        journal.record(ev.Belongs(1, "DU1"), ev.Kept(1, first), ev.Kept(2, second))
        journal.record(ev.Leads(3, first.strategy), ev.Leads(3, "ef" * 8))
        journal.record(ev.Kept(4, recipe(first.strategy, "lang: 1 # said better\n")))
        with pytest.raises(JournalError, match="of DU1 cannot be one of DU2"):
            journal.record(ev.Belongs(5, "DU2"))
        before = journal.books
    with opened(where) as journal:
        assert journal.books == before
        assert journal.books.account == "DU1"
        assert journal.books.leading == {first.strategy, "ef" * 8}
        assert journal.books.recipes[first.strategy].files[0].text.endswith("better\n")
        journal.record(ev.LaidDown(6, first.strategy, "over"), ev.LaidDown(6, "ef" * 8, "over"))
        assert journal.verify() == 8
    with opened(where) as journal:
        assert not journal.books.leading
        assert set(journal.books.recipes) == {first.strategy, second.strategy}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE owner SET account = 'DU2'",
        "UPDATE program SET leads = NOT leads",
        "UPDATE program SET body = replace(body, 'lang: 1', 'lang: 2')",
    ],
)
def test_another_account_or_text_than_the_events_say_is_found(where: str, statement: str) -> None:
    with opened(where) as journal:
        journal.record(ev.Belongs(1, "DU1"), ev.Kept(1, recipe()))
    told(where, statement)
    with opened(where) as journal, pytest.raises(CorruptError, match="the programs"):
        journal.verify()


def test_a_journal_of_the_second_version_has_no_owner_until_one_connects(where: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = database(where)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002_revisions")
    engine.dispose()
    with opened(where) as journal:
        assert (journal.books.account, journal.books.recipes) == ("", {})
        journal.record(*PATH, ev.Belongs(10, "DU1"))
        assert journal.verify() == len(PATH) + 1


def test_the_last_step_of_a_program_that_leads_is_at_hand_whoever_traded_since(where: str) -> None:
    def step(at: int, strategy: str, *records: int) -> ev.Stepped:
        return ev.Stepped(at, strategy, NQ, 1, at, (0,) * 20, (), (), records)

    steps = [step(1, "old", 1), step(2, "older", 1), step(3, "new", 1), step(4, "newer")]
    with opened(where) as journal:
        journal.record(ev.Leads(1, "old"), *steps)
    with opened(where) as journal:
        assert list(journal.books.steps) == ["old", "older", "new", "newer"]
        journal.record(ev.LaidDown(5, "old", "over"))
    with opened(where) as journal:
        assert list(journal.books.steps) == ["new", "newer"]


def test_an_event_that_was_removed_is_missed(where: str) -> None:
    with opened(where) as journal:
        journal.record(*PATH)
    told(where, "DELETE FROM event WHERE seq = 4")
    with opened(where) as journal, pytest.raises(CorruptError, match="event 4 is missing"):
        journal.verify()


def test_the_migrations_make_the_tables_that_the_code_reads(where: str) -> None:
    opened(where).close()
    engine = database(where)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    engine.dispose()
    assert (MIGRATIONS / "env.py").exists()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"dear diary\n" * 500)
    with pytest.raises(CorruptError):
        opened(str(path))
    assert path.read_bytes() == b"dear diary\n" * 500


def test_a_damaged_page_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(str(path)) as journal:
        for number in range(200):
            journal.record(ev.Noticed(number, 2104, "x" * 500))
    path.with_name("journal.db-wal").unlink(missing_ok=True)
    body = bytearray(path.read_bytes())
    body[40_000:48_000] = bytes(8_000)
    path.write_bytes(bytes(body))
    with pytest.raises(CorruptError):
        opened(str(path))


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UnreachableError) as raised:
        opened("postgresql+psycopg://kim:secret@127.0.0.1:1/none")
    assert "127.0.0.1" in str(raised.value)
    assert "secret" not in str(raised.value)


WRITER = """
import sys
from dataclasses import replace
from decimal import Decimal
from adapters.database.journal import Journal
from engine.live import events as ev
with Journal.begin(sys.argv[1], account="DU1", client=7) as journal:
    for number in range(1_000_000):
        journal.record(ev.Marked(number, "2026-01-06", Decimal(number)))
        print(number, flush=True)
"""


def test_what_was_said_to_be_written_outlives_a_kill(tmp_path: Path) -> None:
    where = str(tmp_path / "journal.db")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, where], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = -1
        for line in writer.stdout:
            said = int(line)
            if said == 25:
                os.kill(writer.pid, signal.SIGKILL)
                break
        said = max([said, *(int(line) for line in writer.stdout.read().split())])
    with opened(where) as journal:
        assert journal.verify() >= said + 1
        assert journal.books.risk.equity >= said


def test_every_error_of_the_database_has_a_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "journal.db"
    folder.mkdir()
    with pytest.raises(DatabaseError) as raised:
        opened(str(folder))
    assert raised.value.remedy
