"""The nodes of an expression, after names, units and defaults are gone.

Every value is one of three kinds:

* `BOOL`: false, unknown (na) or true; `and`, `or`, `not` are Kleene's.
* `INT`: a whole number or na. Prices and distances are ticks, durations and instants are minutes,
  percentages and ratios written in the spec are scaled by a power of ten that the
  lowering has already multiplied into the other side of every comparison.
* `REAL`: a float64 or na (NaN), made only by correctly rounded operations (`+ - * / sqrt`)
  over exact integers, in the order written here.

Arithmetic and comparison with na give na. Division by zero and the root of a negative number
give na. Nodes compare by value; a node's place in the file is kept beside the
tree (`Named.span`), never in it, so equal expressions are equal wherever they stand.

The *side* that runs LONG (or SHORT) by mirror sees the reflected bar: open, high, low, close
become -open, -low, -high, -close. Only `BarField` and `SessionValue` notice; every other
node means the same in both frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Kind(StrEnum):
    """What sort of value a node has."""

    BOOL = "bool"
    INT = "int"
    REAL = "real"


class Node:
    """Base of every expression node."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()
    """The names of its parts in written order, as `dataclass` states them for patterns."""

    @property
    def kind(self) -> Kind:
        """The kind of the node's value."""
        raise NotImplementedError


# --- leaves ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Const(Node):
    """A literal: `int` for INT, `bool` for BOOL. REAL constants do not exist (see ToReal)."""

    value: int

    def __eq__(self, other: object) -> bool:
        """Equal in value and in kind: true is not 1."""
        if not isinstance(other, Const):
            return NotImplemented
        return self.kind is other.kind and self.value == other.value

    def __hash__(self) -> int:
        """Of the kind and the value."""
        return hash((self.kind, self.value))

    @property
    def kind(self) -> Kind:
        """BOOL for a bool, INT otherwise."""
        return Kind.BOOL if isinstance(self.value, bool) else Kind.INT


@dataclass(frozen=True, slots=True)
class Param(Node):
    """A run-time parameter, by name; its integer may differ by side."""

    name: str

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class BarField(Node):
    """`open`, `high`, `low`, `close` (ticks), `volume` (lots) or `minute` (of the epoch)."""

    name: str

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


class ClockUnit(StrEnum):
    """What a clock on the wall or a calendar on it shows."""

    MINUTE_OF_DAY = "minute_of_day"
    WEEKDAY = "weekday"  # Monday is 1
    DAY_OF_MONTH = "day_of_month"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Clock(Node):
    """The local time of the bar's open instant in a time zone."""

    unit: ClockUnit
    zone: str

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class InSession(Node):
    """Whether the whole bar lies inside the session's occurrence of its trading date."""

    session: str

    @property
    def kind(self) -> Kind:
        """BOOL, never na."""
        return Kind.BOOL


class Occurrence(StrEnum):
    """Which occurrence of a session a value is taken from."""

    FINAL = "final"  # today's, na until the first bar at or after its end
    SO_FAR = "so_far"  # today's running value, na before its first bar, frozen after its last
    PREVIOUS = "previous"  # the latest one of an earlier trading date that had bars


@dataclass(frozen=True, slots=True)
class SessionValue(Node):
    """`high`, `low`, `open`, `close` (ticks), `volume` or `bars` of the bars inside a session.

    Every field of an occurrence without bars is na, `bars` and `volume` included.
    """

    session: str
    field: str
    occurrence: Occurrence

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class SessionClock(Node):
    """Minutes from the session's start to this bar's open (`since`), or to its end (`until`).

    `since` is minute - begins and `until` is ends - minute: both are taken at the bar's open.
    Both may be negative; na on a date without the session.
    """

    session: str
    edge: str

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class TradingDay(Node):
    """Whether the exchange calendar trades on the bar's trading date."""

    calendar: str

    @property
    def kind(self) -> Kind:
        """BOOL, never na."""
        return Kind.BOOL


