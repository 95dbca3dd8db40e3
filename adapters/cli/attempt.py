"""One go at a sweep: the sets that are not in its store yet are run, and what came is told."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from adapters.cli.screen import MISTAKE, STUCK, Failure, progress
from adapters.sweep.course import Course
from adapters.sweep.store import OtherStudy, Store, StoreError
from adapters.sweep.study import State, Study
from adapters.sweep.task import FIGURES, outcomes_of
from adapters.sweep.workers import Local
from engine.sweep.outcomes import METRICS
from engine.sweep.plan import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.cli.sweeping import Plan
    from adapters.sweep.store import Setting
    from adapters.sweep.workers import Workers
    from engine.domain.market import Reals


def carried_out(plan: Plan) -> Finished:
    """Try every set of a plan that is not in its store yet. Raises `StoreError`."""
    identity = plan.task.identity(plan.prepared.schedule)
    with Store(plan.file(identity), identity) as store:
        return Attempt(plan, store).made()


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """What came of a sweep; `failure` is why it could not go on, if it could not."""

    plan: Plan
    study: Study
    failure: Failure | None

    @property
    def kept(self) -> str:
        """How much is kept where, and the way on."""
        study = self.study
        return (
            f"{study.done:,} of {study.planned:,} sets are kept in {study.store}; "
            "the same command goes on from there"
        )

    def told(self) -> Failure | None:
        """Why it could not go on, with what is kept."""
        failure = self.failure
        if failure is None or not self.study.done or failure.status != STUCK:
            return failure
        return Failure(failure.message, f"{failure.remedy}; {self.kept}", failure.status)

    def judged(self) -> Finished:
        """The same, failed where a window is too short for any set to trade in."""
        silent = self.study.silent
        if not silent:
            return self
        window = silent[0]
        first, last = (np.datetime64(date, "D") for date in (window.first_date, window.last_date))
        more = f" (nor in {len(silent) - 1} other windows)" if len(silent) > 1 else ""
        message = f"no set trades in {window.name}, {first} to {last}{more}: nothing can be told"
        remedy = "make the windows longer, in --walk-forward"
        return replace(self, failure=Failure(message, remedy, MISTAKE))


class Attempt:
    """One go at a plan: it may be the first, or go on with what is kept."""

    def __init__(self, plan: Plan, store: Store) -> None:
        """Of a plan, with the store of its results."""
        self.plan = plan
        self.store = store
        self.settings: dict[Setting, None] = {}
        self._places = ExitStack()

    def made(self) -> Finished:
        """Everything that came, and why it stopped if it did."""
        state, failure = State.FINISHED, None
        with progress() as told:
            course = Course(self.store, self._workers, self._teller(told))
            try:
                with self._places:
                    self._follow(course)
            except KeyboardInterrupt:
                state = State.INTERRUPTED
            except Exception as error:
                state, failure = State.INTERRUPTED, failure_of(error)
                if failure is None:
                    raise
        came = Finished(self.plan, self._study(course.tried, state), failure)
        return came.judged() if state is State.FINISHED else came

    # --- which sets -----------------------------------------------------------------------

    def _follow(self, course: Course) -> None:
        if self.plan.wish.search:
            self._search(course)
        else:
            self.settings = dict.fromkeys(self.plan.settings())
            course.try_all(list(self.settings))

    def _search(self, course: Course) -> None:
        from adapters.sweep.search import search  # noqa: PLC0415 - only for a search

        wish, number = self.plan.wish, FIGURES.index(self.plan.wish.metric)

        def values_of(batch: Sequence[Setting]) -> list[float]:
            self.settings |= dict.fromkeys(batch)
            course.try_all(batch)
            return [float(course.tried[setting][0, number]) for setting in batch]

        for _ in search(
            self.plan.axes, self.plan.planned, wish.seed,
            maximize=METRICS[wish.metric].better == "higher", values_of=values_of,
        ):  # fmt: skip
            pass

    # --- where they run -------------------------------------------------------------------

    def _workers(self, sets: int) -> Workers:
        """Made when the first set is to be run: what is kept needs none."""
        plan, wish = self.plan, self.plan.wish
        # a search does not know at first which sets it will want
        form = plan.task.form(plan.prepared, plan.planned if wish.search else sets)
        if wish.cluster is None:
            return Local(plan.task, plan.prepared, form, wish.jobs or cores())
        from adapters.sweep.cluster import cluster  # noqa: PLC0415 - an extra

        job = plan.task, plan.prepared, form, self.store.identity
        return self._places.enter_context(cluster(wish.cluster, *job))

    def _teller(self, told: Callable[[str, int, int], None]) -> Callable[[int, int], None]:
        least = self.plan.planned if self.plan.wish.search else 0
        return lambda ran, wanted: told("sweeping", ran, max(wanted, least))

    # --- what came ------------------------------------------------------------------------

    def _study(self, tried: Mapping[Setting, Reals], state: State) -> Study:
        plan, made = self.plan, self.plan.made
        settings = [setting for setting in self.settings if setting in tried]
        finished = state is State.FINISHED
        spans = [span.name for span in plan.task.spans]
        return Study(
            name=made.name,
            source=made.sources[0].text,
            program=made.program,
            data=made.data,
            notes=made.notes,
            terms=plan.terms,
            axes=plan.axes,
            method=plan.method,
            seed=plan.wish.seed,
            planned=len(settings) if finished else plan.planned,
            outcomes=outcomes_of(plan.task.names, spans, tried, settings),
            whole=plan.whole,
            windows=plan.wish.forward or "",
            folds=plan.folds,
            metric=plan.wish.metric,
            trials=len(tried),
            state=state,
            run=plan.run_words,
            again=plan.again_words,
            store=str(self.store.file),
            zone=made.zone,
        )


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def failure_of(error: Exception) -> Failure | None:
    """What a part of a sweep raises, in words; None for what is not its to raise."""
    from adapters.sweep.cluster import ClusterError, NoDask  # noqa: PLC0415
    from adapters.sweep.search import NoOptuna  # noqa: PLC0415 - only where something failed

    match error:
        case Failure():
            return error
        case PlanError():
            return Failure(str(error), "", MISTAKE)
        case OtherStudy():
            return Failure(f"{error.file}: {error.message}", error.remedy, MISTAKE)
        case StoreError():
            return Failure(f"{error.file}: {error.message}", error.remedy, STUCK)
        case ClusterError():
            return Failure(f"the cluster cannot go on: {error.message}", error.remedy, STUCK)
        case NoDask():
            return Failure("--cluster needs Dask", "pip install 'slob-engine[cluster]'", STUCK)
        case NoOptuna():
            return Failure("--search needs optuna", "pip install 'slob-engine[search]'", STUCK)
        case _:
            return None
