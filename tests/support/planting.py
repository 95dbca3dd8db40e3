"""A mistake that is planted on purpose, as the lists of `tests.planted_bugs` write it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A change of one place: `old` stands there exactly once. `tests` are what pytest is given."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
