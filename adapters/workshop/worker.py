"""The process that works on one run: `python -m adapters.workshop.worker FOLDER RUN`.

It knows no database and no page. What it has to say it says in the run's folder; so it goes on when
the page ends, and the page learns what became of it whenever it begins again.
"""

from __future__ import annotations

import errno
import fcntl
import signal
import sys
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from adapters.workshop.folders import CONDITIONS, DEATHS, SPEC, Order, RunFolder, State, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.cli.outcome import Outcome
    from adapters.cli.workbench import Bench

TOGETHER: Final = 2
"""So many runs are worked on at once; the others wait for their turn."""

_WAIT: Final = 0.05
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Cancelled(Exception):
    """Somebody asked to stop."""


class Worker:
    """Works on one run of a workshop's folder."""

    def __init__(self, workshop: Path, number: str) -> None:
        """The run `number`."""
        self.workshop = workshop
        self.folder = RunFolder(workshop / "runs" / number)
        self.status = Status()

    def say(self, state: State, progress: float, message: str, remedy: str = "") -> None:
        """How far it is. Raises `Cancelled` where somebody asked to stop."""
        if not state.is_over and self.folder.is_to_stop:
            raise Cancelled
        now = time.time_ns() // 1_000_000
        started = self.status.started or (now if state is State.RUNNING else 0)
        self.status = Status(state, progress, message, remedy, started, now)
        self.folder.say(self.status)

    def work(self) -> None:
        """The whole run, to its last word."""
        try:
            with turn(self.workshop / "runs", self):
                self._run()
        except Cancelled:
            self.say(State.CANCELLED, self.status.progress, "cancelled")
        except Exception as error:  # noqa: BLE001 - whatever it was is said to the person who asked
            message, remedy = told(error)
            self.say(State.FAILED, self.status.progress, message, remedy)

    def _run(self) -> None:
        self.say(State.RUNNING, 0.05, "reading the strategy and the bars")
        order = self.folder.order()
        made, outcome = self._made(order)
        self.say(State.RUNNING, 0.8, "writing down what came of it")
        from adapters.workshop.bars import BarFolder  # noqa: PLC0415 - brings numpy
        from adapters.workshop.results import keep_result  # noqa: PLC0415 - brings the engine

        keep_result(self.folder, BarFolder(self.workshop / "bars"), made, outcome, order)
        self.say(State.DONE, 1.0, "")
        self._explain(made, outcome)

    def _made(self, order: Order) -> tuple[Bench, Outcome]:
        from adapters.cli.outcome import Outcome  # noqa: PLC0415 - brings the engine
        from adapters.cli.venues import run_at  # noqa: PLC0415 - as above
        from adapters.cli.workbench import bench  # noqa: PLC0415 - as above
        from adapters.workshop.results import terms_of  # noqa: PLC0415 - as above

        made = bench(choice_of(order, self.folder.path / SPEC))
        venue = "" if order.venue == "vector" else f" in {order.venue}"
        self.say(State.RUNNING, 0.3, f"running {len(made.market):,} bars{venue}")
        outcome = Outcome(run_at(order.venue, made, terms_of(order)))
        self.say(State.RUNNING, 0.6, "working out the figures")
        _ = outcome.statistics
        return made, outcome

    def _explain(self, made: Bench, outcome: Outcome) -> None:
        """What takes longer than the run and is not waited for; a failure here spoils nothing."""
        from adapters.cli.inquiry import Inquiry  # noqa: PLC0415 - brings the engine
        from adapters.workshop.deaths import conditions, instructive  # noqa: PLC0415 - as above

        asked = Inquiry(made, outcome.run)
        try:
            for found in instructive(asked):
                self._go_on()
                self.folder.write(DEATHS, found)
            self.folder.write(CONDITIONS, conditions(made, outcome, self._go_on))
        except (Cancelled, OSError):
            return

    def _go_on(self, *_: object) -> None:
        if self.folder.is_to_stop:
            raise Cancelled


@contextmanager
def turn(runs: Path, worker: Worker) -> Iterator[None]:
    """Wait for one of `TOGETHER` places, and hold it; a place goes with the process that has it."""
    places = [(runs / f".place-{number}").open("a") for number in range(TOGETHER)]
    try:
        while not any(_taken(place) for place in places):
            worker.say(State.QUEUED, 0.0, "waiting for other runs")
            time.sleep(_WAIT)
        yield
    finally:
        for place in places:
            place.close()


def _taken(place: IO[str]) -> bool:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def choice_of(order: Order, folder: Path) -> Any:
    """The order as the command line would have put it."""
    from adapters.cli.options import Choice  # noqa: PLC0415 - brings click

    return Choice(
        spec=str(folder / order.spec),
        values=dict(order.values or {}),
        instrument=order.instrument or None,
        data=order.data,
        first=date.fromisoformat(order.first) if order.first else None,
        last=date.fromisoformat(order.last) if order.last else None,
        name=order.spec,
    )


def told(error: Exception) -> tuple[str, str]:
    """What went wrong, and what to do about it, in words."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return "the disk is full: the result could not be written", "make room and run it again"
    if isinstance(error, MemoryError):
        return "there is not enough memory for this run", "run fewer dates"
    remedy = getattr(error, "remedy", "")
    message = getattr(error, "message", "") or str(error) or type(error).__name__
    known = type(error).__module__.split(".")[0] in {"adapters", "engine", "dsl", "click"}
    if known:
        return message, remedy
    import traceback  # noqa: PLC0415 - only for what nobody foresaw

    traceback.print_exception(error, file=sys.stderr)
    return f"this is a mistake of the engine, not yours: {type(error).__name__}: {message}", (
        "the file log.txt in the run's folder says where"
    )


def main(workshop: str, number: str) -> int:
    """Work on a run; 1 where another process does already."""
    before = signal.signal(signal.SIGTERM, _stopped)
    try:
        worker = Worker(Path(workshop), number)
        with worker.folder.held() as mine:
            if not mine:
                return 1
            worker.work()
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(*_: object) -> None:
    raise Cancelled


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
