"""Runs of the simulator for tests: a plan for the oracle and the same as a program with terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from dsl.ir.expression import BarField, Const
from dsl.ir.program import (
    BreakEven,
    Entry,
    Exits,
    Named,
    OrderType,
    Program,
    Risk,
    Sizing,
    Target,
    Trail,
)
from engine.domain.market import FALSE, NA, TRUE, Market
from engine.execution import records as out
from engine.execution.intents import SIDES, Intents, intents_of_rows
from engine.execution.records import Kind
from engine.execution.simulation import Dates, Paths, paths_of
from engine.execution.terms import Flat, SameBar, Terms
from tests.support.bars import MONDAY, NQ, bars_from_rows
from tests.support.plain_simulator import Bar, Plan, Setup
from tests.support.programs import FIXED_RISK, tiny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Ints
    from engine.execution.rules import Rules
    from tests.support.plain_simulator import Entry as LogEntry

MILLION = 1_000_000


@dataclass(frozen=True)
class Scene:
    """Bars, setups and a plan, ready for both simulators."""

    plan: Plan
    bars: list[Bar]
    setups: list[Setup]

    @property
    def program(self) -> Program:
        return program_of(self.plan)

    @property
    def terms(self) -> Terms:
        return terms_of(self.plan)

    @property
    def market(self) -> Market:
        return bars_from_rows(
            (MONDAY + i, bar.open, bar.high, bar.low, bar.close, 1)
            for i, bar in enumerate(self.bars)
        )

    @property
    def dates(self) -> Dates:
        return dates_of_bars(self.bars, flattens=self.plan.flattens)

    @property
    def intents(self) -> Intents:
        return intents_of(self.setups, len(self.plan.shares))

    @property
    def paths(self) -> Paths:
        return paths_of_bars(self.bars)


def kept(market: Market, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Market:
    """The market without the rows that are not to be kept."""
    columns = (market.minute, market.open, market.high, market.low, market.close, market.volume)
    return Market(market.instrument, market.bar_minutes, *(column[keep] for column in columns))


def millionths(share: Fraction | None) -> Const | None:
    """A share as the IR writes it."""
    return None if share is None else Const(int(share * MILLION))


def _surely(share: Fraction) -> Const:
    return Const(int(share * MILLION))


def program_of(plan: Plan) -> Program:
    """A program that trades as the plan says."""
    even = None
    if plan.even_target is not None or plan.even_r is not None:
        even = BreakEven(plan.even_target, millionths(plan.even_r), Const(plan.even_offset))
    trail = Trail(BarField("low"), millionths(plan.trail_r)) if plan.trails else None
    when = (Named("when 0", Const(True)), Named("when 1", Const(True))) if plan.leaves else ()
    risk: Risk = replace(
        FIXED_RISK,
        method=Const([method.value for method in Sizing].index(plan.method)),
        per_trade=_surely(plan.per_trade),
        contracts=Const(plan.contracts),
        minimum=Const(plan.minimum),
        maximum=Const(plan.maximum),
        kelly_fraction=_surely(plan.kelly_fraction),
        reduce_at=millionths(plan.reduce_at),
        reduce_to=millionths(plan.reduce_to),
        stop_at=millionths(plan.stop_at),
        daily_loss=millionths(plan.daily_loss),
        positions=plan.positions,
        rr_min=millionths(plan.rr_min),
    )
    return tiny(
        instrument=replace(NQ, multiplier=plan.tick_value / NQ.tick),
        entry=Entry(OrderType(plan.order), Const(0), Const(plan.valid)),
        targets=tuple(
            Target(f"target {i}", Const(0), int(share * MILLION))
            for i, share in enumerate(plan.shares)
        ),
        exits=Exits(
            "ny" if plan.flattens else None,
            None if plan.after is None else Const(plan.after),
            when,
            even,
            trail,
        ),
        risk=risk,
    )


def terms_of(plan: Plan) -> Terms:
    """The terms of the plan."""
    same_bar = SameBar.STOP_FIRST if plan.stop_first else SameBar.TARGET_FIRST
    flat = Flat.NEXT_OPEN if plan.flat_later else Flat.CLOSE
    return Terms(plan.equity, plan.commission, plan.slippage, same_bar, flat)


def dates_of_bars(bars: Sequence[Bar], *, flattens: bool) -> Dates:
    """The dates the bars belong to, with what the bars say of their session."""
    numbers = [bar.date for bar in bars]
    first = [row for row, date in enumerate(numbers) if row == 0 or numbers[row - 1] != date]
    start = np.array([*first, len(bars)], np.int64)
    over, closing = [], []
    for date in range(len(first)):
        rows = range(start[date], start[date + 1])
        over.append(next((row for row in rows if bars[row].over), start[date + 1]))
        closing.append(next((row for row in rows if bars[row].closing), -1))
    if not flattens:
        over, closing = [1 << 62] * len(first), [-1] * len(first)
    return Dates(start, np.array(closing, np.int64), np.array(over, np.int64), flattens)


def intents_of(setups: Sequence[Setup], targets: int) -> Intents:
    """The setups as intents; they must be in the order of rows already."""
    rows = [
        (
            *(setup.row, SIDES.index(setup.side), index, 0, index + 1),
            *(setup.close, setup.price, setup.stop, 0, *setup.targets),
            float("nan") if setup.atr is None else float(setup.atr),
        )
        for index, setup in enumerate(setups)
    ]
    return intents_of_rows(rows, targets)


def paths_of_bars(bars: Sequence[Bar]) -> Paths:
    """Trailing prices and exit conditions as the bars carry them."""

    def trail(side: str) -> Ints:
        prices = [bar.trail.get(side) for bar in bars]
        return np.array([NA if price is None else price for price in prices], np.int64)

    def when(side: str) -> list[np.ndarray[tuple[int], np.dtype[np.int8]]]:
        chosen = [bar.leave.get(side, 0) for bar in bars]
        return [
            np.array([TRUE if one == number else FALSE for one in chosen], np.int8)
            for number in (1, 2)
        ]

    return paths_of((trail("short"), trail("long")), (when("short"), when("long")))


def log_of(records: Ints, program: Program, rules: Rules) -> list[LogEntry]:
    """The records in the words of the oracle's log."""
    names = out.reason_names(program)
    return [_entry(record.tolist(), names, rules) for record in records]


