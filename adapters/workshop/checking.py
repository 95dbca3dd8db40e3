"""Checks of texts while people type: warm processes beside the page, and what they said before.

Some answer at once, with everything but the proofs about conditions (a tenth of the time); one,
less urgent, makes those. A text that was checked before costs nothing, as long as the files it
extends are as they were. Nothing is computed in the page's own process, so its streams never wait
for a compiler. Who is next where many ask: `adapters.workshop.turns`.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import RLock
from typing import TYPE_CHECKING, Final, Self

from adapters.cli.workbench import reader_in
from adapters.workshop.errors import Superseded
from adapters.workshop.examining import Asked, Examined, packed, unpacked, warm
from adapters.workshop.turns import NOBODY, Asker, Job, Key, Turns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.workshop.checked import Checked

KEPT_MOST: Final = 400
"""Answers kept: some 40 kB each."""

AT_ONCE: Final = max(1, min(4, os.cpu_count() or 1))
"""Processes that answer at once: people who type at the same instant need not queue for one."""

COUNTS: Final = {False: AT_ONCE, True: 1}
"""Processes by whether they make the proofs."""

_LESS_URGENT: Final = 10

_SELDOM: Final = 50_000
"""Objects made between two searches for cycles, of which a check makes next to none."""


class Checks:
    """Checks texts of strategies that lie, or would lie, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Nothing is started before the first text comes, or `warm` is called."""
        self._folder = folder
        self._read = reader_in(folder)
        self._kept: OrderedDict[Key, Examined] = OrderedDict()
        self._under_way: dict[Key, Job] = {}
        self._newest: dict[Asker, Job] = {}
        self._turns = {thorough: Turns() for thorough in COUNTS}
        self._busy = dict.fromkeys(COUNTS, 0)
        self._pools: dict[bool, ProcessPoolExecutor] = {}
        self._lock = RLock()
        self._is_closed = False

    def warm(self) -> None:
        """Start every process, which loads the compiler; returns at once."""
        with self._lock:
            for thorough, count in COUNTS.items():
                if thorough not in self._pools and not self._is_closed:
                    pool = self._pool(thorough)
                    for _ in range(count):
                        pool.submit(_ready)

    def check(self, text: str, *, thorough: bool = False, asker: Asker = NOBODY) -> Future[Checked]:
        """What is to be said about a text, as soon as it is known.

        The same text that is being checked for somebody else is checked once. Without `thorough`
        the answer is that of the proofs where they are there already. An older text of the same
        editor that waits is answered with `Superseded`. Raises `TooBusy`.
        """
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        key = (digest, thorough)
        with self._lock:
            self._supersede(asker, key)
            known = self._known((digest, True)) or (None if thorough else self._known(key))
            if known is not None:
                done: Future[Checked] = Future()
                done.set_result(known.checked)
                return done
            job = self._under_way.get(key)
            if job is None:
                job = Job(key, Asked(text, str(self._folder), thorough), Future())
                self._turns[thorough].put(job, asker.person)
                self._under_way[key] = job
            job.askers.add(asker)
            if asker.editor:
                self._newest[asker] = job
            self._go_on(thorough)
            return job.answer

    def close(self) -> None:
        """End the processes; what was still asked is not answered."""
        with self._lock:
            self._is_closed = True
            pools, self._pools = list(self._pools.values()), {}
            waiting = [job for turns in self._turns.values() for job in turns.clear()]
        for job in waiting:
            job.answer.cancel()
        for pool in pools:
            working = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in working:  # a proof may take seconds, and nobody waits for it any more
                process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside the lock ------------------------------------------------------------------------

    def _supersede(self, asker: Asker, key: Key) -> None:
        """Let go of what the same editor asked before, where nobody else waits for it."""
        before = self._newest.get(asker)
        if before is None or before.key == key:
            return
        del self._newest[asker]
        before.askers.discard(asker)
        if not before.askers and self._turns[before.asked.thorough].drop(before):
            del self._under_way[before.key]
            before.answer.set_exception(Superseded("a newer text of this editor has come"))

    def _go_on(self, thorough: bool) -> None:  # noqa: FBT001 - it is a key
        """Give every process that has nothing to do the next job."""
        while self._busy[thorough] < COUNTS[thorough] and not self._is_closed:
            job = self._turns[thorough].take()
            if job is None:
                return
            self._busy[thorough] += 1
            self._begin(job)

    def _begin(self, job: Job) -> None:
        thorough = job.asked.thorough
        pool = self._pool(thorough)
        try:
            work = pool.submit(packed, job.asked)
        except BrokenProcessPool:  # it died while nobody asked
            self._pools.pop(thorough)
            pool = self._pool(thorough)
            work = pool.submit(packed, job.asked)
        work.add_done_callback(self._ended(job, pool))

    def _pool(self, thorough: bool) -> ProcessPoolExecutor:  # noqa: FBT001 - it is a key
        if thorough not in self._pools:
            self._pools[thorough] = ProcessPoolExecutor(
                max_workers=COUNTS[thorough],
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begun,
                initargs=(_LESS_URGENT if thorough else 0,),
            )
        return self._pools[thorough]

    def _known(self, key: Key) -> Examined | None:
        """What was said before, unless a file it extends has changed since."""
        found = self._kept.get(key)
        if found is None:
            return None
        if any(self._read(name) != content for name, content in found.parents.items()):
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found

    # --- when a process has answered ------------------------------------------------------------

    def _ended(self, job: Job, pool: ProcessPoolExecutor) -> Callable[[Future[bytes]], None]:
        def ended(work: Future[bytes]) -> None:
            thorough = job.asked.thorough
            fault = None if work.cancelled() else work.exception()
            found = None if work.cancelled() or fault else unpacked(work.result())
            with self._lock:
                if isinstance(fault, BrokenProcessPool) and job.tries > 1 and not self._is_closed:
                    if self._pools.get(thorough) is pool:  # else another job has replaced it
                        del self._pools[thorough]
                    job.tries -= 1
                    self._begin(job)
                    return
                self._busy[thorough] -= 1
                self._forget(job)
                if found is not None:
                    self._keep(job.key, found)
                self._go_on(thorough)
            if job.answer.cancelled():
                return
            if found is not None:
                job.answer.set_result(found.checked)
            elif fault is not None:
                job.answer.set_exception(fault)
            else:
                job.answer.cancel()

        return ended

    def _forget(self, job: Job) -> None:
        self._under_way.pop(job.key, None)
        for asker in job.askers:
            if self._newest.get(asker) is job:
                del self._newest[asker]

    def _keep(self, key: Key, found: Examined) -> None:
        self._kept[key] = found
        while len(self._kept) > KEPT_MOST:
            self._kept.popitem(last=False)


def _begun(niceness: int) -> None:
    """In the new process: out of the way of the page, deaf to its Ctrl-C, gone when it is gone."""
    import gc  # noqa: PLC0415 - only there
    import signal  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415 - as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warm()
    gc.collect()
    gc.freeze()  # the compiler stays: looking through it again would take longer than a check
    gc.set_threshold(_SELDOM)


def _ready() -> None:
    """Nothing: who can say it has begun."""


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
