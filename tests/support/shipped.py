"""The strategies of the repository, with synthetic bars to try them on."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.calendar_names import calendar_names
from adapters.calendars import ExchangeCalendars
from adapters.events import event_lists
from adapters.instruments import INSTRUMENTS
from adapters.synth import synthesize
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from engine.run import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.compilation import Compiled
    from dsl.ir.program import Program
    from engine.domain.market import Ints, Market

FOLDER = Path(__file__).parents[2] / "strategies"
SHIPPED = sorted(FOLDER.glob("*.yaml"))
CALENDARS = ExchangeCalendars()
FIRST, LAST = date(2025, 10, 20), date(2025, 11, 7)
"""Three weeks: the second is the one in which US and European clocks disagree by an hour less."""


def compiled(file: Path, **values: str) -> Compiled:
    """What compiling a file comes to, with values as `--set` gives them."""
    around = Surroundings(
        instruments=INSTRUMENTS,
        calendars=calendar_names(),
        read=lambda name: (file.parent / name).read_bytes(),
        values=values,
    )
    return compile_strategy(file.name, file.read_bytes(), around)


@cache
def program_of(file: Path, values: tuple[tuple[str, str], ...] = ()) -> Program:
    """The program of a file that has no errors, with values as `--set` gives them."""
    made = compiled(file, **dict(values))
    assert made.program is not None, made.findings
    return made.program


@cache
def strategy_of(file: Path) -> Strategy:
    """The strategy of a file."""
    return Strategy(program_of(file))


@cache
def bars_for(file: Path) -> Market:
    """Synthetic bars of what the strategy trades."""
    return synthesize(program_of(file).instrument, FIRST, LAST, seed=5)


def events_for(file: Path) -> Mapping[str, Ints]:
    """The instants of its event lists."""
    return event_lists(program_of(file).events, file.parent)
