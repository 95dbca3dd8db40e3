"""Every fault of the gateway, alone and in pairs, struck through the running engine.

A short market with many trades is played while faults strike; then the judge looks. What must hold
for each of them is one list of zeros. Of most it is known besides that nothing at all may come of
them (`HARMLESS`): there the journal must equal the backtest.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Self

from adapters.gateway.faults import FAULTS, Chance, plans
from adapters.live.errors import CannotRun
from adapters.synth import synthesize
from tests.proofs import venue
from tests.proofs.judge import DIFFERS, RAISED, STUCK, Verdict, judged
from tests.proofs.rig import SCALP, Scene, played
from tests.support.bars import minute_of
from tests.support.shipped import CALENDARS, program_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAY: Final = "2025-10-08"
HISTORY, TRADED, AFTER = 30, 20, 6

ODDS: Final[dict[Chance, str]] = {
    Chance.MOMENT: "~0.2x3",
    Chance.REQUEST: "~0.05x3",
    Chance.ORDER: "~0.2x4",
    Chance.CHANGE: "~0.5x4",
    Chance.CANCEL: "~0.5x4",
    Chance.FILL: "~0.4x4",
    Chance.DATA: "~0.25x4",
    Chance.CONNECT: "#2",
}
"""How often a fault strikes, by what its opportunities are."""


RARE: Final = frozenset(
    {"silent-history", "silent-contract", "silent-completed", "pacing", "no-data", "empty-history",
     "no-subscription", "delayed-data", "client-id-in-use"}
)  # fmt: skip
"""Faults of requests that are made a few times: at the start, after a loss, for a hole."""

REFUSED: Final = frozenset({*RARE, "read-only", "silent-positions", "silent-orders",
                            "silent-executions", "silent-account", "too-fast"})  # fmt: skip
"""Faults for which an engine may refuse to start; nothing was sent then."""


def planned(names: Sequence[str]) -> str:
    """The plan of some faults. Alone, rare ones strike at the start; among others, later."""
    rare = "~0.5x2" if len(names) == 1 else "#3x2"
    return ",".join(
        f"{name}{rare if name in RARE else ODDS[FAULTS[name].chance]}" for name in names
    )


def scene_of(seed: int) -> tuple[Scene, float]:
    """Half an hour before a session's end and what comes after, and where the gateway begins."""
    day = date.fromisoformat(DAY)
    instrument = program_of(SCALP).instrument
    market = synthesize(instrument, day, day, seed=seed % 7, calendars=CALENDARS)
    ends = minute_of(f"{DAY} 20:00")
    bounds = [ends - TRADED - HISTORY, ends + AFTER]
    low, high = market.minute.searchsorted(bounds).tolist()
    return Scene.of(SCALP, market.rows(low, high)), float((ends - TRADED) * 60)


@dataclass
class Struck:
    """What came of runs with faults."""

    verdict: Verdict = field(default_factory=Verdict)
    runs: int = 0
    equal: int = 0
    refused: int = 0
    strikes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __iadd__(self, other: Struck) -> Self:
        """Both together."""
        self.verdict += other.verdict
        self.runs += other.runs
        self.equal += other.equal
        self.refused += other.refused
        self.seconds += other.seconds
        for name, count in other.strikes.items():
            self.strikes[name] = self.strikes.get(name, 0) + count
        return self


def struck(names: Sequence[str], seed: int, carrier: str = "memory") -> Struck:
    """A run during which these faults strike."""
    where = f"{' + '.join(names) or 'no fault'}, seed {seed}"
    scene, begins = scene_of(seed)
    gateway = scene.gateway(begins=begins, seed=seed, faults=plans(planned(names)))
    made = Struck(runs=1)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "j.db"
        try:
            plan = scene.plan(journal, wait=True)
            outcome = played(gateway, plan, carrier, seconds=_LONGEST)
        except TimeoutError:
            made.verdict.note(STUCK, where)
            return made
        made.seconds = outcome.seconds
        made.strikes = dict(gateway.faults.struck)
        if isinstance(outcome.error, CannotRun) and REFUSED.intersection(names):
            made.refused = int(not gateway.truth.order_count)
        if outcome.error is not None and not made.refused:
            made.verdict.note(RAISED, f"{where}: {outcome.error!r}"[:300])
        made.verdict += judged(gateway, journal, where, alone=PERSONS not in names)
        last = int(gateway.tapes["NQ"].market.minute[-1]) + 1
        theirs = venue.backtest(scene, int(begins // 60), last)
        difference = venue.live(scene, journal).difference(theirs)
        made.equal += not difference
        if difference and is_harmless(names) and not made.refused:
            made.verdict.note(DIFFERS, f"{where}: {difference}")
    return made


def is_harmless(names: Sequence[str]) -> bool:
    """Whether nothing at all may come of these faults."""
    return set(names) <= HARMLESS or tuple(names) == (HARMLESS_ALONE,)


def alone(seed: int = 0) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every fault by itself."""
    for name in FAULTS:
        yield (name,), seed


def pairs(count: int, seed: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """So many pairs of faults, drawn from all of them without repetition."""
    every = list(combinations((name for name in FAULTS if name != "read-only"), 2))
    Random(f"pairs/{seed}").shuffle(every)
    for number, pair in enumerate(every[:count]):
        yield pair, seed + number


def crowds(size: int, seed: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every fault once, so many in a run: each meets all the others of its run.

    But a gateway that is read-only: there nothing else would happen.
    """
    every = [name for name in FAULTS if name != "read-only"]
    Random(f"crowds/{seed}").shuffle(every)
    for number in range(0, len(every), size):
        yield tuple(every[number : number + size]), seed + number


HARMLESS: Final = frozenset(
    {"farm-idle", "farm-connecting", "garbage", "cut-frames", "silent-completed",
     "warning-399", "warning-2109", "unknown-code", "duplicate-callbacks", "shuffle-callbacks",
     "silent-status", "late-commission", "silent-commission", "duplicate-bar", "old-bar",
     "late-bar", "missing-bar", "broken-frame"}
)  # fmt: skip
"""Faults of which nothing may come, alone or together: every trade is the backtest's."""

HARMLESS_ALONE: Final = "clock-skew"
"""A clock that is told wrong: with a bar that comes late it makes it one that is too old."""

PERSONS: Final = "foreign-trade"
"""A person trades on the account: what that person holds is never protected by us."""

CROWD: Final = 17
"""Faults in one run of a crowd."""

_LONGEST: Final = 180.0
