"""The shape of a strategy: which keys exist, which are needed, and what each may hold.

This is structure alone. A leaf stays the very `Text` that was read, with its place; whether it
is a quantity, an expression or a known name is for the passes that follow. The same models
print the JSON Schema that gives an editor completion and hover. Only this module imports pydantic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from dsl.coherence import incoherences
from dsl.document import Items, Table
from dsl.misfits import Key, Misfit, in_words
from dsl.source import Span, Text

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.fields import FieldInfo
    from pydantic.functional_validators import ModelWrapValidatorHandler
    from pydantic.json_schema import JsonSchemaValue

    from dsl.diagnostics import Diagnostic
    from dsl.document import Document

NAME_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
FILE_PATTERN: Final = r"^[^/\\].*$"


# --- leaves ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Leaf:
    """How pydantic sees a `Text`: as itself, kept whole; `choices` and `pattern` bound it."""

    kind: tuple[str, ...] = ("string", "number", "boolean")
    pattern: str = ""
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False

    def check(self, value: object) -> Text:
        """The same object, or a complaint that `read_structure` puts into words."""
        if not isinstance(value, str):
            raise PydanticCustomError("leaf_shape", "a value belongs here")
        text = value if isinstance(value, Text) else Text(value)
        if not text and not self.may_be_empty:
            raise PydanticCustomError("leaf_empty", "nothing is written here")
        if self.choices and text not in self.choices:
            raise PydanticCustomError("leaf_choice", "not a choice", {"choices": self.choices})
        if self.pattern and not re.match(self.pattern, text):
            raise PydanticCustomError("leaf_name", "not a name")
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        if self.choices:
            numbers = [int(choice) for choice in self.choices if choice.isdigit()]
            return {"enum": [*numbers, *self.choices]}
        made: JsonSchemaValue = {"type": list(self.kind) if len(self.kind) > 1 else self.kind[0]}
        return {**made, "pattern": self.pattern} if self.pattern else made


Expression: TypeAlias = Annotated[Text, _Leaf()]
Prose: TypeAlias = Annotated[Text, _Leaf(("string",), may_be_empty=True)]
Name: TypeAlias = Annotated[Text, _Leaf(("string",), NAME_PATTERN)]
FileName: TypeAlias = Annotated[Text, _Leaf(("string",))]
Language: TypeAlias = Annotated[Text, _Leaf(choices=("1",))]
Stamp: TypeAlias = Annotated[Text, _Leaf(choices=("open",))]
Feed: TypeAlias = Annotated[Text, _Leaf(choices=("closed",))]
WrittenSide: TypeAlias = Annotated[Text, _Leaf(choices=("short", "long"))]
MirrorSide: TypeAlias = Annotated[Text, _Leaf(choices=("short", "long", "none"))]
Fires: TypeAlias = Annotated[Text, _Leaf(choices=("rising", "every"))]
Keep: TypeAlias = Annotated[Text, _Leaf(choices=("oldest",))]
Ties: TypeAlias = Annotated[Text, _Leaf(choices=("oldest", "newest"))]
RestOfBar: TypeAlias = Annotated[Text, _Leaf(choices=("examine", "count", "skip"))]
OrderKind: TypeAlias = Annotated[Text, _Leaf(choices=("market", "stop", "limit"))]
EntryTime: TypeAlias = Annotated[Text, _Leaf(choices=("next_open",))]
SizingPrice: TypeAlias = Annotated[Text, _Leaf(choices=("close",))]
Others: TypeAlias = Annotated[Text, _Leaf(choices=("keep", "die"))]
RoundStop: TypeAlias = Annotated[Text, _Leaf(choices=("away", "toward"))]
RoundSize: TypeAlias = Annotated[Text, _Leaf(choices=("down",))]


class _OneOrMany:
    """A list that may be written as its only item."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.listed, handler(source))

    @staticmethod
    def listed(value: object) -> object:
        """A list as it is, anything else as the only item of one."""
        return Items([value], value.span) if isinstance(value, Text) else value

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(schema)
        return {"oneOf": [several["items"], several]}


Names: TypeAlias = Annotated[list[Name], _OneOrMany()]
Values: TypeAlias = Annotated[list[Expression], _OneOrMany()]

Expressions: TypeAlias = dict[Name, Expression]
"""Named expressions in written order."""

Conditions: TypeAlias = Annotated[dict[Name, Expression], Field(min_length=1)]
"""Named conditions, at least one: the name is the row of the funnel and the word in the journal."""


