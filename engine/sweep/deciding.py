"""From sets of parameters to setups: what a machine decides, laid out as the kernel reads it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from dsl.ir.program import Side
from engine.execution import state as at
from engine.execution.simulation import offers_of
from engine.machine.feed import frozen
from engine.machine.written import joined
from engine.run import intents_of
from engine.sweep.merging import CARD, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.domain.market import Ints
    from engine.machine.feed import Feed
    from engine.machine.machine import Machine
    from engine.machine.written import Written
    from engine.run import Prepared
    from engine.sweep.ground import Ground


TOGETHER: Final = 8
"""Sets from which on it pays to compile what walks them together."""


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The offers of some sets, one set after another (`engine.execution.state`).

    `cells` are flat; those of set k are `bounds[k] .. bounds[k + 1]` of them.
    """

    cells: Ints
    bounds: Ints

    def of(self, number: int) -> Ints:
        """Those of one set."""
        return self.cells[self.bounds[number] : self.bounds[number + 1]]


class Decider(Protocol):
    """Decides sets."""

    def offers(self, ground: Ground, params: Mapping[Side, Ints]) -> Offers:
        """The offers of all sets; `params`: for each side of the program (sets, parameters).

        All these sets share `ground`.
        """
        ...


class Compiled:
    """Compiled machines, many sets at a time where that can be."""

    def __init__(self, prepared: Prepared) -> None:
        """For this strategy on this market."""
        from engine.sweep.compiled import compiled_merge  # noqa: PLC0415 - brings numba

        self._prepared = prepared
        self._merge = compiled_merge()

    def offers(self, ground: Ground, params: Mapping[Side, Ints]) -> Offers:
        """See `Decider`."""
        machines, rows = self._prepared.strategy.machines, len(self._prepared.market)
        sets = len(next(iter(params.values())))
        with ExitStack() as lent:
            written = {
                side: lent.enter_context(entries(machine, ground.feeds[side], params[side], rows))
                for side, machine in machines.items()
            }
            return self._merged(written, sets)

    def _merged(self, written: Mapping[Side, Written], sets: int) -> Offers:
        targets = len(self._prepared.strategy.program.targets)
        count = sum(len(made.heads) for made in written.values())
        stride = at.OFFER_TARGETS + targets
        bounds, cards = np.empty(2 * sets + 2, np.int64), np.empty(count * CARD, np.int64)
        cells = np.empty(count * stride, np.int64)
        short, long = (self._stream(side, written.get(side)) for side in (Side.SHORT, Side.LONG))
        self._merge(short, long, targets, bounds, cards, cells)
        return Offers(cells, bounds[::2] * stride)

    def _stream(self, side: Side, written: Written | None) -> Stream:
        program = self._prepared.strategy.program
        sign = 1 if side is program.written else -1
        if written is None:
            none = np.empty(0, np.int64)
            return Stream(none, none, np.empty(0), sign, -1)
        atr = 3 + len(program.targets) + len(program.features) if len(written.real) else -1
        return Stream(written.heads.reshape(-1), written.whole, written.real, sign, atr)


class Plain:
    """The same in plain Python, for sweeps too short to wait for a compiler."""

    def __init__(self, prepared: Prepared) -> None:
        """For this strategy on this market."""
        self._prepared = prepared

    def offers(self, ground: Ground, params: Mapping[Side, Ints]) -> Offers:
        """See `Decider`."""
        made = [
            self._of_set(ground, {side: sets[number] for side, sets in params.items()})
            for number in range(len(next(iter(params.values()))))
        ]
        bounds = np.cumsum([0, *map(len, made)], dtype=np.int64)
        return Offers(np.concatenate(made), bounds)

    def _of_set(self, ground: Ground, params: Mapping[Side, Ints]) -> Ints:
        strategy, rows = self._prepared.strategy, len(self._prepared.market)
        written = {
            side: in_python(machine, fed(ground.feeds[side], params[side]), rows)
            for side, machine in strategy.machines.items()
        }
        intents = intents_of(strategy.program, written)
        return offers_of(intents, len(strategy.program.targets)).reshape(-1)


@contextmanager
def entries(machine: Machine, feed: Feed, params: Ints, rows: int) -> Iterator[Written]:
    """The entries of a compiled machine on the first rows in all sets (`Written.by_set`).

    Where it can be, rows are looked through once for all sets together. What is given is good
    until the block ends.
    """
    if machine.many is not None and len(params) >= TOGETHER:
        with machine.follow_many(feed, rows, params) as written:
            yield written
    else:
        made = (alone(machine, fed(feed, one), rows) for one in params)
        yield joined([one.entries_of(number) for number, one in enumerate(made)])


def alone(machine: Machine, feed: Feed, rows: int) -> Written:
    """What a compiled machine decides on the first rows; only entries are wanted."""
    if machine.walk is not None:
        return machine.follow(feed, rows, tell=False)
    return machine.write(feed, machine.fresh(), 0, rows)


def in_python(machine: Machine, feed: Feed, rows: int) -> Written:
    """What a machine decides on the first rows, in plain Python."""
    if machine.walk is not None:
        return machine.follow_plain(feed, rows)
    return machine.write_plain(feed, machine.fresh(), 0, rows)


def fed(feed: Feed, params: Ints) -> Feed:
    """The feed with other parameters."""
    return replace(feed, params=frozen(params))
