"""What every set of a sweep shares: the strategy, the bars, the account, the stretches of dates.

A task can be sent to another process or machine, which makes its own `Sweeper` of it. Its identity
is a digest of everything that makes a result; a worker whose own digest differs (another version
of the engine, other exchange hours) would compute something else, and must not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.sweep.store import Identity
from dsl.history import nodes_in
from dsl.ir.expression import TradingDay, walk
from dsl.ir.text import code_hash
from engine.execution.terms import Flat
from engine.machine.forms import Form, chosen
from engine.run import Prepared, Strategy, prepare
from engine.sweep.ground import Swept
from engine.sweep.outcomes import METRICS, Outcomes
from engine.sweep.plan import named
from engine.sweep.sweeper import Sweeper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.sweep.store import Setting
    from dsl.ir.program import Program
    from engine.columns.schedule import Schedule
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market, Reals
    from engine.execution.terms import Terms
    from engine.sweep.folds import Span

FIGURES: Final = tuple(METRICS)
"""The figures that are kept of a set, in the order of the store."""

_BARS: Final = ("minute", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, eq=False)
class Task:
    """A strategy on a market with the names of the parameters to vary.

    `events` are the instants of its event lists; `windows` says in words how `spans` were cut.
    """

    program: Program
    market: Market
    events: Mapping[str, Ints]
    terms: Terms
    names: tuple[str, ...]
    spans: tuple[Span, ...]
    windows: str

    def prepared(self, calendars: Calendars) -> Prepared:
        """The strategy on its market, under exchange hours."""
        return prepare(Strategy(self.program), self.market, calendars, self.events)

    def form(self, prepared: Prepared, sets: int) -> Form:
        """The form in which so many sets together are run soonest.

        Chunk by chunk the answer would always be that one chunk does not pay for compiling.
        """
        rows = sets * len(self.market)
        machines = prepared.strategy.machines.values()
        forms = {chosen(machine, rows, Form.AUTO, whole=True) for machine in machines}
        return Form.COMPILED if forms == {Form.COMPILED} else Form.PLAIN

    def sweeper(self, prepared: Prepared, form: Form) -> Sweeper:
        """What runs the sets."""
        return Sweeper(prepared, self.names, self.terms, self.spans, form)

    def neighbours(self, prepared: Prepared, settings: Sequence[Setting]) -> list[Setting]:
        """The settings with those together that share columns: a chunk then makes few of them."""
        places = Swept.of(prepared, self.names).in_columns
        return sorted(settings, key=lambda setting: [setting[place] for place in places])

    @cached_property
    def data_digest(self) -> str:
        """Of the bars and what they are bars of."""
        digest = hashlib.sha256(f"{self.market.instrument} {self.market.bar_minutes}".encode())
        for name in _BARS:
            digest.update(np.ascontiguousarray(getattr(self.market, name), "<i8").data)
        for name, instants in sorted(self.events.items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(instants, "<i8").data)
        return digest.hexdigest()

    def identity(self, schedule: Schedule) -> Identity:
        """What the results depend on, exchange hours as they are known here."""
        market, spans, terms = self.market, self.spans, self.terms
        words = [terms.equity, terms.commission, terms.slippage, terms.same_bar]
        words += [terms.flat] if terms.flat is not Flat.CLOSE else []
        parts = {
            "strategy": code_hash(self.program),
            "parameters that are not swept": json.dumps(self._fixed()),
            "terms": " ".join(map(str, words)),
            "data": self.data_digest,
            "dates": f"{market.minute[0]} {market.minute[-1]}",
            "windows": json.dumps(
                [self.windows, *((span.first_row, span.stop_row) for span in spans)]
            ),
            "exchange hours": _hours_digest(self.program, schedule),
            "version of the engine": engine_digest(),
        }
        whole = json.dumps([parts, self.names, FIGURES])
        key = hashlib.sha256(whole.encode()).hexdigest()
        return Identity(key, parts, self.names, len(spans), FIGURES)

    def _fixed(self) -> dict[str, int]:
        """The parameters that no set changes, a value a side."""
        swept = {(name, side) for name, sides in map(named, self.names) for side in sides}
        return {
            f"{param.name}.{side}": value
            for side in self.program.sides
            for param, value in zip(
                self.program.params, self.program.side_params(side), strict=True
            )
            if (param.name, side) not in swept
        }


def _hours_digest(program: Program, schedule: Schedule) -> str:
    """Of the trading dates and sessions as rows: all that the engine takes from calendars."""
    digest = hashlib.sha256()
    days = schedule.days
    for table in (days.date, days.start):
        digest.update(np.ascontiguousarray(table, "<i8").data)
    for rule in program.sessions:
        hours = schedule.occurrences(rule.name)
        for table in (hours.begins, hours.ends):
            digest.update(np.ascontiguousarray(table, "<i8").data)
    asked = {one.calendar for node in nodes_in(program) for one in walk(node)
             if isinstance(one, TradingDay)}  # fmt: skip
    for calendar in sorted(asked):
        digest.update(np.ascontiguousarray(schedule.trades(calendar), "i1").data)
    return digest.hexdigest()


@cache
def engine_digest() -> str:
    """Of the source of everything that decides and acts: what a release changes."""
    digest = hashlib.sha256()
    for package in ("engine", "dsl"):
        found = find_spec(package)
        for folder in (found.submodule_search_locations or ()) if found else ():
            for file in sorted(Path(folder).rglob("*.py")):
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def figures_of(outcomes: Outcomes) -> Reals:
    """The figures of some sets as one array: sets x spans x `FIGURES`."""
    return np.stack([outcomes.figures[name] for name in FIGURES], axis=2)


def outcomes_of(
    names: Sequence[str], spans: Sequence[str], tried: Mapping[Setting, Reals],
    settings: Sequence[Setting],
) -> Outcomes:  # fmt: skip
    """The outcomes of some settings, all of which were tried, in their order."""
    kept = [tried[setting] for setting in settings]
    shape = (len(kept), len(spans), len(FIGURES))
    table = np.stack(kept) if kept else np.empty(shape)
    sets = np.array(settings, np.int64).reshape(len(kept), len(names))
    figures = {name: table[:, :, number] for number, name in enumerate(FIGURES)}
    return Outcomes(tuple(names), sets, tuple(spans), figures)
