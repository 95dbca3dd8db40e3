"""The walk of many sets of parameters at once, of which only the entries are wanted.

    many(at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, sets)
        -> (at, n, w)

Rows are looked through once for all sets: where a candidate may start, where a rule strikes that
sees no more than the bar, and what trackers hold before any rule of the first stage can fire in any
set. The bar that a tracker holds by then because of a parameter is looked for in all sets at once,
bar by bar: without a branch a set, for there would be no guessing it. Then each set follows its own
candidate from there. `P` holds each parameter of all sets, `B` and `G` what each set remembers. The
head of an entry names the set where its kind would stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.journal.decisions import Decision
from engine.machine import layout as lay
from engine.machine.candidate import Source, Told, conjuncts, leading
from engine.machine.lines import joined
from engine.machine.stages import NAME
from engine.machine.walk import FRESH, KEPT, Walk, unwalkable

if TYPE_CHECKING:
    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from engine.machine.inputs import Inputs

ARGUMENTS: Final = (
    "at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, sets"
)
PARAMETERS: Final = "# the parameters of the set"
KEEP: Final = "# keep what goes for all sets"
RESTORE: Final = "# what goes for all sets"
SHARED: Final = ("clear", "why", "was")
"""The words of `G` that all sets share; those of each set come after them."""
OWN: Final = tuple(name for name in KEPT if name not in SHARED)
FRESH_SHARED: Final = tuple(FRESH[KEPT.index(name)] for name in SHARED)
FRESH_OWN: Final = tuple(FRESH[KEPT.index(name)] for name in OWN)
SOUGHT: Final = {
    prog.TrackerOp.EARLIEST: ("from_row - 1", "i > at", "i -= 1"),
    prog.TrackerOp.LATEST: ("at + 1", "i < from_row", "i += 1"),
}
"""Trackers of one bar: the rows from the one that counts least to the one that counts most."""


def memory(program: Program, sets: int) -> list[int]:
    """The words of `G` before the first bar: shared ones, each set's, and a row for each tracker.

    The rows of one tracker in all sets lie side by side.
    """
    return [*FRESH_SHARED, *FRESH_OWN * sets, *(-1,) * (sets * len(program.trackers))]


def unshared(program: Program) -> str | None:
    """Why sets of parameters cannot be walked together; None where they can."""
    reason = unwalkable(program)
    if reason is not None:
        return reason
    start = program.start
    if _parameters((*start.when, *start.captures)):
        return "a parameter decides where a candidate starts"
    if _parameters(leading(program.always)):
        return "a parameter decides where every candidate dies"
    return None


def _parameters(parts: object) -> list[ir.Param]:
    found = (node for outer in nodes_in(parts) for node in ir.walk(outer))
    return [node for node in found if isinstance(node, ir.Param)]


def generate(layout: lay.Layout, inputs: Inputs) -> Source:
    """The walk of many sets; raises ValueError where `unshared` gives a reason."""
    reason = unshared(layout.program)
    if reason is not None:
        raise ValueError(f"{layout.program.name} cannot be walked for many sets at once: {reason}")
    return Source("many", _Many(layout, inputs).write())


class _Many(Walk):
    """Writes the function: as the walk, with a loop over the sets inside each start."""

    name = "many"
    arguments = ARGUMENTS
    minute = f"s{lay.START_MINUTE}"
    first_row = "from_row"
    sharing = False
    """Whether what is being written goes for all sets."""

    def _place_of(self, older: str) -> str:
        # what sets remember of a candidate of the same number lies side by side
        return f"{older} * {self.older} * sets + k & WHOLE"

    def _of_older(self, place: str, word: int) -> str:
        return f"B[{place} + {word} * sets]"

    def _begin(self, read: set[str]) -> None:
        add = self.lines.add
        for number, name in enumerate(SHARED):
            add(f"{name} = G[{number}]")
        # of parameters that hold back, the least: before it, nothing can happen in any set
        least = [p.name for p in self.program.params if f"least_{p.name}" in read]
        for name in least:
            add(f"least_{name} = P[{self._place(name)} * sets]")
            with self.lines.block("for k in range(sets):"):
                add(f"least_{name} = min(least_{name}, P[{self._place(name)} * sets + k])")

    def _place(self, name: str) -> int:
        """The number of a parameter."""
        return [parameter.name for parameter in self.program.params].index(name)

    def _own(self, name: str) -> str:
        """Loads a parameter of set `k`."""
        return f"p_{name} = P[{self._place(name)} * sets + k]"

    def _new_date(self) -> None:
        self.lines.add("today = d")
        self.lines.add("was = 0")

    def _dates(self) -> None:
        self.lines.add("today = -1")
        self.lines.add("soonest = 0")
        super()._dates()

    def _leave(self) -> None:
        for number, name in enumerate(SHARED):
            self.lines.add(f"G[{number}] = {name}")
        self.lines.add("return at, n, w")

    def _pass_over_the_spaced(self, start: prog.Start) -> None:
        """On to the first row that is far enough from the candidate before in any set."""
        if self._jumps(start):
            with self.lines.block("if at < soonest:"):
                self.lines.add("at = soonest")
                self.lines.add("continue")

    def _event(self, kind: Decision, stage: str, cause: str, told: Told | None = None) -> None:
        if kind is Decision.ENTRY:
            self._write_event("k", stage, cause, told)

    def _start(self) -> None:
        """The candidates of all sets that start on the bar at hand."""
        add = self.lines.add
        with self.lines.block("if n + sets > room:"):
            self._leave()
        self._newborn()
        self.sought: list[prog.Tracker] = []
        self._rows_of_all_sets()
        add(KEEP)
        if self._jumps(self.program.start):
            add("soonest = stop")
        with self.lines.block("for k in range(sets):"):
            add(f"own = {len(SHARED)} + k * {len(OWN)} & WHOLE")
            for name in ("left", "begun", "begun_at"):
                add(f"{name} = G[own + {OWN.index(name)}]")
            add(PARAMETERS)
            with self.lines.block(f"if {self._free()}:"):
                self._of_set()
                for number, name in enumerate(OWN):
                    add(f"G[own + {number}] = {name}")
            if self._jumps(self.program.start):
                assert self.program.start.spacing is not None
                spacing = self.w.value(self.program.start.spacing).code
                add(f"soonest = min(soonest, max(at + 1, min(left, begun + {spacing})))")

    def _of_set(self) -> None:
        add = self.lines.add
        places = {name: f"G[own + {number}]" for number, name in enumerate(OWN)}
        add(f"ordinal = {places['ordinal']} if {places['today']} == d else 0")
        add(f"older = {places['older']}")
        add("i = at & WHOLE")
        add(f"s{lay.STAGE_ROW} = s{lay.START_ROW}")
        add(f"s{lay.STAGE_MINUTE} = s{lay.START_MINUTE}")
        add(RESTORE)
        self._candidate()

    def _rows_of_all_sets(self) -> None:
        """Counts the rows on which nothing can happen in any set; `from_row` comes after them."""
        add, stage = self.lines.add, self.program.stages[0]
        within = stage.within
        add("i = at + 1")
        add("from_row = i")
        if within is not None and not isinstance(within.limit, (ir.Const, ir.Param)):
            return
        add("dd = d")
        add("day_end = end")
        self._look_for_fate()
        self.sharing = True
        self.w.certain = self.layout.certain[stage.name]
        self._due(stage)
        # not the last row itself: the longest life of all begins no later than its end
        add("last = min(due, fate)" if within is not None else "last = fate")
        if self._first_row_of_interest(stage):
            self._count_only([t for group in self._alike(stage) for t in group])
            add("from_row = i")
            self.sought = [
                group[0]
                for group in self._alike(stage, wanted=False)
                if len(group) == 1 and self._can_be_sought(group[0])
            ]
        self.sharing, self.w.certain = False, frozenset()
        for tracker in self.sought:
            self._seek(tracker)

    def _can_be_sought(self, tracker: prog.Tracker) -> bool:
        """Whether one expression tells that a bar replaces the one that is held."""
        asked = [node for node in (tracker.where, tracker.value) if node is not None]
        alone = tracker.op in SOUGHT and tracker.after is None
        return alone and not any(map(self.w.needs_statements, asked))

    def _hits(self, tracker: prog.Tracker) -> str:
        """Where in `G` the row that the tracker holds in set `k` is."""
        before = len(OWN) + self.program.trackers.index(tracker)
        return f"{len(SHARED)} + {before} * sets + k"

    def _seek(self, tracker: prog.Tracker) -> None:
        """The bar that a tracker holds before `from_row`, of each set; later hits replace others.

        Without a branch: what a bar has without a parameter is asked once for all sets.
        """
        add, (first, going, step) = self.lines.add, SOUGHT[tracker.op]
        where = conjuncts(tracker.where) if tracker.where is not None else ()
        own = [part for part in where if _parameters(part)]
        shared = [part for part in where if part not in own]
        if tracker.value is not None:
            (own if _parameters(tracker.value) else shared).append(ir.Known(tracker.value))
        true = joined("and", [self.w.truth(part).true for part in own])
        with self.lines.block("for k in range(sets):"):
            add(f"G[{self._hits(tracker)}] = -1")
        add(f"i = {first}")
        with self.lines.block(f"while {going}:"):
            add("i = i & WHOLE")
            with self._bar(), self._all_true(shared), self.lines.block("for k in range(sets):"):
                for name in sorted({node.name for node in _parameters(tuple(own))}):
                    add(self._own(name))
                hit = f"G[{self._hits(tracker)}]"
                add(f"{hit} = i if {true} else {hit}")
            add(step)

    def _alike(self, stage: prog.Stage, *, wanted: bool = True) -> list[list[prog.Tracker]]:
        """The trackers that hold the same in all sets; not `wanted`: the others."""
        groups = self._groups(self._counting(stage.name))
        return [group for group in groups if bool(_parameters(tuple(group))) is not wanted]

    def _skipped(self) -> None:
        others = [t for group in self._alike(self.program.stages[0], wanted=False) for t in group]
        for tracker in self.sought:
            others.remove(tracker)
            self.lines.add(f"i = G[{self._hits(tracker)}]")
            with self.lines.block("if i >= 0:"):
                self.lines.add("i = i & WHOLE")
                with self._bar():
                    self._hold(tracker)
        if others:
            self.lines.add("i = at + 1")
            self.lines.add("soon = from_row")
            with self.lines.block("if i < soon:"):
                self._count_stretch(others)

    def _limit(self, node: Node) -> str:
        if self.sharing and isinstance(node, ir.Param):
            return f"least_{node.name}"
        return super()._limit(node)

    def _finished(self, lines: list[str]) -> list[str]:
        read = set(NAME.findall("\n".join(lines)))
        slots = (self.w.word(*slot) for slot in self.layout.slots)
        words = [word for word in dict.fromkeys(slots) if word in read]
        needed = {
            KEEP: [f"{word}_0 = {word}" for word in words],
            RESTORE: [f"{word} = {word}_0" for word in words],
            PARAMETERS: [
                self._own(parameter.name)
                for parameter in self.program.params
                if f"p_{parameter.name}" in read
            ],
        }
        made: list[str] = []
        for line in lines:
            indent, found = line[: len(line) - len(line.lstrip())], needed.get(line.strip())
            made += [line] if found is None else [indent + one for one in found]
        return made
