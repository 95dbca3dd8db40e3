"""The simulator as a thing to use: give it bars, dates and intents, take its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.domain.market import NA, TRUE
from engine.execution import records as out
from engine.execution import state as at
from engine.execution.kernel import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from engine.domain.calendar import Days, Occurrences
    from engine.domain.market import Ints, Market, Trits
    from engine.execution.intents import Intents
    from engine.execution.rules import Rules
    from engine.execution.state import Cells, Desk

_NEVER_OVER: Final = 1 << 62
_FIRST_ROOM: Final = 4096
_COMPILE_FROM: Final = 20_000


class MoneyOverflow(Exception):
    """The account left the range in which money is counted exactly, at the bar of `row`."""

    def __init__(self, row: int) -> None:
        """The row of the bar after which no amount could be trusted."""
        super().__init__(
            f"the account grew beyond what can be counted exactly at bar {row}: "
            "lower risk.max or the risk a trade"
        )
        self.row = row


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """Trading dates for the simulator, one entry each (`start` one more).

    `closing[d]`: the row at whose close positions of date d are closed, -1 where no row is known
    by the clock to be the session's last. `over[d]`: the first row past the session.
    """

    start: Ints
    closing: Ints
    over: Ints


def dates_of(market: Market, days: Days, flat_by: Occurrences | None) -> Dates:
    """When positions must be out: by the end of each date's `flat_by` session (None: never).

    The last row is the one whose bar ends with the session, by the clock and not for want of later
    bars: with that bar missing, the position is closed at the open of the first row after. A date
    without the session takes no positions at all.
    """
    count = len(days)
    if flat_by is None:
        never = np.full(count, _NEVER_OVER, np.int64)
        return Dates(days.start, np.full(count, -1, np.int64), never)
    exists = flat_by.ends != NA
    ends = np.where(exists, flat_by.ends, 0)
    past = np.searchsorted(market.minute, ends - market.bar_minutes, side="right")
    over = np.where(exists, np.clip(past, days.start[:-1], days.start[1:]), days.start[:-1])
    last = over - 1
    ends_there = market.minute[np.maximum(last, 0)] + market.bar_minutes == ends
    known = exists & (last >= days.start[:-1]) & ends_there
    return Dates(days.start, np.where(known, last, -1), over)


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Row columns that move or end a position, for SHORT and LONG; empty where not used.

    `trail`: the price (real ticks) the stop trails to, NA where not known. `leave`: the number
    from 1 of the first exit condition that is true at the row's close, 0 where none is.
    """

    trail: tuple[Ints, Ints]
    leave: tuple[Trits, Trits]


def paths_of(
    trail: tuple[Ints, Ints] | None = None,
    when: tuple[Sequence[Trits], Sequence[Trits]] = ((), ()),
) -> Paths:
    """Paths from trailing prices and exit conditions (SHORT's, LONG's), in their written order."""
    none = np.empty(0, np.int64)
    return Paths(trail or (none, none), (_first_true(when[0]), _first_true(when[1])))


def _first_true(conditions: Sequence[Trits]) -> Trits:
    """The number from 1 of the first condition that is TRUE, a row."""
    if not conditions:
        return np.empty(0, np.int8)
    number = np.zeros(len(conditions[0]), np.int8)
    for index in range(len(conditions), 0, -1):
        number[conditions[index - 1] == TRUE] = index
    return number


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """All the simulator remembers between rows; the arrays are written in place."""

    account: Ints
    orders: Ints
    positions: Ints
    parts: Ints

    @property
    def next_row(self) -> int:
        """The first row not simulated yet."""
        return int(self.account[at.NEXT_ROW])

    @property
    def equity(self) -> int:
        """Equity of the closed trades, in money units."""
        return int(self.account[at.CASH])

    @property
    def latched(self) -> bool:
        """Whether the drawdown latch holds."""
        return bool(self.account[at.IS_LATCHED])

    def copy(self) -> Account:
        """The same, to go on from later."""
        return Account(
            self.account.copy(), self.orders.copy(), self.positions.copy(), self.parts.copy()
        )

    def with_orders(self, count: int) -> Account:
        """The same account with room for `count` intents."""
        orders = np.zeros(count * at.ORDER_CELLS, np.int64)
        kept = min(len(self.orders), len(orders))
        orders[:kept] = self.orders[:kept]
        return Account(self.account, orders, self.positions, self.parts)

    def unlatched(self) -> Account:
        """The account after a person cleared the latch: the drawdown is counted anew from here."""
        fresh = self.copy()
        fresh.account[at.IS_LATCHED] = fresh.account[at.IS_REDUCED] = 0
        fresh.account[at.TOP] = fresh.account[at.CASH]
        return fresh


