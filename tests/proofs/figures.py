"""The proofs as tasks that can be done side by side, and their figures as numbers that add up."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from adapters.ib.port import FeedKind
from tests.golden.cases import names
from tests.proofs import judge
from tests.proofs.bytewise import FAULTY, digests
from tests.proofs.compared import compared, golden, shipped
from tests.proofs.faulty import CROWD, alone, crowds, pairs, scene_of, struck
from tests.proofs.killing import kills
from tests.proofs.lasting import lasted
from tests.proofs.noise import to_the_client, to_the_gateway
from tests.support.live_sweep import PROFILES, Tally, sweep
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.proofs.compared import Compared
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
    made = kills(wanted, first)
    report = Report(KILLS)
    report.judged(made.verdict)
    report.sums.update(
        {
            "kills": made.kills, "markets": made.runs,
            "markets that ended as if nothing had been": made.equal,
            "markets on which a setup was missed": made.flat,
            "kills after which another program went on": made.takeovers,
        }
    )  # fmt: skip
    report.sums.update({f"kills: {place}": count for place, count in made.places.items()})
    report.samples["ms from start to recovered"] = [1000 * one for one in made.recovery]
    return report


def _faults(share: Share, first: int) -> Iterator[Callable[[], Report]]:
    runs: list[tuple[str, tuple[str, ...], int]] = []
    for seed in range(first, first + share.alone):
        runs += [("alone", names, at) for names, at in alone(seed)]
    for seed in range(first, first + share.crowds):
        runs += [("in crowds", names, at) for names, at in crowds(CROWD, seed)]
    runs += [("in pairs", names, at) for names, at in pairs(share.pairs, first)]
    for start in range(0, len(runs), 8):
        yield partial(_struck, runs[start : start + 8])


def _struck(runs: list[tuple[str, tuple[str, ...], int]]) -> Report:
    report = Report(FAULTS)
    for how, faults, seed in runs:
        made = struck(faults, seed)
        report.judged(made.verdict)
        report.sums[f"runs, faults {how}"] += 1
        report.sums["faults that struck"] += sum(made.strikes.values())
        report.sums["runs whose journal is the backtest's"] += made.equal
    return report


def _venue(share: Share) -> Iterator[Callable[[], Report]]:
    chosen = names()[:: share.every_case]
    for start in range(0, len(chosen), 10):
        yield partial(_golden, chosen[start : start + 10])
    for spec in SHIPPED:
        for number, days in _parts(share.days, 5) if share.days else ((0, 0),):
            yield partial(_days, spec, number, days)
    for feed in (FeedKind.STEPS, FeedKind.TICKS):
        yield partial(_fed, feed)


def _golden(chosen: list[str]) -> Report:
    report = Report(VENUE)
    for name in chosen:
        report += _of(golden(name), name)
        report.sums["golden cases"] += 1
    return report


def _days(spec: Path, part: int, days: int) -> Report:
    report = _of(shipped(spec, days, part), spec.stem)
    report.sums["trading dates"] += days
    return report


def _fed(feed: FeedKind) -> Report:
    scene, begins = scene_of(3)
    report = _of(compared(scene, feed, begins=begins), f"bars of {feed}")
    report.sums["runs on bars made of 5-second bars or of ticks"] += 1
    return report


def _of(made: Compared, name: str) -> Report:
    report = Report(VENUE)
    report.violations, report.first = made.verdict.violations, made.verdict.first
    if made.error is not None:
        report.violations[judge.RAISED] += 1
        report.first[judge.RAISED] = f"{name}: {made.error!r}"
    if made.difference:
        report.violations["live differs from the backtest"] += 1
        report.first["live differs from the backtest"] = f"{name}: {made.difference}"
    report.sums["records compared"] += len(made.mine.lines)
    report.sums["trades compared, to the cent"] += made.mine.trades
    report.sums[_HOURS[0]] += made.bars
    report.sums[_HOURS[1]] += int(made.seconds * 1000)
    return report


def _bytes(what: str) -> Report:
    found = digests(FAULTY if what == "faults" else ())
    report = Report(BYTES)
    report.sums["runs in memory and over a socket"] = len(found)
    if len(set(found)) > 1:
        report.violations["other bytes"] += 1
        report.first["other bytes"] = f"{what}: {found}"
    return report


def _frames(count: int) -> Report:
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
    made = lasted(days, seed)
    report = Report(SOAK)
    report.judged(made.verdict)
    report.sums.update(
        {"trading dates": days, "faults that struck": made.strikes, "events": made.events}
    )
    report.most["growth of memory, %"] = 100 * made.growth
    if days >= 10 and made.growth > 0.05:
        report.violations["memory grows"] += 1
        report.first["memory grows"] = f"{made.growth:.1%}"
    return report
