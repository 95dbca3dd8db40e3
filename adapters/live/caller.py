"""Asking a running engine how it stands, and telling it what a person wants."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.live.status import Status, from_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

LONGEST: Final = 256 * 1024
"""Bytes that a line may have, either way."""

PATIENCE: Final = 5.0
"""Seconds in which the engine answers, or is taken not to run."""

DEEDS: Final = ("halt", "resume", "flatten", "unlatch", "stop")
"""What a person can want of a running engine."""


class NobodyRuns(Exception):
    """No engine listens there."""

    def __init__(self, path: Path) -> None:
        """Where it was looked for."""
        super().__init__(f"no engine listens at {path}")
        self.path = path


class EngineRefused(Exception):
    """The engine will not do what it was told; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        """The engine's own words."""
        super().__init__(text)
        self.text = text
        self.remedy = remedy


class Caller:
    """One who calls the engine that listens at a path; see `places.socket_of`.

    Every call raises `NobodyRuns` where no engine answers in time, and `EngineRefused`.
    """

    def __init__(self, path: Path | str, *, patience: float = PATIENCE) -> None:
        """Nothing is connected before something is asked."""
        self.path = Path(path)
        self._patience = patience

    # --- without a loop -----------------------------------------------------------------------

    def status(self) -> Status:
        """How it stands."""
        return self._called({"do": "status"})

    def tell(self, do: str, who: str, why: str, *, flatten: bool = False) -> Status:
        """Have it halt, resume, flatten, unlatch or stop; how it stands then.

        `flatten`: before it stops, everything of ours goes out at the market.
        """
        return self._called(_request(do, who, why, flatten=flatten))

    def _called(self, request: dict[str, Any]) -> Status:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(self._patience)
            try:
                line.connect(str(self.path))
                line.sendall(_line(request))
                with line.makefile("rb") as answer:
                    return _status_in(answer.readline(LONGEST), self.path)
            except OSError:
                raise NobodyRuns(self.path) from None

    # --- with one -----------------------------------------------------------------------------

    async def astatus(self) -> Status:
        """How it stands."""
        return await self._acalled({"do": "status"})

    async def atell(self, do: str, who: str, why: str, *, flatten: bool = False) -> Status:
        """The same as `tell`."""
        return await self._acalled(_request(do, who, why, flatten=flatten))

    async def _acalled(self, request: dict[str, Any]) -> Status:
        reader, writer = await self._connected()
        try:
            writer.write(_line(request))
            return await self._next(reader)
        finally:
            await _hung_up(writer)

    async def watch(self) -> AsyncGenerator[Status, None]:
        """How it stands, now and whenever that changes; ends with `NobodyRuns`."""
        reader, writer = await self._connected()
        try:
            writer.write(_line({"do": "watch"}))
            while True:
                yield await self._next(reader)
        finally:
            await _hung_up(writer)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.open_unix_connection(self.path, limit=LONGEST)
        except OSError:
            raise NobodyRuns(self.path) from None

    async def _next(self, reader: asyncio.StreamReader) -> Status:
        try:
            async with asyncio.timeout(self._patience):
                line = await reader.readline()
        except (OSError, ValueError):
            raise NobodyRuns(self.path) from None
        return _status_in(line, self.path)


def _request(do: str, who: str, why: str, *, flatten: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"do": do, "who": who, "why": why}
    return {**asked, "flatten": True} if flatten else asked


def _line(request: dict[str, Any]) -> bytes:
    return json.dumps(request, ensure_ascii=False).encode() + b"\n"


def _status_in(line: bytes, path: Path) -> Status:
    """The status of an answer; raises what the answer says."""
    try:
        said = json.loads(line)
        if said["ok"]:
            return from_bytes(json.dumps(said["status"]).encode())
    except (ValueError, KeyError, TypeError):
        raise NobodyRuns(path) from None
    raise EngineRefused(str(said.get("error", "")), str(said.get("remedy", "")))


async def _hung_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
