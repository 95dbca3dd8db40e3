"""Folders of their own for every test; calendars are built once a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.calendars import ExchangeCalendars

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def calendars(tmp_path_factory: pytest.TempPathFactory) -> ExchangeCalendars:
    return ExchangeCalendars(tmp_path_factory.mktemp("calendars"))


@pytest.fixture
def store_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    monkeypatch.setenv("ENGINE_DATA", str(folder))
    return folder
