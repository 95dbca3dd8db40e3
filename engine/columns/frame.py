"""A market seen from one side: what the row expressions of that side are evaluated on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from dsl.ir.expression import Binary, Const, Node, Param
from engine.columns.schedule import Memo, Schedule, events_of
from engine.columns.values import Column
from engine.domain.market import NA

if TYPE_CHECKING:
    from dsl.ir.program import Program, Side
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Bars, their schedule, and the parameters of one side.

    `market` is what the side sees: reflected already for the side that runs by mirror.
    `row` is the number of its first row (a session that has dropped old rows counts on).
    A column that was asked for is kept as long as the frame is, but for those that `uses` counts
    (`engine.columns.evaluate.columns`): how many columns still to be made need it. `dated` holds
    what stays the same until a new trading date begins (`Schedule.dated`).
    """

    market: Market
    schedule: Schedule
    params: Mapping[str, int]
    row: int = 0
    dated: Memo = field(default_factory=Memo)
    memo: Memo = field(default_factory=Memo, init=False)
    uses: dict[int, int] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.market)


Evaluate = Callable[[Node, Frame], Column]
"""How an operator gets the columns of its operands."""


def schedule_of(
    program: Program, market: Market, calendars: Calendars, instants: Mapping[str, Ints]
) -> Schedule:
    """The schedule of a market under a program; `instants` of each of its event lists, by name."""
    sessions = {rule.name: rule for rule in program.sessions}
    events = events_of(program.events, instants)
    return Schedule(market, program.day, sessions, calendars, events)


def frame_of(program: Program, side: Side, schedule: Schedule, row: int = 0) -> Frame:
    """What one side of a program sees of the schedule's market."""
    values = program.side_params(side)
    key = ("frame", side is program.written, values, row)

    def seen() -> Frame:
        """The market as the side sees it, and the values of its parameters."""
        market = schedule.market if side is program.written else reflected_of(schedule)
        names = (param.name for param in program.params)
        params = dict(zip(names, values, strict=True))
        return Frame(market, schedule.alone(), params, row, schedule.dated(key, Memo))

    return schedule.kept(key, seen)


def reflected_of(schedule: Schedule) -> Market:
    """The reflected bars of a schedule: reflecting copies every price, so only once."""
    return schedule.kept("reflected", schedule.market.reflected)


def know_reflected(schedule: Schedule, bars: Market) -> None:
    """Hands over the reflected bars of a schedule, for one who has them as they grow."""
    schedule.kept("reflected", lambda: bars)


_ARITHMETIC: Final[Mapping[str, Callable[[int, int], int]]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "max": max,
    "min": min,
}


def number(node: Node, frame: Frame) -> int:
    """The INT value of literals and parameters alone, which is the same on every row."""
    match node:
        case Const(value=value):
            return int(value)
        case Param(name=name):
            return frame.params[name]
        case Binary(op=op, left=left, right=right) if op in _ARITHMETIC:
            return _ARITHMETIC[op](number(left, frame), number(right, frame))
        case _:
            raise TypeError(f"{type(node).__name__} is no constant, and no parameter")


def bar_column(frame: Frame, name: str) -> Ints:
    """`open`, `high`, `low`, `close`, `volume` or `minute` of the bars, as the side sees them."""
    return cast("Ints", getattr(frame.market, name))


def all_known(frame: Frame, name: str) -> bool:
    """Whether a column of the bars holds no na: looked up once, for so it nearly always is."""
    key = ("all known", name)
    return frame.memo.get(key, lambda: not (bar_column(frame, name) == NA).any())
