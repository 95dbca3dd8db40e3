"""What a machine has written, and how it is read.

A decision is a head of `HEAD` words, the row of `engine.journal.decisions` without values and the
place of its values; values of all decisions lie one after another, whole numbers in one stream and
REAL ones at the same places of another. A run that nobody asks for its events never unfolds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.expression import Kind
from dsl.ir.program import Side
from engine.journal.decisions import CAUSE, KIND, ROW, STAGE, VALUES, Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.domain.market import Ints, Reals
    from engine.machine.layout import Layout

PLACE: Final = VALUES
HEAD: Final = VALUES + 1


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Decision rows in order: `rows` int64[n, width] and the REAL values beside them."""

    rows: Ints
    reals: Reals

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)

    def entries(self) -> Decisions:
        """The completed setups among them."""
        which = np.flatnonzero(self.rows[:, KIND] == Decision.ENTRY)
        return Decisions(self.rows[which], self.reals[which])


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Decisions as the machine of `layout` wrote them: `heads` int64[n, HEAD], and both streams.

    `real` is empty where every REAL value is na. Not `in_order`: candidate by candidate, oldest
    first, and not bar by bar; what is read comes bar by bar all the same.
    """

    layout: Layout
    heads: Ints
    whole: Ints
    real: Reals
    in_order: bool = True

    def decisions(self) -> Decisions:
        """All of them, as rows of one width."""
        heads = self._by_bar(self.heads)
        kinds, stages, causes = (heads[:, word] for word in (KIND, STAGE, CAUSE))
        made = self._unfolded(heads)
        for kind, stage, cause, values in self.layout.told if len(kinds) else ():
            found = kinds == kind
            if stage is not None:
                found &= (stages == stage) & (causes == cause)
            self._put(made, heads, np.flatnonzero(found), values)
        return made

    def entries(self) -> Decisions:
        """The completed setups among them, as rows of one width."""
        heads = self._by_bar(self.heads[self.heads[:, KIND] == Decision.ENTRY])
        made = self._unfolded(heads)
        kinds = tuple(kind for _, kind in self.layout.entry_values)
        self._put(made, heads, np.arange(len(heads)), kinds)
        return made

    def copy(self) -> Written:
        """The same in memory of its own."""
        return replace(
            self, heads=self.heads.copy(), whole=self.whole.copy(), real=self.real.copy()
        )

    def entries_of(self, number: int) -> Written:
        """The entries alone, as those of the set of parameters with this number (`by_set`)."""
        heads = self.heads[self.heads[:, KIND] == Decision.ENTRY]
        heads[:, KIND] = number
        return replace(self, heads=heads)

    def by_set(self, sets: int) -> list[Written]:
        """The entries of each set of parameters, whose number stands for the kind of its heads."""
        order = np.argsort(self.heads[:, KIND], kind="stable")
        heads = self.heads[order]
        ends = np.searchsorted(heads[:, KIND], np.arange(sets + 1))
        heads[:, KIND] = Decision.ENTRY
        return [replace(self, heads=heads[first:stop]) for first, stop in pairwise(ends.tolist())]

    def _by_bar(self, heads: Ints) -> Ints:
        """Heads in the order of bars; on a bar older candidates come first, as they do already."""
        return heads if self.in_order else heads[np.argsort(heads[:, ROW], kind="stable")]

    def _unfolded(self, heads: Ints) -> Decisions:
        rows = np.zeros((len(heads), self.layout.width), np.int64)
        rows[:, :VALUES] = heads[:, :VALUES]
        return Decisions(rows, np.zeros((len(heads), self.layout.width - VALUES)))

    def _put(self, made: Decisions, heads: Ints, which: Ints, kinds: Sequence[Kind]) -> None:
        """The values of some decisions, whose kinds these are, to where they belong."""
        places = heads[which, PLACE]
        for position, kind in enumerate(kinds):
            if kind is Kind.REAL:
                found = self.real[places + position] if len(self.real) else np.nan
                made.reals[which, position] = found
            else:
                made.rows[which, VALUES + position] = self.whole[places + position]


def joined(parts: Sequence[Written]) -> Written:
    """What was written in several goes, at least one, as one."""
    if len(parts) == 1:
        return parts[0]
    heads = np.concatenate([part.heads for part in parts])
    lengths = [len(part.whole) for part in parts]
    before = np.cumsum([0, *lengths[:-1]])
    heads[:, PLACE] += np.repeat(before, [len(part.heads) for part in parts])
    whole = np.concatenate([part.whole for part in parts])
    real = np.concatenate([part.real for part in parts])
    return Written(parts[0].layout, heads, whole, real, parts[0].in_order)


class Unread(Mapping[Side, Decisions]):
    """The decisions of each side, made when somebody asks for them."""

    def __init__(self, makers: Mapping[Side, Callable[[], Decisions]]) -> None:
        """By what makes those of each side."""
        self._sides = tuple(makers)
        self._makers = dict(makers)
        self._read: dict[Side, Decisions] = {}

    def __getitem__(self, side: Side) -> Decisions:
        """The decisions of a side."""
        if side not in self._read:
            # a maker holds the columns it reads: it goes when it has done its work
            self._read[side] = self._makers.pop(side)()
        return self._read[side]

    def __iter__(self) -> Iterator[Side]:
        """The sides."""
        return iter(self._sides)

    def __len__(self) -> int:
        """How many sides there are."""
        return len(self._sides)
