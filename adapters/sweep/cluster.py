"""The sets of a sweep on a Dask cluster: an existing one, or worker processes of this machine.

Every worker gets strategy and bars once and makes its own sweeper of them; then come small chunks
of sets, and results go to the store on this side as they arrive. What a worker had in hand when it
died is run by another one. A worker whose engine or exchange hours are not ours refuses.
"""

from __future__ import annotations

import logging
import signal
import threading
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING, Any, Final

from adapters.calendars import ExchangeCalendars
from adapters.sweep.task import Task, figures_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapters.sweep.store import Identity, Setting
    from engine.domain.market import Reals
    from engine.machine.forms import Form
    from engine.run import Prepared
    from engine.sweep.sweeper import Sweeper

PATIENCE: Final = 60.0
"""Seconds to wait for a first worker, or for another one when all are gone."""
CONNECT: Final = 10.0
CHUNK_SECONDS: Final = 0.5
CHUNK_MOST: Final = 256
AHEAD: Final = 2
"""Chunks in the hands of the cluster for each of its threads: one to run, one to follow."""
LOST_MOST: Final = 5
"""How often the bars may be sent again because every worker that held them died."""
LOCAL: Final = "local:"


class ClusterError(Exception):
    """The cluster cannot go on: why, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        """What to tell."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class NoDask(Exception):
    """The extra that brings Dask is not installed."""


class OtherEngine(Exception):
    """A worker would compute something else; the words are what differs (`Identity.parts`)."""


Parts = tuple[tuple[str, str], ...]
"""The parts of an identity, sorted."""


# --- on a worker ----------------------------------------------------------------------------

_one_at_a_time = threading.Lock()


@lru_cache(maxsize=2)
def _sweeper(task: Task, parts: Parts, form: Form) -> Sweeper:
    """What runs the sets of a task here. Raises `OtherEngine`."""
    prepared = task.prepared(ExchangeCalendars())
    mine = task.identity(prepared.schedule).parts
    other = [name for name, digest in parts if mine.get(name) != digest]
    if other:
        raise OtherEngine(", ".join(other))
    return task.sweeper(prepared, form)


def run_chunk(
    task: Task, parts: Parts, form: Form, settings: Sequence[Setting]
) -> tuple[Reals, float]:
    """The figures of a chunk (settings x spans x figures), and the seconds it took.

    Raises `OtherEngine`.
    """
    with _one_at_a_time:
        sweeper = _sweeper(task, parts, form)
    begun = perf_counter()
    figures = figures_of(sweeper.run(settings, 1))
    return figures, perf_counter() - begun


# --- on this side ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Settings in the hands of the cluster, and the task they were sent with."""

    future: Any
    settings: list[Setting]
    held: Any


