"""Ledgers for tests: of random trades by the real simulator, and of round trips written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from dsl.ir.expression import Const
from dsl.ir.program import DayRule, Entry, Exits, OrderType
from engine.domain.dates import days_of
from engine.execution import records as out
from engine.execution.intents import intents_of_rows
from engine.execution.records import Kind, Reason
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator, dates_of
from engine.execution.terms import Money, Terms
from engine.execution.trades import trades_of
from engine.statistics.ledger import Ledger
from tests.support.bars import random_walk
from tests.support.programs import tiny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Market

DAY = DayRule("America/New_York", 18 * 60)


def ledger_from(market: Market, records: np.ndarray, terms: Terms, day: DayRule = DAY) -> Ledger:
    """The ledger of these records."""
    tick_value = market.instrument.tick_value
    money = Money.for_amounts(tick_value, terms.equity, terms.commission)
    return Ledger(
        market=market,
        days=days_of(market, day),
        zone=day.zone,
        records=records,
        trades=trades_of(records),
        money=money,
        tick_value=money.units(tick_value),
        start=money.units(terms.equity),
    )


def random_ledger(seed: int, days: int = 40, setups: int = 200) -> Ledger:
    """Trades of random setups on a random walk, two positions at once, some held over night."""
    rng = np.random.default_rng(seed)
    market = random_walk(days, seed)
    program = tiny(
        day=DAY,
        entry=Entry(OrderType.MARKET, None, Const(1)),
        exits=Exits(None, Const(900), ()),
    )
    terms = Terms(Fraction(1_000_000), Fraction(5, 2), int(rng.integers(0, 2)))
    chosen = np.sort(rng.choice(len(market) - 1, min(setups, len(market) - 1), replace=False))
    rows = []
    for row in chosen.tolist():
        side = int(rng.integers(0, 2))
        sign, close = 2 * side - 1, int(market.close[row])
        stop, target = rng.integers(10, 200, 2).tolist()
        levels = (close, close, close - sign * stop, 0, close + sign * target)
        rows.append((row, side, row, 0, 1, *levels, float("nan")))
    simulator = Simulator(rules_of(program, terms), compiled=False)
    dates = dates_of(market, days_of(market, DAY), None)
    records = simulator.run(market, dates, intents_of_rows(rows, 1))
    return ledger_from(market, records, terms)


@dataclass(frozen=True)
class Trip:
    """A round trip written by hand: rows, prices in ticks, one exit (None: still open)."""

    entry: tuple[int, int]
    exit: tuple[int, int] | None
    side: int = 1
    contracts: int = 1
    stop: int = 0
    mae: int = 0
    mfe: int = 0


def ledger_of_trips(market: Market, trips: Sequence[Trip], terms: Terms) -> Ledger:
    """The ledger of trips that do not overlap, in order, with the records execution writes."""
    money = Money.for_amounts(market.instrument.tick_value, terms.equity, terms.commission)
    tick_value = money.units(market.instrument.tick_value)
    cost, equity = money.units(terms.commission), money.units(terms.equity)
    peak, records = equity, []
    for intent, trip in enumerate(trips):
        fee = cost * trip.contracts
        known = {out.INTENT: intent, out.SIDE: trip.side, out.CONTRACTS: trip.contracts}
        row, price = trip.entry
        fill = {out.KIND: Kind.FILL, out.ROW: row, out.PRICE: price, out.COMMISSION: fee}
        records.append(known | fill | {out.STOP: trip.stop})
        if trip.exit is None:
            continue
        left, paid = trip.exit
        gross = (2 * trip.side - 1) * (paid - price) * trip.contracts * tick_value
        equity += gross - 2 * fee
        peak = max(peak, equity)
        done = {out.ROW: left, out.GROSS: gross, out.ENTERED: row, out.REASON: Reason.STOP}
        part = {out.KIND: Kind.EXIT, out.PRICE: paid, out.COMMISSION: fee}
        records.append(known | done | part)
        whole = {out.KIND: Kind.CLOSED, out.COMMISSION: 2 * fee, out.NET: gross - 2 * fee}
        account = {out.EQUITY: equity, out.PEAK: peak, out.STOP: trip.stop}
        records.append(known | done | whole | account | {out.MAE: trip.mae, out.MFE: trip.mfe})
    table = np.zeros((len(records), out.WIDTH), np.int64)
    for index, record in enumerate(records):
        for column, value in record.items():
            table[index, column] = value
    return ledger_from(market, table, terms, DayRule())
