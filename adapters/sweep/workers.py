"""Where the sets of a sweep are run: on this machine's cores, or on a cluster (`cluster`)."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final, Protocol

from adapters.sweep.task import figures_of
from engine.machine.forms import Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapters.sweep.store import Setting
    from adapters.sweep.task import Task
    from engine.domain.market import Reals
    from engine.run import Prepared

CHUNK_SECONDS: Final = 0.5
"""How long a chunk should take: what an interruption may lose, and how often one is told."""
GROWTH_MOST: Final = 4


class Workers(Protocol):
    """Runs settings."""

    def figures(self, settings: Sequence[Setting]) -> Iterator[tuple[Sequence[Setting], Reals]]:
        """Some of the settings with their figures (settings x spans x figures), until all came.

        Chunks come in any order and size, each setting exactly once.
        """
        ...


class Local:
    """This process, with `jobs` threads: what is compiled holds no lock of Python's."""

    def __init__(self, task: Task, prepared: Prepared, form: Form, jobs: int) -> None:
        """Of a task on its bars."""
        if form is Form.COMPILED:
            # compiling takes seconds: here, where an interruption can end it, not on a thread
            prepared.run(task.terms, form)
        self._task = task
        self._prepared = prepared
        self._sweeper = task.sweeper(prepared, form)
        self._jobs = jobs
        self._chunk = jobs

    def figures(self, settings: Sequence[Setting]) -> Iterator[tuple[Sequence[Setting], Reals]]:
        """The settings in chunks that take about half a second."""
        waiting = self._task.neighbours(self._prepared, settings)
        done = 0
        while done < len(waiting):
            part = waiting[done : done + self._chunk]
            begun = perf_counter()
            outcomes = self._sweeper.run(part, self._jobs)
            took = perf_counter() - begun
            done += len(part)
            yield part, figures_of(outcomes)
            self._chunk = self._next(len(part), took)

    def _next(self, size: int, took: float) -> int:
        """A size that takes about `CHUNK_SECONDS`, a multiple of the threads."""
        wanted = size * CHUNK_SECONDS / max(took, 1e-6)
        rounds = max(1, round(min(wanted, size * GROWTH_MOST) / self._jobs))
        return rounds * self._jobs
