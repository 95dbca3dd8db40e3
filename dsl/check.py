"""Types and units: the syntax of an expression in, a typed node or findings out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import syntax as syn
from dsl.calls import FUNCTIONS, Caller
from dsl.ir import expression as ir
from dsl.ir.program import TrackerOp
from dsl.names import BAR_NAMES, RESERVED_FIELDS, SESSION_FIELDS, WEEKDAYS, builtin
from dsl.nearest import nearest
from dsl.parser import Rejected, parse_expression
from dsl.quantities import BadQuantity, amount
from dsl.scope import LEVEL_WORDS, Definition, Level, Remembered, Scope
from dsl.units import (
    ORDERED,
    POISON,
    QUOTIENTS,
    SCALABLE,
    SHARES,
    SUMS,
    Typed,
    Unit,
    aligned,
    combined,
    condition,
    product,
    quotient,
)

if TYPE_CHECKING:
    from dsl.findings import Findings
    from dsl.source import Span, Text

EXAMPLES: Final = {
    Unit.PRICE: "top.price + 1 pt",
    Unit.POINTS: "2 pt",
    Unit.DURATION: "5 min",
    Unit.BARS: "20 bars",
    Unit.PERCENT: "1 %",
    Unit.RATIO: "0.5",
    Unit.R: "1 R",
    Unit.CONTRACTS: "5 contracts",
}
"""How a value of each kind that a key may want is written."""

SIZE_MAX: Final = 5_000
DEPTH_MAX: Final = 120
"""Nodes of one expression and levels of nesting: ten times what a long strategy has."""

TOTAL_MAX: Final = 200_000
"""Nodes of all expressions of a file, each as often as it is used."""

NESTED_MAX: Final = 90
"""Levels of nesting through definitions that wait for each other."""

PERCENT_OF: Final = "say what it is a percentage OF: `{0} of top.price`"
COMPARE_HELP: Final = {
    frozenset({Unit.PRICE, Unit.POINTS}): (
        "a price is a place, points are a distance: an absolute level cannot be mirrored; "
        "compare two prices, or write `level(...)` in a spec with `mirror: none`"
    ),
    frozenset({Unit.PRICE, Unit.RATIO}): (
        "an absolute level cannot be mirrored; compare two prices, "
        "or write `level(...)` in a spec with `mirror: none`"
    ),
    frozenset({Unit.BARS, Unit.DURATION}): (
        "bars and minutes differ when bars are missing; use one of them"
    ),
    frozenset({Unit.POINTS, Unit.RATIO}): "a distance has a unit: write `0 pt` or `2 ticks`",
    frozenset({Unit.DURATION, Unit.RATIO}): "a duration has a unit: write `5 min`",
    frozenset({Unit.BARS, Unit.RATIO}): "a number of bars has a unit: write `20 bars`",
    frozenset({Unit.TIME, Unit.DURATION}): "a time of day is written `09:30`",
}


class Checker:
    """Checks expressions against a scope, collecting findings; `node` values come out folded."""

    def __init__(self, scope: Scope, findings: Findings) -> None:
        """A checker of one strategy."""
        self.scope = scope
        self.findings = findings
        self.text: Text
        self.level = Level.ROW
        self.stop_is_known = True
        self.targets_known = len(scope.targets)
        self.computed = 0
        self.nested = 0
        self._calls = Caller(self)

    # --- doors ---------------------------------------------------------------------------------

    def expression(self, text: Text, level: Level) -> Typed:
        """The typed value of an expression's text; `POISON` after an error."""
        try:
            written = parse_expression(text)
        except Rejected as rejected:
            self.findings.add(rejected.finding)
            return POISON
        return self.written(written, text, level)

    def written(self, written: syn.Syntax, text: Text, level: Level) -> Typed:
        """The typed value of an expression already parsed out of `text`."""
        kept = (getattr(self, "text", text), self.level)
        self.text, self.level = text, level
        try:
            checked = self.check(written)
        finally:
            self.text, self.level = kept
        if checked.is_error:
            return checked
        size, depth = self.scope.folding.extent(checked.node)
        self.computed += size
        if size > SIZE_MAX or depth > DEPTH_MAX or self.computed > TOTAL_MAX:
            return self._too_large(text)
        return Typed(self.scope.folding.fold(checked.node), checked.unit, checked.den)

    def _too_large(self, text: Text) -> Typed:
        """Names spare an expression its length, not its work."""
        self.findings.error(
            "E006",
            text.span,
            "with all that its names stand for, this is larger than anybody means",
            "definitions that use each other several times grow without bounds: simplify them",
        )
        return POISON

    def condition(self, text: Text, level: Level) -> ir.Node:
        """The node of a condition; a false constant after an error."""
        checked = self.expression(text, level)
        if checked.unit not in {Unit.BOOL, Unit.ERROR}:
            self.findings.error(
                "E020",
                text.span,
                f"a condition must be true or false, this is {article(checked)}",
                "compare it with something, as in `high - low > 2 pt`",
            )
        return checked.node if checked.unit is Unit.BOOL else ir.Const(False)

    def measured(self, text: Text, level: Level, *units: Unit) -> Typed:
        """The typed value of an expression that must be measured in one of `units`."""
        checked = self.expression(text, level)
        if checked.is_error or checked.unit in units:
            return checked
        wanted = " or ".join(unit.value for unit in units)
        self.findings.error(
            "E021",
            text.span,
            f"this must be {wanted}, it is {article(checked)}",
            f"for example `{EXAMPLES[units[0]]}`",
        )
        return POISON

    # --- nodes ---------------------------------------------------------------------------------

    def check(self, node: syn.Syntax) -> Typed:
        """The typed value of a written node in the current text."""
        if self.nested >= NESTED_MAX:
            return self._too_large(self.text)
        self.nested += 1
        try:
            made = self._checked(node)
        finally:
            self.nested -= 1
        self.scope.became[id(node), self.level] = (node, made)
        return made

    def _checked(self, node: syn.Syntax) -> Typed:
        match node:
            case syn.Quantity():
                return self._quantity(node)
            case syn.ClockTime():
                return self._clock_time(node)
            case syn.Path():
                return self._path(node)
            case syn.LagOf():
                return self._lag(node)
            case syn.Call():
                return self._call(node)
            case syn.Negative():
                return self._negative(node)
            case syn.Arithmetic():
                return self._arithmetic(node)
            case syn.Comparison():
                return self._comparison(node)
            case syn.Logic():
                return self._logic(node)
            case syn.Negation():
                inner = self._bool(node.operand, "not")
                return POISON if inner.is_error else condition(ir.Not(inner.node))
            case syn.Choice():
                return self._choice(node)
            case syn.InSessionOf():
                return self._in_session(node)
            case syn.Exists():
                return self._exists(node)
            case _:
                return self.wrong(node, "E009", "this belongs inside a function")

    def wrong(self, node: syn.Syntax, code: str, message: str, remedy: str = "") -> Typed:
        """Reports an error at a written node."""
        self.findings.error(code, self.place(node), message, remedy)
        return POISON

    def place(self, node: syn.Syntax) -> Span:
        """Where a written node stands in its file."""
        return self.text.span.inside(node.start, node.stop)

    def words(self, node: syn.Syntax) -> str:
        """The node as it was written."""
        return str(self.text)[node.start : node.stop]

    def _quantity(self, node: syn.Quantity) -> Typed:
        try:
            found = amount(node.value, node.unit, self.scope.instrument)
        except BadQuantity as bad:
            return self.wrong(node, bad.code, bad.message, bad.remedy)
        return Typed(ir.Const(found.value.numerator), found.unit, found.value.denominator)

    def _clock_time(self, node: syn.ClockTime) -> Typed:
        if node.minutes > 24 * 60:
            return self.wrong(node, "E001", f"{self.words(node)} is not a time of day")
        return Typed(ir.Const(node.minutes), Unit.TIME)

    def _negative(self, node: syn.Negative) -> Typed:
        inner = self.check(node.operand)
        if inner.is_error:
            return inner
        if inner.unit not in SCALABLE:
            return self.wrong(node, "E022", f"minus {article(inner)} has no meaning")
        return Typed(ir.Unary("neg", inner.node), inner.unit, inner.den)

    def _arithmetic(self, node: syn.Arithmetic) -> Typed:
        left, right = self.check(node.left), self.check(node.right)
        if left.is_error or right.is_error:
            return POISON
        match node.operator:
            case "+" | "-":
                return self._sum(node, left, right)
            case "*":
                return self._product(node, left, right)
            case "/":
                return self._quotient(node, left, right)
            case _:
                return self._share(node, left, right)

    def _sum(self, node: syn.Arithmetic, left: Typed, right: Typed) -> Typed:
        unit = SUMS.get((left.unit, node.operator, right.unit))
        if unit is None:
            remedy = ""
            if left.unit is right.unit is Unit.PRICE:
                remedy = "price + price: did you mean the midpoint, `mid(a, b)`?"
            elif Unit.PERCENT in {left.unit, right.unit}:
                share = node.left if left.unit is Unit.PERCENT else node.right
                remedy = PERCENT_OF.format(self.words(share))
            elif Unit.RATIO in {left.unit, right.unit}:
                remedy = "give the number a unit, such as `2 pt` or `5 min`"
            return self._meaningless(node, left, right, remedy)
        return combined("add" if node.operator == "+" else "sub", left, right, unit)

    def _product(self, node: syn.Arithmetic, left: Typed, right: Typed) -> Typed:
        for number, other in ((left, right), (right, left)):
            if number.unit is Unit.RATIO and other.unit in SCALABLE:
                return product(number, other, other.unit)
        remedy = ""
        if Unit.PRICE in {left.unit, right.unit}:
            remedy = "a price cannot be scaled (it would not mirror); write `x % of price`"
        elif Unit.PERCENT in {left.unit, right.unit}:
            remedy = "a percentage is applied with `of`: `0.1 % of high`"
        return self._meaningless(node, left, right, remedy)

    def _quotient(self, node: syn.Arithmetic, left: Typed, right: Typed) -> Typed:
        if left.unit is right.unit and left.unit in QUOTIENTS:
            return quotient(left, right, Unit.RATIO)
        if right.unit is Unit.RATIO and left.unit in SCALABLE:
            return quotient(left, right, left.unit)
        if left.unit is Unit.POINTS and right.unit is Unit.PRICE:
            magnitude = Typed(ir.Unary("abs", right.node), Unit.POINTS, right.den)
            return quotient(left, magnitude, Unit.RATIO)
        return self._meaningless(node, left, right, "")

    def _share(self, node: syn.Arithmetic, left: Typed, right: Typed) -> Typed:
        if left.unit is not Unit.PERCENT or right.unit not in SHARES:
            return self.wrong(
                node,
                "E023",
                f"`of` needs a percentage of a price, a distance or a volume, "
                f"got {left.unit.value} of {right.unit.value}",
                "for example `0.1 % of top.price`",
            )
        if right.unit is Unit.PRICE:
            right = Typed(ir.Unary("abs", right.node), Unit.POINTS, right.den)
        return product(left, right, right.unit)

    def _meaningless(self, node: syn.Arithmetic, left: Typed, right: Typed, remedy: str) -> Typed:
        words = f"{left.unit.value} {node.operator} {right.unit.value} has no meaning"
        return self.wrong(node, "E022", words, remedy)

    def _comparison(self, node: syn.Comparison) -> Typed:
        left, right = self.check(node.left), self.check(node.right)
        if left.is_error or right.is_error:
            return POISON
        if left.unit is not right.unit:
            return self.wrong(
                node,
                "E021",
                f"cannot compare {left.unit.value} with {right.unit.value}",
                self._compare_help(node, left, right),
            )
        if left.unit is Unit.BOOL:
            return self.wrong(
                node,
                "E021",
                "conditions are not compared",
                "write the condition itself, or `not` before it",
            )
        assert left.unit in ORDERED
        a, b, den = aligned(left, right)
        return condition(ir.Compare(node.operator, a, b, left.unit.value, den))

    def _compare_help(self, node: syn.Comparison, left: Typed, right: Typed) -> str:
        if Unit.PERCENT in {left.unit, right.unit}:
            share = node.left if left.unit is Unit.PERCENT else node.right
            return PERCENT_OF.format(self.words(share))
        return COMPARE_HELP.get(frozenset({left.unit, right.unit}), "")

    def _bool(self, node: syn.Syntax, word: str) -> Typed:
        inner = self.check(node)
        if inner.is_error or inner.unit is Unit.BOOL:
            return inner
        return self.wrong(
            node,
            "E020",
            f"`{word}` needs a condition, this is {article(inner)}",
            "compare it with something, as in `high - low > 2 pt`",
        )

    def _logic(self, node: syn.Logic) -> Typed:
        parts = [self._bool(operand, node.operator) for operand in node.operands]
        if any(part.is_error for part in parts):
            return POISON
        nodes = tuple(part.node for part in parts)
        return condition(ir.AllOf(nodes) if node.operator == "and" else ir.AnyOf(nodes))

    def _choice(self, node: syn.Choice) -> Typed:
        asked = self._bool(node.condition, "if")
        then, otherwise = self.check(node.then), self.check(node.otherwise)
        if asked.is_error or then.is_error or otherwise.is_error:
            return POISON
        if then.unit is not otherwise.unit:
            return self.wrong(
                node,
                "E021",
                f"one branch is {article(then)}, the other {article(otherwise)}",
                "both must be of one kind",
            )
        if then.unit is Unit.BOOL:
            return condition(ir.Choose(asked.node, then.node, otherwise.node))
        a, b, den = aligned(then, otherwise)
        return Typed(ir.Choose(asked.node, a, b), then.unit, den)

    def _lag(self, node: syn.LagOf) -> Typed:
        operand = self.check(node.operand)
        if operand.is_error:
            return operand
        written = self.words(node.operand)
        if not ir.is_row(operand.node):
            return self.wrong(
                node,
                "E026",
                f"`{written}` has no bar before",
                "only values computed from bars alone can be looked up bars ago",
            )
        bars = self._lag_bars(node, written)
        if bars is None:
            return POISON
        if bars == ir.Const(0):
            return operand
        return Typed(ir.Lag(operand.node, bars, node.across), operand.unit, operand.den)

    def _lag_bars(self, node: syn.LagOf, written: str) -> ir.Node | None:
        if node.bars.lstrip("-").isdigit():
            bars = int(node.bars)
            if bars < 0:
                self.wrong(
                    node,
                    "E030",
                    f"{written}[{bars}] reads the future",
                    f"only [0] and backwards; the previous bar is {written}[1]",
                )
                return None
            return ir.Const(bars)
        parameter = self.scope.params.get(node.bars)
        if parameter is None or parameter.unit is not Unit.BARS:
            self.wrong(
                node,
                "E002",
                f"`{node.bars}` is not a number of bars",
                "write a whole number, or a parameter in bars",
            )
            return None
        parameter.used = True
        return ir.Param(node.bars)

    # --- names ---------------------------------------------------------------------------------

    def session(self, name: str, node: syn.Syntax) -> bool:
        """Whether a session of this name is declared; reports E002 if not."""
        if name in self.scope.sessions:
            self.scope.used_sessions.add(name)
            return True
        self._unknown(node, "session", name, list(self.scope.sessions))
        return False

    def _in_session(self, node: syn.InSessionOf) -> Typed:
        if not self.session(node.session, node):
            return POISON
        return condition(ir.InSession(node.session))

    def _exists(self, node: syn.Exists) -> Typed:
        name, *rest = node.parts
        held = self._remembered(name, node)
        if held is None:
            return POISON
        if not held.holds_bar:
            return self.wrong(
                node, "E027", f"`{name}` holds no bar", f"compare `{name}` with a number instead"
            )
        now = rest == ["now"] and held.is_tracker
        if rest and not now:
            return self.wrong(node, "E027", f"`exists` asks about `{name}` or `{name}.now`")
        return condition(ir.Known(self._field_node(held, "row", ir.Kind.INT, now=now)))

    def _remembered(self, name: str, node: syn.Syntax) -> Remembered | None:
        held = self.scope.remembered.get(name)
        if held is None:
            self._unknown(node, "tracker or capture", name, list(self.scope.remembered))
        elif self.level < Level.CANDIDATE:
            self.wrong(node, "E026", f"`{name}` is not known here", LEVEL_WORDS[self.level])
        else:
            held.used = True
            return self.remember(held, node)
        return None

    def remember(self, held: Remembered, node: syn.Syntax | None = None) -> Remembered | None:
        """The tracker or capture with its value checked, once; None after an error."""
        if held.text is None or held.value is not None:
            return held
        if held.open:
            if node is not None:
                self.wrong(node, "E031", f"`{held.name}` is captured from itself")
            return None
        held.open = True
        held.value = self.expression(held.text, held.level)
        held.open = False
        return held

    def _path(self, node: syn.Path) -> Typed:
        name, *rest = node.parts
        if not rest:
            return self._name(node, name)
        if name in self.scope.sessions:
            return self._session_value(node, name, rest)
        if name in self.scope.remembered:
            return self._field(node, name, rest)
        if name == "target" and self.level is Level.SETUP:
            return self._target(node, rest[0])
        if name in BAR_NAMES or name in self.scope.definitions:
            return self.wrong(
                node, "E027", f"`{name}` has no fields", f"the bar before is `{name}[1]`"
            )
        return self._unknown(node, "name", name, self.scope.names(self.level))

    def _name(self, node: syn.Path, name: str) -> Typed:
        scope = self.scope
        if name in scope.params:
            return self._parameter(name)
        if self.level >= Level.ROW and (found := builtin(name, scope)) is not None:
            return found
        if name in scope.definitions:
            return self._definition(node, scope.definitions[name])
        if name in scope.remembered:
            return self._field(node, name, [])
        if (found := self._of_candidate(name)) is not None:
            return found
        if self.level is Level.SETUP and name in SETUP_NAMES:
            return self._of_bracket(node, name)
        if name in WEEKDAYS:
            return Typed(ir.Const(WEEKDAYS[name]), Unit.WEEKDAY)
        if name in {"true", "false"}:
            return condition(ir.Const(name == "true"))
        if name in scope.sessions:
            return self.wrong(
                node,
                "E027",
                f"`{name}` is a session",
                f"write `in {name}`, `{name}.high`, `{name}.so_far.low`, ...",
            )
        if name in BAR_NAMES or name in SETUP_NAMES:
            return self.wrong(node, "E026", f"`{name}` is not known here", LEVEL_WORDS[self.level])
        return self._unknown(
            node, "name", name, [*scope.names(self.level), *BAR_NAMES, *WEEKDAYS, *FUNCTIONS]
        )

    def _parameter(self, name: str) -> Typed:
        parameter = self.scope.params[name]
        parameter.used = True
        if parameter.unit is Unit.BOOL:
            return condition(ir.Compare("==", ir.Param(name), ir.Const(1)))
        return Typed(ir.Param(name), parameter.unit, parameter.den)

    def _definition(self, node: syn.Path, definition: Definition) -> Typed:
        definition.used = True
        if definition.level > self.level:
            return self.wrong(
                node, "E026", f"`{definition.name}` is not known here", LEVEL_WORDS[self.level]
            )
        if definition.open:
            return self.wrong(
                node,
                "E031",
                f"`{definition.name}` is defined by itself",
                "a name may use only names that do not lead back to it",
            )
        return self.define(definition)

    def define(self, definition: Definition) -> Typed:
        """The typed value of a series or measure, checked once."""
        if definition.checked is None:
            definition.open = True
            found = self.expression(definition.text, definition.level)
            definition.open = False
            if definition.on is not None and not found.is_error:
                found = self._calls.on_frame(found, definition.on, definition.text)
            definition.checked = found
        return definition.checked

    def _of_candidate(self, name: str) -> Typed | None:
        if self.level >= Level.CANDIDATE and name in CANDIDATE_CLOCKS:
            of, unit = CANDIDATE_CLOCKS[name]
            then = ir.CandidateClock(of, unit)
            return elapsed_since(then, unit)
        return None

    def _of_bracket(self, node: syn.Path, part: str, index: int = 0) -> Typed:
        """`entry`, `stop` or a target, where it is known: they follow each other in this order."""
        known = {"entry": True, "stop": self.stop_is_known, "target": index < self.targets_known}
        if not known[part]:
            return self.wrong(
                node,
                "E026",
                f"`{self.words(node)}` is not known here",
                "first comes the entry, then the stop, then the targets as written",
            )
        return Typed(ir.Bracket(part, index), Unit.PRICE)

    def _target(self, node: syn.Path, name: str) -> Typed:
        if name not in self.scope.targets:
            return self._unknown(node, "target", name, self.scope.targets)
        return self._of_bracket(node, "target", self.scope.targets.index(name))

    def _session_value(self, node: syn.Path, name: str, rest: list[str]) -> Typed:
        self.scope.used_sessions.add(name)
        which = ir.Occurrence.FINAL
        if rest[0] in {"so_far", "previous"}:
            which = ir.Occurrence(rest[0])
            rest = rest[1:]
        elif rest[0] in {"elapsed", "left"} and len(rest) == 1:
            edge = "since" if rest[0] == "elapsed" else "until"
            return Typed(ir.SessionClock(name, edge), Unit.DURATION)
        if len(rest) != 1 or rest[0] not in SESSION_FIELDS:
            return self._unknown(
                node,
                "session value",
                ".".join(rest) or "(nothing)",
                [*SESSION_FIELDS, "so_far", "previous", "elapsed", "left"],
                "E027",
            )
        return Typed(ir.SessionValue(name, rest[0], which), SESSION_FIELDS[rest[0]])

    def _field(self, node: syn.Path, name: str, rest: list[str]) -> Typed:
        held = self._remembered(name, node)
        if held is None:
            return POISON
        now = bool(rest) and rest[0] == "now"
        if now and not held.is_tracker:
            return self.wrong(node, "E027", f"`{name}` is captured once: it has no `now`")
        rest = rest[1:] if now else rest
        asked = rest[0] if len(rest) == 1 else ".".join(rest)
        if held.op is TrackerOp.BARS:
            return self._of_bars(node, held, asked, now=now)
        if asked in {"", "price", "value"}:
            return self._held_value(node, held, now=now)
        if not held.holds_bar:
            return self.wrong(node, "E027", f"`{name}` is a number and has no `{asked}`")
        if asked in RESERVED_FIELDS:
            return self._held_clock(held, asked, now=now)
        return self._held_field(node, held, asked, now=now)

    def _of_bars(self, node: syn.Path, held: Remembered, asked: str, *, now: bool) -> Typed:
        if asked != "bars":
            return self.wrong(
                node,
                "E027",
                f"`{held.name}` is a stretch of bars",
                f"write `{held.name}.bars`, or `highest(high, {held.name})`",
            )
        return Typed(self._field_node(held, "value", ir.Kind.INT, now=now), Unit.BARS)

    def _held_value(self, node: syn.Path, held: Remembered, *, now: bool) -> Typed:
        if held.op is TrackerOp.COUNT:
            return Typed(self._field_node(held, "value", ir.Kind.INT, now=now), Unit.RATIO)
        if held.value is None:
            return self.wrong(
                node,
                "E027",
                f"`{held.name}` is a bar",
                f"say which price of it: `{held.name}.high`",
            )
        value = held.value
        found = self._field_node(held, "value", value.node.kind, now=now)
        if value.unit is Unit.BOOL:
            return condition(ir.Compare("==", found, ir.Const(1)))
        return Typed(found, value.unit, value.den)

    def _held_clock(self, held: Remembered, asked: str, *, now: bool) -> Typed:
        if asked == "bars":
            return elapsed_since(self._field_node(held, "row", ir.Kind.INT, now=now), "row")
        age = elapsed_since(self._field_node(held, "at", ir.Kind.INT, now=now), "minute")
        if asked == "age":
            return age
        size = Typed(ir.Const(self.scope.bar_minutes), Unit.DURATION)
        return combined("sub", age, size, Unit.DURATION)

    def _held_field(self, node: syn.Path, held: Remembered, asked: str, *, now: bool) -> Typed:
        value = self._of_bar(node, held, asked)
        if value.is_error:
            return value
        held.fields[asked] = (
            ir.Choose(value.node, ir.Const(1), ir.Const(0))
            if value.unit is Unit.BOOL
            else value.node
        )
        found = self._field_node(held, asked, held.fields[asked].kind, now=now)
        if value.unit is Unit.BOOL:
            return condition(ir.Compare("==", found, ir.Const(1)))
        return Typed(found, value.unit, value.den)

    def _of_bar(self, node: syn.Path, held: Remembered, asked: str) -> Typed:
        if held.value is not None and not held.is_tracker:
            return self.wrong(
                node,
                "E027",
                f"`{held.name}` is one value and has no `{asked}`",
                f"capture the whole bar: `{held.name}: bar`",
            )
        if (found := builtin(asked, self.scope)) is not None:
            return found
        series = self.scope.definitions.get(asked)
        if series is not None and series.level is Level.ROW:
            series.used = True
            return self.define(series)
        fields = [*BAR_NAMES, *RESERVED_FIELDS, "price", "now"]
        fields += [n for n, d in self.scope.definitions.items() if d.level is Level.ROW]
        return self._unknown(node, f"field of `{held.name}`", asked, fields, "E027")

    def _field_node(self, held: Remembered, name: str, kind: ir.Kind, *, now: bool) -> ir.Node:
        if held.is_tracker:
            return ir.TrackerField(held.name, name, kind, now)
        return ir.CaptureField(held.name, name, kind)

    def _call(self, node: syn.Call) -> Typed:
        if node.function not in FUNCTIONS:
            return self._unknown(node, "function", node.function, list(FUNCTIONS), "E025")
        return self._calls.call(node)

    def _unknown(
        self, node: syn.Syntax, what: str, name: str, known: list[str], code: str = "E002"
    ) -> Typed:
        guess = nearest(name, known)
        if guess:
            remedy = f"did you mean `{guess}`?"
        elif known and len(known) <= 12:
            remedy = "known are " + ", ".join(known)
        else:
            remedy = ""
        return self.wrong(node, code, f"unknown {what} `{name}`", remedy)


CANDIDATE_CLOCKS: Final = {
    "age": ("start", "minute"),
    "age_bars": ("start", "row"),
    "stage_age": ("stage", "minute"),
    "stage_bars": ("stage", "row"),
}
SETUP_NAMES: Final = ("entry", "stop", "target")


def elapsed_since(then: ir.Node, unit: str) -> Typed:
    """How long ago an instant (`minute`) or a row was, on the bar at hand."""
    if unit == "minute":
        return Typed(ir.Binary("sub", ir.BarField("minute"), then), Unit.DURATION)
    return Typed(ir.Binary("sub", ir.Row(), then), Unit.BARS)


def article(value: Typed) -> str:
    """The unit of a value as a sentence says it."""
    word = value.unit.value
    if value.unit in {Unit.POINTS, Unit.DURATION, Unit.BARS, Unit.CONTRACTS, Unit.R}:
        return word
    return f"a {word}"
