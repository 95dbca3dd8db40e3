"""A run told as events: their order, their words, their numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dsl.ir.expression import Const
from dsl.ir.program import EventList, Exits, Named, Side
from dsl.source import Span
from engine.domain.calendar import Days
from engine.execution.records import Kind, reason_names
from engine.execution.rules import Rules, rules_of
from engine.execution.simulation import Simulator
from engine.execution.terms import Terms
from engine.execution.trades import trades_of
from engine.journal.book import Book
from engine.journal.codec import encode
from engine.journal.conservation import alive, candidates, intents, money, violations
from engine.journal.decisions import DAY, KIND, ROW, VALUES, Decision
from engine.journal.events import Event, EventKind
from engine.journal.folds import closed_trades, equity_curve, funnel, funnel_of_events
from engine.run import Run, Strategy, run_batch
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours
from tests.support.desk import kept
from tests.support.jan6 import jan6
from tests.support.programs import slob_creator_program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.ir.program import Program
    from engine.execution.simulation import Account

TERMS = Terms(commission=Fraction("0.85"), slippage=1)


@cache
def author() -> Run:
    """The author's worked example."""
    return run_batch(Strategy(slob_creator_program()), jan6(), FixedHours())


@cache
def busy() -> Run:
    """Sixty dates with every outcome the strategy has."""
    program = slob_creator_program()
    return run_batch(Strategy(program), random_walk(60, 3), FixedHours(), TERMS)


def rules(run: Run) -> Rules:
    return rules_of(run.program, run.terms)


def book(run: Run, **changes: Any) -> Book:
    whole = Book(
        *(run.program, run.market, run.days, run.decisions, run.intents, run.records),
        rules(run).money,
    )
    return replace(whole, **changes)


def told(events: Iterable[Event]) -> list[str]:
    return [f"{event.time[11:16]} {event.kind} {event.stage or event.reason}" for event in events]


def test_the_worked_example_reads_as_the_author_tells_it() -> None:
    assert told(book(author()).events()) == [
        "14:30 start consolidation",
        "15:26 advance armed",
        "15:26 advance trigger",
        "15:31 entry trigger",
        "15:31 intent None",
        "15:31 order None",
        "15:32 fill None",
        "15:32 position opened",
        "20:59 exit session_end",
        "20:59 position closed",
    ]


def test_events_carry_real_prices_and_exact_money() -> None:
    events = list(book(author()).events())
    entry, order = events[3], events[5]
    assert entry.candidate == "2026-01-06/short/1"
    wanted = {"stop_case": "plain", "close": "25572.00", "stop": "25593.00", "tp1": "25299.00"}
    assert {name: str(entry.values[name]) for name in wanted} == wanted
    assert entry.values["atr"] is None
    assert order.values["contracts"] == 50_000 // 100 // (21 * 20)
    assert events[-1].values["equity"] == Decimal(50_000)


def test_a_line_of_the_journal_has_its_fields_in_order() -> None:
    first = next(iter(book(author()).events()))
    assert encode(first) == (
        '{"seq":0,"time":"2026-01-06T14:30:00Z","bar":390,"kind":"start",'
        '"candidate":"2026-01-06/short/1","side":"short","stage":"consolidation",'
        '"reason":null,"spec_line":null,"values":{"liq1.high":25452.00}}'
    )


def test_the_mirrored_side_tells_the_prices_that_were_traded() -> None:
    run = busy()
    events = [event for event in book(run).events() if event.side == "long"]
    lows = {bar: Decimal(int(low)) / 4 for bar, low in enumerate(run.market.low.tolist())}
    starts = [event for event in events if event.kind is EventKind.START]
    assert starts
    assert all(event.values["liq1.high"] == lows[event.bar] for event in starts)
    entries = [event for event in events if event.kind is EventKind.ENTRY]
    assert entries
    for event in entries:
        stop, close, target = (event.values[name] for name in ("stop", "close", "tp1"))
        assert isinstance(stop, Decimal)
        assert isinstance(close, Decimal)
        assert isinstance(target, Decimal)
        assert stop < close < target


RANK = {
    EventKind.DATA_GAP: 0,
    **dict.fromkeys(("fill", "exit", "position", "cancelled", "latch", "reduced", "restored"), 1),
    **dict.fromkeys(("start", "advance", "dead", "duplicate", "entry"), 2),
    **dict.fromkeys(("intent", "order"), 3),
}


