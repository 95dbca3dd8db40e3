"""What a chart draws: a window of bars, large enough ones, and the setups that lie in it.

Bars come as columns of small whole numbers (differences), which are short as JSON and quick to
read. Prices are ticks, instants minutes since the epoch; the browser makes them prices and clocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.report.drawings import Sketcher
from adapters.report.packing import differences
from adapters.report.setups import Fate, Setup
from dsl.ir.program import ENTRY, Side, TrackerOp, reasons
from dsl.quantities import plain
from engine.columns.frame import frame_of, schedule_of
from engine.columns.need import reach
from engine.domain.clocks import offsets_of
from engine.inquiry.stretch import quiet_date
from engine.journal.decisions import CAUSE, Decision
from engine.machine.machine import Machine
from engine.machine.memories import Moment, memories
from engine.session import row_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapters.report.setups import Step
    from adapters.workshop.bars import Level
    from adapters.workshop.results import Opened
    from dsl.ir.program import Program
    from engine.domain.market import Ints
    from engine.machine.memories import Memory

MOST: Final = 2500
"""No answer holds more bars than this."""

MARKED: Final = 300
"""No more setups than this are marked in a window; those that were traded come first."""


def about(opened: Opened) -> dict[str, Any]:
    """What stays the same whatever part is drawn."""
    program, market = opened.run.program, opened.run.market
    instrument = program.instrument
    return {
        "symbol": instrument.symbol,
        "currency": instrument.currency,
        "tick": [instrument.tick.numerator, instrument.tick.denominator],
        "point": [instrument.point.numerator, instrument.point.denominator],
        "decimals": len(plain(instrument.tick).partition(".")[2]),
        "zone": program.day.zone,
        "minutes": market.bar_minutes,
        "bars": len(market),
        "first": int(market.minute[0]),
        "last": int(market.minute[-1]),
        "sizes": [level.size for level in opened.levels],
        "stages": [stage.name for stage in program.stages],
        "targets": [target.name for target in program.targets],
    }


def window(opened: Opened, first: int, last: int, points: int = MOST) -> dict[str, Any]:
    """The bars that open from minute `first` to `last`, as the finest that are `points` at most.

    `at`, `rows`: minute and row of the first bar, then the steps to the next; `opens` the first
    open, then `jump`, `above`, `below`, `body`, `volume` as in `adapters.report.packing`; `ahead`
    [number of a bar, minutes the exchange's clock is ahead of UTC from it on]; `before`, `after`
    whether there are more.
    """
    level, begins, ends = _fitting(opened.levels, first, last, max(1, min(points, MOST)))
    part = slice(begins, ends)
    columns = tuple(
        np.ascontiguousarray(getattr(level, name)[part])
        for name in ("minute", "open", "high", "low", "close", "volume")
    )
    step, jump, above, below, body, volume = differences(columns)
    if ends > begins:
        step[0] = columns[0][0]
    return {
        "size": level.size,
        "at": step.tolist(),
        "rows": np.diff(level.row[part], prepend=0).tolist(),
        "opens": int(columns[1][0]) if ends > begins else 0,
        "jump": jump.tolist(),
        "above": above.tolist(),
        "below": below.tolist(),
        "body": body.tolist(),
        "volume": volume.tolist(),
        "ahead": _ahead(opened.run.program.day.zone, columns[0]),
        "before": begins > 0,
        "after": ends < len(level),
        "setups": marked(opened, first, last) if ends > begins else [],
    }


def _fitting(
    levels: tuple[Level, ...], first: int, last: int, points: int
) -> tuple[Level, int, int]:
    """The finest level of which the window is not too much, and its part of it."""
    for level in levels:
        begins = max(0, int(np.searchsorted(level.minute, first, side="right")) - 1)
        ends = int(np.searchsorted(level.minute, last, side="right"))
        if ends - begins <= points or level is levels[-1]:
            return level, begins, min(ends, begins + MOST)
    raise AssertionError("a market has its own bars at least")


def _ahead(zone: str, minute: Ints) -> list[list[int]]:
    if not len(minute):
        return []
    offsets = offsets_of(zone, int(minute[0]), int(minute[-1]))
    at = np.searchsorted(minute, offsets.since)
    pairs = zip(at.tolist(), offsets.ahead.tolist(), strict=True)
    found: list[list[int]] = []
    for number, ahead in pairs:
        if found and found[-1][0] == number:
            found.pop()
        if number < len(minute):
            found.append([number, ahead])
    return found


# --- setups ----------------------------------------------------------------------------------


def marked(opened: Opened, first: int, last: int) -> list[dict[str, Any]]:
    """The setups of a window, as marks: what was traded first where there are too many."""
    minute = opened.run.market.minute
    rows = np.searchsorted(minute, [first, last + 1])
    spans = opened.spans
    numbers = np.flatnonzero((spans[:, 1] >= rows[0]) & (spans[:, 0] < rows[1])).tolist()
    if len(numbers) > MARKED:
        numbers = sorted(sorted(numbers, key=lambda number: _worth(opened, number))[:MARKED])
    return [mark(opened, number) for number in numbers]


def mark(opened: Opened, number: int) -> dict[str, Any]:
    """A setup in few words: what it is called, from when to when, and what became of it.

    `first` and `last` are rows, `from` and `to` minutes; `level` numbers its furthest stage.
    """
    setup, minute = opened.setups[number], opened.run.market.minute
    stages = opened.run.program.stages
    return {
        "n": number,
        "name": opened.name(setup),
        "side": setup.side.value,
        "first": setup.first,
        "last": setup.last,
        "from": int(minute[setup.first]),
        "to": int(minute[setup.last]),
        "fate": setup.fate.value,
        "reason": setup.reason,
        "reached": stages[setup.reached].name if setup.reached < len(stages) else ENTRY,
        "level": setup.reached,
    }


def _worth(opened: Opened, number: int) -> tuple[int, int, int]:
    setup = opened.setups[number]
    traded = setup.fate in {Fate.TRADED, Fate.OPEN}
    return (0 if traded else 1, -setup.reached, -setup.first)


KINDS: Final[Mapping[str, frozenset[Fate]]] = {
    "setup": frozenset(Fate),
    "death": frozenset({Fate.DEAD}),
    "trade": frozenset({Fate.TRADED, Fate.OPEN}),
}
"""What one can jump to."""


def beside(opened: Opened, kind: str, way: int, row: int, number: int | None) -> int | None:
    """The next setup of a kind (`way` 1, -1: the one before) after a setup, or else after a row."""
    starts = opened.spans[:, 0]
    if number is None:
        after = int((starts <= row).sum()) if way > 0 else int((starts < row).sum())
        number = after - 1 if way > 0 else after
    fates = KINDS[kind]
    rest = range(number + way, len(opened.setups) if way > 0 else -1, way)
    return next((one for one in rest if opened.setups[one].fate in fates), None)


# --- one setup -------------------------------------------------------------------------------


def story(opened: Opened, number: int) -> dict[str, Any]:
    """Everything that is drawn of a setup: its stages as spans, levels, marks, bracket, fills."""
    run, setup = opened.run, opened.setups[number]
    minute = run.market.minute
    sketcher = Sketcher(run, _remembered(opened, setup))
    drawn = sketcher.drawing(setup, 0, 1)

    def at(row: int) -> int:
        return int(minute[min(row, len(minute) - 1)])

    def filled(key: str) -> list[dict[str, Any]]:
        return [
            {"at": at(row), "price": price, "contracts": contracts, "reason": reason}
            for row, price, contracts, reason in drawn[key]
        ]

    bracket = drawn["b"]
    return {
        **mark(opened, number),
        "stages": [
            {"name": name, "number": stage, "from": at(begins), "to": at(ends)}
            for name, stage, begins, ends in _stages(opened, setup)
        ],
        "levels": [
            {"name": name, "price": price, "from": at(begins), "to": at(ends), "session": bool(of)}
            for name, price, begins, ends, of in drawn["l"]
        ],
        "marks": [
            {"at": at(row), "name": name}
            for row, name in (*drawn["m"], *_held(run.program, sketcher.remembered, setup))
        ],
        "bracket": None
        if bracket is None
        else {
            "at": at(setup.steps[-1].row),
            "close": bracket[0],
            "entry": bracket[1],
            "stop": bracket[2],
            "targets": bracket[3],
        },
        "fills": filled("f"),
        "exits": filled("x"),
        "moves": filled("v"),
        "death": None if setup.fate is not Fate.DEAD else {"at": at(setup.last)},
        "steps": [
            {"at": at(step.row), "kind": step.kind.name.lower(), "to": _led_to(opened, step)}
            for step in setup.steps
        ],
    }


def bars_of(opened: Opened, number: int, most: int) -> list[dict[str, Any]]:
    """The first bars of a setup, each with its stage and what happened on it, prices as written."""
    setup, market = opened.setups[number], opened.run.market
    reader = opened.asked.reader(opened.run.program.written)
    stages = list(_stages(opened, setup))
    happened: dict[int, list[str]] = {}
    for step in setup.steps:
        told = f"{step.kind.name.lower()} {_led_to(opened, step)}"
        happened.setdefault(step.row, []).append(told)
    found = []
    for row in range(setup.first, min(setup.last + 1, setup.first + most)):
        inside = [name for name, _, begins, ends in stages if begins <= row <= ends]
        prices = {
            name: reader.price(int(getattr(market, name)[row]))
            for name in ("open", "high", "low", "close")
        }
        found.append(
            {
                "row": row, "minute": int(market.minute[row]), **prices,
                "volume": int(market.volume[row]), "stage": inside[-1] if inside else "",
                "happened": ", ".join(happened.get(row, ())),
            }
        )  # fmt: skip
    return found


def _stages(opened: Opened, setup: Setup) -> Iterator[tuple[str, int, int, int]]:
    """Name, number, first and last row of every stage it was in."""
    stages = opened.run.program.stages
    if not stages:
        return
    ends = setup.steps[-1].row if setup.fate is not Fate.ALIVE else setup.last
    number, begins = 0, setup.first
    for step in setup.steps:
        if step.kind is Decision.ADVANCE:
            yield stages[number].name, number, begins, step.row
            number, begins = step.cells[CAUSE], step.row
    yield stages[number].name, number, begins, ends


def _held(program: Program, remembered: Mapping[Any, Memory], setup: Setup) -> Iterator[Any]:
    """The bars that its trackers held for what they are, with the trackers' names."""
    memory = remembered.get((setup.side, setup.who), {})
    for tracker in program.trackers:
        row = memory.get((tracker.name, "row"), -1)
        if tracker.op in {TrackerOp.LATEST, TrackerOp.EARLIEST} and row >= 0:
            yield int(row), tracker.name


def _led_to(opened: Opened, step: Step) -> str:
    program, cause = opened.run.program, step.cells[CAUSE]
    match step.kind:
        case Decision.ADVANCE:
            return program.stages[cause].name
        case Decision.DEAD:
            return reasons(program)[cause]
        case Decision.ENTRY:
            return ENTRY
        case _:
            return program.stages[0].name if program.stages else ENTRY


def _remembered(opened: Opened, setup: Setup) -> dict[tuple[Side, tuple[int, int]], Memory]:
    """What its trackers held when it ended, found on the bars around it."""
    run, side = opened.run, setup.side
    if not run.program.trackers:
        return {}
    starts = run.days.start
    quiet = int(starts[quiet_date(opened.asked.lives[side], setup.day, starts.tolist())])
    frame = frame_of(run.program, side, run.schedule)
    needed = min([quiet, *(reach(node, frame, quiet) for node in row_nodes(run.program))])
    day = max(0, int(np.searchsorted(starts, max(0, needed), side="right")) - 1)
    first = int(starts[day])
    end = len(run.market) if setup.fate is Fate.ALIVE else setup.steps[-1].row
    events = {name: one.instants for name, one in run.schedule.events.items()}
    part = schedule_of(
        run.program, run.market.rows(first, min(end + 1, len(run.market))),
        run.schedule.calendars, events,
    )  # fmt: skip
    who = (setup.day - day, setup.ordinal)
    held = memories(Machine(run.program, side), part, [Moment(end - first, who)])
    if who not in held:
        return {}
    memory: Memory = {
        (owner, name): word + first if name in _ROWS and word >= 0 else word
        for (owner, name), word in held[who].items()
    }
    return {(side, setup.who): memory}


_ROWS: Final = frozenset({"row", "first", "last"})
"""The fields of a memory that are numbers of rows."""
