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
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir import program as prog
from dsl.ir.expression import Kind
from engine.journal.decisions import Decision
from engine.machine import layout as lay
from engine.machine.candidate import (
    ALIVE,
    COMPLETED,
    CandidateWriter,
    Source,
    Told,
    conjuncts,
    leading,
    used_only,
)
from engine.machine.write import LOCALS, Place, Truth, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from engine.machine.inputs import Inputs

ARGUMENTS: Final = (
    "at, stop, d, m, o, h, l, c, v, days, tables, columns, P, B, G, E, W, R, room, tell"
)
AHEAD: Final = Place("ahead", bar=False)
CLEAR: Final = Place("clear", bar=False)
FIRST: Final = Place("i & WHOLE", bar=False)
EACH: Final = Place("j", bar=False)
TABLES: Final = "# tables of "
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


def generate(program: Program, inputs: Inputs) -> Source:
    """The walk of a program, which asks for `inputs`.

    Both sides run it, each on the bars as it sees them.
    Raises ValueError where `unwalkable` gives a reason.
    """
    reason = unwalkable(program)
    if reason is not None:
        raise ValueError(f"{program.name} cannot be walked: {reason}")
    return Source("walk", _Walk(program, lay.Layout(program), inputs).write())


def words_of_older(program: Program) -> int:
    """How many words of `B` an older candidate takes: its end, and what a merge asks."""
    return 1 if program.merge is None else 2 + len(program.merge.same)


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition that is false until some row of a stage and true from there on."""

    node: Node
    minutes: bool
    row: str
    since: str
    limit: str


class _Walk(CandidateWriter):
    """Writes the function top down."""

    local = True

    def write(self) -> str:
        """The whole text: the body first, because only then is it known what it reads."""
        self.first_session = self._first_session()
        self.alike = leading(self.program.always)
        self.older = words_of_older(self.program)
        self.lines.depth = 1
        self._dates()
        body, self.lines.lines = used_only(only_read(self._with_tables())), []
        self.lines.depth = 0
        self.lines.add(f"def walk({ARGUMENTS}):")
        self.lines.depth = 1
        self._inputs()
        return "\n".join([*self.lines.lines, *body]) + "\n"

    def _inputs(self) -> None:
        add = self.lines.add
        for number, parameter in enumerate(self.program.params):
            add(f"p_{parameter.name} = P[{number}]")
        for number in range(len(self.inputs.columns)):
            add(f"X{number} = columns[{number}]")
        for number in range(len(self.inputs.tables)):
            add(f"T{number} = tables[{number}]")
        for number, name in enumerate(KEPT):
            add(f"{name} = G[{number}]")
        add("n = 0")
        add("w = 0")

    # --- dates and starts ----------------------------------------------------------------------

    def _dates(self) -> None:
        add = self.lines.add
        with self.lines.block("while at < stop:"):
            with self.lines.block("while days[d + 1] <= at:"):
                add("d += 1")
            add("end = min(days[d + 1], stop)")
            with self.lines.block("if today != d:"):
                add("today = d")
                add("ordinal = 0")
                add("was = 0")
            self._of_date("d")
            with self.lines.block("while at < end:"):
                self._next_start()
        self._leave()

    def _of_date(self, date: str) -> None:
        """Loads what is the same on all rows of a date: which tables, is known at the end."""
        self.lines.add(f"day = days[{date}]")
        self.lines.add(f"{TABLES}{date}")

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

    def _first_session(self) -> str | None:
        """The session outside which nothing can start."""
        for rule in self.program.start.when:
            for part in conjuncts(rule.node):
                if isinstance(part, ir.InSession):
                    return part.session
        return None

    def _next_start(self) -> None:
        """One turn: to the next row that may be a start, and what comes of it."""
        add, start = self.lines.add, self.program.start
        last = self._within_session()
        if start.spacing is not None and not start.rising and start.spacing_unit == "bars":
            add(f"soonest = min(left, begun + {self.w.value(start.spacing).code})")
            with self.lines.block("if at < soonest:"):
                add("at = soonest")
                add("continue")
        parts = [part for rule in start.when for part in conjuncts(rule.node)]
        asked = [part for part in parts if part != self._watched()]
        easy = [
            part
            for part in asked
            if not isinstance(part, ir.InSession) and not self.w.needs_statements(part, AHEAD)
        ]
        if easy:
            self._look_ahead(easy, last, all_there_is=len(easy) == len(asked))
        rest = [part for part in asked if part not in easy]
        add("i = at & WHOLE")
        with self._bar():
            add("now = 0")
            with self._all_true(rest):
                add("now = 1")
            free = ["now == 1", *(["was == 0"] if start.rising else [])]
            if start.spacing is not None:
                clock, since = ("M", "begun_at") if self._by_minutes(start) else ("i", "begun")
                limit = self.w.value(start.spacing).code
                free.append(f"(at >= left or {clock} - {since} >= {limit})")
            with self.lines.block(f"if {' and '.join(free)}:"):
                self._candidate()
        if start.rising:
            add("was = now")
        add("at += 1")

    @staticmethod
    def _by_minutes(start: prog.Start) -> bool:
        return start.spacing_unit == "minutes"

    def _watched(self) -> Node | None:
        return ir.InSession(self.first_session) if self.first_session is not None else None

    def _within_session(self) -> str:
        """Skips what lies outside the session; gives the code of the row to stop before."""
        if self.first_session is None:
            return "end"
        add = self.lines.add
        first = f"T{self.inputs.table('first', self.first_session)}_d"
        stop = f"T{self.inputs.table('stop', self.first_session)}_d"
        with self.lines.block(f"if at < {first}:"):
            add("was = 0")
            add(f"at = min({first}, end)")
            add("continue")
        with self.lines.block(f"if at >= {stop}:"):
            add("was = 0")
            add("at = end")
            add("break")
        return f"min({stop}, end)"

    def _look_ahead(self, easy: Sequence[Node], last: str, *, all_there_is: bool) -> None:
        """On to a row on which the easy part of the rule is true; `all_there_is`: and so the rule.

        Where only a rule that becomes true starts, the rows on which it stays true are passed over.
        """
        add = self.lines.add
        true = joined("and", [self.w.truth(part, AHEAD).true for part in easy])
        add("ahead = at & WHOLE")
        add(f"last = {last}")
        if all_there_is and self.program.start.rising:
            with self.lines.block("if was == 1:"):
                with self.lines.block("while ahead < last:"):
                    with self.lines.block(f"if not ({true}):"):
                        add("break")
                    add("ahead += 1")
                add("was = 0")
        with self.lines.block("while ahead < last:"):
            with self.lines.block(f"if {true}:"):
                add("break")
            add("ahead += 1")
        with self.lines.block("if ahead > at:"):
            add("was = 0")
            add("at = ahead")
            with self.lines.block("if ahead >= last:"):
                add("continue")

    # --- one candidate -------------------------------------------------------------------------

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

    def _event(self, kind: Decision, stage: str, cause: str, told: Told | None = None) -> None:
        if kind is Decision.ENTRY:
            super()._event(kind, stage, cause, told)
            return
        with self.lines.block("if tell == 1:"):
            super()._event(kind, stage, cause, told)

    def _candidate(self) -> None:
        """From its start to its end; `at` stays on its start."""
        add, start = self.lines.add, self.program.start
        with self.lines.block(f"if n + {self.layout.events_a_candidate} > room:"):
            self._leave()
        add("ordinal += 1")
        words = {
            lay.DAY: "d",
            lay.ORDINAL: "ordinal",
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
        self._capture(start.captures)
        self._event(Decision.START, "-1", "-1", self._captured(start.captures, start.captures))
        self._make_room()
        crowded = str(self.reasons[self.program.overflow])
        with self.lines.block(f"if older >= {self.program.concurrent}:"):
            self._event(Decision.DEAD, "0", crowded)
        with self.lines.block("else:"):
            self._life()

    def _make_room(self) -> None:
        """Forgets older candidates that have ended, once there are as many as may live."""
        add = self.lines.add
        with self.lines.block(f"if older >= {self.program.concurrent}:"):
            add("living = 0")
            with self.lines.block("for j in range(older):"):
                add(f"to = j * {self.older} & WHOLE")
                with self.lines.block("if B[to] > i:"):
                    add(f"b = living * {self.older} & WHOLE")
                    for word in range(self.older):
                        add(f"B[b + {word}] = B[to + {word}]")
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
        if self.alike:
            with self.lines.block("if clear <= i:"):
                add("clear = i + 1")
                add(f"why = {ALIVE}")
        add("begun = i")
        add("begun_at = s3")
        add("i += 1")
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
        add(f"b = older * {self.older} & WHOLE")
        add("B[b] = gone")
        if self.program.merge is not None:
            add("B[b + 1] = reached")
            for place, name in enumerate(self.program.merge.same):
                add(f"B[b + {2 + place}] = {self.w.word(name, 'row')}")
        add("older += 1")

    # --- a stage -------------------------------------------------------------------------------

    def _stage(self, number: int, stage: prog.Stage) -> None:
        """The rows of one trading date on which the candidate is in the stage."""
        add = self.lines.add
        self.w.certain = self.layout.certain[stage.name]
        self._due(stage)
        add("last = min(due + 1, fate)" if stage.within else "last = fate")
        guard = self._first_row_of_interest(stage)
        if guard:
            self._count_only(stage)
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
        limit = self.w.value(within.limit).code
        if within.unit == "minutes":
            add(f"due = {self._row_at(f's{lay.STAGE_ROW}', f's{lay.STAGE_MINUTE}', limit)}")
        else:
            add(f"due = max(i, s{lay.STAGE_ROW} + {limit})")

    @staticmethod
    def _row_at(row: str, minute: str, limit: str) -> str:
        """The first row from `i` on that is `limit` minutes after a row, or `stop`.

        Every bar takes a minute at least, so it is no more than so many rows away.
        """
        return f"first_at(m, i, min(stop, max(i, {row} + {limit})), {minute} + {limit})"

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
                with self.lines.block("while clear < inside:"):
                    with self.lines.block(f"if {strikes}:"):
                        add("break")
                    add("clear += 1")
            else:
                add("clear = max(clear, inside)")
            with self.lines.block("if clear >= day_end:"):
                add("break")

    # --- rows on which nothing can happen ------------------------------------------------------

    def _first_row_of_interest(self, stage: prog.Stage) -> Guard | bool:
        """Finds `ripe`, the row before which no rule of the stage can fire.

        Gives the guard where one and the same holds back every rule, and so is true from there on;
        True where there are several, False where some rule has none.
        """
        rules = [*self.program.always[len(self.alike) :], *stage.invalidate]
        asked = [conjuncts(rule.node) for rule in rules]
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
        code = self.w.value(limit).code
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

    def _count_only(self, stage: prog.Stage) -> None:
        """The rows before `ripe`: nothing is asked, only counted, tracker by tracker."""
        add = self.lines.add
        counting = self._counting(stage.name)
        add("soon = min(ripe, last)")
        with self.lines.block("if i < soon:"):
            if not counting:
                add("i = soon")
                return
            after = {tracker.after for tracker in counting} - {None}
            bound = [t for t in counting if t.after is not None or t.name in after]
            alone = [t for t in counting if t not in bound]
            runs = [t for t in alone if self._is_run(t)]
            self._count_runs(runs)
            others = [[t] for t in alone if t not in runs] + ([bound] if bound else [])
            if others:
                add("from_here = i")
            for group in others:
                self._count_rows(group)
            add("i = soon")

    def _is_run(self, tracker: prog.Tracker) -> bool:
        """Whether every bar counts, and what comes of several is one short expression."""
        if self.w.takes(tracker) != "True":
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
            with self.lines.block("for j in range(i & WHOLE, soon):"):
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

    # --- rules ---------------------------------------------------------------------------------

    def _rules(self, number: int, stage: prog.Stage) -> None:
        for rule in (*self.program.always[len(self.alike) :], *stage.invalidate):
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
            add(f"to = j * {self.older} & WHOLE")
            parts = ["B[to] > i", "B[to + 1] <= i"]
            parts += [f"{word} >= 0 and B[to + {2 + k}] == {word}" for k, word in enumerate(words)]
            with self.lines.block(f"if {' and '.join(parts)}:"):
                add("same = True")
        with self.lines.block("if same:"):
            self._die(merge.reason)
            add("break")


NAME: Final = re.compile(r"[A-Za-z]\w*")
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
