"""A side's machine ready to run: its source, what it reads, and the function in two forms."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.columns.evaluate import columns, evaluate
from engine.columns.frame import frame_of
from engine.columns.sessional import previous_table, session_table
from engine.domain.market import NA
from engine.journal.decisions import VALUES
from engine.machine import generate, kernels, many, walk
from engine.machine.inputs import Inputs, Table
from engine.machine.layout import DAY, GLOBALS, LIVE, TODAY, Layout
from engine.machine.stages import words_of_older
from engine.machine.write import sequential
from engine.machine.written import HEAD, Decisions, Written, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dsl.ir.program import Program, Side
    from engine.columns.frame import Frame
    from engine.columns.schedule import Schedule
    from engine.domain.market import Ints, Reals
    from engine.machine.candidate import Source

REFLECTED: Final = {"open": "open", "high": "low", "low": "high", "close": "close"}
FEW: Final = 16  # rows for which a whole column would cost more than it saves
ROOM: Final = 4096  # decision rows of a first buffer, at least; it doubles when a run needs more
ROOM_MOST: Final = 1 << 17
ROWS_A_DECISION: Final = 8  # how many rows a busy strategy needs for one decision, roughly


@dataclass(slots=True)
class State:
    """Everything a side's machine remembers between bars: candidates and its own few words."""

    ints: Ints
    reals: Reals
    own: Ints

    def copy(self) -> State:
        """An independent copy."""
        return State(self.ints.copy(), self.reals.copy(), self.own.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """What a machine reads of one market.

    `bars` are minute, open, high, low, close and volume; `days` the first row of each trading
    date; `tables` and `columns` what the source asked for, in its order. `viewed`: as memoryviews.
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


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """What both sides of a program share."""

    program: Program
    layout: Layout
    inputs: Inputs
    bars: Source
    walk: Source | None


_LAST: Final[list[Generated]] = []


def _generated(program: Program) -> Generated:
    """The sources of a program: of the last one asked for, they are there."""
    for made in _LAST:
        if made.program is program:
            return made
    layout, inputs = Layout(program), Inputs()
    follows = walk.unwalkable(program) is None
    bars = generate.generate(layout, inputs)
    made = Generated(
        program, layout, inputs, bars, walk.generate(layout, inputs) if follows else None
    )
    _LAST[:] = [made]
    return made


@dataclass(frozen=True, eq=False)
class Machine:
    """One side of one program.

    `bars` is the source that goes bar by bar, `walk` the one that follows each candidate to its
    end, None where that cannot be; both read the same `inputs`.
    """

    program: Program
    side: Side
    layout: Layout = field(init=False)
    inputs: Inputs = field(init=False)
    bars: Source = field(init=False)
    walk: Source | None = field(init=False)
    _spare: list[tuple[Ints, Ints, Reals]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Takes the sources of the program."""
        made = _generated(self.program)
        for name in ("layout", "inputs", "bars", "walk"):
            object.__setattr__(self, name, getattr(made, name))

    @property
    def mirrored(self) -> bool:
        """Whether this side sees reflected bars."""
        return self.side is not self.program.written

    def fresh(self) -> State:
        """The state before the first bar."""
        slots = self.program.concurrent + 1  # one more for a candidate that finds no room
        own = np.zeros(GLOBALS, np.int64)
        own[TODAY] = -1
        return State(
            np.zeros(slots * self.layout.ints, np.int64),
            np.zeros(slots * self.layout.reals, np.float64),
            own,
        )

    def feed(self, schedule: Schedule, params: Ints | None = None, *, later: bool = False) -> Feed:
        """The inputs of a market; `later`: columns only if they are asked for (plain Python)."""
        frame = frame_of(self.program, self.program.written, schedule)
        own = frame_of(self.program, self.side, schedule)
        market, nodes = own.market, tuple(self.inputs.columns)
        if later:
            made = tuple(Later(partial(evaluate, node, own)) for node in nodes)
        else:
            made = tuple(map(frozen, columns(nodes, own)))
        if params is None:
            params = np.array(self.program.side_params(self.side), np.int64)
        bars = (market.minute, market.open, market.high, market.low, market.close, market.volume)
        return Feed(
            tuple(map(frozen, bars)),
            frozen(schedule.days.start),
            tuple(frozen(self._table(table, frame)) for table in self.inputs.tables),
            made,
            frozen(params),
        )

    def _table(self, table: object, frame: Frame) -> Ints:
        assert isinstance(table, Table)
        if table.what == "trades":
            return frame.schedule.trades(table.of).astype(np.int64)
        if table.what in {"final", "previous"}:
            made = session_table if table.what == "final" else previous_table
            if self.mirrored and table.field in REFLECTED:
                return -made(frame, table.of, REFLECTED[table.field])
            return made(frame, table.of, table.field)
        found: Ints = getattr(frame.schedule.occurrences(table.of), table.what)
        return found

    def run(self, feed: Feed, state: State, first: int, stop: int) -> Decisions:
        """Decisions on rows `first .. stop` by the compiled function; `state` moves on."""
        return self.write(feed, state, first, stop).decisions()

    def run_plain(self, feed: Feed, state: State, first: int, stop: int) -> Decisions:
        """The same by plain Python."""
        return self.write_plain(feed, state, first, stop).decisions()

    def write(self, feed: Feed, state: State, first: int, stop: int) -> Written:
        """The same as `run`, as the machine wrote it."""
        least = 2 * self.layout.events_a_bar(self.program.concurrent)
        own = (state.ints, state.reals, state.own)
        return self._compiled(self.bars, feed, own, (first, stop), least)

    def follow(self, feed: Feed, stop: int, *, tell: bool = True) -> Written:
        """What the compiled walk decides on the first `stop` rows; without `tell` entries only."""
        assert self.walk is not None
        least = self.layout.events_a_candidate
        return self._compiled(self.walk, feed, self._walker(), (0, stop), least, int(tell))

    @cached_property
    def many(self) -> Source | None:
        """The source that walks many sets of parameters at once, None where that cannot be."""
        if many.unshared(self.program) is not None:
            return None
        known = len(self.inputs.columns), len(self.inputs.tables)
        made = many.generate(self.layout, self.inputs)
        assert known == (len(self.inputs.columns), len(self.inputs.tables))
        return made

    def follow_many(self, feed: Feed, stop: int, params: Ints) -> list[Written]:
        """The entries on the first `stop` rows of each set of parameters, (sets, parameters).

        All sets read the columns of `feed`; its own parameters are not used. Compiled.
        """
        source, given, own = self._many(feed, params)
        made = self._compiled(source, given, own, (0, stop), len(params), len(params))
        return made.by_set(len(params))

    def follow_many_plain(self, feed: Feed, stop: int, params: Ints) -> list[Written]:
        """The same by plain Python."""
        source, given, own = self._many(feed, params)
        sets, lists = len(params), tuple(words.tolist() for words in own)
        made = self._plain(source, given, lists, (0, stop), lambda _: max(ROOM, sets), sets)
        return made.by_set(sets)

    def _many(self, feed: Feed, params: Ints) -> tuple[Source, Feed, tuple[Ints, Ints]]:
        assert self.many is not None
        words = len(params) * self.program.concurrent * words_of_older(self.program)
        own = (*many.FRESH_SHARED, *many.FRESH_OWN * len(params))
        given = replace(feed, params=frozen(params.reshape(-1)))
        return self.many, given, (np.zeros(words, np.int64), np.array(own, np.int64))

    def _walker(self) -> tuple[Ints, Ints]:
        """What a walk writes to but for decisions, before the first bar."""
        older = np.zeros(self.program.concurrent * words_of_older(self.program), np.int64)
        return older, np.array(walk.FRESH, np.int64)

    def _compiled(
        self,
        source: Source,
        feed: Feed,
        own: tuple[Any, ...],
        rows: tuple[int, int],
        least: int,
        *more: int,
    ) -> Written:
        """What a compiled function writes on some rows; it needs room for `least` decisions."""
        from engine.machine.compiled import compiled  # noqa: PLC0415 - brings numba

        function = compiled(source)
        row, stop = rows
        room = max(ROOM, min((stop - row) // ROWS_A_DECISION, ROOM_MOST), least)
        parts: list[Written] = []
        while row < stop or not parts:
            with self._buffers(room) as buffers:
                row, count, values = function(
                    row,
                    stop,
                    feed.day_of(row),
                    *feed.bars,
                    feed.days,
                    feed.tables,
                    feed.columns,
                    feed.params,
                    *own,
                    *buffers,
                    len(buffers[0]) // HEAD,
                    *more,
                )
                heads, whole, real = buffers
                told = values if self.layout.tells_reals else 0
                parts.append(
                    Written(
                        self.layout,
                        heads[: count * HEAD].reshape(count, HEAD).copy(),
                        whole[:values].copy(),
                        real[:told].copy(),
                        in_order=source is self.bars,
                    )
                )
            room *= 2
        return joined(parts)

    @contextmanager
    def _buffers(self, room: int) -> Iterator[tuple[Ints, Ints, Reals]]:
        """Room for so many decisions, kept from run to run: fresh memory costs page faults.

        Taking from a list and putting back are single steps, so threads do not share one.
        """
        found = self._spare.pop() if self._spare else None
        if found is None or len(found[0]) < room * HEAD:
            values = room * (self.layout.width - VALUES)
            found = (
                np.empty(room * HEAD, np.int64),
                np.empty(values, np.int64),
                np.empty(values, np.float64),
            )
        yield found
        self._spare.append(found)

    def write_plain(self, feed: Feed, state: State, first: int, stop: int) -> Written:
        """The same by plain Python."""
        own = (state.ints.tolist(), state.reals.tolist(), state.own.tolist())

        def least(rows: int) -> int:
            """Room that will do; no bar adds more than one candidate."""
            a_bar = self.layout.events_a_bar(own[2][LIVE] + 1)
            return min(rows * a_bar, max(ROOM, 2 * a_bar))

        made = self._plain(self.bars, feed, own, (first, stop), least)
        state.ints[:], state.reals[:], state.own[:] = own
        return made

    def follow_plain(self, feed: Feed, stop: int) -> Written:
        """What the walk decides on the first `stop` rows, by plain Python."""
        assert self.walk is not None
        own = tuple(words.tolist() for words in self._walker())
        enough = max(ROOM, self.layout.events_a_candidate)
        return self._plain(self.walk, feed, own, (0, stop), lambda _: enough, 1)

    def _plain(
        self,
        source: Source,
        feed: Feed,
        own: tuple[Any, ...],
        rows: tuple[int, int],
        least: Callable[[int], int],
        *more: int,
    ) -> Written:
        """What a function of plain Python writes on some rows, in room for `least` decisions."""
        function = plain(source)
        row, stop = rows
        given = feed if feed.viewed else feed.as_views()
        parts: list[Written] = []
        while row < stop or not parts:
            room = least(stop - row)
            heads = [0] * (room * HEAD)
            whole = [0] * (room * (self.layout.width - VALUES))
            real = [0.0] * len(whole)
            row, count, values = function(
                row,
                stop,
                feed.day_of(row),
                *given.bars,
                given.days,
                given.tables,
                given.columns,
                given.params,
                *own,
                heads,
                whole,
                real,
                room,
                *more,
            )
            parts.append(
                Written(
                    self.layout,
                    np.array(heads[: count * HEAD], np.int64).reshape(count, HEAD),
                    np.array(whole[:values], np.int64),
                    np.array(real[:values], np.float64),
                    in_order=source is self.bars,
                )
            )
        return joined(parts)

    def joined(self, parts: list[Decisions]) -> Decisions:
        """Decisions one after another."""
        width = self.layout.width
        if not parts:
            return Decisions(
                np.zeros((0, width), np.int64), np.zeros((0, width - VALUES), np.float64)
            )
        if len(parts) == 1:
            return parts[0]
        return Decisions(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.reals for part in parts]),
        )

    def shifted(self, state: State, rows: int, days: int) -> State:
        """The state after the market has dropped its first `rows` and `days`."""
        moved = state.copy()
        words = moved.ints.reshape(-1, self.layout.ints)
        for word in self.layout.row_words:
            held = words[:, word] >= 0
            words[held, word] -= rows
        words[:, DAY] -= days
        moved.own[TODAY] -= days
        return moved


WHOLE: Final = (1 << 62) - 1
"""An index masked by this is not negative, nor is it when a small number is added: the compiler
sees that, and spares the question whether it counts from the end."""
NAMES: Final[dict[str, Any]] = {
    "NA": NA,
    "NAN": float("nan"),
    "WHOLE": WHOLE,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
}


@lru_cache(maxsize=64)
def plain(source: Source) -> Callable[..., tuple[int, int, int]]:
    """The function of a source as plain Python."""
    names: dict[str, Any] = dict(NAMES)
    names.update({kernel.__name__: kernel for kernel in kernels.KERNELS})
    text = sequential(source.text)
    exec(compile(text, f"<machine {source.name}>", "exec"), names)  # noqa: S102
    found: Callable[..., tuple[int, int, int]] = names[source.name]
    return found


def frozen(column: Any) -> Any:
    """A read-only, contiguous view: one type for the compiler, whoever made the array."""
    view = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view
