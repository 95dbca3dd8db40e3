"""What came of a run, as records for programs and as tables for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.cli.figures import NONE, counted, money, number, places, ratio, utc, when
from adapters.cli.screen import Table
from engine.columns.evaluate import evaluate
from engine.columns.frame import frame_of
from engine.domain.market import TRUE, UNKNOWN
from engine.execution import records as out
from engine.execution.intents import SIDES
from engine.execution.records import Kind, reason_names
from engine.execution.rules import rules_of
from engine.journal.book import Book
from engine.journal.folds import SideFunnel, funnel
from engine.journal.units import date_text
from engine.statistics.ledger import Ledger, ledger_of
from engine.statistics.statistics import Statistics, statistics_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from dsl.ir.program import ParamSpec, Side
    from engine.domain.market import Ints
    from engine.run import Run

TRADE_HEAD: Final = (
    *("candidate", "side", "contracts", "entered", "at", "left", "at", "by"),
    *("stop", "net", "R"),
)
_NUMBERS: Final = frozenset({2, 4, 6, 8, 9, 10})
_ENDS: Final[Mapping[str, Kind]] = {
    "filled": Kind.FILL,
    "refused": Kind.REFUSED,
    "cancelled": Kind.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Trade:
    """A round trip in real prices and money. `bars` are rows; `r` is None without a risk."""

    candidate: str
    side: str
    contracts: int
    entered: int
    left: int
    entry: float
    leave: float
    stop: float
    stop_case: str
    reason: str
    gross: Decimal
    commission: Decimal
    net: Decimal
    r: float | None
    mae: float
    mfe: float
    equity: Decimal


@dataclass(frozen=True)
class Outcome:
    """A run with everything that is told of it, worked out once."""

    run: Run

    @cached_property
    def ledger(self) -> Ledger:
        """The trades and the account."""
        return ledger_of(self.run)

    @cached_property
    def statistics(self) -> Statistics:
        """The figures."""
        return statistics_from(self.ledger)

    @cached_property
    def funnel(self) -> tuple[SideFunnel, ...]:
        """How far candidates came."""
        return funnel(self.run.program, self.run.decisions)

    @cached_property
    def book(self) -> Book:
        """The journal."""
        run = self.run
        money = rules_of(run.program, run.terms).money
        return Book(
            run.program, run.market, run.days, run.decisions, run.intents, run.records, money
        )

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """The round trips, in the order in which they closed."""
        ledger, run = self.ledger, self.run
        trades, tick = ledger.trades, run.program.instrument.tick
        reasons = reason_names(run.program)

        def at(ticks: object) -> float:
            return float(int(ticks) * tick)  # type: ignore[call-overload]

        return tuple(
            Trade(
                candidate=self.candidate(int(trades.intent[one])),
                side=SIDES[trades.side[one]],
                contracts=int(trades.contracts[one]),
                entered=int(trades.entry_row[one]),
                left=int(trades.exit_row[one]),
                entry=at(trades.entry_price[one]),
                leave=float(trades.exit_price(one) * tick),
                stop=at(run.intents.stop[trades.intent[one]]),
                stop_case=run.program.stops[int(run.intents.stop_case[trades.intent[one]])].name,
                reason=reasons[trades.reason[one]],
                gross=ledger.amount(int(trades.gross[one])),
                commission=ledger.amount(int(trades.commission[one])),
                net=ledger.amount(int(trades.net[one])),
                r=_known(float(ledger.multiples[one])),
                mae=at(trades.mae[one]),
                mfe=at(trades.mfe[one]),
                equity=ledger.amount(int(trades.equity_after[one])),
            )
            for one in range(len(trades))
        )

    def candidate(self, intent: int) -> str:
        """The name of the candidate behind an intent."""
        intents, days = self.run.intents, self.run.days
        day = date_text(int(days.date[int(intents.day[intent])]))
        return f"{day}/{SIDES[intents.side[intent]]}/{int(intents.ordinal[intent])}"

    # --- intents ------------------------------------------------------------------------------

    @cached_property
    def ends(self) -> Mapping[str, int]:
        """How many intents came to each end; `waiting` are those that have not."""
        kinds = self.run.records[:, out.KIND]
        ended = {word: int((kinds == kind).sum()) for word, kind in _ENDS.items()}
        return {**ended, "waiting": len(self.run.intents) - sum(ended.values())}

    @cached_property
    def dropped(self) -> Mapping[str, Mapping[str, int]]:
        """Intents that were refused and cancelled, by reason."""
        names = reason_names(self.run.program)
        return {word: self._by_reason(_ENDS[word], names) for word in ("refused", "cancelled")}

    def _by_reason(self, kind: Kind, names: Sequence[str]) -> dict[str, int]:
        records = self.run.records
        found = records[records[:, out.KIND] == kind, out.REASON].tolist()
        return {names[reason]: count for reason, count in Counter(found).most_common()}

    # --- for programs -------------------------------------------------------------------------

    def trade_records(self) -> list[dict[str, Any]]:
        """The trades as plain values: times in UTC, money as exact decimal text."""
        minute = self.run.market.minute
        return [
            {
                "candidate": one.candidate,
                "side": one.side,
                "contracts": one.contracts,
                "entered": utc(int(minute[one.entered])),
                "left": utc(int(minute[one.left])),
                "entry": one.entry,
                "exit": one.leave,
                "stop": one.stop,
                "stop_case": one.stop_case,
                "reason": one.reason,
                "gross": f"{one.gross:f}",
                "commission": f"{one.commission:f}",
                "net": f"{one.net:f}",
                "r": one.r,
                "mae": one.mae,
                "mfe": one.mfe,
                "equity": f"{one.equity:f}",
            }
            for one in self.trades
        ]

    def funnel_record(self) -> list[dict[str, Any]]:
        """The funnel as plain values."""
        return [
            {
                "side": side.side.value,
                "started": side.started,
                "completed": side.completed,
                "died": died(side),
                "alive": alive(side),
                "stages": [
                    {
                        "stage": stage.stage,
                        "entered": stage.entered,
                        "advanced": dict(stage.advanced),
                        "died": dict(stage.died),
                        "completed": stage.completed,
                        "alive": stage.alive,
                    }
                    for stage in side.stages
                ],
            }
            for side in self.funnel
        ]

    # --- for people ---------------------------------------------------------------------------

    def trade_table(self, last: int | None) -> Table:
        """The last so many trades, or all of them."""
        minute, zone = self.run.market.minute, self.run.program.day.zone
        decimals = places(self.run.program.instrument.tick)
        shown = self.trades if last is None else self.trades[-last:] if last else ()
        rows = [
            (
                one.candidate,
                one.side,
                f"{one.contracts:,}",
                when(int(minute[one.entered]), zone),
                number(one.entry, decimals),
                when(int(minute[one.left]), zone),
                number(one.leave, decimals),
                one.reason,
                number(one.stop, decimals),
                money(one.net, "", sign=True).rstrip(),
                NONE if one.r is None else ("+" if one.r > 0 else "") + ratio(one.r),
            )
            for one in shown
        ]
        return Table(TRADE_HEAD, rows, _NUMBERS)

    def funnel_table(self, side: SideFunnel) -> Table:
        """The stages of one side, what they led to and what ended candidates in them."""
        rows = [
            (
                stage.stage or "start",
                f"{stage.entered:,}",
                *(_listed(stage.advanced), f"{stage.completed:,}", f"{stage.alive:,}"),
                f"{sum(stage.died.values()):,}",
                _listed(stage.died),
            )
            for stage in side.stages
        ]
        head = ("stage", "entered", "moved on", "complete", "alive", "died", "of")
        return Table(head, rows, frozenset({1, 3, 4, 5}))

    def funnel_sum(self, side: SideFunnel) -> str:
        """The conservation law on this side's numbers, in a line."""
        return (
            f"{counted(side.started, 'candidate')} = {side.completed:,} completed"
            f" + {died(side):,} died + {alive(side):,} alive"
        )

    def intent_sum(self) -> str:
        """The same of intents."""
        ends = self.ends
        words = " + ".join(f"{ends[word]:,} {word}" for word in (*_ENDS, "waiting"))
        return f"{counted(len(self.run.intents), 'completed setup')} = {words}"

    def dropped_table(self) -> Table | None:
        """Refused and cancelled intents by reason, None where there are none."""
        rows = [
            (word, reason, f"{count:,}")
            for word, reasons in self.dropped.items()
            for reason, count in reasons.items()
        ]
        return Table(("intents", "reason", "count"), rows, frozenset({2})) if rows else None

    def parameter_rows(self) -> list[tuple[str, str]]:
        """Every parameter with its value, each side's where they differ."""
        return [(param.name, shown_value(param)) for param in self.run.program.params]

    def why_nothing(self) -> Iterator[str]:
        """Where no setup completed: how often each condition of the start was true."""
        if len(self.run.intents):
            return
        if any(side.started for side in self.funnel):
            yield "no setup completed: `engine funnel` tells which condition alone was missing"
            return
        program, bars = self.run.program, len(self.run.market)
        for side in self.run.decisions:
            told = ", ".join(self._start_condition(side, rule.name) for rule in program.start.when)
            yield f"no {side} candidate began on {bars:,} bars: {told}"

    def _start_condition(self, side: Side, name: str) -> str:
        rule = next(one for one in self.run.program.start.when if one.name == name)
        frame = frame_of(self.run.program, side, self.run.schedule)
        truth: Ints = np.asarray(evaluate(rule.node, frame))
        unknown = int((truth == UNKNOWN).sum())
        beside = f" and not known on {unknown:,}" if unknown else ""
        return f"`{name}` was true on {int((truth == TRUE).sum()):,}{beside}"


