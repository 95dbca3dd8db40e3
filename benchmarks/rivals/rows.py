"""What is measured: an engine, what runs in it, and what is known to differ."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.rivals.environments import (
    BACKTESTING,
    BACKTRADER,
    NAUTILUS,
    NAUTILUS_NEW,
    VECTORBT,
    ZIPLINE,
    Environment,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, for each size."""

    engine: str
    module: str
    variant: str
    environment: Environment | None = None  # None: this project's own

    @property
    def is_whole(self) -> bool:
        """Whether it does the whole work, so that its first result can be compared with others'."""
        return self.variant.startswith(("rules", "numba rules", "bars to trades"))

    @property
    def is_empty(self) -> bool:
        """Whether it decides nothing: what the engine alone costs."""
        return self.variant.startswith("empty")


def _rows(engine: str, module: str, environment: Environment | None, *variants: str) -> list[Row]:
    return [Row(engine, module, variant, environment) for variant in variants]


BASE = Row("ours", "with_ours", "bars to trades, compiled")  # what the others are divided by
AS_IT_CHOOSES = Row("ours", "with_ours", "bars to trades, as it chooses")  # first results only

NAUTILUS_VARIANTS = ("rules + orders per bar", "empty strategy", "empty strategy, bars only")

ROWS = [
    BASE,
    *_rows("ours", "with_ours", None, "prepared, compiled", "bars to trades, plain Python"),
    *_rows("plain Python", "with_python", None, "rules, no engine"),
    *_rows(
        "vectorbt 1.2.0",
        "with_vectorbt",
        VECTORBT,
        "numba rules + from_signals, numba",
        "numba rules + from_signals, Rust",
        "numba rules + order function",
        "portfolio only, from_signals, numba",
        "portfolio only, from_signals, Rust",
        "portfolio only, order function",
    ),
    *_rows(
        "backtesting.py 0.6.6",
        "with_backtesting",
        BACKTESTING,
        "rules + orders per bar",
        "empty strategy",
    ),
    *_rows("nautilus_trader 1.231.0", "with_nautilus", NAUTILUS_NEW, *NAUTILUS_VARIANTS),
    *_rows("nautilus_trader 1.221.0", "with_nautilus", NAUTILUS, NAUTILUS_VARIANTS[0]),
    *_rows(
        "backtrader 1.9.78.123",
        "with_backtrader",
        BACKTRADER,
        "rules + orders per bar",
        "rules, its bracket orders",
        "empty strategy",
    ),
    *_rows("zipline-reloaded 3.2.1", "with_zipline", ZIPLINE, "empty handle_data"),
]
