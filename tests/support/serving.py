"""A simulated gateway that is served over a socket beside the test: in a thread, or a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.gateway.carriers import port_of, serve
from adapters.gateway.faults import plans
from tests.support.gateway import gateway_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.gateway import Gateway
    from engine.domain.market import Market

ROOT = Path(__file__).parents[2]


@contextmanager
def served(market: Market, played: int, faults: str = "", **config: Any) -> Iterator[int]:
    """The port of a gateway that stands still at a bar of a market."""
    gateway = gateway_of(market, played=played, faults=plans(faults), **config)
    ready = threading.Event()
    ports: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=lambda: asyncio.run(_serve(gateway, ports, loops, ready)))
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(_end)
        thread.join(10)
        assert not thread.is_alive()


async def _serve(
    gateway: Gateway,
    ports: list[int],
    loops: list[asyncio.AbstractEventLoop],
    ready: threading.Event,
) -> None:
    server = await serve(gateway)
    ports.append(port_of(server))
    loops.append(asyncio.get_running_loop())
    ready.set()
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    server.close()


def _end() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


@contextmanager
def process(*words: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`engine WORDS` as a process of its own; it is ended by SIGTERM if it has not ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as one:
        try:
            yield one
        finally:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
                try:
                    one.communicate(timeout=20)
                except subprocess.TimeoutExpired:
                    one.kill()
                    one.communicate()


@contextmanager
def gateway_process(*words: object) -> Iterator[int]:
    """The port of an `engine gateway` that plays by itself."""
    with process("gateway", "--json", "--port", 0, *words) as server:
        assert server.stdout is not None
        yield int(json.loads(server.stdout.readline())["port"])
