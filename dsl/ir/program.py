"""A compiled strategy: everything the engine needs and nothing about how it was written.

The order of every tuple is the written order, and the written order is part of the meaning.
Places in the file (`span`) ride along for messages and the journal; they compare as equal and
are no part of the canonical text or the hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from operator import attrgetter
from typing import TYPE_CHECKING

from dsl.source import NOWHERE, Span

if TYPE_CHECKING:
    from dsl.ir.expression import Node


class Side(StrEnum):
    """The direction of a trade."""

    SHORT = "short"
    LONG = "long"

    @property
    def other(self) -> Side:
        """The opposite direction."""
        return Side.LONG if self is Side.SHORT else Side.SHORT


class ThisBar(StrEnum):
    """What an advance does with the rest of the bar it happened on (R9)."""

    EXAMINE = "examine"
    COUNT = "count"
    SKIP = "skip"


ENTRY = "entry"
"""The `to` of an advance that completes the setup."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded: the grid its prices lie on, and what a tick of it is worth.

    `tick`, `point` in price units (a point is the trader's unit, 1.00 for an index future,
    0.0001 for a currency pair); `multiplier` in `currency` a price unit and contract.
    `price_max` bounds |price| in ticks and `volume_max` volume in lots: the data door refuses
    more, and the overflow proof (E050) rests on both. `volume_step` is the smallest volume.
    """

    symbol: str
    exchange: str
    tick: Fraction
    point: Fraction
    multiplier: Fraction
    currency: str
    roll: str = "none"
    price_max: int = 1 << 24
    volume_max: int = 100_000_000
    volume_step: Fraction = Fraction(1)

    @property
    def tick_value(self) -> Fraction:
        """What one tick of one contract is worth, in `currency`."""
        return self.tick * self.multiplier


@dataclass(frozen=True, slots=True)
class DayRule:
    """Where one trading date ends and the next begins: at `starts` minutes past local midnight.

    A positive start belongs to the date of the next midnight (18:00 opens tomorrow's date).
    A date begins at the first instant at which the wall clock of `zone` shows that minute or a
    later one, so a clock that is set back past it does not bring yesterday back.
    """

    zone: str = "UTC"
    starts: int = 0


@dataclass(frozen=True, slots=True)
class Anchor:
    """An instant of each trading date.

    `calendar` and `edge` (`open`/`close`): the exchange's, moved by `minutes`.
    `calendar` empty: `minutes` past midnight of the trading date on the clock of `zone`
    (negative, or 1440 and more, reach the neighbouring dates): the first instant at which that
    clock shows the minute or a later one, so the first of two and the end of a hole.
    """

    minutes: int
    calendar: str = ""
    edge: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class SessionRule:
    """One half-open interval a trading date, absent when a named exchange is closed.

    `weekdays` (Monday 1 .. Sunday 7) on which a session with a clock of its own exists.
    """

    name: str
    start: Anchor
    end: Anchor
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """A run-time parameter as integers: the value of each side, its range and step.

    `unit` names the type a person writes (`min`, `bars`, `pt`, `%`, ``, ...) and `scale` turns
    the integer back into it: written value = integer / scale. A word is the number of one of
    `choices`, in the order in which the strategy declares them.
    """

    name: str
    unit: str
    scale: Fraction
    short: int
    long: int
    low: int | None = None
    high: int | None = None
    step: int | None = None
    doc: str = ""
    choices: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Named:
    """An expression with the name it is known by in the funnel, the journal and the charts.

    `unit` is what its value is measured in, for people: `ticks/1000000`, `min`, `bars`, ...
    """

    name: str
    node: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Capture:
    """Values remembered when a start or an advance happens, as of that bar's close.

    `fields` are (name, node); nodes of an advance's capture may be of the candidate (as of the
    start of the bar); the minute and row of the bar are always remembered.
    """

    name: str
    fields: tuple[tuple[str, Node], ...]


class TrackerOp(StrEnum):
    """What a tracker keeps of the bars it counts."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    LATEST = "latest"
    EARLIEST = "earliest"
    COUNT = "count"
    SUM = "sum"
    BARS = "bars"


