"""A strategy file and bars put together as a person asked: what every verb works on."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.calendar_names import calendar_names
from adapters.cli.screen import MISTAKE, Failure
from adapters.compilations import compiled_once
from adapters.instruments import INSTRUMENTS
from dsl.compilation import Compiled, Surroundings
from dsl.diagnostics import Severity
from dsl.nearest import nearest
from dsl.render import as_data, as_text, summary
from engine.stopwatch import part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.calendars import ExchangeCalendars
    from adapters.cli.options import Choice
    from dsl.diagnostics import Diagnostic
    from dsl.ir.program import Instrument, Program
    from dsl.source import Source
    from engine.domain.market import Ints, Market

STANDARD_INPUT: Final = "-"
SAMPLE: Final = "sample"
_READ_MOST: Final = 300_000
"""More than any strategy may have: the compiler says so."""


# --- strategies -----------------------------------------------------------------------------


class BadStrategy(Failure):
    """A strategy with errors; telling it prints every finding with its place."""

    def __init__(self, name: str, compiled: Compiled) -> None:
        """What the compiler found in the file `name`."""
        message = f"{name}: {summary(compiled.findings)}"
        record = {"error": "BadStrategy", "message": message, **findings_record(name, compiled)}
        super().__init__(message, "", MISTAKE, record)
        self.compiled = compiled

    def tell(self) -> None:
        """Every finding, then how many there are."""
        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        told = [one for one in self.compiled.findings if one.severity is not Severity.NOTE]
        click.echo(as_text(told, self.compiled.sources, colour=colour), err=True)
        click.echo(err=True)
        super().tell()


def findings_record(name: str, compiled: Compiled) -> dict[str, Any]:
    """The findings as plain values; every place names its file."""
    found = as_data(compiled.findings)
    for finding in found:
        finding["file"] = finding["file"] or name
        if finding["edit"] is not None:
            finding["edit"]["file"] = finding["edit"]["file"] or name
    return {"file": name, "findings": found}


def compiled(
    spec: str,
    values: Mapping[str, str] | None = None,
    instruments: Mapping[str, Instrument] = INSTRUMENTS,
    name: str = "",
) -> Compiled:
    """What the compiler makes of a strategy file; a file that cannot be read is wrong usage.

    Messages call it `name`, or else by its path.
    """
    data, folder = _bytes_of(spec)
    around = Surroundings(
        instruments=instruments,
        calendars=calendar_names(),
        read=reader_in(folder),
        values=values or {},
    )
    return compiled_once(name or shown(spec), data, around)


def shown(spec: str) -> str:
    """What messages call the file."""
    return "<standard input>" if spec == STANDARD_INPUT else spec


def folder_of(spec: str) -> Path:
    """The folder that a strategy's own paths are seen from."""
    return Path() if spec == STANDARD_INPUT else Path(spec).parent


def _bytes_of(spec: str) -> tuple[bytes, Path]:
    if spec == STANDARD_INPUT:
        return sys.stdin.buffer.read(_READ_MOST), Path()
    path = Path(spec)
    try:
        if path.is_dir():
            raise click.UsageError(f"{spec} is a folder: name a strategy file in it")
        with path.open("rb") as opened:
            return opened.read(_READ_MOST), path.parent
    except FileNotFoundError:
        raise click.UsageError(f"there is no strategy file {spec}{_meant(path)}") from None
    except (OSError, ValueError) as refused:
        why = getattr(refused, "strerror", None) or refused
        raise click.UsageError(f"{spec} cannot be read: {why}") from None


def _meant(path: Path) -> str:
    """A file like the one that is not there."""
    near = [path.parent, Path("strategies")]
    files = [str(file) for folder in near if folder.is_dir() for file in folder.glob("*.yaml")]
    by_stem = {Path(file).stem: file for file in files}
    likely = nearest(path.stem, by_stem)
    return f": did you mean {by_stem[likely]}?" if likely else ""


