"""What candidates remembered: the words of the machine's state as they were before chosen bars.

Decision rows carry what the program captured; what its trackers held is nowhere kept, and comes
from running the same machine over the same bars again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.ir.expression import Kind
from engine.machine.forms import Form, chosen, decide
from engine.machine.layout import DAY, LIVE, ORDINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.columns.schedule import Schedule
    from engine.machine.machine import Machine, State

Who = tuple[int, int]
"""A candidate of a side: the index of its trading date, and its ordinal."""

Memory = dict[tuple[str, str], float]
"""(owner, field) of every tracker and capture to its word, prices in the side's frame.

A tracker that holds nothing has `row` -1, and no meaning in its other words. Of a tracker that is
one of `Layout.extremes_only`, `row` is the last bar it counted and not the one it holds.
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """A candidate, and the row at whose start its memory is asked for."""

    row: int
    who: Who


def memories(
    machine: Machine, schedule: Schedule, moments: Iterable[Moment], form: Form = Form.AUTO
) -> Mapping[Who, Memory]:
    """The memory of each candidate at its moment; one that was not alive then is left out."""
    wanted = sorted(moments, key=lambda moment: moment.row)
    if not wanted:
        return {}
    feed, state, row = machine.feed(schedule), machine.fresh(), 0
    used = chosen(machine, len(schedule.market), form)
    if used is Form.PLAIN:
        feed = feed.as_views()
    found: dict[Who, Memory] = {}
    for moment in wanted:
        if moment.row > row:
            decide(machine, feed, state, row, moment.row, used)
            row = moment.row
        found |= {who: held for who, held in _alive(machine, state) if who == moment.who}
    return found


def _alive(machine: Machine, state: State) -> Iterator[tuple[Who, Memory]]:
    """Every candidate alive, with its memory."""
    layout = machine.layout
    for slot in range(int(state.own[LIVE])):
        ints = state.ints[slot * layout.ints : (slot + 1) * layout.ints].tolist()
        reals = state.reals[slot * layout.reals : (slot + 1) * layout.reals].tolist()
        memory: Memory = {
            name: (reals if word.kind is Kind.REAL else ints)[word.index]
            for name, word in layout.slots.items()
        }
        yield (ints[DAY], ints[ORDINAL]), memory
