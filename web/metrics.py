"""What Prometheus asks for: how the live engine stands, and what the page has to do.

Names follow its custom: base units, `_total` for what only rises. What is not known is left out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from adapters.live.status import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.live.status import Status

FORM: Final = "text/plain; version=0.0.4; charset=utf-8"


class Asked(Protocol):
    """What is asked of the live engine; a part of `web.ports.LivePort`."""

    def status(self) -> Status | None:
        """How it stands; None: nobody runs."""

    def rejects(self) -> int:
        """Orders that the broker would not take."""


class Traffic:
    """Requests, counted by route and status. A stream counts when it ends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("route", "status")
        self._count = Counter("web_requests", "Requests answered.", labels, registry=registry)
        self._spent = Histogram(
            "web_request_seconds",
            "Time spent on a request.",
            ("route",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=registry,
        )

    def passed(self, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the route's pattern, never a path."""
        self._count.labels(route, str(status)).inc()
        self._spent.labels(route).observe(seconds)


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self, live: Asked) -> None:
        self._registry = CollectorRegistry()
        self.traffic = Traffic(self._registry)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Engine(live))

    def text(self) -> bytes:
        """As Prometheus reads them; asks the live engine how it stands."""
        return generate_latest(self._registry)


class _Engine(Collector):
    """The live engine: asked whenever somebody asks."""

    def __init__(self, live: Asked) -> None:
        self._live = live

    def describe(self) -> list[Metric]:
        """Nothing is asked before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One gauge a fact."""
        status = self._live.status()
        up = "Whether the live engine answers."
        yield GaugeMetricFamily("engine_up", up, float(status is not None))
        rejects = "Orders that the broker would not take."
        yield CounterMetricFamily("engine_orders_rejected", rejects, self._live.rejects())
        if status is None:
            return
        for name, text, value in _facts(status, time.time()):
            if value is not None:
                yield GaugeMetricFamily(f"engine_{name}", text, value)
        states = GaugeMetricFamily("engine_state", "1 for the state it is in.", labels=["state"])
        for state in State:
            states.add_metric([state.value], float(status.state is state))
        yield states


def _facts(status: Status, now: float) -> Iterator[tuple[str, str, float | None]]:
    """Each fact: its name, what it means, its value."""
    held = sum(one.contracts * (1 if one.side == "long" else -1) for one in status.positions)
    naked = sum(not one.is_protected for one in status.positions)
    yield "heartbeat_age_seconds", "Since it said how it stands.", now - status.at / 1000
    yield "connection_up", "Whether the broker is reached.", float(status.connection.is_up)
    yield "position_contracts", "Contracts held, short ones negative.", float(held)
    yield "positions_unprotected", "Positions without a working stop.", float(naked)
    yield "orders_working", "Orders at the broker.", float(len(status.orders))
    yield "candidates", "Setups that are alive.", float(len(status.candidates))
    yield "events", "Events in its journal.", float(status.events)
    if status.account is not None:
        real = float(not status.account.is_paper)
        yield "account_is_real", "Whether it is real money.", real
        yield "equity", "Net liquidation, account currency.", _number(status.account.equity)
    if status.market is not None and status.market.last_bar is not None:
        closed = 60.0 * (status.market.last_bar + status.market.bar_minutes)
        yield "bar_age_seconds", "Since the last closed bar closed.", now - closed
    if status.risk is not None:
        today = _number(status.risk.profit_today)
        loss = None if today is None else max(0.0, -today)
        yield "daily_loss", "Lost today, account currency.", loss
        yield "daily_profit", "Profit today, account currency.", today
        yield "drawdown_ratio", "Share of the peak that is lost.", _number(status.risk.drawdown)
        yield "entries_today", "Entries today.", float(status.risk.entries_today)
        yield "latched", "Whether a limit or a doubt stopped it.", float(bool(status.risk.latch))
        yield "halted", "Whether a person stopped it.", float(bool(status.risk.halted_by))


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
