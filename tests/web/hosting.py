"""The page, served: by a thread of this process, which is quick, or as the process `engine web`."""

from __future__ import annotations

import json
import selectors
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from adapters.workshop.checking import Checks
from web.app import create_app
from web.server import Server, bind
from web.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

STRATEGIES = Path(__file__).parents[2] / "strategies"
PATIENCE = 60
"""Seconds after which something has hung; nothing that is well takes a tenth of it."""


class SharedChecks(Checks):
    """Checks whose processes serve every page of these tests: to start them takes seconds."""

    processes: dict[bool, ProcessPoolExecutor]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._pools = self.processes

    def close(self) -> None:
        """Leave the processes to the other pages."""
        self._pools = {}
        super().close()


@dataclass
class Hosted:
    """A page that somebody can go to."""

    address: str
    settings: Settings

    def end(self) -> object:
        """End it as SIGTERM does."""
        raise NotImplementedError


@dataclass
class Threaded(Hosted):
    """A page that a thread of this process serves."""

    server: Server
    thread: Thread

    def end(self) -> None:
        if self.thread.is_alive():
            self.server.handle_exit(signal.SIGTERM, None)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), f"the page at {self.address} did not end"


@dataclass
class Served(Hosted):
    """A page that runs as a process of its own."""

    process: subprocess.Popen[str] = field(repr=False)
    log: Path

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def clear(self) -> None:
        """Whatever happened to it, let nothing of it be left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


def threaded(settings: Settings) -> Threaded:
    """The page of a workshop, served by a thread; somebody must end it."""
    bound = bind("127.0.0.1", 0)
    server = Server(create_app(settings))
    thread = Thread(target=server.run, args=[[bound]], name=str(settings.folder), daemon=True)
    thread.start()
    return Threaded(f"http://127.0.0.1:{bound.getsockname()[1]}", settings, server, thread)


def begun(settings: Settings, log: Path, *words: str) -> Served:
    """`engine web` over a workshop, once it listens; somebody must end it."""
    command = [sys.executable, "-m", "adapters.cli", "web", "--json", "--port", "0", *words]
    command += ["--folder", str(settings.folder), "--strategies", str(settings.strategies)]
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=STRATEGIES.parent
        )
    line = first_line(process)
    assert line, log.read_text(encoding="utf-8")
    return Served(json.loads(line)["address"], settings, process, log)


def first_line(process: subprocess.Popen[str]) -> str:
    """The first line that a process says, empty where it ended without one."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(PATIENCE):
            process.kill()
            raise AssertionError(f"{process.args!r} said nothing in {PATIENCE} s")
    return process.stdout.readline()


def copied(folder: Path) -> Path:
    """A folder with the shipped strategies, which a test may change."""
    return Path(shutil.copytree(STRATEGIES, folder / "strategies"))


def laid_out(folder: Path, workshop: Path) -> Settings:
    """A workshop and strategies in a folder: those that lie there, else copies."""
    if not (folder / "workshop").exists():
        shutil.copytree(workshop, folder / "workshop")
    if not (folder / "strategies").exists():
        copied(folder)
    return Settings(folder=folder / "workshop", strategies=folder / "strategies")
