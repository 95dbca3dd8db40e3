"""`engine check`: the engine's laws tried on a strategy and bars, and the strategy's own tests."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import MISTAKE
from adapters.cli.options import JSON, data_options
from adapters.cli.screen import Table, heading, print_json, progress, verb
from adapters.cli.workbench import bench, folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.cli.expectations import Tried
    from adapters.cli.options import Choice
    from adapters.cli.workbench import Bench
    from engine.laws import Law, Violation


@click.command(
    "check", epilog="Example: engine check strategies/slob_5_1.yaml --data nq.csv --rounds 5"
)
@data_options
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the samples."
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="How often each law is tried, each time on another sample.",
)
@JSON
@verb
def command(choice: Choice, seed: int, rounds: int, *, as_json: bool) -> None:
    """Try the engine's laws on your own strategy and bars, and run the strategy's own tests.

    The laws: every way of running gives the same decisions, no decision looks ahead, nothing is
    lost, and so on. They are tried on samples of the data; --rounds and --seed try more.
    Exit status 1 when one does not hold, or a test of the strategy fails.
    """
    from adapters.cli.expectations import tried  # noqa: PLC0415 - the engine comes with it

    with progress() as told:
        told("compiling and reading", 0, 1)
        made = bench(choice)
        tests = tried(made, folder_of(choice.spec), choice)
        laws = _laws(made, seed, rounds, told)
    if as_json:
        print_json(_document(made, laws, tests, seed))
    else:
        _show(made, laws, tests)
    if any(broken for _, broken in laws) or not all(test.passed for test in tests):
        raise click.exceptions.Exit(MISTAKE)


def _laws(
    made: Bench, seed: int, rounds: int, told: Callable[[str, int, int], None]
) -> list[tuple[Law, Violation | None]]:
    """Each law with the first violation that was found."""
    from adapters.cli.venues import venue_laws  # noqa: PLC0415 - the engine comes with it
    from engine.laws import LAWS  # noqa: PLC0415 - as above
    from engine.run import Strategy  # noqa: PLC0415 - as above

    strategy, laws = Strategy(made.program), (*LAWS, *venue_laws())
    found: list[tuple[Law, Violation | None]] = []
    for number, law in enumerate(laws):
        broken = None
        for turn in range(rounds):
            told(law.name, number * rounds + turn, len(laws) * rounds)
            chance = Random(f"{seed}/{turn}/{law.name}")  # noqa: S311 - samples, not secrets
            broken = law.check(strategy, made.market, made.calendars, chance, made.events)
            if broken is not None:
                break
        found.append((law, broken))
    return found


def _show(
    made: Bench, laws: Sequence[tuple[Law, Violation | None]], tests: Sequence[Tried]
) -> None:
    click.secho(f"{made.program.name} · {made.program.instrument.symbol}", bold=True)
    heading("Laws")
    rows = [(law.name, "holds" if broken is None else "BROKEN", law.doc) for law, broken in laws]
    Table(("law", "", "which says"), rows).show()
    for _, broken in laws:
        if broken is not None:
            click.secho(f"{broken.law}, at {broken.time}: {broken.message}", fg="red")
    if any(broken for _, broken in laws):
        click.echo("A law that does not hold is a mistake of the engine: please report it.")
    if tests:
        heading("Tests of the strategy")
        Table(
            ("test", ""), [(one.name, "passed" if one.passed else "FAILED") for one in tests]
        ).show()
        for one in tests:
            for line in one.lines:
                click.echo(f"{one.name}: {line}")
    for note in made.notes:
        click.echo(f"note: {note}")


def _document(
    made: Bench,
    laws: Sequence[tuple[Law, Violation | None]],
    tests: Sequence[Tried],
    seed: int,
) -> dict[str, Any]:
    from adapters.cli.validate import program_record  # noqa: PLC0415 - light, and only here

    return {
        "program": program_record(made.program),
        "data": {**made.data, "notes": list(made.notes)},
        "seed": seed,
        "laws": [
            {
                "law": law.name,
                "says": law.doc,
                "holds": broken is None,
                "violation": None
                if broken is None
                else {"time": broken.time, "message": broken.message},
            }
            for law, broken in laws
        ],
        "tests": [one.record for one in tests],
    }
