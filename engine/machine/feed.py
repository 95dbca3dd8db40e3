"""What a machine reads of one market, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.columns.evaluate import columns, evaluate
from engine.columns.frame import frame_of
from engine.columns.sessional import previous_table, session_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.ir.program import Program, Side
    from engine.columns.frame import Frame
    from engine.columns.schedule import Schedule
    from engine.domain.market import Ints
    from engine.machine.inputs import Inputs, Table

REFLECTED: Final = {"open": "open", "high": "low", "low": "high", "close": "close"}
FEW: Final = 16  # rows for which a whole column would cost more than it saves


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """What a machine reads of one market.

    `bars` are minute, open, high, low, close and volume as its side sees them; `days` the first row
    of each trading date; `tables` and `columns` what the source asked for, in its order. `viewed`:
    as memoryviews.
    """

    bars: tuple[Ints, ...]
    days: Ints
    tables: tuple[Ints, ...]
    columns: tuple[Any, ...]
    params: Ints
    viewed: bool = False

    def day_of(self, row: int) -> int:
        """The index of the trading date of a row."""
        return int(np.searchsorted(self.days, row, side="right")) - 1

    def as_views(self) -> Feed:
        """The same as plain Python reads it quickest: a view gives Python's own numbers.

        Lists would be read a little quicker, and take longer to make than most runs take, and five
        times the memory. Columns that wait to be asked for go on waiting.
        """
        bars, tables, columns = (
            tuple(map(_view, each)) for each in (self.bars, self.tables, self.columns)
        )
        return Feed(bars, _view(self.days), tables, columns, _view(self.params), viewed=True)


def _view(column: Any) -> Any:
    return column if isinstance(column, Later) else column.data


class Later:
    """A column that is worked out when its first value is asked for: most bars ask for none."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Of what `make` gives."""
        self._make = make
        self._made: Any = None

    def __getitem__(self, row: int) -> Any:
        """The value on a row."""
        if self._made is None:
            self._made = self._make().data
        return self._made[row]

    def forget(self) -> None:
        """There is another bar: what was made is not the whole column any more."""
        self._made = None


def feed_of(
    program: Program,
    side: Side,
    inputs: Inputs,
    schedule: Schedule,
    params: Ints | None = None,
    *,
    later: bool = False,
) -> Feed:
    """What one side of a program reads of a market; `params`: other values than the program's.

    `later`: columns only when they are asked for, for plain Python and few rows.
    """
    own, written = (frame_of(program, one, schedule) for one in (side, program.written))
    market, nodes = own.market, tuple(inputs.columns)
    if params is None:
        params = np.array(tuple(own.params.values()), np.int64)
    bars = (market.minute, market.open, market.high, market.low, market.close, market.volume)
    tables = tuple(_table(table, schedule, own, written) for table in inputs.tables)
    if later:
        made = tuple(Later(partial(evaluate, node, own)) for node in nodes)
        return Feed(bars, schedule.days.start, tables, made, params).as_views()
    made = tuple(map(frozen, columns(nodes, own)))
    return Feed(
        tuple(map(frozen, bars)),
        frozen(schedule.days.start),
        tuple(map(frozen, tables)),
        made,
        frozen(params),
    )


def _table(table: Table, schedule: Schedule, own: Frame, written: Frame) -> Ints:
    """One value a trading date, as the side of `own` sees it."""
    if table.what == "trades":
        return schedule.dated(table, lambda: schedule.trades(table.of).astype(np.int64))
    if table.what not in {"final", "previous"}:
        found: Ints = getattr(schedule.occurrences(table.of), table.what)
        return found
    made = session_table if table.what == "final" else previous_table
    # summed up once for both sides, as the written one sees the bars
    if own is not written and table.field in REFLECTED:
        return -made(written, table.of, REFLECTED[table.field])
    return made(written, table.of, table.field)


def frozen(column: Any) -> Any:
    """A read-only, contiguous view: one type for the compiler, whoever made the array."""
    view = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view