@dataclass(frozen=True, slots=True)
class Tracker:
    """A running summary of the bars a candidate has seen in some of its stages (R8, R10, R11).

    `value`: the row expression of highest, lowest, sum. `where`: a bar counts only where true;
    a bar whose `value` is na does not count. `fields`: row expressions copied from the bar that
    is held (highest, lowest, latest, earliest). `bars` keeps the first and last row counted.
    `after`: emptied on a bar that sets that tracker, and counts again from the next bar;
    before that tracker holds a bar, it counts nothing.
    """

    name: str
    op: TrackerOp
    value: Node | None
    where: Node | None
    after: str | None
    stages: tuple[str, ...]
    newest: bool
    fields: tuple[tuple[str, Node], ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A limit on the time in a stage (R12), in `minutes` or `bars`, and the reason given."""

    limit: Node
    unit: str
    reason: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Advance:
    """A way on: to a stage or to `ENTRY`, when every condition is true."""

    to: str
    this_bar: ThisBar
    when: tuple[Named, ...]
    captures: tuple[Capture, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """A named step of the setup: what ends it, in the order it is asked."""

    name: str
    within: Deadline | None
    invalidate: tuple[Named, ...]
    advance: tuple[Advance, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Start:
    """When a candidate begins (R13). `fires` is `rising` or `every`.

    `spacing`: no start while a candidate younger than this is still in the first stage;
    `spacing_unit` is `minutes` or `bars`. Without stages the candidate completes on its first bar.
    """

    when: tuple[Named, ...]
    rising: bool
    spacing: Node | None
    spacing_unit: str
    captures: tuple[Capture, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Merge:
    """Two candidates that hold the same bars are one setup (R15)."""

    at: str
    same: tuple[str, ...]
    reason: str
    span: Span = field(default=NOWHERE, compare=False)


class OrderType(StrEnum):
    """How a position is entered."""

    MARKET = "market"
    STOP = "stop"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry order. `price` (ticks, of stop and limit), `valid` rows it may wait (market: 1)."""

    order: OrderType
    price: Node | None
    valid: Node
    others: str = ""
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class StopCase:
    """A place for the stop, taken if the condition is true (or absent); the first that is."""

    name: str
    condition: Node | None
    price: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A place to take profit on a `share` (parts in a million) of the position."""

    name: str
    price: Node
    share: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Move the stop to the entry price plus `offset` ticks in favour.

    `after_target` (0-based) or, when None, once the bar's extreme is `after_r` (millionths of
    the initial risk) in favour of the entry.
    """

    after_target: int | None
    after_r: Node | None
    offset: Node


@dataclass(frozen=True, slots=True)
class Trail:
    """Move the stop after each bar to `price` (a row expression) where that is closer and known.

    `after_r` (millionths of the initial risk, a Node) delays it until that much was in favour.
    """

    price: Node
    after_r: Node | None


@dataclass(frozen=True, slots=True)
class Exits:
    """Ways out besides stop and targets.

    `flat_by`: the session at whose end the position is closed (None: never).
    `after`: rows a position may live. `when`: row conditions, true at a close: out at next open.
    """

    flat_by: str | None
    after: Node | None
    when: tuple[Named, ...]
    break_even: BreakEven | None = None
    trail: Trail | None = None
    flat_by_span: Span = field(default=NOWHERE, compare=False)
    after_span: Span = field(default=NOWHERE, compare=False)


class Sizing(StrEnum):
    """How many contracts a setup is worth."""

    FIXED = "fixed"
    FIXED_RISK = "fixed_risk"
    ATR = "atr"
    KELLY = "kelly"


@dataclass(frozen=True, slots=True)
class Risk:
    """The size of a position and the limits on taking one.

    Shares are Const or Param nodes in parts in a million; None means the limit is absent.
    `method`: a Const is the number of a `Sizing`, in the order they are listed in; a Param has
    their names for its choices, those that the strategy allows, and is the number of one of them.
    `atr`: a row expression, REAL ticks. `contracts`: the size under `fixed`.
    `positions`: how many may be open at once.
    """

    method: Node
    per_trade: Node
    contracts: Node
    minimum: Node
    maximum: Node
    kelly_fraction: Node
    atr: Node | None
    reduce_at: Node | None
    reduce_to: Node | None
    stop_at: Node | None
    daily_loss: Node | None
    positions: int
    reason: str
    rr_min: Node | None = None


@dataclass(frozen=True, slots=True)
class EventList:
    """A list of instants to keep away from: file as written, minutes before and after.

    The window of an event at t is `[t - before, t + after)`.
    """

    name: str
    file: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Feature:
    """A value written into the journal with each entry, for a model to learn from."""

    name: str
    node: Node
    denominator: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A test that a spec carries: bars, a clock, and the timeline it should produce.

    `values` are parameters as written, put over the file's for this test alone.
    """

    name: str
    bars: str
    clock: str
    side: Side
    expect: tuple[tuple[str, str], ...]
    span: Span = field(default=NOWHERE, compare=False)
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """What must lie before the first decision for it to be exact."""

    bars: int
    dates: int
    unbounded: bool


@dataclass(frozen=True, slots=True)
class Program:
    """A whole strategy, ready to run."""

    name: str
    instrument: Instrument
    bar_minutes: int
    max_gap: int
    day: DayRule
    sides: tuple[Side, ...]
    written: Side
    sessions: tuple[SessionRule, ...]
    params: tuple[ParamSpec, ...]
    events: tuple[EventList, ...]
    filters: tuple[Named, ...]
    start: Start
    concurrent: int
    overflow: str
    merge: Merge | None
    trackers: tuple[Tracker, ...]
    always: tuple[Named, ...]
    stages: tuple[Stage, ...]
    entry: Entry
    stops: tuple[StopCase, ...]
    stop_away: bool
    targets: tuple[Target, ...]
    require: tuple[Named, ...]
    exits: Exits
    risk: Risk
    features: tuple[Feature, ...]
    history: History
    tests: tuple[Expectation, ...] = field(default=(), compare=False)
    doc: str = field(default="", compare=False)
    overflow_span: Span = field(default=NOWHERE, compare=False)

    def side_params(self, side: Side) -> tuple[int, ...]:
        """The integers of every parameter for one side, in the order of `params`."""
        return tuple(map(attrgetter(side.value), self.params))


NO_STOP = "no_stop"
NO_TARGET = "no_target"
NO_PRICE = "no_price"


def reasons(program: Program) -> tuple[str, ...]:
    """Every name a candidate can end by, each once: decision rows refer to them by number."""
    names: list[str] = [rule.name for rule in program.always]
    for stage in program.stages:
        names += [rule.name for rule in stage.invalidate]
        names += [stage.within.reason] if stage.within else []
    names += [program.merge.reason] if program.merge else []
    names += [program.overflow]
    names += [rule.name for rule in program.filters]
    names += [NO_PRICE, NO_STOP, NO_TARGET]
    names += [rule.name for rule in program.require]
    names += [program.entry.others] if program.entry.others else []
    return tuple(dict.fromkeys(names))


def captures_between(stage: Stage, to: str) -> tuple[Capture, ...]:
    """What the ways from a stage to another capture, each capture once: an ADVANCE tells all of it.

    What another way than the one taken captures is na.
    """
    found = {one.name: one for way in stage.advance if way.to == to for one in way.captures}
    return tuple(found.values())
