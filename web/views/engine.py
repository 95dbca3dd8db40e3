"""The live engine in a few lines, for the health page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.live.status import State

if TYPE_CHECKING:
    from adapters.live.status import Status

_TONES: Final = {
    State.TRADING: "good",
    State.WATCHING: "good",
    State.WARMING_UP: "warn",
    State.STARTING: "warn",
    State.CONNECTING: "warn",
    State.STOPPING: "warn",
    State.HALTED: "bad",
    State.LATCHED: "bad",
    State.DOWN: "bad",
}


@dataclass(frozen=True, slots=True)
class EngineView:
    """The state in a word with its tone, and rows of what matters; instants in ms, or None."""

    state: str
    tone: str
    at: int | None
    rows: tuple[tuple[str, str], ...]


def engine_view(status: Status | None, rejects: int) -> EngineView:
    """What the health page says of the live engine."""
    refused = ("orders refused by the broker", f"{rejects:,}")
    if status is None:
        return EngineView("not running", "", None, (refused,))
    process = status.process
    account = "not told yet"
    if status.account is not None:
        kind = "paper" if status.account.is_paper else "REAL MONEY"
        account = f"{status.account.number} ({kind})"
    rows = (
        ("strategy", f"{process.strategy} on {process.instrument}"),
        ("program", process.program[:16]),
        ("account", account),
        ("version", process.version),
        ("events in the journal", f"{status.events:,}"),
        refused,
    )
    return EngineView(status.state.value, _TONES.get(status.state, ""), status.at, rows)
