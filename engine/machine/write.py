"""Expressions of a candidate to source: what it captured, what its trackers hold, and of these."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir.expression import Kind
from dsl.ir.program import Tracker, TrackerOp
from engine.machine.inputs import Inputs, can_be_na
from engine.machine.layout import (
    STAGE_MINUTE,
    STAGE_ROW,
    START_MINUTE,
    START_ROW,
    Layout,
)
from engine.machine.lines import Lines, Value, joined
from engine.machine.rows import ARRAYS, NOW, Place, RowWriter

if TYPE_CHECKING:
    from dsl.ir.expression import Node

CLOCKS: Final = {
    ("start", "row"): START_ROW,
    ("start", "minute"): START_MINUTE,
    ("stage", "row"): STAGE_ROW,
    ("stage", "minute"): STAGE_MINUTE,
}
MADE: Final = re.compile(r"\s*(\w+) = ")
VARIABLE: Final = re.compile(r"\b[A-Za-z]\w*\b(?!\()")
FIXED: Final = frozenset(keyword.kwlist) | {"NA", "NAN", "WHOLE", "BLOCKS"}


class Writer(RowWriter):
    """Writes expressions of one program, those of the candidate at hand among them."""

    def __init__(
        self, layout: Layout, inputs: Inputs, lines: Lines, *, local: bool = False
    ) -> None:
        """A writer that adds statements to `lines` and asks for `inputs`.

        `local`: the words of the candidate are local variables, not places in `S` and `F`.
        """
        super().__init__(inputs, lines)
        self.local = local
        self.layout = layout
        self.trackers = {tracker.name: tracker for tracker in layout.program.trackers}
        self.bracket: dict[tuple[str, int], str] = {}
        self.certain: frozenset[str] = frozenset()
        """Captures that the candidate at hand has made."""
        self._measures = dict(layout.measures)
        self._arguments: dict[str, str] = {}
        self.functions: list[str] = []
        """The text of each function that was called for."""

    def _there(self, node: Node, place: Place) -> Value | None:
        """What stands in a local variable, or comes from a function of its own."""
        found = super()._there(node, place)
        return self._measured(node) if found is None and node in self._measures else found

    def _number(self, node: Node, place: Place) -> Value:
        match node:
            case ir.TrackerField():
                return self._tracker_field(node)
            case ir.CaptureField():
                return self._word(node.capture, node.field, self._captured(node.capture))
            case ir.CandidateClock(of, unit):
                return Value(self.header(CLOCKS[of, unit]))
            case ir.Aggregate():
                return self._aggregate(node)
            case ir.Bracket(part, index):
                return Value(self.bracket[part, index])
            case _:
                return super()._number(node, place)

    # --- measures ------------------------------------------------------------------------------

    def _measured(self, node: Node) -> Value:
        """A call of the function that gives the number."""
        name = self._measures[node]
        if name not in self._arguments:
            self._define(node, name)
        found = self.lines.named(f"{name}({self._arguments[name]})", "u")
        return Value(found) if node.kind is Kind.REAL else Value(found, (f"({found} != NA)",))

    def _define(self, node: Node, name: str) -> None:
        """Writes the function: its arguments are what its text reads and does not make."""
        around = self.lines, self.certain, self.hoisted
        self.lines, self.certain, self.hoisted = Lines(), frozenset(), {}
        self.lines.depth = 1
        del self._measures[node]
        value = self.value(node)
        self._measures[node] = name
        self.lines.add(
            f"return {value.code} if {value.ok} else NA" if value.oks else f"return {value.code}"
        )
        lines = self.lines.lines
        self.lines, self.certain, self.hoisted = around
        made = {found[1] for line in lines if (found := MADE.match(line))}
        read = {word for line in lines for word in VARIABLE.findall(line)} - made - FIXED
        self._arguments[name] = ", ".join(sorted(read))
        self.functions.append("\n".join([f"def {name}({self._arguments[name]}):", *lines]) + "\n")

    # --- words ---------------------------------------------------------------------------------

    def header(self, word: int) -> str:
        """The code of a word that every candidate has."""
        return f"s{word}" if self.local else f"S[b + {word}]"

    def word(self, owner: str, field: str) -> str:
        """The code of a word of the candidate."""
        slot = self.layout.slots[owner, field]
        if slot.kind is not Kind.REAL:
            return self.header(slot.index)
        return f"f{slot.index}" if self.local else f"F[f + {slot.index}]"

    def _captured(self, name: str) -> str:
        """Whether a capture was made; what the start captures always is."""
        if name in self.certain:
            return "True"
        if any(capture.name == name for capture in self.layout.program.start.captures):
            return "True"
        return f"({self.word(name, 'row')} >= 0)"

    def _word(self, owner: str, field: str, held: str) -> Value:
        code = self.word(owner, field)
        if self.layout.slots[owner, field].kind is Kind.REAL:
            return Value(f"({code} if {held} else NAN)")
        oks = () if held == "True" else (held,)
        if self._field_can_be_na(owner, field):
            return Value(code, (*oks, f"({code} != NA)"))
        return Value(code, oks)

    def _field_can_be_na(self, owner: str, field: str) -> bool:
        if field in {"row", "at"}:
            return False
        tracker = self.trackers.get(owner)
        if tracker is not None:
            return field != "value" and can_be_na(dict(tracker.fields)[field])
        capture = self.layout.captures[owner]
        node = dict(capture.fields)[field]
        return not ir.is_row(node) or can_be_na(node)

    def _tracker_field(self, node: ir.TrackerField) -> Value:
        tracker = self.trackers[node.tracker]
        match tracker.op:
            case TrackerOp.BARS:
                return self._bars_held(tracker, now=node.now)
            case TrackerOp.COUNT | TrackerOp.SUM:
                return self._total(tracker, now=node.now)
            case _:
                held = f"({self.word(tracker.name, 'row')} >= 0)"
                stored = self._word(tracker.name, node.field, held)
                return self._held_now(tracker, node, stored) if node.now else stored

    def _bars_held(self, tracker: Tracker, *, now: bool) -> Value:
        first, last = self.word(tracker.name, "row"), self.word(tracker.name, "last")
        if not now:
            return Value(f"({last} - {first} + 1 if {first} >= 0 else 0)")
        taken = self.takes(tracker)
        grown = f"(i - {first} + 1 if {first} >= 0 else 1)"
        return Value(f"({grown} if {taken} else ({last} - {first} + 1 if {first} >= 0 else 0))")

    def _total(self, tracker: Tracker, *, now: bool) -> Value:
        stored = self.word(tracker.name, "value")
        if not now:
            return Value(stored)
        taken = self.takes(tracker)
        step = "1" if tracker.value is None else self.keep(self.value(tracker.value)).code
        return Value(f"({stored} + {step} if {taken} else {stored})")

    def _held_now(self, tracker: Tracker, node: ir.TrackerField, stored: Value) -> Value:
        if tracker.name in self.layout.extremes_only and self.takes(tracker) == "True":
            return self._extreme_now(tracker)
        taken = self.lines.named(self.replaces(tracker), "w")
        fresh = self._of_bar(tracker, node.field)
        if node.kind is Kind.REAL:
            return Value(f"({fresh.code} if {taken} else {stored.code})")
        before = joined("and", list(stored.oks))
        known = self.lines.named(f"({fresh.ok}) if {taken} else ({before})", "k")
        code = f"({fresh.code} if {taken} else {stored.code})"
        return Value(self.lines.named(f"{code} if {known} else 0", "t"), (known,))

    def _extreme_now(self, tracker: Tracker) -> Value:
        """The highest or lowest with the bar at hand, which is sure to count."""
        assert tracker.value is not None
        pick = "max" if tracker.op is TrackerOp.HIGHEST else "min"
        row, held = self.word(tracker.name, "row"), self.word(tracker.name, "value")
        fresh = self.value(tracker.value).code
        code = f"{pick}({held}, {fresh}) if {row} >= 0 else {fresh}"
        return Value(self.lines.named(code, "t"))

    def _of_bar(self, tracker: Tracker, field: str) -> Value:
        if field == "row":
            return Value("i")
        if field == "at":
            return Value("M")
        if field == "value":
            assert tracker.value is not None
            return self.value(tracker.value)
        return self.value(dict(tracker.fields)[field])

    def takes(self, tracker: Tracker) -> str:
        """Whether this bar is one the tracker counts: `where` true and the value known."""
        parts = []
        if tracker.where is not None:
            parts.append(self.truth(tracker.where).true)
        if tracker.value is not None:
            parts.append(self._known(tracker.value, NOW).true)
        return joined("and", [part for part in parts if part != "True"] or ["True"])

    def replaces(self, tracker: Tracker) -> str:
        """Whether this bar would become the one the tracker holds."""
        row = self.word(tracker.name, "row")
        parts = [self.takes(tracker)]
        if tracker.op in {TrackerOp.HIGHEST, TrackerOp.LOWEST}:
            assert tracker.value is not None
            more = ">" if tracker.op is TrackerOp.HIGHEST else "<"
            more += "=" if tracker.newest else ""
            value = self.value(tracker.value).code
            parts.append(f"({row} < 0 or {value} {more} {self.word(tracker.name, 'value')})")
        elif tracker.op is TrackerOp.EARLIEST:
            parts.insert(0, f"({row} < 0)")  # soon false for good
        return joined("and", [part for part in parts if part != "True"] or ["True"])

    # --- aggregates ----------------------------------------------------------------------------

    def _aggregate(self, node: ir.Aggregate) -> Value:
        low, high = self._stretch(node)
        if node.op == "size":
            return Value(f"({high} - {low})")
        if node.op == "crossings":
            return self._crossings(node, low, high)
        real = node.operand.kind is Kind.REAL
        kind = "real" if real else "int"
        array = self._operand(node.operand)
        name = self.lines.named(f"{node.op}_{kind}({array}, {low}, {high})", "a")
        if real:
            return Value(name)
        return Value(name, (f"({name} != NA)",))

    def _stretch(self, node: ir.Aggregate) -> tuple[str, str]:
        """Local names of the first row and the row past the last."""
        tracker = self.trackers[node.tracker]
        first, last = self.word(node.tracker, "row"), self.word(node.tracker, "last")
        low = self.lines.named(f"{first} if {first} >= 0 else i", "lo")
        end = f"{last} + 1 if {first} >= 0 else i"
        high = self.lines.named(
            f"i + 1 if {self.takes(tracker)} else ({end})" if node.now else end, "hi"
        )
        if node.part is ir.Part.WHOLE:
            return low, high
        middle = self.lines.named(f"{low} + ({high} - {low}) // 2", "mid")
        return (low, middle) if node.part is ir.Part.FIRST_HALF else (middle, high)

    def _operand(self, operand: Node) -> str:
        """The array an aggregate reads."""
        if isinstance(operand, ir.BarField):
            return ARRAYS[operand.name]
        return f"X{self.inputs.column(operand)}"

    def _crossings(self, node: ir.Aggregate, low: str, high: str) -> Value:
        assert node.level is not None
        operand, factor = node.operand, 1
        match operand:
            case ir.Binary("mul", ir.BarField() as field, ir.Const(times)):
                operand, factor = field, times
            case _:
                pass
        array = self._operand(operand)
        level = self.keep(self.value(node.level))
        name = self.lines.fresh("a")
        if node.operand.kind is Kind.REAL:
            self.lines.add(f"{name} = crossings_real({array}, {level.code}, {low}, {high})")
            return Value(name, (f"({name} != NA)",))
        call = f"crossings_int({array}, {factor}, {level.code}, {low}, {high})"
        self.lines.add(f"{name} = {call} if {level.ok} else NA")
        return Value(name, (f"({name} != NA)",))
