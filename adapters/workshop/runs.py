"""The runs of a workshop: ordered, worked on by processes of their own, kept, listed, asked."""

from __future__ import annotations

import json
import shutil
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import col, select

from adapters.cli.workbench import SAMPLE
from adapters.workshop.errors import Conflict, NoRoom, NotFound
from adapters.workshop.folders import (
    CONDITIONS,
    DEATHS,
    ORDER,
    RESULT,
    SPEC,
    Order,
    RunFolder,
    State,
    Status,
)
from adapters.workshop.runnable import Ordered
from adapters.workshop.tables import Run as Row
from adapters.workshop.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.workshop.bars import BarFolder
    from adapters.workshop.keeper import Keeper
    from adapters.workshop.results import Opened
    from adapters.workshop.runnable import Runnable
    from adapters.workshop.why import Why

OPEN: Final = 4
"""So many runs are kept open for questions; the others are opened again when asked."""

WAITING: Final = 20
"""So many runs may wait or be worked on; more are refused."""

GRACE: Final = 10_000
"""Milliseconds in which a worker must have begun, before it counts as gone."""

GONE: Final = "the process that worked on it ended without a word: killed, or the machine stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as lists and pages show it. Instants are milliseconds since the epoch."""

    id: int
    created: int
    who: str
    strategy: str
    version: int | None
    spec: str
    order: Order
    state: State
    progress: float
    message: str
    remedy: str
    program: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    started: int | None = None
    ended: int | None = None

    @property
    def took(self) -> float | None:
        """Seconds from begin to end."""
        if self.started is None or self.ended is None:
            return None
        return max(0, self.ended - self.started) / 1000

    @property
    def data(self) -> str:
        """The bars by name."""
        return self.order.data or SAMPLE


