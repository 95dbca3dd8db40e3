"""`engine data fetch`: bars out of Interactive Brokers' history, kept as a data set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli import INTERRUPTED
from adapters.cli.figures import counted
from adapters.cli.options import Choice
from adapters.cli.reach import asked_of, gateway_options
from adapters.cli.screen import STUCK, Failure, print_json, progress, verb
from dsl.ir.program import DayRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.cli.reach import Reach
    from adapters.ib.connection import IbBroker
    from adapters.ib.port import Bar, ContractInfo
    from adapters.store import DataSet
    from dsl.ir.program import Instrument
    from engine.domain.market import Market

A_DAY: Final = 1440
_PIECE: Final[dict[bool, int]] = {True: A_DAY, False: 7 * A_DAY}
"""Minutes that are asked for at once, of one-minute bars and of longer ones."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bars of an instrument from minute `since` up to `until`, on a gateway."""

    instrument: Instrument
    bar_minutes: int
    since: int
    until: int


@dataclass(slots=True)
class Got:
    """What has come so far; `ended` says why no more did, empty where all is there."""

    contract: ContractInfo | None = None
    bars: dict[int, Bar] = field(default_factory=dict)
    ended: str = ""
    interrupted: bool = False


@click.command(
    "fetch",
    epilog="Examples: engine data fetch strategies/slob_5_1.yaml --from 2026-10-01 "
    "--to 2026-11-20; engine data fetch --instrument MNQ --from 2026-11-02 --to 2026-11-06",
)
@click.argument("spec", metavar="[SPEC]", required=False)
@click.option("--instrument", "symbol", metavar="SYMBOL", help="Instead of a strategy's own.")
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    metavar="DATE",
    help="The first trading date.",
)
@click.option(
    "--to",
    "last",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    metavar="DATE",
    help="The last one.",
)
@click.option("--bar", type=click.IntRange(1, 480), help="Minutes a bar lasts.  [default: 1]")
@click.option("--name", help="What to call the data set.  [default: the instrument]")
@click.option("--replace", "replace_old", is_flag=True, help="Forget the bars of an older set.")
@gateway_options()
@click.option("--json", "as_json", is_flag=True, help="One JSON document, nothing else.")
@verb
def fetch(
    spec: str | None,
    symbol: str | None,
    first: datetime,
    last: datetime,
    bar: int | None,
    reach: Reach,
    **words: Any,
) -> None:
    """Fetch bars of the contract that would be traded now, and keep them as a data set.

    Requests stay below IB's limits, so a month of one-minute bars takes some minutes. What is
    there already is kept and added to: an interrupted fetch keeps what has come and goes on with
    the same words. It is the history of one contract; before it was the front month it is thin.
    """
    instrument, rule, minutes = _what(spec, symbol, bar)
    begins, ends = _span(rule, first, last)
    wanted = Wanted(instrument, minutes, begins, ends)
    with progress() as told:
        got = _got(wanted, reach, lambda done, all_: told("fetching", done, all_))
    if got.contract is None or not got.bars:
        whose = got.contract.local if got.contract else instrument.symbol
        raise Failure(f"IB has no bars of {whose} on these dates", "choose other dates")
    notes = (f"{got.contract.local} from {reach.place}", *_torn(got))
    name, market = words["name"] or instrument.symbol, _market(wanted, got)
    entry, added = _kept(name, market, notes, replace=words["replace_old"])
    if words["as_json"]:
        print_json({**entry.record, "fetched": len(market), "added": added, "ended": got.ended})
    else:
        click.echo(f"{counted(len(market), 'bar')} of {got.contract.local}, {added:,} of them new")
        click.echo(f"{entry.bars:,} bars from {entry.first} to {entry.last}")
        click.echo(f"Ready: --data {entry.name}")
        if got.ended:
            click.secho(f"error: {got.ended} (say the same again to go on)", err=True, fg="red")
    if got.ended:
        raise click.exceptions.Exit(INTERRUPTED if got.interrupted else STUCK)


def _what(spec: str | None, symbol: str | None, bar: int | None) -> tuple[Instrument, DayRule, int]:
    """The instrument, when its dates begin, and how long its bars last."""
    from adapters.cli.workbench import compiled_for_data, program_of, shown  # noqa: PLC0415

    if spec is not None:
        choice = Choice(spec, instrument=symbol)
        program = program_of(shown(spec), compiled_for_data(choice)[0])
        return program.instrument, program.day, bar or program.bar_minutes
    if symbol is None:
        raise click.UsageError("name a strategy, or say --instrument NQ")
    from adapters.instruments import HOURS, UnknownInstrument, instrument  # noqa: PLC0415

    try:
        one = instrument(symbol)
    except UnknownInstrument as unknown:
        raise click.UsageError(str(unknown)) from None
    hours = HOURS.get(one.exchange)
    starts = hours.pause[1] if hours is not None and hours.pause is not None else 0
    return one, DayRule(hours.zone if hours is not None and starts else "UTC", starts), bar or 1


