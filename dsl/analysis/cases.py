"""Conditions as cases: each a list of whole-number facts that would make the condition true.

A condition holds exactly when one of its cases does. A case is a conjunction of linear forms that
are at least zero, of literals (`in ny`, `blackout(news)`) and of things that must be known.
Anything that is not linear stays whole, as an atom; what would split into too many cases is let
go, which makes a condition seem easier to satisfy, never harder.

Prices in different bars are told apart by a frame: `high` of the bar at hand, of the bar a
tracker holds, of a captured bar, of two bars ago. A REAL has only its place in an order here:
its atoms are compared, and never added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Final, TypeAlias

from dsl.analysis.places import captures_of
from dsl.ir import expression as ir
from dsl.ir.program import TrackerOp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dsl.analysis.intervals import Bounds
    from dsl.ir.program import Program

CASES_MAX: Final = 64

Frame: TypeAlias = tuple[object, ...]
"""Which bar: `()` the one at hand, else ("tracker", name, now), ("capture", name), ("lag", ...)."""

HERE: Final[Frame] = ()


@dataclass(frozen=True, slots=True)
class Atom:
    """A value that is not looked into, in a frame."""

    frame: Frame
    node: ir.Node
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the hash: nodes are deep and atoms are looked up often."""
        object.__setattr__(self, "_hash", hash((self.frame, self.node)))

    def __hash__(self) -> int:
        """Of the frame and the node."""
        return self._hash


Group: TypeAlias = "Atom | tuple[object, ...]"
"""What is known or unknown as a whole: a held bar, a captured bar, a session's occurrence."""


