"""`engine run --live`: a strategy on Interactive Brokers, told line by line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from adapters.cli import INTERRUPTED
from adapters.cli.reach import ENGINES, gateway_options
from adapters.cli.screen import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.cli.options import Choice
    from adapters.cli.reach import Reach
    from adapters.live.ending import Ending
    from adapters.live.plan import Plan
    from engine.execution.terms import Terms

_OPTIONS: Final = (
    click.option("--live", is_flag=True, help="Trade it on Interactive Brokers; see below."),
    gateway_options(ENGINES, "Live: "),
    click.option(
        "--journal",
        "live_journal",
        metavar="FILE|URL",
        help="Live: what is remembered, SQLite or PostgreSQL.  [default: one an account]",
    ),
    click.option(
        "--monitor-only", is_flag=True, help="Live: send nothing, say what would have been sent."
    ),
    click.option(
        "--flatten-on-exit", is_flag=True, help="Live: go out of everything before stopping."
    ),
    click.option(
        "--feed",
        type=click.Choice(["history", "steps", "ticks"]),
        default="history",
        show_default=True,
        help="Live: what bars are made of.",
    ),
    click.option("--until-end", is_flag=True, help="Live: stop when the gateway is gone for good."),
    click.option("--wait", is_flag=True, help="Live: wait for a gateway that is not there yet."),
    click.option("-v", "--verbose", is_flag=True, help="Live: tell every event."),
)

LIVE_ONLY: Final[Mapping[str, str]] = {
    "account": "--account",
    "host": "--host",
    "port": "--port",
    "client": "--client",
    "tws_zone": "--tws-zone",
    "live_journal": "--journal",
    "monitor_only": "--monitor-only",
    "flatten_on_exit": "--flatten-on-exit",
    "feed": "--feed",
    "until_end": "--until-end",
    "wait": "--wait",
    "verbose": "--verbose",
}
"""Options that mean something only with --live."""

PAST_ONLY: Final[Mapping[str, str]] = {
    "data": "--data",
    "first": "--from",
    "last": "--to",
    "zone": "--zone",
    "stamp": "--stamp",
    "delimiter": "--delimiter",
    "decimal": "--decimal",
    "adapter": "--adapter",
    "journal": "--events",
    "folder": "--report",
    "all_trades": "--all-trades",
    "timed": "--timings",
    "same_bar": "--same-bar",
    "flat": "--flat",
}
"""Options that mean something only without it."""


def live_options(function: Callable[..., None]) -> Callable[..., None]:
    """--live and what goes with it; the function gets them by name."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def refuse_others(*, live: bool) -> None:
    """Refuse options that were typed and mean nothing here; raises `click.UsageError`."""
    ctx = click.get_current_context()
    wrong = PAST_ONLY if live else LIVE_ONLY
    typed = [
        name for key, name in wrong.items()
        if ctx.get_parameter_source(key) is ParameterSource.COMMANDLINE
    ]  # fmt: skip
    if not typed:
        return
    several = ", ".join(typed)
    if live:
        raise click.UsageError(
            f"{several}: with --live the bars, their times and the fills are the broker's"
        )
    raise click.UsageError(f"{several}: only with --live")


def run_live(choice: Choice, terms: Terms, reach: Reach, *, as_json: bool, **words: Any) -> None:
    """Trade until it is stopped; leaves with the status that says why."""
    from adapters.database.errors import DatabaseError  # noqa: PLC0415 - SQLAlchemy, 300 ms
    from adapters.ib.library import NoLibrary  # noqa: PLC0415 - as above
    from adapters.live.errors import CannotRun  # noqa: PLC0415 - as above

    try:
        plan = _plan(choice, terms, reach, words)
        ending = _run(plan, as_json=as_json, verbose=words["verbose"])
    except CannotRun as cannot:
        raise Failure(cannot.message, cannot.remedy) from None
    except DatabaseError as broken:
        raise Failure(str(broken), broken.remedy) from None
    except NoLibrary as missing:
        raise Failure(str(missing)) from None
    if ending.value == "interrupted":
        raise click.exceptions.Exit(INTERRUPTED)


def _plan(choice: Choice, terms: Terms, reach: Reach, words: Mapping[str, Any]) -> Plan:
    from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - brings numpy
    from adapters.cli.workbench import (  # noqa: PLC0415 - as above
        compiled_for_data,
        folder_of,
        program_of,
        shown,
    )
    from adapters.events import event_lists  # noqa: PLC0415 - as above
    from adapters.ib.port import FeedKind  # noqa: PLC0415 - as above
    from adapters.live.places import journal_of  # noqa: PLC0415 - as above
    from adapters.live.plan import Plan, check_words, is_real  # noqa: PLC0415 - as above
    from adapters.live.recipes import recipe_of  # noqa: PLC0415 - as above
    from engine.execution.terms import Flat  # noqa: PLC0415 - as above

    account = reach.account.strip().upper()
    check_words(account, reach.port)
    made, _ = compiled_for_data(choice)
    program = program_of(shown(choice.spec), made)
    monitor = words["monitor_only"]
    own = journal_of(account if is_real(account) else "", monitor_only=monitor)
    source = click.get_current_context().get_parameter_source("equity")
    file = str(Path(choice.spec).resolve()) if choice.spec != "-" else ""
    values = dict(choice.values)
    if choice.instrument is not None:
        values["instrument"] = program.instrument.symbol
    events = event_lists(program.events, folder_of(choice.spec))
    terms = replace(terms, flat=Flat.NEXT_OPEN)
    return Plan(
        program=program,
        file=file,
        calendars=ExchangeCalendars(),
        events=events,
        journal=words["live_journal"] or own,
        terms=terms,
        counted=source is ParameterSource.COMMANDLINE,
        account=account,
        settings=replace(reach, account=account).settings(reads_only=False),
        feed=FeedKind(words["feed"]),
        monitor_only=monitor,
        flatten_on_exit=words["flatten_on_exit"],
        until_end=words["until_end"],
        wait=words["wait"],
        recipe=recipe_of(program, made.sources, values, events, terms, file),
    )


def _run(plan: Plan, *, as_json: bool, verbose: bool) -> Ending:
    import asyncio  # noqa: PLC0415 - 50 ms

    from adapters.cli.live_told import JsonTeller, Teller  # noqa: PLC0415 - as above
    from adapters.cli.pen import Pen  # noqa: PLC0415 - as above
    from adapters.live.process import trade  # noqa: PLC0415 - as above

    pen = Pen()
    try:
        teller = JsonTeller(pen) if as_json else Teller(plan, pen, verbose=verbose)
        return asyncio.run(trade(plan, teller))
    finally:
        pen.close()
