"""What a compilation is given and what it gives: light to import, unlike the compiler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.diagnostics import Diagnostic
    from dsl.ir.program import Instrument, Program
    from dsl.source import Source


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a compilation knows besides the file: it does no reading of its own.

    `instruments`: the known ones by name. `calendars`: known exchange calendars (empty: not
    checked here). `read`: the bytes of another strategy by its name beside this one, or None.
    `values`: overrides as `--set` gives them.
    """

    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    calendars: frozenset[str] = frozenset()
    read: Callable[[str], bytes | None] = lambda _: None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The program, present exactly when no finding is an error, and the findings by place."""

    program: Program | None
    findings: tuple[Diagnostic, ...]
    sources: tuple[Source, ...]
