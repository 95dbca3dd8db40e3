"""`engine live`: how the running engine stands, and a person's word to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli import INTERRUPTED
from adapters.cli.figures import counted
from adapters.cli.options import JSON
from adapters.cli.reach import JOURNAL, journal_at, journal_that_is, shown, who
from adapters.cli.screen import STUCK, Failure, coloured, print_json, verb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.live.caller import Caller
    from adapters.live.offline import LastStood
    from adapters.live.status import Status

PATIENCE: Final = 30.0
"""Seconds in which an engine that was told to stop is expected to have gone."""

_WHO = click.option("--who", "person", metavar="NAME", help="Who says so.  [default: this user]")
_WHY = click.option("--why", default="by hand", metavar="TEXT", help="The reason, for the journal.")


@click.group("live", no_args_is_help=True, epilog="Example: engine live status --watch")
def command() -> None:
    """Ask the engine that trades how it stands, and tell it what you want.

    Each verb finds the engine by its journal: --journal names another than the paper account's.
    """


# --- how it stands --------------------------------------------------------------------------


@command.command("status", epilog="Example: engine live status --watch")
@JOURNAL
@click.option("--watch", is_flag=True, help="Stay, and show every change; Ctrl-C ends it.")
@JSON
@verb
def status(journal: str | None, *, watch: bool, as_json: bool) -> None:
    """How it stands: account, limits, position, orders, setups in the making.

    Without an engine: what its journal knows, and exit status 3.
    """
    where = journal_at(journal)
    caller = _caller(where)
    from adapters.live.caller import NobodyRuns  # noqa: PLC0415 - start-up in milliseconds

    try:
        if watch:
            _watch(caller, as_json=as_json)
        else:
            _show(caller.status(), as_json=as_json)
    except NobodyRuns:
        stood = _stood(journal_that_is(journal))
        if as_json:
            print_json({"running": False, "journal": shown(where), **_stood_record(stood)})
        else:
            _show_stood(where, stood)
        raise click.exceptions.Exit(STUCK) from None


def _show(found: Status, *, as_json: bool) -> None:
    if as_json:
        _print_status(found)
        return
    from adapters.cli.standing import lines_of  # noqa: PLC0415 - start-up in milliseconds

    for line in lines_of(found):
        click.echo(line, color=coloured())


def _print_status(found: Status) -> None:
    import json  # noqa: PLC0415 - start-up in milliseconds

    from adapters.live.status import as_bytes  # noqa: PLC0415 - as above

    print_json({"running": True, **json.loads(as_bytes(found))})


def _watch(caller: Caller, *, as_json: bool) -> None:
    """Every change, until the person or the engine has had enough."""
    import asyncio  # noqa: PLC0415 - 50 ms

    draw = _print_status if as_json else _drawn if coloured() else _printed_below
    screen = draw is _drawn

    async def work() -> None:
        async for found in caller.watch():
            draw(found)
            sys.stdout.flush()

    try:
        if screen:
            click.echo("\x1b[?1049h\x1b[?25l", nl=False)
        asyncio.run(work())
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        if screen:
            click.echo("\x1b[?25h\x1b[?1049l", nl=False)


def _drawn(found: Status) -> None:
    """One screen, over the one before."""
    import shutil  # noqa: PLC0415 - start-up in milliseconds

    from adapters.cli.standing import lines_of, shortened  # noqa: PLC0415 - as above

    rows = shutil.get_terminal_size().lines
    drawn = "\x1b[K\r\n".join(shortened(list(lines_of(found)), rows))
    click.echo(f"\x1b[H\x1b[?7l{drawn}\x1b[K\x1b[J\x1b[?7h", nl=False)


def _printed_below(found: Status) -> None:
    """Where nobody looks at a screen: a line a change."""
    from adapters.cli.standing import in_one_line, instant  # noqa: PLC0415 - as above

    click.echo(f"{instant(found.at)}  {in_one_line(found)}")


# --- a person's word ------------------------------------------------------------------------


@command.command("halt", epilog='Example: engine live halt --why "news at 14:30"')
@JOURNAL
@_WHO
@_WHY
@JSON
@verb
def halt(journal: str | None, person: str | None, why: str, *, as_json: bool) -> None:
    """No entries from now on; positions stay, with their stops at the broker.

    Works without an engine, too: the next one that starts with this journal is halted.
    """
    where = journal_that_is(journal)

    def offline() -> None:
        from adapters.live.offline import halt_journal  # noqa: PLC0415 - SQLAlchemy, 300 ms

        halt_journal(where, person or who(), why)

    _told(where, "halt", person, why, offline, as_json=as_json)


@command.command("resume", epilog="Example: engine live resume")
@JOURNAL
@_WHO
@_WHY
@JSON
@verb
def resume(journal: str | None, person: str | None, why: str, *, as_json: bool) -> None:
    """Take a halt back: entries may happen again. A latch is another thing: engine unlatch."""
    where = journal_that_is(journal)

    def offline() -> None:
        from adapters.live.offline import resume_journal  # noqa: PLC0415 - SQLAlchemy, 300 ms

        resume_journal(where, person or who(), why)

    _told(where, "resume", person, why, offline, as_json=as_json)


@command.command("flatten", epilog="Example: engine live flatten --yes")
@JOURNAL
@_WHO
@_WHY
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@verb
def flatten(journal: str | None, person: str | None, why: str, *, yes: bool, as_json: bool) -> None:
    """Close everything the engine opened, at the market, and take no more entries.

    Only an engine that runs can do it. Without one this halts the journal and says what is open.
    Positions that the engine did not open are never touched.
    """
    where = journal_that_is(journal)
    caller = _caller(where)
    from adapters.live.caller import NobodyRuns  # noqa: PLC0415 - start-up in milliseconds

    try:
        if not yes:
            confirm(caller.status(), as_json=as_json)
        found = _heard(lambda: caller.tell("flatten", person or who(), why))
    except NobodyRuns:
        raise _cannot_flatten(where, person or who(), why) from None
    _answer(found, "flatten", as_json=as_json)


@command.command("stop", epilog="Example: engine live stop")
@JOURNAL
@_WHO
@_WHY
@click.option("--flatten", "flat", is_flag=True, help="Close everything first.")
@click.option("--yes", is_flag=True, help="With --flatten: do not ask.")
@JSON
@verb
def stop(
    journal: str | None, person: str | None, why: str, *, flat: bool, yes: bool, as_json: bool
) -> None:
    """End the engine in good order; positions stay protected at the broker."""
    where = journal_that_is(journal)
    caller = _caller(where)
    from adapters.live.caller import NobodyRuns  # noqa: PLC0415 - start-up in milliseconds

    try:
        if flat and not yes:
            confirm(caller.status(), as_json=as_json)
        _heard(lambda: caller.tell("stop", person or who(), why, flatten=flat))
        gone = _wait_until_gone(caller)
    except NobodyRuns:
        gone = None
    stood = _stood(where)
    if as_json:
        print_json({"ran": gone is not None, "running": gone is False, **_stood_record(stood)})
    else:
        click.echo("No engine runs." if gone is None else "Stopped." if gone else "")
        _show_open(stood)
    if gone is False:
        raise Failure(
            "the engine was told to stop and still runs", "see engine live status in a while"
        )


def _wait_until_gone(caller: Caller) -> bool:
    """Whether an engine that was told to stop has gone in time."""
    import time  # noqa: PLC0415 - start-up in milliseconds

    from adapters.live.caller import NobodyRuns  # noqa: PLC0415 - as above

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            caller.status()
        except NobodyRuns:
            return True
        time.sleep(0.1)
    return False


# --- what they share ------------------------------------------------------------------------


def _caller(where: str | Path) -> Caller:
    from adapters.live.caller import Caller  # noqa: PLC0415 - start-up in milliseconds
    from adapters.live.places import socket_of  # noqa: PLC0415 - as above

    return Caller(socket_of(where))


def _heard(call: Callable[[], Status]) -> Status:
    """What an engine answers; its refusal is a failure in its own words."""
    from adapters.live.caller import EngineRefused  # noqa: PLC0415 - start-up in milliseconds

    try:
        return call()
    except EngineRefused as refused:
        raise Failure(refused.text, refused.remedy) from None


def _told(
    where: str | Path,
    do: str,
    person: str | None,
    why: str,
    offline: Callable[[], None],
    *,
    as_json: bool,
) -> None:
    """Tell the engine; where none answers, write it into the journal."""
    from adapters.live.caller import NobodyRuns  # noqa: PLC0415 - start-up in milliseconds

    try:
        found = _heard(lambda: _caller(where).tell(do, person or who(), why))
    except NobodyRuns:
        _written(offline)
        stood = _stood(where)
        if as_json:
            print_json({"running": False, "journal": shown(where), **_stood_record(stood)})
            return
        effect = "takes no entries until `engine live resume`" if stood.halt else "may enter again"
        click.echo(
            f"No engine runs. Written into {shown(where)}: the next one that starts {effect}."
        )
        _show_open(stood)
        return
    _answer(found, do, as_json=as_json)


def _written(offline: Callable[[], None]) -> None:
    """Write into the journal; one that is held by an engine which does not answer is said so."""
    from adapters.database.errors import LockedError  # noqa: PLC0415 - SQLAlchemy, 300 ms

    try:
        offline()
    except LockedError as locked:
        raise Failure(
            f"the engine runs and does not answer: {locked}",
            "end it (kill -TERM, then kill -KILL: its stops work at the broker), then say it again",
        ) from None


def _answer(found: Status, do: str, *, as_json: bool) -> None:
    if as_json:
        _print_status(found)
        return
    from adapters.cli.standing import in_one_line  # noqa: PLC0415 - start-up in milliseconds

    done = {
        "halt": "Halted: no entries until `engine live resume`.",
        "resume": "Resumed.",
        "flatten": "Closing everything at the market; no entries until `engine live resume`.",
    }
    click.echo(done[do])
    click.echo(in_one_line(found))
    if do == "resume" and found.why_not:
        click.echo(f"No entry could happen now: {found.why_not}")


def confirm(found: Status, *, as_json: bool) -> None:
    """Have the person type what is about to be closed; raises where that is not done."""
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("say --yes to close everything without being asked")
    from adapters.cli.standing import in_one_line  # noqa: PLC0415 - start-up in milliseconds

    account = found.account.number if found.account else "the account"
    click.echo(in_one_line(found))
    typed = click.prompt(f"Type {found.process.instrument} to close all of it in {account}")
    if typed.strip() != found.process.instrument:
        raise Failure("that is not what was asked for: nothing was sent", "say it again", STUCK)


def _cannot_flatten(where: str | Path, person: str, why: str) -> Failure:
    """Without an engine nothing is sent; what can be done is, and said."""
    from adapters.live.offline import halt_journal  # noqa: PLC0415 - SQLAlchemy, 300 ms

    _written(lambda: halt_journal(where, person, f"flatten: {why}"))
    stood = _stood(where)
    if not stood.held:
        return Failure(
            "no engine runs, so nothing was sent; by the journal nothing is open",
            "it is halted now; see the broker's own window for anything else",
        )
    return Failure(
        f"no engine runs, so nothing was sent: {_open_words(stood)}",
        "it is halted now. Start it (engine run SPEC --live) and say engine live flatten again, or "
        "close the position in the broker's own window: the engine finds that when it starts",
    )


# --- without an engine ----------------------------------------------------------------------


def _stood(where: str | Path) -> LastStood:
    from adapters.live.offline import stood  # noqa: PLC0415 - SQLAlchemy, 300 ms

    return stood(where)


def _open_words(stood: LastStood) -> str:
    return (
        f"by the journal {counted(abs(stood.held), 'contract')} "
        f"{'long' if stood.held > 0 else 'short'} are open, protected by their stops at the broker"
    )


def _show_open(stood: LastStood) -> None:
    if stood.held:
        click.echo(f"{_open_words(stood).capitalize()}.")
    elif stood.living:
        click.echo(f"By the journal {counted(len(stood.living), 'setup')} may have orders waiting.")
    else:
        click.echo("By the journal nothing is open.")


def _show_stood(where: str | Path, stood: LastStood) -> None:
    from adapters.cli.standing import instant  # noqa: PLC0415 - start-up in milliseconds
    from adapters.live.places import socket_of  # noqa: PLC0415 - as above
    from dsl.folders import state_folder  # noqa: PLC0415 - as above

    click.secho("No engine runs.", bold=True)
    last = "nothing was written yet" if stood.at is None else f"last written {instant(stood.at)}"
    whose = f" of account {stood.account}" if stood.account else ""
    click.echo(f"journal {shown(where)}{whose}: {counted(stood.events, 'event')}, {last}")
    _show_open(stood)
    for strategy, name in stood.programs.items():
        click.echo(f"opened by program {strategy}{f' ({name})' if name else ''}")
    if stood.latch:
        click.secho(f"Latched: {stood.latch} (engine unlatch --why ...)", fg="red")
    if stood.halt:
        click.secho(f"Halted: {stood.halt} (engine live resume)", fg="yellow")
    others = [file for file in sorted(state_folder().glob("*.sock")) if file != socket_of(where)]
    for socket in others:
        click.echo(f"Another engine may run: --journal {socket.with_suffix('')}")
    click.echo("To go on: engine run SPEC --live")


def _stood_record(stood: LastStood) -> dict[str, Any]:
    return {
        "at": stood.at,
        "events": stood.events,
        "account": stood.account or None,
        "held": stood.held,
        "living": [family.signal.candidate for family in stood.living],
        "programs": dict(stood.programs),
        "equity": str(stood.risk.equity) if stood.risk.date else None,
        "latch": stood.latch,
        "halt": stood.halt,
    }
