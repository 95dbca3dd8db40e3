"""What holds on every bar and of every candidate, as linear forms over the atoms of a case.

Each fact belongs to a family, so that a finding can say which of them it rests on. Nothing here
depends on the market: a low is not above its high, a tracker's highest is not below the bars that
it counted, what is remembered is older than the bar at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from typing import TYPE_CHECKING, Final

from dsl.analysis.cases import HERE, Atom, Form
from dsl.ir import expression as ir
from dsl.ir.program import ENTRY, ThisBar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dsl.analysis.cases import Case, Expander, Frame, Group
    from dsl.analysis.intervals import Interval
    from dsl.ir.program import Program, Stage, Tracker


class Family(StrEnum):
    """What a fact is about."""

    BAR = "bar"
    WINDOW = "window"
    SESSION = "session"
    TRACKER = "tracker"
    TIME = "time"
    DEADLINE = "deadline"
    BOUNDS = "bounds"


EVERYTHING: Final = frozenset(Family)

MINUTE, ROW, VOLUME = ir.BarField("minute"), ir.Row(), ir.BarField("volume")
CLOCKS: Final = {"minute": MINUTE, "row": ROW}
ORDERED: Final = (
    ("low", "open"),
    ("low", "close"),
    ("low", "high"),
    ("open", "high"),
    ("close", "high"),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a condition is asked.

    `stage`: of a candidate in this stage. `entry`: on the bar that completes the setup.
    `known`: groups that are known there; `blank`: groups that cannot be.
    `sessions`: those the bar at hand lies in.
    """

    stage: Stage | None = None
    entry: bool = False
    known: frozenset[Group] = frozenset()
    blank: frozenset[Group] = frozenset()
    sessions: frozenset[str] = frozenset()