@dataclass(frozen=True, slots=True)
class Blackout(Node):
    """Whether any part of the bar lies in a window of the named list of events.

    A window is half-open: `[event - before, event + after)`.
    """

    events: str

    @property
    def kind(self) -> Kind:
        """BOOL, never na."""
        return Kind.BOOL


# --- arithmetic and logic -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`neg`, `abs` (INT or REAL, as the operand), `sqrt` (REAL operand and result)."""

    op: str
    operand: Node

    @property
    def kind(self) -> Kind:
        """The kind of the operand."""
        return self.operand.kind


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`add`, `sub`, `mul`, `max`, `min`: both INT or both REAL. `div`: both REAL.

    `max` and `min` of REAL are `a if a > b else b` and `a if a < b else b`.
    """

    op: str
    left: Node
    right: Node

    @property
    def kind(self) -> Kind:
        """The kind of both operands."""
        return self.left.kind


@dataclass(frozen=True, slots=True)
class ToReal(Node):
    """An INT divided once by a positive whole number: `float(operand) / float(denominator)`."""

    operand: Node
    denominator: int

    @property
    def kind(self) -> Kind:
        """REAL."""
        return Kind.REAL


@dataclass(frozen=True, slots=True)
class Round(Node):
    """An INT or REAL divided by a positive whole number and rounded to INT.

    `up`: the least whole number not below; `down`: the greatest not above.
    A REAL operand has denominator 1; an infinite one gives na.
    """

    operand: Node
    denominator: int
    up: bool

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`<`, `<=`, `>`, `>=`, `==`: both INT or both REAL.

    `unit` (a word of `dsl.units.Unit`) and `den` tell people what the sides measure: an INT side
    stands for `value / den` of that unit. They are no part of the meaning, nor of equality.
    """

    op: str
    left: Node
    right: Node
    unit: str = field(default="", compare=False)
    den: int = field(default=1, compare=False)

    @property
    def kind(self) -> Kind:
        """BOOL."""
        return Kind.BOOL


@dataclass(frozen=True, slots=True)
class AllOf(Node):
    """Kleene `and` of two or more conditions."""

    operands: tuple[Node, ...]

    @property
    def kind(self) -> Kind:
        """BOOL."""
        return Kind.BOOL


@dataclass(frozen=True, slots=True)
class AnyOf(Node):
    """Kleene `or` of two or more conditions."""

    operands: tuple[Node, ...]

    @property
    def kind(self) -> Kind:
        """BOOL."""
        return Kind.BOOL


@dataclass(frozen=True, slots=True)
class Not(Node):
    """Kleene `not`."""

    operand: Node

    @property
    def kind(self) -> Kind:
        """BOOL."""
        return Kind.BOOL


@dataclass(frozen=True, slots=True)
class Known(Node):
    """Whether the operand is not na; itself never na."""

    operand: Node

    @property
    def kind(self) -> Kind:
        """BOOL."""
        return Kind.BOOL


@dataclass(frozen=True, slots=True)
class Choose(Node):
    """`then` where the condition is true, `otherwise` where it is false, na where it is na."""

    condition: Node
    then: Node
    otherwise: Node

    @property
    def kind(self) -> Kind:
        """The kind of both branches."""
        return self.then.kind


# --- over rows: functions of bars alone -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lag(Node):
    """The operand `bars` (>= 0, Const or Param) rows ago; na where that row is absent.

    Without `across`, a row of another trading date is absent too.
    """

    operand: Node
    bars: Node
    across: bool

    @property
    def kind(self) -> Kind:
        """The kind of the operand."""
        return self.operand.kind


@dataclass(frozen=True, slots=True)
class Over:
    """Which rows a window holds, seen from this row: the last `bars` (>= 1), this one included.

    `before`: ending with the previous row instead of this one.
    `where`: only rows on which it is true and the windowed operand is known are counted, so
    the window is the last `bars` of those, however far back they lie.
    Without `across` all rows are of this row's trading date.
    A window that cannot be filled makes the value na; so does (without `where`) a na inside.
    """

    bars: Node
    before: bool
    where: Node | None
    across: bool


