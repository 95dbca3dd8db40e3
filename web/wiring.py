"""The one place that joins ports with what is behind them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from adapters.workshop.deeds import Deeds
from adapters.workshop.keeper import Keeper, secret
from adapters.workshop.people import People
from adapters.workshop.sittings import Sittings
from web.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Ports]:
    """The ports of a workshop, for as long as the page runs.

    Raises `adapters.database.errors.DatabaseError` and `adapters.workshop.errors.WorkshopError`.
    """
    with Keeper(settings.folder) as keeper:
        sittings = Sittings(keeper, settings.session_hours)
        yield Ports(
            settings=settings,
            secret=secret(settings.folder),
            people=People(keeper, changed=sittings.forget),
            sittings=sittings,
            deeds=Deeds(keeper),
        )
