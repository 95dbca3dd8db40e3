"""People: the first one, their passwords, who may not be taken away."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from adapters.database.connect import database
from adapters.database.errors import CorruptError, NewerError
from adapters.workshop import passwords
from adapters.workshop.deeds import Deeds
from adapters.workshop.errors import BadInput, Conflict, NoRoom, NotFound
from adapters.workshop.keeper import FILE, MIGRATIONS, Keeper, secret
from adapters.workshop.people import FIRST, People, Role
from adapters.workshop.tables import Table

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "a-long-enough-one"


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "workshop")


def test_the_first_start_makes_one_operator_and_only_one(keeper: Keeper) -> None:
    people = People(keeper)
    password = people.make_first()
    assert password is not None
    assert len(password) == 23
    person = people.checked(FIRST, password)
    assert person is not None
    assert (person.role, person.is_chosen) == (Role.OPERATOR, False)
    assert not people.has_chosen()
    assert people.make_first() is None
    people.set_password("test", FIRST, PASSWORD)
    assert people.has_chosen()
    assert people.checked(FIRST, password) is None


def test_passwords_are_kept_as_the_recommendation_says(keeper: Keeper) -> None:
    People(keeper).add("test", "olga", Role.OPERATOR, PASSWORD)
    opened = sqlite3.connect(keeper.folder / FILE)
    (kept,) = opened.execute("SELECT password_hash FROM person").fetchone()
    opened.close()
    assert kept.startswith("$argon2id$")
    assert PasswordHasher().verify(kept, PASSWORD)
    assert not PasswordHasher().check_needs_rehash(kept)


def test_nobody_is_checked_as_dearly_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = passwords._hasher()

    class Counting:
        def hash(self, password: str) -> str:
            return real.hash(password)

        def verify(self, kept: str, password: str) -> bool:
            asked.append(kept)
            return real.verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    assert not passwords.agrees(None, PASSWORD)
    assert not passwords.agrees(real.hash(PASSWORD), "another")
    assert len(asked) == 2
    assert all(kept.startswith("$argon2id$") for kept in asked)
    assert not passwords.agrees("no hash at all", PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 201])
def test_a_password_of_no_use_is_refused(keeper: Keeper, password: str) -> None:
    with pytest.raises(BadInput):
        People(keeper).add("test", "olga", Role.OPERATOR, password)
    assert People(keeper).all() == []


@pytest.mark.parametrize("name", ["", "Olga", "1st", "a b", "x" * 41, "<b>", "ol\nga", "олга"])
def test_a_name_of_no_use_is_refused(keeper: Keeper, name: str) -> None:
    with pytest.raises(BadInput):
        People(keeper).add("test", name, Role.VIEWER, PASSWORD)


def test_the_last_operator_stays(keeper: Keeper) -> None:
    people = People(keeper)
    people.add("test", "olga", Role.OPERATOR, PASSWORD)
    people.add("test", "vito", Role.VIEWER, PASSWORD)
    with pytest.raises(Conflict):
        people.disable("test", "olga")
    with pytest.raises(Conflict):
        people.set_role("test", "olga", Role.VIEWER)
    people.set_role("test", "vito", Role.OPERATOR)
    people.disable("test", "olga")
    assert people.checked("olga", PASSWORD) is None
    with pytest.raises(Conflict):
        people.disable("test", "vito")
    with pytest.raises(NotFound):
        people.enable("test", "nobody")


def test_every_change_is_a_deed_of_who_made_it(keeper: Keeper) -> None:
    changed: list[int] = []
    people = People(keeper, changed=lambda: changed.append(1))
    people.add("terminal", "olga", Role.OPERATOR, PASSWORD)
    people.add("olga", "vito", Role.VIEWER, PASSWORD)
    people.set_role("olga", "vito", Role.OPERATOR)
    people.set_password("olga", "vito", PASSWORD + "2")
    people.disable("olga", "vito")
    people.enable("olga", "vito")
    told = [(deed.who, deed.what, deed.on_what) for deed in Deeds(keeper).last()]
    assert told == [
        ("olga", "enabled", "vito"),
        ("olga", "disabled", "vito"),
        ("olga", "changed a password", "vito"),
        ("olga", "made operator", "vito"),
        ("olga", "added as viewer", "vito"),
        ("terminal", "added as operator", "olga"),
    ]
    assert len(changed) == 4
    assert [deed.what for deed in Deeds(keeper).last(1, before=2)] == ["added as operator"]


def test_many_at_once_wait_for_each_other_and_lose_nothing(keeper: Keeper) -> None:
    deeds = Deeds(keeper)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: deeds.add("olga", "did", str(number)), range(200)))
    assert {deed.on_what for deed in deeds.last(1000)} == {str(number) for number in range(200)}


def test_a_failure_leaves_nothing_of_its_transaction(keeper: Keeper) -> None:
    def began_and_failed() -> None:
        with keeper.writing() as session:
            keeper.deed(session, "olga", "began")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        began_and_failed()
    assert Deeds(keeper).last() == []


def test_the_migrations_make_the_tables_as_they_are_described(tmp_path: Path) -> None:
    Keeper(tmp_path / "made").close()
    engine = database(tmp_path / "described.db")
    Table.metadata.create_all(engine)
    engine.dispose()
    described = sqlite3.connect(tmp_path / "described.db")
    made = sqlite3.connect(tmp_path / "made" / FILE)
    for name in Table.metadata.tables:
        columns = [
            [row[1:4] + row[5:] for row in opened.execute(f"PRAGMA table_info({name})")]
            for opened in (described, made)
        ]
        assert sorted(columns[0]) == sorted(columns[1]), name
    described.close()
    made.close()
    assert sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))


def test_a_file_that_is_no_workshop_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"my diary" * 1000)
    with pytest.raises(CorruptError):
        Keeper(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"my diary" * 1000


def test_a_later_workshop_is_left_as_it_is(tmp_path: Path) -> None:
    Keeper(tmp_path).close()
    opened = sqlite3.connect(tmp_path / FILE)
    opened.execute("UPDATE alembic_version SET version_num = '9999_later'")
    opened.commit()
    opened.close()
    with pytest.raises(NewerError):
        Keeper(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoRoom, match="cannot be made"):
        Keeper(tmp_path / "file" / "workshop")


def test_the_secret_is_made_once_and_mended_where_a_start_was_cut_short(tmp_path: Path) -> None:
    first = secret(tmp_path)
    assert len(first) == 32
    assert secret(tmp_path) == first
    (tmp_path / "secret").write_bytes(b"half")
    again = secret(tmp_path)
    assert len(again) == 32
    assert again != first
