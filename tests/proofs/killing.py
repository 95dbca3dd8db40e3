"""Real engines, killed with SIGKILL again and again on one market, until it is over.

Where the kill falls is drawn: at a frame of the client (anywhere), or by the engine's own hand at
a place that matters (`nursery.PLACES`). On every other market nothing moves while no engine is
there: wherever the kill falls, the journal must be as if nothing had been. On the others the market
goes on for some bars after half of the deaths. Of orders that were not transmitted when an engine
died, markets in turn keep, hide and drop what they have. On some markets every engine may have
another strategy than the one before, which then leads what it had opened.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Self

from adapters.database.reader import JournalReader
from adapters.gateway.config import Unsent
from adapters.synth import synthesize
from tests.proofs import venue
from tests.proofs.house import House, Nursery
from tests.proofs.judge import DIFFERS, RAISED, STUCK, Verdict, judged
from tests.proofs.nursery import PLACES
from tests.proofs.rig import ACCOUNT, CLIENT, SCALP, Scene
from tests.support.bars import minute_of
from tests.support.shipped import CALENDARS, program_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.gateway.gateway import Gateway

HISTORY, TRADED, AFTER = 30, 45, 8
"""Bars before the gateway begins, bars of trading, and bars after the session's end."""

CLOSES = "20:00"
"""When New York's session ends on the clock of the bars (UTC, in summer)."""

DAYS = ("2025-10-06", "2025-10-07", "2025-10-08", "2025-10-09", "2025-10-10")


def slice_of(seed: int) -> tuple[Scene, float]:
    """The last hour of a session and what comes after, and where the gateway begins."""
    day = DAYS[seed % len(DAYS)]
    instrument = program_of(SCALP).instrument
    when = date.fromisoformat(day)
    market = synthesize(instrument, when, when, seed=seed, calendars=CALENDARS)
    ends = minute_of(f"{day} {CLOSES}")
    first, begins, last = ends - TRADED - HISTORY, ends - TRADED, ends + AFTER
    low, high = market.minute.searchsorted([first, last]).tolist()
    return Scene.of(SCALP, market.rows(low, high)), float(begins * 60)


