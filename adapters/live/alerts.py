"""Telling a person who may be asleep: where alerts go, and what is told of a lost connection."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from adapters.live.status import Said
from engine.live.commands import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT: Final = 30

LOST_FOR: Final = (60_000, 300_000, 900_000)
"""Milliseconds without the gateway after which somebody is told."""


class Notifier(Protocol):
    """One way to reach a person. It must not raise, and not take long: it is called in the loop."""

    def notify(self, at: int, level: Level, text: str) -> None:
        """Tell a person."""
        ...


@dataclass(slots=True)
class Alerts:
    """Everything that was said to people, sent every way there is; the newest comes first."""

    notifiers: Iterable[Notifier] = ()
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def say(self, at: int, level: Level, text: str) -> None:
        """Tell it by every way, and remember it."""
        self.said.appendleft(Said(at, level.value, text))
        for one in self.notifiers:
            one.notify(at, level, text)


class Outage:
    """What is told while the gateway is away: louder the longer it lasts, each once."""

    def __init__(self, since: int) -> None:
        """Lost at an instant."""
        self.since = since
        self._told = 0

    def due(self, now: int) -> tuple[Level, str] | None:
        """What is to be said now, if anything."""
        passed = sum(now - self.since >= limit for limit in LOST_FOR)
        if passed <= self._told:
            return None
        self._told = passed
        minutes = LOST_FOR[passed - 1] // 60_000
        level = Level.WARNING if passed == 1 else Level.ALARM
        return level, f"no gateway for {minutes} min: stops work at the broker, nothing else does"
