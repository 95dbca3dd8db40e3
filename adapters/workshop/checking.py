"""Checks of texts while people type: two warm processes beside the page, and what they said before.

The first answers at once, with everything but the proofs about conditions (a tenth of the time);
the second, less urgent, makes those. A text that was checked before costs nothing, as long as the
files it extends are as they were. Nothing is computed in the page's own process, so its streams
never wait for a compiler.
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
from adapters.workshop.examining import Asked, Examined, examine, warm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.workshop.checked import Checked

KEPT_MOST: Final = 400
"""Answers kept: some 40 kB each."""

AT_ONCE: Final = max(1, min(4, os.cpu_count() or 1))
"""Processes that answer at once: people who type at the same instant need not queue for one."""

_LESS_URGENT: Final = 10


class Checks:
    """Checks texts of strategies that lie, or would lie, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Nothing is started before the first text comes, or `warm` is called."""
        self._folder = folder
        self._read = reader_in(folder)
        self._kept: OrderedDict[tuple[str, bool], Examined] = OrderedDict()
        self._under_way: dict[tuple[str, bool], Future[Checked]] = {}
        self._pools: dict[bool, ProcessPoolExecutor] = {}
        self._lock = RLock()
        self._is_closed = False

    def warm(self) -> None:
        """Have every process load the compiler; returns at once."""
        with self._lock:
            for thorough, count in ((False, AT_ONCE), (True, 1)):
                if thorough not in self._pools and not self._is_closed:
                    pool = self._pool(thorough)
                    for _ in range(count):
                        pool.submit(warm)

    def check(self, text: str, *, thorough: bool = False) -> Future[Checked]:
        """What is to be said about a text, as soon as it is known.

        The same text that is being checked for somebody else is checked once. Without `thorough`
        the answer is that of the proofs where they are there already.
        """
        key = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), thorough)
        with self._lock:
            known = self._known((key[0], True)) or (None if thorough else self._known(key))
            if known is not None:
                done: Future[Checked] = Future()
                done.set_result(known.checked)
                return done
            if key in self._under_way:
                return self._under_way[key]
            answer: Future[Checked] = Future()
            self._under_way[key] = answer
            asked = Asked(text, str(self._folder), thorough)
            self._begin(key, asked, answer, tries=2)
            return answer

    def close(self) -> None:
        """End both processes; what was still asked is not answered."""
        with self._lock:
            self._is_closed = True
            pools, self._pools = list(self._pools.values()), {}
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

    def _begin(
        self, key: tuple[str, bool], asked: Asked, answer: Future[Checked], tries: int
    ) -> None:
        try:
            work = self._pool(asked.thorough).submit(examine, asked)
        except BrokenProcessPool:  # it died while nobody asked
            self._pools.pop(asked.thorough)
            work = self._pool(asked.thorough).submit(examine, asked)
        work.add_done_callback(self._ended(key, asked, answer, tries))

    def _pool(self, thorough: bool) -> ProcessPoolExecutor:  # noqa: FBT001 - it is a key
        if thorough not in self._pools:
            self._pools[thorough] = ProcessPoolExecutor(
                max_workers=1 if thorough else AT_ONCE,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begun,
                initargs=(_LESS_URGENT if thorough else 0,),
            )
        return self._pools[thorough]

    def _known(self, key: tuple[str, bool]) -> Examined | None:
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

    def _ended(
        self, key: tuple[str, bool], asked: Asked, answer: Future[Checked], tries: int
    ) -> Callable[[Future[Examined]], None]:
        def ended(work: Future[Examined]) -> None:
            fault = None if work.cancelled() else work.exception()
            with self._lock:
                if isinstance(fault, BrokenProcessPool) and tries > 1 and not self._is_closed:
                    self._pools.pop(asked.thorough, None)
                    self._begin(key, asked, answer, tries - 1)
                    return
                self._under_way.pop(key, None)
                if not work.cancelled() and fault is None:
                    self._keep(key, work.result())
            if answer.cancelled():
                return
            if work.cancelled():
                answer.cancel()
            elif fault is not None:
                answer.set_exception(fault)
            else:
                answer.set_result(work.result().checked)

        return ended

    def _keep(self, key: tuple[str, bool], found: Examined) -> None:
        self._kept[key] = found
        while len(self._kept) > KEPT_MOST:
            self._kept.popitem(last=False)


def _begun(niceness: int) -> None:
    """In the new process: out of the way of the page, deaf to its Ctrl-C, gone when it is gone."""
    import signal  # noqa: PLC0415 - only there
    import threading  # noqa: PLC0415 - as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
