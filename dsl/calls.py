"""The functions of the language: what each takes, what it gives, and how it becomes nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dsl import syntax as syn
from dsl.ir import expression as ir
from dsl.ir.program import TrackerOp
from dsl.names import true_range
from dsl.nearest import nearest
from dsl.scope import Level
from dsl.units import POISON, Typed, Unit, aligned, combined, condition, quotient, to_real

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.check import Checker
    from dsl.scope import Remembered
    from dsl.source import Text


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the reference shows it."""

    name: str
    signature: str
    doc: str


FUNCTIONS: Final = {
    f.name: f
    for f in (
        Function("abs", "abs(distance)", "the magnitude of a distance or number; never of a price"),
        Function("max", "max(a, b, ...)", "the largest of values of one kind"),
        Function("min", "min(a, b, ...)", "the smallest of values of one kind"),
        Function("mid", "mid(a, b)", "the price halfway between two prices"),
        Function("level", "level(25000)", "a fixed price; only with `mirror: none`"),
        Function("highest", "highest(x, 20 bars | since ny | box)", "the largest x of a window"),
        Function("lowest", "lowest(x, 20 bars | since ny | box)", "the smallest x of a window"),
        Function("sum", "sum(x, 20 bars | since ny | box)", "the sum of x over a window"),
        Function("mean", "mean(x, 20 bars | since ny | box)", "the mean of x over a window"),
        Function("deviation", "deviation(x, 20 bars)", "the standard deviation (of a population)"),
        Function("count", "count(condition, 20 bars | box)", "on how many bars it was true"),
        Function("rank", "rank(x, 20 bars)", "the share of the window's values at most x"),
        Function("percentile", "percentile(x, 90 %, 100 bars)", "the nearest-rank percentile"),
        Function("atr", "atr(14 bars)", "the mean true range (simple, so that it is exact)"),
        Function(
            "ema", "ema(x, 20 bars [, since ny])", "the exponential mean, begun anew each day"
        ),
        Function("vwap", "vwap(since ny)", "the volume-weighted typical price of a session so far"),
        Function("bars_since", "bars_since(condition)", "bars since it was last true, 0 when now"),
        Function("crosses_above", "crosses_above(a, b)", "a > b now and not on the bar before"),
        Function("crosses_below", "crosses_below(a, b)", "a < b now and not on the bar before"),
        Function("first", "first(x, box)", "x on the first bar of a stretch"),
        Function("last", "last(x, box)", "x on the last bar of a stretch"),
        Function("crossings", "crossings(x, level, box)", "how often x changed sides of a level"),
        Function("known", "known(x)", "whether x is known at all (never na itself)"),
        Function("time", "time(Europe/London)", "the local time at which the bar opened"),
        Function("weekday", "weekday(Asia/Tokyo)", "the local weekday of the bar"),
        Function("trading_day", "trading_day(XLON)", "whether an exchange trades on this date"),
        Function("blackout", "blackout(news)", "whether the bar touches a listed event's window"),
    )
}