@dataclass(frozen=True, slots=True)
class Form:
    """A sum of atoms, each times a whole number that is not 0, plus a constant."""

    terms: tuple[tuple[Atom, int], ...]
    constant: int = 0

    def plus(self, other: Form, times: int = 1) -> Form:
        """This form plus `times` the other."""
        if not other.terms:
            return self.shifted(times * other.constant)
        made = dict(self.terms)
        for atom, factor in other.terms:
            made[atom] = made.get(atom, 0) + times * factor
        terms = tuple((atom, factor) for atom, factor in made.items() if factor)
        return Form(terms, self.constant + times * other.constant)

    def times(self, factor: int) -> Form:
        """This form times a whole number."""
        terms = tuple((atom, factor * f) for atom, f in self.terms) if factor else ()
        return Form(terms, self.constant * factor)

    def shifted(self, constant: int) -> Form:
        """This form plus a number."""
        return Form(self.terms, self.constant + constant)


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which conditions hold.

    `forms`: each at least 0. `literals`: (atom, whether it is true). `known`: groups that are
    known. `unknown`: sets of groups of which at least one is not known.
    """

    forms: tuple[Form, ...] = ()
    literals: frozenset[tuple[Atom, bool]] = frozenset()
    known: frozenset[Group] = frozenset()
    unknown: tuple[frozenset[Group], ...] = ()

    def __and__(self, other: Case) -> Case:
        """Both at once."""
        return Case(
            self.forms + other.forms,
            self.literals | other.literals,
            self.known | other.known,
            self.unknown + other.unknown,
        )


Value: TypeAlias = tuple[Form, Case]
"""What a number is in one case."""

ANYTHING: Final = (Case(),)
ARITHMETIC: Final = frozenset({"add", "sub", "mul"})


def every(parts: Iterable[Sequence[Case]]) -> tuple[Case, ...]:
    """The cases of a conjunction; a part that would make too many of them is let go."""
    found: tuple[Case, ...] = ANYTHING
    for part in sorted(parts, key=len):
        if len(found) * len(part) > CASES_MAX:
            continue
        found = tuple(a & b for a in found for b in part)
    return found


@dataclass(slots=True)
class Expander:
    """Turns the nodes of a program into cases."""

    program: Program
    bounds: Bounds
    trackers: dict[str, Mapping[str, ir.Node]] = field(default_factory=dict)
    captures: dict[str, Mapping[str, ir.Node]] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Look up what trackers and captures copy from the bar they hold."""
        for tracker in self.program.trackers:
            value = {"value": tracker.value} if tracker.value is not None else {}
            self.trackers[tracker.name] = {**_CLOCK_FIELDS, **value, **dict(tracker.fields)}
        for capture in captures_of(self.program):
            self.captures[capture.name] = {**_CLOCK_FIELDS, **dict(capture.fields)}
        counting = {TrackerOp.COUNT, TrackerOp.SUM, TrackerOp.BARS}
        self.numbers = frozenset(t.name for t in self.program.trackers if t.op in counting)

    # --- conditions --------------------------------------------------------------------------

    def cases(self, node: ir.Node, *, true: bool, frame: Frame = HERE) -> tuple[Case, ...]:
        """The cases in which a condition is true (or false); none if it never is."""
        match node:
            case ir.Const(value):
                return ANYTHING if bool(value) is true else ()
            case ir.Not(operand):
                return self.cases(operand, true=not true, frame=frame)
            case ir.AllOf(operands) | ir.AnyOf(operands):
                parts = [self.cases(operand, true=true, frame=frame) for operand in operands]
                if isinstance(node, ir.AllOf) is true:
                    return () if () in parts else every(parts)
                return _bounded(case for part in parts for case in part)
            case ir.Compare():
                return self._compared(node, true=true, frame=frame)
            case ir.Known(operand):
                if true:
                    return (Case(known=frozenset(self.needs(operand, frame, sure=True))),)
                return (Case(unknown=(frozenset(self.needs(operand, frame)),)),)
            case ir.Choose(condition, then, otherwise):
                asked, failed = (self.cases(condition, true=t, frame=frame) for t in (True, False))
                then_cases = self.cases(then, true=true, frame=frame)
                else_cases = self.cases(otherwise, true=true, frame=frame)
                both = (*product(asked, then_cases), *product(failed, else_cases))
                return _bounded(a & b for a, b in both)
            case ir.Lag() | ir.OnFrame() if frame == HERE:
                inner = _frame_of(node)
                held = Case(known=frozenset({inner}))
                return tuple(
                    held & case for case in self.cases(node.operand, true=true, frame=inner)
                )
            case _:
                atom = Atom(frame, node)
                return (Case(literals=frozenset({(atom, true)}), known=self.group(atom)),)

    def _compared(self, node: ir.Compare, *, true: bool, frame: Frame) -> tuple[Case, ...]:
        lefts, rights = self.values(node.left, frame), self.values(node.right, frame)
        op = node.op if true else _OPPOSITE[node.op]
        found = []
        for (left, a), (right, b) in product(lefts, rights):
            gap = left.plus(right, -1)
            found += [Case(forms) & a & b for forms in _at_least_zero(op, gap)]
        return _bounded(found)

    # --- numbers -----------------------------------------------------------------------------

    def values(self, node: ir.Node, frame: Frame = HERE) -> tuple[Value, ...]:
        """What a number is, by cases."""
        found = self._values(node, frame)
        return found if 0 < len(found) <= CASES_MAX else (self._whole(node, frame),)

    def _whole(self, node: ir.Node, frame: Frame) -> Value:
        """The node as an atom of its own."""
        atom = Atom(frame, node)
        return Form(((atom, 1),)), Case(known=self.group(atom))

    def _values(self, node: ir.Node, frame: Frame) -> tuple[Value, ...]:
        match node:
            case ir.Const(value):
                return ((Form((), int(value)), Case()),)
            case ir.Param(name):
                held = self.bounds.ranges[name]
                if held.low == held.high:
                    return ((Form((), int(held.low)), Case()),)
                return ((Form(((Atom(HERE, node), 1),)), Case()),)
            case ir.Unary("neg", operand) if node.kind is ir.Kind.INT:
                return tuple((f.times(-1), c) for f, c in self.values(operand, frame))
            case ir.Unary("abs", operand) if node.kind is ir.Kind.INT:
                return self._magnitudes(operand, frame)
            case ir.Binary(op, left, right) if op in {"max", "min"}:
                return self._extremes(op, left, right, frame)
            case ir.Binary(op, left, right) if node.kind is ir.Kind.INT and op in ARITHMETIC:
                return self._combined(node, left, right, frame)
            case ir.Choose(condition, then, otherwise):
                return tuple(
                    (form, case & asked)
                    for true, branch in ((True, then), (False, otherwise))
                    for form, case in self.values(branch, frame)
                    for asked in self.cases(condition, true=true, frame=frame)
                )
            case _:
                return self._held(node, frame)

    def _magnitudes(self, operand: ir.Node, frame: Frame) -> tuple[Value, ...]:
        found: list[Value] = []
        for form, case in self.values(operand, frame):
            found += [(s, Case((s,)) & case) for s in (form, form.times(-1))]
        return tuple(found)

    def _extremes(self, op: str, left: ir.Node, right: ir.Node, frame: Frame) -> tuple[Value, ...]:
        sign = 1 if op == "max" else -1
        found: list[Value] = []
        for (a, x), (b, y) in product(self.values(left, frame), self.values(right, frame)):
            gap = a.plus(b, -1).times(sign)
            found += [(a, Case((gap,)) & x & y), (b, Case((gap.times(-1),)) & x & y)]
        return tuple(found)

    def _combined(
        self, node: ir.Binary, left: ir.Node, right: ir.Node, frame: Frame
    ) -> tuple[Value, ...]:
        found: list[Value] = []
        for (a, x), (b, y) in product(self.values(left, frame), self.values(right, frame)):
            if node.op != "mul":
                made = a.plus(b, 1 if node.op == "add" else -1)
            elif not b.terms:
                made = a.times(b.constant)
            elif not a.terms:
                made = b.times(a.constant)
            else:
                return (self._whole(node, frame),)
            found.append((made, x & y))
        return tuple(found)

    def _held(self, node: ir.Node, frame: Frame) -> tuple[Value, ...]:
        """A value of another bar: the same expression in that bar's frame."""
        if frame != HERE:
            return (self._whole(node, frame),)
        match node:
            case ir.TrackerField(name, field) if name not in self.numbers:
                inner: ir.Node = self.trackers[name][field]
            case ir.CaptureField(name, field):
                inner = self.captures[name][field]
            case ir.Lag(operand) | ir.OnFrame(operand):
                inner = operand
            case _:
                return (self._whole(node, frame),)
        there = _frame_of(node)
        held = Case(known=frozenset({there}))
        return tuple((form, case & held) for form, case in self.values(inner, there))

    # --- what is known -----------------------------------------------------------------------

    def group(self, atom: Atom) -> frozenset[Group]:
        """What is known if an atom is."""
        return frozenset(self.needs(atom.node, atom.frame, sure=True))

    def needs(self, node: ir.Node, frame: Frame = HERE, *, sure: bool = False) -> set[Group]:
        """What suffices for the node to be known; nothing for what is never na.

        With `sure`: what is certainly known once the node is, which leaves out the branches of a
        choice and the parts of an `and` or `or`.
        """
        here: set[Group] = {frame} if frame != HERE else set()
        match node:
            case ir.BarField("volume"):
                return here | {Atom(frame, node)}
            case ir.Const() | ir.Param():
                return set()
            case ir.BarField() | ir.Clock() | ir.Row() | ir.CandidateClock():
                return here
            case ir.InSession() | ir.TradingDay() | ir.Blackout() | ir.Known():
                return here
            case ir.SessionValue(session, name, occurrence) if frame == HERE:
                whole: Group = ("session", session, occurrence)
                return {whole, Atom(frame, node)} if name == "volume" else {whole}
            case ir.Unary("sqrt") | ir.Binary("div"):
                return here | {Atom(frame, node)}
            case ir.Round() if node.operand.kind is ir.Kind.REAL:
                return here | {Atom(frame, node)}
            case ir.TrackerField(name, "value") if frame == HERE and name in self.numbers:
                return set()
            case ir.TrackerField() | ir.CaptureField() | ir.Lag() | ir.OnFrame() if frame == HERE:
                return self._needs_of_held(node)
            case ir.Choose() | ir.AllOf() | ir.AnyOf() if sure:
                return here
            case (
                ir.Unary()
                | ir.Binary()
                | ir.Compare()
                | ir.ToReal()
                | ir.Round()
                | ir.Choose()
                | ir.AllOf()
                | ir.AnyOf()
                | ir.Not()
            ):
                parts = (self.needs(child, frame, sure=sure) for child in ir.children(node))
                return here.union(*parts)
            case _:
                return here | {Atom(frame, node)}

    def _needs_of_held(self, node: ir.Node) -> set[Group]:
        there = _frame_of(node)
        match node:
            case ir.TrackerField(name, field) if name not in self.numbers:
                inner: ir.Node = self.trackers[name][field]
                if field == "value":  # a bar whose value is na does not count
                    return {there}
            case ir.CaptureField(name, field):
                inner = self.captures[name][field]
            case ir.Lag(operand) | ir.OnFrame(operand):
                inner = operand
            case _:
                return {Atom(HERE, node)}
        return {there} if self.needs(inner) == set() else {there, Atom(HERE, node)}


