"""The machine of a program, as source: one function that takes any run of rows and goes on.

    run(i, stop, d, m, o, h, l, c, v, days, tables, columns, P, S, F, G, E, W, R, room) -> (i, n, w)

It reads rows `i .. stop` (`d` is the trading date of row `i`), keeps candidates in `S`/`F` and
its own memory in `G`, and writes decisions: heads to `E`, their values to `W` (whole numbers) and
`R` (REAL ones), as `engine.machine.written` reads them. It returns the next row to read, the number
of decisions and of values; it stops early, before a bar, when `room` might not do for that bar.
The same text runs as plain Python on lists and compiled by numba on arrays.
"""

from __future__ import annotations

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
    conjuncts,
    leading,
    used_only,
)
from engine.machine.lines import joined
from engine.machine.rows import LOCALS, Place

if TYPE_CHECKING:
    from engine.machine.inputs import Inputs

AHEAD: Final = Place("ahead", bar=False)
ARGUMENTS: Final = "i, stop, d, m, o, h, l, c, v, days, tables, columns, P, S, F, G, E, W, R, room"


def generate(layout: lay.Layout, inputs: Inputs) -> Source:
    """The machine of a program, which asks for `inputs`.

    Both sides run it, each on the bars as it sees them.
    """
    return Source("run", _Machine(layout, inputs).write())


