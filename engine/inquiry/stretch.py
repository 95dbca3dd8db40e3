"""A part of a market that is enough: on its last rows the interpreter says what it would on all.

The interpreter is slow and a question is about a few bars. Which candidates lived then is known
from the run, and how far back the columns reach from the columns themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.columns.frame import frame_of
from engine.columns.need import reach
from engine.interpreter.machine import Interpreter
from engine.session import row_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Side
    from engine.journal.lives import Life
    from engine.run import Run


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """An interpreter of some rows of a market.

    `row` and `day` are the numbers that its row 0 and its trading date 0 have in the market;
    a replay begins at `first` (in its own rows), where no candidate is alive.
    """

    interpreter: Interpreter
    row: int
    day: int
    first: int


def stretch_of(run: Run, side: Side, lives: Sequence[Life], row: int, stop: int) -> Stretch:
    """The part of a run's market that decides what one side says on rows `row` to `stop`.

    `lives` are the candidates of that side in the run.
    """
    schedule, starts = run.schedule, run.days.start
    first = quiet_date(lives, _date(starts, row), starts.tolist())
    begins = int(starts[first])
    frame = frame_of(run.program, side, schedule)
    needed = min((reach(node, frame, begins) for node in row_nodes(run.program)), default=begins)
    day = _date(starts, max(0, needed))
    offset = int(starts[day])
    events = {name: one.instants.tolist() for name, one in schedule.events.items()}
    interpreter = Interpreter(
        run.program, run.market.rows(offset, stop), side, schedule.calendars, events
    )
    return Stretch(interpreter, offset, day, begins - offset)


def quiet_date(lives: Sequence[Life], day: int, starts: Sequence[int]) -> int:
    """The last trading date up to `day` that began with no candidate alive."""
    for life in reversed(lives):
        if life.day < day and life.is_alive_at(starts[day]):
            day = life.day
    return day


def _date(starts: np.ndarray[tuple[int], np.dtype[np.int64]], row: int) -> int:
    return max(0, min(int(np.searchsorted(starts, row, side="right")) - 1, len(starts) - 2))