class Runs:
    """Every run of a workshop. Threads may share it, and processes its folder."""

    def __init__(self, keeper: Keeper, runnable: Runnable) -> None:
        """In the keeper's folder; `runnable` says what may be ordered."""
        self._keeper = keeper
        self._runnable = runnable
        self._folder = keeper.folder / "runs"
        self._workers = Workers(keeper.folder)
        self._opened: OrderedDict[int, Why] = OrderedDict()
        self._lock = Lock()

    @property
    def bars(self) -> BarFolder:
        """Where the bars of runs are kept."""
        from adapters.workshop.bars import BarFolder  # noqa: PLC0415 - brings numpy

        return BarFolder(self._keeper.folder / "bars")

    # --- ordering -----------------------------------------------------------------------------

    def order(self, who: str, asked: Ordered) -> int:
        """Begin a run and give its number. Nothing is begun where it raises.

        `BadInput` for a text with errors or a choice that cannot be, `Conflict` where too many
        wait, `NoRoom` where it cannot be written down.
        """
        files = self._runnable.required(asked)
        self.refresh()
        with self._keeper.writing() as session:
            going = session.exec(
                select(Row).where(col(Row.state).in_([State.QUEUED, State.RUNNING]))
            ).all()
            if len(going) >= WAITING:
                raise Conflict(f"{WAITING} runs are waiting already", "wait for one, or cancel it")
            row = Row(
                created=self._keeper.now(),
                who=who,
                strategy=asked.strategy,
                version=asked.version,
                spec=asked.text,
                choice=json.dumps(asdict(asked.order)),
            )
            session.add(row)
            session.flush()
            assert row.id is not None
            row.folder = f"runs/{row.id}"
            detail = f"{asked.strategy} on {asked.order.data or SAMPLE}"
            self._keeper.deed(session, who, "run", str(row.id), detail)
            self._prepare(row.id, asked.order, files)
        self._workers.begin(row.id)
        return row.id

    def _prepare(self, number: int, order: Order, files: Mapping[str, bytes]) -> None:
        folder = self._of(number)
        try:
            for name, content in files.items():
                file = folder.path / SPEC / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            folder.write(ORDER, asdict(order))
            folder.say(Status(at=self._keeper.now()))
        except OSError as refused:
            shutil.rmtree(folder.path, ignore_errors=True)
            why = refused.strerror or str(refused)
            raise NoRoom(f"the run cannot be written down: {why}", "make room") from None

    def again(self, who: str, number: int) -> int:
        """Order the same once more."""
        run = self.get(number)
        return self.order(who, Ordered(run.strategy, run.spec, run.order, run.version))

    # --- how they are -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take over what the workers said, and notice those that are no more.

        On a full disk everything stays as it was: to look needs no room.
        """
        with self._keeper.reading() as session:
            going = session.exec(
                select(Row).where(col(Row.state).in_([State.QUEUED, State.RUNNING]))
            ).all()
        heard = {row.id: status for row in going if (status := self._heard(row)) is not None}
        if not heard:
            return
        with suppress(NoRoom), self._keeper.writing() as session:
            for row in session.exec(select(Row).where(col(Row.id).in_(list(heard)))).all():
                if not State(row.state).is_over:
                    self._take_over(row, heard[row.id])
                    session.add(row)

    def _heard(self, row: Row) -> Status | None:
        """What is new about a run that was not over; None where nothing is."""
        assert row.id is not None
        folder, now = self._of(row.id), self._keeper.now()
        held = folder.is_held  # asked before the status: its last word comes before it lets go
        status = folder.status()
        if status is not None and status.state.is_over:
            return status
        ended = self._workers.is_known(row.id) and not self._workers.is_working(row.id)
        if not held and (ended or now - row.created > GRACE):
            if folder.is_to_stop:  # before it could say a word
                return Status(State.CANCELLED, row.progress, "cancelled", at=now)
            message = GONE if folder.path.is_dir() else "the folder of this run was deleted"
            return Status(State.FAILED, row.progress, message, "run it again", at=now)
        if status is None or (status.state, status.progress) == (row.state, row.progress):
            return None
        return status

    def _take_over(self, row: Row, status: Status) -> None:
        assert row.id is not None
        row.state, row.progress = status.state.value, status.progress
        row.message = json.dumps([status.message, status.remedy])
        row.started = status.started or row.started
        if not status.state.is_over:
            return
        row.ended = status.at
        if status.state is State.DONE:
            with suppress(OSError, ValueError, KeyError):
                told = self._of(row.id).read(RESULT)
                row.figures = json.dumps(told["figures"])
                row.program, row.data = told["program"]["hash"], told["bars"]

    def newest(
        self, strategy: str = "", state: str = "", most: int = 200, before: int | None = None
    ) -> list[Run]:
        """Runs, the newest first; only those of a strategy, in a state, before a number."""
        self.refresh()
        asked = select(Row).order_by(col(Row.id).desc()).limit(most)
        if strategy:
            asked = asked.where(Row.strategy == strategy)
        if state:
            asked = asked.where(Row.state == state)
        if before is not None:
            asked = asked.where(col(Row.id) < before)
        with self._keeper.reading() as session:
            return [_run(row) for row in session.exec(asked).all()]

    def get(self, number: int) -> Run:
        """One run. Raises `NotFound`."""
        self.refresh()
        return _run(self._row(number))

    def last(self, strategy: str) -> Run | None:
        """The last run of a strategy that was done."""
        found = self.newest(strategy, State.DONE, most=1)
        return found[0] if found else None

    def strategies(self) -> Sequence[str]:
        """The names of strategies that were ever run."""
        with self._keeper.reading() as session:
            return sorted(session.exec(select(Row.strategy).distinct()).all())

    def _row(self, number: int) -> Row:
        with self._keeper.reading() as session:
            row = session.get(Row, number)
        if row is None:
            raise NotFound(f"there is no run {number}", "the list of runs has those there are")
        return row

    # --- stopping and removing ------------------------------------------------------------------

    def cancel(self, who: str, number: int) -> None:
        """Stop a run that is not over. Raises `NotFound`, and `Conflict` where it is."""
        run = self.get(number)
        if run.state.is_over:
            raise Conflict(f"run {number} is over: {run.state.value}")
        self._of(number).ask_to_stop()
        self._workers.stop(number)
        with self._keeper.writing() as session:
            self._keeper.deed(session, who, "run cancelled", str(number))

    def remove(self, who: str, number: int) -> None:
        """Delete a run with all that is kept of it, and bars that no other run has.

        Raises `NotFound`, and `Conflict` where it is not over.
        """
        run = self.get(number)
        if not run.state.is_over:
            raise Conflict(f"run {number} is not over", "cancel it first")
        self._of(number).ask_to_stop()
        self._workers.stop(number)
        with self._keeper.writing() as session:
            row = session.get(Row, number)
            if row is None:
                raise NotFound(f"there is no run {number}")
            bars = row.data
            session.delete(row)
            self._keeper.deed(session, who, "run deleted", str(number), run.strategy)
            session.flush()
            is_needed = session.exec(select(Row).where(Row.data == bars)).first() is not None
        with self._lock:
            self._opened.pop(number, None)
        shutil.rmtree(self._of(number).path, ignore_errors=True)
        if bars and not is_needed:
            self.bars.forget(bars)

    # --- what came of them ----------------------------------------------------------------------

    def result(self, number: int) -> dict[str, Any]:
        """Everything that is told of a run that is done. Raises `NotFound`."""
        run = self.get(number)
        if run.state is not State.DONE:
            raise NotFound(f"run {number} has no result: it is {run.state.value}", run.remedy)
        try:
            found: dict[str, Any] = self._of(number).read(RESULT)
        except (OSError, ValueError) as gone:
            message = f"the result of run {number} was deleted or damaged on disk ({gone})"
            raise NotFound(message, "run it again") from None
        return found

    def deaths(self, number: int) -> tuple[Sequence[dict[str, Any]], bool]:
        """The most instructive deaths so far, the best first, and whether these are all."""
        folder = self._of(number)
        held = folder.is_held
        try:
            found = folder.read(DEATHS)
            return found["deaths"], found["complete"] or not held
        except (OSError, ValueError, TypeError, KeyError):
            return (), not held

    def conditions(self, number: int) -> Sequence[dict[str, Any]] | None:
        """How every condition fared on the last bars, a record a side; None while counted.

        Empty where the worker ended before it had counted them.
        """
        folder = self._of(number)
        held = folder.is_held
        try:
            found: Sequence[dict[str, Any]] = folder.read(CONDITIONS)
        except (OSError, ValueError):
            return None if held else ()
        return found

    def why(self, number: int) -> Why:
        """The run opened for questions. Raises `NotFound`, with the reason."""
        from adapters.workshop.results import open_result  # noqa: PLC0415 - brings the engine
        from adapters.workshop.why import Why  # noqa: PLC0415 - as above

        with self._lock:
            found = self._opened.get(number)
            if found is not None:
                self._opened.move_to_end(number)
                return found
        self.result(number)
        made = Why(open_result(self._of(number), self.bars))
        with self._lock:
            self._opened[number] = made
            while len(self._opened) > OPEN:
                self._opened.popitem(last=False)
        return made

    def opened(self, number: int) -> Opened:
        """The run as the engine knows it. Raises `NotFound`, with the reason."""
        return self.why(number).opened

    def folder(self, number: int) -> RunFolder:
        """A run's folder."""
        return self._of(number)

    def _of(self, number: int) -> RunFolder:
        return RunFolder(self._folder / str(number))


def _run(row: Row) -> Run:
    """A row as it is shown."""
    assert row.id is not None
    message, remedy = json.loads(row.message) if row.message else ("", "")
    return Run(
        id=row.id,
        created=row.created,
        who=row.who,
        strategy=row.strategy,
        version=row.version,
        spec=row.spec,
        order=Order(**json.loads(row.choice)),
        state=State(row.state),
        progress=row.progress,
        message=message,
        remedy=remedy,
        program=row.program,
        figures=json.loads(row.figures),
        started=row.started,
        ended=row.ended,
    )
