"""The machine that follows each candidate to its end, one after another, oldest first.

    walk(at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, tell)
        -> (at, n, w)

It looks for starts on rows `at .. stop` (`d` is the trading date of row `at`), and what a candidate
remembers lies in local variables while it is followed. `B` holds what younger ones must know of it,
`G` what the function must know when it goes on. Decisions are written as by
`engine.machine.generate`, each candidate's in one go; with `tell` 0 only the entries. It stops
early, before a start, when `room` might not do for that candidate.

Why this gives the same decisions: what happens to a candidate depends on bars and on older
candidates only, and of these on three facts, known by then: on which row they ended (for the limit
on how many live), on which row they left the first stage (for the spacing), and on which row they
were as far as the merge asks, holding which bars. `unwalkable` names the programs of which that is
not so. A stable sort by row gives the order of the bars, because on a bar the older candidate
speaks first and the one that starts there last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.ir import program as prog
from dsl.ir.expression import Kind
from engine.journal.decisions import Decision
from engine.machine import layout as lay
from engine.machine.candidate import ALIVE, Source, Told, used_only
from engine.machine.quiet import NAME
from engine.machine.stages import TABLES
from engine.machine.starts import StartWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Program
    from engine.machine.inputs import Inputs

ARGUMENTS: Final = (
    "at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, tell"
)
KEPT: Final = ("today", "ordinal", "older", "clear", "why", "left", "begun", "begun_at", "was")
"""The words of `G`: local variables that outlive a call."""
FRESH: Final = (-1, 0, 0, 0, ALIVE, 0, -1, 0, 0)
"""What they are before the first bar."""


def unwalkable(program: Program) -> str | None:
    """Why candidates of a program cannot be followed one after another; None where they can.

    A candidate without stages is over on its bar: there is nothing to follow. Where an entry ends
    the others, a younger candidate ends an older one. A way back to an earlier stage could bring a
    candidate into the first stage again, long after younger ones began. What a merge compares must
    not change any more in those that are as far as it asks.
    """
    if not program.stages:
        return "it has no stages"
    if program.entry.others:
        return "an entry ends the other candidates"
    order = {stage.name: number for number, stage in enumerate(program.stages)}
    order[prog.ENTRY] = len(order)
    for number, stage in enumerate(program.stages):
        if any(order[advance.to] <= number for advance in stage.advance):
            return f"{stage.name} leads back to an earlier stage"
    merge = program.merge
    if merge is not None:
        for tracker in program.trackers:
            late = [name for name in tracker.stages if order[name] >= order[merge.at]]
            if tracker.name in merge.same and late:
                return f"{tracker.name}, by which candidates merge, still counts in {late[0]}"
    return None


def generate(layout: lay.Layout, inputs: Inputs) -> Source:
    """The walk of a program, which asks for `inputs`.

    Both sides run it, each on the bars as it sees them.
    Raises ValueError where `unwalkable` gives a reason.
    """
    reason = unwalkable(layout.program)
    if reason is not None:
        raise ValueError(f"{layout.program.name} cannot be walked: {reason}")
    return Source("walk", Walk(layout, inputs).write())


class Walk(StartWriter):
    """Writes the function top down."""

    name = "walk"
    arguments = ARGUMENTS

    def write(self) -> str:
        """The whole text: the body first, because only then is it known what it reads."""
        self.lines.depth = 1
        self._dates()
        body, self.lines.lines = self._finished(used_only(only_read(self._with_tables()))), []
        self.lines.depth = 0
        self.lines.add(f"def {self.name}({self.arguments}):")
        self.lines.depth = 1
        self._inputs()
        self._begin(set(NAME.findall("\n".join(body))))
        return "\n".join([*self.w.functions, *self.lines.lines, *body]) + "\n"

    def _finished(self, lines: list[str]) -> list[str]:
        """The lines, with what only now is known to be needed."""
        return lines

    def _begin(self, read: set[str]) -> None:
        """What is there before the first row: parameters, and what a call before has left."""
        for number, parameter in enumerate(self.program.params):
            if f"p_{parameter.name}" in read:
                self.lines.add(f"p_{parameter.name} = P[{number}]")
        for number, name in enumerate(KEPT):
            self.lines.add(f"{name} = G[{number}]")

    def _inputs(self) -> None:
        add = self.lines.add
        for number in range(len(self.inputs.columns)):
            add(f"X{number} = columns[{number}]")
        for number in range(len(self.inputs.tables)):
            add(f"T{number} = tables[{number}]")
        add("n = 0")
        add("w = 0")

    def _with_tables(self) -> list[str]:
        """The lines, with the tables loaded where they change."""
        made: list[str] = []
        for line in self.lines.lines:
            indent, marked, date = line.partition(TABLES)
            if not marked:
                made.append(line)
                continue
            made += [f"{indent}T{k}_d = T{k}[{date}]" for k in range(len(self.inputs.tables))]
        return made

    def _leave(self) -> None:
        for number, name in enumerate(KEPT):
            self.lines.add(f"G[{number}] = {name}")
        self.lines.add("return at, n, w")

    # --- one candidate -------------------------------------------------------------------------

    def _event(self, kind: Decision, stage: str, cause: str, told: Told | None = None) -> None:
        if kind is Decision.ENTRY:
            super()._event(kind, stage, cause, told)
            return
        with self.lines.block("if tell == 1:"):
            super()._event(kind, stage, cause, told)

    def _start(self) -> None:
        """A candidate, from its start to its end; `at` stays on its start."""
        with self.lines.block(f"if {self._free()}:"):
            with self.lines.block(f"if n + {self.layout.events_a_candidate} > room:"):
                self._leave()
            self._newborn()
            self._candidate()

    def _newborn(self) -> None:
        """The words of a candidate that starts on the bar at hand."""
        add = self.lines.add
        words = {
            lay.DAY: "d",
            lay.START_ROW: "i",
            lay.START_MINUTE: "M",
            lay.STAGE_ROW: "i",
            lay.STAGE_MINUTE: "M",
        }
        for word, code in words.items():
            add(f"s{word} = {code}")
        for (owner, field), slot in self.layout.slots.items():
            zero = "0.0" if slot.kind is Kind.REAL else "0"
            empty = "-1" if field in {"row", "last"} else zero
            add(f"{self.w.word(owner, field)} = {empty}")
        self._capture(self.program.start.captures)
        if self.alike:
            with self.lines.block("if clear <= i:"):
                add("clear = i + 1")
                add(f"why = {ALIVE}")

    def _candidate(self) -> None:
        """The candidate that has just begun, to its end."""
        add, start = self.lines.add, self.program.start
        add("ordinal += 1")
        add(f"s{lay.ORDINAL} = ordinal")
        self._event(Decision.START, "-1", "-1", self._captured(start.captures, start.captures))
        self._make_room()
        crowded = str(self.reasons[self.program.overflow])
        with self.lines.block(f"if older >= {self.program.concurrent}:"):
            self._event(Decision.DEAD, "0", crowded)
        with self.lines.block("else:"):
            add("begun = at")
            add("begun_at = s3")
            add("i = at + 1")
            self._life()
            add("older += 1")

    def _make_room(self) -> None:
        """Forgets older candidates that have ended, once there are as many as may live."""
        add = self.lines.add
        with self.lines.block(f"if older >= {self.program.concurrent}:"):
            add("living = 0")
            with self.lines.block("for j in range(older):"):
                add(f"to = {self._place_of('j')}")
                with self.lines.block(f"if {self._of_older('to', 0)} > i:"):
                    add(f"b = {self._place_of('living')}")
                    for word in range(self.older):
                        add(f"{self._of_older('b', word)} = {self._of_older('to', word)}")
                    add("living += 1")
            add("older = living")

    def _life(self) -> None:
        """From the row after the start to the end, trading date by trading date."""
        add = self.lines.add
        add("stage = 0")
        add(f"ended = {ALIVE}")
        add("dd = d")
        add("day_end = end")
        add("left = stop")
        if self.program.merge is not None:
            add("reached = stop")
        with self.lines.block("while True:"):
            self._look_for_fate()
            for number, stage in enumerate(self.program.stages):
                with self.lines.block(f"if stage == {number} and ended == {ALIVE}:"):
                    self._stage(number, stage)
            with self.lines.block(f"if ended != {ALIVE}:"):
                add("break")
            if self.alike:
                with self.lines.block("if why >= 0 and i == clear:"):
                    add("ended = why")
                    add("break")
            with self.lines.block("if i >= stop:"):
                add("break")
            add("dd += 1")
            add("day_end = min(days[dd + 1], stop)")
            self._of_date("dd")
        with self.lines.block("if ended >= 0:"):
            self._event(Decision.DEAD, "stage", "ended")
        self._remember()
        with self.lines.block("if dd != d:"):
            self._of_date("d")

    def _remember(self) -> None:
        """What younger candidates must know."""
        add = self.lines.add
        add(f"gone = stop if ended == {ALIVE} else i")
        add("left = min(left, gone)")
        add(f"b = {self._place_of('older')}")
        known = ["gone"]
        if self.program.merge is not None:
            known += ["reached", *(self.w.word(name, "row") for name in self.program.merge.same)]
        for word, code in enumerate(known):
            add(f"{self._of_older('b', word)} = {code}")


WORD: Final = re.compile(r"\s*([sf]\d+) = ")


def only_read(lines: Sequence[str]) -> list[str]:
    """The lines without words of the candidate that nobody ever reads."""
    read: set[str] = set()
    for line in lines:
        made = WORD.match(line)
        read.update(NAME.findall(line[made.end() :] if made else line))
    kept: list[str] = []
    for line in lines:
        made = WORD.match(line)
        if not made or made[1] in read:
            kept.append(line)
        elif kept[-1].endswith(":"):
            kept.append(line[: made.start(1)] + "pass")
    return kept
