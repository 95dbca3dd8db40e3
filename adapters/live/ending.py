"""How a run ends in order: no entries any more, what is held protected or out."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Final

from engine.live import words
from engine.live.commands import Level
from engine.live.family import Phase

if TYPE_CHECKING:
    from adapters.live.runner import Runner

STOPPING: Final = "the engine stops"
"""Why entries are halted while it stops: the next start takes that halt back, and only that."""

ENGINE: Final = "engine"
"""Who does what no person asked for."""

_SETTLE: Final = 3.0
_OUT: Final = 10.0
_UNDER_WAY: Final = frozenset({Phase.SENDING, Phase.WORKING, Phase.CLOSING})


class Ending(Enum):
    """Why a run is over."""

    STOPPED = "stopped"  # a person or the system asked for it
    INTERRUPTED = "interrupted"  # from the keyboard
    OVER = "over"  # the gateway is gone, and that was to be the end
    ROLLED = "rolled"  # another contract is traded from here on: begin anew


async def stopped(runner: Runner, ending: Ending, *, flatten: bool) -> None:
    """Halt, wait for a few seconds until everything has settled, and end the run.

    The halt withdraws entries that wait. `flatten`: everything of ours goes out first.
    """
    now, halt = runner.clock.now(), runner.journal.books.halt
    if flatten and runner.journal.books.living:
        runner.take(words.Flatten(now, ENGINE, halt or STOPPING))
    elif not halt:
        runner.take(words.Halt(now, ENGINE, STOPPING))
    loop = asyncio.get_running_loop()
    patience = loop.time() + (_OUT if flatten else _SETTLE)
    while loop.time() < patience and not _is_settled(runner, flatten=flatten):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    if flatten and runner.journal.books.living:
        runner.say(Level.ALARM, "not everything of ours is out: look at the broker")
    runner.end(ending)


def _is_settled(runner: Runner, *, flatten: bool) -> bool:
    """Whether nothing is on its way, and what is held has its stops; or nothing can be done."""
    assert runner.desk is not None
    if not runner.wire.is_up:
        return True
    if not runner.asker.is_idle or runner.desk.question:
        return False
    living = runner.journal.books.living
    return not living if flatten else all(one.phase not in _UNDER_WAY for one in living)
