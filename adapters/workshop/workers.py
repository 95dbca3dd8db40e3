"""The processes that work on runs, as the process that began them sees them."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LOG: Final = "log.txt"
"""What a worker says that nobody foresaw, in its run's folder."""


class Workers:
    """Begins them, tells them to stop, and knows which have ended. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        """For the workshop in a folder."""
        self._folder = folder
        self._began: dict[int, int] = {}
        """The process of every run that was begun here; 0 once it has ended."""
        self._lock = Lock()

    def begin(self, number: int) -> None:
        """Start the process that works on a run; it outlives this one."""
        words = [sys.executable, "-m", "adapters.workshop.worker"]
        words += [str(self._folder.resolve()), str(number)]
        log = str(self._folder / "runs" / str(number) / LOG)
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        worker = os.posix_spawn(
            sys.executable,
            words,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        with self._lock:
            self._began[number] = worker

    def stop(self, number: int) -> None:
        """Tell the worker at once, where it is our own child; any other sees the word on disk."""
        if self.is_working(number):
            with suppress(OSError):
                os.kill(self._began[number], signal.SIGTERM)

    def is_known(self, number: int) -> bool:
        """Whether this process began the run."""
        return number in self._began

    def is_working(self, number: int) -> bool:
        """Whether the worker of a run is a child of this process that has not ended."""
        with self._lock:
            worker = self._began.get(number, 0)
            if worker <= 0:
                return False
            try:
                ended, _ = os.waitpid(worker, os.WNOHANG)
            except ChildProcessError:
                ended = worker
            if ended:
                self._began[number] = 0
            return not ended
