"""Differences in trades that somebody asked for: each in a process of its own, a few at once."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Semaphore, Thread
from typing import TYPE_CHECKING, Any, Final, Self

from adapters.workshop.differences import Recent, TradeDifference, difference_from
from adapters.workshop.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path

TOGETHER: Final = 1
KEPT_MOST: Final = 100


@dataclass(slots=True)
class Trial:
    """A comparison on its way, and what came of it. One thread writes, any may read."""

    id: str
    progress: float = 0.0
    message: str = "waiting for its turn"
    remedy: str = ""
    is_over: bool = False
    is_cancelled: bool = False
    result: TradeDifference | None = None
    process: subprocess.Popen[str] | None = field(default=None, repr=False)


class Trials:
    """Compares texts of strategies that lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trials: Recent = Recent(KEPT_MOST)
        self._by_question: Recent = Recent(KEPT_MOST)
        self._turn = Semaphore(TOGETHER)
        self._lock = Lock()
        self._is_closed = False

    def begin(
        self, before: str, after: str, data: str = "", first: str = "", last: str = ""
    ) -> Trial:
        """Compare two texts; the same question that was answered before costs nothing."""
        question = (before, after, data, first, last)
        with self._lock:
            known: Trial | None = self._by_question.get(question)
            if known is not None and not known.is_cancelled and not known.remedy:
                return known
            trial = Trial(secrets.token_hex(8))
            self._trials[trial.id] = trial
            self._by_question[question] = trial
        asked = {
            "before": before,
            "after": after,
            "folder": str(self._folder),
            "data": data,
            "first": first,
            "last": last,
        }
        Thread(target=self._work, args=(trial, asked), daemon=True).start()
        return trial

    def trial(self, name: str) -> Trial:
        """How far one is. Raises `NotFound`."""
        with self._lock:
            found: Trial | None = self._trials.get(name)
        if found is None:
            raise NotFound("this comparison is no longer kept", "ask for it again")
        return found

    def cancel(self, name: str) -> None:
        """Stop one. Raises `NotFound`."""
        trial = self.trial(name)
        trial.is_cancelled = True
        if trial.process is not None:
            trial.process.terminate()

    def close(self) -> None:
        """Stop all of them."""
        with self._lock:
            self._is_closed = True
            trials = list(self._trials.values())
        for trial in trials:
            if not trial.is_over:
                trial.is_cancelled = True
                if trial.process is not None:
                    trial.process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self, trial: Trial, asked: dict[str, Any]) -> None:
        with self._turn:
            if not trial.is_cancelled and not self._is_closed:
                self._run(trial, asked)
        if trial.is_cancelled:
            trial.message = "cancelled"
        elif trial.result is None and not trial.remedy:
            trial.message, trial.remedy = "the comparison ended without an answer", "ask again"
        trial.is_over = True

    @staticmethod
    def _run(trial: Trial, asked: dict[str, Any]) -> None:
        command = [sys.executable, "-m", "adapters.workshop.trying"]
        with subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            trial.process = process
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(asked))
                process.stdin.close()
            for line in process.stdout:
                if trial.is_cancelled:
                    process.terminate()
                _heard(trial, json.loads(line))
        trial.process = None


def _heard(trial: Trial, said: dict[str, Any]) -> None:
    if "difference" in said:
        trial.progress, trial.result = 1.0, difference_from(said["difference"])
    elif "error" in said:
        trial.message, trial.remedy = said["error"], said["remedy"] or "correct it and ask again"
    else:
        trial.progress, trial.message = said["progress"], said["message"]
