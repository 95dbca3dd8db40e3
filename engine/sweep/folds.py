"""Walk-forward windows: on which dates parameters are chosen, and on which they are tried.

A window is whole trading dates. What happens in one: a fresh account at its first bar; of the
setups, those whose deciding bar lies in it; a position still open after its last bar counts in no
figure of trades and is valued at the last close, as at the end of any run. Decisions do not
depend on the account, so they are those of the whole data: columns, sessions and candidates know
the bars before the window. That is the one difference to `engine run --from`, which does not see
earlier bars at all: there a strategy has no history at its first bar, and a candidate that began
before it does not exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.program import History
from engine.sweep.plan import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.domain.calendar import Days

LEAST_DATES: Final = 2
"""A window of fewer trading dates has no spread of returns, and is refused."""
QUIET_DAYS: Final = 4
"""So many days without trading at the end of the data may still belong to a window: Easter."""
NO_HISTORY: Final = History(0, 0, unbounded=False)


class FoldError(PlanError):
    """The data cannot be cut into windows as asked."""


class Unit(StrEnum):
    """What a window's length is counted in."""

    DATES = "d"
    WEEKS = "w"
    MONTHS = "mo"
    YEARS = "y"


_LENGTH: Final = re.compile(r"\s*(\d{1,5})\s*(d|w|mo|y)\s*")
_PLAIN: Final = {
    Unit.DATES: "trading date",
    Unit.WEEKS: "week",
    Unit.MONTHS: "month",
    Unit.YEARS: "year",
}


@dataclass(frozen=True, slots=True)
class Length:
    """So many trading dates that have bars, calendar weeks, months or years."""

    count: int
    unit: Unit

    @classmethod
    def of(cls, text: str) -> Length:
        """Of `10d` (trading dates), `8w`, `6mo`, `1y`; raises `FoldError`."""
        found = _LENGTH.fullmatch(text)
        if found is None or not int(found[1]):
            raise FoldError(f"`{text}` is no length: write 10d (trading dates), 8w, 6mo or 1y")
        return cls(int(found[1]), Unit(found[2]))

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.count}{self.unit}"

    @property
    def words(self) -> str:
        """As it is said."""
        return f"{self.count} {_PLAIN[self.unit]}{'' if self.count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first_row .. stop_row`, which are the whole trading dates `first_date .. last_date`.

    Dates are days since the epoch, both inclusive.
    """

    first_row: int
    stop_row: int
    first_date: int
    last_date: int
    name: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Parameters are chosen on `train` and tried on `test`, which begins where that ends."""

    train: Span
    test: Span


def whole(days: Days, name: str = "all") -> Span:
    """All the data as one span; raises `FoldError` for none."""
    if not len(days):
        raise FoldError("there are no bars")
    return _span(days, 0, len(days), name)


def spans_of(folds: Sequence[Fold]) -> tuple[Span, ...]:
    """Train and test of each fold, in turn."""
    return tuple(span for fold in folds for span in (fold.train, fold.test))


def folds_of(
    days: Days,
    train: Length,
    test: Length,
    step: Length | None = None,
    *,
    anchored: bool = False,
    history: History = NO_HISTORY,
) -> tuple[Fold, ...]:
    """The folds that fit into the data, oldest first.

    The first train window begins on the first date before which the `history` is complete. Each
    next fold begins a `step` later (by default the test's length: then tests lie end to end); an
    anchored train window always begins on the first date and grows. Dates after the last whole
    test window are not used. Raises `FoldError`, saying what is missing, where not one fold fits
    or a window holds too few trading dates.
    """
    begins = ready(days, history)
    folds = []
    for number, (first, middle, stop) in enumerate(_cuts(days, begins, train, test, step), 1):
        one = Fold(
            _span(days, begins if anchored else first, middle, f"fold {number} train"),
            _span(days, middle, stop, f"fold {number} test"),
        )
        _check(days, one, train, test)
        folds.append(one)
    if not folds:
        begun, ended = (str(np.datetime64(int(days.date[at]), "D")) for at in (begins, -1))
        raise FoldError(
            f"train={train},test={test} does not fit once into the trading dates from {begun} "
            f"to {ended} ({len(days) - begins} of them, after the history the strategy needs): "
            "use shorter windows or more bars"
        )
    return tuple(folds)


