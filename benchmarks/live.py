"""The whole live path over a socket, gateway and engine as processes: what a bar costs each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Self

from benchmarks.start import ROOT, SLOB, engine, fresh, timed
from benchmarks.timing import table

if TYPE_CHECKING:
    from collections.abc import Mapping

WARM_UP: Final = "2024-12-16"
"""The data begin here, the market is played a trading week later: that much is history."""

SPANS: Final[Mapping[str, tuple[str, str]]] = {
    "8 weeks": ("2024-12-23", "2025-02-14"),
    "1 year": ("2024-12-23", "2025-12-19"),
}
"""First and last trading date that are played."""

HEAD: Final = (
    "slob_5_1 on MNQ",
    "bars",
    "fills",
    "hours a minute",
    "engine ms a bar",
    "gateway ms a bar",
    "engine MB at first",
    "at last",
    "gateway MB at first",
    "at last",
    "beside the backtest",
)
PATIENCE: Final = 3600.0
"""Seconds after which a process that says nothing is given up."""

TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used so far: seconds of processor time, megabytes it holds."""

    cpu: float
    megabytes: float

    @classmethod
    def of(cls, process: int) -> Self:
        """As the kernel tells it, to a hundredth of a second. Raises `OSError` for an ended one."""
        # the name in brackets may hold anything; the figures stand behind it
        fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
        status = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
        resident = next((line for line in status if line.startswith("VmRSS")), None)
        if resident is None:
            raise ProcessLookupError(f"process {process} has ended")
        return cls((int(fields[11]) + int(fields[12])) / TICKS, int(resident.split()[1]) / 1024)


class Spoken:
    """A verb of the command line in a process of its own, heard line by line."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Started."""
        self._words = " ".join(words)
        self._process = subprocess.Popen(
            engine(*words), env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self._lines: Queue[str] = Queue()
        self._used = Use(0.0, 0.0)
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def heard(self, event: str) -> dict[str, Any]:
        """Wait until it has told an event. Raises `RuntimeError` where that does not come."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                told: dict[str, Any] = json.loads(self._lines.get(timeout=1))
            except Empty:
                self._used = self.use
                if self._process.poll() is not None and self._lines.empty():
                    break
                continue
            if told["event"] == event:
                return told
            if told["event"] == "alert":
                print(told, file=sys.stderr)
        raise RuntimeError(f"{self._words} did not come to {event}")

    @property
    def use(self) -> Use:
        """What it has used so far; where it has just ended, what it had a second before."""
        try:
            return Use.of(self._process.pid)
        except OSError:
            return self._used

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.terminate()
        self._process.wait(PATIENCE)


@dataclass(frozen=True, slots=True)
class Played:
    """A market that was played to its end; what engine and gateway used before and after."""

    bars: int
    fills: int
    seconds: float
    engine: tuple[Use, Use]
    gateway: tuple[Use, Use]
    verdict: str

    def cpu(self, used: tuple[Use, Use]) -> str:
        """Milliseconds of processor time a bar, from the first live bar on."""
        return f"{(used[1].cpu - used[0].cpu) / self.bars * 1000:.2f}"

    def row(self, name: str) -> tuple[str, ...]:
        """Its line in the table."""
        return (
            name,
            f"{self.bars:,}",
            f"{self.fills:,}",
            f"{self.bars / self.seconds:,.0f}",  # a bar is a minute: bars a second
            self.cpu(self.engine),
            self.cpu(self.gateway),
            *(f"{use.megabytes:.0f}" for use in (*self.engine, *self.gateway)),
            self.verdict,
        )


def live_table() -> str:
    """Eight synthetic weeks of MNQ through gateway, client library, adapter and journal."""
    return table_of("8 weeks")


def year_table() -> str:
    """The same for a year."""
    return table_of("1 year")


def table_of(span: str) -> str:
    """One of `SPANS`, played."""
    with tempfile.TemporaryDirectory() as folder:
        return table(HEAD, [played(Path(folder), *SPANS[span]).row(span)])


def played(folder: Path, first: str, last: str) -> Played:
    """Have a gateway play synthetic bars to an engine, and compare its journal with the backtest.

    Raises `RuntimeError` where one of the two does not come to its end.
    """
    environment = fresh(str(folder)) | {"ENGINE_STATE": str(folder)}
    synth = engine("data", "synth", "live", "--from", WARM_UP, "--to", last, "--instrument", "MNQ")
    timed(synth, environment)
    on = ("--instrument", "MNQ")
    journal = ("--live", "--journal", str(folder / "live.db"))
    data = ("--data", "live")
    playing = ("gateway", *on, *data, "--from", first, "--port", "0", "--json")
    gateway = Spoken(playing, environment)
    try:
        port = str(gateway.heard("listening")["port"])
        trading = ("run", str(SLOB), *on, *journal, "--port", port, "--until-end", "--json")
        trader = Spoken(trading, environment)
        try:
            trader.heard("began")
            began, before = time.perf_counter(), (trader.use, gateway.use)
            facts = gateway.heard("over")
            seconds, after = time.perf_counter() - began, (trader.use, gateway.use)
        finally:
            trader.stop()
    finally:
        gateway.stop()
    compared = subprocess.run(
        engine("compare", str(SLOB), *on, *journal, *data),
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return Played(
        bars=facts["bars"],
        fills=facts["executions"],
        seconds=seconds,
        engine=(before[0], after[0]),
        gateway=(before[1], after[1]),
        verdict=verdict(compared),
    )


def verdict(compared: str) -> str:
    """What `engine compare --live` says, contract by contract, in a word; shown where it is no."""
    lines = compared.splitlines()
    contracts = sum(line.startswith("program ") for line in lines)
    if contracts and sum(line.startswith("equal: ") for line in lines) == contracts:
        return f"equal ({contracts} contracts)"
    print(compared, file=sys.stderr)
    return "DIFFERS"
