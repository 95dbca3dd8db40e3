"""Expressions of bars to Python source that means the same interpreted and compiled by numba.

What is dear or used twice is put into a local variable by a statement written just before its use.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir.expression import Kind
from engine.machine.inputs import Inputs, is_guardable
from engine.machine.lines import Lines, Truth, Value, at_once, joined

if TYPE_CHECKING:
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
COMPLEMENT: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!="}


@dataclass(frozen=True, slots=True)
class Place:
    """Where expressions are evaluated: which row, and which candidate's words.

    `bar`: the row's bar is loaded in locals. `index`: the code of the row number.
    """

    index: str = "i"
    bar: bool = True


NOW: Final = Place()


class RowWriter:
    """Writes expressions of bars; whoever runs them gives the bars as the side sees them."""

    def __init__(self, inputs: Inputs, lines: Lines) -> None:
        """A writer that adds statements to `lines` and asks for `inputs`."""
        self.inputs = inputs
        self.lines = lines
        self.hoisted: dict[Node, Truth | Value] = {}

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
        return self._there(node, place) or self._number(node, place)

    def needs_statements(self, node: Node, place: Place = NOW) -> bool:
        """Whether writing the node adds statements before it."""
        return bool(self.statements(node, place))

    def statements(self, node: Node, place: Place = NOW) -> list[str]:
        """The statements that writing the node adds before it; nothing is added."""
        kept, self.lines = self.lines, Lines()
        if node.kind is Kind.BOOL:
            self.truth(node, place)
        else:
            self.value(node, place)
        added, self.lines = self.lines.lines, kept
        return added

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
        """What stands in a local variable."""
        if place != NOW or node not in self.hoisted:
            return None
        found = self.hoisted[node]
        assert isinstance(found, Value)
        return found

    def _number(self, node: Node, place: Place) -> Value:
        """A number that has yet to be written."""
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
            case _:
                column = self._column(node, place)
                if node.kind is Kind.REAL:
                    return Value(column)
                return Value(column, (f"({column} != NA)",))

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
