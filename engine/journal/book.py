"""From rows of numbers to events, lazily and in order of bars.

Within a bar: missing data; what happened before the close (fills, exits, money); the candidates of
SHORT, then of LONG, as their machine says; then intents and what became of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dsl.ir.program import Side, reasons
from engine.execution import records as out
from engine.execution.intents import SIDES
from engine.execution.records import Kind, reason_names
from engine.journal.decisions import (
    CAUSE,
    DAY,
    KIND,
    ORDINAL,
    ROW,
    STAGE,
    VALUES,
    Decision,
)
from engine.journal.events import Event, EventKind
from engine.journal.lines import Lines
from engine.journal.units import Grid, Units, clock, date_text, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from dsl.ir.program import Program
    from engine.domain.calendar import Days
    from engine.domain.market import Ints, Market, Reals
    from engine.execution.intents import Intents
    from engine.execution.terms import Money
    from engine.journal.events import Value

    Mask = NDArray[np.bool_]

_Found = tuple[int, Event]


class DecisionRows(Protocol):
    """Decision rows of one side in order, with the REAL values beside them."""

    @property
    def rows(self) -> Ints:
        """int64[n, VALUES + w], see `engine.journal.decisions`."""
        ...

    @property
    def reals(self) -> Reals:
        """float64[n, w]."""
        ...


@dataclass(frozen=True)
class Book:
    """All that a run said, ready to be told.

    `records` are those of `engine.execution`, `money` says what their amounts are.
    """

    program: Program
    market: Market
    days: Days
    decisions: Mapping[Side, DecisionRows]
    intents: Intents
    records: Ints
    money: Money

    def events(self, first_row: int = 0, first_seq: int = 0) -> Iterator[Event]:
        """The events of the bars from `first_row` on, numbered from `first_seq`."""
        streams = [
            self._gaps(first_row),
            self._executed(first_row, admissions=False),
            *(self._decided(side, first_row) for side in (Side.SHORT, Side.LONG)),
            self._executed(first_row, admissions=True),
        ]
        for seq, (_, event) in enumerate(merge(*streams, key=itemgetter(0)), start=first_seq):
            yield replace(event, seq=seq)

    # --- the parts they share -------------------------------------------------------------------

    @cached_property
    def _grid(self) -> Grid:
        return Grid(self.program.instrument.tick)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.program)

    @cached_property
    def _units(self) -> Units:
        return Units(self.program)

    @cached_property
    def _deaths(self) -> tuple[str, ...]:
        return reasons(self.program)

    @cached_property
    def _reasons(self) -> tuple[str, ...]:
        return reason_names(self.program)

    @cached_property
    def _stages(self) -> tuple[str | None, ...]:
        """The stages by number; -1 is none."""
        return (*(stage.name for stage in self.program.stages), None)

    def _time(self, row: int) -> str:
        return clock(int(self.market.minute[row]))

    def _candidate(self, day: int, side: str, ordinal: int) -> str:
        return f"{date_text(int(self.days.date[day]))}/{side}/{ordinal}"

    # --- bars -----------------------------------------------------------------------------------

    def _gaps(self, first_row: int) -> Iterator[_Found]:
        """Holes of more than `max_gap` minutes inside a trading date."""
        minute, size = self.market.minute, self.market.bar_minutes
        missing = np.diff(minute) - size
        inside = np.ones(len(missing), bool)
        inside[self.days.start[1:-1] - 1] = False
        for before in np.flatnonzero(inside & (missing > self.program.max_gap)).tolist():
            row = before + 1
            if row >= first_row:
                values: dict[str, Value] = {
                    "from": clock(int(minute[before]) + size),
                    "minutes": int(missing[before]),
                }
                yield row, Event(0, self._time(row), row, EventKind.DATA_GAP, values=values)

    # --- decisions ------------------------------------------------------------------------------

    def _decided(self, side: Side, first_row: int) -> Iterator[_Found]:
        if side not in self.decisions:
            return
        found = self.decisions[side]
        sign = 1 if side is self.program.written else -1
        for index in range(int(np.searchsorted(found.rows[:, ROW], first_row)), len(found.rows)):
            cells, reals = found.rows[index].tolist(), found.reals[index].tolist()
            yield cells[ROW], self._decision(side, sign, cells, reals)

    def _decision(self, side: Side, sign: int, cells: list[int], reals: list[float]) -> Event:
        kind, stage, cause = Decision(cells[KIND]), cells[STAGE], cells[CAUSE]
        told = _DECISIONS[kind](self, stage, cause)
        columns = self._units.columns(kind, stage, cause)
        values = dict(told.values) | {
            column.name: written(column, whole, real, self._grid, sign)
            for column, whole, real in zip(columns, cells[VALUES:], reals, strict=False)
        }
        return Event(
            0,
            self._time(cells[ROW]),
            cells[ROW],
            told.kind,
            self._candidate(cells[DAY], side.value, cells[ORDINAL]),
            side.value,
            told.stage,
            told.reason,
            told.line,
            values,
        )

    def _started(self, stage: int, cause: int) -> _Told:  # noqa: ARG002 - one signature for all
        return _Told(EventKind.START, self._stages[0], None, self._lines.start)

    def _advanced(self, stage: int, cause: int) -> _Told:
        reached = self._stages[cause] or ""
        line = self._lines.advances.get((stage, reached))
        return _Told(EventKind.ADVANCE, reached, None, line, (("from", self._stages[stage]),))

    def _died(self, stage: int, cause: int) -> _Told:
        reason, merged = self._deaths[cause], self.program.merge
        kind = EventKind.DUPLICATE if merged and merged.reason == reason else EventKind.DEAD
        return _Told(kind, self._stages[stage], reason, self._lines.death(stage, reason))

    def _entered(self, stage: int, cause: int) -> _Told:
        case = self.program.stops[cause].name
        line = self._lines.completion(stage)
        return _Told(EventKind.ENTRY, self._stages[stage], None, line, (("stop_case", case),))

    # --- execution ------------------------------------------------------------------------------

    @cached_property
    def _is_admission(self) -> Mask:
        """Which records are of the bar's close: intents, and their refusal on the same bar."""
        kind, intent = self.records[:, out.KIND], self.records[:, out.INTENT]
        if not len(self.intents):
            return np.zeros(len(kind), bool)
        same_bar = self.intents.row[np.maximum(intent, 0)] == self.records[:, out.ROW]
        admitted: Mask = (kind == Kind.INTENT) | ((kind == Kind.REFUSED) & same_bar)
        return admitted

    def _executed(self, first_row: int, *, admissions: bool) -> Iterator[_Found]:
        chosen = self._is_admission == admissions
        chosen = chosen & (self.records[:, out.ROW] >= first_row)
        for record in self.records[chosen]:
            cells = record.tolist()
            for event in self._record(cells):
                yield cells[out.ROW], event

    def _record(self, cells: list[int]) -> Iterator[Event]:
        intent, row = cells[out.INTENT], cells[out.ROW]
        plain = Event(0, self._time(row), row, EventKind.LATCH)
        if intent >= 0:
            side = SIDES[cells[out.SIDE]]
            day, ordinal = int(self.intents.day[intent]), int(self.intents.ordinal[intent])
            plain = replace(plain, candidate=self._candidate(day, side, ordinal), side=side)
        for told in _RECORDS[Kind(cells[out.KIND])](self, cells):
            yield replace(
                plain,
                kind=told.kind,
                reason=told.reason,
                spec_line=told.line,
                values=dict(told.values),
            )

    def _reason(self, cells: list[int]) -> str | None:
        return self._reasons[cells[out.REASON]] or None

    def _intended(self, cells: list[int]) -> Iterator[_Told]:
        grid, intent, line = self._grid, cells[out.INTENT], self._lines.entry
        targets: list[Value] = [grid.price(ticks) for ticks in self.intents.targets[intent]]
        bracket: _Values = (
            ("price", grid.price(cells[out.PRICE])),
            ("stop", grid.price(cells[out.STOP])),
            ("targets", targets),
        )
        yield _Told(EventKind.INTENT, None, None, line, bracket)
        if cells[out.CONTRACTS]:
            order: _Values = (
                ("order", self.program.entry.order.value),
                ("contracts", cells[out.CONTRACTS]),
            )
            yield _Told(EventKind.ORDER, None, None, line, (*order, *bracket))

    def _dropped(self, cells: list[int]) -> Iterator[_Told]:
        refused = cells[out.KIND] == Kind.REFUSED
        kind = EventKind.REFUSED if refused else EventKind.CANCELLED
        values: _Values = (
            ("price", self._grid.price(cells[out.PRICE])),
            ("contracts", cells[out.CONTRACTS]),
        )
        yield _Told(kind, None, self._reason(cells), self._lines.entry, values)

    def _filled(self, cells: list[int]) -> Iterator[_Told]:
        price, contracts = self._grid.price(cells[out.PRICE]), cells[out.CONTRACTS]
        paid = ("commission", self.money.decimal(cells[out.COMMISSION]))
        line = self._lines.entry
        bought = (("price", price), ("contracts", contracts), paid)
        yield _Told(EventKind.FILL, None, None, line, bought)
        held = (("contracts", contracts), ("stop", self._grid.price(cells[out.STOP])))
        yield _Told(EventKind.POSITION, None, "opened", line, held)

    def _moved(self, cells: list[int]) -> Iterator[_Told]:
        grid = self._grid
        values = (("stop", grid.price(cells[out.STOP])), ("was", grid.price(cells[out.PRICE])))
        yield _Told(EventKind.POSITION, None, self._reason(cells), None, values)

    def _left(self, cells: list[int]) -> Iterator[_Told]:
        case = int(self.intents.stop_case[cells[out.INTENT]])
        values = (
            ("price", self._grid.price(cells[out.PRICE])),
            ("contracts", cells[out.CONTRACTS]),
            ("gross", self.money.decimal(cells[out.GROSS])),
            ("commission", self.money.decimal(cells[out.COMMISSION])),
        )
        line = self._lines.exit(cells[out.REASON], case)
        yield _Told(EventKind.EXIT, None, self._reason(cells), line, values)

    def _closed(self, cells: list[int]) -> Iterator[_Told]:
        money, grid = self.money, self._grid
        values = (
            ("contracts", 0),
            ("since", self._time(cells[out.ENTERED])),
            ("traded", cells[out.CONTRACTS]),
            ("gross", money.decimal(cells[out.GROSS])),
            ("commission", money.decimal(cells[out.COMMISSION])),
            ("net", money.decimal(cells[out.NET])),
            ("mae", grid.price(cells[out.MAE])),
            ("mfe", grid.price(cells[out.MFE])),
            ("last_exit", self._reason(cells)),
            ("equity", money.decimal(cells[out.EQUITY])),
        )
        yield _Told(EventKind.POSITION, None, "closed", None, values)

    def _limited(self, cells: list[int]) -> Iterator[_Told]:
        kind = EventKind(Kind(cells[out.KIND]).name.lower())
        values = (
            ("equity", self.money.decimal(cells[out.EQUITY])),
            ("peak", self.money.decimal(cells[out.PEAK])),
        )
        yield _Told(kind, None, self._reason(cells), None, values)