def _entry(record: list[int], names: Sequence[str], rules: Rules) -> LogEntry:
    kind = Kind(record[out.KIND])
    amount = {
        Kind.EXIT: record[out.GROSS],
        Kind.CLOSED: record[out.NET],
        Kind.REDUCED: record[out.EQUITY],
        Kind.RESTORED: record[out.EQUITY],
        Kind.LATCH: record[out.EQUITY],
    }.get(kind, 0)
    price = record[out.STOP] if kind is Kind.MOVE else record[out.PRICE]
    return (
        record[out.ROW],
        kind.name.lower(),
        record[out.INTENT],
        names[record[out.REASON]],
        price,
        record[out.CONTRACTS],
        rules.money.amount(amount),
    )


# --- Hypothesis -----------------------------------------------------------------------------

_coin = st.booleans()
_splits: st.SearchStrategy[list[int]] = st.sampled_from(
    [[], [10], [5, 5], [3, 3, 4], [0, 10], [5, 2]]
)
_shares = st.integers(0, 10).map(lambda tenths: Fraction(tenths, 10))
_some_share = st.sampled_from([None, None, *(Fraction(n, 100) for n in (1, 3, 10, 25))])
_multiple = st.sampled_from([Fraction(n, 2) for n in range(5)])


@st.composite
def plans(draw: st.DrawFn, /, **fixed: object) -> Plan:
    """Plans of every kind: all orders, sizes, limits, exits."""
    even_target: int | None = None
    even_r: Fraction | None = None
    shares = [Fraction(one, 10) for one in draw(_splits)]
    if draw(_coin) and shares:
        even_target = draw(st.integers(0, len(shares) - 1))
    elif not draw(st.integers(0, 2)):
        even_r = draw(_multiple)
    plan = Plan(
        tick_value=draw(st.sampled_from([Fraction(5), Fraction(1, 2), Fraction(25, 4)])),
        equity=draw(st.sampled_from([Fraction(n) for n in (2_000, 50_000, 90_000)])),
        commission=draw(st.sampled_from([Fraction(0), Fraction(17, 20), Fraction(5, 2)])),
        slippage=draw(st.integers(0, 2)),
        stop_first=draw(st.booleans()),
        order=draw(st.sampled_from(["market", "stop", "limit"])),
        valid=draw(st.integers(1, 4)),
        method=draw(st.sampled_from([method.value for method in Sizing])),
        per_trade=draw(st.sampled_from([Fraction(n, 200) for n in (1, 2, 8, 40)])),
        contracts=draw(st.integers(1, 6)),
        minimum=draw(st.integers(0, 2)),
        maximum=draw(st.integers(1, 9)),
        kelly_fraction=draw(_shares),
        reduce_at=draw(_some_share),
        reduce_to=draw(_shares),
        stop_at=draw(_some_share),
        daily_loss=draw(_some_share),
        rr_min=draw(_multiple),
        positions=draw(st.sampled_from([1, 1, 2, 3])),
        after=draw(st.sampled_from([None, None, 2, 6])),
        shares=shares,
        even_target=even_target,
        even_r=even_r,
        even_offset=draw(st.integers(-1, 2)),
        trails=draw(st.sampled_from([True, False, False])),
        trail_r=draw(_multiple),
        flattens=draw(st.booleans()),
        leaves=draw(st.booleans()),
        flat_later=draw(st.booleans()),
    )
    return replace(plan, **fixed)  # type: ignore[arg-type]


