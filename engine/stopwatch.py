"""Where the time of a run goes: whoever does a part says so, and a stopwatch may listen.

`with part("columns"): ...` costs a look at a variable where nobody listens. Parts do not overlap:
one that begins inside another stops the other's clock until it ends. So they add up to the whole,
what is in no part included.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

REST: Final = "rest"
"""What is in no part."""


class Stopwatch:
    """Seconds by part, in the order in which parts began; `remarks` say how a part was done."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """It runs from here. `clock` tells seconds."""
        self.parts: dict[str, float] = {}
        self.remarks: dict[str, str] = {}
        self._clock = clock
        self._open = [REST]
        self._since = clock()

    @property
    def total(self) -> float:
        """Seconds since the start, or until it was stopped: the sum of the parts."""
        return sum(self.parts.values())

    def begin(self, name: str) -> None:
        """From here on the time is this part's."""
        self._charge()
        self._open.append(name)
        self.parts.setdefault(name, 0.0)

    def end(self) -> None:
        """From here on it is the part's again that was interrupted."""
        self._charge()
        self._open.pop()

    def charge(self, name: str, seconds: float) -> None:
        """Time that was spent on a part where no stopwatch could see it."""
        self.parts[name] = self.parts.get(name, 0.0) + seconds

    def stop(self) -> None:
        """Count what has passed since the last part ended."""
        self._charge()

    def _charge(self) -> None:
        now = self._clock()
        self.charge(self._open[-1], now - self._since)
        self._since = now


_listening: Final[ContextVar[Stopwatch | None]] = ContextVar("stopwatch", default=None)


class _Part:
    """A part of the work, timed where a stopwatch listens."""

    __slots__ = ("name", "watch")

    def __init__(self, name: str) -> None:
        self.name = name
        self.watch = _listening.get()

    def __enter__(self) -> None:
        if self.watch is not None:
            self.watch.begin(self.name)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.watch is not None:
            self.watch.end()


part = _Part
"""`with part(name):` says that what follows is that part of the work."""


def remark(name: str, words: Callable[[], str]) -> None:
    """Say how a part is done; the words are only made where a stopwatch listens."""
    watch = _listening.get()
    if watch is not None:
        watch.remarks[name] = words()


@contextmanager
def listening(watch: Stopwatch | None) -> Iterator[Stopwatch | None]:
    """Parts inside are timed by this stopwatch, which stops at the end; None: by none."""
    before = _listening.set(watch)
    try:
        yield watch
    finally:
        _listening.reset(before)
        if watch is not None:
            watch.stop()
