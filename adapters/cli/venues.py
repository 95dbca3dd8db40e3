"""Where a strategy can be run from the command line, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapters.cli.workbench import Bench
    from engine.execution.terms import Terms
    from engine.laws import Law
    from engine.laws.ground import Ground
    from engine.run import Run

VECTOR: Final = "vector"
BACKTRADER: Final = "backtrader"
VENUES: Final = (VECTOR, BACKTRADER)


def run_at(venue: str, made: Bench, terms: Terms) -> Run:
    """The run of a bench in a venue. Raises what a run raises, and `BacktraderMissing`."""
    from engine.run import Strategy, run_batch  # noqa: PLC0415 - the engine comes with it

    strategy = Strategy(made.program)
    if venue == VECTOR:
        return run_batch(strategy, made.market, made.calendars, terms, made.events)
    from adapters.backtrader import run_in_backtrader  # noqa: PLC0415 - backtrader, 300 ms

    return run_in_backtrader(strategy, made.market, made.calendars, terms, made.events).run


def venue_laws() -> Iterator[Law]:
    """The venue law for each venue outside the engine that is installed here."""
    from importlib.util import find_spec  # noqa: PLC0415 - only here

    from engine.laws import Law  # noqa: PLC0415 - the engine comes with it
    from engine.laws.elsewhere import alike_in  # noqa: PLC0415 - as above

    if find_spec("backtrader") is not None:
        doc = "backtrader gives the same run: decisions, fills, and money to the cent."
        yield Law(BACKTRADER, doc, alike_in(BACKTRADER, backtrader_ground))


def backtrader_ground(ground: Ground) -> Run:
    """The run of a ground inside backtrader, for the venue law."""
    from adapters.backtrader import run_in_backtrader  # noqa: PLC0415 - backtrader, 300 ms

    return run_in_backtrader(
        ground.strategy, ground.market, ground.calendars, ground.terms, ground.events
    ).run


def two_venues(_: click.Context, __: click.Parameter, value: str) -> Sequence[str]:
    """`vector`, or `vector,backtrader`: the venue of A, then of B, which is A's if not named."""
    names = [name.strip() for name in value.split(",")]
    if not 1 <= len(names) <= 2 or any(name not in VENUES for name in names):
        raise click.BadParameter(f"`{value}` names no venues: say {','.join(VENUES)}")
    return names[0], names[-1]
