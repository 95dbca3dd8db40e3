"""A gateway on a port, from its first client to the end of the bars or a signal."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.gateway import answers
from adapters.gateway.carriers import port_of, serve
from adapters.gateway.pace import Lockstep, RealTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.gateway.gateway import Gateway


@dataclass(slots=True)
class Summary:
    """How a run of the server went."""

    port: int = 0
    interrupted: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to serve: `speed` None is lockstep. `stay`: go on answering when the bars are over."""

    host: str = "127.0.0.1"
    port: int = 4002
    speed: float | None = None
    skip_gaps: bool = False
    stay: bool = False
    patience: float = 10.0


async def run(
    gateway: Gateway,
    manner: Manner,
    listening: Callable[[int], None],
    progress: Callable[[dict[str, Any]], None],
) -> Summary:
    """Serve until the bars are over or SIGINT or SIGTERM comes; raises `PortTaken`.

    `listening` is told the port; `progress` gets the facts every second.
    """
    server = await serve(gateway, manner.host, manner.port)
    summary = Summary(port=port_of(server))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        summary.interrupted = True
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    pace: Lockstep | RealTime = (
        Lockstep(gateway, patience=manner.patience)
        if manner.speed is None
        else RealTime(gateway, manner.speed, skip_gaps=manner.skip_gaps)
    )
    pace.start()
    listening(summary.port)
    try:
        await _wait(gateway, pace, stopped, progress, stay=manner.stay)
    finally:
        pace.stop()
        server.close()
        for session in gateway.lines:
            session.close()
        await asyncio.sleep(0)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    summary.facts = facts(gateway) | {"not_waited_for": pace.lost_patience}
    return summary


async def _wait(
    gateway: Gateway,
    pace: Lockstep | RealTime,
    stopped: asyncio.Event,
    progress: Callable[[dict[str, Any]], None],
    *,
    stay: bool,
) -> None:
    ends = [asyncio.create_task(stopped.wait())]
    if not stay:
        ends.append(asyncio.create_task(pace.done.wait()))
    try:
        while not any(task.done() for task in ends):
            await asyncio.wait(ends, timeout=1, return_when=asyncio.FIRST_COMPLETED)
            progress(facts(gateway))
    finally:
        for task in ends:
            task.cancel()


def facts(gateway: Gateway) -> dict[str, Any]:
    """Where a gateway is, as plain values."""
    truth = gateway.truth
    return {
        "time": answers.clock(gateway.now),
        "clients": sorted(gateway.sessions),
        "bars": gateway.bars_played,
        "orders": truth.order_count,
        "working": len(truth.working),
        "executions": truth.execution_count,
        "positions": {f"{name} {local}": held for (name, local), held in truth.positions.items()},
        "net_liquidation": {
            name: round(float(account.net), 2)
            for name, account in gateway.exchange.accounts.items()
        },
        "longest_naked_seconds": round(truth.longest_naked, 3),
        "faults": dict(sorted(gateway.faults.struck.items())),
        "frames": gateway.wire.frames,
        "wire_sha256": gateway.wire.digest,
    }
