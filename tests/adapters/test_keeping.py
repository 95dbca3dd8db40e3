"""What is kept to save time is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapters.keeping import keep

if TYPE_CHECKING:
    import pytest


def test_what_is_kept_is_there_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "kept"
    assert keep(file, b"first")
    assert keep(file, b"second")
    assert file.read_bytes() == b"second"
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    assert not keep(tmp_path / "taken" / "kept", b"content")


def test_a_file_that_cannot_take_its_name_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert not keep(tmp_path / "kept", b"content")
    assert not list(tmp_path.iterdir())
