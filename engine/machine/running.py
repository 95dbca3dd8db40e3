"""Generated functions called: as plain Python or compiled, with room for decisions that grows.

A function stops when its room is full and says where; it is called again from there.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.domain.market import NA
from engine.journal.decisions import VALUES
from engine.machine import kernels
from engine.machine.lines import sequential
from engine.machine.written import HEAD, Written, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.domain.market import Ints, Reals
    from engine.machine.candidate import Source
    from engine.machine.feed import Feed
    from engine.machine.layout import Layout

ROOM: Final = 4096  # decision rows of a first buffer, at least; it doubles when a run needs more
ROOM_MOST: Final = 1 << 17
ROWS_A_DECISION: Final = 8  # how many rows a busy strategy needs for one decision, roughly
WHOLE: Final = (1 << 62) - 1
"""An index masked by this is not negative, nor is it when a small number is added: the compiler
sees that, and spares the question whether it counts from the end."""
NAMES: Final[dict[str, Any]] = {
    "NA": NA,
    "NAN": float("nan"),
    "WHOLE": WHOLE,
    "BLOCKS": False,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
}
"""What a generated function finds among its globals, besides the kernels."""


@lru_cache(maxsize=64)
def plain(source: Source) -> Callable[..., tuple[int, int, int]]:
    """The function of a source as plain Python."""
    names: dict[str, Any] = dict(NAMES)
    names.update({kernel.__name__: kernel for kernel in kernels.KERNELS})
    text = sequential(source.text)
    exec(compile(text, f"<machine {source.name}>", "exec"), names)  # noqa: S102
    found: Callable[..., tuple[int, int, int]] = names[source.name]
    return found


def enough(least: int) -> int:
    """Room for decisions in plain Python, where `least` must fit."""
    return max(ROOM, least)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Some rows of a feed that a source is to go over.

    `own`: what the function writes to besides decisions, in the form it is called in; `more`: what
    it takes after all else. `in_order`: it writes decisions bar by bar.
    """

    source: Source
    feed: Feed
    first: int
    stop: int
    own: tuple[Any, ...]
    more: tuple[int, ...] = ()
    in_order: bool = False

    def called(
        self, function: Callable[..., Any], feed: Feed, row: int, buffers: tuple[Any, ...]
    ) -> tuple[int, int, int]:
        """The row it came to from `row` on, and how many decisions and values it wrote."""
        reached: tuple[int, int, int] = function(
            row,
            self.stop,
            feed.day_of(row),
            *feed.bars,
            feed.days,
            feed.tables,
            feed.columns,
            feed.params,
            *self.own,
            *buffers,
            len(buffers[0]) // HEAD,
            *self.more,
        )
        return reached


class Runner:
    """Calls the functions of one layout. Threads may share it."""

    def __init__(self, layout: Layout) -> None:
        """Of functions that write decisions of this layout."""
        self._layout = layout
        self._spare: list[tuple[Ints, Ints, Reals]] = []

    def compiled(self, job: Job, least: int) -> Written:
        """What the compiled function writes, which needs room for `least` decisions at a time."""
        room = max(ROOM, min((job.stop - job.first) // ROWS_A_DECISION, ROOM_MOST), least)
        row = job.first
        parts: list[Written] = []
        while row < job.stop or not parts:
            with self._called(job, row, room) as (row, made):
                parts.append(made.copy())
            room *= 2
        return joined(parts)

    @contextmanager
    def lent(self, job: Job, room: int) -> Iterator[Written]:
        """The same, with room for so many decisions at first; good until the block ends.

        Nothing is copied where that room is enough.
        """
        with self._called(job, job.first, room) as (row, made):
            if row < job.stop:
                yield joined([made, self.compiled(replace(job, first=row), room)])
            else:
                yield made

    @contextmanager
    def _called(self, job: Job, row: int, room: int) -> Iterator[tuple[int, Written]]:
        """The row the compiled function came to, and what it wrote, in memory that is lent."""
        from engine.machine.compiled import compiled  # noqa: PLC0415 - brings numba

        function = compiled(job.source)
        with self._buffers(room) as buffers:
            row, count, values = job.called(function, job.feed, row, buffers)
            heads, whole, real = buffers
            yield (
                row,
                Written(
                    self._layout,
                    heads[: count * HEAD].reshape(count, HEAD),
                    whole[:values],
                    real[: self._told(values)],
                    job.in_order,
                ),
            )

    def _told(self, values: int) -> int:
        """How many places of the REAL stream are of use, of so many."""
        return values if self._layout.tells_reals else 0

    @contextmanager
    def _buffers(self, room: int) -> Iterator[tuple[Ints, Ints, Reals]]:
        """Room for so many decisions, kept from run to run: fresh memory costs page faults.

        Taking from a list and putting back are single steps, so threads do not share one.
        """
        found = self._spare.pop() if self._spare else None
        if found is None or len(found[0]) < room * HEAD:
            values = room * (self._layout.width - VALUES)
            found = (
                np.empty(room * HEAD, np.int64),
                np.empty(values, np.int64),
                np.empty(values, np.float64),
            )
        yield found
        self._spare.append(found)

    def plain(self, job: Job, least: Callable[[int], int]) -> Written:
        """What plain Python writes; `least`: the room it needs for so many rows."""
        function = plain(job.source)
        row = job.first
        feed = job.feed if job.feed.viewed else job.feed.as_views()
        parts: list[Written] = []
        while row < job.stop or not parts:
            room = least(job.stop - row)
            heads = [0] * (room * HEAD)
            whole = [0] * (room * (self._layout.width - VALUES))
            real = [0.0] * len(whole)
            row, count, values = job.called(function, feed, row, (heads, whole, real))
            parts.append(
                Written(
                    self._layout,
                    np.array(heads[: count * HEAD], np.int64).reshape(count, HEAD),
                    np.array(whole[:values], np.int64),
                    np.array(real[: self._told(values)], np.float64),
                    job.in_order,
                )
            )
        return joined(parts)
