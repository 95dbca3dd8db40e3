"""`engine web`: the page, served to this machine or, when told so, to others."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli.options import JSON
from adapters.cli.screen import MISTAKE, Failure, print_json, verb

PASSWORD_FILE: Final = "ENGINE_WEB_PASSWORD_FILE"  # noqa: S105 - the name of a variable
"""Names a file (a secret of Docker, say) that holds the first operator's password."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.workshop.people import People


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
    help="Where versions, runs and people are kept.  [default: workshop, in the state folder]",
)
@click.option("--data", metavar="NAME", help="The bars of a run where nobody chose others.")
@click.option(
    "--journal",
    metavar="WHERE",
    help="The live journal: a file or an address.  [default: the paper account's]",
)
@click.option(
    "--socket", metavar="PATH", help="The socket of its engine.  [default: beside the journal]"
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name this page also answers to; may be repeated.",
)
@click.option(
    "--trust-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy (or a network of them) whose X-Forwarded-For is believed; may be repeated.",
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
    Settings may also stand in the environment, such as ENGINE_WEB_PORT; ENGINE_WEB_PASSWORD_FILE
    names a file with the first operator's password instead.
    """
    for several in ("allowed_hosts", "trusted_proxies"):
        words[several] = words[several] or None
    with _refusals():
        settings = import_module("web.settings").settings_of(words)
        if new_password is not None:
            _change_password(settings.folder, new_password, as_json=as_json)
            return
        first = _first(settings)
        serve = _server()

        def listening(address: str) -> None:
            _tell(address, first, settings.folder, as_json=as_json)
            if opens:
                click.launch(address)

        try:
            serve(settings, listening)
        except OSError as refused:
            message = f"{settings.host}:{settings.port} cannot be listened on: {_why(refused)}"
            raise Failure(message, "stop what listens there, or say --port 0") from None


@contextmanager
def _refusals() -> Iterator[None]:
    """What the workshop and the settings refuse, with the way out."""
    from adapters.database.errors import DatabaseError  # noqa: PLC0415 - start-up in milliseconds
    from adapters.workshop.errors import WorkshopError  # noqa: PLC0415 - as above

    try:
        yield
    except (DatabaseError, WorkshopError) as bad:
        raise Failure(str(bad), bad.remedy) from None
    except ValueError as bad:
        if type(bad).__module__ != "web.settings":
            raise
        raise Failure(str(bad), "see `engine web --help`", MISTAKE) from None


def _why(refused: OSError) -> str:
    return refused.strerror or str(refused)


def _server() -> Any:
    """What serves the page. It lies above this package, so it is reached for by its name."""
    try:
        return import_module("web.server").serve
    except ModuleNotFoundError as missing:
        message = f"the page needs {missing.name}, which is not installed"
        raise Failure(message, "pip install 'slob-engine[web]'") from None


def _first(settings: Any) -> str | None:
    """The password of the first operator where this start makes one.

    Raises `Failure` where others shall reach the page and a password is not a person's own.
    """
    from adapters.workshop.keeper import Keeper  # noqa: PLC0415 - start-up in milliseconds
    from adapters.workshop.people import FIRST, People  # noqa: PLC0415 - as above

    with Keeper(settings.folder) as keeper:
        people = People(keeper)
        _take_from_file(people)
        if not settings.is_local and not people.has_chosen():
            names = [one.name for one in people.all() if not one.is_chosen and not one.disabled]
            raise Failure(
                f"{settings.host} is reached by others, and no person has set a password yet",
                f"say `engine web --folder {settings.folder} --new-password "
                f"{names[0] if names else FIRST}` first",
                MISTAKE,
            )
        return people.make_first()


def _take_from_file(people: People) -> None:
    """Where nobody is there yet: the first operator, with the password of the file that is named.

    Raises `Failure` where it cannot be read, and `BadInput`.
    """
    from adapters.workshop.people import FIRST, TERMINAL, Role  # noqa: PLC0415 - as above

    named = os.environ.get(PASSWORD_FILE)
    if not named or people.all():
        return
    try:
        password = Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as refused:
        message = f"the password file {named} cannot be read: {refused}"
        raise Failure(message, f"write one line there, or unset {PASSWORD_FILE}") from None
    people.add(TERMINAL, FIRST, Role.OPERATOR, password)


def _tell(address: str, first: str | None, folder: Path, *, as_json: bool) -> None:
    from adapters.workshop.people import FIRST  # noqa: PLC0415 - as above

    if as_json:
        made = {"name": FIRST, "password": first} if first else {}
        print_json({"event": "listening", "address": address, **made})
    else:
        if first:
            click.echo("The first start: sign in with this, it is not shown again.")
            click.echo(f"  name      {FIRST}\n  password  {first}")
        click.echo(f"The page is at {address}, kept in {folder}. Ctrl-C ends it.")
    sys.stdout.flush()


def _change_password(folder: Path, name: str, *, as_json: bool) -> None:
    """Set a password; where there is nobody yet, make the first operator with it."""
    from adapters.workshop.keeper import Keeper  # noqa: PLC0415 - as above
    from adapters.workshop.people import TERMINAL, People, Role  # noqa: PLC0415 - as above

    with Keeper(folder) as keeper:
        people = People(keeper)
        password = _asked(name)
        if people.all():
            people.set_password(TERMINAL, name, password)
        else:
            people.add(TERMINAL, name, Role.OPERATOR, password)
    if as_json:
        print_json({"event": "password changed", "name": name})
    else:
        click.echo(f"{name} has a new password; whoever was signed in as {name} is signed out.")


def _asked(name: str) -> str:
    """The password, unseen; a program sends it as the first line of its input."""
    if sys.stdin.isatty():
        words = f"New password of {name}"
        asked: str = click.prompt(words, hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")