def test_events_are_numbered_in_the_order_of_the_bar() -> None:
    run = busy()
    events = list(book(run).events())
    assert {event.kind for event in events} >= {"start", "duplicate", "entry", "intent", "fill"}
    assert [event.seq for event in events] == list(range(len(events)))
    for one, next_one in pairwise(events):
        assert one.bar <= next_one.bar
        if one.bar == next_one.bar and EventKind.REFUSED not in (one.kind, next_one.kind):
            assert RANK[one.kind] <= RANK[next_one.kind]
            both = (one.kind, next_one.kind)
            if all(RANK[kind] == 2 for kind in both):
                assert (one.side, next_one.side) != ("long", "short")


def test_every_decision_and_record_is_told_once() -> None:
    run = busy()
    events = list(book(run).events())
    decided = sum(len(found.rows) for found in run.decisions.values())
    of_candidates = [event for event in events if RANK.get(event.kind) == 2]
    assert len(of_candidates) == decided
    kinds = run.records[:, 1].tolist()
    admitted = sum(event.kind is EventKind.ORDER for event in events)
    twice = admitted + kinds.count(Kind.FILL)
    assert len(events) - decided == len(kinds) + twice


def test_the_journal_of_later_bars_is_the_end_of_the_journal() -> None:
    whole = list(book(busy()).events())
    row = whole[len(whole) // 2].bar
    later = [event for event in whole if event.bar >= row]
    assert list(book(busy()).events(row, later[0].seq)) == later


def test_a_hole_inside_a_date_is_told_and_the_night_is_not() -> None:
    run = author()
    market = run.market
    keep = np.ones(len(market), bool)
    keep[100:161] = False
    holed = kept(market, keep)
    none = {side: replace(found, rows=found.rows[:0]) for side, found in run.decisions.items()}
    rest: dict[str, Any] = {"decisions": none, "records": run.records[:0], "market": holed}
    one_date = Days(np.array([20_459]), np.array([0, len(holed)]))
    events = list(book(run, days=one_date, **rest).events())
    assert [(event.kind, event.bar) for event in events] == [(EventKind.DATA_GAP, 100)]
    assert events[0].values == {"from": "2026-01-06T09:40:00Z", "minutes": 61}
    two_dates = Days(np.array([20_458, 20_459]), np.array([0, 100, len(holed)]))
    assert list(book(run, days=two_dates, **rest).events()) == []


def located(program: Program) -> Program:
    """The program with every rule on a line of its own."""
    lines = iter(range(2, 1_000))

    def here(thing: Any) -> Any:
        return replace(thing, span=Span(next(lines), 1))

    stages = tuple(
        replace(
            stage,
            invalidate=tuple(map(here, stage.invalidate)),
            advance=tuple(map(here, stage.advance)),
            within=here(stage.within) if stage.within else None,
        )
        for stage in program.stages
    )
    return replace(
        program,
        start=here(program.start),
        always=tuple(map(here, program.always)),
        stages=stages,
        entry=here(program.entry),
        stops=tuple(map(here, program.stops)),
        targets=tuple(map(here, program.targets)),
        require=tuple(map(here, program.require)),
    )


def test_events_name_the_line_that_caused_them() -> None:
    program = located(busy().program)
    events = list(book(busy(), program=program).events())
    rules_by_name = {rule.name: rule.span.line for rule in program.always}
    for event in events:
        if event.kind is EventKind.START:
            assert event.spec_line == program.start.span.line
        elif event.kind in (EventKind.INTENT, EventKind.FILL, EventKind.REFUSED):
            assert event.spec_line == program.entry.span.line
        elif event.kind is EventKind.DEAD and event.reason in rules_by_name:
            assert event.spec_line == rules_by_name[event.reason]
        elif event.kind is EventKind.ENTRY:
            assert event.spec_line == program.stages[-1].advance[0].span.line
        elif event.kind is EventKind.EXIT:
            known: dict[str, set[int | None]]
            known = {"stop": {s.span.line for s in program.stops}, "session_end": {None}}
            known |= {target.name: {target.span.line} for target in program.targets}
            assert event.spec_line in known[event.reason or ""]
    seen = {event.reason for event in events if event.kind is EventKind.EXIT}
    assert {"stop", "session_end"} <= seen


# --- folds and conservation -----------------------------------------------------------------


def account_of(run: Run) -> Account:
    simulator = Simulator(rules(run))
    simulator.run(run.market, run.dates, run.intents)
    return simulator.account


def test_the_funnel_of_the_rows_is_the_funnel_of_the_journal() -> None:
    run = busy()
    counted = funnel(run.program, run.decisions)
    assert {one.side: one for one in funnel_of_events(run.program, book(run).events())} == {
        one.side: one for one in counted
    }
    for one in counted:
        first = one.stages[0]
        assert one.started > 20
        assert first.entered == one.started + sum(
            stage.advanced.get(first.stage, 0) for stage in one.stages
        )
        assert sum(stage.alive for stage in one.stages) == alive(run.decisions[one.side].rows)


def test_the_journal_holds_the_trades_and_the_equity_curve() -> None:
    run = busy()
    trades = trades_of(run.records)
    pairs = list(closed_trades(book(run).events()))
    assert len(pairs) == len(trades) > 0
    amount = rules(run).money.decimal
    assert [event.values["net"] for event, _ in pairs] == [amount(net) for net in trades.net]
    assert [values["contracts"] for _, values in pairs] == trades.contracts.tolist()
    curve = [(int(r), amount(e)) for r, e in zip(trades.exit_row, trades.equity_after, strict=True)]
    assert list(equity_curve(book(run).events())) == curve


def test_nothing_is_lost_in_a_whole_run() -> None:
    for run in (author(), busy()):
        assert violations(run.decisions, run.records, account_of(run), rules(run)) == []


def test_a_lost_end_a_second_start_and_a_late_sign_of_life_are_found() -> None:
    rows = busy().decisions[Side.SHORT].rows
    again = np.concatenate([rows[:1], rows])
    who = (int(rows[0, DAY]), 1)
    assert candidates(again)[0].message == f"{who} started twice"
    orphan = rows[rows[:, KIND] == Decision.DEAD][:1]
    assert "without having started" in candidates(orphan)[0].message
    start = rows[rows[:, KIND] == Decision.START][:1]
    dead = start.copy()
    dead[0, KIND] = Decision.DEAD
    assert candidates(np.concatenate([start, dead])) == []
    late = candidates(np.concatenate([start, dead, dead]))
    assert "after its end" in late[0].message
    assert alive(start) == 1


@pytest.mark.parametrize("kind", [Kind.FILL, Kind.REFUSED])
def test_an_intent_without_its_end_is_found(kind: Kind) -> None:
    run = busy()
    records = run.records
    first = int(np.flatnonzero(records[:, 1] == kind)[0])
    found = intents(np.delete(records, first, axis=0), len(run.intents), account_of(run))
    assert "1 intents came to no end, but 0 wait" in found[0].message
    twice = intents(
        np.concatenate([records, records[first : first + 1]]), len(run.intents), account_of(run)
    )
    assert "came to 2 ends" in twice[0].message
    unasked = records[records[:, 1] != Kind.INTENT]
    assert "was asked for 0 times" in intents(unasked, 1, account_of(run))[0].message


def test_a_unit_of_money_that_is_missing_is_found() -> None:
    run = busy()
    for kind, column in ((Kind.EXIT, 8), (Kind.FILL, 7), (Kind.CLOSED, 10), (Kind.CLOSED, 9)):
        records = run.records.copy()
        records[np.flatnonzero(records[:, 1] == kind)[0], column] += 1
        assert money(records, account_of(run), rules(run))
    assert money(run.records[:0], account_of(run), rules(run))


def test_rows_and_values_of_decisions_are_where_the_journal_reads_them() -> None:
    run = busy()
    rows = run.decisions[Side.SHORT].rows
    start = rows[rows[:, KIND] == Decision.START][0]
    assert start[VALUES] == run.market.high[start[ROW]]
    assert run.days.date[start[DAY]] == run.market.minute[start[ROW]] // 1440


def test_exit_conditions_are_known_by_name() -> None:
    program = busy().program
    when = (Named("too_late", Const(True), Span(77, 1)),)
    program = replace(program, exits=Exits("ny", None, when), events=(EventList("x", "y", 1, 1),))
    run = author()
    records = run.records.copy()
    exits = records[:, 1] == Kind.EXIT
    records[exits, 4] = len(reason_names(program)) - 1
    events = book(run, program=program, records=records).events()
    left = next(event for event in events if event.kind is EventKind.EXIT)
    assert (left.reason, left.spec_line) == ("too_late", 77)
