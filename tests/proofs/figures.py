"""The proofs as tasks that can be done side by side, and their figures as numbers that add up."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tests.proofs import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.proofs.judge import Verdict
    from tests.proofs.share import Share

CRASHES: Final = "crashes of the desk at every step, in memory"
KILLS: Final = "SIGKILL of the whole engine, over a socket"
VENUE: Final = "live journal against backtest"
FAULTS: Final = "faults of the gateway, through the engine"
BYTES: Final = "same seed, same bytes"
FRAMES: Final = "mutated frames"
SOAK: Final = "soak with faults at random"
SECTIONS: Final = (CRASHES, KILLS, VENUE, FAULTS, BYTES, FRAMES, SOAK)


@dataclass
class Report:
    """Figures of a section: sums, largest values, and all of some samples."""

    section: str
    sums: Counter[str] = field(default_factory=Counter)
    most: dict[str, float] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    violations: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: Report) -> Self:
        """Both together."""
        self.sums += other.sums
        self.violations += other.violations
        self.first = other.first | self.first
        for name, value in other.most.items():
            self.most[name] = max(value, self.most.get(name, value))
        for name, values in other.samples.items():
            self.samples.setdefault(name, []).extend(values)
        return self

    def judged(self, verdict: Verdict) -> None:
        """What a judge found."""
        self.violations += verdict.violations
        self.first = verdict.first | self.first
        self.sums["orders"] += verdict.orders
        self.sums["fills"] += verdict.fills
        self.most["longest without an armed stop, simulated s"] = verdict.naked

    def lines(self) -> Iterator[tuple[str, str]]:
        """Every figure as text."""
        for name, count in self.sums.items():
            if name not in _HOURS:
                yield name, f"{count:,}"
        if self.sums[_HOURS[1]]:
            hours = self.sums[_HOURS[0]] / 60 / (self.sums[_HOURS[1]] / 60_000)
            yield "simulated market hours a wall minute, of each process", f"{hours:,.0f}"
        for name, value in self.most.items():
            yield name, f"{value:,.2f}"
        for name, values in self.samples.items():
            ordered = sorted(values)
            for word, share in (("median", 0.5), ("99 %", 0.99)):
                yield f"{name}, {word}", f"{ordered[int(share * (len(ordered) - 1))]:,.0f}"
        for kind in judge.KINDS if self.section in _JUDGED else ():
            yield kind, f"{self.violations[kind]}"

    def facts(self) -> dict[str, str]:
        """The same as a mapping, with what was violated."""
        return dict(self.lines()) | {f"violated: {k}": str(v) for k, v in self.violations.items()}


_HOURS: Final = ("bars", "milliseconds")
_JUDGED: Final = frozenset({KILLS, FAULTS, SOAK})


def tasks(share: Share, first: int, wanted: set[str]) -> Iterator[Callable[[], Report]]:
    """Everything that is to be done, the longest first."""
    every: dict[str, list[Callable[[], Report]]] = {
        SOAK: [partial(_soak, share.soak, first)],
        KILLS: [partial(_kills, part, first + 1_000 * k) for k, part in _parts(share.kills, 25)],
        FAULTS: list(_faults(share, first)),
        VENUE: list(_venue(share)),
        CRASHES: [
            partial(_crashes, first + seed, share.every_point) for seed in range(share.seeds)
        ],
        BYTES: [partial(_bytes, name) for name in ("nothing", "faults")],
        FRAMES: [partial(_frames, share.frames)],
    }
    for section, some in every.items():
        if section in wanted:
            yield from some


def _parts(count: int, size: int) -> Iterator[tuple[int, int]]:
    """So many in parts."""
    for number, start in enumerate(range(0, count, size)):
        yield number, min(size, count - start)


def _crashes(seed: int, every: int) -> Report:
    from tests.support.live_sweep import PROFILES, Tally, sweep

    tally = Tally()
    for profile in PROFILES:
        tally += sweep(seed, profile, every=every)
    report = Report(CRASHES)
    report.sums = Counter(
        {
            "seeds": 1, "recoveries": tally.recoveries, "fills": tally.fills,
            "ended as if nothing had been": tally.equal, "ended otherwise, flat": tally.otherwise,
        }
    )  # fmt: skip
    report.most["longest without an armed stop, simulated s"] = tally.naked / 1000
    report.violations, report.first = Counter(tally.violations), dict(tally.first)
    return report


def _kills(wanted: int, first: int) -> Report:
    from tests.proofs.killing import kills

    made = kills(wanted, first)
    report = Report(KILLS)
    report.judged(made.verdict)
    report.sums.update(
        {
            "kills": made.kills, "markets": made.runs,
            "markets that ended as if nothing had been": made.equal,
            "markets on which a setup was missed": made.flat,
        }
    )  # fmt: skip
    report.sums.update({f"kills: {place}": count for place, count in made.places.items()})
    report.samples["ms from start to recovered"] = [1000 * one for one in made.recovery]
    return report


def _faults(share: Share, first: int) -> Iterator[Callable[[], Report]]:
    from tests.proofs.faulty import CROWD, alone, crowds, pairs

    runs: list[tuple[str, tuple[str, ...], int]] = []
    for seed in range(first, first + share.alone):
        runs += [("alone", names, at) for names, at in alone(seed)]
    for seed in range(first, first + share.crowds):
        runs += [("in crowds", names, at) for names, at in crowds(CROWD, seed)]
    runs += [("in pairs", names, at) for names, at in pairs(share.pairs, first)]
    for start in range(0, len(runs), 8):
        yield partial(_struck, runs[start : start + 8])


def _struck(runs: list[tuple[str, tuple[str, ...], int]]) -> Report:
    from tests.proofs.faulty import struck

    report = Report(FAULTS)
    for how, names, seed in runs:
        made = struck(names, seed)
        report.judged(made.verdict)
        report.sums[f"runs, faults {how}"] += 1
        report.sums["faults that struck"] += sum(made.strikes.values())
        report.sums["runs whose journal is the backtest's"] += made.equal
    return report


def _venue(share: Share) -> Iterator[Callable[[], Report]]:
    from tests.golden.cases import names
    from tests.support.shipped import SHIPPED

    chosen = names()[:: share.every_case]
    for start in range(0, len(chosen), 10):
        yield partial(_golden, chosen[start : start + 10])
    for spec in SHIPPED:
        for number, days in _parts(share.days, 5):
            yield partial(_days, spec, number, days)


def _golden(chosen: list[str]) -> Report:
    report = Report(VENUE)
    for name in chosen:
        report += _proven(*_case(name))
        report.sums["golden cases"] += 1
    return report


def _case(name: str) -> tuple[object, dict[str, object]]:
    from engine.execution.terms import Flat, Terms
    from tests.golden.cases import read_case
    from tests.golden.extension import ROOT
    from tests.proofs.rig import Scene

    case = read_case(ROOT / "cases" / name)
    ground = case.ground
    run, market = ground.batch(), ground.market
    terms = Terms(equity=Fraction(case.equity), flat=Flat.NEXT_OPEN)
    row = int(run.intents.row[0]) if len(run.intents) else len(market) // 2
    begins = float(int(market.minute[max(0, row - 1)]) * 60)
    scene = Scene(ground.strategy.program, market, terms, ground.events, name)
    return scene, {"begins": begins}


def _days(spec: Path, number: int, days: int) -> Report:
    """Trading dates of a shipped strategy, some weeks behind those of the part before."""
    from adapters.synth import synthesize
    from tests.proofs.rig import TERMS, Scene
    from tests.support.shipped import events_for, program_of

    program = program_of(spec)
    first = date(2025, 9, 8) + timedelta(days=7 * number)
    last = first + timedelta(days=days * 7 // 5 - 1)
    market = synthesize(program.instrument, first - timedelta(days=6), last, seed=5 + number)
    scene = Scene(program, market, TERMS, events_for(spec), spec.stem)
    report = _proven(scene, {"first": first, "last": last})
    report.sums["trading dates"] += days
    return report


def _proven(scene: object, where: dict[str, object]) -> Report:
    from adapters.live import warmup
    from tests.proofs import venue
    from tests.proofs.rig import Scene, played

    assert isinstance(scene, Scene)
    report = Report(VENUE)
    needed, warmup.needed = warmup.needed, lambda _plan, _dates: lambda _bars: True
    try:
        with tempfile.TemporaryDirectory() as folder:
            journal = Path(folder) / "j.db"
            gateway = scene.gateway(**where)
            begins = int(gateway.now // 60)
            outcome = played(gateway, scene.plan(journal))
            (tape,) = gateway.tapes.values()
            theirs = venue.backtest(scene, begins, int(tape.market.minute[-1]) + 1)
            mine = venue.live(scene, journal)
    finally:
        warmup.needed = needed
    if outcome.error is not None:
        report.violations[judge.RAISED] += 1
        report.first[judge.RAISED] = f"{scene.name}: {outcome.error!r}"
    if difference := mine.difference(theirs):
        report.violations["live differs from the backtest"] += 1
        report.first["live differs from the backtest"] = f"{scene.name}: {difference}"
    report.sums["records compared"] += len(mine.lines)
    report.sums["trades compared, to the cent"] += mine.trades
    report.sums[_HOURS[0]] += gateway.bars_played
    report.sums[_HOURS[1]] += int(outcome.seconds * 1000)
    return report


def _bytes(what: str) -> Report:
    from adapters.database.reader import JournalReader
    from adapters.gateway.faults import plans
    from tests.proofs.faulty import planned, scene_of
    from tests.proofs.rig import played

    names = ("partial-fill", "duplicate-callbacks", "shuffle-callbacks", "reject-stop")
    faults = plans(planned(names if what == "faults" else ()))
    found = []
    for carrier in ("memory", "memory", "tcp"):
        scene, begins = scene_of(4)
        gateway = scene.gateway(begins=begins, seed=4, faults=faults)
        with tempfile.TemporaryDirectory() as folder:
            journal = Path(folder) / "j.db"
            played(gateway, scene.plan(journal), carrier)
            with JournalReader.open(journal) as reader:
                told = "\n".join(repr(event) for _, event in reader.events())
        found.append((gateway.wire.digest, sha256(told.encode()).hexdigest()))
    report = Report(BYTES)
    report.sums["runs in memory and over a socket"] = len(found)
    if len(set(found)) > 1:
        report.violations["other bytes"] += 1
        report.first["other bytes"] = f"{what}: {found}"
    return report


def _frames(count: int) -> Report:
    from tests.proofs.noise import to_the_client, to_the_gateway

    began = time.perf_counter()
    report = Report(FRAMES)
    for name, work in (("to the engine", to_the_client), ("to the gateway", to_the_gateway)):
        try:
            report.sums[f"frames {name}"] += work(count)
        except Exception as uncaught:  # noqa: BLE001 - that is what is looked for
            report.violations["uncaught"] += 1
            report.first["uncaught"] = f"{name}: {uncaught!r}"
    report.most["seconds"] = time.perf_counter() - began
    return report


def _soak(days: int, seed: int) -> Report:
    from tests.proofs.lasting import lasted

    made = lasted(days, seed)
    report = Report(SOAK)
    report.judged(made.verdict)
    report.sums.update(
        {"trading dates": days, "faults that struck": made.strikes, "events": made.events}
    )
    report.most["growth of memory in use, %"] = 100 * made.growth
    if days >= 20 and made.growth > 0.05:
        report.violations["memory grows"] += 1
        report.first["memory grows"] = f"{made.growth:.1%}"
    return report
