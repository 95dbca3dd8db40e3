"""Where everything lies: the words of a candidate's state and the values of a decision row.

A candidate is `ints` int64 words and `reals` float64 words. Slots are kept oldest first without
holes, so the order of slots is the order of age. The machine's own memory is `GLOBALS` words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from dsl.history import nodes_in
from dsl.ir.expression import Kind, Known, TrackerField, children
from dsl.ir.program import TrackerOp, captures_between, reasons
from engine.journal.decisions import VALUES, Decision
from engine.machine.measures import measures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node
    from dsl.ir.program import Capture, Program, Tracker

# words every candidate has
DAY, ORDINAL, START_ROW, START_MINUTE, STAGE, STAGE_ROW, STAGE_MINUTE = range(7)
HEADER: Final = 7
ROW_WORDS: Final = (START_ROW, STAGE_ROW)

# the machine's own words
LIVE, TODAY, WAS, STARTED_TODAY = range(4)
GLOBALS: Final = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """A word of a candidate: an index into its ints or its reals."""

    index: int
    kind: Kind


@dataclass(frozen=True)
class Layout:
    """The layout of one program."""

    program: Program

    @cached_property
    def slots(self) -> dict[tuple[str, str], Slot]:
        """The word of every field of every tracker and capture, by (owner, field).

        `row` is -1 while the owner holds nothing; a `bars` tracker has `row` and `last`.
        """
        words: dict[tuple[str, str], Slot] = {}
        ints, reals = HEADER, 0
        for owner, name, kind in self._wanted():
            if (owner, name) in words:
                continue
            if kind is Kind.REAL:
                words[owner, name] = Slot(reals, kind)
                reals += 1
            else:
                words[owner, name] = Slot(ints, kind)
                ints += 1
        return words

    def _wanted(self) -> list[tuple[str, str, Kind]]:
        wanted: list[tuple[str, str, Kind]] = []
        for tracker in self.program.trackers:
            wanted += [(tracker.name, *field) for field in tracker_fields(tracker)]
        for capture in self.captures.values():
            wanted += [(capture.name, "row", Kind.INT), (capture.name, "at", Kind.INT)]
            wanted += [(capture.name, name, node.kind) for name, node in capture.fields]
        return wanted

    @cached_property
    def captures(self) -> dict[str, Capture]:
        """Every capture by name."""
        found = list(self.program.start.captures)
        for stage in self.program.stages:
            for advance in stage.advance:
                found += advance.captures
        return {capture.name: capture for capture in found}

    @cached_property
    def extremes_only(self) -> frozenset[str]:
        """Highest and lowest trackers of which nobody asks on which bar the extreme was made.

        They need no branch: the value is the larger (smaller) one, and `row` only says that there
        is a value.
        """
        asked: set[str] = set(self.program.merge.same) if self.program.merge else set()
        asked |= {tracker.after for tracker in self.program.trackers if tracker.after}
        for outer in nodes_in(self.program):
            asked |= set(_asked_for_a_bar(outer))
        ops = {TrackerOp.HIGHEST, TrackerOp.LOWEST}
        return frozenset(
            tracker.name
            for tracker in self.program.trackers
            if tracker.op in ops
            and tracker.name not in asked
            and not tracker.fields
            and tracker.value is not None
            and tracker.value.kind is Kind.INT
        )

    @cached_property
    def certain(self) -> dict[str, frozenset[str]]:
        """The captures that every candidate in a stage has made, by stage."""
        stages = self.program.stages
        start = frozenset(capture.name for capture in self.program.start.captures)
        found = dict.fromkeys((stage.name for stage in stages), frozenset(self.captures))
        if stages:
            found[stages[0].name] = start
        changed = True
        while changed:
            changed = False
            for stage in stages:
                for advance in stage.advance:
                    made = found[stage.name] | {capture.name for capture in advance.captures}
                    if advance.to in found and not found[advance.to] <= made:
                        found[advance.to] &= made
                        changed = True
        return found

    @cached_property
    def measures(self) -> dict[Node, str]:
        """The expressions that are functions of their own, each with its name."""
        return measures(self.program)

    @property
    def ints(self) -> int:
        """int64 words a candidate."""
        return HEADER + sum(slot.kind is not Kind.REAL for slot in self.slots.values())

    @property
    def reals(self) -> int:
        """float64 words a candidate, one at least."""
        return max(1, sum(slot.kind is Kind.REAL for slot in self.slots.values()))

    @property
    def has_reals(self) -> bool:
        """Whether a candidate holds any float64 word."""
        return any(slot.kind is Kind.REAL for slot in self.slots.values())

    @cached_property
    def row_words(self) -> tuple[int, ...]:
        """The int words that hold row numbers: they move when old rows are dropped."""
        held = [slot.index for (_, name), slot in self.slots.items() if name in {"row", "last"}]
        return (*ROW_WORDS, *held)

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """The names a candidate can end by; decision rows refer to them by number."""
        return reasons(self.program)

    @cached_property
    def stage_names(self) -> tuple[str, ...]:
        """The stages, by number."""
        return tuple(stage.name for stage in self.program.stages)

    # --- decision rows -------------------------------------------------------------------------

    def values(self, kind: Decision, stage: int, cause: int) -> tuple[tuple[str, Kind], ...]:
        """The values of a decision, in order: (name, kind).

        A REAL value lies in the row of reals under the same position.
        """
        match kind:
            case Decision.START:
                return self.captured(self.program.start.captures)
            case Decision.ADVANCE:
                return self.captured(self._advance(stage, cause))
            case Decision.ENTRY:
                return self.entry_values
            case _:
                return ()

    def _advance(self, stage: int, cause: int) -> tuple[Capture, ...]:
        return captures_between(self.program.stages[stage], self.stage_names[cause])

    @staticmethod
    def captured(captures: tuple[Capture, ...]) -> tuple[tuple[str, Kind], ...]:
        """The fields of captures, flat."""
        return tuple(
            (f"{capture.name}.{name}", node.kind)
            for capture in captures
            for name, node in capture.fields
        )

    @cached_property
    def told(self) -> tuple[tuple[Decision, int | None, int | None, tuple[Kind, ...]], ...]:
        """What decisions tell: kind, stage and cause (None: any), and the kinds of the values."""
        found: list[tuple[Decision, int | None, int | None, tuple[Kind, ...]]] = []

        def add(kind: Decision, stage: int | None, cause: int | None) -> None:
            """One of them, where it tells any."""
            values = self.values(kind, stage or 0, cause or 0)
            if values:
                found.append((kind, stage, cause, tuple(what for _, what in values)))

        add(Decision.START, None, None)
        for number, stage in enumerate(self.program.stages):
            targets = dict.fromkeys(advance.to for advance in stage.advance)
            for to in targets:
                if to in self.stage_names:
                    add(Decision.ADVANCE, number, self.stage_names.index(to))
        add(Decision.ENTRY, None, None)
        return tuple(found)

    @cached_property
    def tells_reals(self) -> bool:
        """Whether any decision tells a REAL value that is not always na."""
        told = [(kind, kinds) for kind, _, _, kinds in self.told]
        entry = self.entry_values if self.program.risk.atr is not None else self.entry_values[:-1]
        others = (what for kind, kinds in told if kind is not Decision.ENTRY for what in kinds)
        return any(what is Kind.REAL for what in (*others, *(what for _, what in entry)))

    @cached_property
    def entry_values(self) -> tuple[tuple[str, Kind], ...]:
        """What an entry carries."""
        program = self.program
        named = [("close", Kind.INT), ("entry", Kind.INT), ("stop", Kind.INT)]
        named += [(target.name, Kind.INT) for target in program.targets]
        named += [(feature.name, feature.node.kind) for feature in program.features]
        named += [("atr", Kind.REAL)]
        return tuple(named)

    @cached_property
    def width(self) -> int:
        """int64 words a decision row."""
        counts = [len(self.entry_values), len(self.captured(self.program.start.captures))]
        for stage in self.program.stages:
            told = (captures_between(stage, advance.to) for advance in stage.advance)
            counts += [len(self.captured(captures)) for captures in told]
        return VALUES + max(counts)

    @property
    def events_a_candidate(self) -> int:
        """No candidate makes more decision rows than this on a bar."""
        return len(self.program.stages) + 2

    def events_a_bar(self, live: int) -> int:
        """No bar on which so many candidates live makes more decision rows than this."""
        return self.events_a_candidate * (live + 2)


def _asked_for_a_bar(node: Node) -> Iterator[str]:
    """Trackers whose held bar matters to an expression; `exists` asks only whether there is one."""
    if isinstance(node, Known) and isinstance(node.operand, TrackerField):
        return
    if isinstance(node, TrackerField) and node.field != "value":
        yield node.tracker
    for child in children(node):
        yield from _asked_for_a_bar(child)


def tracker_fields(tracker: Tracker) -> list[tuple[str, Kind]]:
    """The words of a tracker."""
    match tracker.op:
        case TrackerOp.BARS:
            return [("row", Kind.INT), ("last", Kind.INT)]
        case TrackerOp.COUNT | TrackerOp.SUM:
            return [("value", Kind.INT)]
        case _:
            fields: list[tuple[str, Kind]] = [("row", Kind.INT), ("at", Kind.INT)]
            if tracker.value is not None:
                fields.append(("value", tracker.value.kind))
            return fields + [(name, node.kind) for name, node in tracker.fields]
