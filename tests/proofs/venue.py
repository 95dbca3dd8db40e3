"""The venue law: what a live run wrote down equals the backtest, record by record.

The live run trades from the bar on at which the gateway began; earlier bars were its warm-up. So
does the backtest here: it decides on all bars and trades none before. Rows are told as minutes,
setups by their names, money is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adapters.database.reader import JournalReader
from engine.execution import records as out
from engine.execution import state as at
from engine.execution.intents import SIDES
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.journal.units import date_text
from engine.live import events as ev
from engine.run import Strategy, paths_for, prepare
from tests.support.shipped import CALENDARS

if TYPE_CHECKING:
    from pathlib import Path

    from engine.domain.market import Ints
    from engine.run import Run
    from tests.proofs.rig import Scene

COLUMNS = (out.KIND, out.SIDE, out.REASON, out.PRICE, out.CONTRACTS, out.COMMISSION, out.GROSS,
           out.NET, out.EQUITY, out.PEAK, out.STOP, out.MAE, out.MFE)  # fmt: skip

Line = tuple[int, str, tuple[int, ...]]
"""A record: the minute of its bar, the setup it is about, the rest of its columns."""


@dataclass(frozen=True)
class Ledger:
    """What a run wrote down."""

    lines: tuple[Line, ...]

    @property
    def trades(self) -> int:
        """How many round trips it has."""
        return sum(line[2][0] == out.Kind.CLOSED for line in self.lines)

    def before(self, minute: int) -> Ledger:
        """What was written down for bars that opened before a minute."""
        return Ledger(tuple(line for line in self.lines if line[0] < minute))

    def difference(self, other: Ledger) -> str:
        """The first line that differs, of both; empty where none does."""
        for mine, theirs in zip(self.lines, other.lines, strict=False):
            if mine != theirs:
                return f"{mine} is not {theirs}"
        if len(self.lines) != len(other.lines):
            longer = max(self.lines, other.lines, key=len)
            return f"{len(self.lines)} records, not {len(other.lines)}: {longer[-1]}"
        return ""


def backtest(scene: Scene, first: int, stop: int) -> Ledger:
    """The backtest that trades the bars from minute `first` on, before minute `stop`."""
    market = scene.market.rows(0, int(np.searchsorted(scene.market.minute, stop)))
    prepared = prepare(Strategy(scene.program), market, CALENDARS, scene.events)
    run = prepared.run(scene.terms)
    row = int(np.searchsorted(market.minute, first))
    simulator = Simulator(rules_of(scene.program, scene.terms))
    account = simulator.account.copy()
    account.book[at.NEXT_ROW] = row
    account.book[[at.NEXT_OFFER, at.OLDEST]] = int(np.searchsorted(run.intents.row, row))
    simulator.account = account
    paths = paths_for(scene.program, prepared.schedule)
    records = simulator.run(market, run.dates, run.intents, paths)
    names = _names(run)
    return Ledger(tuple(_lines(records, market.minute, names)))


def _names(run: Run) -> list[str]:
    """Every intent's candidate, as the live journal names it."""
    found = run.intents
    dates = run.days.date
    return [
        f"{date_text(int(dates[day]))}/{SIDES[side]}/{ordinal}"
        for day, side, ordinal in zip(
            found.day.tolist(), found.side.tolist(), found.ordinal.tolist(), strict=True
        )
    ]


def _lines(records: Ints, minutes: Ints, names: list[str]) -> list[Line]:
    """Records as lines; a run that was told other bars may have setups without a name here."""
    lines = []
    for record in records.tolist():
        intent, entered = record[out.INTENT], record[out.ENTERED]
        name = names[intent] if 0 <= intent < len(names) else f"setup {intent}"
        kind = record[out.KIND]
        when = int(minutes[entered]) if kind in _ENTERED else 0
        cells = (*(record[column] for column in COLUMNS), when)
        lines.append((int(minutes[record[out.ROW]]), name, cells))
    return lines


_ENTERED = frozenset({out.Kind.FILL, out.Kind.EXIT, out.Kind.CLOSED})


def live(scene: Scene, journal: Path | str) -> Ledger:
    """What a live run on a scene wrote into its journal; rows count from a step's first bar."""
    with JournalReader.open(journal) as reader:
        steps = [event for _, event in reader.events() if isinstance(event, ev.Stepped)]
    seen: dict[int, tuple[Ints, list[str]]] = {}
    lines: list[Line] = []
    for step in steps:
        if step.first not in seen:
            seen[step.first] = _bars_from(scene, step.first)
        records = np.array(step.records, np.int64).reshape(-1, out.WIDTH)
        lines += _lines(records, *seen[step.first])
    return Ledger(tuple(lines))


def _bars_from(scene: Scene, first: int) -> tuple[Ints, list[str]]:
    """The minutes of the bars from one on, and the names of what is decided on them."""
    start = int(np.searchsorted(scene.market.minute, first))
    market = scene.market.rows(start, len(scene.market))
    prepared = prepare(Strategy(scene.program), market, CALENDARS, scene.events)
    return market.minute, _names(prepared.run(scene.terms))
