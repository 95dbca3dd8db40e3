"""A candidate in its stages, row after row, its words in local variables.

Rows beyond the deadline, or beyond the next row on which a rule strikes that sees no more than the
bar, are not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.journal.decisions import Decision
from engine.machine import layout as lay
from engine.machine.candidate import ALIVE, COMPLETED
from engine.machine.lines import Truth, joined
from engine.machine.quiet import Guard, QuietWriter
from engine.machine.rows import Place

if TYPE_CHECKING:
    from dsl.ir.program import Program
    from engine.machine.inputs import Inputs
    from engine.machine.layout import Layout

CLEAR: Final = Place("clear", bar=False)
TABLES: Final = "# tables of "


def words_of_older(program: Program) -> int:
    """How many words of `B` an older candidate takes: its end, and what a merge asks."""
    return 1 if program.merge is None else 2 + len(program.merge.same)


class StageWriter(QuietWriter):
    """Writes what a candidate that is followed goes through between its start and its end."""

    def __init__(self, layout: Layout, inputs: Inputs) -> None:
        """A writer that asks for `inputs`."""
        super().__init__(layout, inputs)
        self.older = words_of_older(self.program)

    def _place_of(self, older: str) -> str:
        """The code of the place of an older candidate, by its number."""
        return f"{older} * {self.older} & WHOLE"

    def _of_older(self, place: str, word: int) -> str:
        """The code of a word that an older candidate has left, by its place."""
        return f"B[{place} + {word}]"

    def _of_date(self, date: str) -> None:
        """Loads what is the same on all rows of a date: which tables, is known at the end."""
        self.lines.add(f"day = days[{date}]")
        self.lines.add(f"{TABLES}{date}")

    # --- a stage -------------------------------------------------------------------------------

    def _stage(self, number: int, stage: prog.Stage) -> None:
        """The rows of one trading date on which the candidate is in the stage."""
        add = self.lines.add
        self.w.certain = self.layout.certain[stage.name]
        self._due(stage)
        add("last = min(due + 1, fate)" if stage.within else "last = fate")
        guard = self._first_row_of_interest(stage)
        if guard:
            self._count_only(self._counting(stage.name))
        self._pass_over_quiet_rows(stage)
        with self.lines.block("while i < last:"):
            # a sign bit known to be clear spares numba the check for negative indices
            add("i = i & WHOLE")
            if isinstance(guard, Guard):
                # from here on it is true
                self.w.hoisted[guard.node] = Truth("True", "False")
            with self._bar():
                self._rules(number, stage)
                self._trackers(stage.name)
            self.w.hoisted.clear()
            add("i += 1")
        if stage.within:
            with self.lines.block(f"if i > due and stage == {number} and ended == {ALIVE}:"):
                add("i -= 1")
                self._die(stage.within.reason)
        self.w.certain = frozenset()

    def _due(self, stage: prog.Stage) -> None:
        """The last row the candidate can see in the stage."""
        within, add = stage.within, self.lines.add
        if within is None:
            return
        limit = self._limit(within.limit)
        if within.unit == "minutes":
            add(f"due = {self._row_at(f's{lay.STAGE_ROW}', f's{lay.STAGE_MINUTE}', limit)}")
        else:
            add(f"due = max(i, s{lay.STAGE_ROW} + {limit})")

    def _look_for_fate(self) -> None:
        """Finds `fate`, the row to stop before: the date's end, or sooner.

        Where a rule strikes that sees no more than the bar, no candidate lives on. Every row is
        looked at once.
        """
        add = self.lines.add
        if not self.alike:
            add("fate = day_end")
            return
        hard = any(self.w.needs_statements(rule.node, CLEAR) for rule in self.alike)
        with self.lines.block(f"while clear < day_end and why == {ALIVE}:"):
            add("clear = clear & WHOLE")
            if not hard:
                self._while_in_session()
            for rule in self.alike:
                with self.lines.block(f"if why == {ALIVE}:"), self._all_true([rule.node], CLEAR):
                    add(f"why = {self.reasons[rule.name]}")
            with self.lines.block(f"if why == {ALIVE}:"):
                add("clear += 1")
        add("fate = min(day_end, clear)")

    def _while_in_session(self) -> None:
        """Where the first rule is to be in a session, only the others are asked inside of it."""
        first, *others = self.alike
        match first.node:
            case ir.Not(ir.InSession(session)):
                opens = f"T{self.inputs.table('first', session)}_d"
                closes = f"T{self.inputs.table('stop', session)}_d"
            case _:
                return
        add = self.lines.add
        strikes = joined("or", [self.w.truth(rule.node, CLEAR).true for rule in others])
        with self.lines.block(f"if {opens} <= clear:"):
            add(f"inside = min(day_end, {closes})")
            if others:
                self._go_on_until("clear", "inside", strikes)
            else:
                add("clear = max(clear, inside)")
            with self.lines.block("if clear >= day_end:"):
                add("break")

    # --- rules ---------------------------------------------------------------------------------

    def _rules(self, number: int, stage: prog.Stage) -> None:
        for rule in self._mortal(stage):
            with self._all_true([rule.node]):
                self._die(rule.name)
                self.lines.add("break")
        for advance in stage.advance:
            with self._all_true([rule.node for rule in advance.when]):
                self._advance(number, advance)
                self.lines.add("break")

    def _advance(self, number: int, advance: prog.Advance) -> None:
        add, stage = self.lines.add, self.program.stages[number]
        before = self.w.certain
        self._capture(advance.captures)
        self.w.certain |= {capture.name for capture in advance.captures}
        if advance.to == prog.ENTRY:
            add(f"ended = {COMPLETED}")
            self._complete(str(number))
            self.w.certain = before
            return
        merge, to = self.program.merge, self.stages[advance.to]
        if merge is not None and merge.at == advance.to:
            self._merge(merge)
        told = self._captured(prog.captures_between(stage, advance.to), advance.captures)
        self._event(Decision.ADVANCE, str(number), str(to), told)
        if number == 0:
            add("left = i")
        if merge is not None and number < self.stages[merge.at] <= to:
            add("reached = i")
        add(f"stage = {to}")
        add(f"s{lay.STAGE_ROW} = i")
        add(f"s{lay.STAGE_MINUTE} = M")
        if advance.this_bar is not prog.ThisBar.EXAMINE:
            self._rest_of_the_bar(self.program.stages[to], advance.this_bar)
        self.w.certain = before

    def _rest_of_the_bar(self, stage: prog.Stage, this_bar: prog.ThisBar) -> None:
        """The bar is over for the candidate, but for the trackers and the deadline."""
        if this_bar is prog.ThisBar.COUNT:
            before, self.w.certain = self.w.certain, self.layout.certain[stage.name]
            self._trackers(stage.name)
            self.w.certain = before
        if stage.within is None:
            self.lines.add("i += 1")
            return
        with self.lines.block(f"if {self.w.value(stage.within.limit).code} <= 0:"):
            self._die(stage.within.reason)
        with self.lines.block("else:"):
            self.lines.add("i += 1")

    def _merge(self, merge: prog.Merge) -> None:
        """Ends the candidate where an older one, alive and as far, holds the same bars."""
        add = self.lines.add
        words = [self.w.word(name, "row") for name in merge.same]
        add("same = False")
        with self.lines.block("for j in range(older):"):
            add(f"to = {self._place_of('j')}")
            parts = [f"{self._of_older('to', 0)} > i", f"{self._of_older('to', 1)} <= i"]
            parts += [
                f"{word} >= 0 and {self._of_older('to', 2 + k)} == {word}"
                for k, word in enumerate(words)
            ]
            with self.lines.block(f"if {' and '.join(parts)}:"):
                add("same = True")
        with self.lines.block("if same:"):
            self._die(merge.reason)
            add("break")
