"""A live run as a process: its journal, its socket, its signals."""

from __future__ import annotations

import asyncio
import signal
from contextlib import closing
from typing import TYPE_CHECKING

from adapters.ib.connection import IbBroker
from adapters.live.clocks import wall
from adapters.live.ending import Ending
from adapters.live.offline import begun
from adapters.live.runner import Runner
from adapters.live.server import listening

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.ib.port import Broker
    from adapters.ib.settings import Settings
    from adapters.live.listener import Listener
    from adapters.live.plan import Plan


def dialled(settings: Settings, now: Callable[[], int]) -> Broker:
    """A broker at the gateway of these settings."""
    return IbBroker(settings, now=now)


async def trade(
    plan: Plan,
    listener: Listener,
    dial: Callable[[Settings, Callable[[], int]], Broker] = dialled,
    now: Callable[[], int] = wall,
) -> Ending:
    """Run a plan until it ends, by itself, by a signal or by a caller.

    SIGTERM ends it as stopped, SIGINT as interrupted; either twice ends it at once. Raises
    `CannotRun` and `DatabaseError`.
    """
    with closing(begun(plan.journal)) as journal:
        while True:
            ending = await _once(Runner(plan, journal, dial, listener, now=now))
            if ending is not Ending.ROLLED:
                return ending


async def _once(runner: Runner) -> Ending:
    """Run on one contract."""
    _heed_signals(runner)
    try:
        async with listening(runner):
            return await runner.run()
    finally:
        _forget_signals()


_SIGNALS = {signal.SIGTERM: Ending.STOPPED, signal.SIGINT: Ending.INTERRUPTED}


def _heed_signals(runner: Runner) -> None:
    loop = asyncio.get_running_loop()

    def came(ending: Ending) -> None:
        if runner.is_stopping:
            runner.end(ending)
        else:
            runner.stop(ending)

    for number, ending in _SIGNALS.items():
        loop.add_signal_handler(number, came, ending)


def _forget_signals() -> None:
    for number in _SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(number)
