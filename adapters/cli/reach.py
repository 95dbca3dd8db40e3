"""Where a gateway and a journal are: options of verbs that ask a broker or read what was traded."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from adapters.cli.screen import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from adapters.ib.connection import IbBroker
    from adapters.ib.settings import Settings

LOCAL: Final = "127.0.0.1"
PAPER_PORT: Final = 4002
ENGINES: Final = 17
"""The client id of an engine that trades; who only reads takes another."""
READERS: Final = 18

_ACCOUNT: Final = re.compile(r"[A-Z]{1,3}[0-9]{4,10}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reach:
    """A gateway, as a person says it; `account` empty: the one of the login.

    `tws_zone`: the zone of the login's clock, empty: it is found out.
    """

    host: str = LOCAL
    port: int = PAPER_PORT
    account: str = ""
    client: int = READERS
    tws_zone: str = ""

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def settings(self, timeout: float = 10.0, *, reads_only: bool = True) -> Settings:
        """For a connection, which by default only reads; `timeout`: seconds for each question."""
        from adapters.ib.settings import Settings  # noqa: PLC0415 - start-up in milliseconds

        return Settings(
            host=self.host,
            port=self.port,
            client=self.client,
            account=self.account,
            timeout=timeout,
            zone=self.tws_zone,
            reads_only=reads_only,
        )


def _options(
    client: int, before: str
) -> tuple[Callable[[Callable[..., None]], Callable[..., None]], ...]:
    return (
        click.option(
            "--host", default=LOCAL, show_default=True, help=f"{before}where the gateway is."
        ),
        click.option(
            "--port",
            type=click.IntRange(1, 65535),
            default=PAPER_PORT,
            show_default=True,
            help=f"{before}4002 or 7497 for paper, 4001 or 7496 for money.",
        ),
        click.option(
            "--account",
            default="",
            metavar="NUMBER",
            help=f"{before}its number: where the login has several, or there is money in it.",
        ),
        click.option(
            "--client",
            type=click.IntRange(1, 999_999_999),
            default=client,
            show_default=True,
            help=f"{before}the client id: nobody else's, and an engine's the same at every start.",
        ),
        click.option(
            "--tws-zone",
            default="",
            metavar="ZONE",
            help=f"{before}the time zone of its login, where it writes times without one."
            "  [default: found out]",
        ),
    )


JOURNAL = click.option(
    "--journal",
    metavar="FILE|URL|ACCOUNT",
    help="The live journal, or whose it is.  [default: the paper account's]",
)


def gateway_options(
    client: int = READERS, before: str = "Gateway: "
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """--host, --port, --account, --client (this one by default) and --tws-zone, as `reach`.

    `before`: what their help begins with, `Live: ` beside options that are not.
    """

    def with_them(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def reaching(**words: Any) -> None:
            names = ("host", "port", "account", "client", "tws_zone")
            function(reach=Reach(**{name: words.pop(name) for name in names}), **words)

        wrapped: Callable[..., None] = reaching
        for option in reversed(_options(client, before)):
            wrapped = option(wrapped)
        return wrapped

    return with_them


def journal_at(named: str | None) -> str | Path:
    """The journal that is meant: a file, an address, an account's; else the paper account's."""
    if named and not _ACCOUNT.fullmatch(named):
        return named
    from adapters.live.places import journal_of  # noqa: PLC0415 - start-up in milliseconds

    is_paper = not named or named.startswith("D")
    return journal_of("" if is_paper else named or "")


def journal_that_is(named: str | None) -> str | Path:
    """The same, where there is one; raises `Failure` naming those there are."""
    where = journal_at(named)
    if "://" in str(where) or os.path.exists(where):  # noqa: PTH110 - a name is as good as a path
        return where
    from dsl.folders import state_folder  # noqa: PLC0415 - start-up in milliseconds

    there = sorted(str(file) for file in state_folder().glob("*.db"))
    known = f"name one: --journal {there[0]}" if there else "nothing was traded live yet"
    others = f" (there are {', '.join(there)})" if len(there) > 1 else ""
    raise Failure(f"there is no journal {where}{others}", known)


def shown(where: str | Path) -> str:
    """A journal as it may be told: without a password."""
    if "://" not in str(where):
        return str(where)
    from adapters.database import connect  # noqa: PLC0415 - SQLAlchemy, 300 ms

    return connect.shown(where)


def who() -> str:
    """The name of the person at the keyboard, for the journal."""
    import getpass  # noqa: PLC0415 - start-up in milliseconds

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def asked_of(settings: Settings, question: Callable[[IbBroker], Awaitable[_T]]) -> _T:
    """Connect, ask, and hang up. Raises `BrokerError`, `NoLibrary`.

    A gateway that replays another day is asked as fast as it answers.
    """
    import asyncio  # noqa: PLC0415 - 50 ms

    from adapters.ib.connection import IbBroker  # noqa: PLC0415 - as above
    from adapters.live.connect import for_replay, is_replay  # noqa: PLC0415 - as above

    async def work() -> _T:
        broker = IbBroker(settings)
        try:
            if is_replay(await broker.connect()):
                await broker.close()
                broker = IbBroker(for_replay(settings))
                await broker.connect()
            return await question(broker)
        finally:
            await broker.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work())
