"""Runs many sets of parameters of one strategy over one market.

The machines are compiled once, and what sets share is worked out once (`engine.sweep.ground`). A
block of sets is then decided, its setups are merged into offers, one call takes them through every
window (`engine.sweep.driver`), and figures are made of the sums. Blocks run on threads beside each
other: compiled code does not hold Python's lock.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.execution import records as out
from engine.execution import state as at
from engine.execution.simulation import MoneyOverflowError
from engine.execution.terms import Money
from engine.machine.forms import Form, chosen
from engine.sweep import driver
from engine.sweep.deciding import TOGETHER, Compiled, Plain
from engine.sweep.figures import Account, Tally, figures_of
from engine.sweep.folds import whole
from engine.sweep.ground import Grounds, Swept
from engine.sweep.outcomes import METRICS, Outcomes, none_yet
from engine.sweep.plan import check_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.domain.market import Ints, Reals
    from engine.execution.state import Tape
    from engine.execution.terms import Terms
    from engine.run import Prepared
    from engine.sweep.deciding import Decider, Offers
    from engine.sweep.folds import Span

BLOCK: Final = 128
"""Sets that are decided, and whose figures are made, together, at most: fewer to share out well."""
RECORDS: Final = 64


class Sweeper:
    """A strategy on a market, ready for one set of parameters after another."""

    def __init__(
        self,
        prepared: Prepared,
        names: Sequence[str],
        terms: Terms,
        spans: Sequence[Span] = (),
        form: Form = Form.AUTO,
    ) -> None:
        """`names` are axes (`engine.sweep.plan`); `spans`: the windows, or all the data as one.

        Raises `UnknownParameter` for a name that the strategy does not have.
        """
        days = prepared.schedule.days
        self.prepared, self.names, self.terms = prepared, tuple(names), terms
        self.spans = tuple(spans) or (whole(days),)
        self.windows = Windows.of(self.spans, days.start)
        self._form = form
        self._swept = Swept.of(prepared, names)
        tick_value = prepared.strategy.program.instrument.tick_value
        money = Money.for_amounts(tick_value, terms.equity, terms.commission)
        self.account = Account(money.units(terms.equity), money.scale)

    def run(self, sets: Sequence[Sequence[int]], threads: int = 1) -> Outcomes:
        """The figures of each set in each span, in the order given.

        Raises `OutOfRange` and `TermsError` before anything is run, `MoneyOverflowError` where the
        account of a set can no longer be counted.
        """
        spans = tuple(span.name for span in self.spans)
        if not len(sets):
            return none_yet(self.names, spans)
        values = np.array(sets, np.int64).reshape(len(sets), len(self.names))
        check_values(self._swept.program, self.names, values)
        compiled = self._is_compiled(len(sets))
        grounds = Grounds(self.prepared, self._swept, most=threads + 1)
        for one in _distinct(values, self._swept.in_rules):
            grounds.book(values[one].tolist(), self.terms)
        size = min(BLOCK, max(TOGETHER, -(-len(sets) // (2 * max(1, threads)))))
        blocks = list(_blocks(values, self._swept.in_columns, size))
        work = _Work(self, self._swept, grounds, values, compiled=compiled)
        with ThreadPoolExecutor(max(1, threads)) as pool:
            parts = list(pool.map(work.of, blocks))
        order = np.argsort(np.concatenate(blocks), kind="stable")
        figures = {
            name: np.concatenate([figures[name] for figures in parts])[order] for name in METRICS
        }
        return Outcomes(self.names, values, spans, figures)

    def _is_compiled(self, sets: int) -> bool:
        """Whether so many sets together pay for compiled code."""
        rows = sets * len(self.prepared.market)
        machines = self.prepared.strategy.machines.values()
        forms = {chosen(machine, rows, self._form, whole=True) for machine in machines}
        return forms == {Form.COMPILED}


def _distinct(values: Ints, places: Sequence[int]) -> Ints:
    """The number of the first of all sets that agree on these places."""
    if not places:
        return np.zeros(1, np.int64)
    first: Ints = np.unique(values[:, list(places)], axis=0, return_index=True)[1]
    return first


def _blocks(values: Ints, places: Sequence[int], size: int) -> Iterator[Ints]:
    """Numbers of sets that agree on these places, so many at a time."""
    if not places:
        groups = [np.arange(len(values))]
    else:
        key = values[:, list(places)]
        order = np.lexsort(key.T[::-1])
        turns = np.flatnonzero((key[order[1:]] != key[order[:-1]]).any(axis=1)) + 1
        groups = np.split(order, turns)
    for group in groups:
        yield from np.split(group, range(size, len(group), size))


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """The spans as the driver reads them, and how many dates and bars each has."""

    cells: Ints
    first: Ints
    stop: Ints
    dates: Ints

    @classmethod
    def of(cls, spans: Sequence[Span], start: Ints) -> Windows:
        """Of spans of whole trading dates, which begin at the rows `start`."""
        first = np.array([span.first_row for span in spans], np.int64)
        stop = np.array([span.stop_row for span in spans], np.int64)
        date, after = np.searchsorted(start, first), np.searchsorted(start, stop)
        return cls(np.stack([first, stop, date], axis=1).reshape(-1), first, stop, after - date)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.first)

    def setups(self, offers: Ints, stride: int) -> int:
        """How many of the offers lie in the windows, of each window anew."""
        rows = offers[at.OFFER_ROW :: stride]
        bounds = zip(self.first.tolist(), self.stop.tolist(), strict=True)
        return sum(int(np.count_nonzero((rows >= first) & (rows < stop))) for first, stop in bounds)


class _Work:
    """The figures of blocks of sets; threads share it."""

    def __init__(
        self, sweeper: Sweeper, swept: Swept, grounds: Grounds, values: Ints, *, compiled: bool
    ) -> None:
        self._sweeper, self._swept, self._grounds = sweeper, swept, grounds
        self._values, self._compiled = values, compiled

    def of(self, block: Ints) -> dict[str, Reals]:
        """The figures of the sets with these numbers, (len(block), spans) each."""
        sweeper, values = self._sweeper, self._values[block]
        windows = sweeper.windows
        ground = self._grounds.at(values[0].tolist())
        machines = sweeper.prepared.strategy.machines
        params = {side: self._swept.params(values, side) for side in machines}
        offers = self._decider().offers(ground, params)
        desk = Desk(windows, len(block), compiled=self._compiled)
        books = [self._grounds.book(one, sweeper.terms) for one in values.tolist()]
        desk.take(ground.tape, books, offers)
        bars = windows.stop - windows.first
        return figures_of(desk.tally, sweeper.account, windows.dates.tolist(), bars.tolist())

    def _decider(self) -> Decider:
        prepared = self._sweeper.prepared
        return Compiled(prepared) if self._compiled else Plain(prepared)


class Desk:
    """Takes the offers of sets through the windows, and keeps what they came to."""

    def __init__(self, windows: Windows, sets: int, *, compiled: bool) -> None:
        """For so many sets."""
        shape = (sets, len(windows))
        self.tally = Tally(
            np.zeros((*shape, driver.TOTAL_CELLS), np.int64),
            np.zeros(shape),
            np.zeros((sets, int(windows.dates.sum())), np.int64),
            np.zeros(shape),
        )
        self._windows = windows
        self._run, self._wrap = _engine(compiled=compiled)

    def take(self, tape: Tape, books: Sequence[Ints], offers: Offers) -> None:
        """The offers of all sets, whose fresh accounts these are; raises `MoneyOverflowError`."""
        wrap, tally = self._wrap, self.tally
        stride = at.OFFER_TARGETS + int(books[0][at.TARGETS])
        multiples = np.empty(self._windows.setups(offers.cells, stride))
        hand = np.zeros(driver.HAND_CELLS, np.int64)
        sheet = driver.Sheet(
            wrap(hand),
            wrap(tally.totals.reshape(-1)),
            wrap(tally.falls.reshape(-1)),
            wrap(tally.daily.reshape(-1)),
            wrap(multiples),
            wrap(np.empty(int(np.diff(offers.bounds).max()) // stride, np.int64)),
        )
        sets = driver.Sets(wrap(np.concatenate(books)), wrap(offers.bounds))
        book, cells, tape = wrap(books[0].copy()), wrap(offers.cells), at.Tape(*map(wrap, tape))
        answer, room = driver.NO_ROOM, RECORDS
        while answer == driver.NO_ROOM:
            desk = at.Desk(book, cells, wrap(np.zeros(room * out.WIDTH, np.int64)))
            answer = self._run(tape, desk, sets, wrap(self._windows.cells), sheet)
            room *= 2
        if answer == driver.FAULT:
            raise MoneyOverflowError(int(hand[driver.FAULT_ROW]))
        self._add_up(multiples)

    def _add_up(self, multiples: Reals) -> None:
        """The sum of the multiples of each set and window, as numpy adds them alone."""
        known = self.tally.totals[:, :, driver.KNOWN].reshape(-1)
        bounds = pairwise(np.cumsum([0, *known]).tolist())
        sums = [np.add.reduce(multiples[first:stop]) for first, stop in bounds]
        self.tally.multiples[:] = np.array(sums).reshape(self.tally.multiples.shape)


def _engine(*, compiled: bool) -> tuple[Callable[..., int], Callable[[Any], Any]]:
    """The driver, and what it takes for an array; a memoryview gives Python's own numbers."""
    if not compiled:
        return driver.accounts_for, lambda array: array.data
    from engine.sweep.compiled import compiled_accounts_for  # noqa: PLC0415 - brings numba

    return compiled_accounts_for(), lambda array: array
