"""What figures are worked out from: the trades of a run and the equity at every bar's close."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.domain.clocks import wall_of
from engine.execution.terms import Money, decimal_of
from engine.execution.trades import trades_of
from engine.statistics.curve import Curve, curve_of

if TYPE_CHECKING:
    from engine.domain.calendar import Days
    from engine.domain.market import Ints, Market, Reals
    from engine.execution.trades import Trades
    from engine.run import Run

CENTS: Final = 2
"""An average of amounts is rounded to so many places at least, half to even."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """The trades and the account of one run.

    `zone` is the strategy's day clock; `tick_value` (one tick of one contract) and `start` (the
    equity before the first bar) are in units of `money`, `commission` (a contract and fill) too.
    """

    market: Market
    days: Days
    zone: str
    records: Ints
    trades: Trades
    money: Money
    tick_value: int
    start: int

    @cached_property
    def curve(self) -> Curve:
        """Equity at bar closes in money units: what is open is valued at that close."""
        return curve_of(self.records, self.market.close, self.tick_value, self.start)

    @property
    def equity(self) -> Ints:
        """Equity at each bar's close in money units, as a column."""
        return self.curve.every_bar()

    @cached_property
    def daily(self) -> Ints:
        """Equity at the last bar's close of every trading date, in money units."""
        return self.curve.at(self.days.start[1:] - 1)

    @cached_property
    def returns(self) -> Reals:
        """The return of every trading date: its equity over the equity of the date before, - 1.

        A date on which nothing was held or paid counts as 0. NaN from the first date on that
        begins without money.
        """
        before = np.concatenate([[self.start], self.daily[:-1]]).astype(np.float64)
        solvent = np.minimum.accumulate(before) > 0
        returns = np.full(len(before), np.nan)
        np.divide(self.daily, before, out=returns, where=solvent)
        return returns - 1.0

    @cached_property
    def risk(self) -> Ints:
        """The initial risk of every trade in money units: entry to first stop, all contracts."""
        risked: Ints = self.trades.risk_ticks * self.trades.contracts * self.tick_value
        return risked

    @cached_property
    def multiples(self) -> Reals:
        """Every trade's net as a multiple R of its initial risk; NaN where it risked nothing.

        Source: V. K. Tharp, Trade Your Way to Financial Freedom (R multiples), after costs.
        """
        found = np.full(len(self.trades), np.nan)
        np.divide(self.trades.net, self.risk, out=found, where=self.risk > 0)
        return found

    @cached_property
    def entry_day(self) -> Ints:
        """The index of the trading date on which each trade was entered."""
        return np.searchsorted(self.days.start, self.trades.entry_row, side="right") - 1

    @cached_property
    def entry_hour(self) -> Ints:
        """The hour (0 .. 23) the day clock showed at the open of each trade's entry bar."""
        rows, at = np.unique(self.trades.entry_row, return_inverse=True)
        hours: Ints = wall_of(self.zone, self.market.minute[rows]) // 60 % 24
        return hours[at]

    def amount(self, units: int) -> Decimal:
        """An amount of the currency, exactly."""
        return self.money.decimal(units)

    def average(self, units: int, count: int) -> Decimal | None:
        """The mean of `count` amounts that sum to `units`, rounded; None of no amounts."""
        if not count:
            return None
        tick = decimal_of(self.money.amount(self.tick_value), at_least=CENTS)
        places = -int(tick.as_tuple().exponent)
        mean = round(Fraction(units, count * self.money.scale) * 10**places)
        return Decimal(mean).scaleb(-places)


def ledger_of(run: Run) -> Ledger:
    """The ledger of a run."""
    program, terms = run.program, run.terms
    tick_value = program.instrument.tick_value
    money = Money.for_amounts(tick_value, terms.equity, terms.commission)
    return Ledger(
        market=run.market,
        days=run.days,
        zone=program.day.zone,
        records=run.records,
        trades=trades_of(run.records),
        money=money,
        tick_value=money.units(tick_value),
        start=money.units(terms.equity),
    )
