"""The simulator as a thing to use: give it bars, dates and intents, take its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.domain.market import NA, TRUE
from engine.execution import records as out
from engine.execution import state as at
from engine.execution.kernel import simulate
from engine.execution.sizing import ATR_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from engine.domain.calendar import Days, Occurrences
    from engine.domain.market import Ints, Market, Reals, Trits
    from engine.execution.intents import Intents
    from engine.execution.rules import Rules
    from engine.execution.state import Desk, Tape

    _Run = Callable[[Tape, Desk, int], int]
    _Wrap = Callable[[NDArray[np.generic]], Any]

NEVER_OVER: Final = 1 << 62
_FIRST_ROOM: Final = 64
_RECORDS_AN_INTENT: Final = 4  # roughly; room is doubled until it does
_COMPILE_FROM: Final = 50_000
_ORDER: Final = slice(at.OFFER_PLANNED, at.OFFER_TARGETS)
_ORDER_CELLS: Final = at.OFFER_TARGETS - at.OFFER_PLANNED
ATR_MOST: Final = float(1 << 25)


class MoneyOverflowError(Exception):
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
    `flattens`: False where positions and entries may outlive their date.
    """

    start: Ints
    closing: Ints
    over: Ints
    flattens: bool = True


def dates_of(market: Market, days: Days, flat_by: Occurrences | None) -> Dates:
    """When positions must be out: by the end of each date's `flat_by` session (None: never).

    The last row is the one whose bar ends with the session, by the clock and not for want of later
    bars: with that bar missing, the position is closed at the open of the first row after. A date
    without the session takes no positions at all.
    """
    count = len(days)
    if flat_by is None:
        never = np.full(count, NEVER_OVER, np.int64)
        return Dates(days.start, np.full(count, -1, np.int64), never, flattens=False)
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
    """All the simulator remembers between rows, as whole numbers that can be stored.

    `book` is described in `engine.execution.state`; `orders` holds, for each intent known so
    far, the contracts that wait for its entry and the trading date of its decision.
    """

    book: Ints
    orders: Ints

    @property
    def next_row(self) -> int:
        """The first row not simulated yet."""
        return int(self.book[at.NEXT_ROW])

    @property
    def equity(self) -> int:
        """Equity of the closed trades, in money units."""
        return int(self.book[at.CASH])

    @property
    def open_positions(self) -> int:
        """How many positions are open."""
        return int(self.book[at.OPEN])

    @property
    def waiting(self) -> int:
        """How many intents wait for their entry."""
        return int(self.book[at.WAITING])

    @property
    def latched(self) -> bool:
        """Whether the drawdown latch holds."""
        return bool(self.book[at.IS_LATCHED])

    def copy(self) -> Account:
        """The same, to go on from later."""
        return Account(self.book.copy(), self.orders.copy())

    def unlatched(self) -> Account:
        """The account after a person cleared the latch: the drawdown is counted anew from here."""
        fresh = self.copy()
        fresh.book[[at.IS_LATCHED, at.IS_REDUCED]] = 0
        fresh.book[at.TOP] = fresh.book[at.CASH]
        return fresh


def new_account(rules: Rules) -> Account:
    """An account with the equity of the terms, before the first row."""
    targets = len(rules.shares)
    places = int(rules.values[at.POSITIONS]) * (at.PARTS + targets)
    book = np.zeros(at.SHARES + targets + places, np.int64)
    book[[at.CASH, at.TOP, at.DATE_CASH]] = rules.equity
    return Account(book, np.zeros((0, _ORDER_CELLS), np.int64))


