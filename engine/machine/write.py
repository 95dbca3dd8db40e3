"""Expressions to Python source that means the same interpreted and compiled by numba.

A number becomes `Value(code, oks)`: the code may be evaluated only where every ok is true
(a REAL is na as NaN and needs no oks). A condition becomes `Truth(true, false)`: two codes, the
second is not simply the negation of the first, because the condition may be na. What is dear or
used twice is put into a local variable by a statement written just before its use.
"""

from __future__ import annotations

import keyword
import re
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir.expression import Kind
from dsl.ir.program import Tracker, TrackerOp
from engine.machine.inputs import Inputs, can_be_na, is_guardable
from engine.machine.layout import (
    STAGE_MINUTE,
    STAGE_ROW,
    START_MINUTE,
    START_ROW,
    Layout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node

ARRAYS: Final = {
    "open": "o",
    "high": "h",
    "low": "l",
    "close": "c",
    "volume": "v",
    "minute": "m",
}
LOCALS: Final = {
    "open": "O",
    "high": "H",
    "low": "L",
    "close": "C",
    "volume": "V",
    "minute": "M",
}
STORES: Final = re.compile(r"[SF]\[|for |while |[sf]\d+ ")
"""Lines after which an expression may have another value than before."""
COMPLEMENT: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!="}


MADE: Final = re.compile(r"\s*(\w+) = ")
VARIABLE: Final = re.compile(r"\b[A-Za-z]\w*\b(?!\()")
FIXED: Final = frozenset(keyword.kwlist) | {"NA", "NAN", "WHOLE"}


@dataclass(frozen=True, slots=True)
class Value:
    """A number: its code, and the codes that must be true for it to be known."""

    code: str
    oks: tuple[str, ...] = ()

    @property
    def ok(self) -> str:
        """One code that tells whether it is known."""
        return " and ".join(self.oks) or "True"


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: the code of being true and the code of being false."""

    true: str
    false: str


class Lines:
    """Source text with its indentation."""

    def __init__(self) -> None:
        """Empty."""
        self.lines: list[str] = []
        self.depth = 0
        self._names = 0
        self._known: dict[str, tuple[int, str]] = {}

    def add(self, line: str) -> None:
        """One line at the current depth."""
        self.lines.append("    " * self.depth + line)
        if STORES.match(line):
            self._known.clear()
        elif self._known:
            # what was named in a block that has ended is not known to be there
            self._known = {c: at for c, at in self._known.items() if at[0] <= self.depth}

    def named(self, code: str, stem: str) -> str:
        """A local name for what a code evaluates to: the one it has, or a new one."""
        found = self._known.get(code)
        if found is not None and found[0] <= self.depth:
            return found[1]
        name = self.fresh(stem)
        self.add(f"{name} = {code}")
        self._known[code] = self.depth, name
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A head line and what is added inside it, one level deeper."""
        self.add(head)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.add("pass")
        self.depth -= 1

    def fresh(self, stem: str = "t") -> str:
        """A new local name."""
        self._names += 1
        return f"{stem}{self._names}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where expressions are evaluated: which row, and which candidate's words.

    `bar`: the row's bar is loaded in locals. `index`: the code of the row number.
    """

    index: str = "i"
    bar: bool = True


NOW: Final = Place()


class Writer:
    """Writes expressions of one program; whoever runs them gives the bars as the side sees them."""

    def __init__(
        self, layout: Layout, inputs: Inputs, lines: Lines, *, local: bool = False
    ) -> None:
        """A writer that adds statements to `lines` and asks for `inputs`.

        `local`: the words of the candidate are local variables, not places in `S` and `F`.
        """
        self.local = local
        self.layout = layout
        self.inputs = inputs
        self.lines = lines
        self.trackers = {tracker.name: tracker for tracker in layout.program.trackers}
        self.hoisted: dict[Node, Truth | Value] = {}
        self.bracket: dict[tuple[str, int], str] = {}
        self.certain: frozenset[str] = frozenset()
        """Captures that the candidate at hand has made."""
        self._measures = dict(layout.measures)
        self._arguments: dict[str, str] = {}
        self.functions: list[str] = []
        """The text of each function that was called for."""

    # --- doors ---------------------------------------------------------------------------------

    def truth(self, node: Node, place: Place = NOW) -> Truth:
        """A condition."""
        if place == NOW and node in self.hoisted:
            found = self.hoisted[node]
            assert isinstance(found, Truth)
            return found
        match node:
            case ir.Const(value):
                return Truth(str(bool(value)), str(not value))
            case ir.Compare():
                return self._compare(node, place)
            case ir.AllOf(operands):
                parts = [self.truth(operand, place) for operand in operands]
                return Truth(
                    at_once("and", [p.true for p in parts]), joined("or", [p.false for p in parts])
                )
            case ir.AnyOf(operands):
                parts = [self.truth(operand, place) for operand in operands]
                return Truth(
                    at_once("or", [p.true for p in parts]), joined("and", [p.false for p in parts])
                )
            case ir.Not(operand):
                inner = self.truth(operand, place)
                return Truth(inner.false, inner.true)
            case ir.Known(operand):
                return self._known(operand, place)
            case ir.Choose():
                return self._choose_truth(node, place)
            case ir.InSession(session):
                first = f"T{self.inputs.table('first', session)}_d"
                stop = f"T{self.inputs.table('stop', session)}_d"
                at = place.index
                return Truth(
                    f"({first} <= {at} and {at} < {stop})", f"({at} < {first} or {stop} <= {at})"
                )
            case ir.TradingDay(calendar):
                flag = f"T{self.inputs.table('trades', calendar)}_d"
                return Truth(f"({flag} == 1)", f"({flag} != 1)")
            case _:
                column = self._column(node, place)
                return Truth(f"({column} == 2)", f"({column} == 0)")

    def value(self, node: Node, place: Place = NOW) -> Value:
        """A number."""
        found = self._there(node, place)
        if found is not None:
            return found
        match node:
            case ir.Const(value):
                return Value(f"({value})" if value < 0 else str(value))
            case ir.Param(name):
                return Value(f"p_{name}")
            case ir.BarField(name):
                return self._bar_field(name, place)
            case ir.Row():
                return Value(place.index)
            case ir.Unary() | ir.Binary() | ir.ToReal() | ir.Round():
                return self._arithmetic(node, place)
            case ir.Choose():
                return self._choose_value(node, place)
            case ir.SessionValue() | ir.SessionClock():
                return self._session(node, place)
            case ir.Lag(operand, ir.Const(bars), False) if is_guardable(operand):
                return self._lag(operand, bars, place.index)
            case ir.TrackerField():
                return self._tracker_field(node)
            case ir.CaptureField():
                return self._word(node.capture, node.field, self._captured(node.capture))
            case ir.CandidateClock(of, unit):
                word = {
                    ("start", "row"): START_ROW,
                    ("start", "minute"): START_MINUTE,
                    ("stage", "row"): STAGE_ROW,
                    ("stage", "minute"): STAGE_MINUTE,
                }[of, unit]
                return Value(self.header(word))
            case ir.Aggregate():
                return self._aggregate(node)
            case ir.Bracket(part, index):
                return Value(self.bracket[part, index])
            case _:
                column = self._column(node, place)
                if node.kind is Kind.REAL:
                    return Value(column)
                return Value(column, (f"({column} != NA)",))

    def needs_statements(self, node: Node, place: Place = NOW) -> bool:
        """Whether writing the node adds statements before it."""
        kept, self.lines = self.lines, Lines()
        if node.kind is Kind.BOOL:
            self.truth(node, place)
        else:
            self.value(node, place)
        needed = bool(self.lines.lines)
        self.lines = kept
        return needed

    def keep(self, value: Value, stem: str = "t") -> Value:
        """The value in a local variable, so that it may be written several times."""
        if value.code.isidentifier():
            return value
        code = f"{value.code} if {value.ok} else 0" if value.oks else value.code
        return replace(value, code=self.lines.named(code, stem))

    def hoist(self, node: Node) -> None:
        """Evaluates a row expression once for this bar, into local variables."""
        if node in self.hoisted or isinstance(node, (ir.Const, ir.Param, ir.BarField)):
            return
        if node.kind is Kind.BOOL:
            truth = self.truth(node)
            true, false = self.lines.fresh("r"), self.lines.fresh("r")
            self.lines.add(f"{true} = {truth.true}")
            self.lines.add(f"{false} = {truth.false}")
            self.hoisted[node] = Truth(true, false)
        else:
            self.hoisted[node] = self.keep(self.value(node), "r")

    def _there(self, node: Node, place: Place) -> Value | None:
        """What stands in a local variable, or comes from a function of its own."""
        if place == NOW and node in self.hoisted:
            found = self.hoisted[node]
            assert isinstance(found, Value)
            return found
        return self._measured(node) if node in self._measures else None

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

    # --- rows ----------------------------------------------------------------------------------

    def _bar_field(self, name: str, place: Place) -> Value:
        if place.bar and place.index == "i":
            return Value(LOCALS[name])
        return Value(self.cell(name, place.index))

    @staticmethod
    def cell(name: str, index: str) -> str:
        """One value of a bar column."""
        return f"{ARRAYS[name]}[{index}]"

    def _lag(self, operand: Node, bars: int, index: str) -> Value:
        value = self.value(operand, Place(f"{index} - {bars}", bar=False))
        return Value(value.code, (f"({index} - {bars} >= day)", *value.oks))

    def _column(self, node: Node, place: Place) -> str:
        assert ir.is_row(node), node
        return f"X{self.inputs.column(node)}[{place.index}]"

    def _session(self, node: ir.SessionValue | ir.SessionClock, place: Place) -> Value:
        if isinstance(node, ir.SessionClock):
            edge = "begins" if node.edge == "since" else "ends"
            table = f"T{self.inputs.table(edge, node.session)}_d"
            minute = self._bar_field("minute", place).code
            code = f"({minute} - {table})" if edge == "begins" else f"({table} - {minute})"
            return Value(code, (f"({table} != NA)",))
        if node.occurrence is ir.Occurrence.SO_FAR:
            column = self._column(node, place)
            return Value(column, (f"({column} != NA)",))
        what = str(node.occurrence)
        table = f"T{self.inputs.table(what, node.session, node.field)}_d"
        known: tuple[str, ...] = (f"({table} != NA)",)
        if node.occurrence is ir.Occurrence.FINAL:
            ended = f"T{self.inputs.table('ended', node.session)}_d"
            known = (f"({ended} <= {place.index})", *known)
        return Value(table, known)

    # --- arithmetic ----------------------------------------------------------------------------

    def _arithmetic(self, node: Node, place: Place) -> Value:
        match node:
            case ir.Unary("neg", operand):
                inner = self.value(operand, place)
                return replace(inner, code=f"(-{inner.code})")
            case ir.Unary("abs", operand):
                inner = self.value(operand, place)
                return replace(inner, code=f"abs({inner.code})")
            case ir.Unary("sqrt", operand):
                inner = self.keep(self.value(operand, place))
                return Value(f"(sqrt({inner.code}) if {inner.code} >= 0.0 else NAN)")
            case ir.ToReal(operand, den):
                inner = self.value(operand, place)
                divided = f"float({inner.code})" + (f" / {float(den)!r}" if den != 1 else "")
                if inner.oks:
                    return Value(f"({divided} if {inner.ok} else NAN)")
                return Value(f"({divided})")
            case ir.Round(operand, den, up):
                return self._round(operand, den, place, up=up)
            case ir.Binary(op, left, right):
                return self._binary(
                    op, self.value(left, place), self.value(right, place), node.kind
                )
            case _:
                raise TypeError(node)

    def _round(self, operand: Node, den: int, place: Place, *, up: bool) -> Value:
        inner = self.value(operand, place)
        if operand.kind is Kind.REAL:
            inner = self.keep(inner)
            rounding = "ceil" if up else "floor"
            known = f"({inner.code} == {inner.code})"
            return self.keep(Value(f"int({rounding}({inner.code}))", (known,)))
        code = f"(-((-{inner.code}) // {den}))" if up else f"({inner.code} // {den})"
        return Value(code, inner.oks)

    def _binary(self, op: str, left: Value, right: Value, kind: Kind) -> Value:
        oks = tuple(dict.fromkeys((*left.oks, *right.oks)))
        sign = {"add": "+", "sub": "-", "mul": "*"}.get(op)
        if sign:
            return Value(f"({left.code} {sign} {right.code})", oks)
        if op == "div":
            right = self.keep(right)
            return self.keep(Value(f"({left.code} / {right.code} if {right.code} != 0.0 else NAN)"))
        if kind is Kind.INT:
            return Value(f"{op}({left.code}, {right.code})", oks)
        a, b = self.keep(left), self.keep(right)
        than = ">" if op == "max" else "<"
        known = f"{a.code} == {a.code} and {b.code} == {b.code}"
        return Value(f"(({a.code} if {a.code} {than} {b.code} else {b.code}) if {known} else NAN)")

    def _compare(self, node: ir.Compare, place: Place) -> Truth:
        left, right = self.value(node.left, place), self.value(node.right, place)
        oks = tuple(dict.fromkeys((*left.oks, *right.oks)))
        true = f"{left.code} {node.op} {right.code}"
        false = f"{left.code} {COMPLEMENT[node.op]} {right.code}"
        if node.left.kind is Kind.REAL and node.op == "==":
            # unlike the other complements, `!=` holds for NaN
            left, right = self.keep(left), self.keep(right)
            a, b = left.code, right.code
            true, false = f"{a} == {b}", f"{a} == {a} and {b} == {b} and {a} != {b}"
        return Truth(joined("and", [*oks, f"({true})"]), joined("and", [*oks, f"({false})"]))

    def _known(self, operand: Node, place: Place) -> Truth:
        if operand.kind is Kind.BOOL:
            inner = self.truth(operand, place)
            either = joined("or", [inner.true, inner.false])
            return Truth(either, f"(not {either})")
        value = self.value(operand, place)
        if operand.kind is Kind.REAL:
            value = self.keep(value)
            return Truth(f"({value.code} == {value.code})", f"({value.code} != {value.code})")
        return Truth(
            joined("and", list(value.oks)) if value.oks else "True",
            f"(not ({value.ok}))" if value.oks else "False",
        )

    # --- choices -------------------------------------------------------------------------------

    def _choose_value(self, node: ir.Choose, place: Place) -> Value:
        asked = self.truth(node.condition, place)
        name, known = self.lines.fresh("t"), self.lines.fresh("k")
        real = node.kind is Kind.REAL
        self.lines.add(f"{name} = {'NAN' if real else '0'}")
        if not real:
            self.lines.add(f"{known} = False")
        for chosen, branch in ((asked.true, node.then), (asked.false, node.otherwise)):
            with self.lines.block(f"if {chosen}:"):
                value = self.value(branch, place)
                sure = real or not value.oks
                with nullcontext() if sure else self.lines.block(f"if {value.ok}:"):
                    self.lines.add(f"{name} = {value.code}")
                    if not real:
                        self.lines.add(f"{known} = True")
        return Value(name) if real else Value(name, (known,))

    def _choose_truth(self, node: ir.Choose, place: Place) -> Truth:
        asked = self.truth(node.condition, place)
        then, other = self.truth(node.then, place), self.truth(node.otherwise, place)
        true = joined(
            "or", [joined("and", [asked.true, then.true]), joined("and", [asked.false, other.true])]
        )
        false = joined(
            "or",
            [joined("and", [asked.true, then.false]), joined("and", [asked.false, other.false])],
        )
        return Truth(true, false)

    # --- of the candidate ----------------------------------------------------------------------

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


def joined(word: str, parts: list[str]) -> str:
    """Codes joined by `and` or `or`, constants folded."""
    neutral, absorbing = ("True", "False") if word == "and" else ("False", "True")
    if absorbing in parts:
        return absorbing
    kept = list(dict.fromkeys(part for part in parts if part != neutral))
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else "(" + f" {word} ".join(kept) + ")"


BITWISE: Final = {"and": "&", "or": "|"}
ASKS: Final = re.compile(r"\[|NA| if | and | or |\bnot\b|crossings|first_|last_")


def at_once(word: str, parts: list[str]) -> str:
    """As `joined`, but where all parts are plain comparisons of locals they are asked at once.

    A processor guesses wrong every second time whether a bar closes above its open; without a
    branch there is nothing to guess. Plain Python reads it as the word again (`sequential`).
    """
    code = joined(word, parts)
    if any(ASKS.search(part) or not part.startswith("(") for part in parts):
        return code
    return code.replace(f") {word} (", f") {BITWISE[word]} (")


def sequential(text: str) -> str:
    """The text with every question asked only where it is needed: what suits plain Python."""
    return text.replace(") & (", ") and (").replace(") | (", ") or (")
