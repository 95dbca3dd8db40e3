"""Strategies and their versions: nothing is lost, nobody is overwritten."""

from __future__ import annotations

import tempfile
import threading
from typing import TYPE_CHECKING

import pytest

from adapters.workshop.deeds import Deeds
from adapters.workshop.errors import BadInput, Conflict, NoRoom, NotFound
from adapters.workshop.keeper import Keeper
from adapters.workshop.strategies import Strategies
from adapters.workshop.versions import NewerVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "lang: 1\nstrategy: one\n"


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with Keeper(tmp_path / "workshop") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "strategies"
    made.mkdir()
    (made / "one.yaml").write_text(TEXT, encoding="utf-8")
    return made


@pytest.fixture
def kept(keeper: Keeper, folder: Path) -> Strategies:
    return Strategies(keeper, folder)


def test_a_file_that_was_there_is_the_first_version(kept: Strategies) -> None:
    opened = kept.open("one")
    assert (opened.head.number, opened.head.who, opened.head.note) == (1, "disk", "found on disk")
    assert kept.open("one").head.number == 1


def test_a_save_is_in_the_file_and_among_the_versions_with_who_and_why(
    kept: Strategies, folder: Path, keeper: Keeper
) -> None:
    version = kept.save("one", TEXT + "doc: x\n", 1, "ann", "because  of\nit")
    assert (version.number, version.who, version.why) == (2, "ann", "because of it")
    assert (folder / "one.yaml").read_text("utf-8") == TEXT + "doc: x\n"
    assert [one.number for one in kept.versions("one")] == [2, 1]
    assert kept.version("one", 1).text == TEXT
    assert [deed.what for deed in Deeds(keeper).last()] == ["saved"]


def test_saving_what_is_there_already_makes_no_version(kept: Strategies) -> None:
    assert kept.save("one", TEXT, 1, "ann").number == 1


def test_lines_end_in_one_way(kept: Strategies, folder: Path) -> None:
    kept.save("one", "a: 1\r\nb: 2", 1, "ann")
    assert (folder / "one.yaml").read_bytes() == b"a: 1\nb: 2\n"


def test_a_save_over_somebody_elses_newer_version_is_refused_and_changes_nothing(
    kept: Strategies, folder: Path
) -> None:
    kept.save("one", "a: 1\n", 1, "ann")
    with pytest.raises(NewerVersion) as refused:
        kept.save("one", "b: 1\n", 1, "bob")
    assert refused.value.theirs.who == "ann"
    assert refused.value.base.text == TEXT
    assert (folder / "one.yaml").read_text("utf-8") == "a: 1\n"
    assert [one.number for one in kept.versions("one")] == [2, 1]


def test_a_file_changed_on_disk_is_a_version_and_not_overwritten(
    kept: Strategies, folder: Path
) -> None:
    kept.open("one")
    (folder / "one.yaml").write_text("by: vim\n", encoding="utf-8")
    with pytest.raises(NewerVersion):
        kept.save("one", "mine: 1\n", 1, "ann")
    assert kept.open("one").head.note == "changed on disk"
    assert kept.open("one").head.text == "by: vim\n"


def test_of_many_who_save_at_once_one_succeeds(kept: Strategies, keeper: Keeper) -> None:
    kept.open("one")
    # as two processes would: each with a lock of its own
    desks = [Strategies(keeper, kept.folder) for _ in range(6)]
    outcomes: list[str] = []

    def save(number: int) -> None:
        try:
            desks[number].save("one", f"by: {number}\n", 1, f"p{number}")
            outcomes.append("saved")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["saved"]
    assert [one.number for one in kept.versions("one")] == [2, 1]


def test_what_is_being_traded_gets_a_draft_that_a_person_switches_to(
    keeper: Keeper, folder: Path
) -> None:
    kept = Strategies(keeper, folder, lambda: folder / "one.yaml")
    version = kept.save("one", "next: 1\n", 1, "ann")
    assert version.is_draft
    assert (folder / "one.yaml").read_text("utf-8") == TEXT
    opened = kept.open("one")
    assert opened.is_live
    assert opened.draft == version
    assert opened.in_file.number == 1
    assert kept.save("one", "next: 2\n", 2, "ann").is_draft
    with pytest.raises(Conflict):
        kept.switch("one", 2, "ann")
    kept.switch("one", 3, "ann")
    assert (folder / "one.yaml").read_text("utf-8") == "next: 2\n"
    assert kept.open("one").draft is None


def test_an_older_version_is_restored_as_a_new_one(kept: Strategies, folder: Path) -> None:
    kept.save("one", "a: 1\n", 1, "ann")
    version = kept.restore("one", 1, 2, "bob")
    assert (version.number, version.text, version.why) == (3, TEXT, "version 1 again")
    assert (folder / "one.yaml").read_text("utf-8") == TEXT


def test_a_full_disk_loses_nothing(
    kept: Strategies, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.open("one")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(NoRoom, match="No space left"):
        kept.save("one", "a: 1\n", 1, "ann")
    monkeypatch.undo()
    assert (folder / "one.yaml").read_text("utf-8") == TEXT
    assert [one.number for one in kept.versions("one")] == [1]
    assert kept.save("one", "a: 1\n", 1, "ann").number == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("  \n", "nothing to save"), ("x" * 300_000, "300,000 bytes"), ("a\x00b", "binary")],
)
def test_what_is_no_strategy_is_not_saved(kept: Strategies, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        kept.save("one", text, 1, "ann")


@pytest.mark.parametrize("name", ["../one", "a/b", "", "-", ".hidden", "<script>", "x" * 81])
def test_a_name_that_is_no_name_of_a_file_is_refused(kept: Strategies, name: str) -> None:
    with pytest.raises(BadInput):
        kept.create(name, TEXT, "ann")
    with pytest.raises(NotFound):
        kept.open(name)


def test_a_taken_name_is_refused(kept: Strategies) -> None:
    with pytest.raises(Conflict):
        kept.create("one", TEXT, "ann")
    assert kept.create("two", TEXT, "ann").number == 1


def test_a_name_that_was_used_before_goes_on_counting(kept: Strategies, folder: Path) -> None:
    kept.save("one", "a: 1\n", 1, "ann")
    (folder / "one.yaml").unlink()
    with pytest.raises(NotFound):
        kept.open("one")
    assert kept.create("one", "b: 1\n", "bob").number == 3


def test_a_variant_says_what_it_is_one_of(kept: Strategies, folder: Path) -> None:
    (folder / "two.yaml").write_text('extends: one.yaml # so\ndoc: "it says"\n', encoding="utf-8")
    assert [(one.name, one.extends, one.doc) for one in kept.all()] == [
        ("one", "", ""),
        ("two", "one", "it says"),
    ]


def test_a_link_stays_one_and_the_permissions_too(
    kept: Strategies, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere.yaml"
    target.write_text(TEXT, encoding="utf-8")
    target.chmod(0o640)
    (folder / "linked.yaml").symlink_to(target)
    kept.save("linked", "a: 1\n", 1, "ann")
    assert (folder / "linked.yaml").is_symlink()
    assert target.read_text("utf-8") == "a: 1\n"
    assert target.stat().st_mode & 0o777 == 0o640
