"""Lines for standard output that never hold up who writes them.

A terminal that is stopped (Ctrl-S) or a pipe that nobody reads blocks a process in `print`. Who
trades must not wait for that: lines are handed to a thread, and where too many wait, the oldest go.
"""

from __future__ import annotations

import sys
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TextIO

MOST: Final = 10_000
"""Lines that may wait."""

_PATIENCE: Final = 1.0


class Pen:
    """Writes lines in their order, in a thread of its own."""

    def __init__(self, out: TextIO | None = None, most: int = MOST) -> None:
        """To standard output, unless told otherwise."""
        self._out = sys.stdout if out is None else out
        self._lines: deque[str] = deque()
        self._most = most
        self._lost = 0
        self._is_over = False
        self._waiting = Condition()
        self._thread = Thread(target=self._write, name="pen", daemon=True)
        self._thread.start()

    def line(self, text: str) -> None:
        """Have a line written. Never waits, never raises."""
        with self._waiting:
            if len(self._lines) >= self._most:
                self._lines.popleft()
                self._lost += 1
            self._lines.append(text)
            self._waiting.notify()

    def close(self, patience: float = _PATIENCE) -> None:
        """Wait for what is left to be written, but not for long."""
        with self._waiting:
            self._is_over = True
            self._waiting.notify()
        self._thread.join(patience)

    def _write(self) -> None:
        while lines := self._next():
            try:
                self._out.write("".join(f"{line}\n" for line in lines))
                self._out.flush()
            except (OSError, ValueError):  # nobody reads any more, or the output is closed
                return

    def _next(self) -> list[str]:
        """The lines that wait, once there are any; none: it is over."""
        with self._waiting:
            while not self._lines and not self._is_over:
                self._waiting.wait()
            lost, self._lost = self._lost, 0
            lines = [f"({lost:,} lines were not read in time)"] if lost else []
            lines += self._lines
            self._lines.clear()
        return lines