@dataclass
class Tally:
    """What came of many kills."""

    verdict: Verdict = field(default_factory=Verdict)
    kills: int = 0
    runs: int = 0
    equal: int = 0
    flat: int = 0
    recovery: list[float] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    takeovers: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: Tally) -> Self:
        """Both together."""
        self.verdict += other.verdict
        self.kills += other.kills
        self.runs += other.runs
        self.equal += other.equal
        self.flat += other.flat
        self.recovery += other.recovery
        self.places = {
            name: self.places.get(name, 0) + other.places.get(name, 0)
            for name in sorted({*self.places, *other.places})
        }
        self.takeovers += other.takeovers
        self.seconds += other.seconds
        return self

    def quantile(self, share: float) -> float:
        """Milliseconds from start to recovered that a share of the starts did not exceed."""
        ordered = sorted(self.recovery)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Killer:
    """Kills the engines of one market.

    `frozen`: nothing moves while no engine is there. `changing`: each has another strategy.
    """

    def __init__(
        self, seed: int, nursery: Nursery, log: Path, *, frozen: bool, changing: bool = False
    ) -> None:
        """With dice of its own."""
        self.dice = Random(f"kill/{seed}")
        self.seed, self.frozen, self.changing = seed, frozen, changing
        self.nursery, self.log = nursery, log
        self.tally = Tally()
        self.disturbed = 1 << 40
        self.scene, self.begins = slice_of(seed)

    def run(self, most: int) -> Tally:
        """Kill until the market is over, or so many times; then judge."""
        began = time.perf_counter()
        where = f"seed {self.seed}, {'frozen' if self.frozen else 'moving'}"
        with tempfile.TemporaryDirectory() as folder:
            journal = Path(folder) / "j.db"
            unsent = _UNSENT[self.seed // 2 % len(_UNSENT)]
            gateway = self.scene.gateway(begins=self.begins, seed=self.seed, unsent=unsent)
            with House(gateway) as house:
                while not house.over.is_set():
                    self._live(house, journal, kill=self.tally.kills < most, where=where)
                    if (
                        self.tally.verdict.violations[STUCK]
                        or self.tally.verdict.violations[RAISED]
                    ):
                        break
            self.tally.runs += 1
            self.tally.verdict += judged(gateway, journal, where)
            if self.changing:
                self._see_takeovers(journal, where)
            else:
                self._compare(gateway, journal, where)
        self.tally.seconds = time.perf_counter() - began
        return self.tally

    def _live(self, house: House, journal: Path, *, kill: bool, where: str) -> None:
        """One engine, from its birth to its death or the end of the market."""
        aim = self._aim() if kill else None
        frames = self.dice.randint(1, 160) if kill and aim is None else 0
        pid = 0
        count = 0

        def on_frame() -> None:
            nonlocal count
            count += 1
            if count == frames:
                os.kill(pid, signal.SIGKILL)

        house.recovered.clear()
        born = time.perf_counter()
        # the engine cannot have a line before its process is known: it is born first
        pid = self.nursery.bear(
            ["run", str(SCALP), "--live", "--port", str(house.port), "--journal", str(journal),
             "--account", ACCOUNT, "--client", str(CLIENT), "--equity", "250000",
             "--commission", "2.25", "--slippage", "1", "--until-end", *self._values()],
            aim, {"ENGINE_STATE": str(journal.parent)},
        )  # fmt: skip
        house.on_frame = on_frame
        status = self._death(house, pid)
        house.on_frame = None
        if house.recovered.is_set():
            self.tally.recovery.append(house.recovered_at - born)
        if status == -signal.SIGKILL:
            self.tally.kills += 1
            place = "a frame" if aim is None else str(aim["place"])
            self.tally.places[place] = self.tally.places.get(place, 0) + 1
        elif status == _STUCK:
            self.tally.verdict.note(STUCK, where)
        elif status != 0:
            self.tally.verdict.note(RAISED, f"{where}: status {status}, see {self.log}")
        house.wait_until_left()
        if not kill:
            return
        passes = 0
        if not self.frozen and self.dice.random() < 0.5:
            left = house.do(lambda: _left(house.gateway))
            passes = min(self.dice.randint(1, 3), max(0, left - 2))
        if passes:
            self.disturbed = min(self.disturbed, int(house.gateway.now // 60))
        house.play_alone(passes)

    def _values(self) -> list[str]:
        """What the strategy of the next engine has otherwise."""
        if not self.changing:
            return []
        return ["--set", f"pause={self.dice.choice((2, 4, 5))} min"]

    def _see_takeovers(self, journal: Path, where: str) -> None:
        """Every program that led what it had opened was laid down in the end."""
        with JournalReader.open(journal) as reader:
            reader.verify()
            self.tally.takeovers += reader.count("leads")
            for strategy in sorted(reader.load()[0].leading):
                self.tally.verdict.note(LEADS, f"{where}: {strategy}")

    def _aim(self) -> dict[str, Any] | None:
        """A place in the engine, or None for a frame on the wire."""
        if self.dice.random() < 0.4:
            return None
        place = self.dice.choice(PLACES)
        most = 40 if "word" in place else 25 if "record" in place else 6
        return {"place": place, "count": self.dice.randint(1, most)}

    def _death(self, house: House, pid: int) -> int:
        """Wait for the end of an engine; when the market is over it is killed a last time."""
        ended: list[int] = []
        waiter = threading.Thread(target=lambda: ended.append(self.nursery.ended()))
        waiter.start()
        began = time.perf_counter()
        over_at = None
        stuck = False
        while waiter.is_alive():
            waiter.join(0.002)
            now = time.perf_counter()
            if house.over.is_set() and over_at is None:
                over_at = now
            stuck = now - began > _LONGEST
            if waiter.is_alive() and (stuck or (over_at is not None and now - over_at > _AT_END)):
                os.kill(pid, signal.SIGKILL)
                waiter.join(10)
        return _STUCK if stuck else 0 if over_at is not None else ended[0]

    def _compare(self, gateway: Gateway, journal: Path, where: str) -> None:
        """The journal against the uninterrupted run's, which is the backtest's.

        They must be equal up to the first bar that a dead engine missed; what comes then is the
        judge's.
        """
        last = int(gateway.tapes["NQ"].market.minute[-1]) + 1
        mine = venue.live(self.scene, journal)
        theirs = venue.backtest(self.scene, int(self.begins // 60), last)
        if difference := mine.before(self.disturbed).difference(theirs.before(self.disturbed)):
            self.tally.verdict.note(DIFFERS, f"{where}: {difference}")
        if mine.difference(theirs):
            self.tally.flat += 1
        else:
            self.tally.equal += 1


_UNSENT = tuple(Unsent)
LEADS = "a program of before leads for ever"
_STUCK = 1_000
_CHANGES = 3
_LONGEST = 90.0
_AT_END = 0.4


def _left(gateway: Gateway) -> int:
    tape = gateway.tapes["NQ"]
    return len(tape) - tape.row


def kills(wanted: int, first: int = 0, seeds: Sequence[int] | None = None) -> Tally:
    """At least so many kills, on market after market."""
    together = Tally()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "engines.log"
        nursery = Nursery(log)
        try:
            seed = first
            while together.kills < wanted:
                killer = Killer(
                    seed, nursery, log, frozen=seed % 2 == 0, changing=seed % 4 == _CHANGES
                )
                together += killer.run(wanted - together.kills)
                seed += 1
        finally:
            nursery.close()
            if together.verdict.violations and log.exists():
                tail = log.read_text(errors="replace")[-3000:]
                together.verdict.first.setdefault("log", tail)
    return together
