"""What is asked of all sets of parameters at once when candidates start, as source.

Loops over sets without a branch: a processor cannot guess what another set does, and a compiler
asks several sets in one step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.machine import layout as lay
from engine.machine.candidate import conjuncts
from engine.machine.lines import at_once, joined
from engine.machine.walk import FRESH, KEPT, Walk

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dsl.ir.expression import Node
    from dsl.ir.program import Program

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


def parameters_in(parts: object) -> list[ir.Param]:
    """The parameters that are in some nodes, or in parts of a program that hold nodes."""
    found = (node for outer in nodes_in(parts) for node in ir.walk(outer))
    return [node for node in found if isinstance(node, ir.Param)]


class Together(Walk):
    """Writes what all sets share in a start: `k` is the set at hand."""

    minute = f"s{lay.START_MINUTE}"

    def _place_of(self, older: str) -> str:
        # what sets remember of a candidate of the same number lies side by side
        return f"{older} * {self.older} * sets + k & WHOLE"

    def _of_older(self, place: str, word: int) -> str:
        return f"B[{place} + {word} * sets]"

    def _each_set(self) -> AbstractContextManager[None]:
        return self.lines.block("for k in range(sets):")

    def _own(self, name: str) -> str:
        """A word of set `k`."""
        return f"G[{self._first_of(name)} + k]"

    @staticmethod
    def _first_of(name: str) -> str:
        """The place in `G` of a word of the first set."""
        return f"{len(SHARED)} + {(*OWN, *SCRATCH).index(name)} * sets"

    def _place(self, name: str) -> int:
        """The number of a parameter."""
        return [parameter.name for parameter in self.program.params].index(name)

    def _load(self, nodes: object) -> None:
        """Loads the parameters that are in the nodes, of set `k`."""
        for name in sorted({node.name for node in parameters_in(nodes)}):
            self.lines.add(f"p_{name} = P[{self._place(name)} * sets + k]")

    # --- in which sets a candidate starts ------------------------------------------------------

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

    # --- which of them outlive the first row ---------------------------------------------------

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

    def _alike(self, stage: prog.Stage, *, wanted: bool = True) -> list[list[prog.Tracker]]:
        """The trackers that hold the same in all sets; not `wanted`: the others."""
        groups = self._groups(self._counting(stage.name))
        return [group for group in groups if bool(parameters_in(tuple(group))) is not wanted]

    # --- which bar a tracker holds by then -----------------------------------------------------

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
        own = [part for part in where if parameters_in(part)]
        shared = [part for part in where if part not in own]
        if tracker.value is not None:
            (own if parameters_in(tracker.value) else shared).append(ir.Known(tracker.value))
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
