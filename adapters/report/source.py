"""What a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from engine.journal.folds import funnel as funnel_of
from engine.statistics.statistics import statistics_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.journal.folds import SideFunnel
    from engine.run import Run
    from engine.statistics.statistics import Statistics


class Inspected(Protocol):
    """A quality report on bars (`adapters.quality.Quality` is one)."""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """What was looked at, and how it is."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know besides."""
        ...


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """How a condition fared over a run.

    `of`: where it stands, such as `armed to trigger`. `evaluated` counts the bars it was asked
    on, `false` and `na` those it was not true on, `sole` those on which it alone stood in the
    way (None where nothing waits for it). `nearest` says how near it came without being true.
    """

    side: str
    of: str
    name: str
    evaluated: int
    false: int
    na: int
    sole: int | None
    nearest: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ReportInput:
    """A run and all that is said about it.

    `data` names the bars; `quality` and `notes` say what they are worth. `conditions` may be
    empty: then the table is left out, and so is `source` (the strategy as written).
    """

    run: Run
    statistics: Statistics
    funnel: tuple[SideFunnel, ...]
    data: str = ""
    quality: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    conditions: tuple[ConditionLine, ...] = ()
    source: str = ""
    version: str = ""


def report_of(
    run: Run,
    statistics: Statistics | None = None,
    funnel: Sequence[SideFunnel] | None = None,
    quality: Inspected | None = None,
    *,
    data: str = "",
    conditions: Sequence[ConditionLine] = (),
    source: str = "",
    version: str = "",
) -> ReportInput:
    """What a report on `run` is made of; statistics and funnel are worked out where not given.

    Of a path as `data` only the file's name is kept: a report is shown to others.
    """
    return ReportInput(
        run=run,
        statistics=statistics_of(run) if statistics is None else statistics,
        funnel=tuple(funnel_of(run.program, run.decisions) if funnel is None else funnel),
        data=PurePath(data).name,
        quality=quality.rows if quality is not None else (),
        notes=quality.notes if quality is not None else (),
        conditions=tuple(conditions),
        source=source,
        version=version,
    )
