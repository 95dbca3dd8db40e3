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

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.journal.decisions import Decision
from engine.machine import layout as lay
from engine.machine.candidate import Source, Told, conjuncts, leading
from engine.machine.lines import at_once, joined
from engine.machine.stages import NAME
from engine.machine.walk import FRESH, KEPT, Walk, unwalkable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from engine.machine.inputs import Inputs

ARGUMENTS: Final = (
    "at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, sets"
)
PARAMETERS: Final = "# the parameters of the set"
KEEP: Final = "# keep what goes for all sets"
RESTORE: Final = "# what goes for all sets"
SHARED: Final = ("today", "older", "clear", "why", "was")
"""The words of `G` that all sets share; after them each of `OWN` of all sets, side by side."""
OWN: Final = ("ordinal", "left", "begun", "begun_at")
SCRATCH: Final = ("living", "starts", "here", "lives", "chosen")
"""What is worked out anew at each start, laid out in the same way."""
MOST_SETS: Final = (1 << 24) - 1
"""By a number this small the compiler sees that no place in `G` and `P` is negative."""
SOUGHT: Final = {
    prog.TrackerOp.EARLIEST: ("from_row - 1", "i > at", "i -= 1"),
    prog.TrackerOp.LATEST: ("at + 1", "i < from_row", "i += 1"),
}
"""Trackers of one bar: the rows from the one that counts least to the one that counts most."""


def memory(program: Program, sets: int) -> list[int]:
    """The words of `G` before the first bar: shared ones, each set's, a row for each tracker."""
    fresh = dict(zip(KEPT, FRESH, strict=True))
    own = [fresh[name] for name in OWN for _ in range(sets)]
    rest = len(SCRATCH) + len(program.trackers)
    return [*(fresh[name] for name in SHARED), *own, *(-1,) * (rest * sets)]


