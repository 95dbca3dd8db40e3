"""The machine of one side, as source: one function that takes any run of rows and goes on.

    run(i, stop, d, m, o, h, l, c, v, days, tables, columns, P, S, F, G, E, W, R, room) -> (i, n, w)

It reads rows `i .. stop` (`d` is the trading date of row `i`), keeps candidates in `S`/`F` and
its own memory in `G`, and writes decisions: heads to `E`, their values to `W` (whole numbers) and
`R` (REAL ones), as `engine.machine.written` reads them. It returns the next row to read, the number
of decisions and of values; it stops early, before a bar, when `room` might not do for that bar.
The same text runs as plain Python on lists and compiled by numba on arrays.
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
from engine.machine.inputs import Inputs
from engine.machine.write import LOCALS, Lines, Place, Value, Writer, joined
from engine.machine.written import HEAD, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.expression import Node


@dataclass(frozen=True, slots=True)
class Source:
    """The generated text of one side, and what it reads."""

    text: str
    columns: tuple[Node, ...]
    tables: tuple[object, ...]


def generate(program: prog.Program, side: prog.Side) -> Source:
    """The machine of one side of a program."""
    layout = lay.Layout(program)
    inputs = Inputs()
    body = _Machine(program, layout, inputs, mirrored=side is not program.written)
    text = body.write()
    return Source(text, tuple(inputs.columns), tuple(inputs.tables))


AHEAD: Final = Place("ahead", bar=False)
ARGUMENTS: Final = "i, stop, d, m, o, h, l, c, v, days, tables, columns, P, S, F, G, E, W, R, room"
# what `ended` holds besides the reason of a death
ALIVE: Final = -1
COMPLETED: Final = -2


class _Machine:
    """Writes the function top down."""

    def __init__(
        self, program: prog.Program, layout: lay.Layout, inputs: Inputs, *, mirrored: bool
    ) -> None:
        self.program = program
        self.layout = layout
        self.inputs = inputs
        self.lines = Lines()
        self.w = Writer(layout, inputs, self.lines, mirrored=mirrored)
        self.stages = {stage.name: number for number, stage in enumerate(program.stages)}
        self.reasons = {name: number for number, name in enumerate(layout.reasons)}

    def write(self) -> str:
        """The whole text: the body first, because only then is it known what it reads."""
        self.lines.depth = 1
        self._days()
        body, self.lines.lines = used_only(self.lines.lines), []
        self.lines.depth = 0
        self.lines.add(f"def run({ARGUMENTS}):")
        self.lines.depth = 1
        self._inputs()
        return "\n".join([*self.lines.lines, *body]) + "\n"

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

    # --- dates and rows ------------------------------------------------------------------------

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
        with self.lines.block("while ahead < last:"):
            with self.lines.block(f"if {joined('and', cheap)}:"):
                add("break")
            add("ahead += 1")
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

    # --- candidates ----------------------------------------------------------------------------

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

    @contextmanager
    def _all_true(self, nodes: list[Node]) -> Iterator[None]:
        """Nested ifs, so that a later condition's statements run only when they are needed."""
        depth = self.lines.depth
        parts = [part for node in nodes for part in conjuncts(node)]
        # what needs statements of its own comes last: cheap conditions spare the dear ones
        for node in sorted(parts, key=self.w.needs_statements):
            self.lines.add(f"if {self.w.truth(node).true}:")
            self.lines.depth += 1
        yield
        self.lines.depth = depth

    def _die(self, reason: str) -> None:
        """The event is written in one place, when all is said about the candidate."""
        self.lines.add(f"ended = {self.reasons[reason]}")

    def _event(self, kind: Decision, stage: str, cause: str) -> None:
        add = self.lines.add
        add(f"e = n * {HEAD} & WHOLE")
        words = (
            "i",
            str(int(kind)),
            f"S[b + {lay.DAY}]",
            f"S[b + {lay.ORDINAL}]",
            f"S[b + {lay.START_ROW}]",
            stage,
            cause,
        )
        for offset, word in enumerate(words):
            add(f"E[e + {offset}] = {word}" if offset else f"E[e] = {word}")
        add(f"E[e + {PLACE}] = w")
        add("n += 1")

    def _tell(self, values: list[tuple[Kind, str]]) -> None:
        """The values of the event just written."""
        for position, (kind, code) in enumerate(values):
            stream = "R" if kind is Kind.REAL else "W"
            self.lines.add(f"{stream}[w + {position}] = {code}")
        if values:
            self.lines.add(f"w += {len(values)}")

    # --- advances ------------------------------------------------------------------------------

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
        self._event(Decision.ADVANCE, str(number), str(to))
        stage = self.program.stages[number]
        self.w.certain = self.layout.certain[stage.name]
        self._captured(prog.captures_between(stage, advance.to), advance.captures)
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

    def _capture(self, captures: tuple[prog.Capture, ...]) -> None:
        """Values first, words after: a capture may replace one that another still reads."""
        made: list[tuple[str, str]] = []
        for capture in captures:
            for name, node in capture.fields:
                value = self.w.value(node)
                known = value.oks and node.kind is not Kind.REAL
                code = f"({value.code} if {value.ok} else NA)" if known else value.code
                made.append((self.w.word(capture.name, name), self.w.keep(Value(code), "q").code))
            made.append((self.w.word(capture.name, "row"), "i"))
            made.append((self.w.word(capture.name, "at"), "M"))
        for word, code in made:
            self.lines.add(f"{word} = {code}")

    def _captured(self, told: tuple[prog.Capture, ...], made: tuple[prog.Capture, ...]) -> None:
        """Tells values with the event just written; what was not made now is na."""
        values = []
        for capture in told:
            for name, node in capture.fields:
                unknown = "NAN" if node.kind is Kind.REAL else "NA"
                word = self.w.word(capture.name, name) if capture in made else unknown
                values.append((node.kind, word))
        self._tell(values)

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

    # --- completion ----------------------------------------------------------------------------

    def _complete(self, stage: str) -> None:
        """The setup at slot words `b`, `f` becomes an entry, or dies with a named reason."""
        program = self.program
        w, add = self.w, self.lines.add
        with self.lines.block("while True:"):
            for rule in program.filters:
                self._refuses(rule)
            price = w.value(program.entry.price) if program.entry.price is not None else None
            entry = self._known(price, prog.NO_PRICE) if price else LOCALS["close"]
            w.bracket["entry", 0] = entry
            self._stop()
            for index, target in enumerate(program.targets):
                made = self._known(w.value(target.price), prog.NO_TARGET)
                w.bracket["target", index] = made
            for rule in program.require:
                self._refuses(rule)
            self._entry(stage, entry)
            add("break")

    def _refuses(self, rule: prog.Named) -> None:
        true = self.w.truth(rule.node).true
        with self.lines.block(f"if not ({true}):"):
            self._die(rule.name)
            self.lines.add("break")

    def _known(self, value: Value, reason: str) -> str:
        if value.oks:
            with self.lines.block(f"if not ({value.ok}):"):
                self._die(reason)
                self.lines.add("break")
        name = self.lines.fresh("y")
        self.lines.add(f"{name} = {value.code}")
        return name

    def _stop(self) -> None:
        w, add = self.w, self.lines.add
        add("case = -1")
        add("stop_at = NA")
        for number, case in enumerate(self.program.stops):
            with self.lines.block("if case < 0:"):
                asked = [case.condition] if case.condition is not None else []
                with self._all_true(asked):
                    add(f"case = {number}")
                    value = w.value(case.price)
                    add(
                        f"stop_at = {value.code} if {value.ok} else NA"
                        if value.oks
                        else f"stop_at = {value.code}"
                    )
        with self.lines.block("if stop_at == NA:"):
            self._die(prog.NO_STOP)
            add("break")
        w.bracket["stop", 0] = "stop_at"

    def _entry(self, stage: str, entry: str) -> None:
        program, w = self.program, self.w
        values: list[tuple[Kind, str]] = [
            (Kind.INT, LOCALS["close"]),
            (Kind.INT, entry),
            (Kind.INT, "stop_at"),
        ]
        values += [(Kind.INT, w.bracket["target", k]) for k in range(len(program.targets))]
        for feature in program.features:
            value = w.keep(w.value(feature.node))
            known = value.oks and feature.node.kind is not Kind.REAL
            code = f"{value.code} if {value.ok} else NA" if known else value.code
            values.append((feature.node.kind, code))
        atr = program.risk.atr
        values.append((Kind.REAL, w.value(atr).code if atr is not None else "NAN"))
        self._event(Decision.ENTRY, stage, "case")
        self._tell(values)
        if program.entry.others:
            self._others_die()

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

    # --- after the rules -----------------------------------------------------------------------

    def _after_rules(self) -> None:
        """Per stage in which the bar ended: trackers, unless the bar was skipped; the deadline."""
        for number, stage in enumerate(self.program.stages):
            with self.lines.block(f"{'if' if number == 0 else 'elif'} stage == {number}:"):
                self.w.certain = self.layout.certain[stage.name]
                self._trackers(stage.name)
                if stage.within is not None:
                    self._deadline(stage.within)
        self.w.certain = frozenset()

    def _trackers(self, stage: str) -> None:
        """The trackers that count in a stage, in program order."""
        counting = [t for t in self.program.trackers if stage in t.stages]
        if not counting:
            return
        # one that does not count here cannot have been set on this bar
        watched = {t.after for t in counting if t.after is not None}
        with self.lines.block("if counts:"):
            for name in sorted(watched):
                self.lines.add(f"set_{name} = False")
            for tracker in counting:
                self._tracker(tracker, watched)

    def _tracker(self, tracker: prog.Tracker, watched: set[str]) -> None:
        if tracker.after is None:
            self._count(tracker, watched)
            return
        before = self.layout.slots[tracker.after, "row"].index
        with self.lines.block(f"if set_{tracker.after}:"):
            self._empty(tracker)
        with self.lines.block(f"elif S[b + {before}] >= 0:"):
            self._count(tracker, watched)

    def _empty(self, tracker: prog.Tracker) -> None:
        if tracker.op in {prog.TrackerOp.COUNT, prog.TrackerOp.SUM}:
            self.lines.add(f"{self.w.word(tracker.name, 'value')} = 0")
        else:
            self.lines.add(f"{self.w.word(tracker.name, 'row')} = -1")

    def _count(self, tracker: prog.Tracker, watched: set[str]) -> None:
        w, add = self.w, self.lines.add
        name = tracker.name
        match tracker.op:
            case prog.TrackerOp.COUNT | prog.TrackerOp.SUM:
                with self.lines.block(f"if {w.takes(tracker)}:"):
                    step = w.value(tracker.value).code if tracker.value is not None else "1"
                    add(f"{w.word(name, 'value')} += {step}")
            case prog.TrackerOp.BARS:
                with self.lines.block(f"if {w.takes(tracker)}:"):
                    with self.lines.block(f"if {w.word(name, 'row')} < 0:"):
                        add(f"{w.word(name, 'row')} = i")
                    add(f"{w.word(name, 'last')} = i")
            case _ if name in self.layout.extremes_only:
                self._extreme(tracker)
            case _:
                with self.lines.block(f"if {w.replaces(tracker)}:"):
                    self._hold(tracker)
                    if name in watched:
                        add(f"set_{name} = True")

    def _extreme(self, tracker: prog.Tracker) -> None:
        w = self.w
        assert tracker.value is not None
        taken = w.takes(tracker)
        pick = "max" if tracker.op is prog.TrackerOp.HIGHEST else "min"
        row, held = w.word(tracker.name, "row"), w.word(tracker.name, "value")
        fresh = w.keep(w.value(tracker.value)).code
        with self.lines.block(f"if {taken}:"):
            self.lines.add(f"{held} = {pick}({held}, {fresh}) if {row} >= 0 else {fresh}")
            self.lines.add(f"{row} = i")

    def _hold(self, tracker: prog.Tracker) -> None:
        w, add = self.w, self.lines.add
        fields = dict(tracker.fields)
        if tracker.value is not None:
            fields["value"] = tracker.value
        for field, node in fields.items():
            value = w.value(node)
            known = value.oks and node.kind is not Kind.REAL
            code = f"{value.code} if {value.ok} else NA" if known else value.code
            add(f"{w.word(tracker.name, field)} = {code}")
        add(f"{w.word(tracker.name, 'row')} = i")
        add(f"{w.word(tracker.name, 'at')} = M")

    def _deadline(self, within: prog.Deadline) -> None:
        now, word = ("M", lay.STAGE_MINUTE) if within.unit == "minutes" else ("i", lay.STAGE_ROW)
        limit = self.w.value(within.limit).code
        with self.lines.block(f"if {now} - S[b + {word}] >= {limit}:"):
            self._die(within.reason)

    # --- starts --------------------------------------------------------------------------------

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
        self._event(Decision.START, "-1", "-1")
        self._captured(start.captures, start.captures)
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


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The conditions that must all be true for the node to be true."""
    if isinstance(node, ir.AllOf):
        return tuple(part for operand in node.operands for part in conjuncts(operand))
    return (node,)


def leading(rules: tuple[prog.Named, ...]) -> tuple[prog.Named, ...]:
    """The rules up to the first that looks at the candidate."""
    for count, rule in enumerate(rules):
        if not ir.is_row(rule.node):
            return rules[:count]
    return rules


LOCAL: Final = re.compile(rf"\s*([{''.join(LOCALS.values())}]|r\d+) = ")
NAME: Final = re.compile(r"[A-Za-z]\w*")


def used_only(lines: list[str]) -> list[str]:
    """The lines without values of the bar that nobody reads."""
    read: set[str] = set()
    kept = []
    for line in reversed(lines):
        made = LOCAL.match(line)
        if made and made[1] not in read:
            continue
        read.update(NAME.findall(line[made.end() :] if made else line))
        kept.append(line)
    return kept[::-1]