def _bounded(cases: Iterable[Case]) -> tuple[Case, ...]:
    found = tuple(cases)
    return found if len(found) <= CASES_MAX else ANYTHING


def _frame_of(node: ir.Node) -> Frame:
    match node:
        case ir.TrackerField(name, _, _, now):
            return ("tracker", name, now)
        case ir.CaptureField(name):
            return ("capture", name)
        case ir.Lag(_, bars, across):
            return ("lag", bars, across)
        case ir.OnFrame(_, minutes, session, across):
            return ("larger", minutes, session, across)
        case _:
            raise AssertionError(node)


_CLOCK_FIELDS: Final[Mapping[str, ir.Node]] = {"at": ir.BarField("minute"), "row": ir.Row()}

_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!="}


def _at_least_zero(op: str, gap: Form) -> list[tuple[Form, ...]]:
    """The ways in which `gap op 0`, each as forms that are at least zero."""
    above, below = gap.shifted(-1), gap.times(-1).shifted(-1)
    ways: dict[str, list[tuple[Form, ...]]] = {
        ">=": [(gap,)],
        ">": [(above,)],
        "<=": [(gap.times(-1),)],
        "<": [(below,)],
        "==": [(gap, gap.times(-1))],
        "!=": [(above,), (below,)],
    }
    return ways[op]
