"""`engine doctor`: everything that live trading rests on, looked at before it trades."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli.options import INSTRUMENT, JSON, SET, Choice
from adapters.cli.reach import ENGINES, JOURNAL, gateway_options, journal_at
from adapters.cli.screen import STUCK, coloured, print_json, verb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from adapters.cli.reach import Reach
    from adapters.preflight.check import Check, Checked
    from dsl.compilation import Compiled

_COLOURS: Final = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "bright_black"}
PATIENCE: Final = 5.0
"""Seconds that one question to the gateway may take."""
_WIDTH: Final = 14


@click.command(
    "doctor",
    epilog="Example: engine doctor strategies/slob_5_1.yaml --live --port 4002",
)
@click.argument("spec", metavar="[SPEC]", required=False)
@SET
@INSTRUMENT
@click.option("--live", is_flag=True, help="Ask the gateway, too: nothing is placed or changed.")
@gateway_options(ENGINES)
@JOURNAL
@JSON
@verb
def command(
    spec: str | None,
    values: Mapping[str, str],
    instrument: str | None,
    reach: Reach,
    journal: str | None,
    *,
    live: bool,
    as_json: bool,
) -> None:
    """Look at all that live trading needs: the computer, the journal, a strategy, a gateway.

    Every check stands alone and ends in time, and says what to do. Exit status 0 where nothing
    failed (a warning is no failure), else 3.
    """
    import asyncio  # noqa: PLC0415 - 50 ms

    choice = None if spec is None else Choice(spec, values, instrument)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        found = runner.run(_all(choice, reach, journal_at(journal), live=live, as_json=as_json))
    _sum_up(found, as_json=as_json)


async def _all(
    choice: Choice | None, reach: Reach, where: str | Path, *, live: bool, as_json: bool
) -> list[Checked]:
    """Every check, told as it is made."""
    made = None if choice is None else _compiled(choice)
    found = []
    async for checked in _made(choice, made, reach, where, live=live):
        found.append(checked)
        if not as_json:
            _tell(checked)
    return found


async def _made(
    choice: Choice | None, made: Compiled | None, reach: Reach, where: str | Path, *, live: bool
) -> AsyncIterator[Checked]:
    from adapters.preflight.check import made as looked  # noqa: PLC0415 - start-up in milliseconds

    account = reach.account if live else ""
    for check in _here(choice, made, where, account):
        yield await looked(check)
    if live:
        from adapters.preflight.broker import Gateway  # noqa: PLC0415 - as above

        program = None if made is None else made.program
        if _engine_runs(where):
            reach = replace(reach, client=reach.client + 1)  # its own id is taken, by itself
        gateway = Gateway(reach.settings(PATIENCE), program, _owner(where))
        async for checked in gateway.checks():
            yield checked


def _here(
    choice: Choice | None, made: Compiled | None, where: str | Path, account: str
) -> Iterator[Check]:
    """The checks that need no gateway."""
    from adapters.cli.workbench import shown  # noqa: PLC0415 - start-up in milliseconds
    from adapters.preflight import journal, machine, strategy  # noqa: PLC0415 - as above
    from dsl.folders import state_folder  # noqa: PLC0415 - as above

    is_server = "://" in str(where)
    folder = state_folder() if is_server else Path(where).expanduser().absolute().parent
    yield from machine.checks(folder)
    yield from journal.checks(where, None if made is None else made.program, account)
    if choice is not None and made is not None:
        yield from strategy.checks(shown(choice.spec), made)


def _compiled(choice: Choice) -> Compiled:
    from adapters.cli.workbench import compiled_for_data  # noqa: PLC0415 - as above

    return compiled_for_data(choice)[0]


def _owner(where: str | Path) -> str:
    """The account that the journal is of; empty where it cannot say."""
    from adapters.database.errors import DatabaseError  # noqa: PLC0415 - SQLAlchemy, 300 ms
    from adapters.live.offline import stood  # noqa: PLC0415 - as above
    from adapters.preflight.journal import is_there  # noqa: PLC0415 - as above

    try:
        return stood(where).account if is_there(where) else ""
    except DatabaseError:
        return ""  # a check of its own says so


def _engine_runs(where: str | Path) -> bool:
    from adapters.live.caller import Caller, EngineRefused, NobodyRuns  # noqa: PLC0415 - as above
    from adapters.live.places import socket_of  # noqa: PLC0415 - as above

    try:
        Caller(socket_of(where)).status()
    except NobodyRuns:
        return False
    except EngineRefused:
        return True
    return True


# --- told -----------------------------------------------------------------------------------


def _tell(checked: Checked) -> None:
    found = checked.found
    verdict = click.style(f"{found.verdict.value:<8}", fg=_COLOURS[found.verdict.value])
    click.echo(f"{verdict} {checked.name:<{_WIDTH}} {found.what}", color=coloured())
    if found.remedy:
        click.echo(f"{'':<{_WIDTH + 9}} -> {found.remedy}")


def _sum_up(found: list[Checked], *, as_json: bool) -> None:
    from adapters.preflight.check import Verdict, worst  # noqa: PLC0415 - start-up in milliseconds

    verdict = worst(found)
    if as_json:
        print_json({"verdict": verdict.value, "checks": [_record(one) for one in found]})
    else:
        counts = {kind: sum(one.found.verdict is kind for one in found) for kind in Verdict}
        told = ", ".join(f"{count} {kind.value}" for kind, count in counts.items() if count)
        click.echo(f"\n{told}")
    if verdict is Verdict.FAILED:
        raise click.exceptions.Exit(STUCK)


def _record(one: Checked) -> dict[str, Any]:
    return {
        "name": one.name,
        "verdict": one.found.verdict.value,
        "what": one.found.what,
        "remedy": one.found.remedy,
        "seconds": round(one.seconds, 3),
    }
