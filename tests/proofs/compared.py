"""Golden cases and days of bars, traded live and compared with the backtest."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.ib.port import FeedKind
from adapters.live import warmup
from adapters.synth import synthesize
from engine.execution.terms import Flat, Terms
from tests.golden.cases import read_case
from tests.golden.extension import ROOT
from tests.proofs import venue
from tests.proofs.judge import Verdict, judged
from tests.proofs.rig import TERMS, Scene, played
from tests.support.bars import minute_of
from tests.support.shipped import events_for, program_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.proofs.venue import Ledger

FIRST: Final = date(2025, 9, 8)
_HISTORY: Final = timedelta(days=6)


@dataclass
class Compared:
    """A live run and its backtest. `difference` is empty where there is none.

    `warnings`: what a person was told beyond notes; of a market without faults there is nothing.
    """

    mine: Ledger
    difference: str
    verdict: Verdict
    bars: int
    seconds: float
    error: BaseException | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def compared(scene: Scene, feed: FeedKind = FeedKind.HISTORY, **where: Any) -> Compared:
    """Trade a scene live from where its gateway begins, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "j.db"
        gateway = scene.gateway(**where)
        begins = int(gateway.now // 60)
        outcome = played(gateway, scene.plan(journal, feed=feed), seconds=36_000)
        (tape,) = gateway.tapes.values()
        theirs = venue.backtest(scene, begins, int(tape.market.minute[-1]) + 1)
        mine = venue.live(scene, journal)
        # bars may end with a position: then there is nothing to judge
        held = bool(gateway.truth.positions)
        verdict = Verdict() if held else judged(gateway, journal, scene.name)
    return Compared(
        mine, mine.difference(theirs), verdict, gateway.bars_played, outcome.seconds, outcome.error,
        tuple(text for level, text in outcome.alerts if level != "note"),
        tuple(text for level, text in outcome.alerts if level == "note"),
    )  # fmt: skip


def golden(name: str) -> Compared:
    """A golden case, from the bar of its first intent on, on whatever history it has."""
    case = read_case(ROOT / "cases" / name)
    ground = case.ground
    run, market = ground.batch(), ground.market
    terms = Terms(equity=Fraction(case.equity), flat=Flat.NEXT_OPEN)
    row = int(run.intents.row[0]) if len(run.intents) else len(market) // 2
    scene = Scene(ground.strategy.program, market, terms, ground.events, name)
    with _on_any_history():
        return compared(scene, begins=float(int(market.minute[max(0, row - 1)]) * 60))


@contextmanager
def _on_any_history() -> Iterator[None]:
    """Cases are the smallest history that tells something: less than a live run insists on."""
    needed = warmup.needed
    warmup.needed = lambda plan, dates: lambda bars: True
    try:
        yield
    finally:
        warmup.needed = needed


def shipped(spec: Path, days: int, part: int = 0) -> Compared:
    """Trading dates of a shipped strategy, `part` weeks after the first.

    With no days at all New York's hours of one are taken.
    """
    program = program_of(spec)
    first = FIRST + timedelta(days=7 * part)
    last = first + timedelta(days=max(0, days * 7 // 5 - 1))
    market = synthesize(program.instrument, first - _HISTORY, last, seed=5 + part)
    scene = Scene(program, market, TERMS, events_for(spec), spec.stem)
    if days:
        return compared(scene, first=first, last=last)
    opens, over = minute_of(f"{first} 13:20"), minute_of(f"{first} 20:10")
    seen = market.rows(0, int(market.minute.searchsorted(over)))
    return compared(replace(scene, market=seen), begins=opens * 60.0)