class Simulator:
    """Simulates rows as they become known: all at once, in chunks, or one by one."""

    def __init__(
        self,
        rules: Rules,
        account: Account | None = None,
        *,
        compiled: bool | None = None,
        kernel: Callable[[Tape, Desk, int], int] | None = None,
    ) -> None:
        """Start from `account` (left as it is) or anew.

        `compiled`: use numba (True), plain Python (False), or what is quicker (None). The
        results are the same. `kernel`: simulate with this one instead (`hosted_kernel`).
        """
        self.rules = rules
        self.account = new_account(rules) if account is None else account.copy()
        self._compiled = compiled
        self._kernel = kernel

    def run(
        self,
        market: Market,
        dates: Dates,
        intents: Intents,
        paths: Paths | None = None,
        stop: int | None = None,
    ) -> Ints:
        """Simulate the rows from where it stands up to `stop` (default: all); their records.

        Market, dates, intents and paths begin at row 0 and intent 0 each time and may have grown
        since the last call; new intents are of rows not simulated yet. Raises `ValueError` for
        older ones, and for dates and paths that cover too few rows.
        Records are (n, WIDTH), see `engine.execution.records`. Raises `MoneyOverflowError` where
        the account can no longer be counted.
        """
        last = len(market) if stop is None else stop
        paths = paths or paths_of()
        self._check(intents, dates, paths, last)
        run, wrap = self._engine(intents)
        offers = self._offers(intents)
        book = book_of(self.account, self.rules, dates)
        tape = tape_of(market, dates, paths, wrap)
        fresh = len(intents) - int(book[at.NEXT_OFFER])
        room, found = _FIRST_ROOM + _RECORDS_AN_INTENT * fresh, []
        while True:
            records = np.zeros(room * out.WIDTH, np.int64)
            desk = at.Desk(wrap(book), wrap(offers.reshape(-1)), wrap(records))
            written = int(run(tape, desk, last))
            found.append(records[: written * out.WIDTH].reshape(-1, out.WIDTH))
            if book[at.FAULT]:
                raise MoneyOverflowError(int(book[at.NEXT_ROW]) - 1)
            if book[at.NEXT_ROW] >= last:
                break
            room *= 2
        book[at.WRITTEN] = 0
        self.account = Account(book, offers[:, _ORDER].copy())
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _check(self, intents: Intents, dates: Dates, paths: Paths, stop: int) -> None:
        """Refuse what the kernel would read beyond its end: compiled, it would not notice."""
        known = int(self.account.book[at.NEXT_OFFER])
        if len(intents) > known and intents.row[known] < self.account.next_row:
            raise ValueError(
                f"intent {known} was decided on row {intents.row[known]}, but rows up to "
                f"{self.account.next_row - 1} are simulated already"
            )
        needed = {
            "trading dates": (True, int(dates.start[-1])),
            "paths.trail": (self.rules.values[at.TRAILS], min(map(len, paths.trail))),
            "paths.leave": (self.rules.values[at.LEAVES], min(map(len, paths.leave))),
        }
        for name, (used, rows) in needed.items():
            if used and rows < stop:
                raise ValueError(f"{name} cover {rows} rows, but {stop} are to be simulated")

    def _engine(self, intents: Intents) -> tuple[_Run, _Wrap]:
        """The function to run, and what it takes for an array.

        Compiling costs more than ten years of trades in Python: it pays for sweeps, or once it is
        on disk. A memoryview gives Python's own ints: quicker there than numpy's, and no wrapping.
        """
        fresh = len(intents) - int(self.account.book[at.NEXT_OFFER])
        if self._kernel is not None:
            return self._kernel, lambda array: array.data
        if self._compiled or (self._compiled is None and fresh > _COMPILE_FROM):
            from engine.execution.compiled import compiled_simulate  # noqa: PLC0415 - heavy

            return compiled_simulate(), lambda array: array
        return simulate, lambda array: array.data

    def _offers(self, intents: Intents) -> Ints:
        """The intents as the kernel reads them, with the orders remembered so far."""
        offers = offers_of(intents, len(self.rules.shares))
        kept = min(len(intents), len(self.account.orders))
        offers[:kept, _ORDER] = self.account.orders[:kept]
        return offers


def book_of(account: Account, rules: Rules, dates: Dates) -> Ints:
    """The book of an account as it stands, with the rules of a run."""
    book = account.book.copy()
    book[at.TARGETS] = len(rules.shares)
    book[at.FLATTENS] = int(dates.flattens)
    book[at.RULES : at.SHARES] = rules.values
    book[at.SHARES : at.SHARES + len(rules.shares)] = rules.shares
    return book


def offers_of(intents: Intents, targets: int) -> Ints:
    """The intents as the kernel reads them, a row each; none is waiting."""
    offers = np.zeros((len(intents), at.OFFER_TARGETS + targets), np.int64)
    offers[:, at.OFFER_ROW] = intents.row
    offers[:, at.OFFER_SIDE] = intents.side
    offers[:, at.OFFER_CLOSE] = intents.close
    offers[:, at.OFFER_PRICE] = intents.entry_price
    offers[:, at.OFFER_STOP] = intents.stop
    offers[:, at.OFFER_ATR] = atr_parts(intents.atr)
    offers[:, at.OFFER_TARGETS :] = intents.targets
    return offers


def atr_parts(atr: Reals) -> Ints:
    """The ATR (ticks) in whole 2**-20 ticks, rounded up; -1 where it is not a usable number."""
    usable = (atr > 0) & (atr < ATR_MOST)
    parts: Ints = np.ceil(np.where(usable, atr, -1 / ATR_PARTS) * ATR_PARTS).astype(np.int64)
    return parts


def tape_of(market: Market, dates: Dates, paths: Paths, wrap: _Wrap) -> Tape:
    """The columns that are only read."""
    columns = (
        *(market.open, market.high, market.low, market.close),
        *(dates.start, dates.closing, dates.over),
        *(*paths.trail, *paths.leave),
    )
    return at.Tape(*(wrap(_read_only(column)) for column in columns))


def _read_only(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """A contiguous read-only view: numba compiles once more for every other kind of array."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
