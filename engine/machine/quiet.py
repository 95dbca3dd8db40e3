"""Rows of a stage on which nothing can happen, as source: what is passed over, and what is counted.

Rows before any rule of the stage can fire are only counted, tracker by tracker; of those after, a
compiler looks at several at once.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.machine import layout as lay
from engine.machine.candidate import CandidateWriter, conjuncts, leading
from engine.machine.inputs import can_be_na
from engine.machine.lines import joined
from engine.machine.rows import LOCALS, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node
    from engine.machine.inputs import Inputs

FIRST: Final = Place("(i & WHOLE)", bar=False)
EACH: Final = Place("j", bar=False)
BLOCK: Final = 16
"""Rows of a stage that are asked together whether anything happens on one of them."""
NAME: Final = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition that is false until some row of a stage and true from there on."""

    node: Node
    minutes: bool
    row: str
    since: str
    limit: str


class QuietWriter(CandidateWriter):
    """Writes how a candidate that is followed gets to the next row on which something happens."""

    local = True

    def __init__(self, layout: lay.Layout, inputs: Inputs) -> None:
        """A writer that asks for `inputs`."""
        super().__init__(layout, inputs)
        self.alike = leading(self.program.always)

    @contextmanager
    def _bar(self) -> Iterator[None]:
        """Loads of the bar of row `i` what is read in the block, before it."""
        mark = len(self.lines.lines)
        yield
        read = set(NAME.findall("\n".join(self.lines.lines[mark:])))
        indent = "    " * self.lines.depth
        self.lines.lines[mark:mark] = [
            f"{indent}{local} = {self.w.cell(name, 'i')}"
            for name, local in LOCALS.items()
            if local in read
        ]

    def _mortal(self, stage: prog.Stage) -> tuple[prog.Named, ...]:
        """The rules by which a candidate dies in the stage, but for those that strike all alike."""
        return (*self.program.always[len(self.alike) :], *stage.invalidate)

    def _limit(self, node: Node) -> str:
        """The code of a number of bars or minutes: constants and parameters alone."""
        return self.w.value(node).code

    @staticmethod
    def _row_at(row: str, minute: str, limit: str) -> str:
        """The first row from `i` on that is `limit` minutes after a row, or `stop`.

        Every bar takes a minute at least, so it is no more than so many rows away.
        """
        return f"first_at(m, i, min(stop, max(i, {row} + {limit})), {minute} + {limit})"

    # --- the row before which no rule can fire -------------------------------------------------

    def _first_row_of_interest(self, stage: prog.Stage) -> Guard | bool:
        """Finds `ripe`, the row before which no rule of the stage can fire.

        Gives the guard where one and the same holds back every rule, and so is true from there on;
        True where there are several, False where some rule has none.
        """
        asked = [conjuncts(rule.node) for rule in self._mortal(stage)]
        asked += [
            tuple(part for rule in advance.when for part in conjuncts(rule.node))
            for advance in stage.advance
        ]
        guards = [next(filter(None, map(self._guard, parts)), None) for parts in asked]
        found = [guard for guard in guards if guard is not None]
        if not guards or len(found) < len(guards):
            return False
        different = list(dict.fromkeys(found))
        rows = [
            self._row_at(guard.row, guard.since, guard.limit)
            if guard.minutes
            else f"{guard.row} + {guard.limit}"
            for guard in different
        ]
        earliest = f"min({', '.join(rows)})" if len(rows) > 1 else rows[0]
        self.lines.add(f"ripe = {earliest}")
        return different[0] if len(different) == 1 else True

    def _guard(self, node: Node) -> Guard | None:
        """The condition as one on the age of a capture, of the stage or of the candidate."""
        match node:
            case ir.Compare(
                op=">=" | ">" as op,
                left=ir.Binary("sub", ir.Row() | ir.BarField("minute") as now, since),
                right=ir.Const() | ir.Param() as limit,
            ):
                pass
            case _:
                return None
        code = self._limit(limit)
        limit_code = code if op == ">=" else f"({code} + 1)"
        minutes = isinstance(now, ir.BarField)
        match since:
            case ir.CandidateClock(of, unit) if unit == ("minute" if minutes else "row"):
                row, minute = {
                    "start": (lay.START_ROW, lay.START_MINUTE),
                    "stage": (lay.STAGE_ROW, lay.STAGE_MINUTE),
                }[of]
                return Guard(node, minutes, f"s{row}", f"s{minute}", limit_code)
            case ir.CaptureField(capture, field) if (
                field == ("at" if minutes else "row") and capture in self.w.certain
            ):
                row_code, at = self.w.word(capture, "row"), self.w.word(capture, "at")
                return Guard(node, minutes, row_code, at, limit_code)
            case _:
                return None

    # --- the next row on which one fires -------------------------------------------------------

    def _pass_over_quiet_rows(self, stage: prog.Stage) -> None:
        """On to the next row on which a rule fires: compiled, several rows are asked at once.

        Only where a rule is one expression of the row and of what stays the same in the stage.
        """
        counting = self._counting(stage.name)
        rules = [rule.node for rule in self._mortal(stage)]
        rules += [ir.AllOf(tuple(rule.node for rule in one.when)) for one in stage.advance]
        if not rules or not all(map(self._is_run, counting)):
            return
        if self._looks_at(rules, counting) or any(self._is_hard(rule) for rule in rules):
            return
        strikes = joined("or", [self.w.truth(rule, EACH).true for rule in rules])
        add = self.lines.add
        with self.lines.block("if BLOCKS:"):
            add("soon = i")
            # rows from `last` on are asked and not heeded: a block is always whole
            with self.lines.block(f"while soon < last and soon + {BLOCK} <= stop:"):
                add("soon = soon & WHOLE")
                add(f"beyond = soon + {BLOCK}")
                add("struck = beyond")
                with self.lines.block("for j in range(soon, beyond):"):
                    for name, local in LOCALS.items():
                        cell = self.w.cell(name, EACH.index)
                        if cell in strikes:
                            # loaded without a condition, or rows could not be asked at once
                            add(f"{local} = {cell}")
                            strikes = strikes.replace(cell, local)
                    add(f"struck = min(struck, j if {strikes} else beyond)")
                add("soon = min(struck, last)")
                with self.lines.block("if struck < beyond:"):
                    add("break")
            if counting:
                # past the deadline it dies, and nobody asks what it has counted
                alive = "soon <= due and " if stage.within else ""
                with self.lines.block(f"if {alive}i < soon:"):
                    self._count_runs(counting)
            add("i = soon")

    def _is_hard(self, rule: Node) -> bool:
        return self.w.needs_statements(rule, EACH)

    @staticmethod
    def _looks_at(rules: list[Node], counting: list[prog.Tracker]) -> bool:
        """Whether a rule asks for what changes from row to row."""
        names = {tracker.name for tracker in counting}
        nodes = (node for rule in rules for node in ir.walk(rule))
        return any(
            isinstance(node, (ir.TrackerField, ir.Aggregate))
            and (node.now or node.tracker in names)
            for node in nodes
        )

    # --- what is counted on the way ------------------------------------------------------------

    def _count_only(self, counting: list[prog.Tracker]) -> None:
        """The rows before `ripe`: nothing is asked, only counted."""
        self.lines.add("soon = min(ripe, last)")
        with self.lines.block("if i < soon:"):
            self._count_stretch(counting)
            self.lines.add("i = soon")

    def _count_stretch(self, counting: list[prog.Tracker]) -> None:
        """Rows `i .. soon`, tracker by tracker; `i` is lost."""
        groups = self._groups(counting)
        runs = [group[0] for group in groups if len(group) == 1 and self._is_run(group[0])]
        self._count_runs(runs)
        others = [group for group in groups if group[0] not in runs]
        if others:
            self.lines.add("from_here = i")
        for group in others:
            self._count_rows(group)

    @staticmethod
    def _groups(counting: list[prog.Tracker]) -> list[list[prog.Tracker]]:
        """Each tracker alone, but for those of which one looks at another."""
        after = {tracker.after for tracker in counting} - {None}
        bound = [t for t in counting if t.after is not None or t.name in after]
        alone = [[t] for t in counting if t not in bound]
        return [*alone, bound] if bound else alone

    def _is_run(self, tracker: prog.Tracker) -> bool:
        """Whether every bar counts, and what comes of several is one short expression."""
        value = tracker.value
        if tracker.where is not None:
            return False
        if value is not None and (can_be_na(value) or self.w.needs_statements(value)):
            return False
        ops = {prog.TrackerOp.BARS, prog.TrackerOp.COUNT}
        return tracker.name in self.layout.extremes_only or tracker.op in ops

    def _count_runs(self, runs: list[prog.Tracker]) -> None:
        """Rows `i .. soon` for trackers of which no bar needs a question of its own."""
        add, w = self.lines.add, self.w
        steps: list[str] = []
        for tracker in runs:
            name = tracker.name
            if tracker.op is prog.TrackerOp.COUNT:
                add(f"{w.word(name, 'value')} += soon - i")
                continue
            row = w.word(name, "row")
            if tracker.op is prog.TrackerOp.BARS:
                with self.lines.block(f"if {row} < 0:"):
                    add(f"{row} = i")
                add(f"{w.word(name, 'last')} = soon - 1")
                continue
            assert tracker.value is not None
            held = w.word(name, "value")
            with self.lines.block(f"if {row} < 0:"):
                add(f"{held} = {w.value(tracker.value, FIRST).code}")
            add(f"{row} = soon - 1")
            pick = "max" if tracker.op is prog.TrackerOp.HIGHEST else "min"
            steps.append(f"{held} = {pick}({held}, {w.value(tracker.value, EACH).code})")
        if steps:
            with self.lines.block("for j in range(i & WHOLE, soon & WHOLE):"):
                for step in steps:
                    add(step)

    def _count_rows(self, group: list[prog.Tracker]) -> None:
        """Rows `from_here .. soon` for trackers that look at one another, or one alone."""
        add = self.lines.add
        add("i = from_here")
        head = "while i < soon:"
        if len(group) == 1 and group[0].op is prog.TrackerOp.EARLIEST:
            head = f"while i < soon and {self.w.word(group[0].name, 'row')} < 0:"
        with self.lines.block(head):
            add("i = i & WHOLE")
            with self._bar():
                self._count_all(group)
            add("i += 1")