@st.composite
def scenes(draw: st.DrawFn, /, most: int = 40, **fixed: object) -> Scene:
    """A market of up to three dates with setups on it, and a plan to trade them.

    Bars and setups come from a seed: left to Hypothesis they would mostly be flat, and hardly
    a trade would be closed.
    """
    plan = draw(plans(**fixed))
    chance = Random(draw(st.integers(0, 1 << 32)))
    bars = _bars(chance, draw(st.integers(1, 3)), most)
    count = draw(st.sampled_from([1, 3, len(bars) // 3, len(bars)]))
    rows = sorted(chance.choices(range(len(bars)), k=count))
    return Scene(plan, bars, [_setup(chance, row, bars[row], plan) for row in rows])


def _bars(chance: Random, dates: int, most: int) -> list[Bar]:
    """A walk: some bars are quiet, some are wide or leave a gap."""
    bars: list[Bar] = []
    for date in range(dates):
        count = chance.randint(1, most)
        past = chance.choice([count // 2, count, count, count + 1])
        known = chance.random() < 0.7
        for index in range(count):
            before = bars[-1].close if bars else 100
            width = chance.choice([1, 3, 3, 8, 20])
            one, two, three, four = (before + chance.randint(-width, width) for _ in range(4))
            opened = chance.choice([before, before, one])
            high, low = max(opened, two, three), min(opened, two, four)
            bar = Bar(opened, high, low, two, date, index >= past, known and index == past - 1)
            near = [None, low - 3, high + 3, two]
            bar.trail = {side: chance.choice(near) for side in SIDES}
            bar.leave = {side: chance.choice([0] * 25 + [1, 2]) for side in SIDES}
            bars.append(bar)
    return bars


def _setup(chance: Random, row: int, bar: Bar, plan: Plan) -> Setup:
    side = chance.choice(SIDES)
    sign = 1 if side == "long" else -1
    level = bar.close + chance.randint(-4, 4)
    stop = bar.close - sign * chance.choice([-1, 2, 4, 6, 9, 14])
    targets = [bar.close + sign * chance.choice([-1, 3, 6, 9, 12]) for _ in plan.shares]
    atr = chance.choice([None, chance.uniform(0.1, 30), chance.uniform(1, 8)])
    exact = None if atr is None else Fraction(ceil(atr * (1 << 20)), 1 << 20)
    return Setup(row, side, bar.close, level, stop, targets, exact)