@dataclass(frozen=True, slots=True)
class Window(Node):
    """`highest`, `lowest`, `sum` of an INT or REAL (`sum`: INT only) over a window of rows.

    `count`: of a BOOL, the rows on which it is true (na rows make it na); INT.
    """

    op: str
    operand: Node
    over: Over

    @property
    def kind(self) -> Kind:
        """INT for `count`, else the kind of the operand."""
        return Kind.INT if self.op == "count" else self.operand.kind


@dataclass(frozen=True, slots=True)
class Percentile(Node):
    """The nearest-rank percentile of the operand over a window.

    With n values the result is the k-th smallest, k = max(1, ceil(share * n / scale)),
    na where there is no such value (k > n).
    """

    operand: Node
    share: Node
    scale: int
    over: Over

    @property
    def kind(self) -> Kind:
        """The kind of the operand."""
        return self.operand.kind


@dataclass(frozen=True, slots=True)
class Rank(Node):
    """How many values of the window are at most this row's value; INT.

    na where this row's value is na, or the window is.
    """

    operand: Node
    over: Over

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class BarsSince(Node):
    """Rows since the condition was last true, 0 on such a row; na before it ever was.

    Within the trading date, unless `across`.
    """

    operand: Node
    across: bool

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class SinceSession(Node):
    """`highest`, `lowest`, `sum` of an INT operand over the session's rows up to this one.

    Rows whose operand is na are left out. Frozen after the session's last row until the next
    trading date; na before its first counted row of the date.
    """

    op: str
    operand: Node
    session: str

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class Ema(Node):
    """Exponential mean of a REAL operand with alpha = 2 / (bars + 1), started anew where exact.

    `session` given: restarts at the first row of each occurrence and is na outside it.
    `session` None: restarts at the first row of each trading date.
    y(0) = x(0);  y(k) = y(k-1) + alpha * (x(k) - y(k-1)), alpha = 2.0 / float(bars + 1).
    A na operand makes this row and the rest of that run na.
    """

    operand: Node
    bars: Node
    session: str | None

    @property
    def kind(self) -> Kind:
        """REAL."""
        return Kind.REAL


@dataclass(frozen=True, slots=True)
class OnFrame(Node):
    """The operand evaluated on bars of `minutes`, as of the last one closed with this row.

    Larger bars start at the first instant of the trading date (or of `session`'s occurrence,
    and then hold only the rows inside it) plus whole multiples of `minutes`; one is closed once
    a row's close reaches its end. Its open, high, low, close, volume are of the rows inside;
    a larger bar without rows does not exist. na until the first one of the trading date closes;
    with `across` (set where the operand itself looks across days) the last closed one of an
    earlier date is kept instead.
    A row belongs to the larger bar it opens in. Inside the operand every node sees larger bars
    only: `minute` is where one starts, `Row` counts those that exist, its date is its rows'.
    """

    operand: Node
    minutes: int
    session: str | None
    across: bool

    @property
    def kind(self) -> Kind:
        """The kind of the operand."""
        return self.operand.kind


# --- of a candidate -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrackerField(Node):
    """A value a tracker holds: as of the start of the bar, or (`now`) as if it counted this bar.

    `field` is `value` (highest, lowest, count, sum) or the name of one of `Tracker.fields`;
    na while the tracker is empty (`count` and `sum` are 0 instead).
    `at` is the minute and `row` the row of the bar held (`count`, `sum`, `bars`: the last one
    counted). `value` of a `bars` tracker is last - first + 1, 0 while it is empty.
    `now` pays no heed to `stages` and `after`: it asks what this bar alone would change.
    """

    tracker: str
    field: str
    value_kind: Kind
    now: bool = False

    @property
    def kind(self) -> Kind:
        """As recorded."""
        return self.value_kind


@dataclass(frozen=True, slots=True)
class CaptureField(Node):
    """A value captured at the start or on an advance; na until then.

    `at` is the minute and `row` the row of the bar of the capture.
    """

    capture: str
    field: str
    value_kind: Kind

    @property
    def kind(self) -> Kind:
        """As recorded."""
        return self.value_kind


