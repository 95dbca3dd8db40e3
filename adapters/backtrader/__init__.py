"""backtrader as a venue: its clock, its feed, its broker, and our decisions and rules.

backtrader is GPL-3, comes with the extra `backtrader` and is imported by one module only,
`adapters.backtrader.venue`, when something is asked of it. Names of that module can be taken
from here: `from adapters.backtrader import EngineStrategy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from adapters.backtrader.venue import (
        EngineBroker,
        EngineStrategy,
        MarketFeed,
        run_in_backtrader,
    )

__all__ = [
    "BacktraderMissing",
    "EngineBroker",
    "EngineStrategy",
    "MarketFeed",
    "VenueError",
    "run_in_backtrader",
]

_OF_THE_VENUE: Final = ("EngineBroker", "EngineStrategy", "MarketFeed", "run_in_backtrader")


class BacktraderMissing(ImportError):
    """backtrader is not installed; the message says how to get it."""

    def __init__(self) -> None:
        """The way out."""
        super().__init__(
            "backtrader is not installed: pip install 'slob-engine[backtrader]' brings it"
        )


class VenueError(ValueError):
    """A Cerebro set up in a way in which the strategy cannot run; the message says the way out."""


def __getattr__(name: str) -> Any:
    """A name of the venue, whose module is imported with it. Raises `BacktraderMissing`."""
    if name not in _OF_THE_VENUE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from adapters.backtrader import venue  # noqa: PLC0415 - backtrader comes with it

    return getattr(venue, name)
