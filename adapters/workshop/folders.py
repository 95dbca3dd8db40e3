"""The folder of one run: what was ordered, how far it is, what came of it.

The process that works on a run and the page that shows it speak through this folder alone, so each
may end and begin again without the other. Who works holds a lock of the operating system on it,
which goes when the process does: a run without its worker is seen at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ORDER: Final = "order.json"
STATUS: Final = "status.json"
RESULT: Final = "result.json"
ARRAYS: Final = "arrays.npz"
DEATHS: Final = "deaths.json"
CONDITIONS: Final = "conditions.json"
SPEC: Final = "spec"
STOP: Final = "stop"
_LOCK: Final = "lock"
_ROOM: Final = 4096
"""A status takes this much, so that a full disk leaves room to say that it is full."""


class State(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self in {State.DONE, State.FAILED, State.CANCELLED}


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is: a share of 0 to 1, and words. `at` in milliseconds since the epoch.

    Of a failed one `message` says why and `remedy` what to do. `started` is 0 before.
    """

    state: State = State.QUEUED
    progress: float = 0.0
    message: str = ""
    remedy: str = ""
    started: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `spec` is the strategy's file in the run's own folder `spec`.

    `data` names a data set, None: the sample. `first` and `last` are trading dates (ISO) or
    empty. Amounts are decimal text, as a person wrote them.
    """

    spec: str
    data: str | None = None
    first: str = ""
    last: str = ""
    values: Mapping[str, str] | None = None
    instrument: str = ""
    venue: str = "vector"
    equity: str = "50000"
    commission: str = "0"
    slippage: int = 0
    same_bar: str = "stop_first"
    flat: str = "close"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder."""

    path: Path

    # --- who works ----------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[bool]:
        """The right to work on this run for as long as the block runs; False: another has it."""
        with (self.path / _LOCK).open("a") as lock:
            yield _taken(lock)

    @property
    def is_held(self) -> bool:
        """Whether a process works on it now."""
        try:
            with (self.path / _LOCK).open("a") as lock:
                return not _taken(lock)
        except OSError:
            return False

    def ask_to_stop(self) -> None:
        """Tell the worker to stop at its next step."""
        (self.path / STOP).touch()

    @property
    def is_to_stop(self) -> bool:
        """Whether somebody said so."""
        return (self.path / STOP).exists()

    # --- what is said -------------------------------------------------------------------------

    def order(self) -> Order:
        """What was ordered. Raises `OSError`, `ValueError`, `TypeError`."""
        return Order(**self.read(ORDER))

    def say(self, status: Status) -> None:
        """How far it is; where the disk is full, over what was said before."""
        words = asdict(status) | {"state": status.state.value}
        text = json.dumps(words, ensure_ascii=False).encode().ljust(_ROOM)
        try:
            self._replace(STATUS, text)
        except OSError:
            with (self.path / STATUS).open("r+b") as opened:
                opened.write(text[:_ROOM])

    def status(self) -> Status | None:
        """What was said last; None where nothing can be read."""
        try:
            words = self.read(STATUS)
            return Status(**words | {"state": State(words["state"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    # --- what is kept -------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return (self.path / name).is_file()

    def read(self, name: str) -> Any:
        """A JSON file. Raises `OSError` and `ValueError`."""
        return json.loads((self.path / name).read_bytes())

    def write(self, name: str, document: object) -> None:
        """A JSON file, whole or not at all; raises `OSError`."""
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        self._replace(name, text.encode())

    def _replace(self, name: str, content: bytes) -> None:
        handle, part = tempfile.mkstemp(dir=self.path, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
            Path(part).replace(self.path / name)
        except BaseException:
            with suppress(OSError):
                Path(part).unlink()
            raise


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
