"""The settings of live trading, apart from the strategy's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Patience in milliseconds, and limits.

    A position is protected again as soon as it is seen without an armed stop for all of it;
    `flatten_after` is when that is given up, and `answer_within` when a question is asked anew.
    """

    second_look: int = 2_000  # an order that is nowhere is believed gone only after so long
    partial: int = 1_000  # the rest of an entry may come as long
    armed_within: int = 1_000  # a stop that is not armed by then is asked about
    flatten_after: int = 3_000
    answer_within: int = 1_000
    reconcile_every: int = 60_000
    fresh: int = 20_000  # a bar that closed longer ago brings no entry
    equity_fresh: int = 90_000
    skew: int = 10_000
    session_grace: int = 1_000  # a session's last bar may come so late
    entries_a_day: int | None = None
    told_equity: bool = True  # sizes from the equity the broker tells; else from what is counted
    warm_up: int = 0  # bars
    monitor_only: bool = False
