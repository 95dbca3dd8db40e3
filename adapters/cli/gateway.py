"""`engine gateway`: a simulated Interactive Brokers gateway on a local port."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli import INTERRUPTED
from adapters.cli.options import JSON, Amount, market_options
from adapters.cli.screen import Failure, Table, print_json, verb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from adapters.cli.options import Choice
    from adapters.gateway.config import Config, Nightly
    from adapters.gateway.faults import Plan
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.server import Manner, Summary
    from dsl.ir.program import Instrument

_ACCOUNT: Final = re.compile(r"D?U[0-9]{4,10}")
_NIGHTLY: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(\+([0-9]{1,5}))?")


def _speed(_: click.Context, __: click.Parameter, value: str) -> float | None:
    """None for `max`, else how many times real speed."""
    if value == "max":
        return None
    try:
        speed = float(value.removeprefix("x"))
    except ValueError:
        raise click.BadParameter(f"`{value}` is neither max nor a number, as in 60") from None
    if not 0.01 <= speed <= 100_000:
        raise click.BadParameter("give a speed from 0.01 to 100000, or max")
    return speed


def _accounts(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if not _ACCOUNT.fullmatch(name):
            raise click.BadParameter(f"`{name}` is no account: write DU1234567, or U1234567")
    return value


def _faults(ctx: click.Context, _: click.Parameter, value: str) -> tuple[Plan, ...]:
    from adapters.gateway.faults import BadFault, plans  # noqa: PLC0415 - start-up in milliseconds

    if value == "list":
        _list_faults(as_json=bool(ctx.params.get("as_json")))
        ctx.exit()
    try:
        return plans(value)
    except BadFault as bad:
        raise click.BadParameter(str(bad)) from None


def _nightly(_: click.Context, __: click.Parameter, value: str | None) -> Nightly | None:
    """`23:45` or `23:45+120`: a time in New York, and for how many seconds."""
    if value is None:
        return None
    found = _NIGHTLY.fullmatch(value)
    if not found:
        raise click.BadParameter(f"`{value}` is no time: write 23:45, or 23:45+120 for 120 seconds")
    from adapters.gateway.config import Nightly  # noqa: PLC0415 - as above

    return Nightly(f"{found[1]}:{found[2]}", float(found[4] or 120))


def _list_faults(*, as_json: bool) -> None:
    from adapters.gateway.faults import FAULTS  # noqa: PLC0415 - as above

    if as_json:
        print_json(
            [
                {"name": name, "value": one.value, "chance": one.chance.value, "what": one.what}
                for name, one in FAULTS.items()
            ]
        )
        return
    rows = [(name, f"{one.value:g}", one.chance.value, one.what) for name, one in FAULTS.items()]
    Table(("fault", "value", "opportunity", "what happens"), rows, frozenset({1})).show()
    click.echo("Write name=value@10:31, name#2 or name~0.01, and xN behind for at most N times.")


@click.command(
    "gateway",
    epilog="Example: engine gateway --data nq.csv --instrument NQ --from 2025-10-06 --speed max "
    "--faults link-lost=90@14:31,swallow-order#2",
)
@JSON
@market_options
@click.option(
    "--also",
    multiple=True,
    metavar="SYMBOL[=DATA]",
    help="Serve another market: its bars, or those of --data as SYMBOL; may be repeated.",
)
@click.option(
    "--speed",
    default="max",
    show_default=True,
    callback=_speed,
    metavar="max|N",
    help="max: in step with the clients; N: so many times real speed.",
)
@click.option("--skip-gaps", is_flag=True, help="With a speed: skip hours without bars.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=4002, show_default=True)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    default=("DU1234567",),
    show_default=True,
    callback=_accounts,
    help="An account (DU: paper, U: real); may be repeated.",
)
@click.option(
    "--cash",
    type=Amount(positive=True),
    default="50000",
    show_default=True,
    help="Of each account.",
)
@click.option(
    "--commission",
    type=Amount(positive=False),
    default="0",
    show_default=True,
    help="A contract and fill.",
)
@click.option("--slippage", type=click.IntRange(0, 10_000), default=0, show_default=True)
@click.option("--same-bar", type=click.Choice(["stop_first", "target_first"]), default="stop_first")
@click.option(
    "--fills",
    type=click.Choice(["bar", "way"]),
    default="bar",
    show_default=True,
    help="Match whole bars as the backtest does, or 5-second steps made up inside them.",
)
@click.option("--no-margin", is_flag=True, help="Accept orders the account cannot bear.")
@click.option(
    "--faults", default="", callback=_faults, metavar="PLAN", help="What goes wrong; `list` tells."
)
@click.option("--seed", type=click.IntRange(0, (1 << 63) - 1), default=0, show_default=True)
@click.option("--server-version", type=click.IntRange(157, 178), default=176, show_default=True)
@click.option("--restart", callback=_nightly, metavar="HH:MM", help="Every night, in New York.")
@click.option("--maintenance", callback=_nightly, metavar="HH:MM", help="The link, every night.")
@click.option("--patience", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True)
@click.option("--stay", is_flag=True, help="Go on answering when the bars are over.")
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every frame there, one JSON object a line.",
)
@verb
def command(choice: Choice, *, as_json: bool, record: Path | None, **words: Any) -> None:
    """Serve a replayed market over the real protocol of Interactive Brokers.

    Clients connect as to a real gateway. With --speed max a bar is played when every client that
    listens has asked for the time (reqCurrentTime), so nobody is ever late. Nothing here knows
    a real market or a real account.
    """
    from adapters.gateway.config import BadConfig  # noqa: PLC0415 - start-up in milliseconds
    from adapters.gateway.gateway import Gateway  # noqa: PLC0415 - as above
    from adapters.gateway.server import Manner  # noqa: PLC0415 - as above

    try:
        gateway = Gateway(_config(choice, words))
    except BadConfig as bad:
        raise Failure(str(bad), "see `engine gateway --help`") from None
    manner = Manner(
        words["host"],
        words["port"],
        words["speed"],
        words["skip_gaps"],
        words["stay"],
        words["patience"],
    )
    with _recording(gateway, record):
        summary = _serve(gateway, manner, as_json=as_json)
    if as_json:
        print_json({"event": "over", "interrupted": summary.interrupted, **summary.facts})
    else:
        _show(summary, record)
    if summary.interrupted:
        raise click.exceptions.Exit(INTERRUPTED)


def _config(choice: Choice, words: dict[str, Any]) -> Config:
    from adapters import store  # noqa: PLC0415 - numpy comes with it
    from adapters.cli.workbench import stated_instrument  # noqa: PLC0415 - as above
    from adapters.gateway.config import Config, Matching  # noqa: PLC0415 - as above
    from adapters.gateway.exchange import Rules  # noqa: PLC0415 - as above

    kind = _symbol(choice.instrument) if choice.instrument else stated_instrument(choice)
    wanted = [(choice.data, kind)]
    for word in words["also"]:
        symbol, _, data = word.partition("=")
        wanted.append((data or choice.data, _symbol(symbol)))
    markets = []
    for data, kind in wanted:
        market, notes = store.resolve_with_notes(data, kind, choice.layout)
        markets.append(market)
        for note in notes:
            click.echo(f"note: {note}", err=True)
    commission: Fraction = words["commission"]
    return Config(
        markets=tuple(markets),
        first=choice.first,
        last=choice.last,
        version=words["server_version"],
        accounts=words["accounts"],
        cash=words["cash"],
        rules=Rules(words["slippage"], words["same_bar"] == "stop_first", commission),
        matching=Matching(words["fills"]),
        check_margin=not words["no_margin"],
        seed=words["seed"],
        faults=words["faults"],
        restart=words["restart"],
        maintenance=words["maintenance"],
        archive=False,
    )


def _symbol(name: str) -> Instrument:
    from adapters.instruments import UnknownInstrument, instrument  # noqa: PLC0415 - as above

    try:
        return instrument(name)
    except UnknownInstrument as unknown:
        raise click.UsageError(str(unknown)) from None


def _serve(gateway: Gateway, manner: Manner, *, as_json: bool) -> Summary:
    import asyncio  # noqa: PLC0415 - 50 ms

    from adapters.gateway.carriers import PortTaken  # noqa: PLC0415 - as above
    from adapters.gateway.server import facts, run  # noqa: PLC0415 - as above

    def listening(port: int) -> None:
        if as_json:
            place = {"host": manner.host, "port": port, "markets": list(gateway.tapes)}
            print_json({"event": "listening", **place, **facts(gateway)})
        else:
            _tell_start(gateway, manner, port)
        sys.stdout.flush()

    def progress(state: dict[str, Any]) -> None:
        if not as_json and sys.stderr.isatty():
            line = f"{state['time']}  {state['bars']:,} bars  {state['orders']:,} orders  "
            line += f"{state['executions']:,} fills  clients {state['clients'] or 'none'}"
            click.echo(f"\r\x1b[K{line[:110]}", nl=False, err=True)

    try:
        return asyncio.run(run(gateway, manner, listening, progress))
    except PortTaken as taken:
        remedy = "stop what listens there, or say --port with another number (0 finds a free one)"
        raise Failure(str(taken.strerror), remedy) from None
    except OSError as refused:
        why = refused.strerror or str(refused)
        raise Failure(
            f"{manner.host}:{manner.port} cannot be listened on: {why}", "try --host 127.0.0.1"
        ) from None


def _tell_start(gateway: Gateway, manner: Manner, port: int) -> None:
    from adapters.gateway import answers  # noqa: PLC0415 - as above

    pace = "in step with its clients" if manner.speed is None else f"{manner.speed:g} x real speed"
    for tape in gateway.tapes.values():
        bars = len(tape) - tape.row
        front = gateway.catalogue.front(tape.name, gateway.today())
        local = front.local if front else ""
        click.echo(
            f"{tape.name} ({local}): {bars:,} bars of {tape.seconds // 60} min from "
            f"{answers.clock(gateway.now)}, {tape.row:,} more as history; {pace}"
        )
    accounts = ", ".join(gateway.exchange.accounts)
    click.echo(f"account {accounts}, server version {gateway.config.version}")
    if gateway.config.faults:
        click.echo(f"faults: {', '.join(map(str, gateway.config.faults))}")
    click.echo(f"Listening on {manner.host}:{port}. Ctrl-C ends it.")


def _show(summary: Summary, record: Path | None) -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    facts = summary.facts
    rows = [
        ("until", facts["time"]),
        ("bars", f"{facts['bars']:,}"),
        ("orders", f"{facts['orders']:,} ({facts['working']:,} still working)"),
        ("executions", f"{facts['executions']:,}"),
        ("positions", ", ".join(f"{k}: {v}" for k, v in facts["positions"].items()) or "none"),
        ("net liquidation", ", ".join(f"{v:,.2f}" for v in facts["net_liquidation"].values())),
        ("longest without a stop", f"{facts['longest_naked_seconds']:g} s"),
        ("faults", ", ".join(f"{k} {v}" for k, v in facts["faults"].items()) or "none"),
        ("frames", f"{facts['frames']:,}"),
        ("wire hash", facts["wire_sha256"][:16]),
    ]
    if facts["not_waited_for"]:
        rows.append(("clients not waited for", f"{facts['not_waited_for']:,}"))
    Table(("what", "how it was"), rows).show()
    if record is not None:
        click.echo(f"Written: {record}")


@contextmanager
def _recording(gateway: Gateway, record: Path | None) -> Iterator[None]:
    """Every frame goes to the file, if there is one."""
    if record is None:
        yield
        return
    from adapters.cli.files import refusals  # noqa: PLC0415 - start-up in milliseconds

    with refusals(record), record.open("w", encoding="utf-8") as file:
        gateway.wire.sink = lambda line: file.write(line + "\n")
        yield
