"""Who is told what a live run does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from adapters.live.runner import Runner
    from engine.live import commands as cmd
    from engine.live.commands import Level
    from engine.live.events import Event


class Listener(Protocol):
    """Who is told what happens; it must not raise."""

    def began(self, runner: Runner) -> None:
        """It is connected and warmed up, and trades from here on."""
        ...

    def happened(self, event: Event) -> None:
        """An event is on the disk."""
        ...

    def withheld(self, at: int, what: cmd.Send | cmd.Cancel) -> None:
        """It is only watched: this would have been sent."""
        ...

    def alerted(self, at: int, level: Level, text: str) -> None:
        """Somebody is told something."""
        ...


@dataclass(frozen=True, slots=True)
class ToListener:
    """Alerts, told to the listener of a run."""

    listener: Listener

    def notify(self, at: int, level: Level, text: str) -> None:
        """See `alerts.Notifier`."""
        self.listener.alerted(at, level, text)
