"""Where this program keeps things on a person's machine, for every room that keeps any."""

from __future__ import annotations

import os
from pathlib import Path

APPLICATION = "slob-engine"


def cache_folder() -> Path:
    """The folder for what can be made again: `ENGINE_CACHE`, or the user's cache folder."""
    return _named_by("ENGINE_CACHE", "user_cache_path")


def data_folder() -> Path:
    """The folder of the data sets: `ENGINE_DATA`, or the user's data folder."""
    return _named_by("ENGINE_DATA", "user_data_path")


def state_folder() -> Path:
    """The folder for what must not be lost, journals above all: `ENGINE_STATE`, or the user's."""
    return _named_by("ENGINE_STATE", "user_state_path")


def _named_by(variable: str, otherwise: str) -> Path:
    stated = os.environ.get(variable)
    if stated:
        return Path(stated).expanduser()
    import platformdirs  # noqa: PLC0415 - 8 ms that a stated folder need not pay

    found: Path = getattr(platformdirs, otherwise)(APPLICATION, appauthor=False)
    return found
