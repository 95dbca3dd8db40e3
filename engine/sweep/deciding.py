"""From sets of parameters to setups: what a machine decides, laid out as the kernel reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from dsl.ir.program import Side
from engine.execution import state as at
from engine.execution.intents import side_number
from engine.execution.simulation import offers_of
from engine.machine.feed import frozen
from engine.run import intents_of
from engine.sweep.merging import Stream

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


class Decider(Protocol):
    """Decides set after set. A kernel that decides many sets in one call is one of these."""

    def offers(self, ground: Ground, params: Mapping[Side, Ints]) -> Iterator[Ints]:
        """The offers of each set, flat (`engine.execution.state`), good until the next is asked.

        `params`: for each side of the program (sets, parameters); all these sets share `ground`.
        A decider is used by one thread at a time.
        """
        ...


class Compiled:
    """Compiled machines, many sets at a time where that can be."""

    def __init__(self, prepared: Prepared) -> None:
        """For this strategy on this market."""
        from engine.sweep.compiled import compiled_merge  # noqa: PLC0415 - brings numba

        self._prepared = prepared
        self._merge = compiled_merge()
        self._order = np.empty(0, np.int64)
        self._offers = np.empty(0, np.int64)

    def offers(self, ground: Ground, params: Mapping[Side, Ints]) -> Iterator[Ints]:
        """See `Decider`."""
        machines = self._prepared.strategy.machines
        rows = len(self._prepared.market)
        made = {
            side: entries(machine, ground.feeds[side], params[side], rows)
            for side, machine in machines.items()
        }
        for _ in next(iter(params.values())):
            yield self._merged({side: next(each) for side, each in made.items()})

    def _merged(self, written: Mapping[Side, Written]) -> Ints:
        program = self._prepared.strategy.program
        targets = len(program.targets)
        most = sum(len(made.heads) for made in written.values())
        if most > len(self._order):
            self._order = np.empty(2 * most, np.int64)
            self._offers = np.empty(2 * most * (at.OFFER_TARGETS + targets), np.int64)
        short, long = (self._stream(side, written.get(side)) for side in (Side.SHORT, Side.LONG))
        count = self._merge(short, long, targets, self._order, self._offers)
        return self._offers[: count * (at.OFFER_TARGETS + targets)]

    def _stream(self, side: Side, written: Written | None) -> Stream:
        program = self._prepared.strategy.program
        sign, number = 1 if side is program.written else -1, side_number(side)
        if written is None:
            none = np.empty(0, np.int64)
            return Stream(none, none, np.empty(0), sign, number, -1)
        atr = 3 + len(program.targets) + len(program.features) if len(written.real) else -1
        heads = written.heads.reshape(-1)
        return Stream(heads, written.whole, written.real, sign, number, atr)


class Plain:
    """The same in plain Python, for sweeps too short to wait for a compiler."""

    def __init__(self, prepared: Prepared) -> None:
        """For this strategy on this market."""
        self._prepared = prepared

    def offers(self, ground: Ground, params: Mapping[Side, Ints]) -> Iterator[Ints]:
        """See `Decider`."""
        strategy, rows = self._prepared.strategy, len(self._prepared.market)
        for number in range(len(next(iter(params.values())))):
            written = {
                side: in_python(machine, fed(ground.feeds[side], params[side][number]), rows)
                for side, machine in strategy.machines.items()
            }
            intents = intents_of(strategy.program, written)
            yield offers_of(intents, len(strategy.program.targets)).reshape(-1)


def entries(machine: Machine, feed: Feed, params: Ints, rows: int) -> Iterator[Written]:
    """What a compiled machine decides on the first rows for each set; only entries are wanted.

    Where it can be, rows are looked through once for all sets together.
    """
    if machine.many is not None and len(params) >= TOGETHER:
        yield from machine.follow_many(feed, rows, params)
        return
    for one in params:
        if machine.walk is not None:
            yield machine.follow(fed(feed, one), rows, tell=False)
        else:
            yield machine.write(fed(feed, one), machine.fresh(), 0, rows)


def in_python(machine: Machine, feed: Feed, rows: int) -> Written:
    """What a machine decides on the first rows, in plain Python."""
    if machine.walk is not None:
        return machine.follow_plain(feed, rows)
    return machine.write_plain(feed, machine.fresh(), 0, rows)


def fed(feed: Feed, params: Ints) -> Feed:
    """The feed with other parameters."""
    return replace(feed, params=frozen(params))
