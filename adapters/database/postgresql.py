"""PostgreSQL: one connection, which holds the lock of the journal for as long as it lives.

So nothing is ever written without the lock: a connection that was lost is replaced by one that has
taken it anew, or by none.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import NoSuchModuleError as NoSuchDialect

from adapters.database.errors import LockedError, UnreachableError

if TYPE_CHECKING:
    from sqlalchemy import Engine

_TRIES: Final = 20
_PAUSE: Final = 0.1
"""Seconds between tries: the server may not have seen yet that an engine was killed."""

_CONNECTING: Final[dict[str, Any]] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": f"slob-engine {os.getpid()} at {socket.gethostname()}"[:63],
}
"""Of the client: nobody waits for a server that is gone."""

_SETTINGS: Final = (
    # a commit is on the server's disk when it returns, whatever its administrator prefers
    "SET synchronous_commit = on",
    "SET lock_timeout = '10s'",
    # an engine whose computer is gone gives the lock back within half a minute, not two hours
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)

_HOLDER: Final = (
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
    "l.locktype = 'advisory' AND l.granted AND l.objid = %s AND a.datname = current_database()"
)


def database(url: str) -> Engine:
    """A server's database with the settings the journal relies on; nothing is opened yet.

    Raises `UnreachableError` for an address that is none, and where its driver is missing.
    """
    try:
        made = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args=_CONNECTING if url.startswith("postgresql") else {},
        )
    except (NoSuchDialect, ArgumentError, TypeError, ValueError) as strange:
        kind = url.partition(":")[0]
        raise _not_understood(kind) from strange
    except ModuleNotFoundError as missing:
        raise _not_understood(url.partition(":")[0]) from missing
    if made.dialect.name != "postgresql":
        raise _not_understood(made.dialect.name)
    return made


def _not_understood(kind: str) -> UnreachableError:
    if kind.startswith("postgresql"):
        return UnreachableError(
            f"{kind} is not understood here", "pip install 'slob-engine[postgres]'"
        )
    return UnreachableError(
        f"a journal is not kept in {kind}",
        "name a file, or PostgreSQL: postgresql://USER@HOST/DATABASE",
    )


def hold(engine: Engine, number: int, name: str) -> None:
    """Let every connection that is made from now on hold a lock for as long as it lives.

    It raises `LockedError` where somebody else has it; `name` is what messages call the journal.
    """

    @event.listens_for(engine, "connect")
    def take(connection: Any, _: object) -> None:
        with closing(connection.cursor()) as cursor:
            for setting in _SETTINGS:
                cursor.execute(setting)
            for _again in range(_TRIES):
                cursor.execute("SELECT pg_try_advisory_lock(%s)", (number,))
                if cursor.fetchone()[0]:
                    connection.commit()
                    return
                time.sleep(_PAUSE)
            cursor.execute(_HOLDER, (number,))
            found = cursor.fetchone()
        connection.close()
        raise LockedError(
            f"{name} is in use by another engine ({found[0] if found else 'unknown'})",
            "end it first, or give this one a journal of its own",
        )
