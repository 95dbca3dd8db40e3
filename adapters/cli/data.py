"""`engine data`: bring bars in, fetch them, look at them, make some up, throw them away."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.bars import Layout, Stamp
from adapters.cli.fetch import fetch
from adapters.cli.screen import Table, print_json, progress, verb
from adapters.instruments import UnknownInstrument, instrument

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapters.quality import Quality
    from adapters.store import DataSet
    from dsl.ir.program import Instrument
    from engine.domain.market import Market


@click.group("data", no_args_is_help=True)
def command() -> None:
    """Bring bars in, check them, and make synthetic ones.

    Files are CSV (plain or gzipped) or Parquet. What a file does not say about itself, the zone
    of its times and which end of the bar they are, has to be said; nothing is guessed.
    """


def symbol(value: str) -> Instrument:
    """The known instrument of that name; else a usage error that names one like it."""
    try:
        return instrument(value)
    except UnknownInstrument as unknown:
        raise click.BadParameter(str(unknown)) from None


def columns(value: str) -> dict[str, str] | tuple[str, ...]:
    """Names by role (`close=Last,time=When`), or all names of a file without a header."""
    names = value.split(",")
    if "=" not in value:
        return tuple(name.strip() for name in names)
    pairs = [name.partition("=") for name in names]
    if not all(equals for _, equals, _ in pairs):
        raise click.BadParameter("write role=name for each, as in close=Last,time=When")
    return {role.strip(): name.strip() for role, _, name in pairs}


def layout_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say how a file is laid out; the function gets them as `layout`."""

    @wraps(function)
    def with_layout(**words: Any) -> None:
        stamp = words.pop("stamp")
        layout = Layout(
            zone=words.pop("zone"),
            stamp=None if stamp is None else Stamp(stamp),
            delimiter=words.pop("delimiter"),
            decimal=words.pop("decimal"),
            columns=words.pop("columns"),
            time_format=words.pop("time_format"),
            bar_minutes=words.pop("bar"),
        )
        function(layout=layout, **words)

    wrapped: Callable[..., None] = with_layout
    for option in reversed(_LAYOUT):
        wrapped = option(wrapped)
    return wrapped


_LAYOUT = (
    click.option("--zone", help="Zone of times written without one, as America/New_York."),
    click.option(
        "--stamp",
        type=click.Choice([stamp.value for stamp in Stamp]),
        help="Which end of its bar a time is.",
    ),
    click.option("--delimiter", help="What parts the columns, where that is not seen."),
    click.option("--decimal", type=click.Choice([".", ","]), default=".", show_default=True),
    click.option("--columns", type=columns, help="close=Last,... or a whole header."),
    click.option("--time-format", help="As '%m/%d/%Y %H:%M', or s, ms, us, ns since 1970."),
    click.option("--bar", type=click.IntRange(1, 1440), help="Minutes a bar lasts."),
)
_SYMBOL = click.option("--instrument", "kind", type=symbol, help="What the bars are of.")
_CALENDAR = click.option("--calendar", help="Hours to look for holes by, as CMES or XLON.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document, nothing else.")


@command.command(
    "import", epilog="Example: engine data import nq.csv --instrument NQ --zone America/New_York"
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="What to call the data set.  [default: the file's name]")
@_SYMBOL
@layout_options
@_CALENDAR
@click.option("--replace", "replace_old", is_flag=True, help="Take the place of an older set.")
@_JSON
@verb
def import_(
    file: Path,
    name: str | None,
    kind: Instrument | None,
    layout: Layout,
    calendar: str | None,
    *,
    replace_old: bool,
    as_json: bool,
) -> None:
    """Read FILE, check every bar, and keep it ready to be opened in a millisecond.

    A description FILE.yaml beside it (instrument, zone, stamp, ...) is honoured.
    """
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds

    with progress() as told:
        told("reading", 0, 3)
        market, zone, stamp, notes = _read(file, kind, layout)
        told("checking", 1, 3)
        quality = _inspect(market, calendar, notes)
        told("writing", 2, 3)
        entry = store.import_bars(
            name or file.name.split(".")[0],
            market,
            quality,
            source=file,
            zone=zone,
            stamp=stamp,
            replace_old=replace_old,
        )
    _show_set(entry, quality, as_json=as_json)


@command.command("list", epilog="Example: engine data list --json")
@_JSON
@verb
def list_(*, as_json: bool) -> None:
    """Show the data sets that are ready to be used."""
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds

    sets = store.list_sets()
    if as_json:
        print_json([entry.record for entry in sets])
        return
    if not sets:
        click.echo("There are no data sets yet: engine data import FILE, or engine data synth.")
        return
    head = ("name", "instrument", "bars", "min", "first", "last", "zone", "source")
    rows = [
        (
            *(entry.name, entry.instrument.symbol, f"{entry.bars:,}", str(entry.bar_minutes)),
            *(entry.first[:10], entry.last[:10], entry.zone, entry.source or "synthetic"),
        )
        for entry in sets
    ]
    Table(head, rows).show()


