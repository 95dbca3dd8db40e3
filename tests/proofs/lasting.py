"""Months of market with faults struck at random: memory must stay flat, the journal sound."""

from __future__ import annotations

import gc
import resource
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.gateway.faults import plans
from adapters.synth import synthesize
from tests.proofs.judge import RAISED, STUCK, Verdict, judged
from tests.proofs.rig import TERMS, Ears, Scene, played
from tests.support.shipped import FOLDER, events_for, program_of

if TYPE_CHECKING:
    from engine.live import events as ev

FIRST: Final = date(2025, 9, 8)
SPEC: Final = FOLDER / "opening_range_breakout.yaml"
WEATHER: Final = (
    "link-lost=20~0.0005,link-lost-data=20~0.0005,socket-lost~0.0005,market-farm=60~0.0005,"
    "partial-fill=1~0.2,duplicate-callbacks~0.2,shuffle-callbacks~0.2,missing-bar~0.001,"
    "late-bar=20~0.001,duplicate-bar~0.001,swallow-order~0.02,reject-stop~0.02,farm-idle~0.001"
)
"""About once in 30 minutes of market something goes wrong."""


@dataclass
class Lasted:
    """What came of it. `growth`: of the memory from the end of the first quarter on."""

    days: int
    verdict: Verdict = field(default_factory=Verdict)
    strikes: int = 0
    bars: int = 0
    growth: float = 0.0
    events: int = 0
    seconds: float = 0.0


def lasted(days: int, seed: int = 0) -> Lasted:
    """Trade so many trading dates, about."""
    program = program_of(SPEC)
    last = FIRST + timedelta(days=days * 7 // 5)
    market = synthesize(program.instrument, FIRST - timedelta(days=4), last, seed=seed)
    scene = Scene(program, market, TERMS, events_for(SPEC), SPEC.stem)
    gateway = scene.gateway(first=FIRST, last=last, seed=seed, faults=plans(WEATHER))
    made = Lasted(days)
    marks: list[tuple[int, int]] = []
    ears = Ears()

    def watch(_: ev.Event) -> None:
        made.events += 1
        if not marks or gateway.bars_played - marks[-1][0] >= _EVERY:
            marks.append((gateway.bars_played, _memory()))

    ears.watch = watch
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "j.db"
        outcome = played(gateway, scene.plan(journal), ears=ears, seconds=36_000)
        if outcome.error is not None:
            made.verdict.note(RAISED, repr(outcome.error)[:300])
        where = f"{days} days, seed {seed}"
        if gateway.now < int(market.minute[-1]) * 60:
            made.verdict.note(STUCK, f"{where}: it was over after {gateway.bars_played} bars")
        made.verdict += judged(gateway, journal, where)
    made.strikes = sum(gateway.faults.struck.values())
    made.bars, made.seconds = gateway.bars_played, outcome.seconds
    settled = [memory for _, memory in marks[len(marks) // 4 :]]
    made.growth = settled[-1] / settled[0] - 1 if len(settled) > 1 else 0.0
    return made


def _memory() -> int:
    """The memory this process has, in bytes, with nothing in it that nobody needs."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


_EVERY: Final = 400
"""Bars between two looks at the memory."""
