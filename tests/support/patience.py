"""No test waits for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

_Came = TypeVar("_Came")


async def within(seconds: float, work: Awaitable[_Came]) -> _Came:
    """What a coroutine comes to; `TimeoutError` where that takes longer."""
    async with asyncio.timeout(seconds):
        return await work
