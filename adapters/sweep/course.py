"""A sweep under way: sets that were tried are kept as they come, and never run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.sweep.store import Setting, Store
    from adapters.sweep.workers import Workers
    from engine.domain.market import Reals


class Course:
    """The sets of a store that were tried, and the way to try more."""

    def __init__(
        self, store: Store, workers: Callable[[int], Workers], told: Callable[[int, int], None]
    ) -> None:
        """`workers` are made for so many sets; `told` hears how many ran of how many."""
        self.tried: dict[Setting, Reals] = store.tried()
        self._kept = len(self.tried)
        self._store = store
        self._make = workers
        self._workers: Workers | None = None
        self._told = told
        self._wanted = 0

    def try_all(self, settings: Sequence[Setting]) -> None:
        """Run those of the settings that were not tried yet; each chunk is kept before the next."""
        missing = [setting for setting in dict.fromkeys(settings) if setting not in self.tried]
        if not missing:
            return
        self._wanted += len(missing)
        self._workers = self._workers or self._make(len(missing))
        for part, figures in self._workers.figures(missing):
            self._store.add(part, figures)
            self.tried.update(zip(part, figures, strict=True))
            self._told(len(self.tried) - self._kept, self._wanted)
