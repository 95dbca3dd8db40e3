"""Questions to the broker: each has a number or a name, parts, an end and a deadline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.ib.port import NotConnected, RequestRefused, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.ib.port import BrokerError

Key = int | str
"""A request number, or the name of a question that has none."""


@dataclass(slots=True)
class _Open:
    done: asyncio.Future[None]
    parts: list[Any] = field(default_factory=list)


class Questions:
    """What was asked and is not answered yet.

    A question without a number that was not answered in time is never asked again on the same
    connection: its late answer could not be told from the next one's.
    """

    def __init__(self) -> None:
        """Nothing asked yet."""
        self._open: dict[Key, _Open] = {}
        self._lost: set[str] = set()
        self._ended = ""

    async def ask(self, key: Key, send: Callable[[], None], seconds: float) -> list[Any]:
        """Send a question and wait for all parts of its answer.

        Raises `Unanswered` after so many seconds or where the connection ends, and what `fail`
        says.
        """
        if self._ended:
            raise NotConnected(self._ended)
        if key in self._lost:
            raise Unanswered(f"IB did not answer {key} before: connect anew")
        if key in self._open:
            raise Unanswered(f"{key} is being asked already")
        mine = self._open[key] = _Open(asyncio.get_running_loop().create_future())
        try:
            send()
            async with asyncio.timeout(seconds):
                await mine.done
        except TimeoutError:
            if isinstance(key, str):
                self._lost.add(key)
            what = key if isinstance(key, str) else f"request {key}"
            raise Unanswered(f"IB did not answer {what} within {seconds:g} s") from None
        except ConnectionError:
            raise NotConnected("the connection to the gateway is gone") from None
        finally:
            if self._open.get(key) is mine:
                del self._open[key]
        return mine.parts

    def is_open(self, key: Key) -> bool:
        """Whether an answer is waited for."""
        return key in self._open

    def part(self, key: Key, value: Any) -> bool:
        """A part of an answer; whether anybody asked."""
        one = self._open.get(key)
        if one is not None:
            one.parts.append(value)
        return one is not None

    def end(self, key: Key) -> None:
        """The answer is complete."""
        one = self._open.get(key)
        if one is not None and not one.done.done():
            one.done.set_result(None)

    def fail(self, key: Key, error: BrokerError) -> bool:
        """The answer is an error; whether anybody asked."""
        one = self._open.get(key)
        if one is None or one.done.done():
            return False
        one.done.set_exception(error)
        return True

    def refuse(self, key: Key, code: int, text: str) -> bool:
        """The answer is one of the broker's codes; whether anybody asked."""
        return self.fail(key, RequestRefused(code, text))

    def end_all(self, error: BrokerError) -> None:
        """The connection is gone: nothing will be answered any more."""
        self._ended = str(error)
        for one in self._open.values():
            if not one.done.done():
                one.done.set_exception(error)
