"""A strategy file made ready to run outside the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.backtrader import VenueError
from adapters.calendar_names import calendar_names
from adapters.calendars import ExchangeCalendars
from adapters.cli.workbench import reader_in
from adapters.events import event_lists
from adapters.instruments import INSTRUMENTS
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.render import as_text
from engine.run import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A strategy with what its sessions and event lists need."""

    strategy: Strategy
    calendars: Calendars
    events: Mapping[str, Ints] = field(default_factory=dict)


def made_ready(
    spec: Strategy | str | Path | None,
    values: Mapping[str, str] | None = None,
    calendars: Calendars | None = None,
    events: Mapping[str, Ints] | None = None,
) -> Ready:
    """From a file, compiled with `values` as `--set` takes them, or from a strategy that is ready.

    Raises `VenueError` with the compiler's findings, `DataError` for its event lists.
    """
    if isinstance(spec, Strategy):
        if values:
            raise VenueError("values are for a file: this strategy is compiled already")
        return Ready(spec, calendars or ExchangeCalendars(), events or {})
    if spec is None:
        raise VenueError("EngineStrategy needs a strategy: spec='strategies/slob_5_1.yaml'")
    file = Path(spec)
    if not file.is_file():
        raise VenueError(f"there is no strategy file {file}")
    around = Surroundings(INSTRUMENTS, calendar_names(), reader_in(file.parent), values or {})
    made = compile_strategy(str(file), file.read_bytes(), around)
    if made.program is None:
        told = as_text(made.findings, made.sources, colour=False)
        raise VenueError(f"{file} has errors\n{told}")
    lists = event_lists(made.program.events, file.parent) if events is None else events
    return Ready(Strategy(made.program), calendars or ExchangeCalendars(), lists)
