"""What a run did, told by instants instead of rows, so that runs over unequal bars can be compared.

A setup is the same in two runs when it was completed on the same bar, on the same side, as the
same one of that bar and side.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.execution import records as out
from engine.execution import state as at
from engine.execution.intents import SIDES
from engine.execution.records import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.domain.market import Ints
    from engine.live.events import Stepped

_FILLED_BEFORE: Final = frozenset({Kind.EXIT, Kind.CLOSED})
"""The kinds of records that say when the entry was filled."""


@dataclass(frozen=True, slots=True, order=True)
class Setup:
    """A completed setup: the minute its deciding bar opened, its side, the how-manieth of these."""

    minute: int
    side: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Deed:
    """A record of the account. Prices are ticks, money is in its units, `entered` a minute or 0."""

    minute: int
    kind: Kind
    reason: str
    price: int
    contracts: int
    commission: int
    gross: int
    net: int
    equity: int
    peak: int
    stop: int
    against: int
    favour: int
    entered: int

    def parts(self, other: Deed) -> list[str]:
        """The names of what another one says differently."""
        names = (field.name for field in fields(self))
        return [name for name in names if getattr(self, name) != getattr(other, name)]


Deeds = dict[Setup | None, list[Deed]]
"""What was done about each setup, in order; under None what concerns the account alone."""


def deeds_of(
    records: Ints,
    reasons: Sequence[str],
    minute_of: Callable[[int], int],
    setups: Mapping[int, Setup],
) -> Deeds:
    """The records of `engine.execution`, by setup; `setups` by intent."""
    found: Deeds = {}
    for cells in records.tolist():
        kind, intent = Kind(cells[out.KIND]), cells[out.INTENT]
        deed = Deed(
            minute=minute_of(cells[out.ROW]),
            kind=kind,
            reason=reasons[cells[out.REASON]],
            price=cells[out.PRICE],
            contracts=cells[out.CONTRACTS],
            commission=cells[out.COMMISSION],
            gross=cells[out.GROSS],
            net=cells[out.NET],
            equity=cells[out.EQUITY],
            peak=cells[out.PEAK],
            stop=cells[out.STOP],
            against=cells[out.MAE],
            favour=cells[out.MFE],
            entered=minute_of(cells[out.ENTERED]) if kind in _FILLED_BEFORE else 0,
        )
        found.setdefault(setups.get(intent) if intent >= 0 else None, []).append(deed)
    return found


def setups_of(decided: Iterable[tuple[int, int, int]]) -> dict[int, Setup]:
    """Setups by intent, of (intent, minute decided, side) in order of intents."""
    found: dict[int, Setup] = {}
    counts: dict[tuple[int, int], int] = {}
    for intent, minute, side in decided:
        number = counts.get((minute, side), 0)
        counts[minute, side] = number + 1
        found[intent] = Setup(minute, SIDES[side], number)
    return found


def told_live(steps: Sequence[Stepped], reasons: Sequence[str]) -> Deeds:
    """What a live journal says was done, in its steps of one strategy on one contract.

    A step's records all happened on its bar, so rows need no bars to be told as minutes.
    """
    found: Deeds = {}
    for first in dict.fromkeys(step.first for step in steps):
        same = [step for step in steps if step.first == first]
        minutes = {step.account[at.NEXT_ROW] - 1: step.minute for step in same}
        records = records_in(same)
        intents = [cells for cells in records.tolist() if cells[out.KIND] == Kind.INTENT]
        decided = (
            (cells[out.INTENT], minutes[cells[out.ROW]], cells[out.SIDE]) for cells in intents
        )
        told = deeds_of(records, reasons, minutes.__getitem__, setups_of(decided))
        for setup, deeds in told.items():
            found.setdefault(setup, []).extend(deeds)
    return found


def records_in(steps: Iterable[Stepped]) -> Ints:
    """The records of some steps as one table."""
    cells = [cell for step in steps for cell in step.records]
    return np.array(cells, np.int64).reshape(-1, out.WIDTH)