def most_older(program: Program) -> int:
    """How many older candidates are remembered at most: what is over is forgotten now and then."""
    return program.concurrent + 1


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
        add("soonest = 0")
        add(f"sets = sets & {MOST_SETS}")
        # of parameters that hold back, the least: before it, nothing can happen in any set
        least = [p.name for p in self.program.params if f"least_{p.name}" in read]
        for name in least:
            add(f"least_{name} = P[{self._place(name)} * sets]")
            with self._each_set():
                add(f"least_{name} = min(least_{name}, P[{self._place(name)} * sets + k])")

    def _each_set(self) -> AbstractContextManager[None]:
        return self.lines.block("for k in range(sets):")

    @staticmethod
    def _own(name: str) -> str:
        """A word of set `k`."""
        return f"G[{len(SHARED)} + {(*OWN, *SCRATCH).index(name)} * sets + k]"

    def _place(self, name: str) -> int:
        """The number of a parameter."""
        return [parameter.name for parameter in self.program.params].index(name)

    def _load(self, nodes: object) -> None:
        """Loads the parameters that are in the nodes, of set `k`."""
        for name in sorted({node.name for node in _parameters(nodes)}):
            self.lines.add(f"p_{name} = P[{self._place(name)} * sets + k]")

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

    def _make_room(self) -> None:
        """Forgets older candidates that have ended, where there might be too many in some set.

        Then it is known how many live in each; `places` is how many may.
        """
        add = self.lines.add
        add("places = WHOLE")
        with self.lines.block(f"if older >= {self.program.concurrent}:"):
            add(f"places = {self.program.concurrent}")
            add("most = 0")
            with self._each_set():
                add("living = 0")
                with self.lines.block("for j in range(older):"):
                    add(f"to = {self._place_of('j')}")
                    with self.lines.block(f"if {self._of_older('to', 0)} > at:"):
                        add(f"b = {self._place_of('living')}")
                        for word in range(self.older):
                            add(f"{self._of_older('b', word)} = {self._of_older('to', word)}")
                        add("living += 1")
                with self.lines.block("for j in range(living, older):"):
                    add(f"to = {self._place_of('j')}")
                    add(f"{self._of_older('to', 0)} = -1")
                add(f"{self._own('living')} = living")
                add("most = max(most, living)")
            add("older = most")

    def _begin_in_all_sets(self) -> None:
        """In which sets a candidate starts, and in which of these it is to be followed (`chosen`).

        In the others it has ended on `from_row`, or there is none. One loop for each thing to be
        done: a compiler that must prove too much at once asks the sets one by one.
        """
        add, start = self.lines.add, self.program.start
        own = {name: self._own(name) for name in (*OWN, *SCRATCH)}
        since = ("begun_at", self.minute) if start.spacing_unit == "minutes" else ("begun", "at")
        held = dict([("left", "from_row"), since])
        with self._each_set():
            for name in held:
                add(f"{name} = {own[name]}")
            self._load(start.spacing)
            add(f"{own['starts']} = 1 if {self._free()} else 0")
        to = f"({self._place_of('older')})"
        for line in (
            f"{own['ordinal']} += {own['starts']}",
            f"{own['here']} = {own['starts']} if {own['living']} < places else 0",
            *(
                f"{own[name]} = {at} if {own['here']} == 1 else {own[name]}"
                for name, at in held.items()
            ),
            f"{own['lives']} *= {own['here']}",
            f"{self._of_older(to, 0)} = from_row if {own['here']} == 1 else -1",
        ):
            with self._each_set():
                add(line)
        if self.program.merge is not None:
            with self._each_set():
                add(f"{self._of_older(to, 1)} = stop")
        add("chosen = 0")
        with self._each_set():
            add(f"G[{self._first_of('chosen')} + chosen & WHOLE] = k")
            add(f"chosen += {own['lives']}")

    @staticmethod
    def _first_of(name: str) -> str:
        """The place in `G` of a word of the first set."""
        return f"{len(SHARED)} + {(*OWN, *SCRATCH).index(name)} * sets"

    def _find_soonest(self) -> None:
        """The first row on which a candidate may start in any set."""
        add, start = self.lines.add, self.program.start
        if not self._jumps(start):
            return
        assert start.spacing is not None
        add("soonest = stop")
        with self._each_set():
            self._load(start.spacing)
            spaced = f"{self._own('begun')} + {self.w.value(start.spacing).code}"
            add(f"soonest = min(soonest, max(at + 1, min({self._own('left')}, {spaced})))")

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

    def _ask_the_first_row(self, stage: prog.Stage) -> None:
        """In which sets the candidate outlives `from_row`, as far as words tell that all share."""
        add, lives = self.lines.add, self._own("lives")
        rules = [rule for rule in self._mortal(stage) if self._is_of_all_sets(rule.node)]
        with self.lines.block("if why >= 0 and from_row == clear:"), self._each_set():
            add(f"{lives} = 0")
        if not rules:
            return
        with self.lines.block("elif from_row < fate:"):
            add("i = from_row & WHOLE")
            with self._bar():
                strikes = at_once("or", [self.w.truth(rule.node).true for rule in rules])
                with self._each_set():
                    self._load(tuple(rules))
                    add(f"{lives} = 0 if {strikes} else 1")

    def _is_of_all_sets(self, node: Node) -> bool:
        """Whether sets differ by their parameters alone, and those are in no statement before."""
        shared = {
            tracker.name for group in self._alike(self.program.stages[0]) for tracker in group
        }
        asked = {
            inner.tracker
            for inner in ir.walk(node)
            if isinstance(inner, (ir.TrackerField, ir.Aggregate))
        }
        return asked <= shared and not any("p_" in line for line in self.w.statements(node))

    def _can_be_sought(self, tracker: prog.Tracker) -> bool:
        """Whether one expression tells that a bar replaces the one that is held."""
        asked = [node for node in (tracker.where, tracker.value) if node is not None]
        alone = tracker.op in SOUGHT and tracker.after is None
        return alone and not any(map(self.w.needs_statements, asked))

    def _hits(self, tracker: prog.Tracker) -> str:
        """Where in `G` the row that the tracker holds in set `k` is."""
        before = len(OWN) + len(SCRATCH) + self.program.trackers.index(tracker)
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
        with self._each_set():
            add(f"G[{self._hits(tracker)}] = -1")
        add(f"i = {first}")
        with self.lines.block(f"while {going}:"):
            add("i = i & WHOLE")
            with self._bar(), self._all_true(shared), self._each_set():
                self._load(tuple(own))
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
