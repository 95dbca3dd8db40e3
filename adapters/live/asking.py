"""Snapshots: one at a time, and an answer counts only if nothing was asked since."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.ib.port import BrokerError, NotConnected

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.ib.port import Broker, Snapshot


class Asker:
    """Asks the broker for everything it holds, on behalf of the desk."""

    def __init__(
        self,
        broker: Broker,
        answered: Callable[[int, Snapshot], None],
        failed: Callable[[str], None],
    ) -> None:
        """`answered` gets the number of the question; `failed` why there was no answer."""
        self._broker, self._answered, self._failed = broker, answered, failed
        self._wanted = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being asked."""
        return self._task is None

    def ask(self, number: int) -> None:
        """Ask; a question that is not answered yet is asked anew once its answer is there."""
        self._wanted = number
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._until_answered())

    def stop(self) -> None:
        """Ask no more."""
        self._wanted = 0
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _until_answered(self) -> None:
        try:
            while self._wanted:
                number, self._wanted = self._wanted, 0
                try:
                    snapshot = await self._broker.snapshot()
                except NotConnected:
                    return  # that is told by itself
                except BrokerError as failed:
                    self._failed(f"the broker did not answer: {failed}")
                    return
                if not self._wanted:
                    self._answered(number, snapshot)
        finally:
            self._task = None