def _shape(value: object) -> str:
    return (
        "<list>" if isinstance(value, list) else "<table>" if isinstance(value, dict) else "<text>"
    )


def _needed(meaning: str, *examples: Any) -> Any:
    return Field(description=meaning, examples=list(examples))


def _optional(meaning: str, *examples: Any) -> Any:
    return Field(default=None, description=meaning, examples=list(examples))


def _some(meaning: str, *examples: Any) -> Any:
    return Field(default_factory=dict, description=meaning, examples=list(examples))


def _key(field: FieldInfo) -> Key:
    example = (field.examples or [""])[0]
    return Key(field.description or "", example if isinstance(example, str) else "")


# --- sections -------------------------------------------------------------------------------


class Section(BaseModel):
    """A mapping of the file with a fixed set of keys.

    Attributes are called as their keys, with a trailing underscore where Python reserves the
    word (`from_`, `else_`, `if_`, `is_`, `in_`). Optional keys left out are None or empty.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        defer_build=True,
        alias_generator=lambda name: name.rstrip("_"),
        protected_namespaces=(),
    )
    _table: Table = PrivateAttr(default_factory=Table)

    @model_validator(mode="wrap")
    @classmethod
    def _remember_place(
        cls, value: Any, handler: ModelWrapValidatorHandler[Section], info: ValidationInfo
    ) -> Section:
        if isinstance(value, Table) and info.context is not None:
            info.context[id(value)] = cls
        made = handler(value)
        if isinstance(value, Table):
            made._table = value  # noqa: SLF001 - its own
        return made

    @classmethod
    def keys(cls) -> dict[str, Key]:
        """The keys that the mapping may have."""
        return {name.rstrip("_"): _key(field) for name, field in cls.model_fields.items()}

    @property
    def span(self) -> Span:
        """Where the mapping begins: its braces, or its first key."""
        return self._table.span

    def key_span(self, key: str, otherwise: Span | None = None) -> Span:
        """Where a key of this mapping was written, else `otherwise`, else the mapping itself.

        Both spellings work: `key_span("else")` and `key_span("else_")`.
        """
        found = self._table.key(key.rstrip("_"))
        return found.span if found is not None else otherwise or self.span

    def wrote(self, key: str) -> bool:
        """Whether the key stands in the file."""
        return self._table.key(key.rstrip("_")) is not None


class Instrument(Section):
    """What is traded: the grid its prices lie on and what a move is worth."""

    symbol: Expression = _needed("The symbol as the exchange or broker knows it.", "NQ")
    exchange: Expression | None = _optional("The exchange that lists it.", "CME")
    tick: Expression = _needed("The smallest price step, in price units.", "0.25")
    point: Expression | None = _optional(
        "What `1 pt` means, in price units: 1 for an index future, 0.0001 for most currency pairs.",
        "1",
    )
    multiplier: Expression = _needed(
        "What one price unit of one contract is worth, in the currency.", "20"
    )
    currency: Expression | None = _optional("The currency of the multiplier.", "USD")
    roll: Expression | None = _optional("How one contract month hands over to the next.", "none")
    price_max: Expression | None = _optional(
        "The largest absolute price that data may hold; the proof against overflow rests on it.",
        "100000",
    )
    volume_max: Expression | None = _optional(
        "The largest volume of one bar that data may hold.", "100000000"
    )
    volume_step: Expression | None = _optional("The smallest unit of volume.", "1")


class Bars(Section):
    """The bars the strategy thinks in."""

    size: Expression | None = _optional("The length of a bar.", "1 min", "5 min")
    stamp: Stamp | None = _optional(
        "A bar is known by the instant it opens; what a file of bars does is said when it is read.",
        "open",
    )
    feed: Feed | None = _optional("Only closed bars decide anything.", "closed")
    max_gap: Expression | None = _optional(
        "The longest hole between two bars that is not reported as a data gap.", "5 min"
    )


class Day(Section):
    """Where one trading date ends and the next begins."""

    clock: Expression | None = _optional("The time zone of `starts`.", "America/New_York")
    starts: Expression | None = _optional(
        "When the trading date begins; an evening start belongs to the next date.", "18:00"
    )


class Direction(Section):
    """Which side the rules are written for, and whether the other side is their mirror image."""

    write: WrittenSide | None = _optional("The side the rules are written for.", "short")
    mirror: MirrorSide | None = _optional(
        "The side that is traded by exact reflection of prices, or none.", "long", "none"
    )


class Session(Section):
    """A part of each trading date, from its first instant up to, not including, its last."""

    from_: Expression = _needed(
        "Its beginning: an exchange's open or close, or a time on `clock`.",
        "XLON.open",
        "XNYS.open + 30 min",
        "09:30",
    )
    to: Expression = _needed("Its end, itself not inside.", "XNYS.close", "16:00")
    clock: Expression | None = _optional(
        "The time zone of times written as 09:30.", "America/New_York"
    )
    days: Values | None = _optional(
        "The weekdays on which a session with a clock of its own exists.", ["mon", "tue", "wed"]
    )


class Event(Section):
    """A list of instants to keep away from, such as news."""

    file: FileName = _needed("The list, relative to this file.", "events/fomc.csv")
    before: Expression | None = _optional("How long before each instant.", "30 min")
    after: Expression | None = _optional("How long after each instant.", "30 min")


class Param(Section):
    """A value that a run may change: its default, its range, its meaning."""

    default: Expression | None = _optional("Its value on both sides.", "5 min", "0.1 %", "2 pt")
    short: Expression | None = _optional("Its value for SHORT, where the sides differ.", "5 min")
    long: Expression | None = _optional("Its value for LONG, where the sides differ.", "3 min")
    range: Expression | None = _optional(
        "The values a sweep may try; checks hold over all of it.", "1 min .. 15 min"
    )
    step: Expression | None = _optional("The grain of a sweep and of near misses.", "1 min")
    choices: Values | None = _optional(
        "The words it may be, instead of a range.", ["fixed_risk", "atr", "kelly"]
    )
    doc: Prose | None = _optional("What it means.", "how long the high must hold")


class Series(Section):
    """A value for every closed bar, with the bars it is computed on."""

    is_: Expression = _needed("The expression.", "highest(high, 20 bars)")
    on: Expression | None = _optional("A longer bar to compute it on.", "15 min")
    doc: Prose | None = _optional("What it means.", "the wick on the swept side")


class Start(Section):
    """When a candidate begins."""

    when: Conditions = _needed(
        "All of these must be true.", {"in_ny": "in ny", "swept": "high > london.high"}
    )
    fires: Fires | None = _optional(
        "On the bar where the conditions become true, or on every bar where they are.", "rising"
    )
    spacing: Expression | None = _optional(
        "No new candidate while one this young is in the first stage.", "5 min"
    )
    capture: Expressions = _some(
        "Values of this bar to remember; `bar` remembers all of it.", {"liq1": "high"}
    )


class Concurrent(Section):
    """How many candidates may live at once."""

    max: Expression | None = _optional("The largest number; it bounds memory and time.", "16")
    overflow: Name | None = _optional(
        "The reason recorded for a start that found no room.", "too_many_candidates"
    )


class Merge(Section):
    """When two candidates are one setup."""

    at: Name = _needed("On entering this stage they are compared.", "armed")
    same: Names = _needed("Trackers that must hold the same bars.", ["top", "bottom"])
    keep: Keep | None = _optional("Which one lives on.", "oldest")
    else_: Name | None = _optional("The reason recorded for the other.", "duplicate")


class Track(Section):
    """A running summary of the bars a candidate has seen."""

    is_: Expression = _needed(
        "What is kept.",
        "highest(high)",
        "lowest(low) after top",
        "latest(bar where quiet) after top",
    )
    in_: Names | None = _optional(
        "The stages whose bars count; it is frozen elsewhere.", ["consolidation"]
    )
    ties: Ties | None = _optional("Which of two equal bars is kept.", "oldest")
    doc: Prose | None = _optional("What it means.", "the high of the consolidation")


class Within(Section):
    """A deadline."""

    limit: Expression = _needed("The longest time in the stage.", "120 min", "20 bars")
    else_: Name = _needed("The reason recorded when it passes.", "entry_timeout")


class Advance(Section):
    """A way on from a stage."""

    to: Name = _needed("The next stage, or `entry`.", "armed", "entry")
    this_bar: RestOfBar | None = _optional(
        "What the new stage does with the same bar: apply its rules, only count it, or skip it.",
        "skip",
    )
    when: Conditions = _needed("All of these must be true.", {"closed_back": "close < calm.low"})
    capture: Expressions = _some(
        "Values of this bar to remember; `bar` remembers all of it.", {"sweep": "bar"}
    )


class Stage(Section):
    """A step of the setup: what ends it and what leads on, asked in this order on each bar."""

    within: Within | None = _optional(
        "Its deadline.", {"limit": "20 bars", "else": "entry_timeout"}
    )
    invalidate: Expressions = _some(
        "Any of these ends the candidate, under its name.",
        {"retraced": "high > calm.high + 100 pt"},
    )
    advance: Annotated[list[Advance], Field(min_length=1)] = _needed(
        "The ways on, the first true one is taken.",
        [{"to": "entry", "when": {"closed_back": "close < calm.low"}}],
    )
    doc: Prose | None = _optional("What it means.", "waiting for the second sweep")


class Setup(Section):
    """How a trade comes about: a start, stages, and what a candidate remembers on its way."""

    start: Start = _needed("When a candidate begins.", {"when": {"swept": "high > london.high"}})
    concurrent: Concurrent | None = _optional(
        "How many candidates may live at once.", {"max": "16", "overflow": "too_many_candidates"}
    )
    merge: Merge | None = _optional(
        "When two candidates are one setup.",
        {"at": "armed", "same": ["top", "bottom"], "keep": "oldest", "else": "duplicate"},
    )
    track: dict[Name, Track] = _some(
        "Running summaries, read as of the start of the bar; `top.now` includes the bar.",
        {"top": {"is": "highest(high)", "in": ["consolidation"]}},
    )
    measure: Expressions = _some(
        "Named values of a candidate, for the conditions below.",
        {"width": "top.price - bottom.price"},
    )
    always: Expressions = _some(
        "Asked in every stage before its own rules; any of these ends the candidate.",
        {"session_over": "not in ny"},
    )
    stages: dict[Name, Stage] = _some(
        "The steps, the first is where candidates begin.",
        {"armed": {"advance": [{"to": "entry", "when": {"broke": "close < bottom.price"}}]}},
    )


class AfterEntry(Section):
    """What becomes of the other candidates once one has entered."""

    others: Others = _needed("They live on, or die.", "keep", "die")
    else_: Name | None = _optional("The reason recorded if they die.", "other_entered")


class Entry(Section):
    """The entry order."""

    order: OrderKind | None = _optional("The kind of order.", "market", "stop", "limit")
    at: EntryTime | None = _optional("When a market order goes out.", "next_open")
    price: Expression | None = _optional("The price of a stop or limit order.", "top.price + 1 pt")
    valid: Expression | None = _optional("How long a stop or limit order waits.", "5 bars")
    price_for_sizing: SizingPrice | None = _optional(
        "The price that position size and `require` are worked out from.", "close"
    )
    after_entry: AfterEntry | None = _optional(
        "What becomes of the other candidates.", {"others": "die", "else": "other_entered"}
    )


class StopCase(Section):
    """A place for the stop, taken if its condition is true."""

    name: Name = _needed("What it is called in reports.", "spike")
    if_: Expression | None = _optional("Taken if true; without it, always.", "sweep.body > 0 pt")
    at: Expression = _needed("The stop price.", "max(sweep.open, sweep.close) + spike_buffer")


class Stop(Section):
    """Where the protective stop goes: the first case whose condition is true."""

    round: RoundStop | None = _optional(
        "To the tick away from the entry, or toward it.", "away", "toward"
    )
    cases: Annotated[list[StopCase], Field(min_length=1)] = _needed(
        "The places, in order.", [{"name": "plain", "at": "top.price + 1 pt"}]
    )


class Target(Section):
    """A place to take profit."""

    name: Name = _needed("What it is called in reports.", "tp1")
    at: Expression = _needed("The price.", "london.low - target_buffer")
    share: Expression | None = _optional("The part of the position it closes.", "100 %", "50 %")


class BreakEven(Section):
    """Moves the stop to the entry price once the trade has earned it."""

    after: Expression = _needed("A target's name, or a multiple of the risk.", "1 R", "tp1")
    offset: Expression | None = _optional("How far beyond the entry price.", "1 pt")


class Trail(Section):
    """Moves the stop along after each bar, never back."""

    at: Expression = _needed("The stop price of each bar.", "highest(high, 3 bars) + 1 pt")
    after: Expression | None = _optional("Begins once this much was earned.", "1 R")


class Exits(Section):
    """Ways out besides stop and target."""

    flat_by: Expression | None = _optional("Closed by the end of this session.", "ny", "none")
    after: Expression | None = _optional("The longest a position may live.", "60 bars")
    when: Expressions = _some(
        "Any of these, true at a close, takes the position out at the next open.",
        {"reversed": "close > high[1]"},
    )
    break_even: BreakEven | None = _optional(
        "When the stop moves to the entry price.", {"after": "1 R", "offset": "1 pt"}
    )
    trail: Trail | None = _optional(
        "How the stop follows the price.", {"at": "highest(high, 3 bars)", "after": "1 R"}
    )


class Reduce(Section):
    """A smaller size while the account is down."""

    at: Expression = _needed("The drawdown from the peak at which it begins.", "15 %")
    to: Expression = _needed("The part of the usual risk that is left.", "50 %")


class Risk(Section):
    """The size of a position and the limits on taking one."""

    sizing: Expression | None = _optional(
        "How size is found: fixed, fixed_risk, atr or kelly; a parameter may choose.", "fixed_risk"
    )
    per_trade: Expression | None = _optional(
        "What a trade may lose at its stop.", "1 % of equity", "risk_pct of equity"
    )
    contracts: Expression | None = _optional("The size when `sizing: fixed`.", "1 contract")
    min: Expression | None = _optional("Below this the entry is refused.", "1 contract")
    max: Expression | None = _optional("Never more than this.", "5 contracts")
    kelly_fraction: Expression | None = _optional("The part of Kelly's share to use.", "0.5")
    atr: Expression | None = _optional("The range that `sizing: atr` divides by.", "atr(14 bars)")
    reduce: Reduce | None = _optional(
        "A smaller size while the account is down.", {"at": "15 %", "to": "50 %"}
    )
    stop_at: Expression | None = _optional(
        "The drawdown at which no entries are taken until a person clears it.", "25 %"
    )
    daily_loss: Expression | None = _optional(
        "The loss of one date after which it takes no more entries.", "3 %"
    )
    positions: Expression | None = _optional("How many may be open at once.", "1")
    else_: Name | None = _optional("The reason recorded when the size is too small.", "too_small")
    rr_min: Expression | None = _optional(
        "The least reward for one of risk, checked again on the fill.", "1.5"
    )
    rounding: RoundSize | None = _optional("Contracts are rounded down, never up.", "down")


class Test(Section):
    """A day whose outcome is known: the strategy file proves itself on it."""

    __test__: ClassVar[bool] = False  # pytest: this is a model, not a test

    name: Name = _needed("What the test is called.", "jan_6_2026")
    bars: FileName = _needed("The bars, relative to this file.", "bars/NQ_2026-01-06.csv")
    clock: Expression | None = _optional("The time zone of the times below.", "Europe/Stockholm")
    side: WrittenSide | None = _optional("The side that is looked at.", "short")
    expect: Annotated[Values, Field(min_length=1)] = _needed(
        "What must happen, and when.", ["start@15:30", "armed@16:26", "entry@16:31"]
    )
    params: Expressions = _some("Values of parameters for this test.", {"range_min": "0.05 %"})


_text = Tag("<text>")
_table = Tag("<table>")
_by_shape = Discriminator(_shape)
_ParamForm: TypeAlias = Annotated[
    Annotated[Expression, _text] | Annotated[Param, _table], _by_shape
]
_SeriesForm: TypeAlias = Annotated[
    Annotated[Expression, _text] | Annotated[Series, _table], _by_shape
]
_InstrumentForm: TypeAlias = Annotated[
    Annotated[Expression, _text] | Annotated[Instrument, _table], _by_shape
]
_StopForm: TypeAlias = Annotated[Annotated[Expression, _text] | Annotated[Stop, _table], _by_shape]
_Targets: TypeAlias = Annotated[list[Target], Field(min_length=1)]
_TargetForm: TypeAlias = Annotated[
    Annotated[Expression, _text] | Annotated[_Targets, Tag("<list>")], _by_shape
]


class Spec(Section):
    """A whole strategy as written."""

    lang: Language = _needed("The version of the language.", "1")
    strategy: Name = _needed("What the strategy is called.", "slob_5_1")
    doc: Prose | None = _optional(
        "What it does, for people.", "London extreme swept in New York, then reversal"
    )
    extends: FileName | None = _optional(
        "A strategy to start from, in this folder or below: this file's keys go over its keys.",
        "slob_5_1.yaml",
    )
    instrument: _InstrumentForm | None = _optional(
        "What is traded: the name of a known one, or its description.",
        "NQ",
        {"symbol": "NQ", "exchange": "CME", "tick": "0.25", "multiplier": "20"},
    )
    bars: Bars | None = _optional(
        "The bars the strategy thinks in.", {"size": "1 min", "stamp": "open", "feed": "closed"}
    )
    day: Day | None = _optional(
        "Where one trading date ends and the next begins.",
        {"clock": "America/New_York", "starts": "18:00"},
    )
    direction: Direction | None = _optional(
        "Which side the rules are written for, and whether the other is its mirror.",
        {"write": "short", "mirror": "long"},
    )
    sessions: dict[Name, Session] = _some(
        "Parts of each trading date, by exchange calendar or by clock.",
        {"london": {"from": "XLON.open", "to": "XNYS.open"}},
    )
    events: dict[Name, Event] = _some(
        "Lists of instants to keep away from, such as news.",
        {"fomc": {"file": "events/fomc.csv", "before": "30 min", "after": "30 min"}},
    )
    params: dict[Name, _ParamForm] = _some(
        "Values that a run may change.",
        {"stop_buffer": "1 pt", "dwell_min": {"default": "15 min", "range": "5 min .. 30 min"}},
    )
    series: dict[Name, _SeriesForm] = _some(
        "Values of every closed bar, by name.", {"body": "abs(close - open)"}
    )
    filters: Expressions = _some(
        "All of these must be true at an entry, else it is recorded under the name.",
        {"both_open": "trading_day(XLON) and trading_day(XNYS)"},
    )
    when: Conditions | None = _optional(
        "The conditions of a strategy without stages: all true means entry.",
        {"breakout": "close > highest(high, 20 bars before)"},
    )
    setup: Setup | None = _optional(
        "How a trade comes about, in stages.",
        {
            "start": {"when": {"swept": "high > london.high"}},
            "stages": {"armed": {"advance": [{"to": "entry", "when": {"fell": "close < open"}}]}},
        },
    )
    entry: Entry | None = _optional("The entry order.", {"order": "market", "at": "next_open"})
    stop: _StopForm = _needed(
        "Where the protective stop goes: a price, or cases.",
        "top.price + 1 pt",
        {"round": "away", "cases": [{"name": "plain", "at": "top.price + 1 pt"}]},
    )
    target: _TargetForm | None = _optional(
        "Where profit is taken: a price, or a list with shares.",
        "london.low - 1 pt",
        [{"name": "tp1", "at": "london.low - 1 pt", "share": "100 %"}],
    )
    exits: Exits | None = _optional(
        "Ways out besides stop and target.", {"flat_by": "ny", "after": "60 bars"}
    )
    require: Expressions = _some(
        "Checked at the entry; a failure ends the candidate under its name.",
        {"positive_reward": "target < close"},
    )
    risk: Risk | None = _optional(
        "The size of a position and the limits on taking one.",
        {"per_trade": "1 % of equity", "max": "5 contracts"},
    )
    features: Expressions = _some(
        "Values written into the journal with each entry.", {"dwell": "bottom.age"}
    )
    tests: list[Test] = Field(
        default_factory=list,
        description="Days whose outcome is known.",
        examples=[[{"name": "jan_6", "bars": "bars/NQ_2026-01-06.csv", "expect": ["entry@16:31"]}]],
    )


# --- reading --------------------------------------------------------------------------------


def read_structure(document: Document) -> tuple[Spec | None, list[Diagnostic]]:
    """The document as a `Spec`, or what keeps it from being one: E003, E004, E007 with places.

    The Spec is None exactly when a finding is an error. Leaves are the `Text` objects of the
    document, keys of named mappings too.
    """
    sections: dict[int, type[Section]] = {}
    try:
        spec = Spec.model_validate(document.root, context=sections)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        misfits = [Misfit(p["type"], p["loc"], p.get("ctx", {})) for p in problems]
        keys = {place: section.keys() for place, section in sections.items()}
        return None, in_words(document.root, misfits, keys)
    findings = incoherences(spec)
    return (None if findings else spec), findings


# --- the schema for editors -----------------------------------------------------------------


class _SchemaWriter(GenerateJsonSchema):
    """Pydantic's schema without what a YAML author must not see: null, and Python's names."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Optional means leaving the key out; writing nothing under it is an error."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Defaults of None or an empty mapping tell an author nothing."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's name
        """Never: the key itself is the title."""
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Mappings of names: what is not a name fits nothing."""
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a strategy file, for editors.

    `# yaml-language-server: $schema=FILE` on the first line of a strategy turns on completion,
    hover and shape errors; what is inside an expression only the compiler knows.
    """
    schema = Spec.model_json_schema(by_alias=True, schema_generator=_SchemaWriter)
    body = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "strategy.schema.json",
        "title": "strategy",
        "description": "A trading strategy: structure as YAML, values as expressions.",
        **body,
    }