@dataclass(slots=True)
class Facts:
    """The facts of a program, about the atoms that a case speaks of."""

    program: Program
    expander: Expander
    cyclic: frozenset[str]

    def about(
        self, case: Case, setting: Setting, families: frozenset[Family] = EVERYTHING
    ) -> list[Form]:
        """The facts that bear on a case."""
        atoms = list(dict.fromkeys(atom for form in case.forms for atom, _ in form.terms))
        atoms += [atom for atom in self._clocks(atoms) if atom not in atoms]
        found: list[Form] = []
        for family, facts in _FAMILIES.items():
            if family in families:
                made = list(facts(self, atoms, case, setting))
                found += made
                more = (atom for form in made for atom, _ in form.terms)
                atoms = list(dict.fromkeys([*atoms, *more]))
        return found

    def _clocks(self, atoms: Sequence[Atom]) -> Iterator[Atom]:
        """The instants that link ages to each other, where any age is asked for."""
        for unit, node in CLOCKS.items():
            if any(atom.node == node or _is_clock(atom, unit) for atom in atoms):
                yield from (Atom(HERE, node), _clock("start", unit), _clock("stage", unit))

    def bounded(self, atoms: Sequence[Atom], _case: Case, _setting: Setting) -> Iterator[Form]:
        """Every number lies within its bounds; REALs whose bounds do not meet are in that order."""
        reals = []
        for atom in atoms:
            held = self._interval(atom)
            if held is None:
                continue
            if atom.node.kind is ir.Kind.REAL:
                reals.append((atom, held))
                continue
            yield _single(atom).shifted(-int(held.low))
            yield _single(atom).times(-1).shifted(int(held.high))
        for (a, low), (b, high) in permutations(reals, 2):
            if low.high <= high.low:
                yield _above(b, a, int(low.high < high.low))

    def _interval(self, atom: Atom) -> Interval | None:
        larger = atom.frame[:1] == ("larger",)
        if larger and any(inner == VOLUME for inner in ir.walk(atom.node)):
            return None  # the volume of several bars
        return self.expander.bounds.of(atom.node)

    # --- one bar -----------------------------------------------------------------------------

    def bars(self, atoms: Sequence[Atom], _case: Case, _setting: Setting) -> Iterator[Form]:
        """Low <= open, close <= high, whichever bar or session it is."""
        owners: dict[object, dict[str, Atom]] = {}
        for atom in atoms:
            match atom.node:
                case ir.BarField(name):
                    owners.setdefault(atom.frame, {})[name] = atom
                case ir.SessionValue(session, name, occurrence):
                    owner = (atom.frame, session, occurrence)
                    owners.setdefault(owner, {})[name] = atom
                case _:
                    pass
        for fields in owners.values():
            for lower, upper in ORDERED:
                if lower in fields and upper in fields:
                    yield _above(fields[upper], fields[lower])

    def windows(self, atoms: Sequence[Atom], case: Case, _setting: Setting) -> Iterator[Form]:
        """The highest of a window is not below what the window holds."""
        extremes = [a for a in atoms if isinstance(a.node, ir.Window) and a.node.op in SIGN]
        for atom in extremes:
            assert isinstance(atom.node, ir.Window)
            sign, over = SIGN[atom.node.op], atom.node.over
            if over.where is None and not over.before:
                yield from self._beyond(atom, atom.node.operand, atom.frame, sign)
            yield from self._beyond_earlier(atom, atoms, sign)
        for atom in atoms:
            match atom.node:
                case ir.SinceSession(op, operand, session) if op in SIGN:
                    if (Atom(atom.frame, ir.InSession(session)), True) in case.literals:
                        yield from self._beyond(atom, operand, atom.frame, SIGN[op])
                case _:
                    pass
        for a, b in permutations(extremes, 2):
            yield from self._longer(a, b)

    def _beyond(self, atom: Atom, operand: ir.Node, frame: Frame, sign: int) -> Iterator[Form]:
        """Atom >= operand (or <=) of the bar of `frame`, if that is a plain sum and never na."""
        values = self.expander.values(operand, frame)
        if len(values) == 1 and not self.expander.needs(operand):
            yield _single(atom).plus(values[0][0], -1).times(sign)

    def _beyond_earlier(self, atom: Atom, atoms: Sequence[Atom], sign: int) -> Iterator[Form]:
        assert isinstance(atom.node, ir.Window)
        over, operand = atom.node.over, atom.node.operand
        if over.where is not None or atom.frame != HERE:
            return
        held = self.expander.bounds.of(over.bars).low
        for other in atoms:
            if other.frame[:1] != ("lag",) or other.node != operand:
                continue
            lag = other.frame[1]
            if isinstance(lag, ir.Const) and over.before <= lag.value < held + over.before:
                yield _single(atom).plus(_single(other), -1).times(sign)

    def _longer(self, a: Atom, b: Atom) -> Iterator[Form]:
        """Of two windows that end together, the longer one reaches further."""
        x, y = a.node, b.node
        assert isinstance(x, ir.Window)
        assert isinstance(y, ir.Window)
        same = (x.operand, x.over.before, x.over.where) == (y.operand, y.over.before, y.over.where)
        if not same or a.frame != b.frame or x.over.where is not None:
            return
        if (x.op, y.op) == ("highest", "lowest"):
            yield _above(a, b)
        longer = (
            self.expander.bounds.of(x.over.bars).low >= self.expander.bounds.of(y.over.bars).high
        )
        if x.op == y.op and longer:
            yield _above(a, b).times(SIGN[x.op])

    # --- sessions ----------------------------------------------------------------------------

    def sessions(self, atoms: Sequence[Atom], case: Case, setting: Setting) -> Iterator[Form]:
        """Inside a session the bar at hand belongs to its values so far."""
        inside = {
            atom.node.session
            for atom, true in case.literals
            if true and atom.frame == HERE and isinstance(atom.node, ir.InSession)
        } | setting.sessions
        for atom in atoms:
            node = atom.node
            if atom.frame != HERE:
                continue
            match node:
                case ir.SessionValue(session, "high" | "low" as field, ir.Occurrence.SO_FAR):
                    if session in inside:
                        own = Atom(HERE, ir.BarField(field))
                        yield _above(atom, own).times(1 if field == "high" else -1)
                case ir.SessionClock(session, edge) if session in inside:
                    least = 0 if edge == "since" else self.program.bar_minutes
                    yield _single(atom).shifted(-least)
                case _:
                    pass

    # --- what a candidate remembers ----------------------------------------------------------

    def trackers(self, atoms: Sequence[Atom], _case: Case, _setting: Setting) -> Iterator[Form]:
        """The highest of some bars is not below any of them that another tracker holds."""
        held = [atom for atom in atoms if atom.frame[:1] == ("tracker",)]
        for atom in held:
            name, now = atom.frame[1], atom.frame[2] is True
            tracker = self._tracker(name)
            if tracker is None or atom.node != tracker.value or tracker.op not in SIGN:
                continue
            sign = SIGN[tracker.op]
            if now and tracker.where is None:
                yield from self._beyond(atom, atom.node, HERE, sign)
            for frame in dict.fromkeys(other.frame for other in held):
                if frame != atom.frame and self._counted_too(tracker, frame, now=now):
                    yield from self._beyond(atom, atom.node, frame, sign)

    def _tracker(self, name: object) -> Tracker | None:
        return next((t for t in self.program.trackers if t.name == name), None)

    def _counted_too(self, tracker: Tracker, frame: Frame, *, now: bool) -> bool:
        """Whether every bar that the tracker of `frame` can hold was counted by `tracker`."""
        other = self._tracker(frame[1])
        if other is None or (frame[2] is True and not now):
            return False
        everything = tracker.where is None and tracker.after is None
        return everything and set(other.stages) <= set(tracker.stages)

    # --- time --------------------------------------------------------------------------------

    def times(self, atoms: Sequence[Atom], _case: Case, setting: Setting) -> Iterator[Form]:
        """What began earlier is older."""
        for unit, node in CLOCKS.items():
            step = self.program.bar_minutes if unit == "minute" else 1
            now, start, stage = Atom(HERE, node), _clock("start", unit), _clock("stage", unit)
            if now not in atoms:
                continue
            yield _above(now, stage, 0 if self._may_begin_now(setting) else step)
            yield _above(stage, start)
            yield _above(now, start, step if self.program.stages else 0)
            if self._is_first(setting) and setting.stage is not None:
                yield _above(start, stage)
            for atom in atoms:
                if atom.node == node:
                    yield from self._times_of(atom, (now, start, stage), step, setting)
            yield from self._followers(atoms, node, step)

    def _times_of(
        self, atom: Atom, clocks: tuple[Atom, Atom, Atom], step: int, setting: Setting
    ) -> Iterator[Form]:
        now, start, stage = clocks
        match atom.frame:
            case ("tracker", name, held_now):
                yield _above(now, atom, 0 if held_now else step)
                yield _above(atom, start)
                if self._counts_only_here(name, setting):
                    yield _above(atom, stage)
            case ("capture", name):
                at_start, arriving, fresh = self._captured(str(name), setting)
                yield _above(now, atom, 0 if fresh else step)
                yield _above(atom, start)
                if at_start:
                    yield _above(start, atom)
                if arriving:
                    yield _above(atom, stage)
                    yield _above(stage, atom)
            case ("lag", ir.Const(bars), _):
                yield _above(now, atom, step * bars)
            case ("lag", _, _):
                yield _above(now, atom)
            case _:
                pass

    def _followers(self, atoms: Sequence[Atom], node: ir.Node, step: int) -> Iterator[Form]:
        held = {
            a.frame[1]: a
            for a in atoms
            if a.node == node and a.frame[:1] == ("tracker",) and not a.frame[2]
        }
        for name, atom in held.items():
            leader = self.leader(name)
            if leader is not None and leader.name in held:
                yield _above(atom, held[leader.name], step)

    def leader(self, name: object) -> Tracker | None:
        """The tracker whose bar is always older than the one held by the tracker `name`."""
        tracker = self._tracker(name)
        leader = self._tracker(tracker.after) if tracker else None
        if tracker is None or leader is None or leader.after is not None:
            return None
        return leader if set(leader.stages) <= set(tracker.stages) else None

    def _may_begin_now(self, setting: Setting) -> bool:
        """Whether the stage may have begun on the bar at hand."""
        if setting.stage is None:
            return True
        return any(
            advance.to == setting.stage.name and advance.this_bar is ThisBar.EXAMINE
            for stage in self.program.stages
            for advance in stage.advance
        )

    def _is_first(self, setting: Setting) -> bool:
        stage = setting.stage
        first = stage is not None and stage.name == self.program.stages[0].name
        return first and stage is not None and stage.name not in self.cyclic

    def _counts_only_here(self, name: object, setting: Setting) -> bool:
        tracker, stage = self._tracker(name), setting.stage
        if tracker is None or stage is None or stage.name in self.cyclic:
            return False
        return tracker.stages == (stage.name,)

    def _captured(self, name: str, setting: Setting) -> tuple[bool, bool, bool]:
        """Whether it is captured at the start alone, on every way into the stage, on this bar."""
        started = any(capture.name == name for capture in self.program.start.captures)
        edges = [
            (a, any(c.name == name for c in a.captures))
            for stage in self.program.stages
            for a in stage.advance
        ]
        advancing = [advance for advance, captures in edges if captures]
        stage = setting.stage
        into = [captures for a, captures in edges if stage is not None and a.to == stage.name]
        arriving = bool(into) and all(into) and stage is not None and not self._is_first(setting)
        arriving = arriving and stage is not None and stage.name != self.program.stages[0].name
        fresh = any(a.this_bar is ThisBar.EXAMINE and a.to != ENTRY for a in advancing)
        fresh = fresh or (stage is None and bool(advancing)) or not self.program.stages
        return started and not advancing, arriving, fresh

    def deadlines(self, atoms: Sequence[Atom], _case: Case, setting: Setting) -> Iterator[Form]:
        """A stage lasts no longer than its deadline: in minutes, up to the first bar after it."""
        stage = setting.stage
        if stage is None or stage.within is None:
            return
        if self.expander.bounds.of(stage.within.limit).low < 0:
            return
        unit = "row" if stage.within.unit == "bars" else "minute"
        now, began = Atom(HERE, CLOCKS[unit]), _clock("stage", unit)
        limit = self.expander.values(stage.within.limit)
        if now in atoms and len(limit) == 1:
            late = 0 if unit == "row" else self.program.max_gap + self.program.bar_minutes - 1
            yield limit[0][0].plus(_single(began)).plus(_single(now), -1).shifted(late)


SIGN: Final[dict[str, int]] = {"highest": 1, "lowest": -1}


def _single(atom: Atom) -> Form:
    return Form(((atom, 1),))


def _above(upper: Atom, lower: Atom, by: int = 0) -> Form:
    """Upper - lower >= by."""
    return _single(upper).plus(_single(lower), -1).shifted(-by)


def _clock(of: str, unit: str) -> Atom:
    return Atom(HERE, ir.CandidateClock(of, unit))


def _is_clock(atom: Atom, unit: str) -> bool:
    return isinstance(atom.node, ir.CandidateClock) and atom.node.unit == unit


_FAMILIES: Final[dict[Family, Callable[[Facts, Sequence[Atom], Case, Setting], Iterator[Form]]]] = {
    Family.WINDOW: Facts.windows,
    Family.SESSION: Facts.sessions,
    Family.TRACKER: Facts.trackers,
    Family.TIME: Facts.times,
    Family.DEADLINE: Facts.deadlines,
    Family.BAR: Facts.bars,
    Family.BOUNDS: Facts.bounded,
}
