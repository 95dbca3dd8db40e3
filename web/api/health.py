"""Health over the API, with what `/health/ready` keeps to itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency

from adapters.workshop.vitals import Check, Copy, SetQuality
from web.ports import Ports


@dataclass(frozen=True, slots=True)
class Health:
    """How everything is; `engine` is the live engine's state in a word, empty: not running."""

    checks: tuple[Check, ...]
    engine: str
    rejects: int
    sets: tuple[SetQuality, ...]
    backups: tuple[Copy, ...]
    versions: dict[str, str]


class HealthApi(Controller):
    """How everything is."""

    path = "/health"
    tags = ["health"]

    @get("/", sync_to_thread=True, summary="How everything is")
    def all(self, ports: NamedDependency[Ports]) -> Health:
        """Checks of the page, the live engine, data quality, backups, versions."""
        status = ports.live.status()
        return Health(
            checks=ports.vitals.checks(),
            engine="" if status is None else status.state.value,
            rejects=ports.live.rejects(),
            sets=ports.vitals.sets(),
            backups=ports.vitals.copies(),
            versions=dict(ports.vitals.versions()),
        )

    @post("/backups", sync_to_thread=True, summary="Back up the workshop now")
    def back_up(self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]) -> Copy:
        """A copy of people, versions and runs, proven; 507 where there is no room."""
        return ports.vitals.back_up(request.scope["user"].name)