@command.command("check", epilog="Example: engine data check nq.csv --instrument NQ")
@click.argument("data")
@_SYMBOL
@layout_options
@_CALENDAR
@_JSON
@verb
def check(
    data: str, kind: Instrument | None, layout: Layout, calendar: str | None, *, as_json: bool
) -> None:
    """Report on DATA, a file or a data set: holes, jumps, bars that never moved.

    Of a data set it is also checked that not a bit has changed since its import.
    """
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds

    with progress() as told:
        told("reading", 0, 2)
        if store.is_file(data):
            market, _, _, notes = _read(Path(data), kind, layout)
        else:
            store.verify(data)
            market, notes = store.open_set(data), store.describe(data).notes
        told("checking", 1, 2)
        quality = _inspect(market, calendar, notes)
    if as_json:
        print_json(quality.record)
    else:
        _show_quality(quality)


@command.command(
    "synth", epilog="Example: engine data synth try --from 2025-01-01 --to 2025-03-31 --seed 7"
)
@click.argument("name")
@click.option("--instrument", "kind", type=symbol, default="NQ", show_default=True)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--seed", type=click.IntRange(0, (1 << 63) - 1), default=1, show_default=True)
@click.option("--replace", "replace_old", is_flag=True, help="Take the place of an older set.")
@_JSON
@verb
def synth(
    name: str,
    kind: Instrument,
    first: datetime,
    last: datetime,
    seed: int,
    *,
    replace_old: bool,
    as_json: bool,
) -> None:
    """Make up one-minute bars and keep them as NAME: the same bars for the same seed."""
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds
    from adapters.synth import NoTradingDates, synthesize  # noqa: PLC0415 - as above

    with progress() as told:
        try:
            market = synthesize(
                kind,
                first.date(),
                last.date(),
                seed,
                progress=lambda done, dates: told("synthesizing", done, dates),
            )
        except NoTradingDates as none:
            raise click.UsageError(str(none)) from None
        notes = (f"synthetic: made up with seed {seed}, never traded",)
        quality = _inspect(market, None, notes)
        entry = store.import_bars(name, market, quality, replace_old=replace_old)
    _show_set(entry, quality, as_json=as_json)


@command.command("remove", epilog="Example: engine data remove nq --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@verb
def remove(name: str, *, yes: bool, as_json: bool) -> None:
    """Delete the data set NAME. The file it was imported from stays where it is."""
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds

    entry = store.describe(name)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise click.UsageError("say --yes to delete without being asked")
        click.confirm(f"Delete {name} ({entry.bars:,} bars)?", abort=True)
    store.remove(name)
    if as_json:
        print_json({"removed": entry.record})
    else:
        click.echo(f"Removed {name} ({entry.bars:,} bars).")


def _read(
    file: Path, kind: Instrument | None, layout: Layout
) -> tuple[Market, str, str, tuple[str, ...]]:
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds
    from adapters.bars import read_bars  # noqa: PLC0415 - as above

    stated, layout = store.sidecar(file, layout)
    known = kind or stated
    if known is None:
        raise click.UsageError("say what the bars are of, as in --instrument NQ")
    reading = read_bars(file, known, layout)
    return reading.market, reading.zone, reading.stamp, reading.notes


def _inspect(market: Market, calendar: str | None, notes: tuple[str, ...]) -> Quality:
    from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - start-up in milliseconds
    from adapters.quality import inspect  # noqa: PLC0415 - as above
    from engine.domain.calendar import UnknownCalendar  # noqa: PLC0415 - as above

    try:
        return inspect(market, ExchangeCalendars(), calendar, notes)
    except UnknownCalendar as unknown:
        meant = f": did you mean {unknown.suggestions[0]}?" if unknown.suggestions else ""
        raise click.UsageError(f"there is no calendar {unknown.name}{meant}") from None


def _show_set(entry: DataSet, quality: Quality, *, as_json: bool) -> None:
    if as_json:
        print_json(entry.record)
        return
    _show_quality(quality)
    click.echo(f"Ready: --data {entry.name}")


def _show_quality(quality: Quality) -> None:
    Table(("what", "how it is"), quality.rows).show()
    if quality.longest_gaps:
        Table(
            ("longest gaps, from", "bars"),
            [(gap.first, f"{gap.bars:,}") for gap in quality.longest_gaps],
            frozenset({1}),
        ).show()
    if quality.largest_jumps:
        Table(
            ("largest jumps, at", "from", "to"),
            [(jump.minute, jump.before, jump.close) for jump in quality.largest_jumps],
            frozenset({1, 2}),
        ).show()
    for note in quality.notes:
        click.echo(f"note: {note}")


command.add_command(fetch)
