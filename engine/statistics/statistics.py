"""All figures of a run in one value, and its form for JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from dsl.quantities import plain
from engine.domain.clocks import weekday_of
from engine.execution import records as out
from engine.execution.intents import LONG, SIDES
from engine.execution.records import Kind
from engine.statistics.ledger import Ledger, ledger_of
from engine.statistics.results import (
    Excursions,
    Results,
    Streaks,
    excursions_of,
    ratio,
    results_of,
    streaks_of,
)
from engine.statistics.returns import Drawdown, Returns, drawdown_of, returns_of

if TYPE_CHECKING:
    from engine.domain.market import Ints
    from engine.run import Run

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Activity:
    """How much was traded, on what.

    dates, bars      trading dates of the data, and its bars
    weeks            calendar weeks (Monday to Sunday) that hold at least one of the dates
    trades_per_week  trades / weeks: a hole in the data does not thin it out
    exposure         bars on which a position was open at any moment / bars
    """

    dates: int
    bars: int
    weeks: int
    trades_per_week: float | None
    exposure: float | None


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A position the data ended in: in no figure of trades, but valued in the equity.

    `entered`: the trading date (ISO). `entry` and `last` (the last close) are prices as decimal
    text, `unrealised` is the gain of the contracts still held at `last`, before commission.
    """

    side: str
    contracts: int
    entered: str
    entry: str
    last: str
    unrealised: Decimal


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a run; each group says in its own docstring how it is worked out.

    `sides` ("short", "long"), `weekdays` (of the trading date of the entry) and `hours` (of the
    entry bar's open, "00:00" .. "23:00" on the clock of `zone`) split the trades; only those
    that have any are there. `equity` is the last one, marked to market; `start` the first.
    """

    currency: str
    zone: str
    start: Decimal
    equity: Decimal
    all: Results
    returns: Returns
    drawdown: Drawdown
    activity: Activity
    streaks: Streaks
    excursions: Excursions
    sides: dict[str, Results]
    weekdays: dict[str, Results]
    hours: dict[str, Results]
    open_positions: tuple[OpenPosition, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; money is decimal text, exact, and what is undefined is None."""
        found: dict[str, Any] = _plain(self)
        return found


def statistics_of(run: Run) -> Statistics:
    """The statistics of a run."""
    return statistics_from(ledger_of(run))


def statistics_from(ledger: Ledger) -> Statistics:
    """The statistics of a ledger."""
    trades, drawdown = ledger.trades, drawdown_of(ledger)
    weekday = weekday_of(ledger.days.date[ledger.entry_day]) - 1
    equity = int(ledger.curve.equity[-1]) if len(ledger.market) else ledger.start
    hours = tuple(f"{hour:02d}:00" for hour in range(24))
    return Statistics(
        currency=ledger.market.instrument.currency,
        zone=ledger.zone,
        start=ledger.amount(ledger.start),
        equity=ledger.amount(equity),
        all=results_of(ledger),
        returns=returns_of(ledger, drawdown),
        drawdown=drawdown,
        activity=activity_of(ledger),
        streaks=streaks_of(trades.net),
        excursions=excursions_of(ledger),
        sides=_split(ledger, trades.side, SIDES),
        weekdays=_split(ledger, weekday, WEEKDAYS),
        hours=_split(ledger, ledger.entry_hour, hours),
        open_positions=open_positions_of(ledger),
    )


def _split(ledger: Ledger, key: Ints, names: tuple[str, ...]) -> dict[str, Results]:
    """The results of the trades with each key that occurs, under its name."""
    return {names[one]: results_of(ledger, key == one) for one in np.unique(key).tolist()}


def activity_of(ledger: Ledger) -> Activity:
    """How much was traded."""
    weeks = len(np.unique((ledger.days.date + 3) // 7))
    bars = len(ledger.market)
    return Activity(
        dates=len(ledger.days),
        bars=bars,
        weeks=weeks,
        trades_per_week=ratio(len(ledger.trades), weeks),
        exposure=ratio(_bars_in_position(ledger), bars),
    )


def _bars_in_position(ledger: Ledger) -> int:
    """Bars from the entry's to the exit's, both included, of all positions together."""
    entered, still = ledger.trades.entry_row, _open_fills(ledger)[:, out.ROW]
    first = np.concatenate([entered, still])
    last = np.concatenate([ledger.trades.exit_row, np.full(len(still), len(ledger.market) - 1)])
    order = np.argsort(first)
    reached = np.maximum.accumulate(last[order])
    before = np.concatenate([[-1], reached[:-1]])[: len(reached)]
    return int((reached - np.maximum(before, first[order] - 1)).sum())


def _open_fills(ledger: Ledger) -> Ints:
    """The entry fills of positions that are not closed."""
    kind, intent = ledger.records[:, out.KIND], ledger.records[:, out.INTENT]
    closed = intent[kind == Kind.CLOSED]
    still: Ints = ledger.records[(kind == Kind.FILL) & ~np.isin(intent, closed)]
    return still


def open_positions_of(ledger: Ledger) -> tuple[OpenPosition, ...]:
    """The positions the data ended in, oldest first."""
    exits = ledger.records[ledger.records[:, out.KIND] == Kind.EXIT]
    instrument, last = ledger.market.instrument, int(ledger.market.close[-1:].sum())
    found = []
    for fill in _open_fills(ledger):
        gone = exits[exits[:, out.INTENT] == fill[out.INTENT], out.CONTRACTS].sum()
        contracts, price = int(fill[out.CONTRACTS] - gone), int(fill[out.PRICE])
        sign = 1 if fill[out.SIDE] == LONG else -1
        day = np.searchsorted(ledger.days.start, fill[out.ROW], side="right") - 1
        found.append(
            OpenPosition(
                side=SIDES[fill[out.SIDE]],
                contracts=contracts,
                entered=str(np.datetime64(int(ledger.days.date[day]), "D")),
                entry=plain(price * instrument.tick),
                last=plain(last * instrument.tick),
                unrealised=ledger.amount(sign * (last - price) * contracts * ledger.tick_value),
            )
        )
    return tuple(found)


def _plain(value: object) -> Any:
    """A value as JSON knows it."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return f"{value:f}" if isinstance(value, Decimal) else value