class Caller:
    """Checks calls for a `Checker`, one method a family."""

    def __init__(self, checker: Checker) -> None:
        """The checker whose text and level are in force."""
        self.at = checker

    def call(self, node: syn.Call) -> Typed:
        """The typed value of a call of a known function."""
        return _METHODS[node.function](self, node)

    # --- arguments -----------------------------------------------------------------------------

    def _shape(self, node: syn.Call) -> Typed:
        shown = FUNCTIONS[node.function].signature
        return self.at.wrong(
            node, "E009", f"`{node.function}` is not called like this", f"it is written `{shown}`"
        )

    def _values(self, node: syn.Call, count: int) -> list[Typed] | None:
        """The values of `count` plain arguments, or None after an error."""
        given = [a for a in node.arguments if isinstance(a, syn.Argument) and a.plain]
        if len(given) != count or len(node.arguments) != count:
            self._shape(node)
            return None
        values = [self.at.check(argument.value) for argument in given]
        return None if any(value.is_error for value in values) else values

    def _plain(self, node: syn.Call) -> syn.Argument | None:
        """The only argument, where it is one and plain."""
        if len(node.arguments) != 1:
            return None
        (given,) = node.arguments
        return given if isinstance(given, syn.Argument) and given.plain else None

    def _row(self, node: syn.Syntax) -> Typed:
        """A value computed from bars alone."""
        value = self.at.check(node)
        if value.is_error or ir.is_row(value.node):
            return value
        return self.at.wrong(
            node,
            "E026",
            f"`{self.at.words(node)}` is not a value of every bar",
            "a window looks at bars: use only bars, series and parameters inside",
        )

    def _unfit(self, node: syn.Call, *values: Typed) -> Typed:
        kinds = ", ".join(value.unit.value for value in values)
        shown = FUNCTIONS[node.function].signature
        return self.at.wrong(
            node, "E025", f"there is no {node.function}({kinds})", f"it is written `{shown}`"
        )

    def _path(self, argument: syn.Argument | syn.SinceOf) -> tuple[str, ...]:
        if isinstance(argument, syn.Argument) and argument.plain:
            if isinstance(argument.value, syn.Path):
                return argument.value.parts
            if isinstance(argument.value, syn.Zone):
                return (argument.value.name,)
        return ()

    # --- arithmetic ----------------------------------------------------------------------------

    def magnitude(self, node: syn.Call) -> Typed:
        """Abs."""
        values = self._values(node, 1)
        if values is None:
            return POISON
        (value,) = values
        if value.unit is Unit.PRICE:
            return self.at.wrong(
                node,
                "E024",
                "abs of a price cannot be mirrored",
                "take the magnitude of a distance: `abs(close - open)`",
            )
        if value.unit not in {Unit.POINTS, Unit.RATIO, Unit.VOLUME, Unit.DURATION, Unit.BARS}:
            return self._unfit(node, value)
        return Typed(ir.Unary("abs", value.node), value.unit, value.den)

    def extreme(self, node: syn.Call) -> Typed:
        """Max and min."""
        values = self._values(node, max(2, len(node.arguments)))
        if values is None:
            return POISON
        found = values[0]
        for value in values[1:]:
            if value.unit is not found.unit or value.unit in {Unit.BOOL, Unit.WEEKDAY}:
                return self._unfit(node, *values)
            found = combined(node.function, found, value, found.unit)
        return found

    def midpoint(self, node: syn.Call) -> Typed:
        """Mid."""
        values = self._values(node, 2)
        if values is None:
            return POISON
        a, b = values
        if a.unit is not b.unit or a.unit not in {Unit.PRICE, Unit.POINTS}:
            return self._unfit(node, a, b)
        total = combined("add", a, b, a.unit)
        return quotient(total, Typed(ir.Const(2), Unit.RATIO), a.unit)

    def level(self, node: syn.Call) -> Typed:
        """A fixed price: `level`."""
        if self.at.scope.mirrored:
            return self.at.wrong(
                node,
                "E024",
                "a fixed level cannot be mirrored",
                "say `direction: {mirror: none}`, or compare with a price",
            )
        given = self._plain(node)
        if given is None:
            return self._shape(node)
        value = given.value
        if not isinstance(value, syn.Quantity) or value.unit:
            return self._shape(node)
        ticks = value.value / self.at.scope.instrument.tick
        if ticks.denominator != 1:
            return self.at.wrong(value, "E010", f"{self.at.words(value)} is not on the tick grid")
        return Typed(ir.Const(ticks.numerator), Unit.PRICE)

    def known(self, node: syn.Call) -> Typed:
        """Known."""
        values = self._values(node, 1)
        return POISON if values is None else condition(ir.Known(values[0].node))

    # --- windows -------------------------------------------------------------------------------

    def window(self, node: syn.Call) -> Typed:
        """highest, lowest, sum, mean, count, first, last over bars, a session or a stretch."""
        if len(node.arguments) != 2:
            return self._shape(node)
        operand, over = node.arguments
        if not isinstance(operand, syn.Argument) or not operand.plain:
            return self._shape(node)
        value = self._row(operand.value)
        if value.is_error:
            return POISON
        if (value.unit is Unit.BOOL) != (node.function == "count"):
            return self._unfit(node, value)
        if isinstance(over, syn.SinceOf):
            return self._since(node, value, over)
        stretch = self._stretch(over)
        if stretch is not None:
            return self._aggregate(node, value, *stretch)
        if node.function in {"first", "last"}:
            return self._shape(node)
        return self._rolling(node, value, over)

    def _over(self, node: syn.Call, over: syn.Argument) -> tuple[ir.Over, Typed] | None:
        """A written window of bars: the window, and how many bars it holds as a number."""
        bars = self.at.check(over.value)
        if bars.is_error:
            return None
        if bars.unit is not Unit.BARS or not isinstance(bars.node, (ir.Const, ir.Param)):
            self.at.wrong(
                over,
                "E009",
                "a window is a number of bars",
                f"write `{FUNCTIONS[node.function].signature}`",
            )
            return None
        if isinstance(bars.node, ir.Const) and bars.node.value < 1:
            self.at.wrong(over, "E009", "a window holds at least one bar")
            return None
        where = None
        if over.where is not None:
            checked = self._row(over.where)
            if checked.unit is not Unit.BOOL:
                if not checked.is_error:
                    self.at.wrong(over.where, "E020", "`where` needs a condition")
                return None
            where = checked.node
        window = ir.Over(bars.node, over.before, where, over.across)
        return window, Typed(bars.node, Unit.RATIO)

    def _rolling(self, node: syn.Call, value: Typed, over: syn.Argument) -> Typed:
        found = self._over(node, over)
        if found is None:
            return POISON
        window, size = found
        if node.function in {"sum", "mean"} and value.is_real:
            return self._inexact_sum(node)
        if node.function == "mean":
            total = Typed(ir.Window("sum", value.node, window), value.unit, value.den)
            return quotient(to_real(total), size, value.unit)
        unit = Unit.RATIO if node.function == "count" else value.unit
        if node.function == "sum" and unit is Unit.PRICE:
            return self._unfit(node, value)
        return Typed(ir.Window(node.function, value.node, window), unit, value.den)

    def _inexact_sum(self, node: syn.Call) -> Typed:
        return self.at.wrong(
            node,
            "E070",
            "a sum of divided values depends on the order of adding",
            "sum the whole values first and divide the sums",
        )

    def _since(self, node: syn.Call, value: Typed, over: syn.SinceOf) -> Typed:
        if not self.at.session(over.session, over):
            return POISON
        if node.function not in {"highest", "lowest", "sum", "mean"}:
            return self._shape(node)
        if value.is_real:
            return self._inexact_sum(node)
        op = "sum" if node.function == "mean" else node.function
        found = Typed(ir.SinceSession(op, value.node, over.session), value.unit, value.den)
        if node.function != "mean":
            return (
                found if op != "sum" or value.unit is not Unit.PRICE else self._unfit(node, value)
            )
        counted = ir.Choose(ir.Known(value.node), ir.Const(1), ir.Const(0))
        size = Typed(ir.SinceSession("sum", counted, over.session), Unit.RATIO)
        return quotient(to_real(found), size, value.unit)

    def _stretch(self, over: syn.Argument) -> tuple[Remembered, ir.Part, bool] | None:
        """A `bars` tracker, the part of it meant, and whether this bar is added."""
        parts = self._path(over)
        held = self.at.scope.remembered.get(parts[0]) if parts else None
        if held is None or held.op is not TrackerOp.BARS or self.at.level < Level.CANDIDATE:
            return None
        held.used = True
        rest = list(parts[1:])
        now = "now" in rest
        if now:
            rest.remove("now")
        names = {
            "": ir.Part.WHOLE,
            "first_half": ir.Part.FIRST_HALF,
            "second_half": ir.Part.SECOND_HALF,
        }
        part = names.get(".".join(rest))
        if part is None:
            self.at.wrong(
                over,
                "E027",
                f"`{held.name}` has no `{'.'.join(rest)}`",
                "its parts are first_half, second_half and now",
            )
            return None
        return held, part, now

    def _aggregate(
        self,
        node: syn.Call,
        value: Typed,
        held: Remembered,
        part: ir.Part,
        now: bool,  # noqa: FBT001
    ) -> Typed:
        if node.function in {"sum", "mean"} and value.is_real:
            return self._inexact_sum(node)
        if node.function != "mean":
            unit = Unit.RATIO if node.function == "count" else value.unit
            made = ir.Aggregate(node.function, value.node, held.name, part, None, now)
            return Typed(made, unit, value.den)
        total = ir.Aggregate("sum", value.node, held.name, part, None, now)
        size = ir.Aggregate("size", ir.Const(1), held.name, part, None, now)
        return quotient(
            to_real(Typed(total, value.unit, value.den)), Typed(size, Unit.RATIO), value.unit
        )

    def crossings(self, node: syn.Call) -> Typed:
        """Crossings."""
        given = node.arguments
        if len(given) != 3 or not all(isinstance(a, syn.Argument) for a in given):
            return self._shape(node)
        operand, level, over = (a for a in given if isinstance(a, syn.Argument))
        value, line = self._row(operand.value), self.at.check(level.value)
        stretch = self._stretch(over)
        if value.is_error or line.is_error:
            return POISON
        if stretch is None:
            return self._shape(node)
        if value.unit is not line.unit or value.unit is Unit.BOOL:
            return self._unfit(node, value, line)
        held, part, now = stretch
        a, b, _ = aligned(value, line)
        return Typed(ir.Aggregate("crossings", a, held.name, part, b, now), Unit.RATIO)

    def deviation(self, node: syn.Call) -> Typed:
        """deviation: sqrt(n * sum(x^2) - sum(x)^2) / n, whole numbers up to the root."""
        if len(node.arguments) != 2:
            return self._shape(node)
        operand, over = node.arguments
        if not (isinstance(operand, syn.Argument) and isinstance(over, syn.Argument)):
            return self._shape(node)
        value = self._row(operand.value)
        found = self._over(node, over) if not value.is_error else None
        if found is None:
            return POISON
        if value.is_real:
            return self._inexact_sum(node)
        window, size = found
        squares = ir.Window("sum", ir.Binary("mul", value.node, value.node), window)
        total = ir.Window("sum", value.node, window)
        spread = ir.Binary(
            "sub",
            ir.Binary("mul", size.node, squares),
            ir.Binary("mul", total, total),
        )
        unit = Unit.POINTS if value.unit is Unit.PRICE else value.unit
        root = Typed(ir.Unary("sqrt", ir.ToReal(spread, value.den * value.den)), unit)
        return quotient(root, size, unit)

    def percentile(self, node: syn.Call) -> Typed:
        """Percentile."""
        given = node.arguments
        if len(given) != 3 or not all(isinstance(a, syn.Argument) for a in given):
            return self._shape(node)
        operand, wanted, over = (a for a in given if isinstance(a, syn.Argument))
        value, share = self._row(operand.value), self.at.check(wanted.value)
        if value.is_error or share.is_error:
            return POISON
        if share.unit is not Unit.PERCENT or value.unit is Unit.BOOL or share.is_real:
            return self._unfit(node, value, share)
        found = self._over(node, over)
        if found is None:
            return POISON
        return Typed(
            ir.Percentile(value.node, share.node, share.den, found[0]), value.unit, value.den
        )

    def rank(self, node: syn.Call) -> Typed:
        """Rank."""
        if len(node.arguments) != 2:
            return self._shape(node)
        operand, over = node.arguments
        if not (isinstance(operand, syn.Argument) and isinstance(over, syn.Argument)):
            return self._shape(node)
        value = self._row(operand.value)
        if value.is_error:
            return POISON
        if value.unit is Unit.BOOL:
            return self._unfit(node, value)
        found = self._over(node, over)
        if found is None:
            return POISON
        window, size = found
        return quotient(Typed(ir.Rank(value.node, window), Unit.RATIO), size, Unit.RATIO)

    def atr(self, node: syn.Call) -> Typed:
        """Atr."""
        over = node.arguments[0] if len(node.arguments) == 1 else None
        if not isinstance(over, syn.Argument):
            return self._shape(node)
        found = self._over(node, over)
        if found is None:
            return POISON
        window, size = found
        total = Typed(ir.Window("sum", true_range(across=over.across), window), Unit.POINTS)
        return quotient(to_real(total), size, Unit.POINTS)

    def ema(self, node: syn.Call) -> Typed:
        """Ema."""
        given = node.arguments
        if len(given) not in {2, 3} or not isinstance(given[0], syn.Argument):
            return self._shape(node)
        since = given[2] if len(given) == 3 else None
        if since is not None and not isinstance(since, syn.SinceOf):
            return self._shape(node)
        over = given[1]
        if not isinstance(over, syn.Argument) or not over.plain:
            return self._shape(node)
        value = self._row(given[0].value)
        found = self._over(node, over) if not value.is_error else None
        if found is None or (since and not self.at.session(since.session, since)):
            return POISON
        if value.unit is Unit.BOOL:
            return self._unfit(node, value)
        made = ir.Ema(to_real(value).node, found[0].bars, since.session if since else None)
        return Typed(made, value.unit)

    def vwap(self, node: syn.Call) -> Typed:
        """vwap: sum(typical * volume) / sum(volume), one division of whole numbers."""
        since = node.arguments[0] if len(node.arguments) == 1 else None
        if not isinstance(since, syn.SinceOf):
            return self._shape(node)
        if not self.at.session(since.session, since):
            return POISON
        volume = ir.BarField("volume")
        prices = ir.Binary(
            "add",
            ir.Binary("add", ir.BarField("high"), ir.BarField("low")),
            ir.BarField("close"),
        )
        traded = ir.SinceSession("sum", ir.Binary("mul", prices, volume), since.session)
        total = ir.SinceSession("sum", volume, since.session)
        return Typed(ir.Binary("div", ir.ToReal(traded, 3), ir.ToReal(total, 1)), Unit.PRICE)

    def bars_since(self, node: syn.Call) -> Typed:
        """bars_since."""
        given = node.arguments[0] if len(node.arguments) == 1 else None
        if not isinstance(given, syn.Argument):
            return self._shape(node)
        if given.before or given.where is not None:
            return self._shape(node)
        value = self._row(given.value)
        if value.is_error:
            return POISON
        if value.unit is not Unit.BOOL:
            return self._unfit(node, value)
        return Typed(ir.BarsSince(value.node, given.across), Unit.BARS)

    def crosses(self, node: syn.Call) -> Typed:
        """crosses_above and crosses_below."""
        values = self._values(node, 2)
        if values is None:
            return POISON
        a, b = values
        if a.unit is not b.unit or a.unit in {Unit.BOOL, Unit.WEEKDAY}:
            return self._unfit(node, a, b)
        if not (ir.is_row(a.node) and ir.is_row(b.node)):
            return self.at.wrong(
                node,
                "E026",
                f"`{node.function}` needs the bar before",
                "compare values computed from bars alone",
            )
        left, right, den = aligned(a, b)
        now, was = (">", "<=") if node.function == "crosses_above" else ("<", ">=")
        one, unit = ir.Const(1), a.unit.value
        then, other = (ir.Lag(side, one, across=False) for side in (left, right))
        before = ir.Compare(was, then, other, unit, den)
        return condition(ir.AllOf((ir.Compare(now, left, right, unit, den), before)))

    # --- clocks and calendars ------------------------------------------------------------------

    def clock(self, node: syn.Call) -> Typed:
        """Time and weekday in a zone."""
        zones = [self._zone(argument) for argument in node.arguments]
        if len(zones) != 1 or zones[0] is None:
            return self._shape(node)
        if not zone_exists(zones[0]):
            return self.at.wrong(
                node,
                "E014",
                f"no time zone is called {zones[0]}",
                "zones are written Europe/London, America/New_York, UTC, ...",
            )
        if node.function == "time":
            return Typed(ir.Clock(ir.ClockUnit.MINUTE_OF_DAY, zones[0]), Unit.TIME)
        return Typed(ir.Clock(ir.ClockUnit.WEEKDAY, zones[0]), Unit.WEEKDAY)

    def _zone(self, argument: syn.Argument | syn.SinceOf) -> str | None:
        parts = self._path(argument)
        return parts[0] if len(parts) == 1 else None

    def trading_day(self, node: syn.Call) -> Typed:
        """trading_day."""
        parts = self._path(node.arguments[0]) if len(node.arguments) == 1 else ()
        if len(parts) != 1:
            return self._shape(node)
        known = self.at.scope.calendars
        if known and parts[0] not in known:
            guess = nearest(parts[0], sorted(known))
            return self.at.wrong(
                node.arguments[0],
                "E014",
                f"no exchange calendar is called {parts[0]}",
                f"did you mean `{guess}`?" if guess else "sessions name some: `XNYS.open`",
            )
        return condition(ir.TradingDay(parts[0]))

    def blackout(self, node: syn.Call) -> Typed:
        """Blackout."""
        parts = self._path(node.arguments[0]) if len(node.arguments) == 1 else ()
        if len(parts) != 1:
            return self._shape(node)
        if parts[0] not in self.at.scope.events:
            return self.at.wrong(
                node, "E002", f"unknown list of events `{parts[0]}`", "declare it under `events:`"
            )
        self.at.scope.used_events.add(parts[0])
        return condition(ir.Blackout(parts[0]))

    # --- larger bars ---------------------------------------------------------------------------

    def on_frame(self, value: Typed, on: Text, text: Text) -> Typed:
        """A series evaluated on larger bars: `on: 5 min`, or `5 min since ny`."""
        found = re.fullmatch(r"(\d{1,6})\s*(min|h)(?:\s+since\s+(\w+))?", str(on).strip())
        if found is None:
            self.at.findings.error(
                "E001", on.span, f"`{on}` is no bar size", "write `5 min`, or `5 min since ny`"
            )
            return POISON
        minutes = int(found[1]) * (60 if found[2] == "h" else 1)
        size = self.at.scope.bar_minutes
        if minutes < size or minutes % size or minutes > 1440:
            self.at.findings.error(
                "E001",
                on.span,
                f"bars of {minutes} min cannot be made of {size} min bars",
                f"use a multiple of {size} min, a day at most",
            )
            return POISON
        session = found[3]
        if session is not None and session not in self.at.scope.sessions:
            self.at.findings.error("E002", on.span, f"unknown session `{session}`")
            return POISON
        if session is not None:
            self.at.scope.used_sessions.add(session)
        if any(isinstance(inner, NOT_ON_LARGER_BARS) for inner in ir.walk(value.node)):
            self.at.findings.error(
                "E028",
                text.span,
                "sessions and clocks are not known on larger bars",
                "combine them with this series in another one, on the strategy's own bars",
            )
            return POISON
        across = any(looks_across(inner) for inner in ir.walk(value.node))
        return Typed(ir.OnFrame(value.node, minutes, session, across), value.unit, value.den)


