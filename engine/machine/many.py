"""The walk of many sets of parameters at once, of which only the entries are wanted.

    many(at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, sets)
        -> (at, n, w)

Rows are looked through once for all sets: where a candidate may start, where a rule strikes that
sees no more than the bar, and what trackers hold before any rule of the first stage can fire in any
set. Then all sets are asked at once, without a branch a set, for there would be no guessing it:
which bar a tracker holds by then because of a parameter, in which sets a candidate starts, and in
which of these it outlives the first row on which rules are asked. Only those sets follow their
candidate from there, one after another. `P` holds each parameter of all sets, `B` and `G` what they
remember. The head of an entry names the set where its kind would stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from engine.journal.decisions import Decision
from engine.machine import layout as lay
from engine.machine.candidate import Source, Told, leading
from engine.machine.quiet import NAME
from engine.machine.together import MOST_SETS, SHARED, Together, parameters_in
from engine.machine.walk import unwalkable

if TYPE_CHECKING:
    from dsl.ir import program as prog
    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from engine.machine.inputs import Inputs

ARGUMENTS: Final = (
    "at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, sets"
)
PARAMETERS: Final = "# the parameters of the set"
KEEP: Final = "# keep what goes for all sets"
RESTORE: Final = "# what goes for all sets"


def unshared(program: Program) -> str | None:
    """Why sets of parameters cannot be walked together; None where they can."""
    reason = unwalkable(program)
    if reason is not None:
        return reason
    start = program.start
    if parameters_in((*start.when, *start.captures)):
        return "a parameter decides where a candidate starts"
    if parameters_in(leading(program.always)):
        return "a parameter decides where every candidate dies"
    return None


def generate(layout: lay.Layout, inputs: Inputs) -> Source:
    """The walk of many sets; raises ValueError where `unshared` gives a reason."""
    reason = unshared(layout.program)
    if reason is not None:
        raise ValueError(f"{layout.program.name} cannot be walked for many sets at once: {reason}")
    return Source("many", _Many(layout, inputs).write())


class _Many(Together):
    """Writes the function: as the walk, with a loop over the sets inside each start."""

    name = "many"
    arguments = ARGUMENTS
    sharing = False
    """Whether what is being written goes for all sets."""

    def _begin(self, read: set[str]) -> None:
        add = self.lines.add
        for number, name in enumerate(SHARED):
            add(f"{name} = G[{number}]")
        add("soonest = 0")
        add(f"sets = sets & {MOST_SETS}")
        # of parameters that hold back, the least: before it, nothing can happen in any set
        least = [p.name for p in self.program.params if f"least_{p.name}" in read]
        for name in least:
            add(f"least_{name} = P[{self._place(name)} * sets]")
            with self._each_set():
                add(f"least_{name} = min(least_{name}, P[{self._place(name)} * sets + k])")

    def _new_date(self) -> None:
        self.lines.add("today = d")
        self.lines.add("was = 0")
        with self._each_set():
            self.lines.add(f"{self._own('ordinal')} = 0")

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
        # nobody has outlived the row on which a rule struck that sees no more than the bar
        if self.alike:
            with self.lines.block("if clear <= at and why >= 0:"):
                add("older = 0")
        self._newborn()
        self.sought: list[prog.Tracker] = []
        self._make_room()
        with self._each_set():
            add(f"{self._own('lives')} = 1")
        self._rows_of_all_sets()
        add(KEEP)
        self._begin_in_all_sets()
        with self.lines.block("for q in range(chosen):"):
            add(f"k = G[{self._first_of('chosen')} + q] & WHOLE")
            add(PARAMETERS)
            add(f"s{lay.ORDINAL} = {self._own('ordinal')}")
            add(f"s{lay.STAGE_ROW} = s{lay.START_ROW}")
            add(f"s{lay.STAGE_MINUTE} = s{lay.START_MINUTE}")
            add(RESTORE)
            self._skipped()
            add("i = from_row")
            self._life()
            add(f"{self._own('left')} = left")
        add("older += 1")
        self._find_soonest()

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
        self.sharing = False
        self._ask_the_first_row(stage)
        self.w.certain = frozenset()
        for tracker in self.sought:
            self._seek(tracker)

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
                f"p_{parameter.name} = P[{number} * sets + k & WHOLE]"
                for number, parameter in enumerate(self.program.params)
                if f"p_{parameter.name}" in read
            ],
        }
        made: list[str] = []
        for line in lines:
            indent, found = line[: len(line) - len(line.lstrip())], needed.get(line.strip())
            made += [line] if found is None else [indent + one for one in found]
        return made