@dataclass(frozen=True, slots=True)
class CandidateClock(Node):
    """`minute` or `row` of the candidate's `start`, or of the bar on which its `stage` began."""

    of: str
    unit: str

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


@dataclass(frozen=True, slots=True)
class Row(Node):
    """The number of this row; only differences of rows mean anything."""

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


class Part(StrEnum):
    """Which rows of a `bars` tracker an aggregate looks at; n rows, from first to last."""

    WHOLE = "whole"
    FIRST_HALF = "first_half"  # the first n // 2
    SECOND_HALF = "second_half"  # the rest


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """A value over all rows from the first to the last one a `bars` tracker counted.

    `highest`, `lowest`, `sum`, `first`, `last` of an INT or REAL row expression;
    `count` (rows on which a BOOL is true), `size` (rows; operand ignored), both INT.
    `crossings`: adjacent pairs of rows of which exactly one has `operand` > `level`; INT.
    na over no rows (`count`, `size`, `sum`, `crossings`: 0), or where an operand inside is na.
    `level` is any INT or REAL of the operand's kind, the candidate's values included.
    `now`: with this bar added at the end, if the tracker's `where` is absent or true on it.
    `first` and `last` too are na where any operand inside is. A na `level` makes crossings na.
    """

    op: str
    operand: Node
    tracker: str
    part: Part
    level: Node | None = None
    now: bool = False

    @property
    def kind(self) -> Kind:
        """INT for count, size and crossings, else the kind of the operand."""
        counted = self.op in {"count", "size", "crossings"}
        return Kind.INT if counted else self.operand.kind


@dataclass(frozen=True, slots=True)
class Bracket(Node):
    """`entry`, `stop`, or target number `index` of the setup at hand, in ticks.

    Known only in `require`, in features and in later parts of the bracket itself.
    """

    part: str
    index: int = 0

    @property
    def kind(self) -> Kind:
        """INT."""
        return Kind.INT


CANDIDATE_NODES = (TrackerField, CaptureField, CandidateClock, Aggregate, Bracket)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside, in written order, those of a window included."""
    kind = type(node)
    inside = _INSIDE.get(kind)
    if inside is None:
        inside = _INSIDE[kind] = _getter(kind)
    return inside(node)


def _getter(kind: type[Node]) -> Callable[[Any], tuple[Node, ...]]:
    """What `children` does for one class: most are leaves, or hold nothing but nodes."""
    written = {part.name: part.type for part in fields(kind)}  # type: ignore[arg-type]  # all are
    holding = {name: form for name, form in written.items() if form in _FORMS}
    match list(holding.values()):
        case []:
            return lambda _: ()
        case ["Node"]:
            return lambda node, of=attrgetter(*holding): (of(node),)  # type: ignore[misc]
        case ["tuple[Node, ...]"]:
            return attrgetter(*holding)
        case forms if set(forms) == {"Node"}:
            return attrgetter(*holding)
        case _:
            return partial(_inside, tuple(holding))


def _inside(names: tuple[str, ...], node: Node) -> tuple[Node, ...]:
    found: list[Node] = []
    for name in names:
        value = getattr(node, name)
        if isinstance(value, Over):
            found.append(value.bars)
            value = value.where
        if value is not None:
            found.append(value)
    return tuple(found)


_FORMS: Final = frozenset({"Node", "Node | None", "tuple[Node, ...]", "Over"})
"""How the fields that hold nodes are declared; a test looks for others."""

_INSIDE: Final[dict[type[Node], Callable[[Any], tuple[Node, ...]]]] = {}


def walk(node: Node) -> Iterator[Node]:
    """The node and everything inside it, parents first."""
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        yield inner
        waiting.extend(reversed(children(inner)))


def distinct(outers: Iterable[Node]) -> Iterator[Node]:
    """Every node inside any of these, in no order; what several share comes once."""
    waiting, seen = list(outers), set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(children(node))


def is_row(node: Node) -> bool:
    """Whether the node is a function of bars, calendars and parameters alone."""
    return not any(isinstance(inner, CANDIDATE_NODES) for inner in distinct((node,)))