class Cluster:
    """The workers of a cluster; use as a context manager."""

    def __init__(
        self, client: Any, task: Task, prepared: Prepared, form: Form, identity: Identity
    ) -> None:
        """A cluster that is there; every worker must find the same identity."""
        self._prepared = prepared
        self._form = form
        self._client = client
        self._task = task
        self._parts = tuple(sorted(identity.parts.items()))
        self._held: Any = None
        self._lost = 0
        self._size = 1

    def figures(self, settings: Sequence[Setting]) -> Iterator[tuple[Sequence[Setting], Reals]]:
        """The settings in chunks, as they come. Raises `ClusterError`, `OtherEngine`."""
        waiting = self._task.neighbours(self._prepared, settings)[::-1]
        done: SimpleQueue[Any] = SimpleQueue()
        running: dict[str, _Chunk] = {}
        self._wait_for_a_worker()
        try:
            while waiting or running:
                self._hand_out(waiting, running, done)
                chunk = running.pop(self._next(done).key)
                came = self._result(chunk)
                if came is None:
                    waiting.extend(reversed(chunk.settings))
                    continue
                self._lost = 0
                self._resize(len(chunk.settings), came[1])
                yield chunk.settings, came[0]
        finally:
            with suppress(Exception):
                self._client.cancel([chunk.future for chunk in running.values()])

    def _hand_out(
        self,
        waiting: list[Setting],
        running: dict[str, _Chunk],
        done: SimpleQueue[Any],
    ) -> None:
        room = AHEAD * max(1, self._threads())
        while waiting and len(running) < room:
            # towards the end in smaller chunks, so that all workers end together
            size = max(1, min(self._size, len(waiting) // room or 1))
            part = [waiting.pop() for _ in range(min(size, len(waiting)))]
            held = self._held_task()
            with _cluster_words():
                future = self._client.submit(
                    run_chunk, held, self._parts, self._form, part, pure=False
                )
                future.add_done_callback(done.put)
            running[future.key] = _Chunk(future, part, held)

    def _held_task(self) -> Any:
        """The task in the memory of every worker."""
        end = monotonic() + PATIENCE
        while self._held is None:
            self._wait_for_a_worker()
            try:
                self._held = self._client.scatter(self._task, broadcast=True, hash=False)
            except (OSError, TimeoutError, RuntimeError, CancelledError):
                # a worker may have died meanwhile; without the scheduler there is no way on
                self._check()
                if monotonic() > end:
                    raise _no_workers() from None
                sleep(0.2)
        return self._held

    def _next(self, done: SimpleQueue[Any]) -> Any:
        """The next future that is done, one way or the other."""
        alone_since: float | None = None
        while True:
            try:
                return done.get(timeout=0.5)
            except Empty:
                self._check()
            if self._threads():
                alone_since = None
            elif alone_since is None:
                alone_since = monotonic()
            elif monotonic() - alone_since > PATIENCE:
                raise _no_workers()

    def _result(self, chunk: _Chunk) -> tuple[Reals, float] | None:
        """What a chunk came to; None where workers or bars were lost, so it must run again."""
        status = chunk.future.status
        if status == "finished":
            # the worker that holds the result may have died since
            with suppress(OSError, TimeoutError, CancelledError):
                made: tuple[Reals, float] = chunk.future.result()
                return made
        self._check()
        if status == "error":
            raise self._error(chunk)
        if chunk.held is self._held:  # the first chunk that tells of this loss
            self._held = None
            self._lost += 1
        if self._lost > LOST_MOST:
            raise ClusterError("its workers keep dying", "look at their logs: memory, perhaps")
        return None

    def _error(self, chunk: _Chunk) -> BaseException:
        """What a chunk that failed is to raise."""
        error: BaseException = chunk.future.exception()
        if isinstance(error, OtherEngine):
            message = f"a worker would compute something else (not the same: {error})"
            return ClusterError(message, "install the same on every worker")
        if type(error).__name__ == "KilledWorker":
            message = "a chunk was given up: worker after worker died on it"
            return ClusterError(message, "look at their logs: memory, perhaps")
        if isinstance(error, ImportError):
            message = f"its workers do not have this engine: {error}"
            return ClusterError(message, "install it on every worker, in the same version")
        return error

    def _resize(self, size: int, took: float) -> None:
        wanted = size * CHUNK_SECONDS / max(took, 1e-6)
        self._size = int(max(1, min(wanted, 4 * size, CHUNK_MOST)))

    def _threads(self) -> int:
        with suppress(Exception):
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
            return sum(worker["nthreads"] for worker in workers)
        return 0

    def _check(self) -> None:
        if self._client.status != "running":
            raise ClusterError("the scheduler is gone", "start it again")

    def _wait_for_a_worker(self) -> None:
        end = monotonic() + PATIENCE
        while not self._threads():
            self._check()
            if monotonic() > end:
                raise _no_workers()
            try:
                self._client.wait_for_workers(1, timeout=1)
            except TimeoutError:
                continue


def _no_workers() -> ClusterError:
    message = f"the cluster has had no worker for {PATIENCE:.0f} seconds"
    return ClusterError(message, "start workers: dask worker ADDRESS")


@contextmanager
def _cluster_words() -> Iterator[None]:
    """What a broken connection raises, in words."""
    try:
        yield
    except (OSError, TimeoutError, RuntimeError, CancelledError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterError(f"the scheduler does not answer ({why})", "start it again") from None


@contextmanager
def cluster(
    address: str, task: Task, prepared: Prepared, form: Form, identity: Identity
) -> Iterator[Cluster]:
    """The cluster at an address, or `local:N` worker processes for as long as the context lasts.

    Raises `NoDask`, `ClusterError`.
    """
    try:
        import distributed  # noqa: PLC0415 - an extra, and a second to load
    except ImportError:
        raise NoDask from None
    with (
        _silence(),
        _local(distributed, address) as place,
        _client(distributed, place, address) as client,
    ):
        yield Cluster(client, task, prepared, form, identity)


@contextmanager
def _silence() -> Iterator[None]:
    """No log lines of Dask's: each of its loggers has a handler and a level of its own."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _client(distributed: Any, place: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(
            place, timeout=CONNECT, set_as_default=False, direct_to_workers=False
        )
    except (OSError, TimeoutError, ValueError, RuntimeError):
        message = f"no scheduler answers at {address}"
        remedy = "start one (dask scheduler) or name it as in tcp://host:8786; local:4 needs none"
        raise ClusterError(message, remedy) from None
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=2)


@contextmanager
def _local(distributed: Any, address: str) -> Iterator[Any]:
    if not address.startswith(LOCAL):
        yield address
        return
    with _deaf_to_interrupts():
        made = distributed.LocalCluster(
            n_workers=int(address.removeprefix(LOCAL)),
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
    try:
        yield made
    finally:
        with suppress(Exception):
            made.close(timeout=5)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here leave Ctrl-C to this one, which ends them in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
