"""Streams that end when the page does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

T = TypeVar("T")


async def until(closing: asyncio.Event, source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """What `source` gives, until `closing` is set; whoever waits for the source then, does not.

    Use it around every endless answer: uvicorn waits for those that are open when it is asked
    to end, and would wait for ever.
    """
    over = asyncio.ensure_future(closing.wait())
    following: asyncio.Future[T] | None = None
    try:
        while not closing.is_set():
            following = asyncio.ensure_future(anext(source))
            await asyncio.wait({over, following}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                return
            yield following.result()
    except StopAsyncIteration:
        return
    finally:
        over.cancel()
        if following is not None and not following.done():
            following.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await following
