"""`engine funnel`: how far setups come, what ends them, and which condition alone is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from adapters.cli.options import JSON, data_options, terms_options
from adapters.cli.screen import Table, heading, print_json, progress, verb
from adapters.cli.workbench import bench

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.cli.options import Choice
    from adapters.cli.outcome import Outcome
    from adapters.cli.verdicts import Reader
    from adapters.cli.workbench import Bench
    from engine.execution.terms import Terms
    from engine.inquiry.survey import Survey, Tally

LOOKED_AT = 50_000
"""Bars whose conditions are counted, unless another number is asked for."""


@click.command(
    "funnel",
    epilog="Example: engine funnel strategies/slob_5_1.yaml --data nq --from 2025-01-01",
)
@data_options
@terms_options
@click.option(
    "--bars",
    type=click.IntRange(0),
    default=LOOKED_AT,
    show_default=True,
    help="Count conditions on the last so many bars (0: only the stages).",
)
@JSON
@verb
def command(choice: Choice, terms: Terms, bars: int, *, as_json: bool) -> None:
    """Count how far setups come: per side and stage, deaths by reason, and every condition.

    For each condition: on how many bars it was asked, false, not known (na); on how many it alone
    stood in the way (sole); and how near it came to holding when it did not.
    """
    with progress() as told:
        told("compiling and reading", 0, 1)
        made = bench(choice)
        told("running", 0, 1)
        outcome = _run(made, terms)
        counted = surveys(outcome, bars, told) if bars else ()
    if as_json:
        print_json(_document(made, outcome, counted))
        return
    _show(made, outcome, counted)


def _run(made: Bench, terms: Terms) -> Outcome:
    from adapters.cli.outcome import Outcome  # noqa: PLC0415 - the engine comes with it
    from engine.run import Strategy, run_batch  # noqa: PLC0415 - as above

    run = run_batch(Strategy(made.program), made.market, made.calendars, terms, made.events)
    return Outcome(run)


def surveys(
    outcome: Outcome, bars: int, told: Callable[[str, int, int], None]
) -> tuple[Survey, ...]:
    """The conditions of each side, counted on whole trading dates at the end of the data."""
    import numpy as np  # noqa: PLC0415 - start-up in milliseconds

    from engine.inquiry.survey import survey  # noqa: PLC0415 - only where asked
    from engine.journal.lives import lives_of  # noqa: PLC0415 - as above

    run = outcome.run
    starts = run.days.start
    wanted = max(0, len(run.market) - bars)
    first = int(starts[min(int(np.searchsorted(starts, wanted)), len(starts) - 2)])
    return tuple(
        survey(
            run, side, lives_of(made.rows), first,
            lambda done, whole, side=side: told(f"counting {side}", done, whole),  # type: ignore[misc]
        )
        for side, made in run.decisions.items()
    )  # fmt: skip


# --- for people -----------------------------------------------------------------------------

_HEAD = ("in", "to", "condition", "asked", "true", "false", "na", "sole", "nearest")
_NUMBERS = frozenset({3, 4, 5, 6, 7})


def _show(made: Bench, outcome: Outcome, surveys: Sequence[Survey]) -> None:
    from adapters.cli.run import show_funnel, show_notes  # noqa: PLC0415 - the tables of `run`

    click.secho(f"{made.program.name} · {made.program.instrument.symbol}", bold=True)
    show_funnel(outcome)
    click.echo()
    click.echo(outcome.intent_sum())
    dropped = outcome.dropped_table()
    if dropped is not None:
        dropped.show()
    for one in surveys:
        heading(f"Conditions, {one.side}{_part(made, one)}")
        reader = _reader(made, one)
        Table(_HEAD, [_row(made, tally, reader) for tally in one.tallies], _NUMBERS).show()
    show_notes(made, outcome)


def _part(made: Bench, one: Survey) -> str:
    """Which part of the data was looked at, where it is not the whole."""
    from adapters.cli.figures import when  # noqa: PLC0415 - light, and only here

    if not one.first:
        return ""
    since = when(int(made.market.minute[one.first]), made.zone)
    return f" (the last {one.stop - one.first:,} bars, from {since} {made.zone}; --bars for more)"


def _reader(made: Bench, one: Survey) -> Reader:
    from adapters.cli.verdicts import Reader  # noqa: PLC0415 - the engine comes with it

    return Reader(made.program, one.side, made.text_of)


def _row(made: Bench, tally: Tally, reader: Reader) -> tuple[str, ...]:
    counts = (tally.asked, tally.true, tally.false, tally.na, tally.sole)
    sole = "" if tally.leads == "dead" else f"{tally.sole:,}"
    texts = [f"{count:,}" for count in counts[:-1]]
    return (tally.place, tally.leads, tally.name, *texts, sole, _nearest(made, tally, reader))


def _nearest(made: Bench, tally: Tally, reader: Reader) -> str:
    """How near a condition came without holding; what ends a candidate is better far away."""
    from adapters.cli.figures import when  # noqa: PLC0415 - light, and only here

    if tally.nearest is None:
        return ""
    at = when(int(made.market.minute[tally.row]), made.zone)
    return f"{reader.margin(tally.nearest)}, {at}"


# --- for programs ---------------------------------------------------------------------------


def _document(made: Bench, outcome: Outcome, surveys: Sequence[Survey]) -> dict[str, Any]:
    from adapters.cli.validate import program_record  # noqa: PLC0415 - light, and only here

    return {
        "program": program_record(made.program),
        "data": {**made.data, "notes": list(made.notes)},
        "funnel": outcome.funnel_record(),
        "intents": {"all": len(outcome.run.intents), **outcome.ends},
        "refused": outcome.dropped["refused"],
        "cancelled": outcome.dropped["cancelled"],
        "conditions": [condition_records(made, one) for one in surveys],
        "why_nothing": list(outcome.why_nothing()),
    }


def condition_records(made: Bench, one: Survey) -> dict[str, Any]:
    """How every condition of one side fared, as plain values."""
    from adapters.cli.figures import utc  # noqa: PLC0415 - light, and only here

    reader = _reader(made, one)
    minute = made.market.minute
    return {
        "side": one.side.value,
        "first": utc(int(minute[one.first])),
        "bars": one.stop - one.first,
        "conditions": [
            {
                "in": tally.place,
                "to": tally.leads,
                "name": tally.name,
                "asked": tally.asked,
                "true": tally.true,
                "false": tally.false,
                "na": tally.na,
                "sole": tally.sole,
                "nearest": None
                if tally.nearest is None
                else {**reader.record(tally.nearest), "time": utc(int(minute[tally.row]))},
            }
            for tally in one.tallies
        ],
    }
