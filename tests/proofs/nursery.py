"""Bears engines: a process that has imported everything forks one for each line it is told.

Each is a process of its own that runs the real command line; only the seconds that imports take are
saved. An aim has the engine kill itself (SIGKILL, as if by somebody else) at the n-th time it comes
to some place: before, inside and after a write of the journal, before and after an order or a
cancel leaves, before a word of the broker is looked at.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import Engine, event

from adapters import calendars, events
from adapters.cli import live_run, live_told, run, workbench
from adapters.cli import main as engine
from adapters.database.journal import Journal
from adapters.ib import library
from adapters.ib.connection import IbBroker
from adapters.live import process
from adapters.live.hearing import Hearing

if TYPE_CHECKING:
    from collections.abc import Callable

BEFORE_RECORD, INSIDE_RECORD, AFTER_RECORD = "before a record", "inside a record", "after a record"
BEFORE_SEND, AFTER_SEND = "before an order", "after an order"
BEFORE_CANCEL, AFTER_CANCEL = "before a cancel", "after a cancel"
BEFORE_WORD = "before a word"
PLACES: Final = (
    BEFORE_RECORD, INSIDE_RECORD, AFTER_RECORD, BEFORE_SEND, AFTER_SEND, BEFORE_CANCEL,
    AFTER_CANCEL, BEFORE_WORD,
)  # fmt: skip


IMPORTED: Final = (calendars, events, live_run, live_told, process, run, workbench, library.load())
"""What an engine imports when it needs it, and these have from the start."""


def main() -> None:
    """Read what to bear, tell its process and how it ended."""
    for line in sys.stdin:
        asked = json.loads(line)
        born = os.fork()
        if born == 0:
            live(asked)
        say({"pid": born})
        _, status = os.waitpid(born, 0)
        say({"status": os.waitstatus_to_exitcode(status)})


def say(what: dict[str, int]) -> None:
    """A line to who asked."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def live(asked: dict[str, Any]) -> NoReturn:
    """Be an engine; never returns."""
    sys.stdin.close()
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(asked.get("env", {}))
    if asked.get("aim"):
        take_aim(**asked["aim"])
    sys.argv = ["engine", *asked["argv"]]
    status = _status_of(engine)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _status_of(command: Callable[[], object]) -> int:
    """The status that a command leaves with."""
    try:
        command()
    except SystemExit as leaves:
        return leaves.code if isinstance(leaves.code, int) else int(leaves.code is not None)
    except BaseException:  # noqa: BLE001 - it is told, and the process is over
        traceback.print_exc()
        return 1
    return 0


def take_aim(place: str, count: int) -> None:
    """Kill this process when it comes to a place for the n-th time."""
    left = count

    def passes(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if place == INSIDE_RECORD:
        event.listen(Engine, "commit", passes)
        return
    kinds: dict[str, tuple[Any, str, bool]] = {
        BEFORE_RECORD: (Journal, "record", True),
        AFTER_RECORD: (Journal, "record", False),
        BEFORE_SEND: (IbBroker, "send", True),
        AFTER_SEND: (IbBroker, "send", False),
        BEFORE_CANCEL: (IbBroker, "cancel", True),
        AFTER_CANCEL: (IbBroker, "cancel", False),
        BEFORE_WORD: (Hearing, "hear", True),
    }
    owner, name, before = kinds[place]
    setattr(owner, name, _watched(getattr(owner, name), passes, before=before))


def _watched(
    method: Callable[..., Any], passes: Callable[[], None], *, before: bool
) -> Callable[..., Any]:
    @wraps(method)
    def watched(*args: Any, **words: Any) -> Any:
        if before:
            passes()
        found = method(*args, **words)
        if not before:
            passes()
        return found

    return watched


if __name__ == "__main__":
    main()