def ready(days: Days, history: History) -> int:
    """The index of the first trading date before which the history is complete.

    So many bars and so many whole dates; the first date of the data counts as whole only where
    no earlier date is asked for. Raises `FoldError` where no date is left.
    """
    enough = np.flatnonzero(days.start[:-1] >= history.bars)
    least = history.dates + 1 if history.dates else 0
    first = max(int(enough[0]) if len(enough) else len(days), least)
    if first >= len(days):
        raise FoldError(
            f"the strategy needs {history.bars} bars and {history.dates} whole trading dates of "
            f"history, and the data hold {int(days.start[-1])} bars on {len(days)} dates: "
            "give it more bars"
        )
    return first


def _cuts(
    days: Days, begins: int, train: Length, test: Length, step: Length | None
) -> Iterator[tuple[int, int, int]]:
    """First, middle and stop of each fold as indices of trading dates.

    Each is counted from the first date of all, not from fold to fold: so tests that follow each
    other leave no gap, and months that begin on January 31 end with every month.
    """
    each = step or test
    for number in count():
        steps = (each, number)
        first = _edge(days, begins, [steps])
        middle = _edge(days, begins, [steps, (train, 1)])
        stop = _edge(days, begins, [steps, (train, 1), (test, 1)])
        if first is None or middle is None or stop is None:
            return
        yield first, middle, stop


def _edge(days: Days, begins: int, lengths: Sequence[tuple[Length, int]]) -> int | None:
    """The index of the trading date some lengths after `begins`, None beyond the data.

    Months together first, then weeks, then trading dates. An edge some days past the last date is
    the end of the data, as long as those days may well be without trading.
    """
    months, weeks, dates = (_together(lengths, units) for units in (_MONTHS, _WEEKS, _DATES))
    date = _months_later(int(days.date[begins]), months) + 7 * weeks
    if date > days.date[-1] + 1 + QUIET_DAYS:
        return None
    at = int(np.searchsorted(days.date, date)) + dates
    return at if at <= len(days) else None


_MONTHS: Final = {Unit.MONTHS: 1, Unit.YEARS: 12}
_WEEKS: Final = {Unit.WEEKS: 1}
_DATES: Final = {Unit.DATES: 1}


def _together(lengths: Sequence[tuple[Length, int]], units: Mapping[Unit, int]) -> int:
    return sum(length.count * times * units.get(length.unit, 0) for length, times in lengths)


def _months_later(date: int, months: int) -> int:
    """The date so many months later; the last day of a month that is too short."""
    day = np.datetime64(date, "D")
    month = day.astype("M8[M]")
    begun = (month + months).astype("M8[D]")
    longest = (month + months + 1).astype("M8[D]") - begun
    return int((begun + min(day - month.astype("M8[D]"), longest - 1)).astype(np.int64))


def _span(days: Days, first: int, stop: int, name: str) -> Span:
    if first >= stop:
        raise FoldError(f"{name} holds no trading date: there is a hole in the data")
    return Span(
        int(days.start[first]),
        int(days.start[stop]),
        int(days.date[first]),
        int(days.date[stop - 1]),
        name,
    )


def _check(days: Days, fold: Fold, train: Length, test: Length) -> None:
    for span, length in ((fold.train, train), (fold.test, test)):
        first, stop = np.searchsorted(days.start, [span.first_row, span.stop_row])
        if stop - first < LEAST_DATES:
            begun, ended = (
                str(np.datetime64(date, "D")) for date in (span.first_date, span.last_date)
            )
            raise FoldError(
                f"{span.name} ({length.words}, {begun} to {ended}) holds {stop - first} trading "
                f"date: a window needs {LEAST_DATES} at least; make it longer, or fill the data"
            )
