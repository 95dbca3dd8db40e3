"""Opening a database: its settings, its lock, its version, its health."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from sqlalchemy import Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DatabaseError as SqlError
from sqlalchemy.exc import DBAPIError, OperationalError

from adapters.database import postgresql
from adapters.database.errors import (
    CorruptError,
    DatabaseError,
    LockedError,
    NewerError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_WAITING: Final = ("PRAGMA busy_timeout=5000",)
_PRAGMAS: Final = (
    *_WAITING,
    "PRAGMA journal_mode=WAL",
    # a commit is on the disk when it returns: NORMAL may lose the last ones with the power
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=1000",
)


def address(where: str | Path) -> str:
    """The address of a database: a URL as it is, a path as a SQLite file."""
    words = str(where)
    if words.startswith("postgres://"):  # as its own programs write it, too
        return words.replace("postgres", "postgresql", 1)
    return words if "://" in words else f"sqlite:///{Path(words).expanduser()}"


def shown(where: str | Path) -> str:
    """Where a database is, as messages may show it: without a password."""
    words = str(where)
    return told(words).removeprefix("sqlite:///") if "://" in words else words


def database(where: str | Path, *, reading: bool = False) -> Engine:
    """A database with the settings the journal relies on; nothing is opened yet.

    `reading`: for one who only reads, beside the writer and without ever making it wait. Raises
    `UnreachableError` where it is no database that is understood.
    """
    url = address(where)
    if not url.startswith("sqlite"):
        return postgresql.database(url)
    if reading:
        url = f"sqlite:///file:{make_url(url).database}?mode=ro&uri=true"
    # an error of the database ends in a log: what was to be written does not
    made = create_engine(url, hide_parameters=True)

    @event.listens_for(made, "connect")
    def configure(connection: Any, _: object) -> None:
        # the driver would begin transactions of its own; ours begin by taking the right to write
        connection.isolation_level = None
        for pragma in _WAITING if reading else _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return made


def told(url: str) -> str:
    """The address as messages may show it: without a password."""
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Errors of the database in our own words."""
    name = told(str(engine.url.render_as_string(hide_password=False)))
    try:
        yield
    except OperationalError as fault:
        raise _operational(name, str(fault.orig)) from fault
    except SqlError as fault:
        raise CorruptError(
            f"{name} is damaged or no journal: {fault.orig}",
            "restore a backup: engine backup --help",
        ) from fault
    except DBAPIError as fault:
        raise UnreachableError(f"{name}: {fault.orig}", "see whether the database runs") from fault


_OPERATIONAL: Final[tuple[tuple[str, type[DatabaseError], str, str], ...]] = (
    ("full", UnreachableError, "the disk is full", "make room; what was written is safe"),
    ("readonly", UnreachableError, "it cannot be written", "allow writing the file and its folder"),
    ("unable to open", UnreachableError, "it cannot be opened", "see the path and the rights"),
    ("locked", LockedError, "another program writes it", "end the other program"),
    ("malformed", CorruptError, "it is damaged", "restore a backup: engine backup --help"),
    ("not a database", CorruptError, "it is no database", "name another file"),
)


def _operational(name: str, said: str) -> DatabaseError:
    for words, kind, what, remedy in _OPERATIONAL:
        if words in said:
            return kind(f"{name}: {what}", remedy)
    first = said.strip().splitlines()[0] if said.strip() else "no answer"
    return UnreachableError(f"{name} cannot be reached: {first}", "see whether the server runs")


# --- the lock -------------------------------------------------------------------------------


def lock(engine: Engine, account: str, client: int) -> Callable[[], None]:
    """Take the journal for this process; returns what gives it back. Raises `LockedError`.

    One engine an account and client: a second would send every order twice.
    """
    if engine.dialect.name == "sqlite":
        return lock_file(Path(f"{engine.url.database}.lock"))
    name = shown(engine.url.render_as_string(hide_password=False))
    postgresql.hold(engine, crc32(f"{account}|{client}".encode()), name)
    with explained(engine):
        engine.connect().close()
    return engine.dispose


def lock_file(path: Path) -> Callable[[], None]:
    """Take a file for this process until what is returned is called. Raises `LockedError`."""
    import fcntl  # noqa: PLC0415 - not on every system

    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise LockedError(
            f"{path.with_suffix('')} is in use by another engine (process {holder})",
            "end it first, or give this one a journal of its own",
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return lambda: os.close(handle)


# --- version and health ----------------------------------------------------------------------


def upgrade(engine: Engine, migrations: Path = MIGRATIONS) -> None:
    """Bring the tables to this version. Raises `NewerError`, `CorruptError`."""
    with explained(engine):
        if _is_behind(engine, migrations):
            _migrate(engine, migrations)


def require_version(engine: Engine) -> None:
    """Raise where the tables are not of this version: a reader changes nothing."""
    with explained(engine):
        if _is_behind(engine, MIGRATIONS):
            raise UnreachableError(
                "the journal was not written by this version of the engine yet",
                "start the engine once: it brings the journal up to date",
            )


def _is_behind(engine: Engine, migrations: Path) -> bool:
    """Whether the tables are missing or older. Raises `NewerError` where they are newer."""
    current = _version(engine)
    head, known = _versions(migrations)
    if current is not None and current not in known:
        raise NewerError(
            f"the database is of version {current}, this engine knows {head} at most",
            "update the engine; an older one must not write it",
        )
    return current != head


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def _versions(migrations: Path) -> tuple[str, tuple[str, ...]]:
    """The newest version and all of them: the names of the migration files say so."""
    names = sorted(path.stem for path in (migrations / "versions").glob("[0-9]*.py"))
    return names[-1], tuple(names)


def _migrate(engine: Engine, migrations: Path) -> None:
    from alembic import command  # noqa: PLC0415 - only where there is something to do
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def inspect_health(engine: Engine) -> None:
    """Raise `CorruptError` where a SQLite file is damaged; a server sees to itself."""
    if engine.dialect.name != "sqlite":
        return
    with explained(engine), engine.connect() as connection:
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    if said != "ok":
        raise CorruptError(
            f"{engine.url.database} is damaged: {said}", "restore a backup: engine backup --help"
        )