def died(side: SideFunnel) -> int:
    """How many candidates of a side died."""
    return sum(sum(stage.died.values()) for stage in side.stages)


def alive(side: SideFunnel) -> int:
    """How many are alive at the end of the data."""
    return sum(stage.alive for stage in side.stages)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or NONE


def _known(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN


def parameter_record(param: ParamSpec) -> dict[str, Any]:
    """A parameter as plain values, in its written unit."""
    short, long = (param_value(param, held) for held in (param.short, param.long))
    return {"name": param.name, "unit": param.unit, "short": short, "long": long}


def param_value(param: ParamSpec, held: int) -> object:
    """What a parameter's whole number stands for."""
    if param.choices:
        return param.choices[held]
    if param.unit == "switch":
        return bool(held)
    if param.unit == "time":
        return f"{held // 60:02d}:{held % 60:02d}"
    value = held / param.scale
    return value.numerator if value.denominator == 1 else float(value)


def shown_value(param: ParamSpec) -> str:
    """A parameter's value with its unit; both where the sides differ."""

    def shown(held: int) -> str:
        value = param_value(param, held)
        if isinstance(value, bool):
            return "on" if value else "off"
        unit = "" if param.unit in ("choice", "switch", "time") else f" {param.unit}".rstrip()
        return f"{value:,}{unit}" if isinstance(value, (int, float)) else str(value)

    if param.short == param.long:
        return shown(param.short)
    return f"{shown(param.short)} short, {shown(param.long)} long"
