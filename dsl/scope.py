"""The names a strategy declares, and which of them an expression may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from dsl.fold import Folding
from dsl.ir.program import TrackerOp

if TYPE_CHECKING:
    from dsl.ir.expression import Node
    from dsl.ir.program import DayRule, Instrument, ParamSpec, SessionRule
    from dsl.source import Span, Text
    from dsl.syntax import Syntax
    from dsl.units import Typed, Unit


class Level(IntEnum):
    """When a value is known: an expression is known when the last of its parts is."""

    PARAM = 0  # before the run
    ROW = 1  # at each bar's close, from bars alone
    CANDIDATE = 2  # at each bar's close, for one candidate
    SETUP = 3  # when the setup is complete, its bracket included


LEVEL_WORDS: Final = {
    Level.PARAM: "only parameters and literals are known here",
    Level.ROW: "only bars, sessions and parameters are known here; "
    "trackers and captures belong to a candidate, inside `setup:`",
    Level.CANDIDATE: "the entry, stop and target are known only once the setup is complete",
}


@dataclass(slots=True)
class Parameter:
    """A declared parameter."""

    spec: ParamSpec
    unit: Unit
    den: int
    span: Span
    used: bool = False


@dataclass(slots=True)
class Definition:
    """A named expression: a series (level ROW) or a measure (level CANDIDATE)."""

    name: Text
    text: Text
    level: Level
    on: Text | None = None
    checked: Typed | None = None
    open: bool = False
    used: bool = False


@dataclass(slots=True)
class Remembered:
    """A tracker or a capture: something a candidate remembers, with the fields asked of it.

    `value`: the expression kept (of highest, lowest, sum and of captured values), None for a bar.
    `text`: a captured expression as written, checked when it is first asked for.
    """

    name: str
    span: Span
    is_tracker: bool
    op: TrackerOp | None = None
    value: Typed | None = None
    text: Text | None = None
    level: Level = Level.ROW
    open: bool = False
    fields: dict[str, Node] = field(default_factory=dict)
    used: bool = False

    @property
    def holds_bar(self) -> bool:
        """Whether it remembers a bar, with a place in time and fields."""
        return self.op not in {TrackerOp.COUNT, TrackerOp.SUM, TrackerOp.BARS}


@dataclass(slots=True)
class Scope:
    """Everything declared, by name.

    `became`: what every written node came to, by its identity and its level; for `pieces`.
    """

    instrument: Instrument
    bar_minutes: int
    day: DayRule
    mirrored: bool
    calendars: frozenset[str] = frozenset()
    sessions: dict[str, SessionRule] = field(default_factory=dict)
    used_sessions: set[str] = field(default_factory=set)
    params: dict[str, Parameter] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    remembered: dict[str, Remembered] = field(default_factory=dict)
    events: dict[str, Span] = field(default_factory=dict)
    used_events: set[str] = field(default_factory=set)
    targets: list[str] = field(default_factory=list)
    folding: Folding = field(default_factory=Folding, repr=False, compare=False)
    became: dict[tuple[int, Level], tuple[Syntax, Typed]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def names(self, level: Level) -> list[str]:
        """Every declared name an expression of this level may use."""
        known = [*self.params]
        known += [n for n, d in self.definitions.items() if d.level <= level]
        known += [*self.sessions]
        if level >= Level.CANDIDATE:
            known += [*self.remembered]
        return known
