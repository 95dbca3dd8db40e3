"""`--timings`: where the time of a run went, told for people and for programs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from time import process_time
from typing import TYPE_CHECKING, Any, Final

from adapters.cli.screen import Table, heading
from engine.stopwatch import REST, Stopwatch, listening, part

if TYPE_CHECKING:
    from collections.abc import Iterator

START: Final = "start-up"
IMPORTS: Final = "imports"

MODULES: Final = (
    *("adapters.store", "adapters.calendars", "adapters.events"),
    *("adapters.cli.outcome", "engine.run", "engine.statistics.table"),
)
"""What every run imports: asked for at the start, so that no other part pays for it."""

REMARKS: Final = {
    START: "Python and the command line, in processor time",
    REST: "in no part",
}


@contextmanager
def timing(*, on: bool) -> Iterator[Stopwatch | None]:
    """A stopwatch that listens, what is imported first; None where nobody asked."""
    if not on:
        yield None
        return
    watch = Stopwatch()
    watch.charge(START, process_time())
    with listening(watch):
        with part(IMPORTS):
            for name in MODULES:
                import_module(name)
        yield watch


@dataclass(frozen=True, slots=True)
class Timings:
    """The parts of a run in the order in which they began, what is in none of them last.

    Seconds; `peak` is the most memory the process ever held, in bytes, None where the system does
    not say.
    """

    parts: dict[str, float]
    remarks: dict[str, str]
    bars: int
    peak: int | None

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(self.parts.values())

    def record(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "total_ms": _ms(self.total),
            "bars": self.bars,
            "ns_per_bar": self._a_bar(self.total),
            "peak_memory_mb": None if self.peak is None else round(self.peak / 1e6, 1),
            "parts": [
                {
                    "part": name,
                    "ms": _ms(seconds),
                    "ns_per_bar": self._a_bar(seconds),
                    "remark": self.remarks.get(name, ""),
                }
                for name, seconds in self.parts.items()
            ],
        }

    def show(self) -> None:
        """Print them."""
        heading(f"Timings ({self.bars:,} bars)")
        rows = [
            (name, *self._figures(seconds), self.remarks.get(name, ""))
            for name, seconds in self.parts.items()
        ]
        memory = "" if self.peak is None else f"peak memory {self.peak / 1e6:,.0f} MB"
        rows.append(("total", *self._figures(self.total), memory))
        head = ("part", "ms", "share", "ns a bar", "")
        Table(head, rows, frozenset({1, 2, 3})).show()

    def _figures(self, seconds: float) -> tuple[str, str, str]:
        share = 100 * seconds / self.total if self.total else 0.0
        return f"{1000 * seconds:,.1f}", f"{share:.1f} %", f"{self._a_bar(seconds):,.1f}"

    def _a_bar(self, seconds: float) -> float:
        return round(1e9 * seconds / max(self.bars, 1), 2)


def timings_of(watch: Stopwatch, bars: int) -> Timings:
    """What a stopwatch has seen until now."""
    watch.stop()
    parts = {name: seconds for name, seconds in watch.parts.items() if name != REST}
    parts[REST] = watch.parts[REST]
    return Timings(parts, REMARKS | watch.remarks, bars, peak_memory())


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where the system does not say."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most) if sys.platform == "darwin" else int(most) * 1024


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)
