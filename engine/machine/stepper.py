"""A side's machine called for one bar: plain Python on what is there already, nothing copied.

`Machine.write_plain` goes over a block: it takes the state out of its arrays and puts it back, and
makes room for the block's decisions. For one bar that is most of the time it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.journal.decisions import VALUES
from engine.machine.running import plain
from engine.machine.written import HEAD, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.machine.feed import Later
    from engine.machine.machine import Machine, State
    from engine.machine.written import Decisions


class Stepper:
    """Steps one machine from a state, which moves on with each bar."""

    def __init__(self, machine: Machine, state: State) -> None:
        """From a state that nobody replaces meanwhile."""
        layout = machine.layout
        self._layout = layout
        self._function = plain(machine.bars)
        self._own = (state.ints.data, state.reals.data, state.own.data)
        self._room = layout.events_a_bar(machine.program.concurrent + 1)
        values = self._room * (layout.width - VALUES)
        # what lies there from earlier bars is not read: the counts say how much of it is new
        self._buffers = ([0] * (self._room * HEAD), [0] * values, [0.0] * values)
        self._nothing = self._written(0, 0).decisions()

    def step(
        self,
        row: int,
        day: int,
        bars: Sequence[Sequence[int]],
        days: Sequence[int],
        tables: Sequence[Sequence[int]],
        columns: Sequence[Later],
        params: Sequence[int],
    ) -> Decisions:
        """The decisions on a row; what it reads is as in `Feed`, `day` the date of the row."""
        reached, count, values = self._function(
            row, row + 1, day, *bars, days, tables, columns, params,
            *self._own, *self._buffers, self._room,
        )  # fmt: skip
        assert reached == row + 1, "there is room for every decision of a bar"
        return self._written(count, values).decisions() if count else self._nothing

    def _written(self, count: int, values: int) -> Written:
        heads, whole, real = self._buffers
        told = values if self._layout.tells_reals else 0
        return Written(
            self._layout,
            np.array(heads[: count * HEAD], np.int64).reshape(count, HEAD),
            np.array(whole[:values], np.int64),
            np.array(real[:told], np.float64),
        )
