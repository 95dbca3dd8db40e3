"""`engine sweep`: many sets of parameters, what they came to, and how much of it is luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli.files import refusals
from adapters.cli.options import JSON, data_options, terms_options
from adapters.cli.screen import print_json, verb
from adapters.cli.workbench import bench

if TYPE_CHECKING:
    from adapters.cli.attempt import Finished
    from adapters.cli.options import Choice
    from engine.execution.terms import Terms

SETS_MOST: Final = 1_000_000
"""A grid of more sets is asked to be sampled."""
TRIALS: Final = 100
METRIC: Final = "sharpe"
SEED: Final = 1
INTERRUPTED: Final = 130


@click.command(
    "sweep",
    epilog="Examples: engine sweep strategies/slob_5_1.yaml --grid 'consol_min=3..15/1' "
    "--grid 'rr_min=0..3/0.5' --page sweep.html; with --walk-forward train=2mo,test=2w each "
    "choice is tried on dates it was not made on.",
)
@data_options
@click.option(
    "--grid",
    multiple=True,
    metavar="NAME=A..B/STEP",
    help="The values of a parameter: a range with a step (its own, if left out), or a,b,c; "
    "NAME.long for one side; may be repeated.",
)
@click.option(
    "--random",
    type=click.IntRange(1, SETS_MOST),
    metavar="N",
    help="Try N sets of the grid, chosen by chance.",
)
@click.option(
    "--search",
    type=click.Choice(["optuna"]),
    help="Let a search propose sets of the grid.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help=f"How many sets a search proposes.  [default: {TRIALS}]",
)
@click.option(
    "--walk-forward",
    "forward",
    metavar="train=6mo,test=1mo",
    help="Choose on one window of dates, try on the next: lengths in d (trading dates), w, mo, y; "
    "step=1mo moves on by less or more than a test, anchored lets the first date stay.",
)
@click.option("--metric", default=METRIC, show_default=True, help="The figure that ranks.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Threads on this machine.  [default: all cores]",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="A Dask scheduler, as tcp://host:8786; local:N starts N worker processes here.",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where results are kept.  [default: beside the data sets, one file a sweep]",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write a page with heat maps there, one self-contained HTML file.",
)
@click.option("--top", type=click.IntRange(1, 1000), default=10, show_default=True,
              metavar="N", help="Sets to list.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=SEED, show_default=True,
              metavar="N", help="Of chance and search.")  # fmt: skip
@terms_options
@JSON
@verb
def command(choice: Choice, terms: Terms, top: int, *, as_json: bool, **words: Any) -> None:
    """Run a strategy with many sets of parameters on the same bars.

    Results are kept as they come: after an interruption the same command goes on where it was.
    """
    from adapters.cli.attempt import carried_out, failure_of  # noqa: PLC0415 - brings the engine
    from adapters.cli.sweeping import Plan, Wish  # noqa: PLC0415 - as above

    wish = Wish(**words)
    wish.check(choice)
    try:
        came = carried_out(Plan.of(bench(choice), choice, terms, wish))
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        raise failure from None
    tell(came, top, as_json=as_json)


def tell(came: Finished, top: int, *, as_json: bool) -> None:
    """Print and write what came of a sweep, and leave with its status."""
    from adapters.cli.studies import document, show  # noqa: PLC0415 - as above
    from adapters.sweep.study import State  # noqa: PLC0415 - as above

    study = came.study
    failure = came.told()
    if failure is not None:
        raise failure
    written = _page(came)
    interrupted = study.state is State.INTERRUPTED
    if as_json:
        print_json(document(study))
    elif interrupted:
        click.secho(f"interrupted: {came.kept}", err=True, fg="yellow")
    else:
        show(study, top)
    if written and not as_json:
        click.echo(f"Written: {written}", err=interrupted)
    if interrupted:
        raise click.exceptions.Exit(INTERRUPTED)


def _page(came: Finished) -> Path | None:
    """The page, where one was asked for and there is something to show."""
    file = came.plan.wish.page
    if file is None or not came.study.done:
        return None
    from adapters.sweep.page import write_page  # noqa: PLC0415 - only where asked

    with refusals(file):
        write_page(file, came.study)
    return file
