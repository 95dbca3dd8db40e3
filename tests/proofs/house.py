"""A gateway on a port, in a thread with a loop of its own: engines come and die, it stands."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from adapters.gateway.carriers import port_of, serve
from adapters.gateway.pace import Lockstep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.session import Session

PATIENCE = 30.0


class House:
    """Serves a gateway in lockstep until it is left.

    `recovered` is set when a client has connected, was answered everything, follows the market and
    asks for the first time to play on. `on_frame` is called at each frame of a client, in the
    thread.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Not served yet."""
        self.gateway = gateway
        self.port = 0
        self.recovered = threading.Event()
        self.recovered_at = 0.0
        self.over = threading.Event()
        self.on_frame: Callable[[], None] | None = None
        self.lost_patience = 0
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Listening."""
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closed."""
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        gateway = self.gateway
        gateway.wire.sink = self._frame
        pace = Lockstep(gateway, patience=PATIENCE)
        pace.start()
        on = gateway.on_acknowledged
        assert on is not None

        def acknowledged(session: Session) -> None:
            if not self.recovered.is_set():
                self.recovered_at = time.perf_counter()
                self.recovered.set()
            on(session)

        gateway.on_acknowledged = acknowledged
        server = await serve(gateway)
        self.port = port_of(server)
        self._ready.set()
        watching = asyncio.ensure_future(self._watch(pace))
        await self._stop.wait()
        watching.cancel()
        pace.stop()
        server.close()
        for session in gateway.lines:
            session.close()
        await asyncio.sleep(0)
        self.lost_patience = pace.lost_patience

    async def _watch(self, pace: Lockstep) -> None:
        await pace.done.wait()
        self.over.set()

    def _frame(self, line: str) -> None:
        if self.on_frame is not None and '"d": "<"' in line:
            self.on_frame()

    def do(self, what: Callable[[], Any]) -> Any:
        """Have something done in the gateway's thread; its result."""
        assert self._loop is not None

        async def done() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(60)

    def wait_until_left(self, seconds: float = 10.0) -> None:
        """Wait until every line is closed."""
        end = time.perf_counter() + seconds
        while self.gateway.lines:
            assert time.perf_counter() < end, "a dead engine's line is still open"
            time.sleep(0.0005)

    def play_alone(self, bars: int) -> None:
        """Let bars pass while nobody is connected."""

        def play() -> None:
            until = self.gateway.bars_played + bars
            while self.gateway.bars_played < until and self.gateway.advance():
                pass

        self.do(play)


class Nursery:
    """Bears engines, one after the other."""

    def __init__(self, log: Path) -> None:
        """Imports begin; `ready` waits for them."""
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.proofs.nursery"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pid = 0

    def bear(
        self, argv: list[str], aim: dict[str, Any] | None = None, env: dict[str, str] | None = None
    ) -> int:
        """Another engine; its process."""
        assert self._process.stdin is not None
        asked = {"argv": argv, "aim": aim, "env": env or {}, "log": str(self._log)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        self.pid = self._told()["pid"]
        return self.pid

    def ended(self) -> int:
        """Wait for the end of the engine; its status, -9 where it was killed."""
        return self._told()["status"]

    def _told(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery is gone"
        told: dict[str, int] = json.loads(line)
        return told

    def close(self) -> None:
        """No more engines."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
