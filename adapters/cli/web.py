"""`engine web`: the page, served to this machine or, when told so, to others."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import JSON
from adapters.cli.screen import MISTAKE, Failure, print_json, verb


@click.command(
    "web",
    epilog="Example: engine web --strategies strategies --folder workshop",
)
@JSON
@click.option("--host", metavar="HOST", help="Where to listen; 127.0.0.1 unless told otherwise.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="8765 unless told; 0 finds a free one."
)
@click.option(
    "--strategies",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of strategy files.  [default: strategies]",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where versions, runs and people are kept.  [default: workshop]",
)
@click.option("--data", metavar="NAME", help="The bars of a run where nobody chose others.")
@click.option("--journal", metavar="WHERE", help="The live journal: a file or an address.")
@click.option("--socket", metavar="PATH", help="The socket of the live engine.")
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name this page also answers to; may be repeated.",
)
@click.option(
    "--secure-cookie", is_flag=True, default=None, help="Behind HTTPS: cookies only there."
)
@click.option("--session-hours", type=float, help="Signed out after so long idle; 12 unless told.")
@click.option("--open", "opens", is_flag=True, help="Open it in a browser.")
@click.option(
    "--new-password",
    metavar="NAME",
    help="Ask for a new password for this person, and leave.",
)
@verb
def command(*, as_json: bool, opens: bool, new_password: str | None, **words: Any) -> None:
    """Write strategies, see why they trade or not, watch them live: a page in the browser.

    The first start makes an operator called trader with a password of its own and prints it once.
    Settings may also stand in the environment, such as ENGINE_WEB_PORT.
    """
    words["allowed_hosts"] = words["allowed_hosts"] or None
    web = _web()
    try:
        settings = web.settings_of(words)
    except ValueError as bad:
        raise Failure(str(bad), "see `engine web --help`", MISTAKE) from None
    if new_password is not None:
        _change_password(settings.folder, new_password, as_json=as_json)
        return
    first = _first(settings)

    def listening(address: str) -> None:
        _tell(address, first, settings, as_json=as_json)
        if opens:
            click.launch(address)

    _serve(settings, listening)


def _web() -> Any:
    """The settings of the page. It lies above this package, so only a verb that is asked for it
    reaches up, by name."""
    return import_module("web.settings")


def _serve(settings: Any, listening: Any) -> None:
    from adapters.database.errors import DatabaseError  # noqa: PLC0415 - start-up in milliseconds
    from adapters.workshop.errors import WorkshopError  # noqa: PLC0415 - as above

    try:
        server = import_module("web.server")
    except ModuleNotFoundError as missing:
        message = f"the page needs {missing.name}, which is not installed"
        raise Failure(message, "pip install 'slob-engine[web]'") from None
    try:
        server.serve(settings, listening)
    except (DatabaseError, WorkshopError) as bad:
        raise Failure(str(bad), bad.remedy) from None
    except OSError as refused:
        why = refused.strerror or str(refused)
        place = f"{settings.host}:{settings.port}"
        message = f"{place} cannot be listened on: {why}"
        raise Failure(message, "stop what listens there, or say --port 0") from None


def _first(settings: Any) -> str | None:
    """The password of the first operator where this start makes one.

    Raises `Failure` where others shall reach the page and a password is not a person's own.
    """
    from adapters.workshop.keeper import Keeper  # noqa: PLC0415 - start-up in milliseconds
    from adapters.workshop.people import FIRST, People  # noqa: PLC0415 - as above

    with Keeper(settings.folder) as keeper:
        people = People(keeper)
        if not settings.is_local and not people.has_chosen():
            raise Failure(
                f"{settings.host} is reached by others, and no password was set by a person yet",
                f"say `engine web --folder {settings.folder} --new-password {FIRST}` first",
                MISTAKE,
            )
        return people.make_first()


def _tell(address: str, first: str | None, settings: Any, *, as_json: bool) -> None:
    from adapters.workshop.people import FIRST  # noqa: PLC0415 - as above

    if as_json:
        record: dict[str, Any] = {"event": "listening", "address": address}
        if first:
            record |= {"name": FIRST, "password": first}
        print_json(record)
    else:
        if first:
            click.echo("The first start: sign in with this, it is not shown again.")
            click.echo(f"  name      {FIRST}\n  password  {first}")
        click.echo(f"The page is at {address} (kept in {settings.folder}). Ctrl-C ends it.")
    sys.stdout.flush()


def _change_password(folder: Path, name: str, *, as_json: bool) -> None:
    from adapters.workshop.errors import NotFound  # noqa: PLC0415 - as above
    from adapters.workshop.keeper import Keeper  # noqa: PLC0415 - as above
    from adapters.workshop.people import TERMINAL, People, Role  # noqa: PLC0415 - as above

    password = click.prompt(
        f"New password of {name}", hide_input=True, confirmation_prompt=True, err=True
    )
    with Keeper(folder) as keeper:
        people = People(keeper)
        try:
            people.set_password(TERMINAL, name, password)
        except NotFound:
            if people.all():
                raise
            people.add(TERMINAL, name, Role.OPERATOR, password)
    if as_json:
        print_json({"event": "password changed", "name": name})
    else:
        click.echo(f"{name} has a new password; whoever was signed in as {name} is signed out.")