class _Machine(CandidateWriter):
    """Writes the function top down."""

    def write(self) -> str:
        """The whole text: the body first, because only then is it known what it reads."""
        self.lines.depth = 1
        self._days()
        body, self.lines.lines = used_only(self.lines.lines), []
        self.lines.depth = 0
        self.lines.add(f"def run({ARGUMENTS}):")
        self.lines.depth = 1
        self._inputs()
        return "\n".join([*self.w.functions, *self.lines.lines, *body]) + "\n"

    def _inputs(self) -> None:
        for number, parameter in enumerate(self.program.params):
            self.lines.add(f"p_{parameter.name} = P[{number}]")
        for number in range(len(self.inputs.columns)):
            self.lines.add(f"X{number} = columns[{number}]")
        for number in range(len(self.inputs.tables)):
            self.lines.add(f"T{number} = tables[{number}]")
        self.lines.add("n = 0")
        self.lines.add("w = 0")
        self.lines.add(f"live = G[{lay.LIVE}]")

    def _days(self) -> None:
        add = self.lines.add
        with self.lines.block("while i < stop:"):
            with self.lines.block("while days[d + 1] <= i:"):
                add("d += 1")
            add("day = days[d]")
            add("end = min(days[d + 1], stop)")
            with self.lines.block(f"if G[{lay.TODAY}] != d:"):
                add(f"G[{lay.TODAY}] = d")
                add(f"G[{lay.WAS}] = 0")
                add(f"G[{lay.STARTED_TODAY}] = 0")
            add(f"was = G[{lay.WAS}] == 1")
            mark = len(self.lines.lines)
            self._rows()
            add(f"G[{lay.WAS}] = 1 if was else 0")
            loads = [f"        T{k}_d = T{k}[d]" for k in range(len(self.inputs.tables))]
            self.lines.lines[mark:mark] = loads
        add(f"G[{lay.LIVE}] = live")
        add("return i, n, w")

    def _rows(self) -> None:
        add = self.lines.add
        watched = self._watched()
        with self.lines.block("while i < end:"):
            with self.lines.block("if live == 0:"):
                self._idle(watched)
            each = self.layout.events_a_candidate
            with self.lines.block(f"if n + {each} * live + {2 * each} > room:"):
                add(f"G[{lay.WAS}] = 1 if was else 0")
                add(f"G[{lay.LIVE}] = live")
                add("return i, n, w")
            # a sign bit known to be clear spares numba the check for negative indices
            add("i = i & WHOLE")
            for name, local in LOCALS.items():
                add(f"{local} = {self.w.cell(name, 'i')}")
            if self.program.stages:
                with self.lines.block("if live > 0:"):
                    self._candidates()
            self.w.hoisted.clear()
            self._start()
            add("i += 1")

    def _idle(self, watched: tuple[str, str] | None) -> None:
        """Nobody is alive: on to the next row on which a candidate may start."""
        add = self.lines.add
        last = "end"
        if watched:
            first, stop = watched
            with self.lines.block(f"if i < {first}:"):
                add("was = False")
                add(f"i = min({first}, end)")
                add("continue")
            with self.lines.block(f"if i >= {stop}:"):
                add("was = False")
                add("i = end")
                add("break")
            last = f"min({stop}, end)"
        cheap = [
            self.w.truth(part, AHEAD).true
            for rule in self.program.start.when
            for part in conjuncts(rule.node)
            if not isinstance(part, ir.InSession) and not self.w.needs_statements(part, AHEAD)
        ]
        if not cheap:
            return
        # only what cannot be a start is passed over; the rest is looked at in full below
        add("ahead = i & WHOLE")
        add(f"last = {last}")
        self._go_on_until("ahead", "last", joined("and", cheap))
        with self.lines.block("if ahead > i:"):
            add("was = False")
            add("i = ahead")
            add("continue")

    def _watched(self) -> tuple[str, str] | None:
        """First and last row of the session outside which nothing can start."""
        for rule in self.program.start.when:
            for part in conjuncts(rule.node):
                if isinstance(part, ir.InSession):
                    first = self.inputs.table("first", part.session)
                    last = self.inputs.table("stop", part.session)
                    return f"T{first}_d", f"T{last}_d"
        return None

    def _candidates(self) -> None:
        add = self.lines.add
        always = self.program.always
        alike = leading(always)
        if alike:
            self._all_die(alike)
        for rule in always[len(alike) :]:
            if ir.is_row(rule.node):
                self.w.hoist(rule.node)
        for tracker in self.program.trackers:
            if tracker.where is not None:
                self.w.hoist(tracker.where)
        add("k = 0")
        add("kept = 0")
        with self.lines.block("while k < live:"):
            self._slot("k")
            add(f"stage = S[b + {lay.STAGE}]")
            add(f"ended = {ALIVE}")
            add("counts = True")
            with self.lines.block("while True:"):
                self._rules(always[len(alike) :])
                add("break")
            with self.lines.block(f"if ended == {ALIVE}:"):
                self._after_rules()
            with self.lines.block(f"if ended == {ALIVE}:"):
                with self.lines.block("if kept != k:"):
                    self._move("kept")
                add("kept += 1")
            with self.lines.block("elif ended >= 0:"):
                self._event(Decision.DEAD, "stage", "ended")
            add("k += 1")
        add("live = kept")

    def _all_die(self, rules: tuple[prog.Named, ...]) -> None:
        """Rules that see nothing but the bar are asked once: they end every candidate alike."""
        add = self.lines.add
        add(f"ended = {ALIVE}")
        for rule in rules:
            with self.lines.block(f"if ended == {ALIVE}:"), self._all_true([rule.node]):
                add(f"ended = {self.reasons[rule.name]}")
        with self.lines.block("if ended >= 0:"):
            with self.lines.block("for j in range(live):"):
                add(f"b = j * {self.layout.ints} & WHOLE")
                self._event(Decision.DEAD, f"S[b + {lay.STAGE}]", "ended")
            add("live = 0")

    def _slot(self, number: str) -> None:
        """Puts `b` and `f` where the words of a candidate lie."""
        self.lines.add(f"b = {number} * {self.layout.ints} & WHOLE")
        if self.layout.has_reals:
            self.lines.add(f"f = {number} * {self.layout.reals} & WHOLE")

    def _move(self, number: str) -> None:
        """Moves the words of the candidate at hand to another slot."""
        add = self.lines.add
        add(f"to = {number} * {self.layout.ints} & WHOLE")
        with self.lines.block(f"for j in range({self.layout.ints}):"):
            add("S[to + j] = S[b + j]")
        if self.layout.has_reals:
            add(f"to = {number} * {self.layout.reals} & WHOLE")
            with self.lines.block(f"for j in range({self.layout.reals}):"):
                add("F[to + j] = F[f + j]")

    def _rules(self, always: tuple[prog.Named, ...]) -> None:
        for rule in always:
            self._dies_if(rule)
        for number, stage in enumerate(self.program.stages):
            with self.lines.block(f"{'if' if number == 0 else 'elif'} stage == {number}:"):
                self.w.certain = self.layout.certain[stage.name]
                for rule in stage.invalidate:
                    self._dies_if(rule)
                for advance in stage.advance:
                    with self._all_true([rule.node for rule in advance.when]):
                        self._advance(number, advance)
        self.w.certain = frozenset()

    def _dies_if(self, rule: prog.Named) -> None:
        with self._all_true([rule.node]):
            self._die(rule.name)
            self.lines.add("break")

    def _advance(self, number: int, advance: prog.Advance) -> None:
        add = self.lines.add
        self._capture(advance.captures)
        self.w.certain |= {capture.name for capture in advance.captures}
        if advance.to == prog.ENTRY:
            add(f"ended = {COMPLETED}")
            self._complete("stage")
            add("break")
            self.w.certain = self.layout.certain[self.program.stages[number].name]
            return
        merge = self.program.merge
        if merge is not None and merge.at == advance.to:
            self._merge(merge)
        to = self.stages[advance.to]
        stage = self.program.stages[number]
        told = self._captured(prog.captures_between(stage, advance.to), advance.captures)
        self._event(Decision.ADVANCE, str(number), str(to), told)
        self.w.certain = self.layout.certain[stage.name]
        add(f"stage = {to}")
        add(f"S[b + {lay.STAGE}] = {to}")
        add(f"S[b + {lay.STAGE_ROW}] = i")
        add(f"S[b + {lay.STAGE_MINUTE}] = M")
        match advance.this_bar:
            case prog.ThisBar.EXAMINE:
                add("continue")
            case prog.ThisBar.SKIP:
                add("counts = False")
                add("break")
            case prog.ThisBar.COUNT:
                add("break")

    def _merge(self, merge: prog.Merge) -> None:
        add = self.lines.add
        words = [self.layout.slots[name, "row"].index for name in merge.same]
        add("same = False")
        with self.lines.block("for j in range(kept):"):
            add(f"to = j * {self.layout.ints} & WHOLE")
            parts = [f"S[to + {lay.STAGE}] >= {self.stages[merge.at]}"]
            parts += [f"S[b + {word}] >= 0 and S[to + {word}] == S[b + {word}]" for word in words]
            with self.lines.block(f"if {' and '.join(parts)}:"):
                add("same = True")
        with self.lines.block("if same:"):
            self._die(merge.reason)
            add("break")

    def _others_die(self) -> None:
        add = self.lines.add
        if not self.program.stages:
            return
        reason = str(self.reasons[self.program.entry.others])
        for low, high in (("0", "kept"), ("k + 1", "live")):
            with self.lines.block(f"for j in range({low}, {high}):"):
                add(f"b = j * {self.layout.ints} & WHOLE")
                self._event(Decision.DEAD, f"S[b + {lay.STAGE}]", reason)
        add("kept = 0")
        add("live = 0")

    def _after_rules(self) -> None:
        """Per stage in which the bar ended: trackers, unless the bar was skipped; the deadline."""
        for number, stage in enumerate(self.program.stages):
            with self.lines.block(f"{'if' if number == 0 else 'elif'} stage == {number}:"):
                self.w.certain = self.layout.certain[stage.name]
                if self._counting(stage.name):
                    with self.lines.block("if counts:"):
                        self._trackers(stage.name)
                if stage.within is not None:
                    self._deadline(stage.within)
        self.w.certain = frozenset()

    def _deadline(self, within: prog.Deadline) -> None:
        now, word = ("M", lay.STAGE_MINUTE) if within.unit == "minutes" else ("i", lay.STAGE_ROW)
        limit = self.w.value(within.limit).code
        with self.lines.block(f"if {now} - S[b + {word}] >= {limit}:"):
            self._die(within.reason)

    def _start(self) -> None:
        start, add = self.program.start, self.lines.add
        add("now = False")
        with self._all_true([rule.node for rule in start.when]):
            add("now = True")
        with self.lines.block("if now and not was:" if start.rising else "if now:"):
            add("free = True")
            if start.spacing is not None and self.program.stages:
                self._spacing(start)
            with self.lines.block("if free:"):
                self._begin(start)
        add("was = now")

    def _spacing(self, start: prog.Start) -> None:
        assert start.spacing is not None
        now, word = (
            ("M", lay.START_MINUTE) if start.spacing_unit == "minutes" else ("i", lay.START_ROW)
        )
        limit = self.w.value(start.spacing).code
        # candidates lie oldest first, so from the youngest back only a few can be young enough
        with self.lines.block("for j in range(live - 1, -1, -1):"):
            self.lines.add(f"to = j * {self.layout.ints} & WHOLE")
            with self.lines.block(f"if {now} - S[to + {word}] >= {limit}:"):
                self.lines.add("break")
            with self.lines.block(f"if S[to + {lay.STAGE}] == 0:"):
                self.lines.add("free = False")
                self.lines.add("break")

    def _begin(self, start: prog.Start) -> None:
        add = self.lines.add
        first_stage = 0 if self.program.stages else -1
        add(f"G[{lay.STARTED_TODAY}] += 1")
        self._slot("live")
        words = {
            lay.DAY: "d",
            lay.ORDINAL: f"G[{lay.STARTED_TODAY}]",
            lay.START_ROW: "i",
            lay.START_MINUTE: "M",
            lay.STAGE: str(first_stage),
            lay.STAGE_ROW: "i",
            lay.STAGE_MINUTE: "M",
        }
        for word, code in words.items():
            add(f"S[b + {word}] = {code}")
        for (_, field), slot in self.layout.slots.items():
            target = f"F[f + {slot.index}]" if slot.kind is Kind.REAL else f"S[b + {slot.index}]"
            add(f"{target} = {'-1' if field in {'row', 'last'} else '0'}")
        self._capture(start.captures)
        self._event(Decision.START, "-1", "-1", self._captured(start.captures, start.captures))
        if not self.program.stages:
            add(f"ended = {COMPLETED}")
            self._complete("-1")
            with self.lines.block("if ended >= 0:"):
                self._event(Decision.DEAD, "-1", "ended")
            return
        with self.lines.block(f"if live < {self.program.concurrent}:"):
            add("live += 1")
        with self.lines.block("else:"):
            self._event(Decision.DEAD, "0", str(self.reasons[self.program.overflow]))