def reader_in(folder: Path) -> Callable[[str], bytes | None]:
    """Reads files below `folder` for `extends:`, and nothing outside it, links included."""

    def read(name: str) -> bytes | None:
        try:
            file, root = (folder / name).resolve(), folder.resolve()
            if not file.is_relative_to(root):
                return None
            with file.open("rb") as opened:
                return opened.read(_READ_MOST)
        except (OSError, ValueError):
            return None

    return read


def program_of(name: str, made: Compiled) -> Program:
    """The program of a compilation; raises `BadStrategy` where there is none."""
    if made.program is None:
        raise BadStrategy(name, made)
    return made.program


# --- with bars ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """A program, the bars to run it on, and what a person should know about them.

    `events` are the instants of its event lists; `data` describes the bars for a record.
    """

    name: str
    program: Program
    sources: tuple[Source, ...]
    findings: tuple[Diagnostic, ...]
    market: Market
    calendars: ExchangeCalendars
    events: Mapping[str, Ints]
    data: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def zone(self) -> str:
        """The clock that people read the strategy's times on."""
        return self.program.day.zone

    def text_of(self, span: Any) -> str:
        """The words at a place of the strategy's files."""
        for source in self.sources:
            if span.file in ("", source.name):
                line = source.line(span.line)
                return line[span.column - 1 : span.column - 1 + span.length]
        return ""


def bench(choice: Choice) -> Bench:
    """Compile and load what was asked for.

    Raises `BadStrategy`, `DataError` and `click.UsageError`.
    """
    from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - brings numpy
    from adapters.events import event_lists  # noqa: PLC0415 - as above

    with part("compile"):
        made, notes = compiled_for_data(choice)
        program = program_of(choice.name or shown(choice.spec), made)
    with part("bars"):
        market, described = bars_for(choice, program.instrument)
        market = between(market, program, choice)
    data = {**described, **extent(market)}
    return Bench(
        name=choice.name or shown(choice.spec),
        program=program,
        sources=made.sources,
        findings=made.findings,
        market=market,
        calendars=ExchangeCalendars(),
        events=event_lists(program.events, folder_of(choice.spec)),
        data=data,
        notes=(*notes, *described["notes"]),
    )


def compiled_for_data(choice: Choice) -> tuple[Compiled, tuple[str, ...]]:
    """The strategy compiled for the instrument of the run, and a note if that is not its own.

    The instrument is the one that was asked for, else the one that the data say they are of,
    else the strategy's own.
    """
    values, instruments = dict(choice.values), dict(INSTRUMENTS)
    if choice.instrument is not None:
        values["instrument"] = known_symbol(choice.instrument)
    if "instrument" in values:
        values["instrument"] = known_symbol(values["instrument"])
        return compiled(choice.spec, values, name=choice.name), ()
    made, stated = compiled(choice.spec, values, name=choice.name), stated_instrument(choice)
    own = made.program.instrument.symbol if made.program else None
    if stated is None or own == stated.symbol:
        return made, ()
    instruments[stated.symbol] = stated
    values["instrument"] = stated.symbol
    again = compiled(choice.spec, values, instruments, choice.name)
    note = f"the bars are of {stated.symbol}, so it is traded instead of {own}"
    return again, (note,) if own else ()


def known_symbol(symbol: str) -> str:
    """The symbol as the table writes it; an unknown one is wrong usage."""
    from adapters.instruments import UnknownInstrument, instrument  # noqa: PLC0415 - one place

    try:
        return instrument(symbol).symbol
    except UnknownInstrument as unknown:
        raise click.UsageError(str(unknown)) from None


def stated_instrument(choice: Choice) -> Instrument | None:
    """What the data say they are of; the sample, a file without a description: nothing."""
    if choice.data is None:
        return None
    from adapters import store  # noqa: PLC0415 - brings numpy

    if store.is_file(choice.data):
        return store.sidecar(Path(choice.data), choice.layout)[0]
    return store.describe(choice.data).instrument


