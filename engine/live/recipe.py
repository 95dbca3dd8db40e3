"""All that makes a program and its account: kept, so that both can be made again later.

A program that is changed while something it opened is open goes on leading that to its end. Its
file may be gone by then, so the journal has its text, and whatever else decided what it means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsl.ir.program import Instrument
    from engine.execution.terms import Terms


@dataclass(frozen=True, slots=True)
class File:
    """A file of a strategy; `name` as seen from the folder of the first one."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value that a person put over one of the file: what `--set` gives."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Moments:
    """The instants of an event list as it was read: minutes since the epoch."""

    name: str
    minutes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a program was made of.

    `strategy` is its hash, `name` its own, `file` the place its text came from (empty: none);
    `files` begin with the strategy's, and go on with those that it extends.
    """

    strategy: str
    name: str
    file: str
    files: tuple[File, ...]
    values: tuple[Chosen, ...]
    instrument: Instrument
    events: tuple[Moments, ...]
    terms: Terms