_Values = tuple[tuple[str, "Value"], ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is particular to an event."""

    kind: EventKind
    stage: str | None
    reason: str | None
    line: int | None
    values: Iterable[tuple[str, Value]] = ()


_DECISIONS: dict[Decision, Callable[[Book, int, int], _Told]] = {
    Decision.START: Book._started,  # noqa: SLF001 - tables of this module's own class
    Decision.ADVANCE: Book._advanced,  # noqa: SLF001
    Decision.DEAD: Book._died,  # noqa: SLF001
    Decision.ENTRY: Book._entered,  # noqa: SLF001
}
_RECORDS: dict[Kind, Callable[[Book, list[int]], Iterator[_Told]]] = {
    Kind.INTENT: Book._intended,  # noqa: SLF001
    Kind.REFUSED: Book._dropped,  # noqa: SLF001
    Kind.CANCELLED: Book._dropped,  # noqa: SLF001
    Kind.FILL: Book._filled,  # noqa: SLF001
    Kind.MOVE: Book._moved,  # noqa: SLF001
    Kind.EXIT: Book._left,  # noqa: SLF001
    Kind.CLOSED: Book._closed,  # noqa: SLF001
    Kind.REDUCED: Book._limited,  # noqa: SLF001
    Kind.RESTORED: Book._limited,  # noqa: SLF001
    Kind.LATCH: Book._limited,  # noqa: SLF001
}