def bars_for(choice: Choice, kind: Instrument) -> tuple[Market, dict[str, Any]]:
    """The bars, as bars of an instrument, and a record of what they are."""
    from adapters import store  # noqa: PLC0415 - brings numpy
    from adapters.bars.errors import OffGrid  # noqa: PLC0415 - as above

    described = _description(choice)
    try:
        market, notes = store.resolve_with_notes(choice.data, kind, choice.layout)
        notes += () if market.volume.any() else ("every volume is zero",)
        return market, {**described, "notes": (*described["notes"], *notes)}
    except OffGrid as off:
        message = f"{off.message} (it is read as {kind.symbol}, which the strategy trades)"
        remedy = "if the bars are of something else say it, as in --instrument 6E or GBPUSD"
        raise OffGrid(off.path, message, remedy, off.line) from None
    except store.OtherGrid as other:
        theirs = described.get("symbol", "NQ")
        remedy = f"{other.remedy}, or trade what they are of: --instrument {theirs}"
        raise store.OtherGrid(other.path, other.message, remedy) from None


def _description(choice: Choice) -> dict[str, Any]:
    from adapters import store  # noqa: PLC0415 - brings numpy

    if choice.data is None:
        note = "SYNTHETIC data: the bundled sample was made up and never traded"
        return {"name": SAMPLE, "synthetic": True, "symbol": "NQ", "notes": (note,)}
    if store.is_file(choice.data):
        return {"name": choice.data, "synthetic": False, "notes": ()}
    entry = store.describe(choice.data)
    made_up = not entry.source
    return {
        "name": choice.data,
        "synthetic": made_up,
        "symbol": entry.instrument.symbol,
        "sha256": entry.sha256,
        "notes": ("SYNTHETIC data: it was made up and never traded",) if made_up else (),
    }


def between(market: Market, program: Program, choice: Choice) -> Market:
    """The bars of the trading dates asked for; raises `DataError` where there are none."""
    import numpy as np  # noqa: PLC0415 - start-up in milliseconds

    from adapters.bars.errors import NoBars, OverlappingBars  # noqa: PLC0415 - as above
    from engine.domain.dates import days_of  # noqa: PLC0415 - as above

    if market.bar_minutes != program.bar_minutes:
        message = f"the bars last {market.bar_minutes} min, the strategy's {program.bar_minutes}"
        other = f"--set 'bars.size={market.bar_minutes} min'"
        remedy = f"give it bars of {program.bar_minutes} min, or say {other}"
        raise OverlappingBars(choice.data or SAMPLE, message, remedy)
    if choice.first is None and choice.last is None:
        return market
    days = days_of(market, program.day)
    epoch = np.datetime64(0, "D")
    low = (
        days.date[0] if choice.first is None else (np.datetime64(choice.first) - epoch).astype(int)
    )
    high = (
        days.date[-1] if choice.last is None else (np.datetime64(choice.last) - epoch).astype(int)
    )
    first, stop = np.searchsorted(days.date, [low, high + 1])
    if first == stop:
        begins, ends = (epoch + int(date) for date in days.date[[0, -1]])
        message = "there is no bar between --from and --to"
        raise NoBars(choice.data or SAMPLE, message, f"its dates go from {begins} to {ends}")
    return market.rows(int(days.start[first]), int(days.start[stop]))


def extent(market: Market) -> dict[str, Any]:
    """Which bars these are, for a record."""
    from adapters.cli.figures import utc  # noqa: PLC0415 - keeps imports in one direction

    return {
        "instrument": market.instrument.symbol,
        "bar_minutes": market.bar_minutes,
        "bars": len(market),
        "first": utc(int(market.minute[0])),
        "last": utc(int(market.minute[-1])),
    }