def _span(rule: DayRule, first: datetime, last: datetime) -> tuple[int, int]:
    import numpy as np  # noqa: PLC0415 - start-up in milliseconds

    from engine.domain.dates import date_begins  # noqa: PLC0415 - as above

    if last < first:
        raise click.UsageError("--to is before --from")
    days = [np.datetime64(one.date(), "D") for one in (first, last + timedelta(days=1))]
    begins, ends = date_begins(rule, np.array(days).astype(np.int64)).tolist()
    if begins > datetime.now(UTC).timestamp() / 60:
        raise click.UsageError("--from lies in the future")
    return begins, ends


# --- from the gateway -----------------------------------------------------------------------


def _got(wanted: Wanted, reach: Reach, told: Callable[[int, int], None]) -> Got:
    """What comes; a failure after the first bars ends it and loses none of them."""
    from adapters.ib.port import BrokerError  # noqa: PLC0415 - start-up in milliseconds

    got = Got()
    try:
        asked_of(reach.settings(), lambda broker: _pieces(broker, wanted, got, told))
    except BrokerError as failed:
        if not got.bars:
            raise
        got.ended = str(failed)
    except KeyboardInterrupt:
        if not got.bars:
            raise
        got.ended, got.interrupted = "interrupted", True
    return got


async def _pieces(
    broker: IbBroker, wanted: Wanted, got: Got, told: Callable[[int, int], None]
) -> None:
    """Piece by piece, oldest first."""
    got.contract = await broker.contract(wanted.instrument)
    until = min(wanted.until, int(broker.clock()) // 60 - wanted.bar_minutes + 1)
    piece = _PIECE[wanted.bar_minutes == 1]
    for since in range(wanted.since, until, piece):
        told(since - wanted.since, until - wanted.since)
        bars = await broker.fetch(
            got.contract, wanted.bar_minutes, since, min(since + piece, until)
        )
        got.bars |= {bar.minute: bar for bar in bars}


def _torn(got: Got) -> tuple[str, ...]:
    return (f"the fetch ended early: {got.ended}",) if got.ended else ()


def _market(wanted: Wanted, got: Got) -> Market:
    import numpy as np  # noqa: PLC0415 - start-up in milliseconds

    from engine.domain.market import Market  # noqa: PLC0415 - as above
    from engine.window import COLUMNS  # noqa: PLC0415 - as above

    bars = [got.bars[minute] for minute in sorted(got.bars)]
    columns = (np.array([getattr(bar, name) for bar in bars], np.int64) for name in COLUMNS)
    return Market(wanted.instrument, wanted.bar_minutes, *columns)


# --- into the store -------------------------------------------------------------------------


def _kept(
    name: str, market: Market, notes: tuple[str, ...], *, replace: bool
) -> tuple[DataSet, int]:
    """The data set with these bars in it, and how many of them are new."""
    from adapters import store  # noqa: PLC0415 - start-up in milliseconds
    from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - as above
    from adapters.quality import inspect  # noqa: PLC0415 - as above

    before: Market | None = None
    if not replace:
        try:
            before = store.open_set(name)
        except store.UnknownSet:
            pass
        else:
            _same_kind(name, before, market, store.describe(name))
    whole = market if before is None else _together(before, market)
    quality = inspect(whole, ExchangeCalendars(), None, notes)
    entry = store.import_bars(
        name, whole, quality, origin=f"Interactive Brokers, {notes[0]}", replace_old=True
    )
    return entry, len(whole) - (0 if before is None else len(before))


def _same_kind(name: str, before: Market, market: Market, entry: DataSet) -> None:
    same = (before.instrument, before.bar_minutes) == (market.instrument, market.bar_minutes)
    if not same or not entry.source.startswith("Interactive Brokers"):
        raise Failure(
            f"there is a data set {name} of something else already",
            "choose another --name, or say --replace to forget its bars",
        )


def _together(before: Market, fetched: Market) -> Market:
    """Both; where both have a bar, what was fetched now."""
    import numpy as np  # noqa: PLC0415 - start-up in milliseconds

    from engine.domain.market import Market as Bars  # noqa: PLC0415 - as above
    from engine.window import COLUMNS  # noqa: PLC0415 - as above

    old = ~np.isin(before.minute, fetched.minute)
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(before, name)[old], getattr(fetched, name)])
        for name in COLUMNS
    }
    order = np.argsort(joined["minute"])
    columns = (joined[name][order] for name in COLUMNS)
    return Bars(fetched.instrument, fetched.bar_minutes, *columns)
