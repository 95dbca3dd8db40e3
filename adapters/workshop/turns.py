"""Whose text is checked next, where more come than can be checked at once.

Turn by turn: whoever waits has a text taken before anybody has a second one, so that a program
that sends a hundred does not hold up who types. Of one editor only the newest text waits: nobody
reads what is said of the one before.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from adapters.workshop.errors import TooBusy

if TYPE_CHECKING:
    from concurrent.futures import Future

    from adapters.workshop.checked import Checked
    from adapters.workshop.examining import Asked

MOST: Final = 400
"""Texts that may wait: some seconds of work."""

OF_ONE: Final = 120
"""Texts of one person that may wait: a hundred open tabs may all be checked again at once."""

Key: TypeAlias = tuple[str, bool]
"""The digest of a text, and whether the proofs are wanted."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants a text checked: a person, and the editor they type in (empty: none)."""

    person: str = ""
    editor: str = ""


NOBODY: Final = Asker()


@dataclass(slots=True, eq=False)
class Job:
    """A text to check, and who waits for the answer; `tries` are left where a process dies."""

    key: Key
    asked: Asked
    answer: Future[Checked]
    askers: set[Asker] = field(default_factory=set)
    tries: int = 2


class Turns:
    """Jobs that wait for a process."""

    def __init__(self, most: int = MOST, of_one: int = OF_ONE) -> None:
        """How many may wait, and how many of one person."""
        self._most = most
        self._of_one = of_one
        self._of: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._of.values()))

    def put(self, job: Job, person: str) -> None:
        """Let a job wait behind those of this person. Raises `TooBusy`.

        What nobody in particular wants, the page does: its strategies are as many as they are.
        """
        own = len(self._of.get(person, ()))
        people = sum(len(jobs) for who, jobs in self._of.items() if who)
        if person and (people >= self._most or own >= self._of_one):
            many = f"{own} texts of yours" if own >= self._of_one else f"{people} texts"
            raise TooBusy(f"{many} wait to be checked already", "try again in a second")
        self._of.setdefault(person, deque()).append(job)

    def take(self) -> Job | None:
        """The oldest job of whoever has waited longest for a turn."""
        if not self._of:
            return None
        person, jobs = self._of.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._of[person] = jobs
        return job

    def drop(self, job: Job) -> bool:
        """Forget a job; False where it does not wait (any more)."""
        for person, jobs in self._of.items():
            if job in jobs:
                jobs.remove(job)
                if not jobs:
                    del self._of[person]
                return True
        return False

    def clear(self) -> list[Job]:
        """Nobody waits any more; those who did."""
        waiting = [job for jobs in self._of.values() for job in jobs]
        self._of.clear()
        return waiting
