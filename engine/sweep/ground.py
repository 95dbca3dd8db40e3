"""What sets share: columns, paths and rules are worked out once for all sets that agree on them.

A column of rows is a function of bars and of some parameters. Those that no swept parameter is in
are made once; of the others, the parts that no swept parameter is in are. What is left is made once
for each value of the parameters that are in it, and kept as long as it is likely to be asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.ir.program import Side
from engine.columns.evaluate import columns, number_of
from engine.columns.frame import Frame, frame_of
from engine.execution.rules import rules_of
from engine.execution.simulation import book_of, new_account, tape_of
from engine.machine.feed import frozen
from engine.run import dates_for, paths_on
from engine.sweep.plan import named, parameters_of, with_params

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from engine.domain.market import Ints
    from engine.execution.state import Tape
    from engine.execution.terms import Terms
    from engine.machine.feed import Feed
    from engine.machine.machine import Machine
    from engine.run import Prepared

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """The last few things made, by key; each made once, whichever threads ask for it together."""

    def __init__(self, most: int) -> None:
        """Keeping so many."""
        self._most = most
        self._lock = Lock()
        self._made: OrderedDict[Hashable, _Slot[Made]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What goes by the key."""
        with self._lock:
            slot = self._made.setdefault(key, _Slot())
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        with slot.lock:
            if not slot.made:
                slot.made.append(make())
        return slot.made[0]


@dataclass(slots=True)
class _Slot(Generic[Made]):
    lock: Lock = field(default_factory=Lock)
    made: list[Made] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What the machines and the kernel read, of one value of the parameters that columns have."""

    feeds: Mapping[Side, Feed]
    tape: Tape


@dataclass(frozen=True, slots=True)
class Swept:
    """The parameters of a sweep: which axes are in which part of the program.

    `in_columns`, `in_rules`: positions of the axes whose value changes a column (of the machines,
    or one that moves or ends a position), and the rules of the account.
    """

    program: Program
    names: tuple[str, ...]
    in_columns: tuple[int, ...]
    in_rules: tuple[int, ...]

    @classmethod
    def of(cls, prepared: Prepared, names: Sequence[str]) -> Swept:
        """The axes by where they matter; raises `UnknownParameter`."""
        strategy = prepared.strategy
        program = strategy.program
        rows = [node for one in strategy.machines.values() for node in one.inputs.columns]
        rows += path_nodes(program)
        fixed = (program.entry, program.risk, program.exits)
        parameters = [spec.name for spec in parameters_of(program, names)]

        def places(nodes: Sequence[Node] | Iterator[Node]) -> tuple[int, ...]:
            held = {name for node in nodes for name in parameters_in(node)}
            return tuple(at for at, name in enumerate(parameters) if name in held)

        return cls(program, tuple(names), places(rows), places(nodes_in(fixed)))

    def columns_key(self, values: Sequence[int]) -> tuple[int, ...]:
        """Sets that share it share every column."""
        return tuple(values[at] for at in self.in_columns)

    def rules_key(self, values: Sequence[int]) -> tuple[int, ...]:
        """Sets that share it share the rules of the account."""
        return tuple(values[at] for at in self.in_rules)

    def program_of(self, values: Sequence[int]) -> Program:
        """The program with a set of parameters."""
        return with_params(self.program, self.names, values)

    def params(self, sets: Ints, side: Side) -> Ints:
        """The parameters of each of some sets, (n, parameters of the program), on one side."""
        known = [spec.name for spec in self.program.params]
        made = np.tile(np.array(self.program.side_params(side), np.int64), (len(sets), 1))
        for at, name in enumerate(self.names):
            parameter, sides = named(name)
            if side in sides:
                made[:, known.index(parameter)] = sets[:, at]
        return made


def parameters_in(node: Node) -> frozenset[str]:
    """The names of the parameters in an expression."""
    return frozenset(inner.name for inner in ir.walk(node) if isinstance(inner, ir.Param))


def path_nodes(program: Program) -> list[Node]:
    """The columns that move or end a position."""
    exits = program.exits
    trail = [exits.trail.price] if exits.trail is not None else []
    return [*trail, *(rule.node for rule in exits.when)]


class Grounds:
    """The ground of each set, most of it shared."""

    def __init__(self, prepared: Prepared, swept: Swept, most: int) -> None:
        """Work out what no set changes; `most` grounds are kept."""
        self._prepared, self._swept = prepared, swept
        self._kept: Kept[Ground] = Kept(most)
        self._books: Kept[Ints] = Kept(1 << 12)
        schedule, program = prepared.schedule, swept.program
        machines = prepared.strategy.machines
        self._changing = frozenset(named(swept.names[at])[0] for at in swept.in_columns)
        self._frames = {side: frame_of(program, side, schedule) for side in Side}
        self._dates = dates_for(program, schedule)
        self._bare = {side: self._without_columns(machine) for side, machine in machines.items()}
        self._shared = {side: self._shared_columns(side) for side in Side}

    def book(self, values: Sequence[int], terms: Terms) -> Ints:
        """The book of a fresh account under a set's rules; raises `TermsError`."""

        def make() -> Ints:
            rules = rules_of(self._swept.program_of(values), terms)
            return book_of(new_account(rules), rules, self._dates)

        return self._books.get(self._swept.rules_key(values), make)

    def at(self, values: Sequence[int]) -> Ground:
        """The ground of a set."""
        return self._kept.get(self._swept.columns_key(values), lambda: self._made(values))

    def _without_columns(self, machine: Machine) -> Feed:
        return replace(machine.feed(self._prepared.schedule, later=True), columns=())

    def _shared_columns(self, side: Side) -> dict[Node, Any]:
        """Every column, and every part of one, that no set changes and that takes some making."""
        machine = self._prepared.strategy.machines.get(side)
        nodes = [*(machine.inputs.columns if machine else ()), *path_nodes(self._swept.program)]
        parts = list(dict.fromkeys(part for node in nodes for part in self._unchanged(node)))
        return dict(zip(parts, columns(parts, self._frames[side]), strict=True))

    def _unchanged(self, node: Node) -> Iterator[Node]:
        """The largest parts of an expression that no swept parameter is in, leaves left out."""
        if self._changing.isdisjoint(parameters_in(node)):
            if ir.children(node):
                yield node
        elif not isinstance(node, ir.OnFrame):  # the bars inside one are others
            for child in ir.children(node):
                yield from self._unchanged(child)

    def _made(self, values: Sequence[int]) -> Ground:
        program = self._swept.program_of(values)
        frames = {side: self._frame(program, side) for side in Side}
        feeds = {side: self._feed(side, frames[side]) for side in self._bare}
        paths = paths_on(program, frames)
        tape = tape_of(self._prepared.market, self._dates, paths, lambda column: column)
        return Ground(feeds, tape)

    def _frame(self, program: Program, side: Side) -> Frame:
        """What a side sees under a set's parameters; what no set changes is there already."""
        base = self._frames[side]
        spec_names = (spec.name for spec in program.params)
        params = dict(zip(spec_names, program.side_params(side), strict=True))
        frame = Frame(base.market, base.schedule, params)
        for node, column in self._shared[side].items():
            frame.memo.keep(number_of(node), column)
        return frame

    def _feed(self, side: Side, frame: Frame) -> Feed:
        made = columns(tuple(self._prepared.strategy.machines[side].inputs.columns), frame)
        return replace(self._bare[side], columns=tuple(map(frozen, made)))