NOT_ON_LARGER_BARS = (
    ir.InSession,
    ir.SessionValue,
    ir.SessionClock,
    ir.SinceSession,
    ir.TradingDay,
    ir.Blackout,
    ir.Clock,
    ir.OnFrame,
)


def looks_across(node: ir.Node) -> bool:
    """Whether the node itself looks beyond its trading date."""
    match node:
        case ir.Lag() | ir.BarsSince() | ir.OnFrame():
            return node.across
        case ir.Window() | ir.Percentile() | ir.Rank():
            return node.over.across
        case _:
            return False


def zone_exists(name: str) -> bool:
    """Whether the machine knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


_METHODS: Final[dict[str, Callable[[Caller, syn.Call], Typed]]] = {
    "abs": Caller.magnitude,
    "max": Caller.extreme,
    "min": Caller.extreme,
    "mid": Caller.midpoint,
    "level": Caller.level,
    "highest": Caller.window,
    "lowest": Caller.window,
    "sum": Caller.window,
    "mean": Caller.window,
    "count": Caller.window,
    "first": Caller.window,
    "last": Caller.window,
    "deviation": Caller.deviation,
    "rank": Caller.rank,
    "percentile": Caller.percentile,
    "atr": Caller.atr,
    "ema": Caller.ema,
    "vwap": Caller.vwap,
    "bars_since": Caller.bars_since,
    "crosses_above": Caller.crosses,
    "crosses_below": Caller.crosses,
    "crossings": Caller.crossings,
    "known": Caller.known,
    "time": Caller.clock,
    "weekday": Caller.clock,
    "trading_day": Caller.trading_day,
    "blackout": Caller.blackout,
}