def new_account(rules: Rules) -> Account:
    """An account with the equity of the terms, before the first row."""
    account = np.zeros(at.ACCOUNT_CELLS, np.int64)
    account[[at.CASH, at.TOP, at.DATE_CASH]] = rules.equity
    slots = int(rules.values[at.POSITIONS])
    return Account(
        account,
        np.zeros(0, np.int64),
        np.zeros(slots * at.POSITION_CELLS, np.int64),
        np.zeros(slots * len(rules.shares), np.int64),
    )


class Simulator:
    """Simulates rows as they become known: all at once, in chunks, or one by one."""

    def __init__(
        self, rules: Rules, account: Account | None = None, *, compiled: bool | None = None
    ) -> None:
        """Start from `account` (left as it is) or anew.

        `compiled`: use numba (True), plain Python (False), or what is quicker (None). The
        results are the same.
        """
        self.rules = rules
        self.account = new_account(rules) if account is None else account.copy()
        self._compiled = compiled

    def run(
        self,
        market: Market,
        dates: Dates,
        intents: Intents,
        paths: Paths | None = None,
        stop: int | None = None,
    ) -> Ints:
        """Simulate the rows from where it stands up to `stop` (default: all); their records.

        Market, dates, intents and paths start at row 0 and intent 0 each time and may have grown since the
        last call; new intents are of rows not simulated yet. Records are (n, WIDTH).
        Raises `MoneyOverflow` where the account can no longer be counted.
        """
        last = len(market) if stop is None else stop
        self.account = self.account.with_orders(len(intents))
        run, wrap = self._engine(market, intents, last)
        room, found = _FIRST_ROOM, []
        while True:
            records = np.zeros(room * out.WIDTH, np.int64)
            desk = self._desk(market, dates, intents, paths or paths_of(), records, wrap)
            written = int(run(desk, last))
            found.append(records[: written * out.WIDTH].reshape(-1, out.WIDTH))
            if self.account.account[at.FAULT]:
                raise MoneyOverflow(self.account.next_row - 1)
            if self.account.next_row >= last:
                return np.concatenate(found)
            room *= 2

    def _engine(
        self, market: Market, intents: Intents, stop: int
    ) -> tuple[Callable[[Desk, int], int], Callable[[NDArray[np.generic]], Cells]]:
        """The function to run, and what it takes for an array.

        A memoryview gives Python's own ints, which are quicker there than numpy's and do not wrap.
        """
        rows = stop - self.account.next_row
        work = min(rows, 64 * len(intents))
        if self._compiled or (self._compiled is None and work > _COMPILE_FROM):
            from engine.execution.compiled import compiled_simulate  # noqa: PLC0415 - heavy

            return compiled_simulate(), lambda array: array  # type: ignore[return-value]
        return simulate, memoryview  # type: ignore[return-value]

    def _desk(
        self,
        market: Market,
        dates: Dates,
        intents: Intents,
        paths: Paths,
        records: Ints,
        wrap: Callable[[NDArray[np.generic]], Cells],
    ) -> Desk:
        read = (
            *(market.open, market.high, market.low, market.close),
            *(dates.start, dates.closing, dates.over),
            *(intents.row, intents.side, intents.close, intents.entry_price, intents.stop),
            *(intents.targets.reshape(-1), intents.atr),
            *(*paths.trail, *paths.leave),
            *(self.rules.values, self.rules.shares),
        )
        account = self.account
        written = (account.account, account.orders, account.positions, account.parts, records)
        cells = [wrap(_read_only(array)) for array in read]
        return at.Desk(*cells, *(wrap(array) for array in written))


def _read_only(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """A contiguous read-only view: numba compiles once more for every other kind of array."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
