"""Programs in the IR, written by hand: tiny ones, and the author's SLOB."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from dsl.ir.expression import (
    AllOf,
    AnyOf,
    BarField,
    Binary,
    Bracket,
    CandidateClock,
    CaptureField,
    Compare,
    Const,
    InSession,
    Kind,
    Known,
    Lag,
    Node,
    Not,
    Occurrence,
    Param,
    SessionValue,
    ToReal,
    TrackerField,
    TradingDay,
    Unary,
)
from dsl.ir.program import (
    ENTRY,
    Advance,
    Anchor,
    Capture,
    DayRule,
    Deadline,
    Entry,
    Exits,
    Feature,
    History,
    Merge,
    Named,
    OrderType,
    ParamSpec,
    Program,
    Risk,
    SessionRule,
    Side,
    Stage,
    Start,
    StopCase,
    Target,
    ThisBar,
    Tracker,
    TrackerOp,
)
from tests.support.bars import NQ

OPEN, HIGH, LOW, CLOSE = (BarField(name) for name in ("open", "high", "low", "close"))
VOLUME, MINUTE = BarField("volume"), BarField("minute")
MILLION = 1_000_000

TRUE, FALSE = Const(True), Const(False)
UNKNOWN = Compare("==", Binary("div", ToReal(Const(0), 1), ToReal(Const(0), 1)), ToReal(CLOSE, 1))
"""A condition that is always na."""


def integer(value: int | Node) -> Node:
    """A node of a number, or the node itself."""
    return value if isinstance(value, Node) else Const(value)


def compare(left: int | Node, op: str, right: int | Node) -> Compare:
    """A comparison of nodes or numbers."""
    return Compare(op, integer(left), integer(right))


def add(left: int | Node, right: int | Node) -> Binary:
    """`left + right`."""
    return Binary("add", integer(left), integer(right))


def sub(left: int | Node, right: int | Node) -> Binary:
    """`left - right`."""
    return Binary("sub", integer(left), integer(right))


def mul(left: int | Node, right: int | Node) -> Binary:
    """`left * right`."""
    return Binary("mul", integer(left), integer(right))


def both(*conditions: Node) -> AllOf:
    """Every condition."""
    return AllOf(conditions)


def tracked(tracker: str, field: str = "value", *, now: bool = False) -> TrackerField:
    """An INT field of a tracker."""
    return TrackerField(tracker, field, Kind.INT, now)


def captured(capture: str, field: str) -> CaptureField:
    """An INT field of a capture."""
    return CaptureField(capture, field, Kind.INT)


def previous(node: Node, bars: int = 1) -> Lag:
    """The node some bars ago on the same date."""
    return Lag(node, Const(bars), across=False)


def age(tracker: str) -> Binary:
    """Minutes from the bar a tracker holds to this one."""
    return sub(MINUTE, tracked(tracker, "at"))


def bar_fields(*names: str) -> tuple[tuple[str, Node], ...]:
    """Bar fields for a tracker or a capture, under their own names."""
    return tuple((name, BarField(name)) for name in names)


def named(**conditions: Node) -> tuple[Named, ...]:
    """Conditions by their names, in written order."""
    return tuple(Named(name, node) for name, node in conditions.items())


def tracker(name: str, op: TrackerOp, *stages: str, **more: Any) -> Tracker:
    """A tracker in some stages; `value`, `where`, `after`, `newest`, `fields` as in `Tracker`."""
    defaults: dict[str, Any] = {"value": None, "where": None, "after": None, "newest": False}
    return Tracker(name, op, stages=stages, **(defaults | more))


def advance(to: str, this_bar: ThisBar = ThisBar.SKIP, /, **when: Node) -> Advance:
    """A way on without captures."""
    return Advance(to, this_bar, named(**when))


def stage(name: str, *ways: Advance, within: Deadline | None = None, **invalidate: Node) -> Stage:
    """A stage: its ways on, its deadline and what invalidates it."""
    return Stage(name, within, named(**invalidate), ways)


def start(*, rising: bool = True, spacing: int | None = None, **when: Node) -> Start:
    """A start with at most a spacing in minutes and no captures."""
    return Start(named(**when), rising, None if spacing is None else Const(spacing), "minutes", ())


FIXED_RISK = Risk(
    method=Const(1),
    per_trade=Const(10_000),
    contracts=Const(1),
    minimum=Const(1),
    maximum=Const(10),
    kelly_fraction=Const(500_000),
    atr=None,
    reduce_at=None,
    reduce_to=None,
    stop_at=None,
    daily_loss=None,
    positions=1,
    reason="too_small",
)

TINY = Program(
    name="tiny",
    instrument=NQ,
    bar_minutes=1,
    max_gap=60,
    day=DayRule(),
    sides=(Side.SHORT, Side.LONG),
    written=Side.SHORT,
    sessions=(),
    params=(),
    events=(),
    filters=(),
    start=start(up=compare(CLOSE, ">", 100)),
    concurrent=4,
    overflow="too_many",
    merge=None,
    trackers=(),
    always=(),
    stages=(stage("waiting", advance(ENTRY, fell=compare(CLOSE, "<", 100))),),
    entry=Entry(OrderType.MARKET, None, Const(1)),
    stops=(StopCase("plain", None, add(HIGH, 1)),),
    stop_away=True,
    targets=(Target("tp1", sub(CLOSE, 10), MILLION),),
    require=(),
    exits=Exits(None, None, ()),
    risk=FIXED_RISK,
    features=(),
    history=History(0, 0, unbounded=False),
)
"""Starts when the close rises above 100, enters when it falls below 100."""


def tiny(**changes: Any) -> Program:
    """`TINY` with some of its parts replaced."""
    return replace(TINY, **changes)


# --- the author's SLOB (shared/reference/language/compact.yaml) -----------------------------------

LONDON = SessionRule("london", Anchor(0, "XLON", "open"), Anchor(0, "XNYS", "open"))
NY = SessionRule("ny", Anchor(0, "XNYS", "open"), Anchor(0, "XNYS", "close"))


def param(name: str, unit: str, scale: int, short: int, long: int | None = None) -> ParamSpec:
    """A parameter with one value, or one for each side."""
    return ParamSpec(name, unit, Fraction(scale), short, short if long is None else long)


SLOB_PARAMS = (
    param("hold_trigger", "min", 1, 5, 3),
    param("hold_base", "min", 1, 3, 5),
    param("range_min", "%", 10_000, 1_000),
    param("range_max", "%", 10_000, 3_000),
    param("dwell_min", "min", 1, 15),
    param("dwell_max", "min", 1, 120),
    param("start_spacing", "min", 1, 5),
    param("wick_max", "", MILLION, 200_000),
    param("retrace_pts", "pt", 4, 400),
    param("retrace_pct", "%", 10_000, 10_000),
    param("entry_wait", "bars", 1, 20),
    param("spike_ratio", "", MILLION, 2_000_000),
    param("spike_buffer", "pt", 4, 8),
    param("stop_buffer", "pt", 4, 4),
    param("target_buffer", "pt", 4, 4),
    param("rr_min", "", MILLION, 0),
    param("risk_pct", "%", 10_000, 10_000),
)

BODY = Unary("abs", sub(CLOSE, OPEN))
WICK = sub(HIGH, Binary("max", OPEN, CLOSE))
FOOT = sub(Binary("min", OPEN, CLOSE), LOW)
QUIET = both(
    compare(CLOSE, ">", OPEN), compare(mul(FOOT, MILLION), "<", mul(Param("wick_max"), BODY))
)
GAP = AnyOf((compare(LOW, ">", previous(HIGH)), compare(HIGH, "<", previous(LOW))))
LONDON_HIGH = SessionValue("london", "high", Occurrence.FINAL)
LONDON_LOW = SessionValue("london", "low", Occurrence.FINAL)

TOP, BOTTOM = tracked("top"), tracked("bottom")
RANGE = mul(sub(TOP, BOTTOM), MILLION)
CALM_SEEN = Known(tracked("calm", "row"))
RETRACED = compare(
    mul(sub(HIGH, tracked("calm", "high")), MILLION),
    ">",
    Binary(
        "min", mul(Param("retrace_pts"), MILLION), mul(Param("retrace_pct"), Unary("abs", HIGH))
    ),
)
SWEPT_AGAIN = compare(HIGH, ">", TOP)


def held(name: str) -> Binary:
    """Minutes of complete bars since the bar a tracker holds (R11)."""
    return sub(age(name), 1)


CONSOLIDATION = Stage(
    "consolidation",
    Deadline(Param("dwell_max"), "minutes", "consolidation_timeout"),
    named(
        range_too_wide=both(
            compare(held("top"), ">=", Param("hold_trigger")),
            compare(RANGE, ">", mul(Param("range_max"), Unary("abs", TOP))),
        )
    ),
    (
        advance(
            "armed",
            ThisBar.EXAMINE,
            high_held=compare(held("top"), ">=", Param("hold_trigger")),
            low_held=compare(held("bottom"), ">=", Param("hold_base")),
            wide_enough=compare(RANGE, ">=", mul(Param("range_min"), Unary("abs", TOP))),
            dwelt=compare(age("bottom"), ">=", Param("dwell_min")),
        ),
    ),
)
SWEEP = Capture(
    "sweep", (*bar_fields("open", "high", "low", "close"), ("wick", WICK), ("body", BODY))
)
ARMED = Stage(
    "armed",
    Deadline(Param("dwell_max"), "minutes", "liq2_timeout"),
    named(no_calm_bar=both(SWEPT_AGAIN, Not(CALM_SEEN)), retraced=both(CALM_SEEN, RETRACED)),
    (
        Advance(
            "trigger",
            ThisBar.SKIP,
            named(swept_again=SWEPT_AGAIN, calm_seen=CALM_SEEN),
            (SWEEP,),
        ),
        advance("consolidation", ThisBar.COUNT, low_broken=compare(LOW, "<", BOTTOM)),
    ),
)
TRIGGER = Stage(
    "trigger",
    Deadline(Param("entry_wait"), "bars", "entry_timeout"),
    named(retraced=RETRACED),
    (advance(ENTRY, closed_back=compare(CLOSE, "<", tracked("calm", "low"))),),
)
SPIKE = StopCase(
    "spike",
    both(
        compare(
            mul(captured("sweep", "wick"), MILLION),
            ">",
            mul(Param("spike_ratio"), captured("sweep", "body")),
        ),
        compare(captured("sweep", "body"), ">", 0),
    ),
    add(
        Binary("max", captured("sweep", "open"), captured("sweep", "close")), Param("spike_buffer")
    ),
)
PLAIN = StopCase(
    "plain",
    None,
    add(Binary("max", captured("sweep", "high"), tracked("spike", now=True)), Param("stop_buffer")),
)
STOP, TP1 = Bracket("stop"), Bracket("target", 0)


def slob_creator_program() -> Program:
    """`slob_5_1_creator` by hand: ticks of 0.25, percentages and ratios in parts in a million."""
    return tiny(
        name="slob_5_1_creator",
        sessions=(LONDON, NY),
        params=SLOB_PARAMS,
        filters=named(both_exchanges_open=both(TradingDay("XLON"), TradingDay("XNYS"))),
        start=Start(
            named(in_ny=InSession("ny"), swept=compare(HIGH, ">", LONDON_HIGH)),
            True,
            Param("start_spacing"),
            "minutes",
            (Capture("liq1", (("high", HIGH),)),),
        ),
        concurrent=16,
        overflow="too_many_candidates",
        merge=Merge("armed", ("top", "bottom"), "duplicate"),
        trackers=(
            tracker("top", TrackerOp.HIGHEST, "consolidation", value=HIGH),
            tracker("bottom", TrackerOp.LOWEST, "consolidation", value=LOW, after="top"),
            tracker(
                "calm",
                TrackerOp.LATEST,
                "consolidation",
                "armed",
                where=QUIET,
                after="top",
                fields=bar_fields("high", "low"),
            ),
            tracker("spike", TrackerOp.HIGHEST, "trigger", value=HIGH),
        ),
        always=named(session_over=Not(InSession("ny")), gap_in_setup=GAP),
        stages=(CONSOLIDATION, ARMED, TRIGGER),
        stops=(SPIKE, PLAIN),
        targets=(Target("tp1", sub(LONDON_LOW, Param("target_buffer")), MILLION),),
        require=named(
            stop_beyond_entry=compare(STOP, ">", CLOSE),
            positive_reward=compare(TP1, "<", CLOSE),
            reward_to_risk=compare(
                mul(sub(CLOSE, TP1), MILLION), ">=", mul(Param("rr_min"), sub(STOP, CLOSE))
            ),
        ),
        exits=Exits("ny", None, ()),
        features=(
            Feature("range_pct", Binary("div", ToReal(sub(TOP, BOTTOM), 1), ToReal(TOP, 1)), 1),
            Feature("dwell", age("bottom"), 1),
            Feature("stage_minutes", sub(MINUTE, CandidateClock("stage", "minute")), 1),
        ),
        history=History(1, 1, unbounded=False),
    )
