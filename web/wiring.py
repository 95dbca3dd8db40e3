"""The one place that joins ports with what is behind them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.live.places import journal_of
from adapters.live.window import Window
from adapters.workshop.checking import Checks
from adapters.workshop.deeds import Deeds
from adapters.workshop.keeper import Keeper, secret
from adapters.workshop.people import People
from adapters.workshop.runnable import Runnable
from adapters.workshop.runs import Runs
from adapters.workshop.sittings import Sittings
from adapters.workshop.strategies import Strategies
from adapters.workshop.trials import Trials
from adapters.workshop.vitals import Vitals
from web.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web.ports import LivePort
    from web.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Ports]:
    """The ports of a workshop, for as long as the page runs.

    Raises `adapters.database.errors.DatabaseError` and `adapters.workshop.errors.WorkshopError`.
    """
    with (
        Keeper(settings.folder) as keeper,
        Checks(settings.strategies) as checks,
        Trials(settings.strategies) as trials,
    ):
        sittings = Sittings(keeper, settings.session_hours)
        journal = settings.journal or journal_of()
        file = None if "://" in str(journal) else Path(journal)
        live = Window(journal, settings.socket)
        runnable = Runnable(settings.strategies, str(journal))
        yield Ports(
            settings=settings,
            secret=secret(settings.folder),
            people=People(keeper, changed=sittings.forget),
            sittings=sittings,
            deeds=Deeds(keeper),
            strategies=Strategies(keeper, settings.strategies, lambda: traded(live)),
            checks=checks,
            trials=trials,
            runnable=runnable,
            runs=Runs(keeper, runnable),
            vitals=Vitals(keeper, settings.strategies, file),
            live=live,
        )


def traded(live: LivePort) -> Path | None:
    """The file that is being traded now, None where nobody trades."""
    status = live.status()
    return None if status is None else Path(status.process.file)
