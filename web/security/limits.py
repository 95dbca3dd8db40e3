"""How often somebody may try a password."""

from __future__ import annotations

import time
from collections import deque
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING, Final

from litestar.exceptions import TooManyRequestsException

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES: Final = 5
WINDOW: Final = 60.0
MOST: Final = 4096
"""Addresses remembered; beyond that the oldest is forgotten."""


class TooMany(TooManyRequestsException):
    """Somebody tried too often; `headers` say when to come back."""

    def __init__(self, wait: int) -> None:
        late = {"retry-after": str(wait)}
        super().__init__(f"Too many tries: wait {wait} seconds.", headers=late)


class Tries:
    """Tries of the last minute, by the address they came from.

    By address and not by name: who knows a name must not be able to lock its owner out.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._taken: dict[str, deque[float]] = {}
        self._lock = Lock()

    def take(self, peer: str) -> int:
        """Take a try: 0, or the whole seconds until there is one again.

        It counts before it is known to be wrong, so that many at once are no way around.
        """
        with self._lock:
            tries = self._recent(peer)
            if len(tries) >= TRIES:
                return max(1, ceil(tries[0] + WINDOW - self._now()))
            tries.append(self._now())
            self._taken.pop(peer, None)
            self._taken[peer] = tries
            while len(self._taken) > MOST:
                self._taken.pop(next(iter(self._taken)))
            return 0

    def right(self, peer: str) -> None:
        """The password was right: all is forgotten."""
        with self._lock:
            self._taken.pop(peer, None)

    def _recent(self, peer: str) -> deque[float]:
        tries = self._taken.get(peer, deque())
        while tries and tries[0] <= self._now() - WINDOW:
            tries.popleft()
        return tries
