"""The socket on which the running engine answers: one JSON object a line, each way."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from adapters.live.caller import LONGEST
from adapters.live.errors import CannotRun
from adapters.live.places import make_folder_of, socket_of
from adapters.live.standing import status_of
from adapters.live.status import as_bytes
from engine.live import words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from adapters.live.runner import Runner
    from engine.live.words import Word

_LEAST: Final = 0.25
"""Seconds between two lines of a watch."""

_MOST: Final = 2.0
_CALLERS: Final = 32
_WORDS: Final[Mapping[str, type[Any]]] = {
    "halt": words.Halt,
    "resume": words.Resume,
    "flatten": words.Flatten,
    "unlatch": words.Unlatch,
}


class BadRequest(Exception):
    """A request that cannot be answered; `remedy` says what would be."""

    def __init__(self, text: str, remedy: str) -> None:
        """Both are for people."""
        super().__init__(text)
        self.remedy = remedy


@asynccontextmanager
async def listening(runner: Runner) -> AsyncIterator[None]:
    """Answer callers of a run for as long as it lasts. The journal's lock says it is the only one.

    Raises `CannotRun` where no socket can be made: an engine that cannot be told to halt must not
    trade.
    """
    path, counter = socket_of(runner.plan.journal), Counter(runner)
    try:
        server = await _server(counter, path)
    except OSError as refused:
        raise CannotRun(
            f"no socket can be made at {path}: {refused.strerror or refused}",
            "name a journal in a folder of your own: --journal FILE",
        ) from None
    try:
        yield
    finally:
        server.close()
        await counter.close()
        with suppress(FileNotFoundError):
            path.unlink()


async def _server(counter: Counter, path: Path) -> asyncio.Server:
    """Listen there, for this user alone."""
    make_folder_of(path)
    with suppress(FileNotFoundError):
        path.unlink()  # noqa: ASYNC240 - of an engine that was killed: the journal is ours
    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(counter.serve, path, limit=LONGEST)
    finally:
        os.umask(before)


class Counter:
    """Serves callers side by side; none of them can hold up the engine or end it."""

    def __init__(self, runner: Runner) -> None:
        """Of one run."""
        self._runner = runner
        self._callers: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Hang up."""
        callers = [*self._callers]
        for task in callers:
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller, until it hangs up."""
        task = asyncio.current_task()
        assert task is not None
        self._callers.add(task)
        try:
            if len(self._callers) > _CALLERS:
                await _say(writer, _refusal("too many callers", "hang up elsewhere first"))
            else:
                await self._converse(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._callers.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                await _say(writer, _refusal("the line is too long", "at most 256 kB"))
                return
            if not line:
                return
            try:
                request = _request_in(line)
                if request["do"] == "watch":
                    await self._watch(writer)
                    return
                await _say(writer, self._answer(request))
            except BadRequest as bad:
                await _say(writer, _refusal(str(bad), bad.remedy))

    def _answer(self, request: Mapping[str, Any]) -> bytes:
        """What is wanted, done; raises `BadRequest`."""
        do, runner = request["do"], self._runner
        if do == "stop":
            runner.stop(flatten=request.get("flatten") is True)
        elif do == "halt" and not runner.is_ready:
            runner.halt_early(*self._person(do, request))
        elif do in _WORDS:
            runner.take(self._word(do, request))
        elif do != "status":
            known = ", ".join(("status", "watch", *_WORDS, "stop"))
            raise BadRequest(f"nothing is known of `{do[:40]}`", f"there are {known}")
        return _status(runner)

    def _word(self, do: str, request: Mapping[str, Any]) -> Word:
        runner = self._runner
        if not runner.is_ready:
            raise BadRequest(
                "the engine is not ready yet", "ask again when it has warmed up, or have it halt"
            )
        word: Word = _WORDS[do](runner.clock.now(), *self._person(do, request))
        return word

    def _person(self, do: str, request: Mapping[str, Any]) -> tuple[str, str]:
        """Who wants it, and why."""
        who, why = (_text(request, name) for name in ("who", "why"))
        if do == "unlatch" and not why:
            raise BadRequest("a latch is cleared with a reason only", 'give "why"')
        return who or "somebody", why or do

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        """How it stands, at every change."""
        while True:
            self._runner.changed.clear()
            await _say(writer, _status(self._runner))
            await asyncio.sleep(_LEAST)
            with suppress(TimeoutError):
                async with asyncio.timeout(_MOST - _LEAST):
                    await self._runner.changed.wait()


def _request_in(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRequest("this is no JSON", 'write {"do": "status"}') from None
    if not isinstance(request, dict) or not isinstance(request.get("do"), str):
        raise BadRequest("this is no request", 'write {"do": "status"}')
    return request


def _text(request: Mapping[str, Any], name: str) -> str:
    found = request.get(name, "")
    if not isinstance(found, str) or len(found) > 500:
        raise BadRequest(f"`{name}` is no short text", "give at most 500 letters")
    return found


def _status(runner: Runner) -> bytes:
    return b'{"ok":true,"status":' + as_bytes(status_of(runner)) + b"}\n"


def _refusal(text: str, remedy: str) -> bytes:
    return json.dumps({"ok": False, "error": text, "remedy": remedy}).encode() + b"\n"


async def _say(writer: asyncio.StreamWriter, line: bytes) -> None:
    writer.write(line)
    await writer.drain()
