"""What befalls one candidate, as source: captures, trackers, the completion, the events.

Both forms of the machine are written with these: `engine.machine.generate`, which goes bar by bar
and asks every candidate, and `engine.machine.walk`, which follows one candidate to its end.
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
from engine.machine.lines import Lines, Value
from engine.machine.rows import LOCALS, NOW, Place
from engine.machine.write import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.ir.expression import Node
    from engine.machine.inputs import Inputs

# what `ended` holds besides the reason of a death
ALIVE: Final = -1
COMPLETED: Final = -2

Told = list[tuple[Kind, str]]
"""The values of an event: of which kind each is, and its code."""


@dataclass(frozen=True)
class Source:
    """The generated text of a function, and its name."""

    name: str
    text: str

    def __hash__(self) -> int:
        """Of the text, which Python works out once: sources are looked up with every run."""
        return hash(self.text)


class CandidateWriter:
    """Writes what the rules of a program do to the candidate at hand."""

    local = False
    """Whether the words of the candidate are local variables."""

    def __init__(self, layout: lay.Layout, inputs: Inputs) -> None:
        """A writer that asks for `inputs`."""
        self.program = layout.program
        self.layout = layout
        self.inputs = inputs
        self.lines = Lines()
        self.w = Writer(layout, inputs, self.lines, local=self.local)
        self.stages = {stage.name: number for number, stage in enumerate(self.program.stages)}
        self.reasons = {name: number for number, name in enumerate(layout.reasons)}

    @contextmanager
    def _all_true(self, nodes: Sequence[Node], place: Place = NOW) -> Iterator[None]:
        """Nested ifs, so that a later condition's statements run only when they are needed."""
        depth = self.lines.depth
        parts = [part for node in nodes for part in conjuncts(node)]
        # what needs statements of its own comes last: cheap conditions spare the dear ones
        for node in sorted(parts, key=lambda part: self.w.needs_statements(part, place)):
            self.lines.add(f"if {self.w.truth(node, place).true}:")
            self.lines.depth += 1
        yield
        self.lines.depth = depth

    def _go_on_until(self, row: str, last: str, true: str) -> None:
        """Moves a row on, as far as `last`, to one on which the code is true."""
        with self.lines.block(f"while {row} < {last}:"):
            with self.lines.block(f"if {true}:"):
                self.lines.add("break")
            self.lines.add(f"{row} += 1")

    def _die(self, reason: str) -> None:
        """The event is written in one place, when all is said about the candidate."""
        self.lines.add(f"ended = {self.reasons[reason]}")

    def _event(self, kind: Decision, stage: str, cause: str, told: Told | None = None) -> None:
        """A decision: its head, and its values."""
        self._write_event(str(int(kind)), stage, cause, told)

    def _write_event(self, kind: str, stage: str, cause: str, told: Told | None) -> None:
        add = self.lines.add
        who = ", ".join(map(self.w.header, (lay.DAY, lay.ORDINAL, lay.START_ROW)))
        add(f"n = head(E, n, i, {kind}, {who}, {stage}, {cause}, w)")
        for position, (what, code) in enumerate(told or ()):
            if what is not Kind.REAL:
                add(f"W[w + {position}] = {code}")
            elif self.layout.tells_reals:
                add(f"R[w + {position}] = {code}")
        if told:
            add(f"w += {len(told)}")

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

    def _captured(self, told: tuple[prog.Capture, ...], made: tuple[prog.Capture, ...]) -> Told:
        """The values of captures; what was not made now is na."""
        values: Told = []
        for capture in told:
            for name, node in capture.fields:
                unknown = "NAN" if node.kind is Kind.REAL else "NA"
                word = self.w.word(capture.name, name) if capture in made else unknown
                values.append((node.kind, word))
        return values

    def _complete(self, stage: str) -> None:
        """The setup of the candidate becomes an entry, or dies with a named reason."""
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
        values: Told = [
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
        self._event(Decision.ENTRY, stage, "case", values)
        if program.entry.others:
            self._others_die()

    def _others_die(self) -> None:
        """An entry ends all other candidates."""
        raise NotImplementedError

    # --- trackers ------------------------------------------------------------------------------

    def _counting(self, stage: str) -> list[prog.Tracker]:
        """The trackers that count in a stage, in program order."""
        return [tracker for tracker in self.program.trackers if stage in tracker.stages]

    def _trackers(self, stage: str) -> None:
        """The trackers that count in a stage, on the bar at hand."""
        self._count_all(self._counting(stage))

    def _count_all(self, counting: list[prog.Tracker]) -> None:
        # one that does not count here cannot have been set on this bar
        watched = {t.after for t in counting if t.after is not None}
        for name in sorted(watched):
            self.lines.add(f"set_{name} = False")
        for tracker in counting:
            self._tracker(tracker, watched)

    def _tracker(self, tracker: prog.Tracker, watched: set[str]) -> None:
        if tracker.after is None:
            self._count(tracker, watched)
            return
        before = self.w.word(tracker.after, "row")
        with self.lines.block(f"if set_{tracker.after}:"):
            self._empty(tracker)
        with self.lines.block(f"elif {before} >= 0:"):
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
