"""`engine run`: a backtest, told."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.files import refusals
from adapters.cli.live_run import live_options, refuse_others, run_live
from adapters.cli.options import JSON, data_options, terms_options
from adapters.cli.screen import Table, heading, print_json, progress, verb
from adapters.cli.timings import timing, timings_of
from adapters.cli.venues import VECTOR, VENUES
from adapters.cli.workbench import bench
from engine.stopwatch import part

if TYPE_CHECKING:
    from adapters.cli.options import Choice
    from adapters.cli.outcome import Outcome
    from adapters.cli.workbench import Bench
    from engine.execution.terms import Terms

SHOWN = 10
"""Trades that are listed unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a backtest is asked for besides the strategy, the bars and the terms."""

    adapter: str
    journal: Path | None
    folder: Path | None
    all_trades: bool
    timed: bool


@click.command(
    "run",
    epilog="Example: engine run strategies/slob_5_1.yaml --data nq.csv --zone America/New_York "
    "--from 2025-01-01 --set rr_min=1.5 --report out",
)
@data_options
@terms_options
@click.option(
    "--adapter",
    type=click.Choice(VENUES),
    default=VECTOR,
    show_default=True,
    help="What runs the strategy.",
)
@click.option(
    "--events",
    "journal",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the journal there, one JSON object a line.",
)
@click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a page with charts there, one self-contained HTML file.",
)
@click.option("--all-trades", is_flag=True, help=f"List every trade, not only the last {SHOWN}.")
@click.option("--timings", "timed", is_flag=True, help="Say where the time went.")
@live_options
@JSON
@verb
def command(choice: Choice, terms: Terms, *, live: bool, as_json: bool, **words: Any) -> None:
    """Backtest a strategy: its trades, its statistics, its funnel.

    Without --data it runs on the bundled sample, which is synthetic. Files are written whole or
    not at all, and before anything is printed.

    With --live it is traded on Interactive Brokers instead: paper, unless --account and --port
    say otherwise. Ctrl-C and SIGTERM stop it: no new entries, stops stay at the broker.
    """
    refuse_others(live=live)
    wanted = Wanted(**{field.name: words.pop(field.name) for field in fields(Wanted)})
    if live:
        run_live(choice, terms, as_json=as_json, **words)
    else:
        _run_past(choice, terms, wanted, as_json=as_json)


def _run_past(choice: Choice, terms: Terms, wanted: Wanted, *, as_json: bool) -> None:
    with timing(on=wanted.timed) as watch:
        with progress() as told:
            told("compiling and reading", 0, 3)
            made = bench(choice)
            told("running", 1, 3)
            outcome = _run(made, terms, wanted.adapter)
            told("writing", 2, 3)
            written = _write(made, outcome, wanted.journal, wanted.folder)
        if as_json:
            with part("output"):
                document = {**_document(made, outcome, terms, written), "adapter": wanted.adapter}
            if watch is not None:
                document["timings"] = timings_of(watch, len(made.market)).record()
            print_json(document)
            return
        with part("output"):
            if wanted.adapter != VECTOR:
                click.echo(f"run inside {wanted.adapter}")
            show(made, outcome, None if wanted.all_trades else SHOWN)
            for file in written.values():
                click.echo(f"Written: {file}")
        if watch is not None:
            timings_of(watch, len(made.market)).show()


def _run(made: Bench, terms: Terms, adapter: str) -> Outcome:
    from adapters.cli.outcome import Outcome  # noqa: PLC0415 - the engine comes with it
    from engine.run import Strategy, prepare  # noqa: PLC0415 - as above

    if adapter != VECTOR:
        from adapters.cli.venues import run_at  # noqa: PLC0415 - as above

        with part(f"run in {adapter}"):
            return Outcome(run_at(adapter, made, terms))
    with part("compile"):
        strategy = Strategy(made.program)
    ready = prepare(strategy, made.market, made.calendars, made.events)
    outcome = Outcome(ready.run(terms))
    with part("journal"):
        _ = outcome.funnel
    with part("statistics"):
        _ = outcome.statistics
    return outcome


# --- files ----------------------------------------------------------------------------------


def _write(
    made: Bench, outcome: Outcome, journal: Path | None, folder: Path | None
) -> dict[str, str]:
    """The files that were asked for, by what they are."""
    written: dict[str, str] = {}
    if journal is not None:
        from engine.journal.codec import write_journal  # noqa: PLC0415 - only where asked

        with part("journal"), refusals(journal):
            write_journal(journal, outcome.book.events())
        written["events"] = str(journal)
    if folder is not None:
        with part("report"):
            written["report"] = str(_report(made, outcome, folder))
    return written


def _label(made: Bench) -> str:
    """The data by name, made-up bars plainly called so."""
    return f"{made.data['name']}{' (SYNTHETIC)' if made.data['synthetic'] else ''}"


def _report(made: Bench, outcome: Outcome, folder: Path) -> Path:
    from adapters.quality import inspect  # noqa: PLC0415 - only where asked
    from adapters.report import report_of, write_report  # noqa: PLC0415 - as above

    quality = inspect(made.market, made.calendars)
    report = report_of(
        outcome.run, outcome.statistics, outcome.funnel, quality,
        data=_label(made), source=made.sources[0].text,
    )  # fmt: skip
    file = folder / f"{made.program.name}.html"
    with refusals(file):
        return write_report(file, replace(report, notes=(*made.notes, *report.notes)))


# --- for programs ---------------------------------------------------------------------------


def _document(
    made: Bench,
    outcome: Outcome,
    terms: Terms,
    written: dict[str, str],
) -> dict[str, Any]:
    from adapters.cli.outcome import parameter_record  # noqa: PLC0415 - the engine comes with it
    from adapters.cli.validate import program_record  # noqa: PLC0415 - as above

    return {
        "program": program_record(made.program),
        "data": {**made.data, "notes": list(made.notes)},
        "parameters": [parameter_record(param) for param in made.program.params],
        "terms": {
            "equity": str(terms.equity),
            "commission": str(terms.commission),
            "slippage": terms.slippage,
            "same_bar": terms.same_bar.value,
            "flat": terms.flat.value,
        },
        "statistics": outcome.statistics.as_dict(),
        "trades": outcome.trade_records(),
        "funnel": outcome.funnel_record(),
        "intents": {"all": len(outcome.run.intents), **outcome.ends},
        "refused": outcome.dropped["refused"],
        "cancelled": outcome.dropped["cancelled"],
        "why_nothing": list(outcome.why_nothing()),
        "written": written,
    }


# --- for people -----------------------------------------------------------------------------


def show(made: Bench, outcome: Outcome, last: int | None) -> None:
    """Print a run."""
    _show_head(made)
    _show_findings(made)
    _show_trades(outcome, last, made)
    _show_statistics(outcome)
    show_funnel(outcome)
    click.echo()
    click.echo(outcome.intent_sum())
    dropped = outcome.dropped_table()
    if dropped is not None:
        dropped.show()
    show_notes(made, outcome)


def show_notes(made: Bench, outcome: Outcome) -> None:
    """Print why nothing was found, where nothing was, and what to know about the bars."""
    for line in (*outcome.why_nothing(), *made.notes):
        click.echo(f"note: {line}")


def _show_head(made: Bench) -> None:
    from adapters.cli.figures import when  # noqa: PLC0415 - light, and only here
    from dsl.ir.text import program_hash  # noqa: PLC0415 - as above

    market, zone = made.market, made.zone
    first, last = (when(int(market.minute[row]), zone) for row in (0, -1))
    click.secho(f"{made.program.name} · {made.program.instrument.symbol}", bold=True)
    click.echo(f"program {program_hash(made.program)} of {made.name}")
    click.echo(
        f"{len(market):,} bars of {market.bar_minutes} min from {first} to {last} {zone}, "
        f"{_label(made)}"
    )


def _show_findings(made: Bench) -> None:
    """Warnings of the compiler, on the error stream: they are not the result."""
    from dsl.diagnostics import Severity  # noqa: PLC0415 - light, and only here
    from dsl.render import as_text  # noqa: PLC0415 - as above

    told = [finding for finding in made.findings if finding.severity is not Severity.NOTE]
    if told:
        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        click.echo(as_text(told, made.sources, colour=colour) + "\n", err=True)


def _show_trades(outcome: Outcome, last: int | None, made: Bench) -> None:
    count = len(outcome.trades)
    some = f"the last {last} of {count:,}" if last is not None and count > last else f"{count:,}"
    currency = made.program.instrument.currency
    heading(f"Trades ({some}; times {made.zone}, money {currency})")
    if count:
        outcome.trade_table(last).show()
    else:
        click.echo("none")


def _show_statistics(outcome: Outcome) -> None:
    from engine.statistics.table import groups, splits  # noqa: PLC0415 - only for people

    if not outcome.trades:
        return
    for group in groups(outcome.statistics):
        heading(group.title)
        Table(("figure", "value"), group.rows).show()
    for split in splits(outcome.statistics):
        heading(split.title)
        Table(split.head, split.rows, frozenset(range(1, len(split.head)))).show()


def show_funnel(outcome: Outcome) -> None:
    """Print the funnel of each side and its sum."""
    for side in outcome.funnel:
        heading(f"Funnel, {side.side}")
        outcome.funnel_table(side).show()
        click.echo(outcome.funnel_sum(side))
