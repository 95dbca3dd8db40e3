"""Completed setups, as the orders they ask for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Side
    from engine.domain.market import Ints, Reals

SHORT: Final = 0
LONG: Final = 1
SIDES: Final = ("short", "long")
"""The names of sides by number, as `dsl.ir.program.Side` writes them."""


def side_number(side: Side) -> int:
    """0 for SHORT, 1 for LONG."""
    return SIDES.index(side.value)


@dataclass(frozen=True, slots=True, eq=False)
class Intents:
    """What setups want, one entry each, ordered by `row`, `started`, SHORT before LONG.

    Prices are real ticks (a mirrored side's are negated back). `row` is the deciding bar,
    `started`, `day` and `ordinal` say which candidate it was, `close` is the deciding bar's,
    `entry_price` the level of a stop or limit entry (the close for market entries), `stop_case`
    the index of the stop's rule. `targets` is (n, k); `atr` is in ticks, NaN where not known.
    """

    row: Ints
    side: Ints
    started: Ints
    day: Ints
    ordinal: Ints
    close: Ints
    entry_price: Ints
    stop: Ints
    stop_case: Ints
    targets: Ints
    atr: Reals

    def __len__(self) -> int:
        """How many intents there are."""
        return len(self.row)

    def sorted(self) -> Intents:
        """The same intents in the order above; equal ones keep theirs."""
        return self._pick(np.lexsort((self.side, self.started, self.row)))

    def first(self, count: int) -> Intents:
        """The oldest `count` intents."""
        return self._pick(slice(0, count))

    def _pick(self, which: Ints | slice) -> Intents:
        return Intents(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


def no_intents(targets: int) -> Intents:
    """None at all, of a program with so many targets."""
    return intents_of_rows((), targets)


def intents_of_rows(rows: Sequence[Sequence[float]], targets: int) -> Intents:
    """Intents from rows in any order, with so many `targets`.

    A row is (row, side, started, day, ordinal, close, entry_price, stop, stop_case, *targets, atr).
    """
    width = 9 + targets
    whole = np.array([row[:width] for row in rows], np.int64).reshape(len(rows), width)
    row, side, started, day, ordinal, close, entry_price, stop, stop_case = whole[:, :9].T.copy()
    return Intents(
        row=row,
        side=side,
        started=started,
        day=day,
        ordinal=ordinal,
        close=close,
        entry_price=entry_price,
        stop=stop,
        stop_case=stop_case,
        targets=whole[:, 9:].copy(),
        atr=np.array([row[width] for row in rows], np.float64),
    ).sorted()


def together(parts: Sequence[Intents]) -> Intents:
    """The intents of several sources, at least one, as one in order."""
    merged = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Intents)
    }
    return Intents(**merged).sorted()
