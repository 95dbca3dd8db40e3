"""`python -m tests.web.streaming FOLDER`: a page with an endless stream at /endless, served."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Request, get
from litestar.response import ServerSentEvent

from web.app import create_app
from web.logs import to_standard_error
from web.security.guards import PUBLIC
from web.server import Server, bind
from web.settings import Settings
from web.streams import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def forever() -> AsyncIterator[str]:
    """One word, and then nothing for an hour."""
    yield "here"
    await asyncio.sleep(3600)


@get("/endless", opt=PUBLIC, include_in_schema=False)
async def endless(request: Request[Any, Any, Any]) -> ServerSentEvent:
    """Streams until the page ends."""
    return ServerSentEvent(until(request.app.state.closing, forever()))


def main() -> None:
    """Serve it on a free port, which is printed."""
    folder = Path(sys.argv[1])
    site = create_app(Settings(folder=folder / "workshop", strategies=folder))
    site.register(endless)
    bound = bind("127.0.0.1", 0)
    to_standard_error()
    print(f"http://127.0.0.1:{bound.getsockname()[1]}", flush=True)  # noqa: T201
    Server(site).run(sockets=[bound])
    gc.freeze()  # as `engine` leaves


if __name__ == "__main__":
    main()
